/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bank of triangular filters over a spectrum. */
#pragma once
#include "features.h"

G_BEGIN_DECLS

#define RNN_MEL_PAD 4           /* zeros behind the spectrum that rnn_mel_apply may read */

typedef struct {
  guint first, quads;           /* first bin, and length in fours */
} RnnMelBand;

typedef struct {
  guint n_bins;                 /* n_fft / 2 + 1 */
  guint n_mels;
  RnnMelBand *bands;            /* [n_mels] */
  gfloat *weights;              /* the bands' weights, one after another, zero padded to fours */
} RnnMel;

/* For FFTs of length @n_fft. */
RnnMel *rnn_mel_new (const RnnFeatureConfig *config, guint n_fft, GError **error);
void rnn_mel_free (RnnMel *mel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnMel, rnn_mel_free)

/* spectrum[n_bins + RNN_MEL_PAD] -> out[n_mels] */
void rnn_mel_apply (const RnnMel *mel, const gfloat *spectrum, gfloat *out);

G_END_DECLS
