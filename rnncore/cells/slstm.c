/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sLSTM layer of the xLSTM paper (Beck et al. 2024), with the tensor names of NX-AI's sLSTMLayer:
 *
 *   u       = silu (conv1d x)                    causal, each value for itself; kernel = 0: u = x
 *   i, f    = W_i u, W_f u                       block-diagonal, a block per head
 *   z, o    = W_z x, W_o x
 *   y       = norm (slstmcell (i, f, z, o))      each head for itself, its stored weight is 1 less
 *
 * The published code calls W_i fgate and W_f igate; so do we.
 *
 * State: conv1d's, slstmcell's.  Wires: u [E], i f z o [4E], the cell's output [E]. */
#include "chain.h"
#include "parts.h"
#include <math.h>

enum { I, F, Z, O, GATES };

typedef struct {
  RnnCell cell;
  gint heads, kernel;
  RnnCell *conv, *recurrence, *norm;    /* conv: NULL without */
  RnnParam *gate[GATES];
} Slstm;

static const RnnOption options[] = {
  RNN_OPT_INT (Slstm, heads, 1, 65536, 1, "groups of values that see each other"),
  RNN_OPT_INT (Slstm, kernel, 0, 64, 4, "steps that the convolution sees; 0: none"),
  {NULL}
};

static const gchar *const names[GATES] = { "fgate.weight", "igate.weight", "zgate.weight", "ogate.weight" };

static gboolean
add_parts (Slstm *s, GError **error)
{
  RnnCell *cell = &s->cell;
  gint E = cell->n_in;

  if (s->kernel && !(s->conv = rnn_parts_add (cell, json_pack ("{sssssssbsi}", "cell", "conv1d", "name",
                  "conv1d.conv", "activation", "silu", "depthwise", 1, "kernel", s->kernel), E, error)))
    return FALSE;
  s->recurrence = rnn_parts_add (cell, json_pack ("{sssssisb}", "cell", "slstmcell", "name", "slstm_cell",
          "heads", s->heads, "project", 0), GATES * E, error);
  s->norm = s->recurrence ? rnn_parts_add (cell, json_pack ("{sssssisbsb}", "cell", "norm", "name", "group_norm",
          "groups", s->heads, "bias", 0, "residual_weight", 1), E, error) : NULL;
  return s->norm != NULL;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Slstm *s = (Slstm *) cell;
  gint E = cell->n_in, D = E / s->heads;

  if (E % s->heads) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "slstm: %d values do not divide into %d heads", E, s->heads);
    return FALSE;
  }
  for (gint g = 0; g < GATES; g++)
    s->gate[g] = rnn_cell_add_blocks (cell, names[g], s->heads, D, D, sqrtf (1.2f / D));
  if (!add_parts (s, error))
    return FALSE;
  cell->n_out = E;
  rnn_parts_sizes (cell, 6 * (gsize) E, 6 * (gsize) E);
  return TRUE;
}

/* The wires, or their gradients; each [T][B][...]. */
typedef struct {
  gfloat *u, *gates, *h;
} Wires;

static Wires
wires (const Slstm *s, const RnnRun *run, gfloat *at)
{
  gsize n = (gsize) run->T * run->B * s->cell.n_in;

  return (Wires) { rnn_take (&at, n), rnn_take (&at, GATES * n), at };
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Slstm *s = (const Slstm *) cell;
  gint E = cell->n_in, n = run->T * run->B;
  Wires w = wires (s, run, rnn_parts_wires (run));
  const gfloat *u = s->conv ? w.u : run->x;

  if (s->conv)
    rnn_part_forward (cell, s->conv, run, run->x, w.u);
  for (gint g = 0; g < GATES; g++)
    rnn_linear_blocks (s->gate[g], n, g < Z ? u : run->x, E, w.gates + g * E, GATES * E, FALSE);
  rnn_part_forward (cell, s->recurrence, run, w.gates, w.h);
  rnn_part_forward (cell, s->norm, run, w.h, run->y);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Slstm *s = (const Slstm *) cell;
  gint E = cell->n_in, n = run->T * run->B;
  Wires w = wires (s, run, rnn_parts_wires (run)), d = wires (s, run, run->scratch);
  const gfloat *u = s->conv ? w.u : run->x;

  rnn_part_backward (cell, s->norm, run, grad, w.h, run->y, grad->dy, d.h);
  rnn_part_backward (cell, s->recurrence, run, grad, w.gates, w.h, d.h, d.gates);
  for (gint g = 0; g < GATES; g++)
    rnn_linear_blocks_dw (s->gate[g], n, g < Z ? u : run->x, E, d.gates + g * E, GATES * E, grad->dparam);
  for (gint g = I; g < Z; g++)
    rnn_linear_blocks_dx (s->gate[g], n, d.gates + g * E, GATES * E, d.u, E, g > I);
  if (s->conv)
    rnn_part_backward (cell, s->conv, run, grad, run->x, w.u, d.u, grad->dx);
  else if (grad->dx)
    rnn_copy_rows (n, E, d.u, E, grad->dx, E);
  for (gint g = Z; grad->dx && g < GATES; g++)
    rnn_linear_blocks_dx (s->gate[g], n, d.gates + g * E, GATES * E, grad->dx, E, TRUE);
}

const RnnCellClass rnn_cell_slstm = {
  .name = "slstm",
  .summary = "sLSTM layer (xLSTM): convolution, gates per head, norm",
  .instance_size = sizeof (Slstm),
  .options = options,
  .setup = setup,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
