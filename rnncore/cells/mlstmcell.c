/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mLSTM, the recurrence (Beck et al. 2024, xLSTM): per head a matrix C and a vector n that decay and take in keys, with
 * exponential gates i, f that are kept in range by m:
 *
 *   m_t = max (i, m_{t-1} + log sigma (f))
 *   i' = exp (i - m_t),  f' = exp (m_{t-1} + log sigma (f) - m_t)
 *   C_t = f' C_{t-1} + i' k v^T / sqrt K,  n_t = f' n_{t-1} + i' k / sqrt K
 *   y_t = C_t^T q / (max (|n_t . q|, exp (-m_t)) + eps)
 *
 * Input: q [heads][K], k [heads][K], v [heads][V], i [heads], f [heads].  No parameters.
 *
 * State: C [heads][K][V], n [heads][K], m [heads].  Tape, over the whole call: f', i', m, n . q, each [heads], then
 * i' k / sqrt K and n, each [heads][K]; each [T][B]. */
#include "cell.h"
#include "memory.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint heads, qk;
  gfloat eps;
  gint value;                   /* V */
} MlstmCell;

static const RnnOption options[] = {
  RNN_OPT_INT (MlstmCell, heads, 1, 65536, 1, "matrices"),
  RNN_OPT_INT (MlstmCell, qk, 0, 65536, 0, "K, values per query and key; 0: as many as per value, or just below"),
  RNN_OPT_FLOAT (MlstmCell, eps, 0, 1, 1e-6, "added to the divisor"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  MlstmCell *c = (MlstmCell *) cell;
  gint per_head = cell->n_in / c->heads - 2, K = c->qk ? c->qk : per_head / 3;
  guint64 keys = (guint64) c->heads * K;

  c->qk = K;
  c->value = per_head - 2 * K;
  if (cell->n_in % c->heads || K < 1 || c->value < 1) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "mlstmcell: %d inputs are not 2 x %d + V + 2 for each of %d heads",
        cell->n_in, K, c->heads);
    return FALSE;
  }
  cell->n_out = c->heads * c->value;
  rnn_cell_add_state (cell, "C", keys * c->value);
  rnn_cell_add_state (cell, "n", keys);
  rnn_cell_add_state (cell, "m", c->heads);
  cell->n_tape = 4 * (guint64) c->heads + 2 * keys;
  /* forward: the tape's; backward: Gradients, d input if nobody wants it, a row of C or n */
  cell->n_scratch = 2 * (guint64) c->heads + 2 * keys + cell->n_out + cell->n_in + MAX (K, c->value);
  cell->n_scratch = MAX (cell->n_scratch, cell->n_tape);
  return TRUE;
}

/* The arrays of the tape (or, without one, of the scratch); each [T][B][...]. */
typedef struct {
  gfloat *f, *i, *m, *nq;       /* [heads] */
  gfloat *k, *n;                /* [heads][K] */
} Areas;

static Areas
areas (const MlstmCell *c, const RnnRun *run)
{
  gsize n = (gsize) run->T * run->B * c->heads;
  gfloat *at = run->tape ? run->tape : run->scratch;

  return (Areas) { rnn_take (&at, n), rnn_take (&at, n), rnn_take (&at, n), rnn_take (&at, n),
    rnn_take (&at, n * c->qk), rnn_take (&at, n * c->qk) };
}

/* Where things begin in a row of the input and in a stream's state. */
static gint
keys_size (const MlstmCell *c)
{
  return c->heads * c->qk;
}

static gint
gates_at (const MlstmCell *c)
{
  return c->cell.n_in - 2 * c->heads;
}

static gsize
max_at (const MlstmCell *c)
{
  return c->cell.n_state - c->heads;
}

