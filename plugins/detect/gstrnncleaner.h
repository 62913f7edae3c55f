/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A denoiser for sound of any rate: where it is not the model's, what is cleaned is resampled, and only that. */
#pragma once
#include "gstrnnresampler.h"

G_BEGIN_DECLS

typedef struct _GstRnnCleaner GstRnnCleaner;

/* @denoiser: transfer full */
GstRnnCleaner *gst_rnn_cleaner_new (RnnDenoiser *denoiser);
/* Of the sound, as all samples and delays are from now on; until then it is the model's.  Begins anew. */
void gst_rnn_cleaner_set_rate (GstRnnCleaner *cleaner, gint rate);
gint gst_rnn_cleaner_get_model_rate (GstRnnCleaner *cleaner);
void gst_rnn_cleaner_free (GstRnnCleaner *cleaner);
void gst_rnn_cleaner_reset (GstRnnCleaner *cleaner);
/* The rest as RnnDenoiser's. */
guint gst_rnn_cleaner_get_delay (GstRnnCleaner *cleaner);
void  gst_rnn_cleaner_set_strength (GstRnnCleaner *cleaner, gfloat strength);
gsize gst_rnn_cleaner_push (GstRnnCleaner *cleaner, const gfloat *samples, gsize n, gfloat *out);
gsize gst_rnn_cleaner_finish (GstRnnCleaner *cleaner, gfloat *out);
void  gst_rnn_cleaner_keep (GstRnnCleaner *cleaner, RnnKeep *keep);

G_END_DECLS
