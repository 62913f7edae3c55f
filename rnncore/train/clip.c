/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clipping by the global norm (Pascanu et al. 2013), as torch.nn.utils.clip_grad_norm_:
 * g *= min (1, max / (|g| + 1e-6)). */
#include "optimizer.h"
#include "../kernels/kernels.h"
#include <math.h>

#define BLOCK 4096              /* floats summed in float before they join the double */

gfloat
rnn_clip_norm (gsize n, gfloat *grad, gfloat max)
{
  const RnnKernels *k = rnn_kernels ();
  gdouble sum = 0, norm;

  for (gsize i = 0; i < n; i += BLOCK)
    sum += k->dot ((gint) MIN (BLOCK, n - i), grad + i, grad + i);
  norm = sqrt (sum);
  if (max > 0 && norm + 1e-6 > max)
    for (gsize i = 0; i < n; i += BLOCK)
      k->scale ((gint) MIN (BLOCK, n - i), (gfloat) (max / (norm + 1e-6)), grad + i);
  return (gfloat) norm;
}
