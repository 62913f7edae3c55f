/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A series in three parts: learnt from, chosen by, reported.  Every row of the third part begins a window; forecasts see all that is
 * before it.  Numbers are in standard deviations of the first part.  Of several series (--id) one model learns, and each is reported as
 * it would be alone. */
#include "eval.h"
#include "forecast/baselines.h"
#include <math.h>
#include <string.h>

#define COVERAGE 0.9
#define SCORES 500
#define RATE 0.02
#define LEAST_KNOWN 64          /* values that a baseline sees, or four seasons */

/* One that forecasts: a model, or a baseline */
typedef struct {
  const gchar *name;
  RnnModel *model;              /* owned */
  RnnForecaster *forecaster;    /* of the series under way; or ... */
  const RnnBaseline *baseline;  /* ... with */
  RnnTracker **trackers;        /* [channels] */
  gfloat *mean;                 /* [horizon] */
  Score *scores;                /* [n_horizons] */
} Method;

typedef struct {
  RnnSeries *series;
  gfloat *values;               /* [channels][n], standardised */
  gdouble *mean, *deviation;    /* [channels] of the first part */
} Table;

typedef struct {
  const EvalOptions *options;
  const gchar *path;
  RnnModel *given;              /* --model, or NULL */
  RnnCovariates *covariates;
  Table *tables;
  guint n_tables;
  const RnnSeries *series;      /* that of the table under way, as are values, mean and deviation */
  guint channels, horizon, season, train, valid, end;   /* rows where the parts end */
  gboolean counts;              /* values stay as they are */
  gfloat *values;               /* [channels][n], standardised */
  gdouble *mean, *deviation;    /* [channels] of the first part */
  GArray *methods;
  guint64 *windows;             /* [n_horizons] */
} Roll;

static gfloat *
track (const Roll *r, guint channel)
{
  return r->values + (gsize) channel * r->series->n;
}

/* Where the level changes, if it is to */
static guint
shift_row (const Roll *r)
{
  return r->valid + (r->end - r->valid) / 2;
}

/* ---- data ---- */

static gboolean
load (Roll *r, GError **error)
{
  const EvalOptions *o = r->options;
  g_autoptr (GPtrArray) all = NULL;

  if (o->model && !(r->given = rnn_model_load (o->model, error)))
    return FALSE;
  r->covariates = eval_read_covariates (o, r->given, error);
  all = r->covariates ? eval_load_table (o, r->covariates, r->path, error) : NULL;
  if (!all)
    return FALSE;
  r->n_tables = o->id ? all->len : 1;
  r->tables = g_new0 (Table, r->n_tables);
  for (guint i = 0; i < r->n_tables; i++)
    r->tables[i].series = g_ptr_array_steal_index (all, 0);
  r->series = r->tables[0].series;
  r->channels = r->series->channels;
  for (guint i = 0; i < r->n_tables; i++)
    if (r->tables[i].series->n < r->end) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: %s%shas %u rows, but the parts together %u", r->path,
          o->id ? r->tables[i].series->id : "", o->id ? " " : "", r->tables[i].series->n, r->end);
      return FALSE;
    }
  if (o->horizons[0] == 0 || r->horizon > o->split[2] || r->horizon >= o->split[0]) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: a horizon of %u is 0, or longer than the first or the third part",
        r->path, o->horizons[0] ? r->horizon : 0);
    return FALSE;
  }
  r->season = o->season ? (guint) o->season : rnn_forecast_choose_season (r->series, 0, r->train);
  return TRUE;
}

static void
take_table (Roll *r, guint i)
{
  r->series = r->tables[i].series;
  r->values = r->tables[i].values;
  r->mean = r->tables[i].mean;
  r->deviation = r->tables[i].deviation;
}

static gboolean
standardise (Roll *r, guint c, GError **error)
{
  const RnnSeries *s = r->series;

  if (!rnn_forecast_measure (s, c, r->train, &r->mean[c], &r->deviation[c])) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: column %s has no value in the first part", r->path, s->names[c]);
    return FALSE;
  }
  if (r->counts) {
    r->mean[c] = 0;
    r->deviation[c] = 1;
  }
  for (guint t = 0; t < s->n; t++)
    track (r, c)[t] = (gfloat) ((s->values[(gsize) t * s->channels + c] - r->mean[c]) / r->deviation[c]
        + (t >= shift_row (r) ? r->options->level_shift : 0));
  return TRUE;
}

