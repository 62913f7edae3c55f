/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linear attention (Katharopoulos et al. 2020), the AttentionLayer of fast-transformers with the names of its tensors:
 *
 *   q, k, v = phi (W_q x + b_q), phi (W_k x + b_k), W_v x + b_v          phi (a) = elu (a) + 1
 *   S_t     = S_{t-1} + k v^T,  z_t = z_{t-1} + k                        per head
 *   y_t     = W_o (S_t^T q / (z_t q + eps)) + b_o
 *
 * project = false: each step's input is q, k, v (before phi), the output what W_o would see.
 *
 * State: S [heads][K][V], z [heads][K].  Tape, over the whole call: q, k (after phi), v [heads (2 K + V)], what W_o
 * sees [heads V], z_t q + eps [heads]; each [T][B]. */
#include "memory.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint heads, key_size, value_size;
  gboolean project;
  gfloat eps;
  RnnMemory memory;
  struct {
    RnnParam *w, *b;
  } q, k, v, out;
} LinAttn;

static const RnnOption options[] = {
  RNN_OPT_INT (LinAttn, heads, 1, 65536, 1, "attention heads"),
  RNN_OPT_INT (LinAttn, key_size, 0, 65536, 0, "values of a head's q and k; 0: of all heads as many as inputs"),
  RNN_OPT_INT (LinAttn, value_size, 0, 65536, 0, "values of a head's v; 0: of all heads as many as inputs"),
  RNN_OPT_BOOL (LinAttn, project, TRUE, "project the input; else it is q, k and v"),
  RNN_OPT_FLOAT (LinAttn, eps, 0, 1, 1e-6, "added to the denominator"),
  {NULL}
};

#define MAX_VALUES (1 << 20)    /* of all heads */

/* K and V of a head, as asked for or as the input suggests. */
static gboolean
get_sizes (LinAttn *a, gint *K, gint *V)
{
  gint each = a->cell.n_in / a->heads;

  *K = a->key_size ? a->key_size : a->project ? each : each / 3;
  *V = a->value_size ? a->value_size : a->project ? each : each - 2 * *K;
  if (*K < 1 || *V < 1)
    return FALSE;
  return a->project ? (a->key_size && a->value_size) || a->cell.n_in % a->heads == 0
      : a->cell.n_in == a->heads * (2 * *K + *V);
}

#define ADD(f, name, rows, cols, bound) \
  f.w = rnn_cell_add_matrix (cell, name ".weight", rows, cols, bound); \
  f.b = rnn_cell_add_vector (cell, name ".bias", rows, bound)

static gboolean
setup (RnnCell *cell, GError **error)
{
  LinAttn *a = (LinAttn *) cell;
  gint H = a->heads, E = cell->n_in, K, V;
  gfloat bound = 1 / sqrtf (E);

  if (!get_sizes (a, &K, &V)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "linattn: %d values do not divide into %d heads", E, H);
    return FALSE;
  }
  if ((gint64) H * MAX (K, V) > MAX_VALUES) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "linattn: more than %d keys or values", MAX_VALUES);
    return FALSE;
  }
  if (a->project) {
    ADD (a->q, "query_projection", H * K, E, bound);
    ADD (a->k, "key_projection", H * K, E, bound);
    ADD (a->v, "value_projection", H * V, E, bound);
    ADD (a->out, "out_projection", E, H * V, 1 / sqrtf (H * V));
  }
  a->memory = (RnnMemory) { .heads = H, .groups = H, .K = K, .V = V };
  cell->n_out = a->project ? E : H * V;
  rnn_cell_add_state (cell, "S", (guint64) H * K * V);
  rnn_cell_add_state (cell, "z", (guint64) H * K);
  cell->n_tape = (guint64) H * (2 * K + 2 * V + 1);
  cell->n_scratch = cell->n_tape + MAX (K, V);  /* the tape's arrays or their gradients, one row of S or z */
  return TRUE;
}

/* The tape's arrays, or their gradients. */
typedef struct {
  gfloat *qkv, *o, *den;
  gsize ld;                     /* of qkv's rows */
} Areas;

static Areas
take_areas (const LinAttn *a, const RnnRun *run, gfloat **area)
{
  gsize n = (gsize) run->T * run->B, H = a->heads, ld = H * (2 * a->memory.K + a->memory.V);
  gfloat *qkv = rnn_take (area, n * ld), *o = rnn_take (area, n * H * a->memory.V);

  return (Areas) { qkv, o, rnn_take (area, n * H), ld };
}

