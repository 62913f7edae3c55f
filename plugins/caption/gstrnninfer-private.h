/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside rnninfer: gstrnninfer.c (element, model, caps), -steps.c (what happens to a step). */
#pragma once
#include <gst/audio/audio.h>
#include <rnncore/session/stream.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

typedef struct {
  GstRnnStage stage;

  /* under the object lock */
  gint precision;               /* RnnPrecision */
  gchar *batch_group;           /* NULL: alone */
  guint batch_deadline;         /* ms */
  RnnStream *stream;            /* in use; written by the streaming thread */
  RnnModel *running;            /* of that: the stage's, perhaps narrowed to a head */
  gboolean flushing;            /* the stream is cancelled */
  RnnBatchStats past;           /* of streams before this one */

  GstElement *listener;         /* rnnctcdec that alone gets the answers, or NULL; not referenced */
  gint head;                    /* that `running` is narrowed to; -1: all */
  GstClockTime patience;        /* a step may wait so long for those of others */
  gsize n_in, n_out;            /* floats per step */
  GstAudioFormat format;        /* of raw audio; UNKNOWN: tensors */
  guint64 n_missing;            /* values of the stream that were told of */
  gint endpoint_due;            /* atomic */
} GstRnnInfer;

typedef GstRnnStageClass GstRnnInferClass;

#define GST_RNN_INFER(obj) ((GstRnnInfer *) (obj))

/* ---- gstrnninfer-steps.c ---- */
GstFlowReturn gst_rnn_infer_process (GstRnnStage *stage, GstBuffer *buffer);
GstFlowReturn gst_rnn_infer_run (GstRnnStage *stage);
GstFlowReturn gst_rnn_infer_fill (GstRnnStage *stage, guint64 n);
GstFlowReturn gst_rnn_infer_drain (GstRnnStage *stage);
void gst_rnn_infer_reset (GstRnnStage *stage);
void gst_rnn_infer_keep (GstRnnStage *stage, RnnKeep *keep);
void gst_rnn_infer_endpoint (GstRnnStage *stage, const GstStructure *endpoint);

G_END_DECLS
