/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Noise taken out of sound by a model of its spectra: samples in, as many samples out.
 *
 * What the model is follows from what it takes (denoiser.c has the table): complex spectra (GTCRN), or magnitudes for which it
 * gives a mask, with a second model that polishes the samples, if there is one (DTLN), at 16 kHz; or RNNoise's 42 features at 48 kHz. */
#pragma once
#include "../base/keep.h"
#include "../model/model.h"

RNN_API_BEGIN

typedef struct _RnnDenoiser RnnDenoiser;

/* @second: for models that come as two, else NULL.  Fails where the models do not fit any kind, or look ahead. */
RnnDenoiser *rnn_denoiser_new (RnnModel *model, RnnModel *second, GError **error);
void  rnn_denoiser_free (RnnDenoiser *denoiser);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnDenoiser, rnn_denoiser_free)

gint  rnn_denoiser_get_rate (RnnDenoiser *denoiser);    /* Hz */
gint  rnn_denoiser_find_rate (RnnModel *model);         /* that a denoiser of it would have; 0: there can be none */
/* Samples from one to its answer, at most. */
guint rnn_denoiser_get_delay (RnnDenoiser *denoiser);
/* How much of the answer is taken, 0 (the samples come back bit for bit) to 1 (the default); from the next frame on. */
void  rnn_denoiser_set_strength (RnnDenoiser *denoiser, gfloat strength);
/* samples[n] of +-1 -> out[]: those that are done, in order, none left out; room for n and a delay.  Returns how many. */
gsize rnn_denoiser_push (RnnDenoiser *denoiser, const gfloat *samples, gsize n, gfloat *out);
/* The end: the rest, so that as many have come out as went in; room for a delay.  Then the denoiser is as new. */
gsize rnn_denoiser_finish (RnnDenoiser *denoiser, gfloat *out);
void  rnn_denoiser_reset (RnnDenoiser *denoiser);
/* Its state between two pushes, out or in (base/keep.h). */
void         rnn_denoiser_keep (RnnDenoiser *denoiser, RnnKeep *keep);

RNN_API_END
