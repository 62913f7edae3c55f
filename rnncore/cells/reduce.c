/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs of a step's values to one number each: x = [r1 ... rn], y_i = f (r_i), with f the mean, sum, largest, smallest or mean square.
 *
 * No state, no tape. */
#include "cell.h"
#include "../kernels/kernels.h"

enum { MEAN, SUM, MAXIMUM, MINIMUM, SQUARE };

typedef struct {
  RnnCell cell;
  gint width, kind;
  gint n;                       /* the width in use */
} Reduce;

static const gchar *const kinds[] = { "mean", "sum", "max", "min", "square", NULL };

static const RnnOption options[] = {
  RNN_OPT_INT (Reduce, width, 0, 1 << 24, 0, "values of a run; 0: all are one"),
  RNN_OPT_ENUM (Reduce, kind, kinds, MEAN, "what is made of a run; square: the mean of its squares"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Reduce *r = (Reduce *) cell;

  r->n = r->width ? r->width : cell->n_in;
  if (cell->n_in % r->n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "reduce: %d values are no whole number of runs of %d", cell->n_in, r->n);
    return FALSE;
  }
  cell->n_out = cell->n_in / r->n;
  return TRUE;
}

/* Where the largest (or smallest) is, the first of them. */
static gint
find_extreme (gint n, const gfloat *x, gboolean largest)
{
  gint best = 0;

  for (gint i = 1; i < n; i++)
    if (largest ? x[i] > x[best] : x[i] < x[best])
      best = i;
  return best;
}

static gfloat
reduce (const Reduce *r, const gfloat *x)
{
  switch (r->kind) {
    case MEAN:
      return rnn_kernels ()->sum (r->n, x) / r->n;
    case SUM:
      return rnn_kernels ()->sum (r->n, x);
    case SQUARE:
      return rnn_kernels ()->dot (r->n, x, x) / r->n;
    default:
      return x[find_extreme (r->n, x, r->kind == MAXIMUM)];
  }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Reduce *r = (const Reduce *) cell;

  for (gsize i = 0; i < (gsize) run->T * run->B * cell->n_out; i++)
    run->y[i] = reduce (r, run->x + i * r->n);
}

static void
reduce_grad (const Reduce *r, const gfloat *x, gfloat dy, gfloat *dx)
{
  gint extreme = r->kind == MAXIMUM || r->kind == MINIMUM ? find_extreme (r->n, x, r->kind == MAXIMUM) : -1;

  for (gint i = 0; i < r->n; i++)
    dx[i] = r->kind == SUM ? dy : r->kind == MEAN ? dy / r->n : r->kind == SQUARE ? 2 * x[i] * dy / r->n : i == extreme ? dy : 0;
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Reduce *r = (const Reduce *) cell;

  for (gsize i = 0; grad->dx && i < (gsize) run->T * run->B * cell->n_out; i++)
    reduce_grad (r, run->x + i * r->n, grad->dy[i], grad->dx + i * r->n);
}

const RnnCellClass rnn_cell_reduce = {
  .name = "reduce",
  .summary = "mean, sum, largest, smallest of runs of a step's values",
  .instance_size = sizeof (Reduce),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
