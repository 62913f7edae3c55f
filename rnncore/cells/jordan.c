/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Jordan's network (1986): the output, not the hidden layer, comes back.
 *
 *   h_t = f (W x_t + U y_{t-1} + b_h)
 *   y_t = g (V h_t + b_o)
 *
 * State: y [O].  Tape: h [T][B][H]. */
#include "activation.h"
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint hidden, units;
  RnnActivation activation, output_activation;
  RnnParam *w_ih, *w_yh, *w_ho, *b_h, *b_o;
} Jordan;

static const RnnOption options[] = {
  RNN_OPT_INT (Jordan, hidden, 1, 65536, 128, "hidden units"),
  RNN_OPT_INT (Jordan, units, 1, 65536, 128, "outputs, which are also the state"),
  RNN_OPT_ACTIVATION (Jordan, activation, rnn_gate_activation_names, RNN_ACT_TANH, "f"),
  RNN_OPT_ACTIVATION (Jordan, output_activation, rnn_gate_activation_names, RNN_ACT_SIGMOID, "g"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Jordan *j = (Jordan *) cell;
  gint H = j->hidden, O = j->units;
  gfloat bound = 1 / sqrtf (H);

  j->w_ih = rnn_cell_add_matrix (cell, "weight_ih", H, cell->n_in, bound);
  j->w_yh = rnn_cell_add_matrix (cell, "weight_yh", H, O, bound);
  j->w_ho = rnn_cell_add_matrix (cell, "weight_ho", O, H, bound);
  j->b_h = rnn_cell_add_vector (cell, "bias_h", H, bound);
  j->b_o = rnn_cell_add_vector (cell, "bias_o", O, bound);
  cell->n_out = O;
  rnn_cell_add_state (cell, "y", O);
  cell->n_tape = H;
  cell->n_scratch = (guint64) H + O;      /* forward: h; backward: d h, d y (pre-activation) */
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Jordan *j = (const Jordan *) cell;
  gint H = j->hidden, O = j->units, B = run->B;
  gfloat *hidden = run->tape ? run->tape : run->scratch;
  const gfloat *y_prev = run->state;
  gsize ldy = run->state_stride;

  rnn_bias (j->b_h, run->T * B, H, hidden, H, FALSE);
  rnn_linear (j->w_ih, run->T * B, run->x, cell->n_in, hidden, H, TRUE);
  for (gint t = 0; t < run->T; t++) {
    gfloat *h = hidden + (gsize) t * B * H, *y = run->y + (gsize) t * B * O;

    rnn_linear (j->w_yh, B, y_prev, ldy, h, H, TRUE);
    rnn_activate (&j->activation, B * H, h, h);
    rnn_bias (j->b_o, B, O, y, O, FALSE);
    rnn_linear (j->w_ho, B, h, H, y, O, TRUE);
    rnn_activate (&j->output_activation, B * O, y, y);
    y_prev = y;
    ldy = O;
  }
  rnn_copy_rows (B, O, y_prev, ldy, run->state, run->state_stride);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Jordan *j = (const Jordan *) cell;
  gint H = j->hidden, O = j->units, B = run->B, n = run->T * B;
  gfloat *dh = run->scratch, *dy = dh + (gsize) n * H;

  for (gint t = run->T - 1; t >= 0; t--) {
    gfloat *h = run->tape + (gsize) t * B * H, *dh_t = dh + (gsize) t * B * H, *dy_t = dy + (gsize) t * B * O;

    if (t == run->T - 1)
      rnn_copy_rows (B, O, grad->dstate, run->state_stride, dy_t, O);
    else
      rnn_linear_dx (j->w_yh, B, dh_t + (gsize) B * H, H, dy_t, O, FALSE);
    rnn_kernels ()->add (B * O, grad->dy + (gsize) t * B * O, dy_t);
    rnn_activate_grad (&j->output_activation, B * O, NULL, run->y + (gsize) t * B * O, dy_t);
    rnn_linear_dx (j->w_ho, B, dy_t, O, dh_t, H, FALSE);
    rnn_activate_grad (&j->activation, B * H, NULL, h, dh_t);
  }
  rnn_linear_dx (j->w_yh, B, dh, H, grad->dstate, run->state_stride, FALSE);
  rnn_linear_dw (j->w_yh, B, run->state, run->state_stride, dh, H, grad->dparam);
  rnn_linear_dw (j->w_yh, n - B, run->y, O, dh + (gsize) B * H, H, grad->dparam);
  rnn_linear_dw (j->w_ho, n, run->tape, H, dy, O, grad->dparam);
  rnn_linear_dw (j->w_ih, n, run->x, cell->n_in, dh, H, grad->dparam);
  rnn_bias_dw (j->b_h, n, dh, H, grad->dparam);
  rnn_bias_dw (j->b_o, n, dy, O, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (j->w_ih, n, dh, H, grad->dx, cell->n_in, FALSE);
}

const RnnCellClass rnn_cell_jordan = {
  .name = "jordan",
  .summary = "Jordan network: the output comes back (Jordan 1986)",
  .instance_size = sizeof (Jordan),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
