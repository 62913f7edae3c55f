/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From series and a recipe to a model in the series' own units, with whatever the recipe leaves open chosen from them. */
#pragma once
#include "fit.h"
#include "series.h"

RNN_API_BEGIN

typedef struct {
  guint horizon;                /* 0: two seasons or 24 steps, a quarter of the rows at most */
  guint season;                 /* steps; 0: chosen */
  guint valid;                  /* rows at the end of every series to choose by; 0: a fifth, two horizons at least */
  RnnForecastFit fit;
} RnnForecastTraining;

/* Steps of a season: what such steps tend to have, where the first @rows of column @c show it; else the lag at which they are
 * most like themselves.  1: there is none. */
guint   rnn_forecast_choose_season (const RnnSeries *series, guint c, guint rows);

/* The one that as many are shorter than as longer. (transfer none) */
const RnnSeries *rnn_forecast_find_median (const RnnSeries *const *series, guint n_series);

/* The recipe with @horizon and @season, and with a context and segments that fit into @rows to learn from, where it has none or
 * longer ones. (transfer full) */
json_t *rnn_forecast_complete (const json_t *recipe, guint horizon, guint season, guint rows);

/* Mean and standard deviation of what is known of column @c in the first @rows; of a constant 0 and its size.  FALSE: nothing is. */
gboolean rnn_forecast_measure (const RnnSeries *series, guint c, guint rows, gdouble *mean, gdouble *deviation);

/* Does the recipe's output count?  Then values are not standardised: they would be no counts. */
gboolean rnn_forecast_is_count (const json_t *recipe);

/* A copy of a model of standardised values that takes and gives the series' own, and knows their columns and step. (transfer full) */
RnnModel *rnn_forecast_own_units (RnnModel *model, const RnnSeries *series, const gdouble *mean, const gdouble *deviation,
    GError **error);

/* A trained model.  One series: each column in its own units.  Several, of the same columns: one model of all, whose recipe has to
 * scale every window by itself.  Columns that are covariates of the recipe have been split off (covariates.h).  Fails on series that
 * are too short. (transfer full) */
RnnModel *rnn_forecast_train (const json_t *recipe, const RnnSeries *const *series, guint n_series,
    const RnnForecastTraining *training, const gchar *where, GError **error);

RNN_API_END
