/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* y_i = exp (x_i) / sum_j exp (x_j), or its logarithm.
 *
 * No state, no tape: the gradient follows from y, dx = y (dy - y . dy); of the logarithm, dx = dy - exp (y) sum dy. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gboolean log;
} Softmax;

static const RnnOption options[] = {
  RNN_OPT_BOOL (Softmax, log, FALSE, "the logarithm of it"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  cell->n_out = cell->n_in;
  return TRUE;
}

static void
log_softmax (gint n, const gfloat *x, gfloat *y)
{
  gfloat most = rnn_kernels ()->max (n, x), rest = (gfloat) log (rnn_kernels ()->exp_sum (n, x, most, NULL));

  for (gint i = 0; i < n; i++)
    y[i] = x[i] - most - rest;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const RnnKernels *k = rnn_kernels ();
  gint n = cell->n_in;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++) {
    const gfloat *x = run->x + row * n;
    gfloat *y = run->y + row * n;

    if (((const Softmax *) cell)->log)
      log_softmax (n, x, y);
    else
      k->scale (n, (gfloat) (1 / k->exp_sum (n, x, k->max (n, x), y)), y);
  }
}

static void
log_grad (gint n, const gfloat *y, const gfloat *dy, gfloat *dx)
{
  gfloat sum = rnn_kernels ()->sum (n, dy);

  rnn_kernels ()->exp (n, y, dx);
  for (gint i = 0; i < n; i++)
    dx[i] = dy[i] - dx[i] * sum;
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_in;

  for (gsize row = 0; grad->dx && row < (gsize) run->T * run->B; row++) {
    const gfloat *y = run->y + row * n, *dy = grad->dy + row * n;
    gfloat mean = rnn_kernels ()->dot (n, y, dy);

    if (((const Softmax *) cell)->log) {
      log_grad (n, y, dy, grad->dx + row * n);
      continue;
    }
    for (gint i = 0; i < n; i++)
      grad->dx[row * n + i] = y[i] * (dy[i] - mean);
  }
}

const RnnCellClass rnn_cell_softmax = {
  .name = "softmax",
  .summary = "probabilities of scores",
  .instance_size = sizeof (Softmax),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
