/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mLSTM layer of xLSTM-7B (Beck et al. 2025), with the tensor names of its mlstm_layer:
 *
 *   q, k, v = W_q x, W_k x, W_v x
 *   i, f    = c tanh ((W x + b) / c)             one per head; c = `cap`
 *   h       = norm (mlstmcell (q, k, v, i, f))   each head for itself
 *   y       = out_proj (sigma (W_o x) h)
 *
 * State: mlstmcell's (the published code's C and n are sqrt K times ours).  Wires: those of Wires. */
#include "activation.h"
#include "chain.h"
#include "parts.h"
#include "../kernels/kernels.h"
#include <math.h>

enum { Q, K, V, I, F, ROWS };   /* what goes into mlstmcell, in this order */

typedef struct {
  RnnCell cell;
  gint heads, qk;
  gfloat cap, eps, input_bias;
  RnnActivation soft;           /* the soft cap */
  RnnCell *recurrence, *norm;
  RnnParam *row[ROWS], *bias[ROWS], *gate, *out;
} Mlstm7b;

static const RnnOption options[] = {
  RNN_OPT_INT (Mlstm7b, heads, 1, 65536, 1, "matrices"),
  RNN_OPT_INT (Mlstm7b, qk, 0, 1 << 18, 0, "values of all queries, and of all keys; 0: half the input's"),
  RNN_OPT_FLOAT (Mlstm7b, cap, 0.01, 1e6, 15, "c: i and f stay between -c and c"),
  RNN_OPT_FLOAT (Mlstm7b, eps, 0, 1, 1e-6, "of the norm and the recurrence"),
  RNN_OPT_FLOAT (Mlstm7b, input_bias, -100, 100, 0, "where i's bias starts; deep models start closed, at -10"),
  {NULL}
};

static const struct {
  const gchar *weight, *bias;
} names[ROWS] = {
  { "q.weight" }, { "k.weight" }, { "v.weight" },
  { "igate_preact.weight", "igate_preact.bias" }, { "fgate_preact.weight", "fgate_preact.bias" },
};

static gint
width (const Mlstm7b *l, gint part)
{
  return part < V ? l->qk : part == V ? l->cell.n_in : l->heads;
}

/* Of the row; with @part less than ROWS: what stands before that part. */
static gint
offset (const Mlstm7b *l, gint part)
{
  gint n = 0;

  for (gint p = 0; p < part; p++)
    n += width (l, p);
  return n;
}

static gboolean
add_parts (Mlstm7b *l, GError **error)
{
  RnnCell *cell = &l->cell;

  l->recurrence = rnn_parts_add (cell, json_pack ("{sssssisisf}", "cell", "mlstmcell", "name", "mlstm_cell", "heads",
          l->heads, "qk", l->qk / l->heads, "eps", l->eps), offset (l, ROWS), error);
  l->norm = l->recurrence ? rnn_parts_add (cell, json_pack ("{sssssisbsf}", "cell", "norm", "name", "multihead_norm",
          "groups", l->heads, "bias", 0, "eps", l->eps), cell->n_in, error) : NULL;
  return l->norm != NULL;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Mlstm7b *l = (Mlstm7b *) cell;
  gint E = cell->n_in;
  gfloat bound = sqrtf (1.2f / E);
  gsize wires;

  l->qk = l->qk ? l->qk : E / 2;
  l->soft = (RnnActivation) { RNN_ACT_SCALED_TANH, l->cap, 1 / l->cap };
  if (l->qk % l->heads || E % l->heads) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "mlstm7b: %d keys and %d values do not divide into %d heads", l->qk,
        E, l->heads);
    return FALSE;
  }
  for (gint p = 0; p < ROWS; p++) {
    l->row[p] = rnn_cell_add_matrix (cell, names[p].weight, width (l, p), E, names[p].bias ? 0 : bound);
    l->bias[p] = names[p].bias ? rnn_cell_add_vector (cell, names[p].bias, width (l, p), 0) : NULL;
  }
  l->gate = rnn_cell_add_matrix (cell, "ogate_preact.weight", E, E, bound);
  l->out = rnn_cell_add_matrix (cell, "out_proj.weight", E, E, bound);
  if (!add_parts (l, error))
    return FALSE;
  cell->n_out = E;
  wires = offset (l, ROWS) + 4 * (gsize) E;
  rnn_parts_sizes (cell, wires, wires);
  return TRUE;
}

