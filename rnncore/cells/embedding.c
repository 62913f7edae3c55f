/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vector per token: y = row x of the weight.  Each input value is the number of a token (rounded; outside the table:
 * its first or last row); with several values in a step their vectors follow one another.
 *
 * No state, no tape.  Gradient: of the weight; d x is 0. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint tokens, units;
  RnnParam *w;
} Embedding;

static const RnnOption options[] = {
  RNN_OPT_INT (Embedding, tokens, 1, 1 << 20, 256, "rows of the table"),
  RNN_OPT_INT (Embedding, units, 1, 65536, 128, "values per token"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Embedding *e = (Embedding *) cell;

  if (cell->n_in > (1 << 20) / e->units) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "embedding: %d tokens a step of %d values each", cell->n_in,
        e->units);
    return FALSE;
  }
  /* variance 2 / (5 units), the "small init" of Nguyen & Salazar 2019 */
  e->w = rnn_cell_add_tensor (cell, "weight", 2, (const gint[]) { e->tokens, e->units }, sqrtf (1.2f / e->units));
  cell->n_out = cell->n_in * e->units;
  return TRUE;
}

/* Offset of the token's row in the table. */
static gsize
row_of (const Embedding *e, gfloat token)
{
  gfloat last = e->tokens - 1;

  return (gsize) (token > 0 ? lrintf (MIN (token, last)) : 0) * e->units;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Embedding *e = (const Embedding *) cell;
  gsize n = (gsize) run->T * run->B * cell->n_in;

  for (gsize i = 0; i < n; i++)
    memcpy (run->y + i * e->units, e->w->data + row_of (e, run->x[i]), (gsize) e->units * sizeof (gfloat));
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Embedding *e = (const Embedding *) cell;
  gsize n = (gsize) run->T * run->B * cell->n_in;

  for (gsize i = 0; i < n; i++)
    rnn_kernels ()->add (e->units, grad->dy + i * e->units, grad->dparam + e->w->offset + row_of (e, run->x[i]));
  if (grad->dx)
    memset (grad->dx, 0, n * sizeof (gfloat));
}

const RnnCellClass rnn_cell_embedding = {
  .name = "embedding",
  .summary = "a vector per token number",
  .instance_size = sizeof (Embedding),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
