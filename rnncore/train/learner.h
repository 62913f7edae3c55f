/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A gradient from given examples and an update by it: no epochs, no dev set, no files.  A trainer is a learner under an epoch
 * loop; whoever learns while a stream runs, or from what a model did, uses one by itself (train.h). */
#pragma once
#include "optimizer.h"
#include "pool.h"
#include "reduce.h"
#include "shard.h"

G_BEGIN_DECLS

#define RNN_MAX_SHARDS 256

struct _RnnLearner {
  RnnTrainConfig config;
  RnnModel *model;              /* private */
  RnnTask task;
  RnnShard *shards;             /* [config.shards] */
  RnnPool *pool;
  RnnReduce reduce;             /* the other processes of this training, if any */
  RnnOptimizer optimizer;
  gfloat *average;              /* [n_params], or NULL: off */
  gdouble *squares;             /* of the gradient, summed over each RNN_NORM_BLOCK */
  GPtrArray *matrices;          /* of RnnParam: what has panels */
  gfloat *losses;               /* [most examples that run at once] */
  guint n_shards;               /* of this process that have gradients of the update to come */
  gdouble learning_rate, grad_norm;     /* of the last update */
  gint spoilt;                  /* the last update made a weight that is no finite number; set by threads */
};

/* What examples of a minibatch pass through. */
typedef struct {
  RnnDataset *dataset;
  const guint32 *examples;      /* [n] */
  guint n;
  gfloat scale;                 /* of every example's loss in the gradient */
  const RnnTrainConfig *augment;        /* or NULL: not augmented */
  guint64 augment_seed, noise_seed;
} RnnMinibatch;

/* config.c: is every option in its range? */
gboolean rnn_train_config_check (const RnnTrainConfig *config, GError **error);

/* With config and reduce already there: what it learns from frames of @n_feature floats.  Takes the model. */
gboolean rnn_learner_init  (RnnLearner *learner, RnnModel *model, gint n_feature, GError **error);
/* Room for minibatches of config.batch_size, threads, optimizer. */
gboolean rnn_learner_start (RnnLearner *learner, GError **error);
void     rnn_learner_clear (RnnLearner *learner);

/* Adds the gradient of a minibatch to that of the update to come, losses[n] are those of all ranks. */
void     rnn_learner_add (RnnLearner *learner, const RnnMinibatch *minibatch);
/* Rank @rank owns shards [first, end), all of them those of all ranks together. */
guint    rnn_learner_first_shard (const RnnLearner *learner, guint rank);

/* update.c: new weights from the gradients of this rank's shards and those of other ranks; unless @learns they are only
 * forgotten. */
void     rnn_learner_prepare_update (RnnLearner *learner);
void     rnn_learner_update (RnnLearner *learner, gdouble learning_rate, gboolean learns);

/* What the products of @cells multiply from now on when they are packed for training: RnnTrainConfig.precision */
void     rnn_learner_set_precision (RnnCell *cells, gint precision);
/* average.c: what share of new weights joins their average; for so many of them; and both change places */
gfloat   rnn_average_share (gfloat decay, guint64 update);
void     rnn_average_add (gsize n, gfloat share, const gfloat *weights, gfloat *average);
void     rnn_learner_swap_average (RnnLearner *learner);

G_END_DECLS
