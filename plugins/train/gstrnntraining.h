/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One training under way, for rnntrainer: steps, checkpoints, the best model saved, and what the bus is told. */
#pragma once
#include <gst/gst.h>
#include <rnncore/rnn.h>

G_BEGIN_DECLS

typedef struct {
  GstElement *owner;            /* for messages; not a ref */
  RnnTrainer *trainer;
  RnnTrainStats stats;          /* of the last step */
  gint epochs;
  RnnKeeper *keeper;            /* of the model's file and the checkpoint */
  gchar *said;                  /* by it, what became of the model; NULL: nothing yet */
  gchar *dev_name;              /* of the set that decides */
  gboolean warned_number, warned_short; /* of updates left out */
  gboolean warned_checkpoint;   /* since one was written */
  gint64 checkpoint_interval, progress_interval;        /* microseconds */
  gint64 started, epoch_started, last_checkpoint, last_progress;        /* monotonic */
  gdouble epoch_seconds;        /* since the epoch began, at the last step */
  gdouble done_before;          /* 0..1: what a resumed checkpoint had done already */
} GstRnnTraining;

typedef struct {
  const gchar *name;            /* "": none */
  RnnDataset *data;
} GstRnnTrainingDev;

typedef struct {
  RnnModel *model;
  const RnnTrainConfig *config;
  RnnDataset *train;            /* outlives the training, as the others do */
  GstRnnTrainingDev dev;        /* that decides which model is the best; data may be NULL */
  const GstRnnTrainingDev *others;      /* measured, too; ends in data NULL */
  const gchar *location, *checkpoint;
  gboolean resume;              /* from checkpoint, if it is there */
  guint checkpoint_interval, progress_interval; /* seconds */
} GstRnnTrainingSetup;

GstRnnTraining *gst_rnn_training_new (GstElement *owner, const GstRnnTrainingSetup *setup, GError **error);
void     gst_rnn_training_free (GstRnnTraining *training);

/* One minibatch.  FALSE: all done and saved, or failed with @error. */
gboolean gst_rnn_training_step (GstRnnTraining *training, GError **error);
/* Ends it before its time: saves a checkpoint, and the best model so far. */
gboolean gst_rnn_training_interrupt (GstRnnTraining *training, GError **error);

/* The last epoch in one line of JSON. (transfer full) */
gchar   *gst_rnn_training_describe (const GstRnnTraining *training);
/* The last step was the last one of its epoch. */
gboolean gst_rnn_training_ended_epoch (const GstRnnTraining *training);

G_END_DECLS
