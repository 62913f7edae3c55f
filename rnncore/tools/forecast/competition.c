/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The M4 competition's rules: one forecast of each of many series, whose next values are in a second file.  One model learns from
 * all of them but for their last values, which it chooses by. */
#include "eval.h"
#include "forecast/baselines.h"
#include <math.h>
#include <string.h>

#define COVERAGE 0.9
#define WARM 150                /* forecasts of the past that intervals are made of */

typedef struct {
  const EvalOptions *options;
  GPtrArray *train, *test;      /* of RnnSeries */
  guint horizon, season;
  GArray *scores;               /* of Score; the first is the model's */
} Competition;

static gboolean
load (Competition *c, const gchar *train, const gchar *test, GError **error)
{
  guint shortest = G_MAXUINT;

  c->train = rnn_series_load_wide (train, error);
  c->test = c->train ? rnn_series_load_wide (test, error) : NULL;
  if (!c->test)
    return FALSE;
  if (c->train->len != c->test->len) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %u series, but %u in %s", test, c->test->len, c->train->len, train);
    return FALSE;
  }
  for (guint i = 0; i < c->train->len; i++) {
    const RnnSeries *known = c->train->pdata[i], *next = c->test->pdata[i];

    if (strcmp (known->id, next->id) || next->n != ((RnnSeries *) c->test->pdata[0])->n || known->n == 0) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: series %u is \"%s\" with %u values, which does not go with \"%s\"",
          test, i + 1, next->id, next->n, known->id);
      return FALSE;
    }
    shortest = MIN (shortest, known->n);
  }
  c->horizon = ((RnnSeries *) c->test->pdata[0])->n;
  if (c->horizon == 0 || c->horizon >= shortest / 2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "a horizon of %u does not fit into series of %u values", c->horizon, shortest);
    return FALSE;
  }
  return TRUE;
}

static Score *
get_score (Competition *c, guint i)
{
  return &g_array_index (c->scores, Score, i);
}

static void
add_score (Competition *c, const gchar *name)
{
  Score score = { .name = g_strdup (name) };

  g_array_append_val (c->scores, score);
}

static void
score_clear (gpointer score)
{
  g_free (((Score *) score)->name);
}

static void
score_series (Competition *c, guint i, const RnnSeries *known, const RnnSeries *next, const gfloat *forecast)
{
  Score *s = get_score (c, i);
  RnnErrorSums one = { 0 };

  rnn_error_sums_add (&one, c->horizon, next->values, forecast);
  s->errors.smape += rnn_error_sums_smape (&one) * c->horizon;
  s->errors.n += c->horizon;
  s->mase += rnn_mase (c->horizon, next->values, forecast, rnn_seasonal_error (known->n, known->values, c->season))
      / c->train->len;
}

/* ---- the model ---- */

/* A row of such a table is an id and values. */
static gboolean
check_covariates (const EvalOptions *o, RnnModel *model, GError **error)
{
  g_autoptr (RnnCovariates) covariates = eval_read_covariates (o, model, error);

  if (!covariates)
    return FALSE;
  if (rnn_covariates_count_known (covariates) + covariates->n_past + covariates->n_categories == 0)
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--m4: its tables have neither times nor columns beside the values, "
      "so nothing can be learnt from a calendar, columns or categories; a table with a row for each value can have them, and a "
      "column that says whose it is (--id COLUMN --split A,B,C)");
  return FALSE;
}

static RnnModel *
load_model (const EvalOptions *o, GError **error)
{
  RnnModel *model = rnn_model_load (o->model, error);

  if (model && !check_covariates (o, model, error))
    g_clear_pointer (&model, rnn_model_unref);
  return model;
}

static RnnModel *
train_model (Competition *c, GError **error)
{
  g_autofree RnnForecastTrack *tracks = g_new (RnnForecastTrack, c->train->len);
  RnnForecastFit fit = { .seed = (guint64) c->options->seed, .report = eval_report, .data = (gpointer) c->options,
    .windows = 40000 };
  const RnnSeries *usual = rnn_forecast_find_median ((const RnnSeries *const *) c->train->pdata, c->train->len);
  RnnModel *model;
  json_t *recipe;

  if (!check_covariates (c->options, NULL, error))
    return NULL;
  for (guint i = 0; i < c->train->len; i++) {
    RnnSeries *s = c->train->pdata[i];

    tracks[i] = (RnnForecastTrack) { s->values, s->n, s->n - c->horizon, s->n };
  }
  recipe = eval_recipe (c->options, c->horizon, c->season, usual->n - MIN (usual->n, c->horizon), error);
  if (!recipe)
    return NULL;
  model = rnn_forecast_fit (recipe, tracks, c->train->len, &fit, c->options->recipe, error);
  json_decref (recipe);
  return model;
}

