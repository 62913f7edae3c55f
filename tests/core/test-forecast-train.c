/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Training forecasters on series of any kind: smoothing methods as linear maps, seasons found, models that are never much worse than
 * the best baseline, and what is refused. */
#include "base/error.h"
#include "base/rng.h"
#include "forecast/baselines.h"
#include "forecast/forecaster.h"
#include "forecast/smoother.h"
#include "forecast/train.h"
#include <math.h>
#include <string.h>

#define LINEAR "{\"forecast\": {\"members\": 0}, \"layers\": []}"

static void
check_smoother (RnnSmoother s, guint n, const gfloat *x, guint horizon, const gfloat *expected)
{
  g_autofree gfloat *y = g_new (gfloat, horizon), *weight = g_new (gfloat, horizon * n);
  gdouble room[8];

  rnn_smoother_run (&s, n, x, horizon, y, room);
  rnn_smoother_matrix (&s, n, horizon, weight);
  for (guint h = 0; h < horizon; h++) {
    gdouble sum = 0, ones = 0;

    for (guint i = 0; i < n; i++) {
      sum += weight[h * n + i] * x[i];
      ones += weight[h * n + i];
    }
    g_assert_cmpfloat_with_epsilon (y[h], expected[h], 1e-4);
    g_assert_cmpfloat_with_epsilon (sum, y[h], 1e-4);
    g_assert_cmpfloat_with_epsilon (ones, 1, 1e-5);     /* a level more is a level more */
  }
}

static void
test_smoothers (void)
{
  static const gfloat any[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3 }, line[] = { 2, 4, 6, 8, 10, 12, 14, 16 };
  static const gfloat wave[] = { 1, 5, 3, 1, 5, 3, 1, 5, 3 };

  check_smoother ((RnnSmoother) { 1, 0, 0, 0, 1 }, 10, any, 3, (gfloat[]) { 3, 3, 3 });
  check_smoother ((RnnSmoother) { 0, 0, 0, 1, 4 }, 10, any, 5, (gfloat[]) { 2, 6, 5, 3, 2 });
  check_smoother ((RnnSmoother) { 0, 0, 1, 0, 1 }, 8, line, 3, (gfloat[]) { 18, 20, 22 });
  check_smoother ((RnnSmoother) { 0.3, 0.06, 1, 0, 1 }, 8, line, 3, (gfloat[]) { 18, 20, 22 });
  check_smoother ((RnnSmoother) { 0.3, 0, 0, 0.1, 3 }, 9, wave, 4, (gfloat[]) { 1, 5, 3, 1 });
}

static void
test_season (void)
{
  gfloat y[1200];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (guint t = 0; t < 1200; t++)
    y[t] = 0.01f * t + sinf (2 * (gfloat) G_PI * t / 37) + 0.3f * rnn_rng_normal (&rng);
  g_assert_cmpuint (rnn_season_guess (1200, y), ==, 37);
  g_assert_cmpuint (rnn_season_guess (60, y), ==, 1);   /* not even two of them */
  for (guint t = 0; t < 1200; t++)
    y[t] = rnn_rng_normal (&rng);
  g_assert_cmpuint (rnn_season_guess (1200, y), ==, 1);
  for (guint t = 0; t < 1200; t++)
    y[t] = 5;
  g_assert_cmpuint (rnn_season_guess (1200, y), ==, 1);
  for (guint t = 1; t < 1200; t++)
    y[t] = y[t - 1] + rnn_rng_normal (&rng);
  g_assert_cmpuint (rnn_season_guess (2, y), ==, 1);
}

/* ---- against the baselines ---- */

typedef gfloat (*Rule) (guint t, gfloat last, RnnRng *rng);

static gfloat
rule_walk (guint t, gfloat last, RnnRng *rng)
{
  return last + rnn_rng_normal (rng);
}

static gfloat
rule_noise (guint t, gfloat last, RnnRng *rng)
{
  return 20 + rnn_rng_normal (rng);
}

static gfloat
rule_sparse (guint t, gfloat last, RnnRng *rng)
{
  return rnn_rng_uniform (rng) < 0.2f ? 1 + floorf (4 * rnn_rng_uniform (rng)) : 0;
}

