/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Metrics, baselines, scaling and intervals: values computed by others, closed forms, and properties that hold for any
 * series. */
#include "base/rng.h"
#include "forecast/baselines.h"
#include "forecast/conformal.h"
#include "forecast/metrics.h"
#include "forecast/scaling.h"
#include "forecast/series.h"
#include <math.h>
#include <string.h>

/* ---- metrics ---- */

/* GluonTS's own test: each series of ten, the last three forecast by the value before them. */
static void
test_gluonts (void)
{
  RnnErrorSums sums = { 0 };
  gdouble mase = 0, smape = 0;

  for (guint i = 0; i < 5; i++) {
    RnnErrorSums one = { 0 };
    gfloat y[10], f[3];

    for (guint t = 0; t < 10; t++)
      y[t] = 10.f * i + t;
    rnn_baseline_run (rnn_baseline_find ("naive"), 7, y, 1, 3, f);
    rnn_error_sums_add (&one, 3, y + 7, f);
    rnn_error_sums_merge (&sums, &one);
    mase += rnn_mase (3, y + 7, f, rnn_seasonal_error (7, y, 1)) / 5;
    smape += rnn_error_sums_smape (&one) / 5;
  }
  g_assert_cmpfloat_with_epsilon (rnn_error_sums_mse (&sums), 4.666666666666, 1e-9);
  g_assert_cmpfloat_with_epsilon (mase, 2.0, 1e-9);
  g_assert_cmpfloat_with_epsilon (smape, 0.1132540493, 1e-9);
  g_assert_cmpfloat_with_epsilon (rnn_error_sums_nrmse (&sums), 0.07715167498104596, 1e-9);
  g_assert_cmpfloat_with_epsilon (rnn_error_sums_nd (&sums), 0.07142857142857142, 1e-9);
}

static void
test_missing_and_zero (void)
{
  const gfloat y[] = { NAN, 0, 2 }, f[] = { 5, 0, 1 };
  RnnErrorSums sums = { 0 };

  rnn_error_sums_add (&sums, 3, y, f);
  g_assert_cmpfloat (rnn_error_sums_mae (&sums), ==, 0.5);
  g_assert_cmpfloat_with_epsilon (rnn_error_sums_smape (&sums), (0 + 2.0 / 3) / 2, 1e-12);
  g_assert_cmpfloat (rnn_error_sums_mape (&sums), ==, 0.5);    /* of the 2 alone */
  g_assert_true (isnan (rnn_seasonal_error (3, y, 3)));
  g_assert_cmpfloat (rnn_owa (10, 1, 20, 2), ==, 0.5);
}

/* properscoring's cases, and: an ensemble of a Gaussian has nearly the Gaussian's CRPS, quantiles too. */
static void
test_crps (void)
{
  gfloat pair[] = { 1, 0 }, four[] = { 1, -1, 0, 0 }, samples[4000], taus[99], quantiles[99];
  gdouble exact = rnn_crps_gaussian (1.5, 1, 2);
  RnnRng rng;

  g_assert_cmpfloat (rnn_crps_ensemble (2, 2, pair, FALSE), ==, 1.25);
  g_assert_cmpfloat (rnn_crps_ensemble (0, 4, four, FALSE), ==, 0.125);
  rnn_rng_seed (&rng, 7, 1);
  for (guint i = 0; i < G_N_ELEMENTS (samples); i++)
    samples[i] = 1 + 2 * rnn_rng_normal (&rng);
  g_assert_cmpfloat_with_epsilon (rnn_crps_ensemble (1.5, 4000, samples, TRUE), exact, 0.03);
  for (guint i = 0; i < 99; i++) {
    taus[i] = (i + 1) / 100.f;
    quantiles[i] = rnn_quantile_of_sorted (4000, samples, taus[i]);
  }
  g_assert_cmpfloat_with_epsilon (rnn_crps_quantiles (1.5, 99, quantiles, taus), exact, 0.03);
  g_assert_cmpfloat_with_epsilon (rnn_pinball (3, 1, 0.9), 1.8, 1e-12);
  g_assert_cmpfloat_with_epsilon (rnn_pinball (1, 3, 0.9), 0.2, 1e-12);
}

