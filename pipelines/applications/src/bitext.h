/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts and what becomes of them, as tokens for an encoder-decoder. */
#pragma once
#include "pairfit.h"
#include "session/translate.h"
#include "text/pieces.h"
#include "text/tokens.h"

G_BEGIN_DECLS

typedef struct {
  gchar *from, *to;
  GArray *source, *target;      /* of gint, each with its end */
} Sentence;

typedef struct {
  gchar **names[2];             /* of tokens: source, target */
  RnnTokens *tokens[2];
} Vocabulary;

/* (transfer full), takes both texts */
Sentence *sentence_new  (gchar *from, gchar *to);
void      sentence_free (gpointer sentence);

/* Tables of at most size[i] tokens each, made from @sentences. */
gboolean vocabulary_make  (Vocabulary *vocabulary, const GPtrArray *sentences, const RnnPiecesKind kind[2], const guint size[2],
    GError **error);
void     vocabulary_clear (Vocabulary *vocabulary);
/* For fit_recipe(): the recipe gets the tokens of @vocabulary. */
void     vocabulary_give (json_t *recipe, gpointer vocabulary);
/* Tokens of all @sentences; those that need more than @longest, or a token that is not there, are removed. */
void     vocabulary_encode (const Vocabulary *vocabulary, GPtrArray *sentences, guint longest);
/* What the best of @translator is, as a text; NULL: it failed. (transfer full) */
gchar   *vocabulary_translate (const Vocabulary *vocabulary, RnnTranslator *translator, const Sentence *sentence, GError **error);

/* A pair a sentence, of arrays that the sentences keep. (transfer full) of RnnPair */
GArray  *bitext_pairs (const GPtrArray *sentences);
/* The longest of the first @n, to be drawn. */
const Sentence *bitext_longest (const GPtrArray *sentences, guint n);

G_END_DECLS
