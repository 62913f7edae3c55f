/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pronouncing dictionary: how words are said, in the tokens of a model that hears phones. */
#pragma once
#include "tokens.h"

G_BEGIN_DECLS

typedef struct _RnnPronunciations RnnPronunciations;

/* @path: a text file as CMU's dictionary and pocketsphinx have them, lines of "word PH PH PH"; of "word(2)", a further way to
 * say it, nothing is taken.  Lines that begin with ";;;" or '#' are comments.  Every phone must be a token of @tokens. */
RnnPronunciations *rnn_pronunciations_load (const gchar *path, RnnTokens *tokens, GError **error);
/* The same from memory; @where stands for the path in messages. */
RnnPronunciations *rnn_pronunciations_parse (GBytes *bytes, RnnTokens *tokens, const gchar *where, GError **error);
void    rnn_pronunciations_free (RnnPronunciations *pronunciations);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnPronunciations, rnn_pronunciations_free)
/* Token ids of the words of @text, which is in spoken form, lower-case, with single spaces; NULL when the dictionary lacks
 * one of them. (transfer full, gint) */
GArray *rnn_pronunciations_encode (RnnPronunciations *pronunciations, const gchar *text);

G_END_DECLS
