/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnntrainer: gstrnntrainer.c (states, properties), -preroll.c, -intake.c (how much its pads take), -input.c (pads,
 * buffers, events), -train.c (training and what ends it). */
#pragma once
#include "gstrnntrainer.h"
#include "gstrnnexamples.h"
#include "gstrnntraining.h"

G_BEGIN_DECLS

struct _GstRnnTrainer {
  GstAggregator parent;
  RnnModel *model;              /* READY and up; never the shared copy */
  RnnTokens *tokens;            /* CTC, else NULL */
  GstRnnExamples train, dev;
  gint flushing;                /* atomic: pads between FLUSH_START and FLUSH_STOP */
  gint flushed;                 /* atomic: a flush is over, the open examples are stale */
  gint stopping;                /* atomic: `stop` was emitted */
  gint prerolled;               /* atomic: data have come, or nobody waits for them */
  gboolean refused;             /* caps or segment; the task's */
  gboolean announced;           /* the first line of the report is out; the task's */

  GMutex wake_lock;
  GCond wake;                   /* playing, stopping or flushing changed */
  GCond room;                   /* pads may take more */
  gboolean playing;             /* with wake_lock, as */
  gboolean closed;              /* the task takes nothing any more */

  GMutex lock;                  /* held during a minibatch, and while dev is in use */
  GstRnnTraining *training;     /* with lock */

  /* properties, with the object lock */
  gchar *model_file, *location, *checkpoint, *config;
  gboolean async, resume;
  guint n_threads, checkpoint_interval, progress_interval, max_length;
};

/* For class_init and init. */
void gst_rnn_trainer_init_input (GstAggregatorClass *klass);
void gst_rnn_trainer_add_pads (GstRnnTrainer *self);

/* For class_init, init and new pads. */
void gst_rnn_trainer_init_intake_class (GstAggregatorClass *klass);
void gst_rnn_trainer_init_intake (GstRnnTrainer *self);
void gst_rnn_trainer_hold_back (GstAggregatorPad *pad);
/* What the pads held has been used, or (@closed) nothing will be. */
void gst_rnn_trainer_make_room (GstRnnTrainer *self, gboolean closed);

/* On the way to PAUSED; is it asynchronous? */
gboolean gst_rnn_trainer_begin_preroll (GstRnnTrainer *self);
/* The task's, when all pads have data or are at EOS: the change of state is done. */
void gst_rnn_trainer_preroll (GstRnnTrainer *self);
/* Nobody waits for it any more. */
void gst_rnn_trainer_end_preroll (GstRnnTrainer *self);
/* Before anything is read: can the model and the checkpoint be written? */
gboolean gst_rnn_trainer_check_places (GstRnnTrainer *self, GError **error);
/* The task's, once all pads are at EOS: one minibatch, the first time after setting up. */
GstFlowReturn gst_rnn_trainer_train (GstRnnTrainer *self);
GstFlowReturn gst_rnn_trainer_end_stream (GstRnnTrainer *self);

/* From any thread. */
void gst_rnn_trainer_set_playing (GstRnnTrainer *self, gboolean playing);
/* Ends a training that is under way, with a checkpoint, before it returns; it may start again. */
void gst_rnn_trainer_cancel (GstRnnTrainer *self);
/* Lets the task end the training, with a checkpoint, and then the stream. */
void gst_rnn_trainer_stop (GstRnnTrainer *self);

G_END_DECLS
