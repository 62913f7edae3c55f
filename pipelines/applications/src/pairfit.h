/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training encoder-decoders, and what one pays attention to: what all applications of them share. */
#pragma once
#include "fit.h"
#include "train/pairs.h"

G_BEGIN_DECLS

#define PAIRS_BEAM 4

/* The weights of @model learn @pairs (of RnnPair) by the table NAME.tsv, over the recipe's epochs or for the setting's time,
 * whichever ends first; what it cost goes to @figures. */
gboolean pairs_fit    (const Setting *setting, const gchar *name, RnnModel *model, const RnnTrainConfig *config, GArray *pairs,
    json_t *figures, GError **error);
/* The table NAME-attention.tsv: where the last layer of attention looked while source[n], without its end, was translated; small
 * weights are left out, but for the first row and column, which name the tokens. */
gboolean pairs_draw   (const Setting *setting, const gchar *name, RnnModel *model, const gint *source, guint n, GError **error);
/* Gives a recipe the tokens of both sides, and its embeddings and its last layer as many of them. */
void     pairs_tokens (json_t *recipe, gchar *const *source, gchar *const *target);
/* Levenshtein's distance of two sequences of tokens. */
guint    pairs_distance (const gint *a, guint n_a, const gint *b, guint n_b);

G_END_DECLS
