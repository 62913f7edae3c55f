/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mLSTM layer of the xLSTM paper (Beck et al. 2024), with the tensor names of NX-AI's mLSTMLayer:
 *
 *   a, z    = proj_up x                          D = `inner` values each
 *   u       = silu (conv1d a)                    causal, each value for itself
 *   q, k, v = W_q u, W_k u, W_v a                block-diagonal
 *   i, f    = W_i [q k v], W_f [q k v]           one per head
 *   h       = norm (mlstmcell (q, k, v, i, f))   each head for itself, its stored weight is 1 less
 *   y       = proj_down ((h + skip u) silu (z))
 *
 * State: conv1d's, mlstmcell's.  Wires: those of Wires. */
#include "activation.h"
#include "chain.h"
#include "parts.h"
#include "../kernels/kernels.h"
#include <math.h>

enum { Q, K, V, QKV };

typedef struct {
  RnnCell cell;
  gint heads, inner, block, kernel;
  RnnCell *conv, *recurrence, *norm;
  RnnParam *up, *qkv[QKV], *i, *f, *i_bias, *f_bias, *skip, *down;
} Mlstm;

static const RnnOption options[] = {
  RNN_OPT_INT (Mlstm, heads, 1, 65536, 1, "matrices"),
  RNN_OPT_INT (Mlstm, inner, 0, 1 << 18, 0, "values inside; 0: twice the input's, rounded up to a multiple of 64"),
  RNN_OPT_INT (Mlstm, block, 1, 65536, 4, "values that q, k and v mix"),
  RNN_OPT_INT (Mlstm, kernel, 1, 64, 4, "steps that the convolution sees"),
  {NULL}
};

static const gchar *const names[QKV] = { "q_proj.weight", "k_proj.weight", "v_proj.weight" };
static const RnnActivation silu = { RNN_ACT_SILU };

/* A row of what goes into mlstmcell: q, k, v [D], i, f [heads]. */
static gint
row_width (const Mlstm *l)
{
  return QKV * l->inner + 2 * l->heads;
}

static gboolean
add_parts (Mlstm *l, GError **error)
{
  RnnCell *cell = &l->cell;
  gint D = l->inner;

  l->conv = rnn_parts_add (cell, json_pack ("{sssssssbsi}", "cell", "conv1d", "name", "conv1d.conv", "activation",
          "silu", "depthwise", 1, "kernel", l->kernel), D, error);
  l->recurrence = l->conv ? rnn_parts_add (cell, json_pack ("{sssssisi}", "cell", "mlstmcell", "name", "mlstm_cell",
          "heads", l->heads, "qk", D / l->heads), row_width (l), error) : NULL;
  l->norm = l->recurrence ? rnn_parts_add (cell, json_pack ("{sssssisbsb}", "cell", "norm", "name",
          "mlstm_cell.outnorm", "groups", l->heads, "bias", 0, "residual_weight", 1), D, error) : NULL;
  return l->norm != NULL;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Mlstm *l = (Mlstm *) cell;
  gint E = cell->n_in, D = l->inner = l->inner ? l->inner : (2 * E + 63) / 64 * 64;
  gsize wires = 6 * (gsize) D + row_width (l);

  if (D % l->heads || D % l->block) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "mlstm: %d inner values do not divide into %d heads and blocks of "
        "%d", D, l->heads, l->block);
    return FALSE;
  }
  l->up = rnn_cell_add_matrix (cell, "proj_up.weight", 2 * D, E, sqrtf (1.2f / E));
  l->up->groups = 2;
  for (gint p = 0; p < QKV; p++)
    l->qkv[p] = rnn_cell_add_blocks (cell, names[p], D / l->block, l->block, l->block, sqrtf (1.2f / l->block));
  l->i = rnn_cell_add_matrix (cell, "mlstm_cell.igate.weight", l->heads, QKV * D, 0);
  l->i_bias = rnn_cell_add_vector (cell, "mlstm_cell.igate.bias", l->heads, 0.1f);
  l->f = rnn_cell_add_matrix (cell, "mlstm_cell.fgate.weight", l->heads, QKV * D, 0);
  l->f_bias = rnn_cell_add_vector (cell, "mlstm_cell.fgate.bias", l->heads, 0);
  l->skip = rnn_cell_add_vector (cell, "learnable_skip", D, 0);
  l->skip->init_value = 1;
  l->down = rnn_cell_add_matrix (cell, "proj_down.weight", E, D, sqrtf (1.2f / D));
  if (!add_parts (l, error))
    return FALSE;
  cell->n_out = E;
  rnn_parts_sizes (cell, wires, wires);
  return TRUE;
}

/* Forget gates that start open, those of some heads for longer than others'. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  Mlstm *l = (Mlstm *) cell;

  for (gint h = 0; h < l->heads; h++)
    l->f_bias->data[h] = 3 + 3.0f * h / MAX (l->heads - 1, 1);
}

/* The wires, or their gradients; each [T][B][...]. */
typedef struct {
  gfloat *a, *z, *u;            /* [D] */
  gfloat *row;                  /* [row_width] */
  gfloat *c, *h;                /* [D]: of mlstmcell, normalised */
  gfloat *out;                  /* [D]: into proj_down */
} Wires;

