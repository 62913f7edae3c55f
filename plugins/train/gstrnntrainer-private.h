/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnntrainer: gstrnntrainer.c (states, properties), -preroll.c, -sets.c (which pads belong
 * together), -intake.c (how much pads take), -input.c (pads, buffers, events), -train.c (training and what ends it), -forecast.c
 * (forecasters). */
#pragma once
#include "gstrnntrainer.h"
#include "gstrnnexamples.h"
#include "gstrnnforecasting.h"
#include "gstrnntraining.h"

G_BEGIN_DECLS

/* A dev set, which is there as soon as one of its pads is. */
typedef struct {
  gchar *name;                  /* "": of dev_sink and dev_label */
  GstRnnExamples examples;
} GstRnnTrainerSet;

#define GST_RNN_TRAINER_DEV(self, i) ((GstRnnTrainerSet *) (self)->devs->pdata[i])

struct _GstRnnTrainer {
  GstAggregator parent;
  RnnModel *model;              /* READY and up; never the shared copy; NULL where there is ... */
  GstRnnForecasting *forecasting;       /* READY and up, with a forecaster's recipe */
  RnnTokens *tokens;            /* CTC, else NULL */
  GstRnnExamples train;
  GPtrArray *devs;              /* of GstRnnTrainerSet, the one without a name first; grows with lock and wake_lock */
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
  gchar *model_file, *location, *checkpoint, *config, *weights;
  gboolean async, resume;
  guint n_threads, checkpoint_interval, progress_interval, max_length;
};

/* For class_init and init. */
void gst_rnn_trainer_init_input (GstAggregatorClass *klass);
void gst_rnn_trainer_add_pads (GstRnnTrainer *self);
void gst_rnn_trainer_add_label (GstRnnTrainer *self);

/* gstrnntrainer-forecast.c */
void gst_rnn_trainer_hide_label (GstRnnTrainer *self, gboolean hide);
GstFlowReturn gst_rnn_trainer_collect_series (GstRnnTrainer *self);
gboolean gst_rnn_trainer_series_event (GstRnnTrainer *self, GstEvent *event);

/* gstrnntrainer-sets.c */
void gst_rnn_trainer_init_sets (GstRnnTrainer *self);
void gst_rnn_trainer_clear_sets (GstRnnTrainer *self);
gboolean gst_rnn_trainer_open_sets (GstRnnTrainer *self, const gchar *checkpoint, GstClockTime max_length, GError **error);
GstRnnTrainerSet *gst_rnn_trainer_need_set (GstRnnTrainer *self, const gchar *name);
/* The set of a pad; NULL: it is being released.  Sets stay where they are. */
GstRnnExamples *gst_rnn_trainer_find (GstRnnTrainer *self, gconstpointer pad);
GstRnnExamples *gst_rnn_trainer_find_locked (GstRnnTrainer *self, gconstpointer pad);    /* with wake_lock */
/* Of GstRnnExamples, without a lock held. (transfer container) */
GPtrArray *gst_rnn_trainer_list_devs (GstRnnTrainer *self);
/* The name of a dev set with one pad, or NULL. */
const gchar *gst_rnn_trainer_find_half (GstRnnTrainer *self);
void gst_rnn_trainer_foreach_dev (GstRnnTrainer *self, void (*func) (GstRnnExamples *examples));

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

/* In the task: training waits while the pipeline is paused. */
void gst_rnn_trainer_wait_until_playing (GstRnnTrainer *self);

/* From any thread. */
void gst_rnn_trainer_set_playing (GstRnnTrainer *self, gboolean playing);
/* Ends a training that is under way, with a checkpoint, before it returns; it may start again. */
void gst_rnn_trainer_cancel (GstRnnTrainer *self);
/* Lets the task end the training, with a checkpoint, and then the stream. */
void gst_rnn_trainer_stop (GstRnnTrainer *self);

G_END_DECLS
