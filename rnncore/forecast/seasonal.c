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

#define LONGEST 400             /* season that is looked for */
#define ENOUGH 4000             /* values that are looked at, the last ones */
#define LEAST 0.3               /* autocorrelation of a season */

/* y without the line through it. */
static gfloat *
detrend (guint n, const gfloat *y)
{
  gdouble middle = (n - 1) / 2.0, mean = get_mean (n, y), xy = 0, xx = 0;
  gfloat *d = g_new (gfloat, n);

  for (guint t = 0; t < n; t++) {
    xy += (t - middle) * (y[t] - mean);
    xx += (t - middle) * (t - middle);
  }
  for (guint t = 0; t < n; t++)
    d[t] = (gfloat) (y[t] - mean - (xx > 0 ? xy / xx * (t - middle) : 0));
  return d;
}

/* The first peak nearly as high as the highest one, after the autocorrelation has gone down. */
guint
rnn_season_guess (guint n, const gfloat *y)
{
  guint from = n > ENOUGH ? n - ENOUGH : 0, most = MIN (LONGEST, (n - from) / 3);
  g_autofree gfloat *d = NULL;
  g_autofree gdouble *r = NULL;
  gdouble variance, lowest = 1, best = LEAST;
  guint season = 1;

  if (most < 3)
    return 1;
  d = detrend (n - from, y + from);
  r = g_new0 (gdouble, most + 2);
  variance = covariance (n - from, d, 0, 0);
  for (guint lag = 1; variance > 0 && lag <= most + 1; lag++)
    r[lag] = covariance (n - from, d, 0, lag) / variance * (n - from) / (n - from - lag);
  for (guint lag = 2; lag <= most; lag++) {
    lowest = MIN (lowest, r[lag - 1]);
    if (r[lag] >= r[lag - 1] && r[lag] >= r[lag + 1] && r[lag] > lowest + LEAST / 2
        && r[lag] > (season > 1 ? best * 1.1 : best)) {
      best = r[lag];
      season = lag;
    }
  }
  return season;
}