static RnnMemoryRows
memory_rows (const LinAttn *a, const Areas *at)
{
  gfloat *k = at->qkv + a->heads * a->memory.K;

  return (RnnMemoryRows) { .q = at->qkv, .k = k, .v = k + a->heads * a->memory.K, .o = at->o,
    .ldq = at->ld, .ldk = at->ld, .ldv = at->ld, .ldo = a->heads * a->memory.V };
}

/* phi (a) = exp (a) up to 0, 1 + a from there on */
static void
feature_map (gint n, gfloat *x)
{
  gfloat low[64];

  for (gint i = 0; i < n; i += 64) {
    gint size = MIN (64, n - i);

    for (gint j = 0; j < size; j++)
      low[j] = MIN (x[i + j], 0);
    rnn_kernels ()->exp (size, low, low);
    for (gint j = 0; j < size; j++)
      x[i + j] = low[j] + MAX (x[i + j], 0);
  }
}

static void
input_part (const LinAttn *a, const RnnRun *run, const RnnMemoryRows *rows)
{
  gint n = run->T * run->B, E = a->cell.n_in, keys = a->heads * a->memory.K, values = a->heads * a->memory.V;

  if (a->project) {
    rnn_bias (a->q.b, n, keys, rows->q, rows->ldq, FALSE);
    rnn_bias (a->k.b, n, keys, rows->k, rows->ldk, FALSE);
    rnn_bias (a->v.b, n, values, rows->v, rows->ldv, FALSE);
    rnn_linear (a->q.w, n, run->x, E, rows->q, rows->ldq, TRUE);
    rnn_linear (a->k.w, n, run->x, E, rows->k, rows->ldk, TRUE);
    rnn_linear (a->v.w, n, run->x, E, rows->v, rows->ldv, TRUE);
  } else {
    memcpy (rows->q, run->x, (gsize) n * E * sizeof (gfloat));
  }
  for (gint row = 0; row < n; row++)
    feature_map (2 * keys, rows->q + row * rows->ldq);
}

/* z of head h in stream b; @states: of the run, or their gradients */
static gfloat *
z_of (const LinAttn *a, const RnnRun *run, gfloat *states, gint b, gint h)
{
  return RNN_STATE_ROW (states, run, b) + (gsize) a->heads * a->memory.K * a->memory.V + (gsize) h * a->memory.K;
}

/* z, the denominators, and the division. */
static void
normalise (const LinAttn *a, const RnnRun *run, const RnnMemoryRows *rows, gfloat *den)
{
  const RnnKernels *kernels = rnn_kernels ();
  gint H = a->heads, K = a->memory.K, V = a->memory.V;

  for (gint row = 0; row < run->T * run->B; row++)
    for (gint h = 0; h < H; h++) {
      gfloat *z = z_of (a, run, run->state, row % run->B, h), *d = den + (gsize) row * H + h;

      kernels->add (K, rows->k + row * rows->ldk + h * K, z);
      *d = kernels->dot (K, rows->q + row * rows->ldq + h * K, z) + a->eps;
      kernels->scale (V, 1 / *d, rows->o + row * rows->ldo + h * V);
    }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const LinAttn *a = (const LinAttn *) cell;
  gint n = run->T * run->B, E = cell->n_in, values = a->heads * a->memory.V;
  gfloat *base = run->tape ? run->tape : run->scratch;
  Areas at = take_areas (a, run, &base);
  RnnMemoryRows rows = memory_rows (a, &at);

  input_part (a, run, &rows);
  rnn_memory_forward (&a->memory, run, &rows);
  normalise (a, run, &rows, at.den);
  if (a->project) {
    rnn_bias (a->out.b, n, E, run->y, E, FALSE);
    rnn_linear (a->out.w, n, at.o, values, run->y, E, TRUE);
  } else {
    memcpy (run->y, at.o, (gsize) n * values * sizeof (gfloat));
  }
}

/* ---- backward ---- */