/* One head of one stream: f', i', m and the gated key of every step. */
static void
gate (const MlstmCell *c, const RnnRun *run, const Areas *a, gint b, gint h)
{
  gint n_in = c->cell.n_in, K = c->qk;
  gfloat *m = RNN_STATE_ROW (run->state, run, b) + max_at (c) + h, scale = 1 / sqrtf (K);

  for (gint t = 0; t < run->T; t++) {
    gsize row = (gsize) t * run->B + b, at = row * c->heads + h;
    const gfloat *x = run->x + row * n_in, *k = x + keys_size (c) + h * K;
    gfloat i = x[gates_at (c) + h], f = x[gates_at (c) + c->heads + h];
    gfloat kept = *m + (MIN (f, 0) - log1pf (expf (-fabsf (f))));

    a->m[at] = *m = MAX (i, kept);
    a->f[at] = expf (kept - *m);
    a->i[at] = expf (i - *m);
    for (gint j = 0; j < K; j++)
      a->k[at * K + j] = k[j] * (a->i[at] * scale);
  }
}

/* C as a memory; n too: a matrix of one row whose values are the keys, and whose output is itself. */
static RnnMemory
matrix_of (const MlstmCell *c)
{
  return (RnnMemory) { .heads = c->heads, .groups = c->heads, .K = c->qk, .V = c->value };
}

static RnnMemory
norm_of (const MlstmCell *c)
{
  return (RnnMemory) { .heads = c->heads, .groups = 1, .K = 1, .V = c->qk,
    .offset = (gsize) c->heads * c->qk * c->value };
}

static const gfloat one = 1;

static RnnMemoryRows
matrix_rows (const MlstmCell *c, gfloat *x, const Areas *a, gfloat *o)
{
  return (RnnMemoryRows) { .q = x, .ldq = c->cell.n_in, .k = a->k, .ldk = keys_size (c), .v = x + 2 * keys_size (c),
    .ldv = c->cell.n_in, .o = o, .ldo = c->cell.n_out, .a = a->f, .lda = c->heads };
}

static RnnMemoryRows
norm_rows (const MlstmCell *c, const Areas *a)
{
  return (RnnMemoryRows) { .q = (gfloat *) &one, .k = (gfloat *) &one, .v = a->k, .ldv = keys_size (c), .o = a->n,
    .ldo = keys_size (c), .a = a->f, .lda = c->heads };
}

static gfloat
divisor (const MlstmCell *c, gfloat nq, gfloat m)
{
  return MAX (fabsf (nq), expf (-m)) + c->eps;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const MlstmCell *c = (const MlstmCell *) cell;
  gint K = c->qk, V = c->value, n = run->T * run->B;
  Areas a = areas (c, run);
  RnnMemory matrix = matrix_of (c), norm = norm_of (c);
  RnnMemoryRows of_matrix = matrix_rows (c, (gfloat *) run->x, &a, run->y), of_norm = norm_rows (c, &a);

  for (gint b = 0; b < run->B; b++)
    for (gint h = 0; h < c->heads; h++)
      gate (c, run, &a, b, h);
  rnn_memory_forward (&matrix, run, &of_matrix);
  rnn_memory_forward (&norm, run, &of_norm);
  for (gint row = 0; row < n; row++)
    for (gint h = 0; h < c->heads; h++) {
      gsize at = (gsize) row * c->heads + h;

      a.nq[at] = rnn_kernels ()->dot (K, run->x + (gsize) row * cell->n_in + h * K, a.n + at * K);
      rnn_kernels ()->scale (V, 1 / divisor (c, a.nq[at], a.m[at]), run->y + at * V);
    }
}

/* Gradients of the arrays of the same name; o: of C^T q; m: only what reaches it through the divisor. */
typedef struct {
  gfloat *f, *m, *k, *n, *o, *x, *work;
} Gradients;

static Gradients
gradients (const MlstmCell *c, const RnnRun *run, gfloat *dx)
{
  gsize n = (gsize) run->T * run->B, heads = n * c->heads;
  gfloat *at = run->scratch;
  Gradients d = { rnn_take (&at, heads), rnn_take (&at, heads), rnn_take (&at, heads * c->qk),
    rnn_take (&at, heads * c->qk), rnn_take (&at, heads * c->value), dx, NULL };

  if (!dx)
    d.x = rnn_take (&at, n * c->cell.n_in);
  d.work = at;
  memset (run->scratch, 0, (gsize) (d.n - run->scratch) * sizeof (gfloat));
  memset (d.x, 0, n * c->cell.n_in * sizeof (gfloat));
  return d;
}

