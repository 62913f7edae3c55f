/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Power spectrum of real input.  Only fft.c knows which library computes it. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnFftPlan RnnFftPlan;  /* one per length and process */

typedef struct {
  guint n;                      /* input length, even */
  gfloat *in;                   /* [n], zeros at first; kept by rnn_fft_power */
  gfloat *out;                  /* [n / 2][re, im] */
  RnnFftPlan *plan;
} RnnFft;

RnnFft *rnn_fft_new (guint n, GError **error);
void rnn_fft_free (RnnFft *fft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnFft, rnn_fft_free)

/* in and out as n / 2 complex numbers [re, im]: out = FFT (in) */
void rnn_fft_complex (RnnFft *fft);
/* power[n / 2 + 1] = |FFT (in)|^2 */
void rnn_fft_power (RnnFft *fft, gfloat *power);

G_END_DECLS
