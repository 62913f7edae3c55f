/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caps that flow between the elements: NNStreamer's string form of one static float32 tensor per buffer. */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

/* `dimensions` stays out of templates: "80:1" and "80:1:1:1" mean the same and do not intersect. */
#define GST_RNN_TENSORS_CAPS "other/tensors, format=(string)static, num_tensors=(int)1, " \
    "types=(string)float32, framerate=(fraction)[ 0/1, 2147483647/1 ]"

typedef struct {
  gint n;                       /* floats per buffer */
  gint fps_n, fps_d;            /* buffers per second; 0/1: unknown */
} GstRnnTensors;

/* @kind (features, logits, log-probs, series) and @model are hints and may be NULL. */
GstCaps *gst_rnn_tensors_to_caps (const GstRnnTensors *tensors, const gchar *kind, const gchar *model);
gboolean gst_rnn_tensors_from_caps (GstRnnTensors *tensors, const GstCaps *caps, GError **error);

G_END_DECLS
