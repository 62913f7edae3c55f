/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Buffers of sound, series or tensors as rows of floats, for a model of any source. */
#pragma once
#include <gst/audio/audio.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

#define GST_RNN_ROWS_CAPS "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, " \
    "framerate=(fraction)[ 0/1, 2147483647/1 ]; audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (F64) ", " \
    GST_AUDIO_NE (S16) " }, layout=(string)interleaved, rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 2147483647 ]"

typedef struct {
  GstAudioFormat format;        /* of a value */
  gint channels;                /* values of a row */
  gint num, den;                /* rows per second; 0/1: unknown */
  gsize row;                    /* bytes */
} GstRnnRows;

/* What @model takes: sound at its rate, series and tensors of its width.  Fails with what would help. */
gboolean gst_rnn_rows_set_caps (GstRnnRows *rows, const GstCaps *caps, RnnModel *model, GError **error);
/* The caps of the template that @model (or NULL: any) takes. (transfer full) */
GstCaps *gst_rnn_rows_get_caps (RnnModel *model);
/* data[n rows] -> floats [n][channels] */
void     gst_rnn_rows_read (const GstRnnRows *rows, gconstpointer data, gsize n, gfloat *floats);

G_END_DECLS
