/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors of points, quantiles, ensembles. */
#include "metrics.h"
#include <math.h>
#include <stdlib.h>

static gdouble
ratio (gdouble a, gdouble b)
{
  return a == 0 ? 0 : a / b;
}

void
rnn_error_sums_add (RnnErrorSums *s, guint n, const gfloat *truth, const gfloat *forecast)
{
  for (guint i = 0; i < n; i++) {
    gdouble y = truth[i], f = forecast[i], e = fabs (y - f);

    if (isnan (y))
      continue;
    s->n++;
    s->squares += e * e;
    s->absolutes += e;
    s->truths += fabs (y);
    s->smape += ratio (2 * e, fabs (y) + fabs (f));
    s->mape += y != 0 ? e / fabs (y) : 0;
    s->n_mape += y != 0;
  }
}

void
rnn_error_sums_merge (RnnErrorSums *s, const RnnErrorSums *more)
{
  s->n += more->n;
  s->squares += more->squares;
  s->absolutes += more->absolutes;
  s->truths += more->truths;
  s->smape += more->smape;
  s->mape += more->mape;
  s->n_mape += more->n_mape;
}

gdouble
rnn_error_sums_mse (const RnnErrorSums *s)
{
  return ratio (s->squares, s->n);
}

gdouble
rnn_error_sums_mae (const RnnErrorSums *s)
{
  return ratio (s->absolutes, s->n);
}

gdouble
rnn_error_sums_nd (const RnnErrorSums *s)
{
  return ratio (s->absolutes, s->truths);
}

gdouble
rnn_error_sums_nrmse (const RnnErrorSums *s)
{
  return ratio (sqrt (rnn_error_sums_mse (s)), ratio (s->truths, s->n));
}

gdouble
rnn_error_sums_smape (const RnnErrorSums *s)
{
  return ratio (s->smape, s->n);
}

gdouble
rnn_error_sums_mape (const RnnErrorSums *s)
{
  return ratio (s->mape, s->n_mape);
}

gdouble
rnn_seasonal_error (guint n, const gfloat *known, guint season)
{
  gdouble sum = 0;
  guint pairs = 0;

  for (guint t = season; t < n; t++) {
    gdouble e = fabs ((gdouble) known[t] - known[t - season]);

    if (!isnan (e)) {
      sum += e;
      pairs++;
    }
  }
  return pairs ? sum / pairs : NAN;
}

gdouble
rnn_mase (guint n, const gfloat *truth, const gfloat *forecast, gdouble seasonal_error)
{
  RnnErrorSums sums = { 0 };

  rnn_error_sums_add (&sums, n, truth, forecast);
  return ratio (rnn_error_sums_mae (&sums), seasonal_error);
}

gdouble
rnn_owa (gdouble smape, gdouble mase, gdouble smape_naive2, gdouble mase_naive2)
{
  return (ratio (smape, smape_naive2) + ratio (mase, mase_naive2)) / 2;
}

gdouble
rnn_pinball (gdouble truth, gdouble quantile, gdouble tau)
{
  gdouble e = truth - quantile;

  return e > 0 ? tau * e : (tau - 1) * e;
}

gdouble
rnn_crps_quantiles (gdouble truth, guint n_taus, const gfloat *quantiles, const gfloat *taus)
{
  gdouble sum = 0;

  for (guint i = 0; i < n_taus; i++)
    sum += rnn_pinball (truth, quantiles[i], taus[i]);
  return ratio (2 * sum, n_taus);
}

gdouble
rnn_crps_gaussian (gdouble truth, gdouble mean, gdouble sigma)
{
  gdouble z = (truth - mean) / sigma, density = exp (-z * z / 2) / sqrt (2 * G_PI);

  return sigma * (z * erf (z / G_SQRT2) + 2 * density - 1 / sqrt (G_PI));
}

static gint
compare (gconstpointer a, gconstpointer b)
{
  gfloat x = *(const gfloat *) a, y = *(const gfloat *) b;

  return (x > y) - (x < y);
}

/* sum over pairs |x_i - x_j| = 2 sum_i (2 i - n + 1) x_(i) */
gdouble
rnn_crps_ensemble (gdouble truth, guint n, gfloat *samples, gboolean fair)
{
  gdouble distance = 0, spread = 0;

  qsort (samples, n, sizeof (gfloat), compare);
  for (guint i = 0; i < n; i++) {
    distance += fabs (samples[i] - truth);
    spread += (2.0 * i - n + 1) * samples[i];
  }
  return distance / n - ratio (spread, (gdouble) n * (fair ? n - 1 : n));
}

gfloat
rnn_quantile_of_sorted (guint n, const gfloat *sorted, gdouble level)
{
  gdouble at = CLAMP (level, 0, 1) * (n - 1);
  guint i = (guint) at;

  return i + 1 < n ? (gfloat) (sorted[i] + (at - i) * ((gdouble) sorted[i + 1] - sorted[i])) : sorted[n - 1];
}