/* Through the division: d->o, n, m, and the queries' share of n . q. */
static void
divide_back (const MlstmCell *c, const RnnRun *run, const RnnGrad *grad, const Areas *a, const Gradients *d)
{
  const RnnKernels *k = rnn_kernels ();
  gint K = c->qk, V = c->value, n = run->T * run->B;

  for (gint row = 0; row < n; row++)
    for (gint h = 0; h < c->heads; h++) {
      gsize at = (gsize) row * c->heads + h;
      const gfloat *q = run->x + (gsize) row * c->cell.n_in + h * K;
      gfloat nq = a->nq[at], m = a->m[at], by = divisor (c, nq, m);
      gfloat dlog = -k->dot (V, grad->dy + at * V, run->y + at * V);    /* d loss / d log divisor */
      gboolean by_norm = fabsf (nq) >= expf (-m);
      gfloat dnq = by_norm ? (nq < 0 ? -dlog : dlog) / by : 0;

      d->m[at] = by_norm ? 0 : -dlog / (1 + c->eps * expf (m));
      memcpy (d->o + at * V, grad->dy + at * V, (gsize) V * sizeof (gfloat));
      k->scale (V, 1 / by, d->o + at * V);
      memset (d->n + at * K, 0, (gsize) K * sizeof (gfloat));
      k->axpy (K, dnq, q, d->n + at * K);
      k->axpy (K, dnq, a->n + at * K, d->x + (gsize) row * c->cell.n_in + h * K);
    }
}

/* Gradient of gate.  Whichever side m was, its gradient goes to: there the exponent is 0 and the factor 1. */
static void
gate_back (const MlstmCell *c, const RnnRun *run, const Areas *a, const Gradients *d, gfloat *dm, gint b, gint h)
{
  gint n_in = c->cell.n_in, K = c->qk;
  gfloat scale = 1 / sqrtf (K);

  for (gint t = run->T - 1; t >= 0; t--) {
    gsize row = (gsize) t * run->B + b, at = row * c->heads + h;
    gfloat *dx = d->x + row * n_in, *dk = dx + keys_size (c) + h * K;
    gfloat f = run->x[row * n_in + gates_at (c) + c->heads + h];
    gfloat dkept = d->f[at] * a->f[at], di = rnn_kernels ()->dot (K, d->k + at * K, a->k + at * K);
    gfloat dmax = *dm + d->m[at] - dkept - di;

    for (gint j = 0; j < K; j++)
      dk[j] = d->k[at * K + j] * (a->i[at] * scale);
    if (a->f[at] == 1)
      dkept += dmax;
    else
      di += dmax;
    dx[gates_at (c) + h] = di;
    dx[gates_at (c) + c->heads + h] = dkept / (1 + expf (f));
    *dm = dkept;
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const MlstmCell *c = (const MlstmCell *) cell;
  Areas a = areas (c, run);
  Gradients d = gradients (c, run, grad->dx);
  RnnMemory matrix = matrix_of (c), norm = norm_of (c);
  RnnMemoryRows of_matrix = matrix_rows (c, (gfloat *) run->x, &a, run->y), of_norm = norm_rows (c, &a);
  Areas da = { .f = d.f, .k = d.k, .n = d.n };
  RnnMemoryRows d_matrix = matrix_rows (c, d.x, &da, d.o), d_norm = norm_rows (c, &da);
  gfloat unused = 0;

  d_norm.q = d_norm.k = &unused;
  divide_back (c, run, grad, &a, &d);
  rnn_memory_backward (&matrix, run, &of_matrix, &d_matrix, grad->dstate, d.work);
  rnn_memory_backward (&norm, run, &of_norm, &d_norm, grad->dstate, d.work);
  for (gint b = 0; b < run->B; b++)
    for (gint h = 0; h < c->heads; h++)
      gate_back (c, run, &a, &d, RNN_STATE_ROW (grad->dstate, run, b) + max_at (c) + h, b, h);
}

const RnnCellClass rnn_cell_mlstmcell = {
  .name = "mlstmcell",
  .summary = "mLSTM's recurrence: a matrix memory with exponential gates",
  .instance_size = sizeof (MlstmCell),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
