/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is around a step's values, with these: y_t = [the last `values` of x_1 ... x_{t-1}; x_t; the first `ahead` of x_{t+1}].
 * Windows that overlap, made of blocks that do not.
 *
 * State: what was last: x, `values` numbers, first zeros; with `ahead`, which costs a latency of one step, the step that is answered
 * behind them.  Past the end of a stream are zeros then.  No tape. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint values, ahead;
  gint kept;                    /* of what was before x_t, the last so many: the state */
} Overlap;

static const RnnOption options[] = {
  RNN_OPT_INT (Overlap, values, 0, 1 << 20, 1, "how many values of before"),
  RNN_OPT_INT (Overlap, ahead, 0, 1 << 20, 0, "how many of the next step"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Overlap *o = (Overlap *) cell;

  if (o->ahead > cell->n_in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "overlap: the next step has no %d values, only %d", o->ahead, cell->n_in);
    return FALSE;
  }
  o->kept = o->values + (o->ahead ? cell->n_in : 0);
  cell->n_out = cell->n_in + o->values + o->ahead;
  cell->latency = o->ahead ? 1 : 0;
  rnn_cell_add_state (cell, "x", (guint64) o->kept);
  cell->n_scratch_once = (guint64) o->kept + (guint64) cell->n_in;  /* [state; x], backward: its gradient */
  return TRUE;
}

/* Is step t of stream b past the end of what this layer may see? */
static gboolean
is_padding (const Overlap *o, const RnnRun *run, gint t, gint b)
{
  return o->ahead && t >= rnn_run_length (run, b);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Overlap *o = (const Overlap *) cell;
  gint n = cell->n_in;
  gfloat *all = run->scratch;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++) {
      gfloat *state = RNN_STATE_ROW (run->state, run, b);

      memcpy (all, state, (gsize) o->kept * sizeof (gfloat));
      if (is_padding (o, run, t, b))
        memset (all + o->kept, 0, (gsize) n * sizeof (gfloat));
      else
        memcpy (all + o->kept, run->x + ((gsize) t * run->B + b) * n, (gsize) n * sizeof (gfloat));
      memcpy (run->y + ((gsize) t * run->B + b) * cell->n_out, all, (gsize) cell->n_out * sizeof (gfloat));
      memcpy (state, all + n, (gsize) o->kept * sizeof (gfloat));
    }
}

/* d state of step t - 1 goes to the last of [state; x]. */
static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Overlap *o = (const Overlap *) cell;
  gint n = cell->n_in;
  gfloat *all = run->scratch;

  for (gint t = run->T - 1; t >= 0; t--)
    for (gint b = 0; b < run->B; b++) {
      gfloat *dstate = RNN_STATE_ROW (grad->dstate, run, b), *dx = grad->dx ? grad->dx + ((gsize) t * run->B + b) * n : NULL;

      memcpy (all, grad->dy + ((gsize) t * run->B + b) * cell->n_out, (gsize) cell->n_out * sizeof (gfloat));
      memset (all + cell->n_out, 0, (gsize) (o->kept + n - cell->n_out) * sizeof (gfloat));
      rnn_kernels ()->add (o->kept, dstate, all + n);
      memcpy (dstate, all, (gsize) o->kept * sizeof (gfloat));
      if (dx && is_padding (o, run, t, b))
        memset (dx, 0, (gsize) n * sizeof (gfloat));
      else if (dx)
        memcpy (dx, all + o->kept, (gsize) n * sizeof (gfloat));
    }
}

const RnnCellClass rnn_cell_overlap = {
  .name = "overlap",
  .summary = "a step's values between those around them",
  .instance_size = sizeof (Overlap),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
