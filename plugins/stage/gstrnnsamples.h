/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Samples of buffers as floats. */
#pragma once
#include <gst/audio/audio.h>

G_BEGIN_DECLS

/* data[n], S16, F32 or F64 of this machine's order, which may begin anywhere in memory -> samples[n], whole numbers in +-1 */
void gst_rnn_samples_read (GstAudioFormat format, gconstpointer data, gsize n, gfloat *samples);

G_END_DECLS
