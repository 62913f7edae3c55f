/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How Hopfield networks learn: patterns of +-1 are stored in their weights, without gradients. */
#pragma once
#include "train.h"

G_BEGIN_DECLS

/* Both add n patterns[n][N] to W[N][N].
 *   hebb     W += x x^T / N, without the diagonal                                                  (Hopfield 1982)
 *   storkey  W_ij += (x_i x_j - x_i h_ji - h_ij x_j) / N, h_ij = sum over k but i, j of W_ik x_k    (Storkey 1997) */
void    rnn_hopfield_hebb    (gint N, gint n, const gfloat *patterns, gfloat *W);
void    rnn_hopfield_storkey (gint N, gint n, const gfloat *patterns, gfloat *W);

/* -s^T W s / 2: no asynchronous update raises it. */
gdouble rnn_hopfield_energy  (gint N, const gfloat *W, const gfloat *s);
/* -log (sum exp (beta X s)) / beta + s^T s / 2, up to a constant: no modern update raises it. */
gdouble rnn_hopfield_modern_energy (gint N, gint n, const gfloat *patterns, gfloat beta, const gfloat *s);

/* Stores patterns in the first "hopfield" layer of @model, which must be private: by the rule, or as they are in a
 * modern network, which has to have been made for so many. */
typedef enum { RNN_STORAGE_HEBB, RNN_STORAGE_STORKEY } RnnStorageRule;
gboolean rnn_hopfield_store (RnnModel *model, RnnStorageRule rule, const gfloat *patterns, gint n, GError **error);

G_END_DECLS
