/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers with a skip connection (He et al. 2016): y_t = layers (x)_t + x_{t-d}, with d the layers' own latency, so that
 * both sides answer the same step.
 *
 * State: the layers' state, then the last d inputs [d][n_in].  Tape: a chain's, then the layers' output [T][B][n_out],
 * which the last of them may need again. */
#include "chain.h"
#include "history.h"
#include "../kernels/kernels.h"
#include <string.h>

static gboolean
setup (RnnCell *cell, GError **error)
{
  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->n_out != cell->n_in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "residual: the layers turn %d values into %d; both sides must match",
        cell->n_in, cell->n_out);
    return FALSE;
  }
  cell->n_state += (guint64) cell->latency * cell->n_in;
  cell->n_tape += (guint64) cell->n_out;
  return TRUE;
}

static gsize
delay_offset (const RnnCell *cell)
{
  return cell->n_state - (gsize) cell->latency * cell->n_in;
}

/* The run as the layers see it. */
static RnnRun
inner_run (const RnnCell *cell, const RnnRun *run)
{
  RnnRun inner = *run;

  if (run->tape)
    inner.y = run->tape + (gsize) run->T * run->B * (cell->n_tape - (gsize) cell->n_out);
  return inner;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gint n = cell->n_in;
  RnnRun inner = inner_run (cell, run);

  rnn_chain_forward (cell, &inner);
  if (inner.y != run->y)
    memcpy (run->y, inner.y, (gsize) run->T * run->B * n * sizeof (gfloat));
  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++)
      rnn_kernels ()->add (n, rnn_history_row (run, n, delay_offset (cell), cell->latency, t, b),
          run->y + ((gsize) t * run->B + b) * n);
  rnn_history_advance (run, n, delay_offset (cell), cell->latency);
}

/* The chain's dx overwrites, the skip's share is added: so the skip goes second, through its own remembered rows. */
static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_in, d = cell->latency, T = run->T;
  RnnRun inner = inner_run (cell, run);

  rnn_chain_backward (cell, &inner, grad);
  for (gint b = 0; b < run->B; b++) {
    gfloat *remembered = RNN_STATE_ROW (grad->dstate, run, b) + delay_offset (cell);

    /* S[i] gets dy[i] (i < T) and what the next call's remembered row i - T passed back */
    for (gint i = d + T - 1; i >= 0; i--) {
      const gfloat *later = i >= T ? remembered + (gsize) (i - T) * n : NULL;
      const gfloat *now = i < T ? grad->dy + ((gsize) i * run->B + b) * n : NULL;
      gfloat *to = i >= d ? (grad->dx ? grad->dx + ((gsize) (i - d) * run->B + b) * n : NULL)
          : remembered + (gsize) i * n;

      for (gint j = 0; to && j < n; j++)
        to[j] = (i >= d ? to[j] : 0) + (later ? later[j] : 0) + (now ? now[j] : 0);
    }
  }
}

const RnnCellClass rnn_cell_residual = {
  .name = "residual",
  .summary = "layers with a skip connection around them",
  .instance_size = sizeof (RnnChain),
  .n_copies = 1,
  .setup = setup,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
