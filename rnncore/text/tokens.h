/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token tables: what a CTC output stands for, and the way from a text to token ids and back. */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

typedef struct _RnnTokens RnnTokens;

/* @tokens: NULL-terminated UTF-8 strings, copied; one is the blank, whose string does not matter.  Words are parted by
 * the token " ", by spaces inside tokens, or by sentencepiece's U+2581 for a space.  A table without any space has no
 * words: a text is one word, unless a token "|" parts them.  Names such as "<pad>" and "<unk>" stand for no text.  A token
 * of more than 256 bytes, with a character that steers a terminal or ends a line, or with markup in it, is
 * RNN_ERROR_FORMAT. */
RnnTokens *rnn_tokens_new (const gchar *const *tokens, gint blank, GError **error);
RnnTokens *rnn_tokens_ref (RnnTokens *tokens);
void       rnn_tokens_unref (RnnTokens *tokens);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnTokens, rnn_tokens_unref)
gint       rnn_tokens_get_n (RnnTokens *tokens);
gint       rnn_tokens_get_blank (RnnTokens *tokens);
gboolean   rnn_tokens_have_spaces (RnnTokens *tokens);                 /* FALSE: a text is one word */
const gchar *rnn_tokens_get (RnnTokens *tokens, gint id);              /* as given */
const gchar *rnn_tokens_get_text (RnnTokens *tokens, gint id);         /* what it adds to a text: U+2581 as " " */
/* Does any token hold @unit, a character with its marks, in whatever normal form? */
gboolean   rnn_tokens_have (RnnTokens *tokens, const gchar *unit);
/* Lower-cases when no token has an upper-case letter (and the other way round), folds white space (drops it when no
 * token has any), then takes the longest token that leaves a rest that can be spelled.  Texts and tokens are compared as
 * Unicode does, whether their marks are composed or not.  Appends gint ids to a new array (transfer full).  A place where
 * no token fits: RNN_ERROR_FORMAT that names the character. */
GArray    *rnn_tokens_encode (RnnTokens *tokens, const gchar *text, GError **error);
/* The texts of ids[n] one after the other, without the space that a first U+2581 stands for. (transfer full) */
gchar     *rnn_tokens_decode (RnnTokens *tokens, const gint *ids, gint n);

RNN_API_END
