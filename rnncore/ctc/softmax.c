/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Logarithms of softmax: log_z = max + log (sum of exp (x - max)). */
#include <math.h>
#include "../kernels/kernels.h"
#include "ctc.h"

gfloat
rnn_log_sum_exp (gint n, const gfloat *x)
{
  gfloat max = rnn_kernels ()->max (n, x);

  return (gfloat) (max + log (rnn_kernels ()->exp_sum (n, x, max, NULL)));
}

gfloat
rnn_log_z (gint V, const gfloat *logits, gfloat *max)
{
  *max = rnn_kernels ()->max (V, logits);
  return (gfloat) log (rnn_kernels ()->exp_sum (V, logits, *max, NULL));
}

/* The maximum goes first: added to the logarithm it would cost the digits that large logits do not have to spare. */
void
rnn_log_softmax (gint V, const gfloat *logits, gfloat *out)
{
  gfloat max, log_z = rnn_log_z (V, logits, &max);

  for (gint v = 0; v < V; v++)
    out[v] = (logits[v] - max) - log_z;
}
