/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore forecast: what comes after the last row of a table, beside what the baselines say. */
#include "eval.h"
#include "forecast/baselines.h"
#include "tools/tool.h"
#include <math.h>
#include <string.h>

#define COVERAGE 0.9
#define LEAST_ROWS 16

static const gchar *const beside[] = { "naive", "snaive", "theta" };

typedef struct {
  EvalOptions options;
  gint horizon, history;        /* steps; rows before them in the table for plots */
  gint samples;                 /* paths; 0: what the forecaster says of each step */
  gchar *plot;                  /* where that table goes, or NULL */
} Wanted;

static guint
choose_horizon (const Wanted *w, const RnnSeries *s, guint season)
{
  guint most = MAX (s->n / 4, 1);

  return w->horizon ? (guint) w->horizon : MIN (season > 1 ? 2 * season : 24, most);
}

/* ---- training ---- */

static RnnModel *
train (const Wanted *w, const gchar *path, const RnnSeries *s, guint season, guint horizon, GError **error)
{
  const RnnForecastTraining training = { .horizon = w->samples ? 0 : horizon, .season = season, .fit = { .seed = (guint64) w->options.seed,
      .report = eval_report, .data = (gpointer) &w->options } };
  json_t *recipe = eval_load_recipe (&w->options, error);
  RnnModel *model = recipe ? rnn_forecast_train (recipe, &s, 1, &training, path, error) : NULL;

  json_decref (recipe);
  return model;
}

/* ---- the table ---- */

static void
append_time (GString *text, const RnnSeries *s, gint64 k)
{
  gchar time[RNN_TIME_TEXT];

  if (s->start == RNN_TIME_NONE)
    g_string_append_printf (text, "%" G_GINT64_FORMAT, k + 1);
  else
    g_string_append (text, rnn_time_format (rnn_time_step_add (&s->step, s->start, k), time));
}

static void
append_number (GString *text, gfloat value)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append_c (text, '\t');
  g_string_append (text, isnan (value) ? "?" : g_ascii_formatd (number, sizeof number, "%.6g", value));
}

static void
append_header (GString *text, const RnnSeries *s)
{
  g_string_append (text, "time");
  for (guint c = 0; c < s->channels; c++) {
    g_string_append_printf (text, "\t%s\tlower\tupper", s->names[c]);
    for (guint b = 0; b < G_N_ELEMENTS (beside); b++)
      g_string_append_printf (text, "\t%s", beside[b]);
  }
  g_string_append_c (text, '\n');
}

/* [channels][baselines][horizon] */
static gfloat *
run_baselines (const RnnSeries *s, guint season, guint horizon)
{
  gfloat *all = g_new (gfloat, (gsize) s->channels * G_N_ELEMENTS (beside) * horizon), *at = all;
  g_autofree gfloat *column = g_new (gfloat, s->n);

  for (guint c = 0; c < s->channels; c++) {
    for (guint t = 0; t < s->n; t++)
      column[t] = s->values[(gsize) t * s->channels + c];
    for (guint b = 0; b < G_N_ELEMENTS (beside); b++, at += horizon)
      rnn_baseline_run (rnn_baseline_find (beside[b]), s->n, column, season, horizon, at);
  }
  return all;
}

/* [channels][horizon][3]: middle, and the ends of the interval */
static gfloat *
make_bands (RnnForecaster *f, const RnnSeries *s, guint horizon)
{
  gfloat *bands = g_new (gfloat, 3 * (gsize) s->channels * horizon), *at = bands;

  for (guint c = 0; c < s->channels; c++)
    for (guint h = 0; h < horizon; h++) {
      gfloat mean = rnn_forecaster_get_mean (f, c)[h], radius = rnn_forecaster_get_radius (f, c)[h];

      *at++ = mean;
      *at++ = mean - radius;
      *at++ = mean + radius;
    }
  return bands;
}

static GString *
make_table (const gfloat *bands, const RnnSeries *s, guint season, guint horizon)
{
  g_autofree gfloat *baselines = run_baselines (s, season, horizon);
  GString *text = g_string_new (NULL);

  append_header (text, s);
  for (guint h = 0; h < horizon; h++) {
    append_time (text, s, (gint64) s->n + h);
    for (guint c = 0; c < s->channels; c++) {
      for (guint k = 0; k < 3; k++)
        append_number (text, bands[((gsize) c * horizon + h) * 3 + k]);
      for (guint b = 0; b < G_N_ELEMENTS (beside); b++)
        append_number (text, baselines[((gsize) c * G_N_ELEMENTS (beside) + b) * horizon + h]);
    }
    g_string_append_c (text, '\n');
  }
  return text;
}

/* The last rows, two empty lines, the table: what gnuplot knows as two data sets. */
static gboolean
write_plot (const Wanted *w, const RnnSeries *s, guint horizon, const GString *table, GError **error)
{
  guint n = MIN (s->n, w->history ? (guint) w->history : 4 * horizon);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint t = s->n - n; t < s->n; t++) {
    append_time (text, s, t);
    for (guint c = 0; c < s->channels; c++)
      append_number (text, s->values[(gsize) t * s->channels + c]);
    g_string_append_c (text, '\n');
  }
  g_string_append_printf (text, "\n\n%s", table->str);
  return g_file_set_contents (w->plot, text->str, (gssize) text->len, error);
}