/* ---- baselines ---- */

static void
test_simple (void)
{
  const gfloat y[] = { 1, 2, 3, 5 };
  gfloat f[5];

  rnn_baseline_run (rnn_baseline_find ("naive"), 4, y, 2, 5, f);
  g_assert_cmpfloat (f[4], ==, 5);
  rnn_baseline_run (rnn_baseline_find ("snaive"), 4, y, 2, 5, f);
  g_assert_true (f[0] == 3 && f[1] == 5 && f[4] == 3);
  rnn_baseline_run (rnn_baseline_find ("drift"), 4, y, 2, 5, f);
  g_assert_cmpfloat_with_epsilon (f[2], 5 + 3 * 4 / 3.0, 1e-5);
  g_assert_null (rnn_baseline_find ("prophet"));
}

/* A line with a season of four: what knows trend or season continues it. */
static void
test_trend_and_season (void)
{
  static const gfloat season[] = { 0.8f, 1.2f, 1.1f, 0.9f };
  gfloat line[80], both[80], f[8];

  for (guint t = 0; t < 80; t++) {
    line[t] = 100 + 2.f * t;
    both[t] = 100 * season[t % 4];
  }
  rnn_baseline_run (rnn_baseline_find ("holt"), 72, line, 1, 8, f);
  for (guint h = 0; h < 8; h++)
    g_assert_cmpfloat_with_epsilon (f[h], line[72 + h], 0.01);
  for (const RnnBaseline *b = rnn_baselines; b->name; b++) {
    if (!b->deseasonalised)
      continue;
    rnn_baseline_run (b, 72, both, 4, 8, f);
    for (guint h = 0; h < 8; h++)
      g_assert_cmpfloat_with_epsilon (f[h], both[72 + h], 0.5);
  }
}

/* Whatever the series, all that comes out is finite. */
static void
test_any_series (void)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (guint trial = 0; trial < 60; trial++) {
    guint n = 1 + rnn_rng_below (&rng, 40), season = rnn_rng_below (&rng, 9);
    gfloat y[40], f[12], size = powf (10, (gfloat) rnn_rng_below (&rng, 40) - 10);

    for (guint t = 0; t < n; t++)
      y[t] = trial % 3 == 0 ? size : trial % 5 == 0 && t % 3 ? NAN : size * rnn_rng_normal (&rng);
    for (const RnnBaseline *b = rnn_baselines; b->name; b++) {
      rnn_baseline_run (b, n, y, season, 12, f);
      for (guint h = 0; h < 12; h++)
        g_assert_true (isfinite (f[h]));
    }
  }
}

/* The M4 competition's published point forecasts of its 414 hourly series, where they are. */
static void
test_m4 (gconstpointer data)
{
  const gchar *const *names = data;     /* ours, theirs */
  static const gchar folder[] = "../shared/data", *root;
  g_autofree gchar *train_path = NULL, *published_path = NULL, *published = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GPtrArray) train = NULL;
  g_autoptr (GHashTable) ours = g_hash_table_new (g_str_hash, g_str_equal);
  guint compared = 0;

  root = g_getenv ("G_TEST_SRCDIR") ? g_getenv ("G_TEST_SRCDIR") : "tests";
  train_path = g_build_filename (root, "..", folder, "series/m4-hourly-train.csv", NULL);
  published_path = g_strdup_printf ("%s/../%s/tests/m4/forecasts-hourly-%s.csv", root, folder, names[1]);
  if (!g_file_get_contents (published_path, &published, NULL, NULL)
      || !(train = rnn_series_load_wide (train_path, NULL))) {
    g_test_skip ("../shared/data is not here");
    return;
  }
  for (guint i = 0; i < train->len; i++)
    g_hash_table_insert (ours, ((RnnSeries *) train->pdata[i])->id, train->pdata[i]);
  lines = g_strsplit (published, "\n", -1);
  for (guint i = 0; lines[i]; i++) {
    g_auto (GStrv) fields = g_strsplit (lines[i], ",", -1);
    RnnSeries *s = fields[0] ? g_hash_table_lookup (ours, fields[0]) : NULL;
    gfloat f[48];

    if (!s)
      continue;                 /* weekly ones are among them */
    rnn_baseline_run (rnn_baseline_find (names[0]), s->n, s->values, 24, 48, f);
    for (guint h = 0; h < 48; h++) {
      gdouble expected = g_ascii_strtod (fields[1 + h], NULL);

      g_assert_cmpfloat (fabs (f[h] - expected), <=, 1e-3 * fabs (expected));
    }
    compared++;
  }
  g_assert_cmpuint (compared, ==, 414);
}

