/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sum of the parts that a graph puts side by side: x = [x1; x2; ...], y = x1 + x2 + ...
 *
 * No state, no tape. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint parts;
} Add;

static const RnnOption options[] = {
  RNN_OPT_INT (Add, parts, 1, 64, 2, "summands side by side in the input"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  gint parts = ((Add *) cell)->parts;

  if (cell->n_in % parts) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "add: %d values do not divide into %d parts", cell->n_in, parts);
    return FALSE;
  }
  cell->n_out = cell->n_in / parts;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gint n = cell->n_out, parts = ((const Add *) cell)->parts;
  const gfloat *x = run->x;
  gfloat *y = run->y;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++, y += n, x += cell->n_in) {
    memcpy (y, x, (gsize) n * sizeof (gfloat));
    for (gint p = 1; p < parts; p++)
      rnn_kernels ()->add (n, x + p * n, y);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_out, parts = ((const Add *) cell)->parts;

  for (gint p = 0; grad->dx && p < parts; p++)
    rnn_copy_rows (run->T * run->B, n, grad->dy, (gsize) n, grad->dx + p * n, (gsize) cell->n_in);
}

const RnnCellClass rnn_cell_add = {
  .name = "add",
  .summary = "the sum of what a graph puts side by side",
  .instance_size = sizeof (Add),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
