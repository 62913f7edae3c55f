/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the trainer: what a step moves, and a checkpoint saves. */
#pragma once
#include "optimizer.h"
#include "pool.h"
#include "reduce.h"
#include "shard.h"

G_BEGIN_DECLS

/* A dev set that decides nothing. */
typedef struct {
  gchar *name;
  RnnDataset *data;             /* borrowed */
  RnnEpoch order;
  gdouble loss, metric;         /* NAN before the first validation */
} RnnDevSet;

struct _RnnTrainer {
  RnnTrainConfig config;
  RnnModel *model, *best;       /* private; best is NULL without a dev set */
  RnnDataset *train, *dev;      /* borrowed; dev may be NULL */
  RnnDataset *set;              /* what the epoch runs over: train, or stretches of it */
  RnnTask task;
  RnnShard *shards;             /* [config.shards] */
  RnnPool *pool;
  RnnReduce reduce;             /* the other processes of this training, if any */
  gboolean agreed;              /* that all of them train the same */
  GError *failed;               /* why it cannot go on, or NULL */
  gint spoilt;                  /* the last update made a weight that is no finite number; set by threads */
  RnnOptimizer optimizer;
  gfloat *average;              /* [n_params], or NULL: off */
  gdouble *squares;             /* of the gradient, summed over each RNN_NORM_BLOCK */
  GPtrArray *matrices;          /* of RnnParam: what has panels */
  gfloat *losses;               /* [most examples that run at once] */

  RnnEpoch order, dev_order;
  GArray *more_devs;            /* of RnnDevSet */
  gboolean done, has_best;
  guint64 epoch, batch;         /* the minibatch to come */
  guint64 patience_left;
  guint64 best_update;          /* of the best weights */
  guint64 epoch_examples, epoch_infeasible, epoch_invalid;
  gdouble epoch_loss;           /* sum over epoch_examples, those that can be learnt */
  gdouble loss, learning_rate, grad_norm;       /* of the last update */
  gdouble dev_loss, dev_metric;                 /* NAN before the first validation */
  gdouble best_loss, best_metric;
  guint64 digest, dev_digest;   /* of the examples */
  guint64 clock_frames;         /* since the clock started; not part of a checkpoint */
  gint64 clock_start;
};

/* trainer.c: makes the order of the epoch that is running */
void rnn_trainer_begin_epoch (RnnTrainer *trainer);

#define RNN_MAX_SHARDS 256

/* room.c: will the largest minibatch fit into memory? */
gboolean rnn_trainer_check_room (RnnTrainer *trainer, GError **error);

/* update.c: new weights from the gradients of shards [first_shard, first_shard + n_shards) and those of other
 * ranks; unless @learns the gradients are only cleared */
void rnn_trainer_prepare_update (RnnTrainer *trainer);
void rnn_trainer_update (RnnTrainer *trainer, guint first_shard, guint n_shards, gboolean learns);

/* validate.c: dev loss and metric, the best weights so far, early stop */
void rnn_trainer_validate (RnnTrainer *trainer);

/* average.c: what share of new weights joins their average; for so many of them; and both change places */
gfloat   rnn_average_share (gfloat decay, guint64 update);
void     rnn_average_add (gsize n, gfloat share, const gfloat *weights, gfloat *average);
void     rnn_trainer_swap_average (RnnTrainer *trainer);

/* digest.c */
guint64  rnn_dataset_digest (const RnnDataset *dataset);        /* NULL: of no example */
guint64  rnn_model_digest_recipe (RnnModel *model);
/* An epoch has ended, and there are weights that can be saved. */
gboolean rnn_trainer_has_result (const RnnTrainer *trainer);

/* ranks.c: whose shards are whose.  Rank @rank owns shards [first, end), all of them those of all ranks together. */
gboolean rnn_trainer_join (RnnTrainer *trainer, GError **error);
guint    rnn_trainer_first_shard (const RnnTrainer *trainer, guint rank);
/* At the start of a step: all ranks are there, at the same place of the same training.  FALSE: failed says why not. */
gboolean rnn_trainer_agree (RnnTrainer *trainer);

G_END_DECLS
