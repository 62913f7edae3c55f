/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of one rate to samples of another, by GstAudioResampler, as a stream whose state can be kept. */
#pragma once
#include <gst/audio/audio.h>
#include <rnncore/rnn.h>

G_BEGIN_DECLS

typedef struct _GstRnnResampler GstRnnResampler;

GstRnnResampler *gst_rnn_resampler_new (gint from, gint to);
void gst_rnn_resampler_free (GstRnnResampler *resampler);
void gst_rnn_resampler_reset (GstRnnResampler *resampler);
/* Samples of the input from one to its answer, at most. */
guint gst_rnn_resampler_get_delay (GstRnnResampler *resampler);
/* samples[n], appended to @out (gfloat) at the other rate: sample k of these is of the time of sample k from / to. */
void gst_rnn_resampler_push (GstRnnResampler *resampler, const gfloat *samples, gsize n, GArray *out);
void gst_rnn_resampler_keep (GstRnnResampler *resampler, RnnKeep *keep);

G_END_DECLS
