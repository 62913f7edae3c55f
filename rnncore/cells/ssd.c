/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State space duality, the core of Mamba-2 (Dao & Gu 2024): a matrix memory whose decay depends on the input.
 *
 *   delta = softplus (d_t + dt_bias), clamped            one per head
 *   h_t   = exp (delta A) h_{t-1} + B_t (delta x_t)^T    A = -exp (A_log); [N][P] per head
 *   y_t   = h_t^T C_t + D x_t                            heads share B and C in groups
 *
 * Each step's input is x [heads][P], B [groups][N], C [groups][N], d [heads], one after the other.
 *
 * State: h [heads][N][P].  Tape, over the whole call: delta [heads], exp (delta A) [heads], delta x [heads][P]; each
 * [T][B]. */
#include "activation.h"
#include "memory.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint heads, groups, d_state;
  gfloat delta_min, delta_max;
  RnnMemory memory;             /* K = N, V = P */
  RnnParam *A_log, *D, *bias;
} Ssd;

static const RnnOption options[] = {
  RNN_OPT_INT (Ssd, heads, 1, 65536, 1, "heads, each with a decay of its own"),
  RNN_OPT_INT (Ssd, groups, 1, 65536, 1, "groups of heads that share B and C"),
  RNN_OPT_INT (Ssd, d_state, 1, 4096, 1, "states per value"),
  RNN_OPT_FLOAT (Ssd, delta_min, 0, 1e9, 0, "delta is at least this"),
  RNN_OPT_FLOAT (Ssd, delta_max, 0, 1e9, 1e9, "delta is at most this"),
  {NULL}
};

static const RnnActivation softplus = { RNN_ACT_SOFTPLUS };

static gboolean
setup (RnnCell *cell, GError **error)
{
  Ssd *s = (Ssd *) cell;
  gint H = s->heads, width = cell->n_in - 2 * s->groups * s->d_state - H;

  if (width < H || width % H || H % s->groups) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "ssd: %d values are not x, B, C and delta of %d heads in %d groups "
        "of %d states", cell->n_in, H, s->groups, s->d_state);
    return FALSE;
  }
  s->A_log = rnn_cell_add_vector (cell, "A_log", H, 0);
  s->D = rnn_cell_add_vector (cell, "D", H, 0);
  s->D->init_value = 1;
  s->bias = rnn_cell_add_vector (cell, "dt_bias", H, 0);
  s->memory = (RnnMemory) { .heads = H, .groups = s->groups, .K = s->d_state, .V = width / H };
  cell->n_out = width;
  rnn_cell_add_state (cell, "h", (guint64) s->d_state * width);
  cell->n_tape = 2 * (guint64) H + width;
  cell->n_scratch = cell->n_tape + s->memory.V + cell->n_in;    /* the tape's, or their gradients; a row of h; d x */
  return TRUE;
}

/* A between -1 and -16; softplus (dt_bias) between 0.001 and 0.1, uniform in its logarithm. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  Ssd *s = (Ssd *) cell;

  for (gint h = 0; h < s->heads; h++) {
    gfloat delta = expf (logf (0.001f) + rnn_rng_uniform (rng) * logf (100));

    s->A_log->data[h] = logf (1 + 15 * rnn_rng_uniform (rng));
    s->bias->data[h] = logf (expm1f (delta));
  }
}

/* The tape's arrays, or their gradients. */
typedef struct {
  gfloat *delta, *a, *v;
} Areas;

static Areas
take_areas (const Ssd *s, const RnnRun *run, gfloat **area)
{
  gsize n = (gsize) run->T * run->B;
  gfloat *delta = rnn_take (area, n * s->heads), *a = rnn_take (area, n * s->heads);

  return (Areas) { delta, a, rnn_take (area, n * s->cell.n_out) };
}

/* @x: rows like the input's, or their gradients; @y [n_out] */
static RnnMemoryRows
memory_rows (const Ssd *s, const Areas *a, const gfloat *x, const gfloat *y)
{
  gfloat *B = (gfloat *) x + s->cell.n_out;
  gsize n_in = s->cell.n_in, n_out = s->cell.n_out;

  return (RnnMemoryRows) { .q = B + s->groups * s->d_state, .k = B, .v = a->v, .o = (gfloat *) y, .a = a->a,
    .ldq = n_in, .ldk = n_in, .ldv = n_out, .ldo = n_out, .lda = s->heads };
}

