/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnninfer: gstrnninfer.c (element, model, caps), -steps.c (what happens to a step). */
#pragma once
#include <gst/audio/audio.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

#define GST_RNN_INFER_BLOCK 4   /* steps that run at once */

typedef struct {
  GstRnnStage stage;

  /* under the object lock */
  gint precision;               /* RnnPrecision */
  gchar *batch_group;           /* NULL: alone */
  guint batch_deadline;         /* ms */
  RnnBatchStream *stream;       /* in use; written by the streaming thread */
  gboolean flushing;            /* the stream is cancelled */
  RnnBatchStats past;           /* of streams before this one */

  GstClockTime patience;        /* a step may wait so long for those of others */
  gsize n_in, n_out;            /* floats per step */
  guint n_ahead;                /* L */
  gfloat *x;                    /* [n_room][n_in]; to begin with there is room for one: live steps come one by one */
  guint n_room;                 /* <= GST_RNN_INFER_BLOCK */
  gfloat *y;                    /* [GST_RNN_INFER_BLOCK][n_out] */
  GstClockTime (*times)[2];     /* [L + GST_RNN_INFER_BLOCK] PTS and duration of the steps that wait for their answer */
  guint n_waiting;              /* of them */
  guint n_block;                /* steps in x */
  guint last;                   /* the newest step's row in x, once a block has run */
  guint n_skip;                 /* answers that are to nothing: the first L */
  guint64 n_run;                /* steps since the blocks were aligned */
  GstAudioFormat format;        /* of raw audio; UNKNOWN: tensors */
  gint endpoint_due;            /* atomic */
} GstRnnInfer;

typedef GstRnnStageClass GstRnnInferClass;

#define GST_RNN_INFER(obj) ((GstRnnInfer *) (obj))

/* ---- gstrnninfer-steps.c ---- */
/* The next stretch of steps begins. */
void gst_rnn_infer_align (GstRnnInfer *self);
GstFlowReturn gst_rnn_infer_process (GstRnnStage *stage, GstBuffer *buffer);
GstFlowReturn gst_rnn_infer_run (GstRnnStage *stage);
GstFlowReturn gst_rnn_infer_drain (GstRnnStage *stage);
void gst_rnn_infer_reset (GstRnnStage *stage);
void gst_rnn_infer_endpoint (GstRnnStage *stage, const GstStructure *endpoint);

G_END_DECLS