/* Forget gates that start open, those of some heads for longer than others'. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  Mlstm7b *l = (Mlstm7b *) cell;

  for (gint h = 0; h < l->heads; h++) {
    l->bias[I]->data[h] = l->input_bias;
    l->bias[F]->data[h] = 3 + 3.0f * h / MAX (l->heads - 1, 1);
  }
}

/* The wires, or their gradients; each [T][B][...]. */
typedef struct {
  gfloat *row;                  /* q, k, v, i, f */
  gfloat *gate, *c, *h, *out;   /* [E]: sigma (o), of mlstmcell, normalised, into out_proj */
} Wires;

static Wires
wires_at (const Mlstm7b *l, const RnnRun *run, gfloat *at)
{
  gsize steps = (gsize) run->T * run->B, n = steps * l->cell.n_in;

  return (Wires) { rnn_take (&at, steps * offset (l, ROWS)), rnn_take (&at, n), rnn_take (&at, n), rnn_take (&at, n),
    at };
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Mlstm7b *l = (const Mlstm7b *) cell;
  gint E = cell->n_in, W = offset (l, ROWS), n = run->T * run->B;
  Wires w = wires_at (l, run, rnn_parts_wires (run));

  for (gint p = 0; p < ROWS; p++) {
    rnn_bias (l->bias[p], n, width (l, p), w.row + offset (l, p), W, FALSE);
    rnn_linear (l->row[p], n, run->x, E, w.row + offset (l, p), W, TRUE);
  }
  for (gint i = 0; i < n; i++) {
    gfloat *gates = w.row + (gsize) i * W + offset (l, I);

    rnn_activate (&l->soft, 2 * l->heads, gates, gates);
  }
  rnn_linear (l->gate, n, run->x, E, w.gate, E, FALSE);
  rnn_kernels ()->sigmoid (n * E, w.gate, w.gate);
  rnn_part_forward (cell, l->recurrence, run, w.row, w.c);
  rnn_part_forward (cell, l->norm, run, w.c, w.h);
  rnn_kernels ()->mul (n * E, w.gate, w.h, w.out);
  rnn_linear (l->out, n, w.out, E, run->y, E, FALSE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Mlstm7b *l = (const Mlstm7b *) cell;
  gint E = cell->n_in, W = offset (l, ROWS), n = run->T * run->B;
  Wires w = wires_at (l, run, rnn_parts_wires (run)), d = wires_at (l, run, run->scratch);

  rnn_linear_dw (l->out, n, w.out, E, grad->dy, E, grad->dparam);
  rnn_linear_dx (l->out, n, grad->dy, E, d.out, E, FALSE);
  rnn_kernels ()->mul (n * E, d.out, w.gate, d.h);
  for (gint j = 0; j < n * E; j++)
    d.gate[j] = d.out[j] * w.h[j] * w.gate[j] * (1 - w.gate[j]);
  rnn_part_backward (cell, l->norm, run, grad, w.c, w.h, d.h, d.c);
  rnn_part_backward (cell, l->recurrence, run, grad, w.row, w.c, d.c, d.row);
  for (gint i = 0; i < n; i++) {
    gsize at = (gsize) i * W + offset (l, I);

    rnn_activate_grad (&l->soft, 2 * l->heads, NULL, w.row + at, d.row + at);
  }
  rnn_linear_dw (l->gate, n, run->x, E, d.gate, E, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (l->gate, n, d.gate, E, grad->dx, E, FALSE);
  for (gint p = 0; p < ROWS; p++) {
    rnn_linear_dw (l->row[p], n, run->x, E, d.row + offset (l, p), W, grad->dparam);
    rnn_bias_dw (l->bias[p], n, d.row + offset (l, p), W, grad->dparam);
    if (grad->dx)
      rnn_linear_dx (l->row[p], n, d.row + offset (l, p), W, grad->dx, E, TRUE);
  }
}

const RnnCellClass rnn_cell_mlstm7b = {
  .name = "mlstm7b",
  .summary = "mLSTM layer of xLSTM-7B: matrix memory with soft-capped gates",
  .instance_size = sizeof (Mlstm7b),
  .options = options,
  .setup = setup,
  .init = init,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
