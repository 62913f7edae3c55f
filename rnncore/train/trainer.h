/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the trainer: what an epoch loop adds to a learner, and a checkpoint saves. */
#pragma once
#include "learner.h"

G_BEGIN_DECLS

/* A dev set that decides nothing. */
typedef struct {
  gchar *name;
  RnnDataset *data;             /* borrowed */
  RnnEpoch order;
  gdouble loss, metric;         /* NAN before the first validation */
} RnnDevSet;

struct _RnnTrainer {
  RnnLearner learner;
  RnnModel *best;               /* private; NULL without a dev set and an average */
  RnnDataset *train, *dev;      /* borrowed; dev may be NULL */
  RnnDataset *set;              /* what the epoch runs over: train, or stretches of it */
  gboolean agreed;              /* that all of them train the same */
  GError *failed;               /* why it cannot go on, or NULL */

  RnnEpoch order, dev_order;
  GArray *more_devs;            /* of RnnDevSet */
  gboolean done, has_best;
  guint64 epoch, batch;         /* the minibatch to come */
  guint64 patience_left;
  guint64 best_update;          /* of the best weights */
  guint64 epoch_examples, epoch_infeasible, epoch_invalid;
  gdouble epoch_loss;           /* sum over epoch_examples, those that can be learnt */
  gdouble loss;                 /* of the last update */
  gdouble dev_loss, dev_metric;                 /* NAN before the first validation */
  gdouble best_loss, best_metric;
  guint64 digest, dev_digest;   /* of the examples */
  guint64 clock_frames;         /* since the clock started; not part of a checkpoint */
  gint64 clock_start;
};

/* trainer.c: makes the order of the epoch that is running */
void rnn_trainer_begin_epoch (RnnTrainer *trainer);

/* room.c: will the largest minibatch fit into memory? */
gboolean rnn_trainer_check_room (RnnTrainer *trainer, GError **error);

/* validate.c: dev loss and metric, the best weights so far, early stop */
void rnn_trainer_validate (RnnTrainer *trainer);

/* digest.c */
guint64  rnn_dataset_digest (const RnnDataset *dataset);        /* NULL: of no example */
guint64  rnn_model_digest_recipe (RnnModel *model);
/* An epoch has ended, and there are weights that can be saved. */
gboolean rnn_trainer_has_result (const RnnTrainer *trainer);

/* ranks.c: the other processes, if there are any */
gboolean rnn_trainer_join (RnnTrainer *trainer, GError **error);
/* At the start of a step: all ranks are there, at the same place of the same training.  FALSE: failed says why not. */
gboolean rnn_trainer_agree (RnnTrainer *trainer);

G_END_DECLS