/* @sampled: steps of paths, each of which is a look of the model; or 0 */
static gboolean
check_rows (const gchar *path, const RnnSeries *s, RnnForecaster *f, guint sampled, GError **error)
{
  const RnnCovariates *c = rnn_forecaster_get_covariates (f);
  guint context = rnn_forecaster_get_context (f), ahead = rnn_forecaster_get_horizon (f) + (sampled ? sampled - 1 : 0);

  if (s->n < context)
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: %u rows, but the model looks at %u", path, s->n, context);
  else if (c->n_known && s->n_ahead < ahead)
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: column %s is known for %u rows after the last value; the model looks %u "
        "ahead", path, c->known[0], s->n_ahead, ahead);
  else
    return TRUE;
  return FALSE;
}

static void
follow (RnnForecaster *f, const RnnSeries *s)
{
  eval_begin (f, s, 0);
  for (guint t = 0; t < s->n; t++)
    eval_push (f, s, t, s->values + (gsize) t * s->channels);
}

static gboolean
forecast (const Wanted *w, const gchar *path, const RnnSeries *s, RnnModel *given, GError **error)
{
  guint season = w->options.season ? (guint) w->options.season : rnn_forecast_choose_season (s, 0, s->n);
  guint horizon = choose_horizon (w, s, season);
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnForecaster) f = NULL;
  g_autoptr (GString) table = NULL;
  g_autofree gfloat *bands = NULL;

  if (s->n < LEAST_ROWS || horizon > s->n / 2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: %u rows are too few for a horizon of %u", path, s->n, horizon);
    return FALSE;
  }
  model = given ? rnn_model_ref (given) : train (w, path, s, season, horizon, error);
  f = model ? rnn_forecaster_new (model, s->channels, COVERAGE, error) : NULL;
  if (!f || (w->options.save && !rnn_model_save (model, w->options.save, error))
      || !check_rows (path, s, f, w->samples ? horizon : 0, error))
    return FALSE;
  follow (f, s);
  horizon = w->samples ? horizon : MIN (horizon, rnn_forecaster_get_horizon (f));
  bands = w->samples ? eval_sample (&w->options, model, s, (guint) w->samples, horizon, error) : make_bands (f, s, horizon);
  if (!bands)
    return FALSE;
  table = make_table (bands, s, season, horizon);
  g_print ("%s", table->str);
  return !w->plot || write_plot (w, s, horizon, table, error);
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  Wanted w = { .options = { .seed = 1 } };
  EvalOptions *o = &w.options;
  const GOptionEntry entries[] = {
    { "time", 0, 0, G_OPTION_ARG_STRING, &o->time, "Column of times", "COLUMN" },
    { "target", 0, 0, G_OPTION_ARG_STRING, &o->target, "Columns to forecast, joined by commas", "COLUMN" },
    { "step", 0, 0, G_OPTION_ARG_STRING, &o->step, "How far rows are apart: 15min, 1h, 1mo", "STEP" },
    { "season", 0, 0, G_OPTION_ARG_INT, &o->season, "Steps of a season", "N" },
    { "horizon", 0, 0, G_OPTION_ARG_INT, &w.horizon, "Steps to forecast", "N" },
    { "samples", 0, 0, G_OPTION_ARG_INT, &w.samples, "Draw N paths: medians and intervals are theirs", "N" },
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &o->model, "A trained model", "FILE" },
    { "recipe", 0, 0, G_OPTION_ARG_FILENAME, &o->recipe, "What to train", "FILE.json" },
    { "save", 0, 0, G_OPTION_ARG_FILENAME, &o->save, "Where to write the trained model", "FILE" },
    EVAL_COVARIATE_ENTRIES (o),
    { "seed", 0, 0, G_OPTION_ARG_INT, &o->seed, "Of weights and of the examples' order", "N" },
    { "plot", 0, 0, G_OPTION_ARG_FILENAME, &w.plot, "Write past and forecast for gnuplot", "FILE" },
    { "history", 0, 0, G_OPTION_ARG_INT, &w.history, "Rows of the past in it", "N" },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &o->quiet, "Say nothing of the training", NULL },
    { NULL }
  };
  g_autoptr (RnnCovariates) covariates = NULL;
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GPtrArray) all = NULL;
  gboolean good = rnn_tool_parse (&rnn_tool_forecast, entries, &argc, &argv, 1, 1, error);

  if (good && (w.horizon < 0 || o->season < 0 || w.history < 0 || w.samples < 0 || w.samples > 100000)) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--horizon, --season, --history and --samples (100000 at most) are positive numbers");
    good = FALSE;
  }
  if (good && o->model)
    good = (model = rnn_model_load (o->model, error)) != NULL;
  covariates = good ? eval_read_covariates (o, model, error) : NULL;
  all = covariates ? eval_load_table (o, covariates, argv[1], error) : NULL;
  good = all && forecast (&w, argv[1], all->pdata[0], model, error);
  eval_options_clear (o);
  g_free (w.plot);
  return good;
}

const RnnTool rnn_tool_forecast = { "forecast", "FILE.csv --recipe FILE.json", "Forecasts what comes after the last row of a table",
  run };
