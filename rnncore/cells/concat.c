/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a graph puts side by side, as it is: y = x, and may be the same array.
 *
 * No state, no tape. */
#include "cell.h"
#include <string.h>

static gboolean
setup (RnnCell *cell, GError **error)
{
  cell->n_out = cell->n_in;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  if (run->y != run->x)
    memcpy (run->y, run->x, (gsize) run->T * run->B * cell->n_in * sizeof (gfloat));
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  if (grad->dx)
    memcpy (grad->dx, grad->dy, (gsize) run->T * run->B * cell->n_in * sizeof (gfloat));
}

const RnnCellClass rnn_cell_concat = {
  .name = "concat",
  .summary = "what a graph puts side by side, as it is",
  .instance_size = sizeof (RnnCell),
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
