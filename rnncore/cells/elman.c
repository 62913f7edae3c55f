/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elman's simple recurrent network (1990), PyTorch's nn.RNN:
 *
 *   h_t = f (W_ih x_t + b_ih + W_hh h_{t-1} + b_hh)
 *
 * State: h [H].  No tape: f' follows from y = h. */
#include "activation.h"
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint hidden;
  gboolean bias;
  gfloat clip;
  RnnActivation activation;
  RnnParam *w_ih, *w_hh, *b_ih, *b_hh;
} Elman;

static const RnnOption options[] = {
  RNN_OPT_INT (Elman, hidden, 1, 65536, 128, "hidden units"),
  RNN_OPT_BOOL (Elman, bias, TRUE, "add biases"),
  RNN_OPT_FLOAT (Elman, clip, 0, 1e6, 0, "clamp pre-activations to +-clip; 0: off"),
  RNN_OPT_ACTIVATION (Elman, activation, rnn_gate_activation_names, RNN_ACT_TANH, "f"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Elman *e = (Elman *) cell;
  gint H = e->hidden;
  gfloat bound = 1 / sqrtf (H);

  e->w_ih = rnn_cell_add_matrix (cell, "weight_ih_l0", H, cell->n_in, bound);
  e->w_hh = rnn_cell_add_matrix (cell, "weight_hh_l0", H, H, bound);
  e->b_ih = e->bias ? rnn_cell_add_vector (cell, "bias_ih_l0", H, bound) : NULL;
  e->b_hh = e->bias ? rnn_cell_add_vector (cell, "bias_hh_l0", H, bound) : NULL;
  cell->n_out = H;
  rnn_cell_add_state (cell, "h", H);
  cell->n_scratch = 2 * (guint64) H;      /* backward: d pre-activation, d h */
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Elman *e = (const Elman *) cell;
  gint H = e->hidden, B = run->B;
  const gfloat *h = run->state;
  gsize ldh = run->state_stride;

  rnn_bias (e->b_ih, run->T * B, H, run->y, H, FALSE);
  rnn_bias (e->b_hh, run->T * B, H, run->y, H, TRUE);
  rnn_linear (e->w_ih, run->T * B, run->x, cell->n_in, run->y, H, TRUE);
  for (gint t = 0; t < run->T; t++) {
    gfloat *y = run->y + (gsize) t * B * H;

    rnn_linear (e->w_hh, B, h, ldh, y, H, TRUE);
    if (e->clip > 0)
      rnn_clip (B * H, e->clip, y);
    rnn_activate (&e->activation, B * H, y, y);
    h = y;
    ldh = H;
  }
  rnn_copy_rows (B, H, h, ldh, run->state, run->state_stride);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Elman *e = (const Elman *) cell;
  gint H = e->hidden, B = run->B, T = run->T;
  gsize step = (gsize) B * H;
  gfloat *dz = run->scratch, *dh = run->scratch + T * step;

  rnn_copy_rows (B, H, grad->dstate, run->state_stride, dh, H);
  for (gint t = T - 1; t >= 0; t--) {
    gfloat *d = dz + t * step;

    memcpy (d, grad->dy + t * step, step * sizeof (gfloat));
    rnn_kernels ()->add ((gint) step, dh, d);
    rnn_activate_grad (&e->activation, (gint) step, NULL, run->y + t * step, d);
    if (e->clip > 0)
      rnn_activate_clip_grad (&e->activation, e->clip, (gint) step, run->y + t * step, d);
    rnn_linear_dx (e->w_hh, B, d, H, dh, H, FALSE);
  }
  rnn_copy_rows (B, H, dh, H, grad->dstate, run->state_stride);
  rnn_linear_dw (e->w_hh, B, run->state, run->state_stride, dz, H, grad->dparam);
  rnn_linear_dw (e->w_hh, (T - 1) * B, run->y, H, dz + step, H, grad->dparam);
  rnn_linear_dw (e->w_ih, T * B, run->x, cell->n_in, dz, H, grad->dparam);
  rnn_bias_dw (e->b_ih, T * B, dz, H, grad->dparam);
  rnn_bias_dw (e->b_hh, T * B, dz, H, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (e->w_ih, T * B, dz, H, grad->dx, cell->n_in, FALSE);
}

const RnnCellClass rnn_cell_elman = {
  .name = "elman",
  .summary = "simple recurrent network (Elman 1990)",
  .instance_size = sizeof (Elman),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