static gboolean
standardise_all (Roll *r, GError **error)
{
  for (guint i = 0; i < r->n_tables; i++) {
    Table *t = &r->tables[i];

    t->values = g_new (gfloat, (gsize) t->series->n * r->channels);
    t->mean = g_new0 (gdouble, r->channels);
    t->deviation = g_new0 (gdouble, r->channels);
    take_table (r, i);
    for (guint c = 0; c < r->channels; c++)
      if (!standardise (r, c, error))
        return FALSE;
  }
  take_table (r, 0);
  return TRUE;
}

static void
clear_tables (Roll *r)
{
  for (guint i = 0; i < r->n_tables; i++) {
    rnn_series_free (r->tables[i].series);
    g_free (r->tables[i].values);
    g_free (r->tables[i].mean);
    g_free (r->tables[i].deviation);
  }
  g_free (r->tables);
}

/* ---- methods ---- */

static Method *
add_method (Roll *r, const gchar *name)
{
  Method m = { .name = name, .mean = g_new0 (gfloat, r->horizon), .scores = g_new0 (Score, r->options->n_horizons) };

  for (guint j = 0; j < r->options->n_horizons; j++)
    m.scores[j].name = g_strdup (name);
  g_array_append_val (r->methods, m);
  return &g_array_index (r->methods, Method, r->methods->len - 1);
}

/* What it knew of a series */
static void
forget (Method *m)
{
  g_clear_pointer (&m->forecaster, rnn_forecaster_free);
  for (guint c = 0; m->trackers && m->trackers[c]; c++)
    rnn_tracker_free (m->trackers[c]);
  g_clear_pointer (&m->trackers, g_free);
}

static void
method_clear (gpointer data)
{
  Method *m = data;

  forget (m);
  g_clear_pointer (&m->model, rnn_model_unref);
  g_free (m->mean);
}

static void
begin (Roll *r, Method *m)
{
  if (m->model)
    m->forecaster = rnn_forecaster_new (m->model, r->channels, COVERAGE, NULL);
  else
    m->trackers = g_new0 (RnnTracker *, r->channels + 1);
  for (guint c = 0; m->trackers && c < r->channels; c++)
    m->trackers[c] = rnn_tracker_new (r->horizon, COVERAGE, SCORES, RATE);
}

static void
add_baselines (Roll *r)
{
  for (const RnnBaseline *b = rnn_baselines; b->name; b++)
    add_method (r, b->name)->baseline = b;
}

static RnnModel *
train (Roll *r, const json_t *recipe, GError **error)
{
  const gchar *where = r->options->recipe ? r->options->recipe : "the linear model";
  g_autoptr (RnnCovariates) covariates = rnn_covariates_new (recipe, where, error);
  g_autofree RnnForecastTrack *tracks = g_new (RnnForecastTrack, r->n_tables * r->channels);
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_covariate_rows_free);
  RnnForecastFit fit = { .seed = (guint64) r->options->seed, .report = eval_report, .data = (gpointer) r->options };

  if (!covariates)
    return NULL;
  for (guint i = 0; i < r->n_tables; i++) {
    take_table (r, i);
    g_ptr_array_add (rows, rnn_covariate_rows_new (covariates, r->series, 0));
    for (guint c = 0; c < r->channels; c++)
      tracks[i * r->channels + c] = (RnnForecastTrack) { track (r, c), r->series->n, r->train, r->valid, rows->pdata[i] };
  }
  take_table (r, 0);
  return rnn_forecast_fit (recipe, tracks, r->n_tables * r->channels, &fit, where, error);
}

static gboolean
save (Roll *r, RnnModel *model, GError **error)
{
  g_autoptr (RnnModel) own = rnn_forecast_own_units (model, r->series, r->mean, r->deviation, error);

  return own && rnn_model_save (own, r->options->save, error);
}

static gboolean
add_forecaster (Roll *r, const gchar *name, RnnModel *model, GError **error)
{
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, r->channels, COVERAGE, error);

  if (!f)
    return FALSE;
  if (rnn_forecaster_get_horizon (f) < r->horizon) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: forecasts %u steps, not %u", rnn_model_get_path (model),
        rnn_forecaster_get_horizon (f), r->horizon);
    return FALSE;
  }
  add_method (r, name)->model = rnn_model_ref (model);
  return TRUE;
}