/* delta, a and v of one row */
static void
prepare (const Ssd *s, const Areas *areas, gsize row, const gfloat *x)
{
  gint H = s->heads, P = s->memory.V;
  gfloat *delta = areas->delta + row * H, *a = areas->a + row * H, *v = areas->v + row * s->cell.n_out;

  memcpy (delta, x + s->cell.n_in - H, H * sizeof (gfloat));
  rnn_kernels ()->add (H, s->bias->data, delta);
  rnn_activate (&softplus, H, delta, delta);
  memcpy (v, x, s->cell.n_out * sizeof (gfloat));
  for (gint h = 0; h < H; h++) {
    delta[h] = CLAMP (delta[h], s->delta_min, s->delta_max);
    a[h] = delta[h] * -expf (s->A_log->data[h]);
    rnn_kernels ()->scale (P, delta[h], v + h * P);
  }
  rnn_kernels ()->exp (H, a, a);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Ssd *s = (const Ssd *) cell;
  gint P = s->memory.V, n = run->T * run->B;
  gfloat *base = run->tape ? run->tape : run->scratch;
  Areas a = take_areas (s, run, &base);
  RnnMemoryRows rows = memory_rows (s, &a, run->x, run->y);

  for (gint row = 0; row < n; row++)
    prepare (s, &a, row, run->x + (gsize) row * cell->n_in);
  rnn_memory_forward (&s->memory, run, &rows);
  for (gint row = 0; row < n; row++)
    for (gint h = 0; h < s->heads; h++)
      rnn_kernels ()->axpy (P, s->D->data[h], run->x + (gsize) row * cell->n_in + h * P,
          run->y + (gsize) row * cell->n_out + h * P);
}

/* One head of one row: v = delta x, a = exp (delta A), y = ... + D x */
static void
head_back (const Ssd *s, const Areas *a, const Areas *d, gsize row, gint h, const gfloat *x, const gfloat *dy,
    gfloat *dx, gfloat *dparam)
{
  const RnnKernels *k = rnn_kernels ();
  gint P = s->memory.V;
  gsize at = row * s->heads + h;
  const gfloat *dv = d->v + at * P;
  gfloat A = -expf (s->A_log->data[h]), delta = a->delta[at], dlog = d->a[at] * a->a[at];
  gboolean clamped = delta <= s->delta_min || delta >= s->delta_max;

  dparam[s->D->offset + h] += k->dot (P, dy + h * P, x + h * P);
  dparam[s->A_log->offset + h] += dlog * delta * A;
  d->delta[at] = clamped ? 0 : k->dot (P, dv, x + h * P) + dlog * A;
  k->axpy (P, delta, dv, dx + h * P);
  k->axpy (P, s->D->data[h], dy + h * P, dx + h * P);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Ssd *s = (const Ssd *) cell;
  gint H = s->heads, n = run->T * run->B;
  gfloat *tape = run->tape, *scratch = run->scratch;
  Areas a = take_areas (s, run, &tape), d = take_areas (s, run, &scratch);
  gfloat *work = rnn_take (&scratch, (gsize) n * s->memory.V), *dx = grad->dx ? grad->dx : scratch;
  RnnMemoryRows rows = memory_rows (s, &a, run->x, run->y), drows = memory_rows (s, &d, dx, grad->dy);

  memset (run->scratch, 0, (gsize) n * cell->n_tape * sizeof (gfloat));
  memset (dx, 0, (gsize) n * cell->n_in * sizeof (gfloat));
  rnn_memory_backward (&s->memory, run, &rows, &drows, grad->dstate, work);
  for (gsize row = 0; row < (gsize) n; row++)
    for (gint h = 0; h < H; h++)
      head_back (s, &a, &d, row, h, run->x + row * cell->n_in, grad->dy + row * cell->n_out, dx + row * cell->n_in,
          grad->dparam);
  rnn_activate_grad (&softplus, n * H, NULL, a.delta, d.delta);
  rnn_bias_dw (s->bias, n, d.delta, H, grad->dparam);
  rnn_copy_rows (n, H, d.delta, H, dx + cell->n_in - H, cell->n_in);
}

const RnnCellClass rnn_cell_ssd = {
  .name = "ssd",
  .summary = "state space duality (Mamba-2): a matrix memory with a decay per head and step",
  .instance_size = sizeof (Ssd),
  .options = options,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
