/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Batch normalisation (Ioffe & Szegedy 2015) as it is used: with the statistics of the training that made it,
 *
 *   y = w (x - running_mean) / sqrt (running_var + eps) + b
 *
 * which no training here moves.  No state, no tape. */
#include "cell.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gfloat eps;
  gboolean affine;
  RnnParam *w, *b, *mean, *var;
} BatchNorm;

static const RnnOption options[] = {
  RNN_OPT_FLOAT (BatchNorm, eps, 1e-12, 1, 1e-5, "added to the variance"),
  RNN_OPT_BOOL (BatchNorm, affine, TRUE, "a weight and a bias per value"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  BatchNorm *n = (BatchNorm *) cell;

  if (n->affine) {
    n->w = rnn_cell_add_vector (cell, "weight", cell->n_in, 0);
    n->w->init_value = 1;
    n->b = rnn_cell_add_vector (cell, "bias", cell->n_in, 0);
  }
  n->mean = rnn_cell_add_vector (cell, "running_mean", cell->n_in, 0);
  n->var = rnn_cell_add_vector (cell, "running_var", cell->n_in, 0);
  n->var->init_value = 1;
  n->mean->fixed = n->var->fixed = TRUE;
  cell->n_out = cell->n_in;
  return TRUE;
}

/* 1 / deviation; a variance below 0 is none. */
static gfloat
rate (const BatchNorm *n, gint i)
{
  return 1 / sqrtf (MAX (n->var->data[i], 0) + n->eps);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const BatchNorm *n = (const BatchNorm *) cell;
  gsize rows = (gsize) run->T * run->B;

  for (gint i = 0; i < cell->n_in; i++) {
    gfloat a = rate (n, i) * (n->w ? n->w->data[i] : 1), mean = n->mean->data[i], b = n->b ? n->b->data[i] : 0;

    for (gsize row = 0; row < rows; row++)
      run->y[row * cell->n_in + i] = (run->x[row * cell->n_in + i] - mean) * a + b;
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const BatchNorm *n = (const BatchNorm *) cell;
  gsize rows = (gsize) run->T * run->B;

  for (gint i = 0; i < cell->n_in; i++) {
    gfloat r = rate (n, i), a = r * (n->w ? n->w->data[i] : 1), mean = n->mean->data[i];
    gdouble dw = 0, db = 0;

    for (gsize row = 0; row < rows; row++) {
      gfloat dy = grad->dy[row * cell->n_in + i];

      dw += dy * (run->x[row * cell->n_in + i] - mean) * r;
      db += dy;
      if (grad->dx)
        grad->dx[row * cell->n_in + i] = dy * a;
    }
    if (n->w) {
      grad->dparam[n->w->offset + i] += (gfloat) dw;
      grad->dparam[n->b->offset + i] += (gfloat) db;
    }
  }
}

const RnnCellClass rnn_cell_batchnorm = {
  .name = "batchnorm",
  .summary = "batch normalisation with fixed statistics (Ioffe & Szegedy 2015)",
  .instance_size = sizeof (BatchNorm),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
