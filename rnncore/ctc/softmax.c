/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logarithms of softmax: log_z = max + log (sum of exp (x - max)). */
#include <math.h>
#include "../kernels/kernels.h"
#include "ctc.h"

/* Eight partial sums, so that it runs in vector lanes. */
static gfloat
sum (gint n, const gfloat *x)
{
  gfloat part[8] = { 0 };
  gint i = 0;

  for (; i + 8 <= n; i += 8)
    for (gint j = 0; j < 8; j++)
      part[j] += x[i + j];
  for (; i < n; i++)
    part[0] += x[i];
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

/* log (sum of exp (x - max)) */
static gfloat
log_sum (gint n, const gfloat *x, gfloat max)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat block[256];
  gdouble total = 0;

  for (gint from = 0; from < n; from += (gint) G_N_ELEMENTS (block)) {
    gint size = MIN (n - from, (gint) G_N_ELEMENTS (block));

    for (gint i = 0; i < size; i++)
      block[i] = x[from + i] - max;
    k->exp (size, block, block);
    total += sum (size, block);
  }
  return (gfloat) log (total);
}

gfloat
rnn_log_sum_exp (gint n, const gfloat *x)
{
  gfloat max = rnn_kernels ()->max (n, x);

  return max + log_sum (n, x, max);
}

/* The maximum goes first: added to the logarithm it would cost the digits that large logits do not have to spare. */
void
rnn_log_softmax (gint V, const gfloat *logits, gfloat *out)
{
  gfloat max = rnn_kernels ()->max (V, logits), log_z = log_sum (V, logits, max);

  for (gint v = 0; v < V; v++)
    out[v] = (logits[v] - max) - log_z;
}