/* ---- scaling ---- */

static void
test_scaling (void)
{
  const gfloat x[] = { 1, NAN, 3, 8 }, constant[] = { 5, 5 }, missing[] = { NAN };
  RnnScaling s = rnn_scaling_measure (RNN_SCALING_MEAN, 4, x, 1);

  g_assert_true (s.shift == 0 && s.scale == 5);
  s = rnn_scaling_measure (RNN_SCALING_LAST, 4, x, 1);
  g_assert_true (s.shift == 8 && s.scale == 1);
  s = rnn_scaling_measure (RNN_SCALING_INSTANCE, 4, x, 1);
  g_assert_cmpfloat_with_epsilon (s.shift, 4, 1e-6);
  g_assert_cmpfloat_with_epsilon (s.scale, sqrt (26 / 3.0), 1e-6);
  s = rnn_scaling_measure (RNN_SCALING_ROBUST, 4, x, 1);
  g_assert_cmpfloat_with_epsilon (s.scale, 8 / 3.0, 1e-6);
  for (gint kind = 0; rnn_scaling_names[kind]; kind++) {
    s = rnn_scaling_measure (kind, 2, constant, 1);
    g_assert_true (isfinite (s.shift) && s.scale >= 1);
    s = rnn_scaling_measure (kind, 1, missing, 1);
    g_assert_true (isfinite (s.shift) && s.scale >= 1);
  }
}

/* ---- intervals ---- */

typedef struct {
  gdouble before, after;        /* covered, before and after a shift */
} Coverage;

/* Errors are Gaussian and three times as large from the middle on. */
static Coverage
run_conformal (RnnConformal *c, guint n, guint64 seed)
{
  guint covered[2] = { 0 };
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (guint t = 0; t < n; t++) {
    gfloat radius = rnn_conformal_get_radius (c, 1, 1.645f), score = fabsf (rnn_rng_normal (&rng)) * (t < n / 2 ? 1 : 3);

    covered[t >= n / 2] += score <= radius;
    rnn_conformal_add (c, 1, score, radius);
  }
  return (Coverage) { covered[0] / (n / 2.0), covered[1] / (n / 2.0) };
}

static void
test_coverage (void)
{
  g_autoptr (RnnConformal) c = rnn_conformal_new (2, 200, 0.9, 0.02);
  Coverage coverage = run_conformal (c, 4000, 5);

  g_assert_cmpfloat_with_epsilon (coverage.before, 0.9, 0.015);
  g_assert_cmpfloat_with_epsilon (coverage.after, 0.9, 0.015);
  g_assert_cmpfloat (rnn_conformal_get_radius (c, 0, 7), ==, 7);       /* nothing is known of the other step */
  g_assert_cmpfloat (rnn_conformal_get_probability (c, 1, 100), <, 0.01);
  g_assert_cmpfloat (rnn_conformal_get_probability (c, 1, 0), >, 0.99);
}

/* The radius is nearly the quantile of scores, whatever their size. */
static void
test_radius (void)
{
  for (gfloat size = 1e-12f; size < 1e30f; size *= 1e5f) {
    g_autoptr (RnnConformal) c = rnn_conformal_new (1, 10000, 0.9, 0);

    for (guint i = 0; i < 3000; i++) {
      rnn_conformal_add (c, 0, size * (1 + (gfloat) ((i * 7) % 100)), NAN);
      rnn_conformal_add (c, 0, NAN, 1);
    }
    g_assert_cmpfloat_with_epsilon (rnn_conformal_get_radius (c, 0, -1) / size, 90, 5);
    g_assert_cmpfloat_with_epsilon (rnn_conformal_get_quantile (c, 0, 0.5, -1) / size, 50, 4);
    g_assert_cmpfloat_with_epsilon (rnn_conformal_get_probability (c, 0, 80 * size), 0.2, 0.02);
  }
}

