/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Structural similarity: means, variances and covariance under a Gaussian of 11 x 11 (sigma 1.5), wherever that lies wholly inside. */
#include "similarity.h"
#include <math.h>

#define WINDOW 11
#define SIGMA 1.5
#define C1 (0.01 * 0.01)
#define C2 (0.03 * 0.03)

static void
weigh (gdouble *window)
{
  gdouble sum = 0;

  for (gint i = 0; i < WINDOW; i++)
    sum += window[i] = exp (-(i - WINDOW / 2) * (i - WINDOW / 2) / (2 * SIGMA * SIGMA));
  for (gint i = 0; i < WINDOW; i++)
    window[i] /= sum;
}

static gdouble
local (const gfloat *a, const gfloat *b, gint side, const gdouble *window)
{
  gdouble ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;

  for (gint y = 0; y < WINDOW; y++)
    for (gint x = 0; x < WINDOW; x++) {
      gdouble w = window[y] * window[x], p = a[y * side + x], q = b[y * side + x];

      ma += w * p;
      mb += w * q;
      aa += w * p * p;
      bb += w * q * q;
      ab += w * p * q;
    }
  return (2 * ma * mb + C1) * (2 * (ab - ma * mb) + C2) / ((ma * ma + mb * mb + C1) * (aa - ma * ma + bb - mb * mb + C2));
}

gdouble
similarity (const gfloat *a, const gfloat *b, gint side)
{
  gint n = side - WINDOW + 1;
  gdouble window[WINDOW], sum = 0;

  weigh (window);
  for (gint y = 0; y < n; y++)
    for (gint x = 0; x < n; x++)
      sum += local (a + y * side + x, b + y * side + x, side, window);
  return sum / (n * n);
}
