/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled futures: those of processes whose distribution is known, counts that stay counts, and readouts solved in one pass. */
#include "base/rng.h"
#include "forecast/fit.h"
#include "forecast/metrics.h"
#include "forecast/paths.h"
#include "forecast/train.h"
#include <glib.h>
#include <math.h>
#include <string.h>

#define N 1600
#define PATHS 1000

static json_t *
parse (const gchar *text)
{
  json_error_t reason;
  json_t *recipe = json_loads (text, 0, &reason);

  if (!recipe)
    g_error ("%s", reason.text);
  return recipe;
}

static RnnModel *
train (const gchar *text, const gfloat *values, GError **error)
{
  const RnnForecastTraining how = { .valid = 300, .season = 7, .fit = { .seed = 1 } };
  static const gchar *const names[] = { "y", NULL };
  g_autoptr (RnnSeries) series = rnn_series_new (NULL, N, names);
  const RnnSeries *all = series;
  json_t *recipe = parse (text);
  RnnModel *model;

  memcpy (series->values, values, N * sizeof (gfloat));
  model = rnn_forecast_train (recipe, &all, 1, &how, "r.json", error);
  json_decref (recipe);
  return model;
}

static gdouble
correlate (const gfloat *a, const gfloat *b, guint n, gdouble *deviation, gdouble *mean)
{
  gdouble sa = 0, sb = 0, saa = 0, sbb = 0, sab = 0;

  for (guint i = 0; i < n; i++) {
    sa += a[i];
    sb += b[i];
    saa += (gdouble) a[i] * a[i];
    sbb += (gdouble) b[i] * b[i];
    sab += (gdouble) a[i] * b[i];
  }
  *mean = sb / n;
  *deviation = sqrt (sbb / n - *mean * *mean);
  return (sab / n - sa / n * sb / n) / sqrt (saa / n - sa / n * sa / n) / *deviation;
}

/* y_t = 10 + 0.5 (y_{t-1} - 10) + e: after h steps the mean is 10 + 0.5^h (y - 10), the variance (1 - 0.25^h) / (1 - 0.25), and
 * neighbours go together. */
/* The process itself as a model */
static RnnModel *
make_autoregression (void)
{
  json_t *recipe = parse ("{\"forecast\": {\"context\": 3, \"horizon\": 1, \"members\": 0, \"scaling\": \"none\", "
      "\"deviations\": [0.5], \"shifts\": [10], \"scales\": [2]}, \"layers\": [], \"output\": {\"kind\": \"regression\"}}"), *whole;
  RnnForecastConfig config;
  RnnModel *model;
  gfloat *weight;
  gsize n;

  g_assert_true (rnn_forecast_config_read (&config, recipe, "r.json", NULL));
  whole = rnn_forecast_expand (recipe, &config, 1);
  model = rnn_model_new (whole, 1, "r.json", NULL);
  weight = rnn_model_get_weight (model, "linear.weight", &n);
  g_assert_cmpuint (n, ==, 3);
  weight[0] = weight[1] = 0;
  weight[2] = 0.5f;
  rnn_model_get_weight (model, "linear.bias", &n)[0] = 0;
  rnn_model_pack (model, FALSE);
  json_decref (recipe);
  json_decref (whole);
  return model;
}

static void
test_autoregression (void)
{
  static const gfloat values[] = { NAN, 30, 14 };
  g_autofree gfloat *samples = g_new (gfloat, 30 * PATHS), *again = g_new (gfloat, 30 * PATHS);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = make_autoregression ();
  g_autoptr (RnnPaths) paths = rnn_paths_new (model, PATHS, &error);
  gdouble mean, deviation, correlation;

  g_assert_no_error (error);
  rnn_paths_run (paths, 0, values, 5, 30, samples);
  rnn_paths_run (paths, 0, values, 5, 30, again);
  g_assert_cmpmem (samples, 30 * PATHS * sizeof (gfloat), again, 30 * PATHS * sizeof (gfloat));
  for (guint h = 1; h < 30; h += 7) {
    correlation = correlate (samples + (h - 1) * PATHS, samples + h * PATHS, PATHS, &deviation, &mean);
    g_assert_cmpfloat_with_epsilon (mean, 10 + 4 * pow (0.5, h + 1), 0.3);
    g_assert_cmpfloat_with_epsilon (deviation, sqrt ((1 - pow (0.25, h + 1)) / 0.75), 0.1);
    g_assert_cmpfloat_with_epsilon (correlation, 0.5, 0.12);
  }
}

