/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasting models: what is learnt of series whose rule is known, streams that go as they would alone, states, and what is
 * refused. */
#include "base/error.h"
#include "base/rng.h"
#include "forecast/fit.h"
#include "forecast/forecaster.h"
#include "forecast/level.h"
#include "forecast/linear.h"
#include <math.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define N 600

static RnnModel *
fit (const gchar *text, const gfloat *values, GError **error)
{
  const RnnForecastTrack track = { values, N, 400, N };
  const RnnForecastFit how = { .seed = 1 };
  json_error_t reason;
  json_t *recipe = json_loads (text, 0, &reason);
  RnnModel *model;

  if (!recipe)
    g_error ("%s", reason.text);
  model = rnn_forecast_fit (recipe, &track, 1, &how, "r.json", error);
  json_decref (recipe);
  return model;
}

/* A noisy wave whose sign tells whether the next stretch is high: a linear map cannot know it. */
static gfloat *
make_values (gboolean missing)
{
  gfloat *values = g_new (gfloat, N);
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (guint t = 0; t < N; t++)
    values[t] = sinf (2 * (gfloat) G_PI * t / 12) + 0.3f * sinf (2 * (gfloat) G_PI * t / 5) + 0.02f * rnn_rng_normal (&rng);
  for (guint t = 50; missing && t < N; t += 37)
    values[t] = NAN;
  return values;
}

#define LINEAR "{\"forecast\": {\"context\": 24, \"horizon\": 6, \"members\": 0}, \"layers\": [], " \
    "\"output\": {\"kind\": \"regression\"}}"
#define SEASON "{\"forecast\": {\"context\": 48, \"horizon\": 6, \"members\": 0, \"season\": 12}, \"layers\": [], " \
    "\"output\": {\"kind\": \"regression\"}}"
#define WHOLE "{\"forecast\": {\"context\": 24, \"segment\": 6, \"horizon\": 6, \"members\": 2, \"scaling\": \"instance\"}, " \
    "\"layers\": [{\"cell\": \"gru\", \"hidden\": 5}], \"output\": {\"kind\": \"%s\"}, " \
    "\"train\": {\"epochs\": 2, \"batch_size\": 32}}"

/* Pushes values[from, to) to all streams alike. */
static void
push (RnnForecaster *f, guint n_streams, const gfloat *values, guint from, guint to)
{
  for (guint t = from; t < to; t++) {
    gfloat row[8];

    for (guint i = 0; i < n_streams; i++)
      row[i] = values[t] + i;
    rnn_forecaster_push (f, row);
  }
}

static void
test_linear_fit (void)
{
  g_autoptr (RnnLinearFit) f = rnn_linear_fit_new (3, 2);
  gfloat weight[6], bias[2];
  RnnRng rng;

  g_assert_false (rnn_linear_fit_solve (f, 0, weight, bias));
  rnn_rng_seed (&rng, 1, 1);
  for (guint i = 0; i < 300; i++) {
    gfloat x[] = { rnn_rng_normal (&rng), rnn_rng_normal (&rng), rnn_rng_normal (&rng) };
    gfloat y[] = { 2 * x[0] - x[2] + 3, 0.5f * x[1] };

    rnn_linear_fit_add (f, x, y);
  }
  g_assert_true (rnn_linear_fit_solve (f, 0, weight, bias));
  g_assert_cmpfloat_with_epsilon (weight[0], 2, 1e-4);
  g_assert_cmpfloat_with_epsilon (weight[2], -1, 1e-4);
  g_assert_cmpfloat_with_epsilon (weight[4], 0.5, 1e-4);
  g_assert_cmpfloat_with_epsilon (bias[0], 3, 1e-4);
  g_assert_cmpfloat_with_epsilon (bias[1], 0, 1e-4);
  g_assert_true (rnn_linear_fit_solve (f, 100, weight, bias));  /* shrunk, but not the bias of the mean */
  g_assert_cmpfloat (fabsf (weight[0]), <, 0.1);
}

