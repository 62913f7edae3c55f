/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Echo state network (Jaeger 2001): a fixed random reservoir, of which only a readout is trained (train/ridge.h).
 *
 *   x_t = (1 - a) x_{t-1} + a tanh (Win [1; u_t] + W x_{t-1})          a = leak
 *   y_t = [u_t; x_t], or x_t alone without `skip`
 *
 * W is sparse when it starts and scaled to the spectral radius; no training moves Win and W.
 *
 * State: x [N].  Tape: tanh (...) [T][B][N]. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint hidden, connections;
  gfloat leak, spectral_radius, input_scale;
  gboolean skip;
  RnnParam *w_in, *w;
} Esn;

static const RnnOption options[] = {
  RNN_OPT_INT (Esn, hidden, 1, 65536, 300, "units of the reservoir"),
  RNN_OPT_FLOAT (Esn, leak, 0.0001, 1, 1, "share of the state that a step renews"),
  RNN_OPT_FLOAT (Esn, spectral_radius, 0, 100, 0.9, "largest magnitude of an eigenvalue of W"),
  RNN_OPT_INT (Esn, connections, 1, 65536, 10, "inputs that a unit has from others, on average"),
  RNN_OPT_FLOAT (Esn, input_scale, 0, 1000, 1, "Win is uniform between +- this"),
  RNN_OPT_BOOL (Esn, skip, TRUE, "the output begins with the input"),
  {NULL}
};

#define WORK 20000000000        /* products that finding the spectral radius may take */
#define SPARSE 16               /* one connection in so many possible ones: others are passed over */

static gboolean
setup (RnnCell *cell, GError **error)
{
  Esn *e = (Esn *) cell;
  gint N = e->hidden;

  e->w_in = rnn_cell_add_matrix (cell, "Win", N, cell->n_in + 1, e->input_scale);
  e->w = rnn_cell_add_matrix (cell, "W", N, N, 0);
  e->w_in->fixed = e->w->fixed = TRUE;
  cell->n_out = (e->skip ? cell->n_in : 0) + N;
  rnn_cell_add_state (cell, "x", N);
  cell->n_tape = N;
  cell->n_scratch = (guint64) cell->n_in + 1 + N;         /* [1; u] or its gradient, pre-activations or theirs */
  return TRUE;
}

/* ---- the start ---- */

/* W by its rows; where it is sparse, by what is not 0 of them: column[first[i]] to column[first[i + 1] - 1]. */
typedef struct {
  gint N;
  const gfloat *W;
  gsize *first;                 /* [N + 1]; NULL: as it is */
  guint *column;
} Reservoir;

static void
take_nonzero (Reservoir *r)
{
  GArray *columns = g_array_new (FALSE, FALSE, sizeof (guint));

  r->first = g_new (gsize, r->N + 1);
  for (guint i = 0; i < (guint) r->N; i++) {
    r->first[i] = columns->len;
    for (guint j = 0; j < (guint) r->N; j++)
      if (r->W[(gsize) i * r->N + j] != 0)
        g_array_append_val (columns, j);
  }
  r->first[r->N] = columns->len;
  r->column = (guint *) g_array_free (columns, FALSE);
}

/* y = W x */
static void
multiply (const Reservoir *r, const gfloat *x, gfloat *y)
{
  for (gint i = 0; i < r->N; i++) {
    const gfloat *row = r->W + (gsize) i * r->N;

    if (!r->first) {
      y[i] = rnn_kernels ()->dot (r->N, row, x);
      continue;
    }
    y[i] = 0;
    for (gsize k = r->first[i]; k < r->first[i + 1]; k++)
      y[i] += row[r->column[k]] * x[r->column[k]];
  }
}

/* Largest magnitude of an eigenvalue: how much W^k x grows per step, once x has forgotten where it came from.  Of a large
 * reservoir fewer steps are taken, so that none takes minutes. */