static guint
draw_poisson (gdouble rate, RnnRng *rng)
{
  gdouble left = exp (rate) * (1 - rnn_rng_uniform (rng)), term = 1, sum = 1;
  guint k = 0;

  while (left > sum && k < 1000)
    sum += term *= rate / ++k;
  return k;
}

/* Counts with a week: what is drawn are counts, and better than the counts of all days. */
static void
test_counts (gconstpointer kind)
{
  g_autofree gchar *recipe = g_strdup_printf ("{\"forecast\": {\"context\": 28, \"segment\": 7, \"horizon\": 7, \"linear\": false, "
      "\"scaling\": \"none\"}, \"layers\": [{\"cell\": \"gru\", \"hidden\": 16}], \"output\": {\"kind\": \"%s\"}, "
      "\"train\": {\"epochs\": 30, \"batch_size\": 32, \"learning_rate\": 0.01}}", (const gchar *) kind);
  g_autofree gfloat *values = g_new (gfloat, N), *samples = g_new (gfloat, 7 * 200), *all = g_new (gfloat, N);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnPaths) paths = NULL;
  gdouble ours = 0, theirs = 0, covered = 0, n = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, 4, 1);
  for (guint t = 0; t < N; t++)
    values[t] = (gfloat) draw_poisson (t % 7 < 2 ? 0.3 : 4, &rng);
  model = train (recipe, values, &error);
  g_assert_no_error (error);
  paths = rnn_paths_new (model, 200, &error);
  g_assert_no_error (error);
  for (guint t = N - 200; t + 7 <= N; t += 5) {
    rnn_paths_run (paths, 0, values + t - 28, t, 7, samples);
    for (guint h = 0; h < 7; h++) {
      gfloat *step = samples + h * 200;

      for (guint i = 0; i < 200; i++)
        g_assert_true (step[i] >= 0 && step[i] == roundf (step[i]));
      ours += rnn_crps_ensemble (values[t + h], 200, step, TRUE);
      covered += step[10] <= values[t + h] && values[t + h] <= step[189];
      memcpy (all, values, 1000 * sizeof (gfloat));
      theirs += rnn_crps_ensemble (values[t + h], 1000, all, TRUE);
      n++;
    }
  }
  g_assert_cmpfloat (ours, <, 0.75 * theirs);
  g_assert_cmpfloat (covered / n, >, 0.87);
}