static void
test_learns (gconstpointer recipe)
{
  g_autofree gfloat *values = make_values (TRUE);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = fit (recipe, values, &error);
  g_autoptr (RnnForecaster) f = NULL;
  guint covered = 0, n = 0;

  g_assert_no_error (error);
  f = rnn_forecaster_new (model, 1, 0.9, &error);
  g_assert_no_error (error);
  for (guint t = 300; t + 6 < N; t++) {
    push (f, 1, values, t, t + 1);
    for (guint h = 0; h < 6 && rnn_forecaster_is_ready (f) && t > 400; h++) {
      gfloat truth = values[t + 1 + h], mean = rnn_forecaster_get_mean (f, 0)[h], radius = rnn_forecaster_get_radius (f, 0)[h];

      if (isnan (truth))
        continue;
      g_assert_cmpfloat_with_epsilon (mean, truth, 0.4);
      g_assert_cmpfloat (rnn_forecaster_get_quantile (f, 0, h, 0.2), <=, rnn_forecaster_get_quantile (f, 0, h, 0.8));
      covered += fabsf (truth - mean) <= radius;
      n++;
    }
  }
  g_assert_cmpfloat_with_epsilon (covered / (gdouble) n, 0.9, 0.06);
}

/* What lies before a change is raised, where there is one, and nothing leaves the numbers there are. */
static void
test_windows (void)
{
  static const struct {
    gfloat window[8], level[8];
  } cases[] = {
    { { NAN, 2, 1, 2, 11, 12, 11, NAN }, { NAN, 12, 11, 12, 11, 12, 11, NAN } },
    { { 1, 2, 1, 2, 50, NAN, NAN, 52 }, { 1, 2, 1, 2, 50, NAN, NAN, 52 } },     /* too few to tell it from values that are far off */
    { { 1, 2, 1, 2, 11, 2, 11, 2 }, { 1, 2, 1, 2, 11, 2, 11, 2 } },
    { { -3e38f, -3e38f, -3e38f, -3e38f, 3e38f, 3e38f, 3e38f, 3e38f }, { -3e38f, -3e38f, -3e38f, -3e38f, 3e38f, 3e38f, 3e38f, 3e38f } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    gfloat level[8];

    rnn_level_mend (8, 4, 2, cases[i].window, level);
    for (guint k = 0; k < 8; k++)
      g_assert_true (level[k] == cases[i].level[k] || (isnan (level[k]) && isnan (cases[i].level[k])));
  }
}

/* After the level has changed a model sees windows as if it had not, and forecasts as well as before; another process, too. */
static void
test_level (void)
{
  g_autofree gfloat *values = make_values (FALSE), *state = NULL;
  g_autoptr (RnnModel) model = fit (SEASON, values, NULL);
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, 1, 0.9, NULL), other = rnn_forecaster_new (model, 1, 0.9, NULL);

  for (guint t = 480; t < N; t++)
    values[t] += 5;
  push (f, 1, values, 300, 492);
  state = g_new (gfloat, rnn_forecaster_get_state_size (f));
  rnn_forecaster_get_state (f, state);
  g_assert_true (rnn_forecaster_set_state (other, state));
  for (guint t = 492; t < 520; t++) {
    push (f, 1, values, t, t + 1);
    push (other, 1, values, t, t + 1);
    for (guint h = 0; h < 6; h++)
      g_assert_cmpfloat_with_epsilon (rnn_forecaster_get_mean (f, 0)[h], values[t + 1 + h], 0.4);
    g_assert_cmpmem (rnn_forecaster_get_mean (f, 0), 6 * sizeof (gfloat), rnn_forecaster_get_mean (other, 0), 6 * sizeof (gfloat));
  }
}

/* Several streams are so many lone ones, bit for bit. */
static void
test_batch (void)
{
  g_autofree gfloat *values = make_values (FALSE);
  g_autofree gchar *recipe = g_strdup_printf (WHOLE, "gaussian");
  g_autoptr (RnnModel) model = fit (recipe, values, NULL);
  g_autoptr (RnnForecaster) all = rnn_forecaster_new (model, 3, 0.9, NULL), one = rnn_forecaster_new (model, 1, 0.9, NULL);

  push (all, 3, values, 0, 100);
  push (one, 1, values, 0, 100);
  g_assert_cmpmem (rnn_forecaster_get_mean (all, 0), 6 * sizeof (gfloat), rnn_forecaster_get_mean (one, 0), 6 * sizeof (gfloat));
  g_assert_cmpmem (rnn_forecaster_get_radius (all, 0), 6 * sizeof (gfloat), rnn_forecaster_get_radius (one, 0),
      6 * sizeof (gfloat));
  for (guint h = 0; h < 6; h++)         /* a level more is a level more */
    g_assert_cmpfloat_with_epsilon (rnn_forecaster_get_mean (all, 2)[h], rnn_forecaster_get_mean (all, 0)[h] + 2, 1e-4);
}

