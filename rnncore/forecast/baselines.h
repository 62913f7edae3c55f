/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasts that need no network: what one has to beat.
 *
 * The methods are those of the M4 competition (Makridakis, Spiliotis, Assimakopoulos 2018), with its conventions: Naive2,
 * SES, Holt, damped Holt and Theta see the series divided by multiplicative seasonal indices where a test of its
 * autocorrelation says it is seasonal, and what they forecast is multiplied by them again. */
#pragma once
#include "../base/api.h"
#include <glib.h>

RNN_API_BEGIN

typedef struct {
  const gchar *name;            /* "naive", "snaive", "drift", "ses", "holt", "damped", "theta", "naive2" */
  const gchar *summary;
  /* y[n], n > 0, finite -> forecast[horizon], finite. */
  void (*forecast) (guint n, const gfloat *y, guint season, guint horizon, gfloat *forecast);
  gboolean deseasonalised;      /* is given the series without its season */
} RnnBaseline;

/* All, ended by a row without a name. */
extern const RnnBaseline rnn_baselines[];
const RnnBaseline *rnn_baseline_find (const gchar *name);       /* or NULL */

/* known[n] with at least one value that is not NAN; what is missing is what was last known (at the start: what comes first).
 * @season 0 counts as 1. */
void rnn_baseline_run (const RnnBaseline *baseline, guint n, const gfloat *known, guint season, guint horizon,
    gfloat *forecast);

/* ---- seasonal.c ---- */
/* Is the autocorrelation at lag @season more than chance (90 %)?  FALSE for less than three seasons. */
gboolean rnn_is_seasonal (guint n, const gfloat *y, guint season);
/* The lag, from 2 on, at which the series is most like itself once its trend is gone; 1: at none. */
guint rnn_season_guess (guint n, const gfloat *y);
/* Classical multiplicative decomposition: indices[season], mean 1, of y[0], y[1], ...; FALSE (and all are 1) where y is not
 * positive throughout. */
gboolean rnn_seasonal_indices (guint n, const gfloat *y, guint season, gdouble *indices);

/* ---- smoothing.c ---- */
/* Exponential smoothing, fitted by least squares of its one-step errors (Hyndman et al. 2008, ETS (A,N,N), (A,A,N) and
 * (A,Ad,N)):
 *   e = y - l - phi b,  l' = l + phi b + alpha e,  b' = phi b + beta e */
typedef struct {
  gdouble alpha, beta, phi;
  gdouble level, trend;         /* after the last value */
} RnnSmoothing;

typedef enum { RNN_SMOOTHING_LEVEL, RNN_SMOOTHING_TREND, RNN_SMOOTHING_DAMPED } RnnSmoothingKind;

void rnn_smoothing_fit (RnnSmoothing *smoothing, RnnSmoothingKind kind, guint n, const gdouble *y);

RNN_API_END
