/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clipping by the global norm (Pascanu et al. 2013), as torch.nn.utils.clip_grad_norm_:
 * g *= min (1, max / (|g| + 1e-6)). */
#include "optimizer.h"
#include "../kernels/kernels.h"
#include <math.h>

gfloat
rnn_clip_factor (gdouble norm, gfloat max)
{
  return max > 0 && norm + 1e-6 > max ? (gfloat) (max / (norm + 1e-6)) : 1;
}

gfloat
rnn_clip_norm (gsize n, gfloat *grad, gfloat max)
{
  const RnnKernels *k = rnn_kernels ();
  gdouble sum = 0, norm;

  for (gsize i = 0; i < n; i += RNN_NORM_BLOCK)
    sum += k->dot ((gint) MIN (RNN_NORM_BLOCK, n - i), grad + i, grad + i);
  norm = sqrt (sum);
  for (gsize i = 0; i < n; i += RNN_NORM_BLOCK)
    k->scale ((gint) MIN (RNN_NORM_BLOCK, n - i), rnn_clip_factor (norm, max), grad + i);
  return (gfloat) norm;
}
