/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x * 0 is 0, or NAN when x is no finite number; summed in lanes, so that it keeps up with the memory. */
#include "finite.h"

gboolean
rnn_all_finite (gsize n, const gfloat *x)
{
  gfloat lane[16] = { 0 }, sum = 0;
  gsize i = 0;

  for (; i + G_N_ELEMENTS (lane) <= n; i += G_N_ELEMENTS (lane))
    for (gsize j = 0; j < G_N_ELEMENTS (lane); j++)
      lane[j] += x[i + j] * 0;
  for (; i < n; i++)
    sum += x[i] * 0;
  for (gsize j = 0; j < G_N_ELEMENTS (lane); j++)
    sum += lane[j];
  return sum == 0;
}
