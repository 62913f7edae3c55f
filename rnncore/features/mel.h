/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A bank of triangular filters over a spectrum. */
#pragma once
#include "features.h"

G_BEGIN_DECLS


#define RNN_MEL_PAD 4           /* zeros behind the spectrum that rnn_mel_apply may read */

typedef struct {
  guint n_bins;                 /* n_fft / 2 + 1 */
  guint n_mels;
  gint *first;                  /* [n_mels, padded to fours] where a band's weights start */
  gint *quads;                  /* [n_mels / 4] length of the longest of four bands, in fours */
  gfloat *weights;              /* [n_mels / 4][quads][4 bands][4], zero padded */
} RnnMel;

/* For FFTs of length @n_fft. */
RnnMel *rnn_mel_new (const RnnFeatureConfig *config, guint n_fft, GError **error);
void rnn_mel_free (RnnMel *mel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnMel, rnn_mel_free)

/* spectrum[n_bins + RNN_MEL_PAD] -> out[n_mels] */
void rnn_mel_apply (const RnnMel *mel, const gfloat *spectrum, gfloat *out);

G_END_DECLS
