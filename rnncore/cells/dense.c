/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fully connected layer: y = f (W x + b).
 *
 * No state.  Tape per step: the pre-activation, where f' needs it. */
#include "activation.h"
#include "cell.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint units;
  gboolean bias;
  RnnActivation activation;
  RnnParam *w, *b;
} Dense;

static const RnnOption options[] = {
  RNN_OPT_INT (Dense, units, 1, 1 << 20, 128, "outputs"),
  RNN_OPT_BOOL (Dense, bias, TRUE, "add a bias"),
  RNN_OPT_ACTIVATION (Dense, activation, rnn_activation_names, RNN_ACT_LINEAR, "f"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Dense *d = (Dense *) cell;
  gfloat bound = 1 / sqrtf (cell->n_in);

  d->w = rnn_cell_add_matrix (cell, "weight", d->units, cell->n_in, bound);
  d->b = d->bias ? rnn_cell_add_vector (cell, "bias", d->units, bound) : NULL;
  cell->n_out = d->units;
  cell->n_tape = rnn_activation_needs_input (&d->activation) ? d->units : 0;
  cell->n_scratch = d->units;   /* backward: d loss/d pre-activation */
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Dense *d = (const Dense *) cell;
  gint n = run->T * run->B, size = n * d->units;

  rnn_bias (d->b, n, d->units, run->y, d->units, FALSE);
  rnn_linear (d->w, n, run->x, cell->n_in, run->y, d->units, d->b != NULL);
  if (run->tape && cell->n_tape)
    memcpy (run->tape, run->y, (gsize) size * sizeof (gfloat));
  if (d->activation.type != RNN_ACT_LINEAR)
    rnn_activate (&d->activation, size, run->y, run->y);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Dense *d = (const Dense *) cell;
  gint n = run->T * run->B, size = n * d->units;
  const gfloat *dz = grad->dy;

  if (d->activation.type != RNN_ACT_LINEAR) {
    memcpy (run->scratch, grad->dy, (gsize) size * sizeof (gfloat));
    rnn_activate_grad (&d->activation, size, run->tape, run->y, run->scratch);
    dz = run->scratch;
  }
  rnn_linear_dw (d->w, n, run->x, cell->n_in, dz, d->units, grad->dparam);
  rnn_bias_dw (d->b, n, dz, d->units, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (d->w, n, dz, d->units, grad->dx, cell->n_in, FALSE);
}

const RnnCellClass rnn_cell_dense = {
  .name = "dense",
  .summary = "fully connected layer",
  .instance_size = sizeof (Dense),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
