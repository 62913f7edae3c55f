/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether there is a season, and what it looks like. */
#include "baselines.h"
#include <math.h>

static gdouble
get_mean (guint n, const gfloat *y)
{
  gdouble sum = 0;

  for (guint t = 0; t < n; t++)
    sum += y[t];
  return sum / n;
}

static gdouble
covariance (guint n, const gfloat *y, gdouble mean, guint lag)
{
  gdouble sum = 0;

  for (guint t = lag; t < n; t++)
    sum += (y[t] - mean) * (y[t - lag] - mean);
  return sum;
}

/* |r_m| > 1.645 sqrt ((1 + 2 sum_(k < m) r_k^2) / n) */
gboolean
rnn_is_seasonal (guint n, const gfloat *y, guint season)
{
  gdouble mean, variance, r = 0, squares = 1;

  if (season < 2 || n / 3 < season)
    return FALSE;
  mean = get_mean (n, y);
  variance = covariance (n, y, mean, 0);
  if (variance <= 0)
    return FALSE;
  for (guint lag = 1; lag <= season; lag++) {
    squares += 2 * r * r;
    r = covariance (n, y, mean, lag) / variance;
  }
  return fabs (r) > 1.645 * sqrt (squares / n);
}

/* The mean over one season around t; an even season's ends count half */
static gdouble
centred_mean (const gfloat *y, guint t, guint season)
{
  guint half = season / 2;
  gdouble sum = 0;

  for (guint k = t - half; k <= t + half; k++)
    sum += y[k];
  if (season % 2 == 0)
    sum -= ((gdouble) y[t - half] + y[t + half]) / 2;
  return sum / season;
}

gboolean
rnn_seasonal_indices (guint n, const gfloat *y, guint season, gdouble *indices)
{
  g_autofree guint *counts = g_new0 (guint, season);
  gdouble mean = 0;
  gboolean positive = season > 1 && n >= 2 * season;

  for (guint i = 0; i < season; i++)
    indices[i] = 0;
  for (guint t = 0; t < n; t++)
    positive &= y[t] > 0;
  for (guint t = season / 2; positive && t + season / 2 < n; t++) {
    indices[t % season] += y[t] / centred_mean (y, t, season);
    counts[t % season]++;
  }
  for (guint i = 0; i < season; i++) {
    indices[i] = positive && counts[i] ? indices[i] / counts[i] : 1;
    mean += indices[i] / season;
  }
  for (guint i = 0; i < season; i++)
    indices[i] /= mean;
  return positive;
}
