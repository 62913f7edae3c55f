/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What there was so far: y_t = mean, sum, largest or smallest of x_1 ... x_t, each value by itself.  At the end of an utterance that is
 * pooling over its time.
 *
 * State: y [n]; of a mean also how many steps there were, n_t:  y_t = y_{t-1} + (x_t - y_{t-1}) / n_t.  No tape, no scratch. */
#include "cell.h"
#include <float.h>

enum { MEAN, SUM, MAXIMUM, MINIMUM };

typedef struct {
  RnnCell cell;
  gint kind;
} Running;

static const gchar *const kinds[] = { "mean", "sum", "max", "min", NULL };

static const RnnOption options[] = {
  RNN_OPT_ENUM (Running, kind, kinds, MEAN, "what is made of the steps so far"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  cell->n_out = cell->n_in;
  rnn_cell_add_state (cell, "y", (guint64) cell->n_in);
  if (((const Running *) cell)->kind == MEAN)
    rnn_cell_add_state (cell, "steps", 1);
  return TRUE;
}

/* Whatever comes is larger, or smaller. */
static void
reset (const RnnCell *cell, gfloat *state)
{
  const Running *r = (const Running *) cell;

  for (gint i = 0; i < cell->n_in && r->kind >= MAXIMUM; i++)
    state[i] = r->kind == MAXIMUM ? -FLT_MAX : FLT_MAX;
}

/* Of a mean: how much the new step counts; it stays above 0 where floats have no more steps. */
static gfloat
count_step (gfloat *steps)
{
  *steps += 1;
  return 1 / *steps;
}

static void
take_step (const Running *r, gint n, const gfloat *x, gfloat *state)
{
  gfloat share = r->kind == MEAN ? count_step (state + n) : 0;

  for (gint i = 0; i < n; i++)
    switch (r->kind) {
      case MEAN:
        state[i] += (x[i] - state[i]) * share;
        break;
      case SUM:
        state[i] += x[i];
        break;
      case MAXIMUM:
        state[i] = MAX (state[i], x[i]);
        break;
      default:
        state[i] = MIN (state[i], x[i]);
    }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gint n = cell->n_in;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++) {
      gsize row = (gsize) t * run->B + b;
      gfloat *state = RNN_STATE_ROW (run->state, run, b);

      take_step ((const Running *) cell, n, run->x + row * n, state);
      rnn_copy_rows (1, n, state, 0, run->y + row * n, 0);
    }
}

/* One value of one step: @before: y_{t-1}; d: d loss/d y_t in, d loss/d y_{t-1} out.  Returns d loss/d x_t. */
static gfloat
step_grad (const Running *r, gfloat x, gfloat before, gfloat share, gfloat *d)
{
  gfloat whole = *d;

  switch (r->kind) {
    case MEAN:
      *d = whole * (1 - share);
      return whole * share;
    case SUM:
      return whole;
    default:
      *d = (r->kind == MAXIMUM ? x > before : x < before) ? 0 : whole;
      return whole - *d;
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Running *r = (const Running *) cell;
  gint n = cell->n_in;

  for (gint b = 0; b < run->B; b++) {
    const gfloat *entry = RNN_STATE_ROW (run->state, run, b);
    gfloat *d = RNN_STATE_ROW (grad->dstate, run, b);

    for (gint t = run->T - 1; t >= 0; t--) {
      gsize row = (gsize) t * run->B + b;
      const gfloat *x = run->x + row * n, *before = t ? run->y + (row - run->B) * n : entry;
      gfloat share = r->kind == MEAN ? 1 / (entry[n] + (gfloat) (t + 1)) : 0, dsteps = 0;

      for (gint i = 0; i < n; i++) {
        gfloat dx;

        d[i] += grad->dy[row * n + i];
        dsteps += d[i] * (x[i] - before[i]);
        dx = step_grad (r, x[i], before[i], share, &d[i]);
        if (grad->dx)
          grad->dx[row * n + i] = dx;
      }
      if (r->kind == MEAN)
        d[n] -= dsteps * share * share;
    }
  }
}

const RnnCellClass rnn_cell_running = {
  .name = "running",
  .summary = "mean, sum, largest or smallest of the steps so far",
  .instance_size = sizeof (Running),
  .options = options,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