/* Scores of counts: most are 0, others the same again and again. */
static void
test_ties (void)
{
  for (gfloat size = 1e-3f; size < 1e4f; size *= 3.7f) {
    g_autoptr (RnnConformal) c = rnn_conformal_new (1, 500, 0.9, 0.02);
    guint covered = 0;

    for (guint i = 0; i < 4000; i++) {
      gfloat score = size * (i * 7 % 10 < 6 ? 0 : i * 7 % 10 < 8 ? 1 : 2), radius = rnn_conformal_get_radius (c, 0, 1);

      covered += i >= 1000 && score <= radius;
      rnn_conformal_add (c, 0, score, radius);
    }
    g_assert_cmpfloat_with_epsilon (covered / 3000., 0.9, 0.02);
    g_assert_cmpfloat_with_epsilon (rnn_conformal_get_probability (c, 0, 0.5f * size), 0.4, 0.02);
    g_assert_cmpfloat (rnn_conformal_get_quantile (c, 0, 0.5, -1), ==, 0);
  }
}

/* Scores that become a thousand times as large, or as small, are followed. */
static void
test_jump (void)
{
  static const gfloat factors[] = { 1e3f, 1e-3f };

  for (guint k = 0; k < G_N_ELEMENTS (factors); k++) {
    g_autoptr (RnnConformal) c = rnn_conformal_new (1, 200, 0.9, 0.02);

    for (guint i = 0; i < 3000; i++) {
      gfloat score = (i < 1000 ? 1 : factors[k]) * (1 + (gfloat) ((i * 7) % 100));

      rnn_conformal_add (c, 0, score, rnn_conformal_get_radius (c, 0, 1));
    }
    g_assert_cmpfloat_with_epsilon (rnn_conformal_get_radius (c, 0, -1) / factors[k], 90, 6);
  }
}

static void
test_conformal_state (void)
{
  g_autoptr (RnnConformal) c = rnn_conformal_new (2, 50, 0.9, 0.02), d = rnn_conformal_new (2, 50, 0.9, 0.02);
  g_autofree gfloat *state = g_new (gfloat, rnn_conformal_get_state_size (c));

  run_conformal (c, 130, 9);
  rnn_conformal_get_state (c, state);
  g_assert_true (rnn_conformal_set_state (d, state));
  g_assert_cmpfloat (rnn_conformal_get_radius (d, 1, 0), ==, rnn_conformal_get_radius (c, 1, 0));
  g_assert_cmpfloat (run_conformal (d, 100, 2).after, ==, run_conformal (c, 100, 2).after);
  state[4 + 8] = -1;
  g_assert_false (rnn_conformal_set_state (d, state));
  state[1] = NAN;
  g_assert_false (rnn_conformal_set_state (d, state));
}

int
main (int argc, char **argv)
{
  static const gchar *const published[][2] = { { "naive", "Naive" }, { "snaive", "sNaive" }, { "ses", "SES" },
    { "naive2", "Naive2" } };

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/metrics/gluonts", test_gluonts);
  g_test_add_func ("/forecast/metrics/missing-and-zero", test_missing_and_zero);
  g_test_add_func ("/forecast/metrics/crps", test_crps);
  g_test_add_func ("/forecast/baselines/simple", test_simple);
  g_test_add_func ("/forecast/baselines/trend-and-season", test_trend_and_season);
  g_test_add_func ("/forecast/baselines/any-series", test_any_series);
  for (guint i = 0; i < G_N_ELEMENTS (published); i++) {
    g_autofree gchar *name = g_strconcat ("/forecast/baselines/m4/", published[i][0], NULL);

    g_test_add_data_func (name, published[i], test_m4);
  }
  g_test_add_func ("/forecast/scaling", test_scaling);
  g_test_add_func ("/forecast/conformal/coverage", test_coverage);
  g_test_add_func ("/forecast/conformal/radius", test_radius);
  g_test_add_func ("/forecast/conformal/ties", test_ties);
  g_test_add_func ("/forecast/conformal/jump", test_jump);
  g_test_add_func ("/forecast/conformal/state", test_conformal_state);
  return g_test_run ();
}
