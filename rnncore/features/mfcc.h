/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cepstral coefficients of log mel energies. */
#pragma once
#include "features.h"

G_BEGIN_DECLS

typedef struct {
  guint n_mels, n_ceps;
  gint energy_at;               /* the coefficient that the log energy replaces, or -1 */
  gfloat *matrix;               /* [n_ceps][n_mels]: DCT, lifter and HTK's order in one */
} RnnMfcc;

RnnMfcc *rnn_mfcc_new (const RnnFeatureConfig *config);
void rnn_mfcc_free (RnnMfcc *mfcc);

/* mels[n_mels] -> out[n_ceps] */
void rnn_mfcc_apply (const RnnMfcc *mfcc, const gfloat *mels, gfloat energy, gfloat *out);

G_END_DECLS