/* All series teach what their columns are like. */
static void
learn_covariates (Roll *r, json_t *recipe)
{
  g_autofree const RnnSeries **list = g_new (const RnnSeries *, r->n_tables);

  for (guint i = 0; i < r->n_tables; i++)
    list[i] = r->tables[i].series;
  rnn_covariates_learn (recipe, list, r->n_tables, r->series->n - r->train);
}

/* A model of several series, each of its own units, would not know those of a stream. */
static gboolean
check_options (const Roll *r, GError **error)
{
  if (!r->options->id || (!r->options->save && !r->options->model))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--id goes without --model and --save: what it trains is of every "
      "series' own units (train-forecast makes a model of several)");
  return FALSE;
}

/* The linear model beside the network is the recipe without members. */
static gboolean
add_models (Roll *r, GError **error)
{
  json_t *recipe = eval_recipe (r->options, r->horizon, r->season, r->train, error), *forecast, *linear;
  g_autoptr (RnnModel) model = NULL, plain = NULL;
  gboolean good = recipe != NULL;

  if (!good)
    return FALSE;
  linear = json_deep_copy (recipe);
  forecast = json_object_get (linear, "forecast");
  json_object_set_new (forecast, "members", json_integer (0));
  json_object_set_new (forecast, "linear", json_true ());
  json_object_set_new (linear, "output", json_pack ("{ss}", "kind", "regression"));
  json_object_del (linear, "covariates");
  learn_covariates (r, recipe);
  model = r->given ? eval_standard_units (r->given, r->series, r->mean, r->deviation, error) : train (r, recipe, error);
  plain = model ? train (r, linear, error) : NULL;
  good = plain && add_forecaster (r, "model", model, error) && add_forecaster (r, "nlinear", plain, error)
      && (!r->options->save || save (r, model, error));
  json_decref (recipe);
  json_decref (linear);
  return good;
}

/* ---- rolling ---- */

/* Deciles, mean in the middle, from the scores kept */
static gdouble
crps (RnnForecaster *f, RnnTracker *tracker, guint c, guint h, gdouble mean, gdouble truth)
{
  static const gdouble coverages[] = { 0.2, 0.4, 0.6, 0.8 };
  gdouble sum = rnn_pinball (truth, mean, 0.5);

  for (guint k = 0; k < G_N_ELEMENTS (coverages); k++) {
    gdouble level = (1 + coverages[k]) / 2;
    gdouble spread = f ? rnn_forecaster_get_quantile (f, c, h, level) - mean
        : rnn_tracker_get_spread (tracker, h, coverages[k], 1);

    sum += rnn_pinball (truth, mean + spread, level) + rnn_pinball (truth, mean - spread, 1 - level);
  }
  return 2 * sum / (2 * G_N_ELEMENTS (coverages) + 1);
}

/* Scores the forecast that begins at row @t against what came. */
static void
add_scores (Roll *r, Method *m, guint c, guint t)
{
  const gfloat *truth = track (r, c) + t;
  const gfloat *mean = m->forecaster ? rnn_forecaster_get_mean (m->forecaster, c) : m->mean;
  const gfloat *radius = m->forecaster ? rnn_forecaster_get_radius (m->forecaster, c) : rnn_tracker_get_radius (m->trackers[c]);
  gboolean after = r->options->level_shift != 0 && t >= shift_row (r);
  Score sums = { 0 };
  guint j = 0;

  for (guint h = 0; h < r->horizon && t + h < r->end; h++) {
    if (!isnan (truth[h])) {
      rnn_error_sums_add (&sums.errors, 1, truth + h, mean + h);
      sums.crps += crps (m->forecaster, m->forecaster ? NULL : m->trackers[c], c, h, mean[h], truth[h]);
      sums.covered += fabsf (truth[h] - mean[h]) <= radius[h];
      sums.n++;
    }
    if (h + 1 == r->options->horizons[j]) {
      rnn_error_sums_merge (&m->scores[j].errors, &sums.errors);
      m->scores[j].crps += sums.crps;
      m->scores[j].covered += sums.covered;
      m->scores[j].n += sums.n;
      m->scores[j].covered_after += after ? sums.covered : 0;
      m->scores[j].n_after += after ? sums.n : 0;
      j++;
    }
  }
}

