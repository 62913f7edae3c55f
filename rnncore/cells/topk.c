/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The largest (or smallest) values of runs of a step's values, in order, and where they are:
 *
 *   x = [r1 ... rn], y = [k values of r1 ... of rn; their places in r1 ... in rn]
 *
 * Of equal ones the first comes first.  Places have no gradient.  No state, no tape. */
#include "cell.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint k, width;
  gboolean smallest;
  gint n, runs;                 /* the width in use; how many */
} Topk;

static const RnnOption options[] = {
  RNN_OPT_INT (Topk, k, 1, 65536, 1, "how many"),
  RNN_OPT_INT (Topk, width, 0, 1 << 24, 0, "values of a run; 0: all are one"),
  RNN_OPT_BOOL (Topk, smallest, FALSE, "the smallest, not the largest"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Topk *t = (Topk *) cell;

  t->n = t->width ? t->width : cell->n_in;
  if (cell->n_in % t->n || t->k > t->n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "topk: %d values are no whole number of runs of %d, or not %d in each", cell->n_in, t->n,
        t->k);
    return FALSE;
  }
  t->runs = cell->n_in / t->n;
  cell->n_out = 2 * t->runs * t->k;
  return TRUE;
}

/* Does x[i] come before x[j]? */
static inline gboolean
before (const Topk *t, const gfloat *x, gint i, gint j)
{
  return x[i] == x[j] ? i < j : t->smallest ? x[i] < x[j] : x[i] > x[j];
}

/* By insertion: k is small. */
static void
find (const Topk *t, const gfloat *x, gfloat *values, gfloat *places)
{
  for (gint i = 0, n = 0; i < t->n; i++) {
    gint at = n;

    while (at > 0 && before (t, x, i, (gint) places[at - 1]))
      at--;
    if (at == t->k)
      continue;
    n = MIN (n + 1, t->k);
    memmove (places + at + 1, places + at, (gsize) (n - at - 1) * sizeof (gfloat));
    places[at] = (gfloat) i;
  }
  for (gint i = 0; i < t->k; i++)
    values[i] = x[(gint) places[i]];
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Topk *t = (const Topk *) cell;
  gint half = t->runs * t->k;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    for (gint r = 0; r < t->runs; r++) {
      gfloat *y = run->y + row * cell->n_out + (gsize) r * t->k;

      find (t, run->x + row * cell->n_in + (gsize) r * t->n, y, y + half);
    }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Topk *t = (const Topk *) cell;
  gint half = t->runs * t->k;

  if (!grad->dx)
    return;
  memset (grad->dx, 0, (gsize) run->T * run->B * cell->n_in * sizeof (gfloat));
  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    for (gint i = 0; i < half; i++) {
      gint place = (gint) run->y[row * cell->n_out + half + i];

      grad->dx[row * cell->n_in + (gsize) (i / t->k) * t->n + place] += grad->dy[row * cell->n_out + i];
    }
}

const RnnCellClass rnn_cell_topk = {
  .name = "topk",
  .summary = "the largest values of runs of a step's values, and where they are",
  .instance_size = sizeof (Topk),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
