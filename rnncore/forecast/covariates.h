/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a forecaster knows beside the values of a series.  A recipe says which:
 *
 *   {"covariates": {"calendar": ["hour", "weekday"],   of the time of every step, ahead, too: each two numbers, a point on a circle
 *                   "known": ["temperature"],          columns that are known ahead (a plan, holidays, somebody's forecast)
 *                   "past": ["wind"],                  columns of which nobody knows what comes
 *                   "categories": ["shop"]}}           columns that say one thing of a whole series
 *
 * and a model has in the same place what training has made of the columns: "shifts" and "scales" (of the known, then of the past
 * ones) and the "values" of the categories; token 0 is any other value.
 *
 * The row that such a model reads, with K numbers known of every step (calendar, then columns), P of the past, H steps ahead:
 *
 *   [x | K + P rows of the window's steps, known ones first | K rows of the steps ahead | a token for each category]
 *
 * where x is the window and every row has one number for each step. */
#pragma once
#include "../base/error.h"
#include "config.h"
#include "series.h"

RNN_API_BEGIN

typedef struct {
  guint n_calendar, n_known, n_past, n_categories;      /* names of each kind */
  gchar **calendar, **known, **past, **categories;
  gfloat *shifts, *scales;      /* [n_known + n_past] */
  gchar ***values;              /* [n_categories] lists; token k + 1 is the k-th */
} RnnCovariates;

/* Of a recipe or a model; without "covariates" there are none.  Fails on unknown names and on names given twice. */
RnnCovariates *rnn_covariates_new  (const json_t *recipe, const gchar *where, GError **error);
void           rnn_covariates_free (RnnCovariates *covariates);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCovariates, rnn_covariates_free)

guint    rnn_covariates_count_known (const RnnCovariates *covariates);  /* K */
/* The token of a category's value; 0: training has not seen it. */
guint    rnn_covariates_find_token  (const RnnCovariates *covariates, guint category, const gchar *value);
/* Adds "shifts", "scales" and "values" to a recipe, from rows that are learnt from: all but the last @valid of each series, whose
 * columns were split. */
void     rnn_covariates_learn (json_t *recipe, const RnnSeries *const *series, guint n_series, guint valid);

/* Takes the columns that are covariates out of a series' values; the others are what is forecast.  With columns that are known ahead,
 * rows at the end without a value tell of these, and are no part of the series.  Fails where a column is not there, or none is left,
 * and on a calendar for series without times. */
gboolean rnn_covariates_split (const RnnCovariates *covariates, RnnSeries *series, const gchar *where, GError **error);

/* ---- covariate-rows.c: the numbers themselves ---- */

/* Of a time: numbers[2 * n_calendar]. */
void     rnn_covariates_look_up (const RnnCovariates *covariates, gint64 time, gfloat *numbers);
/* In the model's units: columns[n] from the @first on (known, then past). */
void     rnn_covariates_scale   (const RnnCovariates *covariates, guint first, guint n, const gfloat *columns, gfloat *numbers);

/* Of a whole series */
typedef struct {
  guint n, ahead;               /* steps; `ahead` of them come after the last value */
  gfloat *known, *past;         /* [K][n], [P][n]; NAN: missing */
  gfloat *tokens;               /* [categories] */
} RnnCovariateRows;

/* Of a series that was split, and of @ahead steps after it. (transfer full) */
RnnCovariateRows *rnn_covariate_rows_new  (const RnnCovariates *covariates, const RnnSeries *series, guint ahead);
void         rnn_covariate_rows_free (RnnCovariateRows *features);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCovariateRows, rnn_covariate_rows_free)
/* What stands behind x in the row of the window that ends before step @t: rest[row - context]. */
void         rnn_covariate_rows_read (const RnnCovariateRows *features, const RnnForecastConfig *config, guint t, gfloat *rest);
/* What is missing is what was last known in its row; before that, @last (0 is the mean).  Returns the last one. */
gfloat       rnn_covariate_rows_hold (guint n, gfloat *row, gfloat last);

RNN_API_END
