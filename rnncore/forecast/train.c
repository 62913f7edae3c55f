/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Season, context, units, and what is to be learnt from. */
#include "train.h"
#include "baselines.h"
#include <math.h>
#include <stdlib.h>

#define SEGMENTS 14             /* of the default window: two weeks of days */
#define FEWEST_SEGMENTS 3       /* where there are rows for them: a season shows in several */
#define MOST 720                /* values of the default window */
#define UNSEASONAL 8            /* values of a segment without a season */
#define LEAST_ROWS 12

/* ---- context ---- */

static void
set_default (json_t *object, const gchar *key, gint value)
{
  if (!json_object_get (object, key))
    json_object_set_new (object, key, json_integer (value));
}

static guint
choose_segments (guint rows, guint horizon, guint segment)
{
  guint left = rows > horizon ? rows - horizon : 0;
  guint few = left > segment / 2 ? MIN (FEWEST_SEGMENTS, (left - segment / 2) / segment) : 0;

  return CLAMP (MAX (left / 4 / segment, few), 1, CLAMP (MOST / segment, 1, SEGMENTS));
}

/* A context longer than what is there, with room for windows to learn from, is cut to whole segments. */
static void
shorten (json_t *forecast, guint rows, guint horizon)
{
  guint context = (guint) json_integer_value (json_object_get (forecast, "context"));
  guint segment = (guint) json_integer_value (json_object_get (forecast, "segment"));
  guint most = rows > 4 * horizon ? rows - 2 * horizon : rows > horizon ? (rows - horizon) / 2 : 0;

  if (context <= most || most == 0)
    return;
  segment = segment && segment <= most ? segment : MIN (UNSEASONAL, most);
  json_object_set_new (forecast, "segment", json_integer (segment));
  json_object_set_new (forecast, "context", json_integer (most / segment * segment));
}

json_t *
rnn_forecast_complete (const json_t *recipe, guint horizon, guint season, guint rows)
{
  json_t *whole = json_deep_copy (recipe), *forecast = json_object_get (whole, "forecast");
  guint segment = season > 1 && season <= MOST / 2 ? season : UNSEASONAL;

  if (!json_object_get (forecast, "context")) {
    json_object_set_new (forecast, "segment", json_integer (segment));
    json_object_set_new (forecast, "context", json_integer (choose_segments (rows, horizon, segment) * segment));
  } else {
    shorten (forecast, rows, horizon);
  }
  set_default (forecast, "season", (gint) season);
  json_object_set_new (forecast, "horizon", json_integer (horizon));
  return whole;
}

guint
rnn_forecast_choose_season (const RnnSeries *s, guint c, guint rows)
{
  guint usual = s->start == RNN_TIME_NONE ? 1 : rnn_time_step_season (&s->step), n = 0;
  g_autofree gfloat *y = g_new (gfloat, rows + 1);
  gfloat last = NAN;

  for (guint t = 0; t < MIN (rows, s->n); t++) {
    gfloat value = s->values[(gsize) t * s->channels + c];

    last = isnan (value) ? last : value;
    if (!isnan (last))
      y[n++] = last;
  }
  if (usual > 1 && (n < 3 * usual || rnn_is_seasonal (n, y, usual)))
    return usual;
  return rnn_season_guess (n, y);
}

/* ---- units ---- */

gboolean
rnn_forecast_measure (const RnnSeries *s, guint c, guint rows, gdouble *mean, gdouble *deviation)
{
  gdouble sum = 0, squares = 0;
  guint n = 0;

  for (guint t = 0; t < MIN (rows, s->n); t++) {
    gdouble value = s->values[(gsize) t * s->channels + c];

    if (!isnan (value)) {
      sum += value;
      n++;
    }
  }
  *mean = n ? sum / n : 0;
  for (guint t = 0; t < MIN (rows, s->n); t++) {
    gdouble d = s->values[(gsize) t * s->channels + c] - *mean;

    squares += isnan (d) ? 0 : d * d;
  }
  *deviation = n ? sqrt (squares / n) : 0;
  if (!(*deviation > 1e-6 * fabs (*mean)))
    *deviation = MAX (fabs (*mean), 1);
  return n > 0;
}

RnnModel *
rnn_forecast_own_units (RnnModel *model, const RnnSeries *s, const gdouble *mean, const gdouble *deviation, GError **error)
{
  json_t *shifts = json_array (), *scales = json_array (), *columns = json_array (), *forecast;
  g_autofree gchar *step = rnn_time_step_format (&s->step);
  RnnModel *copy = rnn_model_copy (model, error);

  for (guint c = 0; c < s->channels; c++) {
    json_array_append_new (shifts, json_real (mean[c]));
    json_array_append_new (scales, json_real (deviation[c]));
    json_array_append_new (columns, json_string (s->names[c]));
  }
  forecast = copy ? json_object_get (rnn_model_get_recipe (copy), "forecast") : NULL;
  if (forecast) {
    json_object_set (forecast, "shifts", shifts);
    json_object_set (forecast, "scales", scales);
    json_object_set (forecast, "columns", columns);
    if (s->start != RNN_TIME_NONE)
      json_object_set_new (forecast, "step", json_string (step));
  }
  json_decref (shifts);
  json_decref (scales);
  json_decref (columns);
  return copy;
}

gboolean
rnn_forecast_is_count (const json_t *recipe)
{
  const gchar *kind = json_string_value (json_object_get (json_object_get (recipe, "output"), "kind"));

  return !g_strcmp0 (kind, "negative-binomial") || !g_strcmp0 (kind, "poisson");
}

/* ---- training ---- */

