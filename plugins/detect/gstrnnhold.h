/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound that waits for a decision: bytes in, samples for the library out, and later the same bytes again. */
#pragma once
#include <gst/audio/audio.h>
#include <gst/base/base.h>
#include "gstrnnstage.h"

G_BEGIN_DECLS

#define GST_RNN_HOLD_CHUNK 256  /* samples that are looked at at once */

typedef struct {
  GstAudioInfo info;            /* mono, F32 or S16 */
  GstAdapter *adapter;
  gsize n_heard;                /* samples in it that were looked at */
} GstRnnHold;

/* The caps that it takes. */
#define GST_RNN_HOLD_CAPS "audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (S16) " }, " \
    "layout=(string)interleaved, rate=(int)[ 1, 2147483647 ], channels=(int)1"

void gst_rnn_hold_init (GstRnnHold *hold);
void gst_rnn_hold_clear (GstRnnHold *hold);
/* What an element that resamples takes, beside the rate of its model. */
#define GST_RNN_HOLD_RATES 8000, 16000, 48000
/* @rate: that of the model; 0: any.  Fails with what would help. */
gboolean gst_rnn_hold_set_caps (GstRnnHold *hold, const GstCaps *caps, gint rate, gboolean resamples, GError **error);
void gst_rnn_hold_drop (GstRnnHold *hold);
void gst_rnn_hold_push (GstRnnHold *hold, GstBuffer *buffer);   /* takes a ref of its own */
/* Silence in place of @n samples that were lost. */
void gst_rnn_hold_push_silence (GstRnnHold *hold, guint n);
/* The next samples that were not looked at yet, +-1; returns how many. */
guint gst_rnn_hold_hear (GstRnnHold *hold, gfloat samples[GST_RNN_HOLD_CHUNK]);
/* The oldest @n samples, which were looked at.  (transfer full) */
GstBuffer *gst_rnn_hold_take (GstRnnHold *hold, gsize n);
void gst_rnn_hold_skip (GstRnnHold *hold, gsize n);

/* What waits between two buffers, all of it heard, out or in. */
void gst_rnn_hold_keep (GstRnnHold *hold, RnnKeep *keep);

/* Queries of both pads of a GstRnnStage through which sound flows as it is, at a rate that it takes. */
gboolean gst_rnn_hold_query (GstPad *pad, GstObject *parent, GstQuery *query);

G_END_DECLS
