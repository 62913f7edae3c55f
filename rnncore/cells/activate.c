/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An activation function by itself: y = f (x).
 *
 * No state, no tape. */
#include "activation.h"
#include "cell.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  RnnActivation activation;
} Activate;

static const RnnOption options[] = {
  RNN_OPT_ACTIVATION (Activate, activation, rnn_activation_names, RNN_ACT_RELU, "f"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  cell->n_out = cell->n_in;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  rnn_activate (&((const Activate *) cell)->activation, run->T * run->B * cell->n_in, run->x, run->y);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = run->T * run->B * cell->n_in;

  if (!grad->dx)
    return;
  memcpy (grad->dx, grad->dy, (gsize) n * sizeof (gfloat));
  rnn_activate_grad (&((const Activate *) cell)->activation, n, run->x, run->y, grad->dx);
}

const RnnCellClass rnn_cell_activate = {
  .name = "activate",
  .summary = "an activation function by itself",
  .instance_size = sizeof (Activate),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