/* The baseline's forecast from row @t on, of the last few seasons. */
static void
run_baseline (Roll *r, Method *m, guint c, guint t)
{
  guint known = MIN (t, MAX (4 * r->season, LEAST_KNOWN)), season = r->season;
  g_autofree gfloat *scale = g_new (gfloat, r->horizon);

  for (guint h = 0; h < r->horizon; h++)
    scale[h] = 1;
  rnn_baseline_run (m->baseline, known, track (r, c) + t - known, season, r->horizon, m->mean);
  rnn_tracker_issue (m->trackers[c], m->mean, scale, 1.645f);
}

/* Row @t is known now. */
static void
advance (Roll *r, Method *m, guint t)
{
  g_autofree gfloat *row = g_new (gfloat, r->channels);
  gboolean scored = t + 1 >= r->valid && t + 1 < r->end;

  for (guint c = 0; c < r->channels; c++)
    row[c] = track (r, c)[t];
  if (m->forecaster)
    eval_push (m->forecaster, r->series, t, row);
  for (guint c = 0; c < r->channels; c++) {
    if (m->baseline)
      rnn_tracker_observe (m->trackers[c], row[c]);
    if (m->baseline && t + 1 >= r->train)
      run_baseline (r, m, c, t + 1);
    if (scored)
      add_scores (r, m, c, t + 1);
  }
}

static void
roll_table (Roll *r, Method *m)
{
  guint context, first;

  begin (r, m);
  context = m->forecaster ? rnn_forecaster_get_context (m->forecaster) : 0;
  first = r->train > context ? r->train - context : 0;
  if (m->forecaster)
    eval_begin (m->forecaster, r->series, first);
  for (guint t = first; t + 1 < r->end; t++)
    advance (r, m, t);
  forget (m);
}

static void
roll (Roll *r)
{
  for (guint i = 0; i < r->n_tables; i++) {
    take_table (r, i);
    for (guint k = 0; k < r->methods->len; k++)
      roll_table (r, &g_array_index (r->methods, Method, k));
  }
  for (guint j = 0; j < r->options->n_horizons; j++)
    r->windows[j] = (guint64) r->n_tables * (r->end - r->valid - r->options->horizons[j] + 1);
}

static json_t *
report (Roll *r)
{
  const EvalOptions *o = r->options;
  json_t *result = json_object (), *horizons = json_object ();

  for (guint j = 0; j < o->n_horizons; j++) {
    json_t *one = json_pack ("{sI}", "windows", (json_int_t) r->windows[j]);
    g_autofree gchar *name = g_strdup_printf ("%u", o->horizons[j]);

    g_print ("horizon %u, %" G_GUINT64_FORMAT " windows\n", o->horizons[j], r->windows[j]);
    score_print_header (o->level_shift != 0);
    for (guint i = 0; i < r->methods->len; i++) {
      Method *m = &g_array_index (r->methods, Method, i);

      score_print (&m->scores[j]);
      json_object_set_new (one, m->name, score_to_json (&m->scores[j]));
    }
    json_object_set_new (horizons, name, one);
  }
  json_object_set_new (result, "file", json_string (r->path));
  json_object_set_new (result, "unit", json_string (r->counts ? "counts" : "standard deviations of the first part"));
  json_object_set_new (result, "seed", json_integer (o->seed));
  json_object_set_new (result, "horizons", horizons);
  return result;
}

json_t *
eval_rolling (const EvalOptions *o, const gchar *path, GError **error)
{
  Roll r = { .options = o, .path = path, .train = o->split[0], .valid = o->split[0] + o->split[1],
    .end = o->split[0] + o->split[1] + o->split[2], .horizon = o->horizons[o->n_horizons - 1] };
  json_t *recipe = eval_load_recipe (o, error), *result = NULL;
  gboolean good = recipe && load (&r, error);

  r.counts = rnn_forecast_is_count (recipe);
  json_decref (recipe);

  r.methods = g_array_new (FALSE, FALSE, sizeof (Method));
  g_array_set_clear_func (r.methods, method_clear);
  r.windows = g_new0 (guint64, o->n_horizons);
  good = good && check_options (&r, error) && standardise_all (&r, error);
  if (good && add_models (&r, error)) {
    add_baselines (&r);
    roll (&r);
    result = report (&r);
  }
  g_array_unref (r.methods);
  clear_tables (&r);
  g_clear_pointer (&r.given, rnn_model_unref);
  rnn_covariates_free (r.covariates);
  g_free (r.windows);
  return result;
}
