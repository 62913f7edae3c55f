/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forecasters that learn while they run: a rule that changes is learnt, one that does not is not spoilt, what was learnt outlives
 * the process, and where learning does harm the shipped weights are taken again. */
#include "base/error.h"
#include "base/rng.h"
#include "forecast/fit.h"
#include "forecast/forecaster.h"
#include "forecast/recursive.h"
#include <math.h>
#include <string.h>

#define N 2400
#define LEARNT 600              /* values that the model is fitted to */
#define CHANGE 800
#define HORIZON 6

#define LINEAR "{\"forecast\": {\"context\": 24, \"horizon\": 6, \"members\": 0}, \"layers\": [], " \
    "\"output\": {\"kind\": \"regression\"}}"
#define WHOLE "{\"forecast\": {\"context\": 24, \"segment\": 6, \"horizon\": 6, \"members\": 2, \"linear\": %s}, " \
    "\"layers\": [{\"cell\": \"gru\", \"hidden\": 8}], \"output\": {\"kind\": \"gaussian\"}, " \
    "\"train\": {\"epochs\": 3, \"batch_size\": 32, \"learning_rate\": 0.01}}"

static RnnModel *
fit (const gchar *text, const gfloat *values)
{
  const RnnForecastTrack track = { values, N, 400, LEARNT };
  const RnnForecastFit how = { .seed = 1 };
  g_autoptr (GError) error = NULL;
  json_t *recipe = json_loads (text, 0, NULL);
  RnnModel *model = rnn_forecast_fit (recipe, &track, 1, &how, "r.json", &error);

  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

/* A wave whose period changes at CHANGE, if it is to; with values that are missing, and later one that is far off. */
static gfloat *
make_values (gboolean changes)
{
  gfloat *values = g_new (gfloat, N), phase = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 1);
  for (guint t = 0; t < N; t++) {
    phase += 2 * (gfloat) G_PI / (changes && t >= CHANGE ? 7 : 12);
    values[t] = sinf (phase) + 0.05f * rnn_rng_normal (&rng);
  }
  for (guint t = 50; t < N; t += 97)
    values[t] = NAN;
  values[1500] = 50;
  return values;
}

static RnnForecaster *
forecaster_new (RnnModel *model, RnnAdaptKind kind)
{
  g_autoptr (GError) error = NULL;
  RnnForecaster *f = rnn_forecaster_new (model, 1, 0.9, &error);

  g_assert_no_error (error);
  g_assert_true (rnn_forecaster_set_adapt (f, kind, &error));
  g_assert_no_error (error);
  return f;
}

/* The mean error of forecasts of values[from, N - HORIZON), all of it pushed. */
static gdouble
run (RnnForecaster *f, const gfloat *values, guint from)
{
  gdouble sum = 0;
  guint n = 0;

  for (guint t = 0; t < N; t++) {
    rnn_forecaster_push (f, values + t);
    for (guint h = 0; h < HORIZON && t >= from && t + HORIZON < N; h++) {
      gfloat truth = values[t + 1 + h];

      g_assert_true (!rnn_forecaster_is_ready (f) || isfinite (rnn_forecaster_get_mean (f, 0)[h]));
      if (isnan (truth) || truth > 40)
        continue;
      sum += fabsf (truth - rnn_forecaster_get_mean (f, 0)[h]);
      n++;
    }
  }
  return sum / n;
}

typedef struct {
  const gchar *name;
  const gchar *recipe;
  RnnAdaptKind kind;
  gdouble gain;                 /* errors of the shipped weights, of which adapted ones leave at most that */
} Case;

static const Case cases[] = {
  { "readout/linear", LINEAR, RNN_ADAPT_READOUT, 0.4 },
  { "readout/members", WHOLE, RNN_ADAPT_READOUT, 0.4 },
  { "all/linear", LINEAR, RNN_ADAPT_ALL, 0.7 },
  { "all/members", WHOLE, RNN_ADAPT_ALL, 0.8 },
};

static RnnModel *
make_model (const Case *c, const gfloat *values)
{
  g_autofree gchar *recipe = g_strdup_printf (c->recipe, "true");

  return fit (recipe, values);
}

static void
test_change (gconstpointer data)
{
  const Case *c = data;
  g_autofree gfloat *values = make_values (TRUE);
  g_autoptr (RnnModel) model = make_model (c, values);
  g_autoptr (RnnForecaster) still = forecaster_new (model, RNN_ADAPT_OFF), learns = forecaster_new (model, c->kind);
  gdouble without = run (still, values, 1600), with = run (learns, values, 1600);

  g_test_message ("error %.4f, adapted %.4f", without, with);
  g_assert_cmpfloat (with, <, c->gain * without);
  g_assert_true (rnn_forecaster_is_adapted (learns, NULL));
  g_assert_false (rnn_forecaster_is_adapted (still, NULL));
}

static void
test_no_change (gconstpointer data)
{
  const Case *c = data;
  g_autofree gfloat *values = make_values (FALSE);
  g_autoptr (RnnModel) model = make_model (c, values);
  g_autoptr (RnnForecaster) still = forecaster_new (model, RNN_ADAPT_OFF), learns = forecaster_new (model, c->kind);
  gdouble without = run (still, values, LEARNT), with = run (learns, values, LEARNT);

  g_test_message ("error %.4f, adapted %.4f", without, with);
  g_assert_cmpfloat (with, <, 1.05 * without);
}