static void
test_state (void)
{
  g_autofree gfloat *values = make_values (FALSE), *state = NULL;
  g_autoptr (RnnModel) model = fit (LINEAR, values, NULL);
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, 2, 0.9, NULL), g = rnn_forecaster_new (model, 2, 0.9, NULL);

  push (f, 2, values, 0, 90);
  state = g_new (gfloat, rnn_forecaster_get_state_size (f));
  rnn_forecaster_get_state (f, state);
  g_assert_true (rnn_forecaster_set_state (g, state));
  g_assert_cmpmem (rnn_forecaster_get_mean (f, 1), 6 * sizeof (gfloat), rnn_forecaster_get_mean (g, 1), 6 * sizeof (gfloat));
  g_assert_cmpmem (rnn_forecaster_get_radius (f, 1), 6 * sizeof (gfloat), rnn_forecaster_get_radius (g, 1), 6 * sizeof (gfloat));
  push (f, 2, values, 90, 150);
  push (g, 2, values, 90, 150);
  g_assert_cmpmem (rnn_forecaster_get_mean (f, 1), 6 * sizeof (gfloat), rnn_forecaster_get_mean (g, 1), 6 * sizeof (gfloat));
  g_assert_cmpmem (rnn_forecaster_get_radius (f, 1), 6 * sizeof (gfloat), rnn_forecaster_get_radius (g, 1), 6 * sizeof (gfloat));
  state[0] = -1;
  g_assert_false (rnn_forecaster_set_state (g, state));
}

/* Saved, loaded, and the forecasts are the same. */
static void
test_file (void)
{
  g_autofree gfloat *values = make_values (FALSE);
  g_autofree gchar *recipe = g_strdup_printf (WHOLE, "laplace"), *path = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = fit (recipe, values, &error), loaded = NULL;
  g_autoptr (RnnForecaster) f = NULL, g = NULL;
  gint fd = g_file_open_tmp ("forecast-XXXXXX.safetensors", &path, NULL);

  g_assert_no_error (error);
  g_assert_cmpint (fd, >=, 0);
  g_assert_true (rnn_model_save (model, path, &error));
  loaded = rnn_model_load (path, &error);
  g_assert_no_error (error);
  f = rnn_forecaster_new (model, 1, 0.9, NULL);
  g = rnn_forecaster_new (loaded, 1, 0.9, NULL);
  push (f, 1, values, 0, 60);
  push (g, 1, values, 0, 60);
  g_assert_cmpmem (rnn_forecaster_get_mean (f, 0), 6 * sizeof (gfloat), rnn_forecaster_get_mean (g, 0), 6 * sizeof (gfloat));
  g_unlink (path);
  close (fd);
}

static void
test_refuse (void)
{
  static const struct {
    const gchar *recipe, *message;
  } cases[] = {
    { "{\"layers\": []}", "it has no \"forecast\"" },
    { "{\"forecast\": {\"horizon\": 0}}", "horizon" },
    { "{\"forecast\": {\"context\": 10, \"segment\": 4}, \"layers\": []}", "no whole number of segments" },
    { "{\"forecast\": {\"members\": 0, \"linear\": false}}", "neither a linear part nor members" },
    { "{\"forecast\": {\"context\": 24, \"horizon\": 500, \"members\": 0}}", "do not fit into what there is to learn from" },
    { "{\"forecast\": {\"members\": 0}, \"output\": {\"kind\": \"tags\"}}", "regression or a distribution" },
    { "{\"forecast\": {\"colour\": 1}}", "colour" },
  };
  g_autofree gfloat *values = make_values (FALSE);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GError) error = NULL;

    g_assert_null (fit (cases[i].recipe, values, &error));
    g_assert_nonnull (error);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, cases[i].message));
    g_assert_true (g_str_has_prefix (error->message, "r.json"));
  }
}

int
main (int argc, char **argv)
{
  static const gchar *const kinds[] = { "regression", "gaussian", "student-t", "laplace" };
  g_autoptr (GPtrArray) recipes = g_ptr_array_new_with_free_func (g_free);

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecaster/linear-fit", test_linear_fit);
  g_test_add_data_func ("/forecaster/learns/linear", LINEAR, test_learns);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++) {
    g_autofree gchar *name = g_strconcat ("/forecaster/learns/", kinds[i], NULL);

    g_ptr_array_add (recipes, g_strdup_printf (WHOLE, kinds[i]));
    g_test_add_data_func (name, recipes->pdata[i], test_learns);
  }
  g_test_add_func ("/forecaster/windows", test_windows);
  g_test_add_func ("/forecaster/level", test_level);
  g_test_add_func ("/forecaster/batch", test_batch);
  g_test_add_func ("/forecaster/state", test_state);
  g_test_add_func ("/forecaster/file", test_file);
  g_test_add_func ("/forecaster/refuse", test_refuse);
  return g_test_run ();
}