static gfloat
rule_wave (guint t, gfloat last, RnnRng *rng)
{
  return 50 + 0.5f * t + 10 * sinf (2 * (gfloat) G_PI * t / 12) + 2 * rnn_rng_normal (rng);
}

static gfloat
rule_constant (guint t, gfloat last, RnnRng *rng)
{
  return 7;
}

static const struct {
  const gchar *name;
  guint n;
  Rule rule;
  gdouble most;                 /* squared error, of that of the best baseline */
} cases[] = {
  { "walk", 900, rule_walk, 1.05 },
  { "noise", 500, rule_noise, 1.05 },
  { "sparse", 600, rule_sparse, 1.05 },
  { "wave", 90, rule_wave, 0.8 },
  { "wave-long", 700, rule_wave, 0.6 },
  { "constant", 60, rule_constant, 1 },
};

static RnnSeries *
make_series (guint n, Rule rule)
{
  RnnSeries *s = rnn_series_new (NULL, n, (const gchar *const[]) { "y", NULL });
  RnnRng rng;

  rnn_rng_seed (&rng, 4, 1);
  s->step = (RnnTimeStep) { RNN_STEP_MONTHS, 1 };
  s->start = 0;
  for (guint t = 0; t < n; t++)
    s->values[t] = rule (t, t ? s->values[t - 1] : 0, &rng);
  return s;
}

static RnnModel *
train (const RnnSeries *s, guint rows, GError **error)
{
  const RnnForecastTraining training = { .horizon = 6, .fit = { .seed = 1 } };
  RnnSeries part = *s;
  const RnnSeries *list[] = { &part };
  json_t *recipe = json_loads (LINEAR, 0, NULL);
  RnnModel *model;

  part.n = rows;
  model = rnn_forecast_train (recipe, list, 1, &training, "t.csv", error);
  json_decref (recipe);
  return model;
}

static gdouble
score (const gfloat *forecast, const gfloat *truth)
{
  gdouble sum = 0;

  for (guint h = 0; h < 6; h++)
    sum += (forecast[h] - truth[h]) * (forecast[h] - truth[h]);
  return sum;
}

static void
test_against_baselines (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data), n = cases[i].n, rows = n * 3 / 4, b = 0;
  g_autoptr (RnnSeries) s = make_series (n, cases[i].rule);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = train (s, rows, &error);
  g_autoptr (RnnForecaster) f = NULL;
  gdouble ours = 0, theirs[16] = { 0 }, best = INFINITY;

  g_assert_no_error (error);
  f = rnn_forecaster_new (model, 1, 0.9, &error);
  g_assert_no_error (error);
  for (guint t = 0; t + 6 < n; t++) {
    gfloat forecast[6];

    rnn_forecaster_push (f, s->values + t);
    if (t < rows)
      continue;
    ours += score (rnn_forecaster_get_mean (f, 0), s->values + t + 1);
    for (b = 0; rnn_baselines[b].name; b++) {
      rnn_baseline_run (&rnn_baselines[b], t + 1, s->values, 12, 6, forecast);
      theirs[b] += score (forecast, s->values + t + 1);
    }
  }
  while (b-- > 0)
    best = MIN (best, theirs[b]);
  g_test_message ("%.4g, best baseline %.4g", ours, best);
  g_assert_cmpfloat (ours, <=, cases[i].most * best + 1e-6);
}

static void
test_refuse (void)
{
  g_autoptr (RnnSeries) s = make_series (100, rule_walk);
  g_autoptr (GError) few = NULL, none = NULL;

  g_assert_null (train (s, 5, &few));
  g_assert_error (few, RNN_ERROR, RNN_ERROR_OPTION);
  g_assert_nonnull (strstr (few->message, "t.csv: 5 rows are too few"));
  for (guint t = 0; t < 100; t++)
    s->values[t] = NAN;
  g_assert_null (train (s, 100, &none));
  g_assert_nonnull (strstr (none->message, "t.csv: column y has no value"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast-train/smoothers", test_smoothers);
  g_test_add_func ("/forecast-train/season", test_season);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *path = g_strconcat ("/forecast-train/against-baselines/", cases[i].name, NULL);

    g_test_add_data_func (path, GUINT_TO_POINTER (i), test_against_baselines);
  }
  g_test_add_func ("/forecast-train/refuse", test_refuse);
  return g_test_run ();
}
