/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of gated cells: which kernels they take. */
#include "steps.h"

static RnnLstmStep
lstm_stream (const RnnLstmStep *s, gint b, gint H, gsize ldc)
{
  gsize at = (gsize) b * H;

  return (RnnLstmStep) { .gates = s->gates + 4 * at, .c_prev = s->c_prev + b * ldc, .c = s->c + at, .h = s->h + at,
    .tanh_c = s->tanh_c ? s->tanh_c + at : NULL };
}

void
rnn_lstm_step (const RnnParam *w_hh, gint t, gint B, const gfloat *h, gsize ldh, RnnLstmStep step, gsize ldc)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = rnn_param_outputs (w_hh) / 4;

  if (B == 1) {
    RnnPanels w = rnn_param_panels (w_hh, 0);

    w.backwards = t % 2;
    if (G_UNLIKELY (w_hh->moments))
      rnn_param_observe (w_hh, 0, 1, h, 0);
    k->lstm_step[w.dtype] (&w, h, &step);
    return;
  }
  rnn_linear (w_hh, B, h, ldh, step.gates, 4 * (gsize) H, TRUE);
  for (gint b = 0; b < B; b++) {
    RnnLstmStep stream = lstm_stream (&step, b, H, ldc);

    k->lstm_point (H, &stream);
  }
}

void
rnn_gru_step (const RnnParam *w_hh, gint t, gint B, const gfloat *h, gsize ldh, RnnGruStep step)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = rnn_param_outputs (w_hh) / 3;

  step.h_prev = h;
  if (B == 1) {
    RnnPanels w = rnn_param_panels (w_hh, 0);

    w.backwards = t % 2;
    if (G_UNLIKELY (w_hh->moments))
      rnn_param_observe (w_hh, 0, 1, h, 0);
    k->gru_step[w.dtype] (&w, h, &step);
    return;
  }
  rnn_linear (w_hh, B, h, ldh, step.gates, 4 * (gsize) H, TRUE);
  for (gint b = 0; b < B; b++) {
    gsize at = (gsize) b * H;
    RnnGruStep stream = { step.gates + 4 * at, h + b * ldh, step.h + at, step.keep };

    k->gru_point (H, &stream);
  }
}
