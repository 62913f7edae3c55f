/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Independently recurrent network (Li et al. 2018): h_t = f (W x_t + u h_{t-1} + b), u one weight per unit.
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
  gfloat recurrent_min, recurrent_max;
  RnnActivation activation;
  RnnParam *w, *u, *b;
} IndRnn;

static const RnnOption options[] = {
  RNN_OPT_INT (IndRnn, hidden, 1, 65536, 128, "hidden units"),
  RNN_OPT_BOOL (IndRnn, bias, TRUE, "add a bias"),
  RNN_OPT_FLOAT (IndRnn, recurrent_min, -10, 10, 0, "u starts uniform from here ..."),
  RNN_OPT_FLOAT (IndRnn, recurrent_max, -10, 10, 1, "... to here; both 1: a memory without end"),
  RNN_OPT_ACTIVATION (IndRnn, activation, rnn_gate_activation_names, RNN_ACT_RELU, "f"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  IndRnn *r = (IndRnn *) cell;
  gfloat bound = 1 / sqrtf (cell->n_in);

  r->w = rnn_cell_add_matrix (cell, "weight_ih", r->hidden, cell->n_in, bound);
  r->u = rnn_cell_add_vector (cell, "u", r->hidden, fabsf (r->recurrent_max - r->recurrent_min) / 2);
  r->u->init_value = (r->recurrent_min + r->recurrent_max) / 2;
  r->b = r->bias ? rnn_cell_add_vector (cell, "bias", r->hidden, bound) : NULL;
  cell->n_out = r->hidden;
  rnn_cell_add_state (cell, "h", r->hidden);
  cell->n_scratch = r->hidden;      /* backward: d pre-activation */
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const IndRnn *r = (const IndRnn *) cell;
  gint H = r->hidden, B = run->B;

  rnn_bias (r->b, run->T * B, H, run->y, H, FALSE);
  rnn_linear (r->w, run->T * B, run->x, cell->n_in, run->y, H, TRUE);
  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < B; b++) {
      gfloat *h = RNN_STATE_ROW (run->state, run, b), *y = run->y + ((gsize) t * B + b) * H;

      rnn_kernels ()->fma (H, r->u->data, h, y);
      rnn_activate (&r->activation, H, y, y);
      memcpy (h, y, (gsize) H * sizeof (gfloat));
    }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const IndRnn *r = (const IndRnn *) cell;
  const RnnKernels *k = rnn_kernels ();
  gint H = r->hidden, B = run->B, n = run->T * B;
  gfloat *dz = run->scratch;

  for (gint t = run->T - 1; t >= 0; t--)
    for (gint b = 0; b < B; b++) {
      gsize at = ((gsize) t * B + b) * H;
      gfloat *d = dz + at, *dh = RNN_STATE_ROW (grad->dstate, run, b);
      const gfloat *h_prev = t ? run->y + at - (gsize) B * H : RNN_STATE_ROW (run->state, run, b);

      memcpy (d, grad->dy + at, (gsize) H * sizeof (gfloat));
      k->add (H, dh, d);
      rnn_activate_grad (&r->activation, H, NULL, run->y + at, d);
      k->fma (H, d, h_prev, grad->dparam + r->u->offset);
      k->mul (H, d, r->u->data, dh);
    }
  rnn_linear_dw (r->w, n, run->x, cell->n_in, dz, H, grad->dparam);
  rnn_bias_dw (r->b, n, dz, H, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (r->w, n, dz, H, grad->dx, cell->n_in, FALSE);
}

const RnnCellClass rnn_cell_indrnn = {
  .name = "indrnn",
  .summary = "independently recurrent network (Li et al. 2018)",
  .instance_size = sizeof (IndRnn),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
