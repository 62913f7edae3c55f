/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The methods, one row each. */
#include "baselines.h"
#include <math.h>
#include <string.h>

static void
naive (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  for (guint h = 0; h < horizon; h++)
    forecast[h] = y[n - 1];
}

static void
seasonal_naive (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  guint period = MIN (season, n);

  for (guint h = 0; h < horizon; h++)
    forecast[h] = y[n - period + h % period];
}

/* The line through the first and the last value */
static void
drift (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  gdouble slope = n > 1 ? ((gdouble) y[n - 1] - y[0]) / (n - 1) : 0;

  for (guint h = 0; h < horizon; h++)
    forecast[h] = (gfloat) (y[n - 1] + slope * (h + 1));
}

static void
smooth (RnnSmoothingKind kind, guint n, const gfloat *y, guint horizon, gfloat *forecast)
{
  g_autofree gdouble *copy = g_new (gdouble, n);
  gdouble step = 0, power = 1;
  RnnSmoothing s;

  for (guint t = 0; t < n; t++)
    copy[t] = y[t];
  rnn_smoothing_fit (&s, kind, n, copy);
  for (guint h = 0; h < horizon; h++) {
    power *= s.phi;
    step += power * s.trend;
    forecast[h] = (gfloat) (s.level + (kind == RNN_SMOOTHING_LEVEL ? 0 : step));
  }
}

static void
ses (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  smooth (RNN_SMOOTHING_LEVEL, n, y, horizon, forecast);
}

static void
holt (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  smooth (RNN_SMOOTHING_TREND, n, y, horizon, forecast);
}

static void
damped (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  smooth (RNN_SMOOTHING_DAMPED, n, y, horizon, forecast);
}

static void
fit_line (guint n, const gfloat *y, gdouble *level, gdouble *slope)
{
  gdouble middle = (n - 1) / 2.0, mean = 0, xy = 0, xx = 0;

  for (guint t = 0; t < n; t++)
    mean += (gdouble) y[t] / n;
  for (guint t = 0; t < n; t++) {
    xy += (t - middle) * (y[t] - mean);
    xx += (t - middle) * (t - middle);
  }
  *slope = xx > 0 ? xy / xx : 0;
  *level = mean - *slope * middle;
}

/* Assimakopoulos & Nikolopoulos 2000: the mean of the trend line (theta 0) and of the smoothed line of theta 2, y bent twice
 * as far from it.  Series that are positive stay so. */
static void
theta (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast)
{
  g_autofree gdouble *bent = g_new (gdouble, n);
  gdouble level, slope;
  gboolean positive = TRUE;
  RnnSmoothing s;

  fit_line (n, y, &level, &slope);
  for (guint t = 0; t < n; t++) {
    bent[t] = 2 * y[t] - (level + slope * t);
    positive &= y[t] >= 0;
  }
  rnn_smoothing_fit (&s, RNN_SMOOTHING_LEVEL, n, bent);
  for (guint h = 0; h < horizon; h++) {
    gdouble value = (s.level + level + slope * (n + h)) / 2;

    forecast[h] = (gfloat) (positive ? MAX (value, 0) : value);
  }
}

const RnnBaseline rnn_baselines[] = {
  { "naive", "the last value", naive },
  { "snaive", "the value a season ago", seasonal_naive },
  { "drift", "the line through the first and the last value", drift },
  { "ses", "simple exponential smoothing", ses, TRUE },
  { "holt", "exponential smoothing with a trend", holt, TRUE },
  { "damped", "exponential smoothing with a damped trend", damped, TRUE },
  { "theta", "the Theta method", theta, TRUE },
  { "naive2", "the last value, seasonally adjusted", naive, TRUE },
  { NULL }
};

const RnnBaseline *
rnn_baseline_find (const gchar *name)
{
  for (const RnnBaseline *b = rnn_baselines; b->name; b++)
    if (!strcmp (b->name, name))
      return b;
  return NULL;
}

/* known[n] without holes. */
static gfloat *
fill (guint n, const gfloat *known)
{
  gfloat *y = g_memdup2 (known, n * sizeof (gfloat));
  guint first = 0;

  while (first + 1 < n && isnan (y[first]))
    first++;
  for (guint t = 0; t < n; t++)
    if (isnan (y[t]))
      y[t] = t < first ? y[first] : y[t - 1];
  return y;
}

void
rnn_baseline_run (const RnnBaseline *baseline, guint n, const gfloat *known, guint season, guint horizon, gfloat *forecast)
{
  g_autofree gfloat *y = fill (n, known);
  g_autofree gdouble *indices = g_new (gdouble, MAX (season, 1));
  gboolean adjust = baseline->deseasonalised && rnn_is_seasonal (n, y, season)
      && rnn_seasonal_indices (n, y, season, indices);

  for (guint t = 0; adjust && t < n; t++)
    y[t] = (gfloat) (y[t] / indices[t % season]);
  baseline->forecast (n, y, MAX (season, 1), horizon, forecast);
  for (guint h = 0; adjust && h < horizon; h++)
    forecast[h] = (gfloat) (forecast[h] * indices[(n + h) % season]);
}
