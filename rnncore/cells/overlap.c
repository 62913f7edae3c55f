/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was last before a step's values, then these: y_t = [the last `values` of x_1 ... x_{t-1}; x_t].  Windows that overlap, made of
 * blocks that do not.
 *
 * State: x, these last values, first zeros.  No tape. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint values;
} Overlap;

static const RnnOption options[] = {
  RNN_OPT_INT (Overlap, values, 1, 1 << 20, 1, "how many values of before"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  gint c = ((Overlap *) cell)->values;

  cell->n_out = cell->n_in + c;
  rnn_cell_add_state (cell, "x", (gsize) c);
  cell->n_scratch_once = (gsize) cell->n_out;   /* backward: the gradient of one [state; x] */
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gint n = cell->n_in, c = ((const Overlap *) cell)->values;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++) {
      gfloat *state = RNN_STATE_ROW (run->state, run, b), *y = run->y + ((gsize) t * run->B + b) * cell->n_out;

      memcpy (y, state, (gsize) c * sizeof (gfloat));
      memcpy (y + c, run->x + ((gsize) t * run->B + b) * n, (gsize) n * sizeof (gfloat));
      memcpy (state, y + n, (gsize) c * sizeof (gfloat));
    }
}

/* d state of step t - 1 goes to the last c of [state; x]. */
static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_in, c = ((const Overlap *) cell)->values;

  for (gint t = run->T - 1; t >= 0; t--)
    for (gint b = 0; b < run->B; b++) {
      gfloat *dstate = RNN_STATE_ROW (grad->dstate, run, b), *dy = run->scratch;

      memcpy (dy, grad->dy + ((gsize) t * run->B + b) * cell->n_out, (gsize) cell->n_out * sizeof (gfloat));
      rnn_kernels ()->add (c, dstate, dy + n);
      memcpy (dstate, dy, (gsize) c * sizeof (gfloat));
      if (grad->dx)
        memcpy (grad->dx + ((gsize) t * run->B + b) * n, dy + c, (gsize) n * sizeof (gfloat));
    }
}

const RnnCellClass rnn_cell_overlap = {
  .name = "overlap",
  .summary = "a step's values behind the last ones before it",
  .instance_size = sizeof (Overlap),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