/* A readout without a linear part reads the encoders alone. */
static void
test_encoders_alone (void)
{
  g_autofree gfloat *values = make_values (TRUE);
  g_autofree gchar *recipe = g_strdup_printf (WHOLE, "false");
  g_autoptr (RnnModel) model = fit (recipe, values);
  g_autoptr (RnnForecaster) still = forecaster_new (model, RNN_ADAPT_OFF), learns = forecaster_new (model, RNN_ADAPT_READOUT);

  g_assert_cmpfloat (run (learns, values, 1600), <, 0.7 * run (still, values, 1600));
}

/* One who goes on and one who starts again from the state say the same, bit for bit. */
static void
test_state (gconstpointer data)
{
  const Case *c = data;
  g_autofree gfloat *values = make_values (TRUE), *state = NULL;
  g_autoptr (RnnModel) model = make_model (c, values);
  g_autoptr (RnnForecaster) f = forecaster_new (model, c->kind), g = forecaster_new (model, c->kind);

  run (f, values, N);
  state = g_new (gfloat, rnn_forecaster_get_state_size (f));
  rnn_forecaster_get_state (f, state);
  g_assert_true (rnn_forecaster_set_state (g, state));
  g_assert_cmpint (rnn_forecaster_is_adapted (f, NULL), ==, rnn_forecaster_is_adapted (g, NULL));
  for (guint t = 100; t < 400; t++) {
    rnn_forecaster_push (f, values + t);
    rnn_forecaster_push (g, values + t);
    g_assert_cmpmem (rnn_forecaster_get_mean (f, 0), HORIZON * sizeof (gfloat), rnn_forecaster_get_mean (g, 0),
        HORIZON * sizeof (gfloat));
  }
  memset (state + rnn_forecaster_get_state_size (f) - 2, 0xff, 2 * sizeof (gfloat));    /* NAN, as floats and as a double */
  g_assert_false (rnn_forecaster_set_state (g, state));
}

/* A rule that changes to and fro as fast as it is learnt: what was learnt is wrong when it is needed. */
static void
test_guard (void)
{
  g_autofree gfloat *values = make_values (FALSE);
  g_autoptr (RnnModel) model = fit (LINEAR, values);
  g_autoptr (RnnForecaster) still = forecaster_new (model, RNN_ADAPT_OFF), learns = forecaster_new (model, RNN_ADAPT_READOUT);
  gdouble without, with;
  guint64 falls;

  for (guint t = LEARNT; t < N; t++)    /* 100 values of another rule, then 300 of the first one */
    if (t % 400 < 100)
      values[t] = sinf (2 * (gfloat) G_PI * t / 7);
  without = run (still, values, LEARNT);
  with = run (learns, values, LEARNT);
  rnn_forecaster_is_adapted (learns, &falls);
  g_test_message ("error %.4f, adapted %.4f, given up %u times", without, with, (guint) falls);
  g_assert_cmpuint (falls, >, 0);
  g_assert_cmpfloat (with, <, 1.1 * without);
}

/* Recursive least squares that do not forget are least squares with the prior on the diagonal. */
static void
test_recursive (void)
{
  RnnRecursive r;
  gdouble a[2][2] = { { 3, 0 }, { 0, 3 } }, b[2] = { 0 }, det;
  RnnRng rng;

  rnn_rng_seed (&rng, 2, 1);
  rnn_recursive_init (&r, 2, 1, 1, 3);
  for (guint i = 0; i < 50; i++) {
    gfloat z[2] = { rnn_rng_normal (&rng), rnn_rng_normal (&rng) }, y = 2 * z[0] - z[1] + rnn_rng_normal (&rng), said = 0;

    rnn_recursive_add (&r, z, &said);
    rnn_recursive_learn (&r, z, &(gdouble) { y - said });
    for (guint k = 0; k < 2; k++) {
      b[k] += y * z[k];
      a[k][0] += z[k] * z[0];
      a[k][1] += z[k] * z[1];
    }
  }
  det = a[0][0] * a[1][1] - a[0][1] * a[1][0];
  g_assert_cmpfloat_with_epsilon (r.weight[0], (b[0] * a[1][1] - b[1] * a[0][1]) / det, 1e-5);
  g_assert_cmpfloat_with_epsilon (r.weight[1], (b[1] * a[0][0] - b[0] * a[1][0]) / det, 1e-5);
  rnn_recursive_clear (&r);
}

static void
add (const gchar *name, const Case *c, void (*test) (gconstpointer))
{
  g_autofree gchar *path = g_strdup_printf ("/adapt/%s/%s", name, c->name);

  g_test_add_data_func (path, c, test);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/adapt/recursive", test_recursive);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    add ("change", &cases[i], test_change);
    add ("no-change", &cases[i], test_no_change);
    add ("state", &cases[i], test_state);
  }
  g_test_add_func ("/adapt/encoders-alone", test_encoders_alone);
  g_test_add_func ("/adapt/guard", test_guard);
  return g_test_run ();
}
