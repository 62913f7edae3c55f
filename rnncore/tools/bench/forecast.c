/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* forecast: a value of one series comes, all steps of the horizon and their intervals are made; beside it the model alone, of the same
 * weights and as long a window.  --model: a forecaster, or a recipe of one, whose weights then are random. */
#include "bench.h"
#include "base/error.h"
#include "base/rng.h"
#include "forecast/forecaster.h"
#include "forecast/fit-private.h"
#include "model/root.h"
#include "outputs/head.h"
#include "session/session.h"
#include <math.h>

#define VALUES 4096             /* of the series, which begins anew after them */
#define DAY 24
#define COVERAGE 0.9
#define WARM 1000               /* values after which the intervals are made of many scores */

typedef struct {
  RnnForecaster *forecaster;
  RnnSession *session;          /* the model alone */
  gfloat *values, *x, *y;
  guint at;
} Forecast;

static void
run (gpointer data)
{
  Forecast *f = data;

  rnn_forecaster_push (f->forecaster, f->values + f->at);
  f->at = (f->at + 1) % VALUES;
}

static void
run_model (gpointer data)
{
  Forecast *f = data;

  rnn_session_reset (f->session, -1);
  rnn_session_run (f->session, 1, f->x, f->y);
}

static void
forecast_free (gpointer data)
{
  Forecast *f = data;

  rnn_forecaster_free (f->forecaster);
  rnn_session_free (f->session);
  g_free (f->values);
  g_free (f->x);
  g_free (f->y);
  g_free (f);
}

/* The layers of a recipe with random weights */
static RnnModel *
make_model (const BenchSettings *s, json_t *recipe, GError **error)
{
  json_t *forecast = json_object_get (recipe, "forecast"), *whole;
  RnnForecastConfig config;
  RnnModel *model;
  gboolean median;
  gint n_params;

  if (forecast)
    json_object_set_new (forecast, "horizon", json_integer (s->horizon));
  if (!rnn_forecast_config_read (&config, recipe, s->model, error)
      || !(n_params = rnn_fit_count_params (recipe, s->model, &median, error)))
    return NULL;
  whole = rnn_forecast_expand (recipe, &config, n_params);
  model = rnn_model_new (whole, 1, s->model, error);
  json_decref (whole);
  return model;
}

static RnnModel *
load_model (BenchSettings *s, GError **error)
{
  json_error_t reason;
  RnnModel *model = NULL;
  json_t *recipe;

  if (!s->model) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "forecast needs --model FILE");
    return NULL;
  }
  if (!g_str_has_suffix (s->model, ".json"))
    return rnn_model_load (s->model, error);
  recipe = json_load_file (s->model, 0, &reason);
  if (recipe)
    model = make_model (s, recipe, error);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%d: %s", s->model, reason.line, reason.text);
  json_decref (recipe);
  return model;
}

/* A day's wave and noise, in counts where the model counts */
static gfloat *
make_values (gboolean counts)
{
  gfloat *values = bench_random (VALUES, 2);

  for (guint t = 0; t < VALUES; t++) {
    values[t] = 6 + 3 * sinf (2 * (gfloat) G_PI * t / DAY) + 0.5f * values[t];
    values[t] = counts ? roundf (values[t]) : values[t];
  }
  return values;
}

gboolean
bench_prepare_forecast (BenchSettings *s, BenchWork *work, GError **error)
{
  g_autoptr (RnnModel) model = load_model (s, error);
  RnnForecaster *forecaster = model ? rnn_forecaster_new (model, 1, COVERAGE, error) : NULL;
  const RnnHead *head;
  Forecast *f;

  if (!forecaster)
    return FALSE;
  f = g_new0 (Forecast, 1);
  head = rnn_head_from_output (rnn_model_get_output (model));
  s->horizon = (gint) rnn_forecaster_get_horizon (forecaster);
  f->forecaster = forecaster;
  f->session = rnn_session_new (model, 1, 1, RNN_PRECISION_F32, NULL);
  f->values = make_values (head && head->head->counts);
  f->x = bench_random ((gsize) rnn_model_get_n_in (model), 3);
  f->y = g_new0 (gfloat, rnn_model_get_n_out (model));
  for (guint t = 0; t < WARM + rnn_forecaster_get_context (forecaster) + 3 * (guint) s->horizon; t++)
    run (f);
  work->data = f;
  work->run = run;
  work->core = run_model;
  work->free = forecast_free;
  work->units = 1;
  work->bytes_per_stream = rnn_forecaster_get_state_size (forecaster) * sizeof (gfloat);
  return TRUE;
}