/* Of a series that was never below 0 neither is what is forecast. */
static void
keep_positive (const RnnSeries *known, guint horizon, gfloat *forecast)
{
  gfloat least = INFINITY;

  for (guint t = 0; t < known->n; t++)
    least = fminf (least, known->values[t]);
  for (guint h = 0; least >= 0 && h < horizon; h++)
    forecast[h] = MAX (forecast[h], 0);
}

static gboolean
run_model (Competition *c, RnnModel *model, guint i, GError **error)
{
  const RnnSeries *known = c->train->pdata[i], *next = c->test->pdata[i];
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, 1, COVERAGE, error);
  g_autofree gfloat *forecast = NULL;
  Score *s = get_score (c, 0);
  gint first;

  if (!f)
    return FALSE;
  if (rnn_forecaster_get_horizon (f) < c->horizon) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: forecasts %u steps, not %u", rnn_model_get_path (model),
        rnn_forecaster_get_horizon (f), c->horizon);
    return FALSE;
  }
  first = (gint) known->n - (gint) rnn_forecaster_get_context (f) - WARM;
  for (gint t = MIN (first, (gint) known->n - (gint) rnn_forecaster_get_context (f)); t < (gint) known->n; t++)
    rnn_forecaster_push (f, t < 0 ? &(gfloat) { NAN } : known->values + t);
  forecast = g_memdup2 (rnn_forecaster_get_mean (f, 0), c->horizon * sizeof (gfloat));
  keep_positive (known, c->horizon, forecast);
  score_series (c, 0, known, next, forecast);
  for (guint h = 0; h < c->horizon; h++) {
    s->covered += fabsf (next->values[h] - rnn_forecaster_get_mean (f, 0)[h]) <= rnn_forecaster_get_radius (f, 0)[h];
    s->n++;
  }
  return TRUE;
}

/* ---- results ---- */

static void
run_baselines (Competition *c)
{
  g_autofree gfloat *forecast = g_new (gfloat, c->horizon);

  for (const RnnBaseline *b = rnn_baselines; b->name; b++) {
    add_score (c, b->name);
    for (guint i = 0; i < c->train->len; i++) {
      const RnnSeries *known = c->train->pdata[i];

      rnn_baseline_run (b, known->n, known->values, c->season, c->horizon, forecast);
      score_series (c, c->scores->len - 1, known, c->test->pdata[i], forecast);
    }
  }
}

static json_t *
report (Competition *c)
{
  const Score *naive2 = get_score (c, c->scores->len - 1);
  json_t *result = json_pack ("{sisisi}", "series", c->train->len, "horizon", c->horizon, "seed", c->options->seed);

  g_print ("  %-12s %9s %9s %9s\n", "", "sMAPE", "MASE", "OWA");
  for (guint i = 0; i < c->scores->len; i++) {
    const Score *s = get_score (c, i);
    gdouble smape = rnn_error_sums_smape (&s->errors);
    gdouble owa = rnn_owa (smape, s->mase, rnn_error_sums_smape (&naive2->errors), naive2->mase);
    json_t *one = json_pack ("{sfsfsf}", "smape", 100 * smape, "mase", s->mase, "owa", owa);

    g_print ("  %-12s %9.3f %9.3f %9.3f\n", s->name, 100 * smape, s->mase, owa);
    if (s->n > 0) {
      g_print ("  %-12s %8.1f %% in the 90 %% intervals\n", "", 100 * s->covered / s->n);
      json_object_set_new (one, "coverage90", json_real (s->covered / s->n));
    }
    json_object_set_new (result, s->name, one);
  }
  return result;
}

json_t *
eval_competition (const EvalOptions *o, const gchar *train, const gchar *test, GError **error)
{
  Competition c = { .options = o, .season = o->season ? (guint) o->season : 1 };
  g_autoptr (RnnModel) model = NULL;
  json_t *result = NULL;

  c.scores = g_array_new (FALSE, FALSE, sizeof (Score));
  g_array_set_clear_func (c.scores, score_clear);
  add_score (&c, "model");
  if (load (&c, train, test, error))
    model = o->model ? load_model (o, error) : train_model (&c, error);
  if (model && (!o->save || rnn_model_save (model, o->save, error))) {
    gboolean good = TRUE;

    for (guint i = 0; good && i < c.train->len; i++)
      good = run_model (&c, model, i, error);
    if (good) {
      run_baselines (&c);
      result = report (&c);
    }
  }
  g_array_unref (c.scores);
  g_clear_pointer (&c.train, g_ptr_array_unref);
  g_clear_pointer (&c.test, g_ptr_array_unref);
  return result;
}