/* What is known of the steps to come decides alone what they are: every step of a path looks at its own, and at those that are past by then. */
static void
test_covariates (void)
{
  const RnnForecastTraining how = { .valid = 300, .season = 1, .fit = { .seed = 1 } };
  static const gchar *const names[] = { "y", "plan", NULL };
  g_autoptr (RnnSeries) series = rnn_series_new (NULL, N, names);
  const RnnSeries *all = series;
  json_t *recipe = parse ("{\"forecast\": {\"context\": 6, \"segment\": 3, \"horizon\": 1, \"scaling\": \"none\"}, \"layers\": "
      "[{\"cell\": \"gru\", \"hidden\": 12}], \"output\": {\"kind\": \"gaussian\"}, \"covariates\": {\"known\": [\"plan\"]}, "
      "\"train\": {\"epochs\": 20, \"batch_size\": 32, \"learning_rate\": 0.01}}");
  g_autoptr (RnnCovariates) covariates = NULL;
  g_autoptr (RnnCovariateRows) rows = NULL;
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnPaths) paths = NULL;
  g_autofree gfloat *samples = g_new (gfloat, 10 * 200), *window = g_new (gfloat, 6);
  g_autoptr (GError) error = NULL;
  RnnRng rng;

  rnn_rng_seed (&rng, 8, 1);
  for (guint t = 0; t < N; t++) {
    series->values[2 * t + 1] = 40 + 3 * rnn_rng_normal (&rng);
    series->values[2 * t] = t < N - 10 ? 2 * series->values[2 * t + 1] + 0.2f * rnn_rng_normal (&rng) : NAN;
  }
  covariates = rnn_covariates_new (recipe, "r.json", &error);
  g_assert_true (rnn_covariates_split (covariates, series, "t.csv", &error));
  g_assert_cmpuint (series->n_ahead, ==, 10);
  model = rnn_forecast_train (recipe, &all, 1, &how, "r.json", &error);
  g_assert_no_error (error);
  json_decref (recipe);
  g_clear_pointer (&covariates, rnn_covariates_free);
  covariates = rnn_covariates_new (rnn_model_get_recipe (model), "r.json", &error);
  rows = rnn_covariate_rows_new (covariates, series, 10);
  paths = rnn_paths_new (model, 200, &error);
  g_assert_no_error (error);
  memcpy (window, series->values + series->n - 6, 6 * sizeof (gfloat));
  rnn_paths_run_with (paths, 0, window, rows, 3, 10, samples);
  for (guint h = 0; h < 10; h++) {
    gdouble mean = 0;

    for (guint i = 0; i < 200; i++)
      mean += samples[h * 200 + i] / 200;
    g_assert_cmpfloat_with_epsilon (mean, 2 * series->others[series->n + h], 1.5);
  }
}

static void
count_lines (const gchar *line, gpointer data)
{
  guint *n = data;

  n[0] += g_str_has_prefix (line, "readout: ");
  n[1] += strstr (line, "epoch") != NULL;
}

/* A reservoir has nothing to learn: its readout is solved, without an epoch, and knows what no linear map does. */
static void
test_one_pass (void)
{
  g_autofree gfloat *values = g_new (gfloat, N);
  json_t *recipe = parse ("{\"forecast\": {\"context\": 12, \"segment\": 1, \"horizon\": 1, \"scaling\": \"none\"}, \"layers\": "
      "[{\"cell\": \"esn\", \"hidden\": 100}], \"output\": {\"kind\": \"regression\"}}");
  const RnnForecastTrack track = { values, N, N - 400, N };
  gdouble deviations[2];
  guint lines[2] = { 0 };

  values[0] = 0.3f;                                     /* the logistic map: chaos by a parabola */
  for (guint t = 1; t < N; t++)
    values[t] = 3.9f * values[t - 1] * (1 - values[t - 1]);
  for (guint members = 0; members < 2; members++) {
    const RnnForecastFit how = { .seed = 1, .report = count_lines, .data = lines };
    g_autoptr (GError) error = NULL;
    g_autoptr (RnnModel) model = NULL;

    json_object_set_new (json_object_get (recipe, "forecast"), "members", json_integer (members));
    model = rnn_forecast_fit (recipe, &track, 1, &how, "r.json", &error);
    g_assert_no_error (error);
    deviations[members] = rnn_forecast_read_number (json_object_get (rnn_model_get_recipe (model), "forecast"), "deviations", 0, 9);
  }
  json_decref (recipe);
  g_assert_cmpuint (lines[0], >, 0);
  g_assert_cmpuint (lines[1], ==, 0);
  g_assert_cmpfloat (deviations[1], <, 0.1 * deviations[0]);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/paths/autoregression", test_autoregression);
  g_test_add_data_func ("/paths/counts/negative-binomial", "negative-binomial", test_counts);
  g_test_add_data_func ("/paths/counts/poisson", "poisson", test_counts);
  g_test_add_func ("/paths/one-pass", test_one_pass);
  g_test_add_func ("/paths/covariates", test_covariates);
  return g_test_run ();
}
