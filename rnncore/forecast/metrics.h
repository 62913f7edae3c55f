/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How good forecasts are.  Truths that are NAN do not count; 0 / 0 is 0.
 *
 * Sums over any number of forecasts: add each, then ask.  The definitions are GluonTS's and the M4 competition's:
 *   ND     sum |y - f| / sum |y|               NRMSE  sqrt (mean (y - f)^2) / mean |y|
 *   sMAPE  mean 2 |y - f| / (|y| + |f|), 0..2  MAPE   mean |y - f| / |y|
 *   MASE   mean over series of (mean |y - f| / seasonal error)
 *   OWA    mean of sMAPE and MASE, each relative to that of Naive2
 *   wQL    2 sum pinball (y, q, tau) / sum |y|
 *   CRPS   of an ensemble: mean |x - y| - 1/2 mean |x - x'|; of a Gaussian: closed form; of quantiles: 2 mean pinball */
#pragma once
#include "../base/api.h"
#include <glib.h>

RNN_API_BEGIN

typedef struct {
  gdouble n, squares, absolutes, truths;        /* counts and sums of (y - f)^2, |y - f|, |y| */
  gdouble smape, mape;                          /* sums; mape over n_mape truths that are not 0 */
  gdouble n_mape;
} RnnErrorSums;

void    rnn_error_sums_add (RnnErrorSums *sums, guint n, const gfloat *truth, const gfloat *forecast);
void    rnn_error_sums_merge (RnnErrorSums *sums, const RnnErrorSums *more);
gdouble rnn_error_sums_mse   (const RnnErrorSums *sums);
gdouble rnn_error_sums_mae   (const RnnErrorSums *sums);
gdouble rnn_error_sums_nd    (const RnnErrorSums *sums);
gdouble rnn_error_sums_nrmse (const RnnErrorSums *sums);
gdouble rnn_error_sums_smape (const RnnErrorSums *sums);
gdouble rnn_error_sums_mape  (const RnnErrorSums *sums);

/* Mean |y_t - y_(t - season)| of what is known: what MASE divides by.  NAN: not one pair. */
gdouble rnn_seasonal_error (guint n, const gfloat *known, guint season);
/* Of one series. */
gdouble rnn_mase (guint n, const gfloat *truth, const gfloat *forecast, gdouble seasonal_error);
gdouble rnn_owa (gdouble smape, gdouble mase, gdouble smape_naive2, gdouble mase_naive2);

/* tau (y - q) where y > q, (1 - tau) (q - y) else. */
gdouble rnn_pinball (gdouble truth, gdouble quantile, gdouble tau);
/* @quantiles: of the levels @taus[n_taus]. */
gdouble rnn_crps_quantiles (gdouble truth, guint n_taus, const gfloat *quantiles, const gfloat *taus);
gdouble rnn_crps_gaussian  (gdouble truth, gdouble mean, gdouble sigma);
/* Of samples[n], which are sorted in place; @fair: n (n - 1) pairs, so that it does not depend on n. */
gdouble rnn_crps_ensemble  (gdouble truth, guint n, gfloat *samples, gboolean fair);
/* Linear between the samples, as NumPy's default; sorted[n] rises. */
gfloat  rnn_quantile_of_sorted (guint n, const gfloat *sorted, gdouble level);

RNN_API_END
