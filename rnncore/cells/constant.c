/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same values at every step, whatever goes in: y = v.  What a graph joins to something else.
 *
 * No state, no tape. */
#include "cell.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint units;
  RnnParam *v;
} Constant;

static const RnnOption options[] = {
  RNN_OPT_INT (Constant, units, 1, 1 << 24, 1, "values"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Constant *c = (Constant *) cell;

  c->v = rnn_cell_add_vector (cell, "value", c->units, 1);
  cell->n_out = c->units;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  rnn_bias (((const Constant *) cell)->v, run->T * run->B, cell->n_out, run->y, cell->n_out, FALSE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  rnn_bias_dw (((const Constant *) cell)->v, run->T * run->B, grad->dy, cell->n_out, grad->dparam);
  if (grad->dx)
    memset (grad->dx, 0, (gsize) run->T * run->B * cell->n_in * sizeof (gfloat));
}

const RnnCellClass rnn_cell_constant = {
  .name = "constant",
  .summary = "the same values at every step",
  .instance_size = sizeof (Constant),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