typedef struct {
  GArray *tracks;               /* of RnnForecastTrack */
  GPtrArray *values;            /* their values, owned */
  RnnCovariates *covariates;
  GPtrArray *rows;              /* RnnCovariateRows of each series, owned */
  gdouble *mean, *deviation;    /* [channels]; 0 and 1 of several series, and of counts */
  gboolean own;                 /* each column in its own units */
} Work;

/* Column @c of a series, less @mean and by @deviation, as a track. */
static void
add_track (Work *w, const RnnSeries *s, guint c, guint valid, gdouble mean, gdouble deviation)
{
  gfloat *values = g_new (gfloat, s->n);
  RnnForecastTrack track = { values, s->n, s->n > valid ? s->n - valid : 0, s->n, w->rows->pdata[w->rows->len - 1] };

  for (guint t = 0; t < s->n; t++)
    values[t] = (gfloat) ((s->values[(gsize) t * s->channels + c] - mean) / deviation);
  g_ptr_array_add (w->values, values);
  g_array_append_val (w->tracks, track);
}

static gboolean
add_series (Work *w, const RnnSeries *s, guint valid, const gchar *where, GError **error)
{
  g_ptr_array_add (w->rows, rnn_covariate_rows_new (w->covariates, s, 0));
  for (guint c = 0; c < s->channels; c++) {
    if (!w->own) {
      w->mean[c] = 0;
      w->deviation[c] = 1;
    } else if (!rnn_forecast_measure (s, c, s->n > valid ? s->n - valid : 0, &w->mean[c], &w->deviation[c])) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: column %s has no value to learn from", where, s->names[c]);
      return FALSE;
    }
    add_track (w, s, c, valid, w->mean[c], w->deviation[c]);
  }
  return TRUE;
}

static gboolean
check_series (const RnnSeries *const *series, guint n_series, const gchar *where, GError **error)
{
  for (guint i = 0; i < n_series; i++) {
    if (series[i]->channels != series[0]->channels) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: series of %u and of %u columns", where, series[0]->channels,
          series[i]->channels);
      return FALSE;
    }
    if (series[i]->n < LEAST_ROWS && n_series == 1) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: %u rows are too few to learn from", where, series[i]->n);
      return FALSE;
    }
  }
  if (n_series == 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: there is no series to learn from", where);
  return n_series > 0;
}

static gint
compare_lengths (gconstpointer a, gconstpointer b)
{
  guint x = (*(const RnnSeries *const *) a)->n, y = (*(const RnnSeries *const *) b)->n;

  return (x > y) - (x < y);
}

const RnnSeries *
rnn_forecast_find_median (const RnnSeries *const *series, guint n_series)
{
  g_autofree const RnnSeries **sorted = g_memdup2 (series, n_series * sizeof *series);

  qsort (sorted, n_series, sizeof *sorted, compare_lengths);
  return sorted[n_series / 2];
}

/* What is out of range is found when the recipe is read. */
static guint
get_positive (const json_t *forecast, const gchar *key)
{
  return (guint) CLAMP (json_integer_value (json_object_get (forecast, key)), 0, 1 << 20);
}

static void
work_clear (Work *w)
{
  g_array_unref (w->tracks);
  g_ptr_array_unref (w->values);
  g_ptr_array_unref (w->rows);
  rnn_covariates_free (w->covariates);
  g_free (w->mean);
  g_free (w->deviation);
}

/* Of a recipe that says everything */
static RnnModel *
fit_series (const json_t *recipe, const RnnSeries *const *series, guint n_series, guint valid, const RnnForecastFit *fit,
    const gchar *where, GError **error)
{
  const RnnSeries *usual = rnn_forecast_find_median (series, n_series);
  Work w = { g_array_new (FALSE, FALSE, sizeof (RnnForecastTrack)), g_ptr_array_new_with_free_func (g_free),
    rnn_covariates_new (recipe, where, error), g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_covariate_rows_free),
    g_new0 (gdouble, usual->channels), g_new0 (gdouble, usual->channels), n_series == 1 && !rnn_forecast_is_count (recipe) };
  g_autoptr (RnnModel) model = NULL;
  gboolean good = w.covariates != NULL;
  RnnModel *own = NULL;

  for (guint i = 0; good && i < n_series; i++)
    good = add_series (&w, series[i], valid, where, error);
  if (good)
    model = rnn_forecast_fit (recipe, (const RnnForecastTrack *) (gpointer) w.tracks->data, w.tracks->len, fit, where, error);
  if (model)
    own = rnn_forecast_own_units (model, usual, w.mean, w.deviation, error);
  work_clear (&w);
  return own;
}

RnnModel *
rnn_forecast_train (const json_t *recipe, const RnnSeries *const *series, guint n_series, const RnnForecastTraining *t,
    const gchar *where, GError **error)
{
  const json_t *given = json_object_get (recipe, "forecast");
  guint season, horizon, valid;
  const RnnSeries *usual;
  RnnModel *model;
  json_t *whole;

  if (!check_series (series, n_series, where, error))
    return NULL;
  usual = rnn_forecast_find_median (series, n_series);
  season = t->season ? t->season : json_object_get (given, "season") ? get_positive (given, "season")
      : rnn_forecast_choose_season (usual, 0, usual->n);
  horizon = t->horizon ? t->horizon : json_object_get (given, "horizon") ? get_positive (given, "horizon")
      : MIN (season > 1 ? 2 * season : 24, MAX (usual->n / 4, 1));
  valid = t->valid ? t->valid : MAX (2 * horizon, usual->n / 5);
  whole = rnn_forecast_complete (recipe, horizon, season, usual->n > valid ? usual->n - valid : 0);
  rnn_covariates_learn (whole, series, n_series, valid);
  model = fit_series (whole, series, n_series, valid, &t->fit, where, error);
  json_decref (whole);
  return model;
}