static gdouble
growth (const Reservoir *r, RnnRng *rng)
{
  const gint N = r->N;
  const gint COUNT = (gint) CLAMP (WORK / ((gint64) N * N), 50, 500), FORGET = COUNT / 5;
  g_autofree gfloat *x = g_new (gfloat, N), *y = g_new (gfloat, N);
  gdouble sum = 0;

  for (gint i = 0; i < N; i++)
    x[i] = rnn_rng_normal (rng);
  for (gint k = 0; k < FORGET + COUNT; k++) {
    gfloat norm;

    multiply (r, x, y);
    norm = sqrtf (rnn_kernels ()->dot (N, y, y));
    if (norm == 0)
      return 0;
    sum += k >= FORGET ? log (norm) : 0;
    rnn_kernels ()->scale (N, 1 / norm, y);
    memcpy (x, y, N * sizeof (gfloat));
  }
  return exp (sum / COUNT);
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  Esn *e = (Esn *) cell;
  gint N = e->hidden;
  Reservoir reservoir = {.N = N,.W = e->w->data };
  gdouble radius;

  for (gsize i = 0; i < e->w->size; i++)
    e->w->data[i] = rnn_rng_below (rng, N) < (guint) e->connections ? 2 * rnn_rng_uniform (rng) - 1 : 0;
  if (e->connections <= N / SPARSE)
    take_nonzero (&reservoir);
  radius = growth (&reservoir, rng);
  g_free (reservoir.first);
  g_free (reservoir.column);
  for (gsize i = 0; radius > 0 && i < e->w->size; i++)
    e->w->data[i] *= (gfloat) (e->spectral_radius / radius);
}

/* ---- running ---- */

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Esn *e = (const Esn *) cell;
  gint N = e->hidden, I = cell->n_in, B = run->B, n = run->T * B, skip = cell->n_out - N;
  gfloat *scratch = run->scratch, *u = rnn_take (&scratch, (gsize) n * (I + 1)), *z = run->tape ? run->tape : scratch;

  for (gint row = 0; row < n; row++)
    u[row * (I + 1)] = 1;
  rnn_copy_rows (n, I, run->x, I, u + 1, I + 1);
  rnn_linear (e->w_in, n, u, I + 1, z, N, FALSE);
  rnn_copy_rows (n, skip, run->x, I, run->y, cell->n_out);
  for (gint t = 0; t < run->T; t++) {
    gfloat *z_t = z + (gsize) t * B * N;

    rnn_linear (e->w, B, run->state, run->state_stride, z_t, N, TRUE);
    rnn_kernels ()->tanh (B * N, z_t, z_t);
    for (gint b = 0; b < B; b++) {
      gfloat *x = RNN_STATE_ROW (run->state, run, b);

      rnn_kernels ()->scale (N, 1 - e->leak, x);
      rnn_kernels ()->axpy (N, e->leak, z_t + (gsize) b * N, x);
    }
    rnn_copy_rows (B, N, run->state, run->state_stride, run->y + (gsize) t * B * cell->n_out + skip, cell->n_out);
  }
}

/* Of the input and the entry state; Win and W are fixed. */
static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Esn *e = (const Esn *) cell;
  const RnnKernels *k = rnn_kernels ();
  gint N = e->hidden, I = cell->n_in, B = run->B, n = run->T * B, skip = cell->n_out - N;
  gfloat *scratch = run->scratch, *dz = rnn_take (&scratch, (gsize) n * N), *du = scratch;

  for (gint t = run->T - 1; t >= 0; t--) {
    for (gint b = 0; b < B; b++) {
      gsize row = (gsize) t * B + b;
      gfloat *dx = RNN_STATE_ROW (grad->dstate, run, b), *d = dz + row * N;
      const gfloat *y = run->tape + row * N;

      k->add (N, grad->dy + row * cell->n_out + skip, dx);
      for (gint i = 0; i < N; i++)
        d[i] = e->leak * dx[i] * (1 - y[i] * y[i]);
      k->scale (N, 1 - e->leak, dx);
    }
    rnn_linear_dx (e->w, B, dz + (gsize) t * B * N, N, grad->dstate, run->state_stride, TRUE);
  }
  if (!grad->dx)
    return;
  rnn_linear_dx (e->w_in, n, dz, N, du, I + 1, FALSE);
  rnn_copy_rows (n, I, du + 1, I + 1, grad->dx, I);
  for (gint row = 0; skip && row < n; row++)
    k->add (I, grad->dy + (gsize) row * cell->n_out, grad->dx + (gsize) row * I);
}

const RnnCellClass rnn_cell_esn = {
  .name = "esn",
  .summary = "echo state network: a fixed random reservoir (Jaeger 2001)",
  .instance_size = sizeof (Esn),
  .options = options,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
