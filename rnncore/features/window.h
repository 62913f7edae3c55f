/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to one frame of samples before the FFT. */
#pragma once
#include "features.h"

G_BEGIN_DECLS

typedef struct {
  gsize length;
  gboolean remove_dc, use_energy, raw_energy;
  gfloat preemphasis;
  gfloat min_energy;            /* floor of the sum of squares */
  gfloat *coeffs;               /* [length] */
} RnnWindow;

RnnWindow *rnn_window_new (const RnnFeatureConfig *config);
void rnn_window_free (RnnWindow *window);

/* x[length] -> y[length]; returns the log energy, 0 if the configuration wants none. */
gfloat rnn_window_apply (const RnnWindow *window, const gfloat *x, gfloat *y);

G_END_DECLS