/* y = o / den: the gradients of o (in place) and den. */
static void
normalise_back (const LinAttn *a, gint n, const Areas *at, const Areas *d)
{
  gint V = a->memory.V;

  for (gint i = 0; i < n * a->heads; i++) {
    gsize o = (gsize) i * V;

    d->den[i] = -rnn_kernels ()->dot (V, d->o + o, at->o + o) / at->den[i];
    rnn_kernels ()->scale (V, 1 / at->den[i], d->o + o);
  }
}

/* den = z q: replays z of one head of one stream, [T][K] of @work, and goes back through it. */
static void
denominator_back (const LinAttn *a, const RnnRun *run, const RnnGrad *grad, gint b, gint h, const RnnMemoryRows *x,
    const RnnMemoryRows *d, const gfloat *dden, gfloat *work)
{
  const RnnKernels *kernels = rnn_kernels ();
  gint K = a->memory.K;
  const gfloat *before = z_of (a, run, run->state, b, h);
  gfloat *dz = z_of (a, run, grad->dstate, b, h), *z = work;

  for (gint t = 0; t < run->T; t++, before = z, z += K) {
    memcpy (z, before, K * sizeof (gfloat));
    kernels->add (K, x->k + ((gsize) t * run->B + b) * x->ldk + h * K, z);
  }
  for (gint t = run->T - 1; t >= 0; t--) {
    gsize row = (gsize) t * run->B + b;

    z -= K;
    kernels->axpy (K, dden[row * a->heads + h], x->q + row * x->ldq + h * K, dz);
    kernels->axpy (K, dden[row * a->heads + h], z, d->q + row * d->ldq + h * K);
    kernels->add (K, dz, d->k + row * d->ldk + h * K);
  }
}

static void
input_back (const LinAttn *a, const RnnRun *run, const RnnGrad *grad, const RnnMemoryRows *x, const RnnMemoryRows *d)
{
  gint n = run->T * run->B, E = a->cell.n_in, keys = a->heads * a->memory.K;
  const struct {
    const RnnParam *w, *b;
    const gfloat *dy;
  } inputs[] = { { a->q.w, a->q.b, d->q }, { a->k.w, a->k.b, d->k }, { a->v.w, a->v.b, d->v } };

  for (gint row = 0; row < n; row++)
    for (gint i = 0; i < 2 * keys; i++)
      d->q[row * d->ldq + i] *= MIN (x->q[row * x->ldq + i], 1);
  for (guint i = 0; a->project && i < G_N_ELEMENTS (inputs); i++) {
    rnn_bias_dw (inputs[i].b, n, inputs[i].dy, d->ldq, grad->dparam);
    rnn_linear_dw (inputs[i].w, n, run->x, E, inputs[i].dy, d->ldq, grad->dparam);
    if (grad->dx)
      rnn_linear_dx (inputs[i].w, n, inputs[i].dy, d->ldq, grad->dx, E, i > 0);
  }
  if (!a->project && grad->dx)
    memcpy (grad->dx, d->q, (gsize) n * E * sizeof (gfloat));
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const LinAttn *a = (const LinAttn *) cell;
  gint n = run->T * run->B, E = cell->n_in, values = a->heads * a->memory.V;
  gfloat *tape = run->tape, *work = run->scratch;
  Areas at = take_areas (a, run, &tape), dat = take_areas (a, run, &work);
  RnnMemoryRows x = memory_rows (a, &at), d = memory_rows (a, &dat);

  memset (dat.qkv, 0, n * dat.ld * sizeof (gfloat));
  if (a->project) {
    rnn_bias_dw (a->out.b, n, grad->dy, E, grad->dparam);
    rnn_linear_dw (a->out.w, n, at.o, values, grad->dy, E, grad->dparam);
    rnn_linear_dx (a->out.w, n, grad->dy, E, dat.o, values, FALSE);
  } else {
    memcpy (dat.o, grad->dy, (gsize) n * values * sizeof (gfloat));
  }
  normalise_back (a, n, &at, &dat);
  rnn_memory_backward (&a->memory, run, &x, &d, grad->dstate, work);
  for (gint b = 0; b < run->B; b++)
    for (gint h = 0; h < a->heads; h++)
      denominator_back (a, run, grad, b, h, &x, &d, dat.den, work);
  input_back (a, run, grad, &x, &d);
}

const RnnCellClass rnn_cell_linattn = {
  .name = "linattn",
  .summary = "linear attention (Katharopoulos et al. 2020)",
  .instance_size = sizeof (LinAttn),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
