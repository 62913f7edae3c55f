/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inverted dropout (Srivastava et al. 2014): in training y = x m / (1 - p), m ~ Bernoulli (1 - p); else y = x.
 *
 * No state.  Tape per step: m / (1 - p).  The mask follows from the run's seed alone. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gfloat p;
} Dropout;

static const RnnOption options[] = {
  RNN_OPT_FLOAT (Dropout, p, 0, 0.99, 0.1, "probability of a zero"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  cell->n_out = cell->n_in;
  cell->n_tape = cell->n_in;
  return TRUE;
}

static void
draw_mask (const Dropout *d, guint64 seed, gsize n, gfloat *mask)
{
  guint32 keep = (guint32) ((1.0 - d->p) * G_MAXUINT32);
  gfloat scale = 1 / (1 - d->p);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 0);
  for (gsize i = 0; i < n; i++)
    mask[i] = rnn_rng_u32 (&rng) <= keep ? scale : 0;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gsize n = (gsize) run->T * run->B * cell->n_in;

  if (run->tape && run->seed) {
    draw_mask ((const Dropout *) cell, run->seed, n, run->tape);
    rnn_kernels ()->mul ((gint) n, run->x, run->tape, run->y);
  } else {
    memcpy (run->y, run->x, n * sizeof (gfloat));
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gsize n = (gsize) run->T * run->B * cell->n_in;

  if (grad->dx && run->seed)
    rnn_kernels ()->mul ((gint) n, grad->dy, run->tape, grad->dx);
  else if (grad->dx)
    memcpy (grad->dx, grad->dy, n * sizeof (gfloat));
}

const RnnCellClass rnn_cell_dropout = {
  .name = "dropout",
  .summary = "random zeros while training",
  .instance_size = sizeof (Dropout),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
