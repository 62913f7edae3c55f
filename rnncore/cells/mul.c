/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The product of the parts that a graph puts side by side: x = [x1; x2; ...], y = x1 x2 ..., as gates and masks want it.
 *
 * No state, no tape. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint parts;
} Mul;

static const RnnOption options[] = {
  RNN_OPT_INT (Mul, parts, 1, 64, 2, "factors side by side in the input"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  gint parts = ((Mul *) cell)->parts;

  if (cell->n_in % parts) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "mul: %d values do not divide into %d parts", cell->n_in, parts);
    return FALSE;
  }
  cell->n_out = cell->n_in / parts;
  return TRUE;
}

/* y[n] = product of all parts of x but @skip (-1: of all) */
static void
multiply (const RnnCell *cell, const gfloat *x, gint skip, gfloat *y)
{
  gint n = cell->n_out, first = skip == 0 ? 1 : 0;

  memcpy (y, x + (gsize) first * n, (gsize) n * sizeof (gfloat));
  for (gint p = first + 1; p < ((const Mul *) cell)->parts; p++)
    if (p != skip)
      rnn_kernels ()->mul (n, x + (gsize) p * n, y, y);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    multiply (cell, run->x + row * cell->n_in, -1, run->y + row * cell->n_out);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_out, parts = ((const Mul *) cell)->parts;

  for (gsize row = 0; grad->dx && row < (gsize) run->T * run->B; row++)
    for (gint p = 0; p < parts; p++) {
      gfloat *dx = grad->dx + row * cell->n_in + (gsize) p * n;
      const gfloat *dy = grad->dy + row * n;

      if (parts == 1) {
        memcpy (dx, dy, (gsize) n * sizeof (gfloat));
        continue;
      }
      multiply (cell, run->x + row * cell->n_in, p, dx);
      rnn_kernels ()->mul (n, dx, dy, dx);
    }
}

const RnnCellClass rnn_cell_mul = {
  .name = "mul",
  .summary = "the product of what a graph puts side by side",
  .instance_size = sizeof (Mul),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
