/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Retention, the core of RetNet (Sun et al. 2023): a matrix memory with a fixed decay per head, from 1 - 2^-5 on.
 *
 *   S_t = gamma S_{t-1} + k_t v_t^T              [K][V] per head h; gamma = 1 - 2^(-5 - h)
 *   y_t = S_t^T q_t
 *
 * Each step's input is q [heads][K], k [heads][K], v [heads][V], one after the other.
 *
 * State: S [heads][K][V].  No tape: see memory.h. */
#include "memory.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint heads, key_size;
  RnnMemory memory;
  gfloat *gamma;                /* [heads] */
} Retention;

static const RnnOption options[] = {
  RNN_OPT_INT (Retention, heads, 1, 1024, 1, "heads, each with a decay of its own"),
  RNN_OPT_INT (Retention, key_size, 0, 65536, 0, "values of a head's q and k; 0: as many as of v"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Retention *r = (Retention *) cell;
  gint H = r->heads, K = r->key_size ? r->key_size : cell->n_in / (3 * H), V = cell->n_in / H - 2 * K;

  if (K < 1 || V < 1 || cell->n_in % H || (!r->key_size && V != K)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "retention: %d values are not q, k and v of %d heads",
        cell->n_in, H);
    return FALSE;
  }
  r->memory = (RnnMemory) { .heads = H, .groups = H, .K = K, .V = V };
  r->gamma = g_new (gfloat, H);
  for (gint h = 0; h < H; h++)
    r->gamma[h] = 1 - exp2f (-5 - h);
  cell->n_out = H * V;
  rnn_cell_add_state (cell, "S", (guint64) H * K * V);
  cell->n_scratch = (guint64) V + cell->n_in;     /* backward: a row of S, d x */
  return TRUE;
}

static void
finalize (RnnCell *cell)
{
  g_free (((Retention *) cell)->gamma);
}

/* @x: rows like the input's, @y: like the output's, or their gradients */
static RnnMemoryRows
memory_rows (const Retention *r, const gfloat *x, const gfloat *y, gfloat *gamma)
{
  gfloat *q = (gfloat *) x, *k = q + r->heads * r->memory.K;
  gsize n_in = r->cell.n_in, n_out = r->cell.n_out;

  return (RnnMemoryRows) { .q = q, .k = k, .v = k + r->heads * r->memory.K, .o = (gfloat *) y, .a = gamma,
    .ldq = n_in, .ldk = n_in, .ldv = n_in, .ldo = n_out, .lda = 0 };
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Retention *r = (const Retention *) cell;
  RnnMemoryRows rows = memory_rows (r, run->x, run->y, r->gamma);

  rnn_memory_forward (&r->memory, run, &rows);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Retention *r = (const Retention *) cell;
  gsize n = (gsize) run->T * run->B;
  gfloat *work = run->scratch, *dx = grad->dx ? grad->dx : work + n * r->memory.V;
  RnnMemoryRows rows = memory_rows (r, run->x, run->y, r->gamma), drows = memory_rows (r, dx, grad->dy, NULL);

  memset (dx, 0, n * cell->n_in * sizeof (gfloat));
  rnn_memory_backward (&r->memory, run, &rows, &drows, grad->dstate, work);
}

const RnnCellClass rnn_cell_retention = {
  .name = "retention",
  .summary = "retention (RetNet): a matrix memory with a fixed decay per head",
  .instance_size = sizeof (Retention),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
  .finalize = finalize,
};
