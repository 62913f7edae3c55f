/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of `rnncore forecast-eval`. */
#pragma once
#include "forecast/fit.h"
#include "forecast/forecaster.h"
#include "forecast/metrics.h"
#include "forecast/series.h"

typedef struct {
  gchar *time, *target, *id, *step, *model, *recipe, *save;
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
  gdouble mase;                 /* competition: sum over series */
} Score;

/* {"mse": ..., "mae": ..., "crps": ..., "coverage90": ...} */
json_t *score_to_json (const Score *score);
void    score_print_header (void);
void    score_print (const Score *score);

/* ---- recipe.c ---- */
/* The recipe, with @horizon, and where it says nothing a context that fits @season and @rows to learn from. (transfer full) */
json_t *eval_recipe (const EvalOptions *options, guint horizon, guint season, guint rows, GError **error);

/* ---- units.c ---- */
/* Mean and standard deviation of what is known of column @c in the first @rows; of a constant its size.  FALSE: nothing is. */
gboolean  eval_measure (const RnnSeries *series, guint c, guint rows, gdouble *mean, gdouble *deviation);
/* A copy of a model of standardised values that takes and gives the series' own. (transfer full) */
RnnModel *eval_own_units (RnnModel *model, const RnnSeries *series, const gdouble *mean, const gdouble *deviation,
    GError **error);

/* ---- rolling.c, competition.c: (transfer full) the results ---- */
json_t *eval_rolling     (const EvalOptions *options, const gchar *path, GError **error);
json_t *eval_competition (const EvalOptions *options, const gchar *train, const gchar *test, GError **error);

void    eval_report (const gchar *line, gpointer options);     /* progress, unless quiet */
