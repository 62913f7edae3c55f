/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For the speller: what a table makes of a text before it looks for tokens, and where it fails. */
#pragma once
#include "fold.h"
#include "spellings.h"
#include "tokens.h"

G_BEGIN_DECLS

RnnTextCase rnn_tokens_get_case (RnnTokens *tokens);
/* Are all letters of the table those of English? */
gboolean    rnn_tokens_are_english (RnnTokens *tokens);
/* @text with its case and spaces as the table has them. (transfer full) */
gchar      *rnn_tokens_fold (RnnTokens *tokens, const gchar *text);
/* What tokens in a row are decoded to; taken over. */
void        rnn_tokens_set_spellings (RnnTokens *tokens, RnnSpellings *spellings);
/* Of a folded text: ids, or NULL and in @fault (transfer full) the first character, with its marks, that has no token. */
GArray     *rnn_tokens_match (RnnTokens *tokens, const gchar *folded, gchar **fault);

G_END_DECLS
