/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recurrence of RWKV-4 (Peng et al. 2023): an average of all values so far, weighted by exp (key), fading per
 * channel by w = -exp (time_decay), this step's own value by u = time_first:
 *
 *   y_t = (a e^p + e^{u + k} v) / (b e^p + e^{u + k});   a e^p, b e^p <- e^w (a e^p, b e^p) + e^k (v, 1)
 *
 * with the largest exponent p factored out, so that no exp is taken of anything above 0.  Input: k, v side by side.
 *
 * State: a, b, p [3][n].  Tape per step: the state before it. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  RnnParam *decay, *first;
} Wkv4;

static gboolean
setup (RnnCell *cell, GError **error)
{
  Wkv4 *c = (Wkv4 *) cell;
  gint n = cell->n_in / 2;

  if (cell->n_in % 2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "wkv4: %d inputs are not as many keys as values", cell->n_in);
    return FALSE;
  }
  c->decay = rnn_cell_add_vector (cell, "time_decay", n, 0);
  c->first = rnn_cell_add_vector (cell, "time_first", n, 0);
  cell->n_out = n;
  for (guint i = 0; i < 3; i++)
    rnn_cell_add_state (cell, (const gchar *const[]) { "a", "b", "p" }[i], n);
  cell->n_tape = cell->n_state;
  cell->n_scratch_once = 10 * (guint64) n;
  return TRUE;
}

/* As RWKV-LM starts its middle layers: channels forget within a step to thousands of steps. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  Wkv4 *c = (Wkv4 *) cell;
  gint n = cell->n_out;

  for (gint i = 0; i < n; i++) {
    c->decay->data[i] = -5 + 8 * powf ((gfloat) i / MAX (n - 1, 1), 1.35f);
    c->first->data[i] = logf (0.3f) + 0.5f * ((i + 1) % 3 - 1);
  }
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  for (gint i = 0; i < cell->n_out; i++)
    state[2 * cell->n_out + i] = -1e30f;
}

/* e_x = exp (x - max (x, y)), e_y = exp (y - max (x, y)) */
static void
shares (gint n, const gfloat *x, const gfloat *y, gfloat *e_x, gfloat *e_y)
{
  for (gint i = 0; i < n; i++)
    e_x[i] = -fabsf (x[i] - y[i]);
  rnn_kernels ()->exp (n, e_x, e_x);
  for (gint i = 0; i < n; i++) {
    e_y[i] = x[i] > y[i] ? e_x[i] : 1;
    e_x[i] = x[i] > y[i] ? 1 : e_x[i];
  }
}

/* What a step and its gradient share, each [n]: the weights of past and present in y (with u) and in the state. */
typedef struct {
  gfloat *w, *now, *faded, *y_past, *y_now, *past, *present, *rest;
} Work;

static Work
begin (const Wkv4 *c, const RnnRun *run)
{
  gint n = c->cell.n_out;
  gfloat *s = run->scratch;
  Work work = { s, s + n, s + 2 * n, s + 3 * n, s + 4 * n, s + 5 * n, s + 6 * n, s + 7 * n };

  rnn_kernels ()->exp (n, c->decay->data, work.w);
  rnn_kernels ()->scale (n, -1, work.w);
  return work;
}

static void
weigh (const Wkv4 *c, const Work *work, const gfloat *k, const gfloat *p)
{
  gint n = c->cell.n_out;

  for (gint i = 0; i < n; i++) {
    work->now[i] = c->first->data[i] + k[i];
    work->faded[i] = p[i] + work->w[i];
  }
  shares (n, p, work->now, work->y_past, work->y_now);
  shares (n, work->faded, k, work->past, work->present);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Wkv4 *c = (const Wkv4 *) cell;
  gint n = cell->n_out;
  Work work = begin (c, run);

  for (gint row = 0; row < run->T * run->B; row++) {
    const gfloat *k = run->x + (gsize) row * 2 * n, *v = k + n;
    gfloat *a = RNN_STATE_ROW (run->state, run, row % run->B), *b = a + n, *p = b + n, *y = run->y + (gsize) row * n;

    if (run->tape)
      memcpy (run->tape + (gsize) row * 3 * n, a, 3 * (gsize) n * sizeof (gfloat));
    weigh (c, &work, k, p);
    for (gint i = 0; i < n; i++) {
      y[i] = (work.y_past[i] * a[i] + work.y_now[i] * v[i]) / (work.y_past[i] * b[i] + work.y_now[i]);
      a[i] = work.past[i] * a[i] + work.present[i] * v[i];
      b[i] = work.past[i] * b[i] + work.present[i];
      p[i] = MAX (work.faded[i], k[i]);
    }
  }
}

/* Step `row`: d[3][n] is d loss/d state after it in, before it out; dkv [2n].  dw, du [n] are added to. */
static void
step_back (const Wkv4 *c, const RnnRun *run, gint row, const Work *work, const gfloat *dy, gfloat *d, gfloat *dkv,
    gfloat *dw, gfloat *du)
{
  gint n = c->cell.n_out;
  const gfloat *k = run->x + (gsize) row * 2 * n, *v = k + n, *y = run->y + (gsize) row * n;
  const gfloat *a = run->tape + (gsize) row * 3 * n, *b = a + n, *p = b + n;
  gfloat *da = d, *db = d + n, *dp = d + 2 * n;

  weigh (c, work, k, p);
  for (gint i = 0; i < n; i++) {
    gfloat past = work->past[i], present = work->present[i];
    gfloat dy_i = dy[i] / (work->y_past[i] * b[i] + work->y_now[i]);
    gfloat dnow = dy_i * work->y_now[i] * (v[i] - y[i]), dy_past = dy_i * work->y_past[i];
    gfloat a_new = past * a[i] + present * v[i], b_new = past * b[i] + present;
    gfloat dmax = dp[i] - da[i] * a_new - db[i] * b_new;        /* of the factored exponent */
    gfloat dfaded = past * (da[i] * a[i] + db[i] * b[i]) + (work->faded[i] > k[i] ? dmax : 0);

    dkv[i] = dnow + present * (da[i] * v[i] + db[i]) + (work->faded[i] > k[i] ? 0 : dmax);
    dkv[n + i] = dy_i * work->y_now[i] + present * da[i];
    du[i] += dnow;
    dw[i] += dfaded;
    dp[i] = dfaded + dy_past * (a[i] - y[i] * b[i]);
    da[i] = past * da[i] + dy_past;
    db[i] = past * db[i] - dy_past * y[i];
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Wkv4 *c = (const Wkv4 *) cell;
  gint n = cell->n_out;
  Work work = begin (c, run);
  gfloat *dw = work.rest, *unused = dw + n;

  memset (dw, 0, (gsize) n * sizeof (gfloat));
  for (gint row = run->T * run->B - 1; row >= 0; row--)
    step_back (c, run, row, &work, grad->dy + (gsize) row * n, RNN_STATE_ROW (grad->dstate, run, row % run->B),
        grad->dx ? grad->dx + (gsize) row * 2 * n : unused, dw, grad->dparam + c->first->offset);
  rnn_kernels ()->fma (n, dw, work.w, grad->dparam + c->decay->offset);
}

const RnnCellClass rnn_cell_wkv4 = {
  .name = "wkv4",
  .summary = "the recurrence of RWKV-4 alone: keys and values in, their fading average out",
  .instance_size = sizeof (Wkv4),
  .setup = setup,
  .init = init,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
