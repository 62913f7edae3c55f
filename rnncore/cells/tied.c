/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers between an embedding and the scores of the same tokens, by one matrix (Press & Wolf 2017; Inan et al. 2017):
 *
 *   y_t = E f (E[x_t]) + b,   x_t the number of a token, E [tokens][units], f layers that answer [units]
 *
 * With several tokens in a step their vectors follow one another.
 *
 * State: the layers'.  Tape: a chain's, then what goes into the layers [T][B][n_in units], and what comes out [T][B][units].  Scratch:
 * these two without a tape, their gradients on the way back, then the chain's. */
#include "chain.h"
#include "container.h"
#include "../kernels/linear.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnChain chain;
  gint tokens, units;
  RnnParam *w, *b;
} Tied;

static const RnnOption options[] = {
  RNN_OPT_INT (Tied, tokens, 1, 1 << 20, 256, "rows of the table, and answers"),
  RNN_OPT_INT (Tied, units, 1, 65536, 128, "values per token; what the layers take and give"),
  { NULL }
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  gint n_in = cell->n_in;
  gboolean good;

  cell->n_in = n_in <= (1 << 20) / ((Tied *) cell)->units ? n_in * ((Tied *) cell)->units : 1;
  good = rnn_container_add_layers (cell, json_object_get (layer, "layers"), where, error);
  cell->n_in = n_in;
  return good;
}

/* Floats per step around the layers. */
static gsize
wires (const Tied *t)
{
  return (gsize) (t->chain.cell.n_in + 1) * t->units;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Tied *t = (Tied *) cell;

  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->n_out != t->units || cell->n_in > (1 << 20) / t->units) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "tied: %d tokens a step of %d values each, and layers that answer %d of them", cell->n_in,
        t->units, cell->n_out);
    return FALSE;
  }
  t->w = rnn_cell_add_matrix (cell, "embedding.weight", t->tokens, t->units, sqrtf (1.2f / t->units));
  t->w->is_table = TRUE;
  t->b = rnn_cell_add_vector (cell, "scores.bias", t->tokens, 0);
  cell->n_out = t->tokens;
  cell->n_tape += wires (t);
  cell->n_scratch += wires (t);
  return TRUE;
}

/* Row of the table. */
static gsize
row_of (const Tied *t, gfloat token)
{
  return (gsize) (token > 0 ? lrintf (MIN (token, t->tokens - 1)) : 0) * t->units;
}

/* The layers' run: x and y are on the tape, or in the scratch. */
static RnnRun
inner_run (const Tied *t, const RnnRun *run)
{
  gsize rows = (gsize) run->T * run->B;
  gfloat *first = run->tape ? run->tape + rows * (t->chain.cell.n_tape - wires (t)) : run->scratch;
  RnnRun inner = *run;

  inner.x = first;
  inner.y = first + rows * t->chain.cell.n_in * t->units;
  inner.scratch = run->scratch + rows * wires (t);
  return inner;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Tied *t = (const Tied *) cell;
  gsize rows = (gsize) run->T * run->B, H = (gsize) t->units;
  RnnRun inner = inner_run (t, run);

  for (gsize i = 0; i < rows * cell->n_in; i++)
    memcpy ((gfloat *) inner.x + i * H, t->w->data + row_of (t, run->x[i]), H * sizeof (gfloat));
  rnn_chain_forward (cell, &inner);
  rnn_bias (t->b, (gint) rows, t->tokens, run->y, (gsize) t->tokens, FALSE);
  rnn_linear (t->w, (gint) rows, inner.y, H, run->y, (gsize) t->tokens, TRUE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Tied *t = (const Tied *) cell;
  gsize rows = (gsize) run->T * run->B, H = (gsize) t->units;
  gfloat *dy = run->scratch, *dx = dy + rows * H;
  RnnRun inner = inner_run (t, run);
  RnnGrad g = *grad;

  rnn_linear_dx (t->w, (gint) rows, grad->dy, (gsize) t->tokens, dy, H, FALSE);
  rnn_linear_dw (t->w, (gint) rows, inner.y, H, grad->dy, (gsize) t->tokens, grad->dparam);
  rnn_bias_dw (t->b, (gint) rows, grad->dy, (gsize) t->tokens, grad->dparam);
  g.dy = dy;
  g.dx = dx;
  rnn_chain_backward (cell, &inner, &g);
  for (gsize i = 0; i < rows * cell->n_in; i++)
    rnn_kernels ()->add (t->units, dx + i * H, grad->dparam + t->w->offset + row_of (t, run->x[i]));
  if (grad->dx)
    memset (grad->dx, 0, rows * cell->n_in * sizeof (gfloat));
}

const RnnCellClass rnn_cell_tied = {
  .name = "tied",
  .summary = "layers between an embedding and the scores of its tokens, one matrix for both",
  .instance_size = sizeof (Tied),
  .options = options,
  .n_copies = 1,
  .build = build,
  .setup = setup,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