static Wires
wires_at (const Mlstm *l, const RnnRun *run, gfloat *at)
{
  gsize steps = (gsize) run->T * run->B, n = steps * l->inner;

  return (Wires) { rnn_take (&at, n), rnn_take (&at, n), rnn_take (&at, n), rnn_take (&at, steps * row_width (l)),
    rnn_take (&at, n), rnn_take (&at, n), at };
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Mlstm *l = (const Mlstm *) cell;
  gint E = cell->n_in, D = l->inner, W = row_width (l), n = run->T * run->B;
  Wires w = wires_at (l, run, rnn_parts_wires (run));
  gfloat *i = w.row + QKV * D, *f = i + l->heads;

  rnn_linear_group (l->up, 0, n, run->x, E, w.a, D, FALSE);
  rnn_linear_group (l->up, 1, n, run->x, E, w.z, D, FALSE);
  rnn_part_forward (cell, l->conv, run, w.a, w.u);
  for (gint p = 0; p < QKV; p++)
    rnn_linear_blocks (l->qkv[p], n, p < V ? w.u : w.a, D, w.row + p * D, W, FALSE);
  rnn_bias (l->i_bias, n, l->heads, i, W, FALSE);
  rnn_linear (l->i, n, w.row, W, i, W, TRUE);
  rnn_bias (l->f_bias, n, l->heads, f, W, FALSE);
  rnn_linear (l->f, n, w.row, W, f, W, TRUE);
  rnn_part_forward (cell, l->recurrence, run, w.row, w.c);
  rnn_part_forward (cell, l->norm, run, w.c, w.h);
  rnn_activate (&silu, n * D, w.z, w.out);
  for (gint j = 0; j < n * D; j++)
    w.out[j] *= w.h[j] + l->skip->data[j % D] * w.u[j];
  rnn_linear (l->down, n, w.out, D, run->y, E, FALSE);
}

/* Back through (h + skip u) silu (z) of one step: d->out in, d->h, u, z out. */
static void
gate_back (const Mlstm *l, gsize at, const Wires *w, const Wires *d, gfloat *dparam)
{
  gint D = l->inner;
  gfloat *dh = d->h + at, *dz = d->z + at, *du = d->u + at;

  rnn_activate (&silu, D, w->z + at, dh);
  rnn_kernels ()->mul (D, dh, d->out + at, dh);
  rnn_kernels ()->mul (D, dh, l->skip->data, du);
  rnn_kernels ()->fma (D, dh, w->u + at, dparam + l->skip->offset);
  for (gint j = 0; j < D; j++)
    dz[j] = d->out[at + j] * (w->h[at + j] + l->skip->data[j] * w->u[at + j]);
  rnn_activate_grad (&silu, D, w->z + at, NULL, dz);
}

/* Back through q, k, v, i, f: d->row and u in, d->u with their share and a without the convolution's out. */
static void
row_back (const Mlstm *l, gint n, const Wires *w, const Wires *d, gfloat *dparam)
{
  gint D = l->inner, W = row_width (l);
  gfloat *di = d->row + QKV * D, *df = di + l->heads;

  rnn_linear_dw (l->i, n, w->row, W, di, W, dparam);
  rnn_bias_dw (l->i_bias, n, di, W, dparam);
  rnn_linear_dx (l->i, n, di, W, d->row, W, TRUE);
  rnn_linear_dw (l->f, n, w->row, W, df, W, dparam);
  rnn_bias_dw (l->f_bias, n, df, W, dparam);
  rnn_linear_dx (l->f, n, df, W, d->row, W, TRUE);
  for (gint p = 0; p < QKV; p++)
    rnn_linear_blocks_dw (l->qkv[p], n, p < V ? w->u : w->a, D, d->row + p * D, W, dparam);
  for (gint p = 0; p < V; p++)
    rnn_linear_blocks_dx (l->qkv[p], n, d->row + p * D, W, d->u, D, TRUE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Mlstm *l = (const Mlstm *) cell;
  gint E = cell->n_in, D = l->inner, n = run->T * run->B;
  Wires w = wires_at (l, run, rnn_parts_wires (run)), d = wires_at (l, run, run->scratch);

  rnn_linear_dw (l->down, n, w.out, D, grad->dy, E, grad->dparam);
  rnn_linear_dx (l->down, n, grad->dy, E, d.out, D, FALSE);
  for (gint i = 0; i < n; i++)
    gate_back (l, (gsize) i * D, &w, &d, grad->dparam);
  rnn_part_backward (cell, l->norm, run, grad, w.c, w.h, d.h, d.c);
  rnn_part_backward (cell, l->recurrence, run, grad, w.row, w.c, d.c, d.row);
  row_back (l, n, &w, &d, grad->dparam);
  rnn_part_backward (cell, l->conv, run, grad, w.a, w.u, d.u, d.a);
  rnn_linear_blocks_dx (l->qkv[V], n, d.row + V * D, row_width (l), d.a, D, TRUE);
  rnn_linear_group_dw (l->up, 0, n, run->x, E, d.a, D, grad->dparam);
  rnn_linear_group_dw (l->up, 1, n, run->x, E, d.z, D, grad->dparam);
  if (grad->dx) {
    rnn_linear_group_dx (l->up, 0, n, d.a, D, grad->dx, E, FALSE);
    rnn_linear_group_dx (l->up, 1, n, d.z, D, grad->dx, E, TRUE);
  }
}

const RnnCellClass rnn_cell_mlstm = {
  .name = "mlstm",
  .summary = "mLSTM layer (xLSTM): up-projection, convolution, matrix memory, skip, gate",
  .instance_size = sizeof (Mlstm),
  .options = options,
  .setup = setup,
  .init = init,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
