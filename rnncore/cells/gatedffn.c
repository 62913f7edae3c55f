/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gated feed-forward layer (Shazeer 2020), as language models have between their mixing layers:
 *
 *   y = W_down (f (W_gate x) u),  u = W_up x
 *
 * f = silu is SwiGLU (xLSTM-7B, Llama, RetNet), f = gelu the xLSTM paper's.  `naming` says whose tensor names it has.
 *
 * No state.  Tape, over the whole call: W_gate x and u side by side [2F], then f (W_gate x) [F]; each [T][B]. */
#include "activation.h"
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gint hidden, naming;
  RnnActivation activation;
  RnnParam *gate, *up, *down;   /* gate == up: one matrix, the gate's rows first */
} GatedFfn;

static const gchar *const namings[] = { "llama", "xlstm", "xlstm7b", "retnet", NULL };

static const struct {
  const gchar *gate, *up, *down;
} names[] = {
  { "gate_proj.weight", "up_proj.weight", "down_proj.weight" },
  { NULL, "proj_up.weight", "proj_down.weight" },
  { "proj_up_gate.weight", "proj_up.weight", "proj_down.weight" },
  { "fc1.weight", "gate.weight", "fc2.weight" },        /* torchscale's fc1 is the one that f is applied to */
};

static const RnnOption options[] = {
  RNN_OPT_INT (GatedFfn, hidden, 0, 1 << 18, 0, "inner width; 0: 8/3 of the input, rounded up to a multiple of 64"),
  RNN_OPT_ENUM (GatedFfn, naming, namings, 0, "tensor names; xlstm: gate and up in one matrix"),
  RNN_OPT_ACTIVATION (GatedFfn, activation, rnn_activation_names, RNN_ACT_SILU, "f"),
  {NULL}
};

static gint
inner_width (const GatedFfn *g)
{
  return g->hidden ? g->hidden : ((g->cell.n_in * 8 + 2) / 3 + 63) / 64 * 64;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  GatedFfn *g = (GatedFfn *) cell;
  gint F = g->hidden = inner_width (g), E = cell->n_in;
  gfloat in = 1 / sqrtf (E), inner = 1 / sqrtf (F);

  if (names[g->naming].gate) {
    g->gate = rnn_cell_add_matrix (cell, names[g->naming].gate, F, E, in);
    g->up = rnn_cell_add_matrix (cell, names[g->naming].up, F, E, in);
  } else {
    g->gate = g->up = rnn_cell_add_matrix (cell, names[g->naming].up, 2 * F, E, in);
    g->up->groups = 2;
  }
  g->down = rnn_cell_add_matrix (cell, names[g->naming].down, E, F, inner);
  cell->n_out = E;
  cell->n_tape = 3 * (guint64) F;
  cell->n_scratch = 4 * (guint64) F;      /* forward: the tape's, the product; backward: that, its gradient, d [2F] */
  return TRUE;
}

/* Row block of `up` in its matrix. */
static gint
up_group (const GatedFfn *g)
{
  return g->up->groups - 1;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const GatedFfn *g = (const GatedFfn *) cell;
  gint F = g->hidden, E = cell->n_in, n = run->T * run->B;
  gfloat *rows = run->tape ? run->tape : run->scratch, *act = rows + 2 * (gsize) n * F;
  gfloat *product = run->tape ? run->scratch : act + (gsize) n * F;

  rnn_linear_group (g->gate, 0, n, run->x, E, rows, 2 * F, FALSE);
  rnn_linear_group (g->up, up_group (g), n, run->x, E, rows + F, 2 * F, FALSE);
  for (gint i = 0; i < n; i++, rows += 2 * F, act += F) {
    rnn_activate (&g->activation, F, rows, act);
    rnn_kernels ()->mul (F, act, rows + F, product + (gsize) i * F);
  }
  rnn_linear (g->down, n, product, F, run->y, E, FALSE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const GatedFfn *g = (const GatedFfn *) cell;
  const RnnKernels *k = rnn_kernels ();
  gint F = g->hidden, E = cell->n_in, n = run->T * run->B;
  const gfloat *rows = run->tape, *act = rows + 2 * (gsize) n * F;
  gfloat *product = run->scratch, *dproduct = product + (gsize) n * F, *d = dproduct + (gsize) n * F;

  rnn_linear_dx (g->down, n, grad->dy, E, dproduct, F, FALSE);
  for (gint i = 0; i < n; i++) {
    const gfloat *gate = rows + (gsize) i * 2 * F, *f = act + (gsize) i * F, *dp = dproduct + (gsize) i * F;
    gfloat *dgate = d + (gsize) i * 2 * F;

    k->mul (F, f, gate + F, product + (gsize) i * F);
    k->mul (F, dp, gate + F, dgate);
    k->mul (F, dp, f, dgate + F);
    rnn_activate_grad (&g->activation, F, gate, f, dgate);
  }
  rnn_linear_dw (g->down, n, product, F, grad->dy, E, grad->dparam);
  rnn_linear_group_dw (g->gate, 0, n, run->x, E, d, 2 * F, grad->dparam);
  rnn_linear_group_dw (g->up, up_group (g), n, run->x, E, d + F, 2 * F, grad->dparam);
  if (grad->dx) {
    rnn_linear_group_dx (g->gate, 0, n, d, 2 * F, grad->dx, E, FALSE);
    rnn_linear_group_dx (g->up, up_group (g), n, d + F, 2 * F, grad->dx, E, TRUE);
  }
}

const RnnCellClass rnn_cell_gatedffn = {
  .name = "gatedffn",
  .summary = "gated feed-forward layer: SwiGLU and its kin",
  .instance_size = sizeof (GatedFfn),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
