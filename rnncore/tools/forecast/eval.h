/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of `rnncore forecast-eval`. */
#pragma once
#include "forecast/forecaster.h"
#include "forecast/metrics.h"
#include "forecast/train.h"

typedef struct {
  gchar *time, *target, *id, *step, *model, *recipe, *save;
  gchar *calendar, *known, *past, *category;    /* lists joined by commas: covariates beside the recipe's, or in their place */
  gint seed, season;            /* season 0: what such steps tend to have */
  gboolean json, quiet, competition;
  gdouble level_shift;
  guint split[3];               /* rows of the three parts */
  guint *horizons, n_horizons;  /* rising */
} EvalOptions;

/* ---- score.c: sums over forecasts, and what is told of them ---- */
typedef struct {
  gchar *name;
  RnnErrorSums errors;
  gdouble crps, covered, n;     /* n of the latter two */
  gdouble covered_after, n_after;       /* of windows that begin after the level's shift */
  gdouble mase;                 /* competition: sum over series */
} Score;

/* {"mse": ..., "mae": ..., "crps": ..., "coverage90": ...} */
json_t *score_to_json (const Score *score);
void    score_print_header (gboolean shifted);
void    score_print (const Score *score);

/* ---- recipe.c ---- */
/* --recipe with the covariates asked for, or that of a linear model beside --model. (transfer full) */
json_t *eval_load_recipe (const EvalOptions *options, GError **error);
/* The same, completed. (transfer full) */
json_t *eval_recipe (const EvalOptions *options, guint horizon, guint season, guint rows, GError **error);
/* Those of --model, or else of the recipe. (transfer full) */
RnnCovariates *eval_read_covariates (const EvalOptions *options, RnnModel *model, GError **error);
/* What a forecaster is told beside values: rows of options. */
#define EVAL_COVARIATE_ENTRIES(o) \
  { "calendar", 0, 0, G_OPTION_ARG_STRING, &(o)->calendar, "Of times: second,minute,hour,weekday,day,month,yearday", "NAME,..." }, \
  { "known", 0, 0, G_OPTION_ARG_STRING, &(o)->known, "Columns that are known ahead", "COLUMN,..." }, \
  { "past", 0, 0, G_OPTION_ARG_STRING, &(o)->past, "Columns of which only the past is known", "COLUMN,..." }, \
  { "category", 0, 0, G_OPTION_ARG_STRING, &(o)->category, "Columns that say one thing of a whole series", "COLUMN,..." }
void    eval_options_clear (EvalOptions *options);

/* ---- table.c ---- */
/* The series of a table, whose covariates (of a recipe or a model) are split off. (transfer full, of RnnSeries) */
GPtrArray *eval_load_table (const EvalOptions *options, const RnnCovariates *covariates, const gchar *path, GError **error);
/* A forecaster is told of row @t of a series, and what is known of the rows after it. */
void       eval_begin (RnnForecaster *forecaster, const RnnSeries *series, guint t);
void       eval_push  (RnnForecaster *forecaster, const RnnSeries *series, guint t, const gfloat *values);

/* ---- units.c ---- */
/* A copy of a model of the series' own units (or of any, by its columns' names) that takes and gives standardised values. */
RnnModel *eval_standard_units (RnnModel *model, const RnnSeries *series, const gdouble *mean, const gdouble *deviation,
    GError **error);

/* ---- sample.c ---- */
/* Median and the ends of the 90 % interval of @n sampled paths: [channels][horizon][3]. (transfer full) */
gfloat *eval_sample (const EvalOptions *options, RnnModel *model, const RnnSeries *series, guint n, guint horizon, GError **error);

/* ---- rolling.c, competition.c: (transfer full) the results ---- */
json_t *eval_rolling     (const EvalOptions *options, const gchar *path, GError **error);
json_t *eval_competition (const EvalOptions *options, const gchar *train, const gchar *test, GError **error);

void    eval_report (const gchar *line, gpointer options);     /* progress, unless quiet */
