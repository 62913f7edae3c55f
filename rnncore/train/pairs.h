/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learning to translate: an encoder-decoder from pairs of token sequences, by teacher forcing or on its own answers (scheduled
 * sampling, Bengio et al. 2015). */
#pragma once
#include "optimizer.h"

G_BEGIN_DECLS

typedef struct {
  const gint *source, *target;  /* numbers of tokens; without the target's "<s>" and with its "</s>" */
  gint n_source, n_target;
} RnnPair;

typedef struct _RnnPairs RnnPairs;

/* Learns the weights of @model itself (a ref is taken).  Of @config count optimizer, clip_norm, seed, precision, average.  The
 * decoder's first input is token @start. */
RnnPairs *rnn_pairs_new   (RnnModel *model, const RnnTrainConfig *config, gint start, GError **error);
void      rnn_pairs_free  (RnnPairs *pairs);
/* One update by the mean over all target tokens, which is returned; each token heard is with probability @own not the true one but
 * the most probable by the answers of a first pass. */
gdouble   rnn_pairs_learn (RnnPairs *pairs, const RnnPair *pair, guint n, gfloat own, gfloat learning_rate);
/* The weights become their moving average over the updates, if the configuration asks for one. */
void      rnn_pairs_take_average (RnnPairs *pairs);
/* -log probability of all target tokens, added up. */
gdouble   rnn_pairs_loss  (RnnPairs *pairs, const RnnPair *pair, guint n);

G_END_DECLS
