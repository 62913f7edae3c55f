/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the trainer: what a step moves, and a checkpoint saves. */
#pragma once
#include "optimizer.h"
#include "pool.h"
#include "shard.h"

G_BEGIN_DECLS

struct _RnnTrainer {
  RnnTrainConfig config;
  RnnModel *model, *best;       /* private; best is NULL without a dev set */
  RnnDataset *train, *dev;      /* borrowed; dev may be NULL */
  RnnTask task;
  RnnShard *shards;             /* [config.shards] */
  RnnPool *pool;
  RnnOptimizer optimizer;
  gfloat *losses;               /* [most examples that run at once] */

  RnnEpoch order, dev_order;
  gboolean done, has_best;
  guint64 epoch, batch;         /* the minibatch to come */
  guint64 patience_left;
  guint64 epoch_examples, epoch_infeasible;
  gdouble epoch_loss;           /* sum over epoch_examples, those that can be learnt */
  gdouble loss, learning_rate, grad_norm;       /* of the last update */
  gdouble dev_loss, dev_metric;                 /* NAN before the first validation */
  gdouble best_loss, best_metric;
  guint64 clock_frames;         /* since the clock started; not part of a checkpoint */
  gint64 clock_start;
};

/* trainer.c: makes the order of the epoch that is running */
void rnn_trainer_begin_epoch (RnnTrainer *trainer);

/* validate.c: dev loss and metric, the best weights so far, early stop */
void rnn_trainer_validate (RnnTrainer *trainer);

G_END_DECLS
