/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* y_i = exp (x_i) / sum_j exp (x_j).
 *
 * No state, no tape: the gradient follows from y, dx = y (dy - y . dy). */
#include "cell.h"
#include "../kernels/kernels.h"

static gboolean
setup (RnnCell *cell, GError **error)
{
  cell->n_out = cell->n_in;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const RnnKernels *k = rnn_kernels ();
  gint n = cell->n_in;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++) {
    const gfloat *x = run->x + row * n;
    gfloat *y = run->y + row * n;

    k->scale (n, (gfloat) (1 / k->exp_sum (n, x, k->max (n, x), y)), y);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_in;

  for (gsize row = 0; grad->dx && row < (gsize) run->T * run->B; row++) {
    const gfloat *y = run->y + row * n, *dy = grad->dy + row * n;
    gfloat mean = rnn_kernels ()->dot (n, y, dy);

    for (gint i = 0; i < n; i++)
      grad->dx[row * n + i] = y[i] * (dy[i] - mean);
  }
}

const RnnCellClass rnn_cell_softmax = {
  .name = "softmax",
  .summary = "probabilities of scores",
  .instance_size = sizeof (RnnCell),
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
