/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Covariates: series that can only be forecast with them, the same numbers in training and on a stream, states and files, gradients of
 * the whole graph, and what is refused. */
#include "cell-gradient.h"
#include "base/rng.h"
#include "forecast/covariates-private.h"
#include "forecast/forecaster.h"
#include "forecast/train.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define N 900
#define LEARNT 700
#define H 4
#define CONTEXT 6

#define RECIPE "{\"forecast\": {\"context\": 6, \"segment\": 3, \"scaling\": \"%s\"}, \"layers\": [{\"cell\": \"gru\", \"hidden\": 12}], " \
    "\"output\": {\"kind\": \"%s\"}, \"train\": {\"epochs\": 25, \"batch_size\": 32, \"learning_rate\": 0.01}%s}"

/* (transfer full) */
static json_t *
make_recipe (const gchar *scaling, const gchar *output, const gchar *covariates)
{
  g_autofree gchar *text = g_strdup_printf (RECIPE, scaling, output, covariates);
  json_error_t reason;
  json_t *recipe = json_loads (text, 0, &reason);

  if (!recipe)
    g_error ("%s: %s", text, reason.text);
  return recipe;
}

/* Days from 2020 on with a value, a column that is known ahead and one of the past; @rule gives the value. */
typedef gfloat (*Rule) (guint t, const gfloat *known, const gfloat *past);

static RnnSeries *
make_series (Rule rule, guint seed)
{
  RnnSeries *s = rnn_series_new (NULL, N, (const gchar *const[]) { "past", "y", "known", NULL });
  g_autofree gfloat *known = g_new (gfloat, N), *past = g_new (gfloat, N);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  s->start = rnn_time_parse ("2020-01-01", 10, RNN_EPOCH_AUTO);
  s->step = (RnnTimeStep) { RNN_STEP_TIME, RNN_DAY };
  for (guint t = 0; t < N; t++) {
    known[t] = 100 + 20 * rnn_rng_normal (&rng);
    past[t] = rnn_rng_normal (&rng);
    s->values[3 * t] = past[t];
    s->values[3 * t + 1] = rule (t, known, past);
    s->values[3 * t + 2] = known[t];
  }
  return s;
}

static gfloat
rule_known (guint t, const gfloat *known, const gfloat *past)
{
  return 5 + fabsf (known[t] - 100) / 20;
}

static gfloat
rule_past (guint t, const gfloat *known, const gfloat *past)
{
  return t ? past[t - 1] : 0;
}

/* High on the first three days of a month: no window of six days knows how long a month is. */
static gfloat
rule_month (guint t, const gfloat *known, const gfloat *past)
{
  RnnCivil civil;

  rnn_time_to_civil (rnn_time_parse ("2020-01-01", 10, RNN_EPOCH_AUTO) + t * RNN_DAY, &civil);
  return civil.day <= 3 ? 10 : 2;
}

static RnnModel *
train (const json_t *recipe, RnnSeries **series, guint n_series, GError **error)
{
  const RnnForecastTraining training = { .horizon = H, .season = 1, .valid = 100, .fit = { .seed = 1 } };
  g_autoptr (RnnCovariates) covariates = rnn_covariates_new (recipe, "r.json", error);
  g_autofree RnnSeries *parts = g_new (RnnSeries, n_series);
  g_autofree const RnnSeries **list = g_new (const RnnSeries *, n_series);

  for (guint i = 0; i < n_series; i++) {
    if (!covariates || (!series[i]->others && !rnn_covariates_split (covariates, series[i], "t.csv", error)))
      return NULL;
    parts[i] = *series[i];
    parts[i].n = LEARNT;
    list[i] = &parts[i];
  }
  return rnn_forecast_train (recipe, list, n_series, &training, "t.csv", error);
}

/* Tells of the covariates of row @t and pushes it; stream i is @shift i higher. */
static void
push (RnnForecaster *f, const RnnSeries *s, guint t, guint n_streams, gfloat shift)
{
  const RnnCovariates *c = rnn_forecaster_get_covariates (f);
  gfloat values[8];

  for (guint i = 0; i < n_streams; i++)
    values[i] = s->values[(gsize) t * s->channels] + shift * i;
  for (guint h = t ? H : 0; c->n_known && h <= H && t + h < s->n; h++)
    rnn_forecaster_foretell (f, h, s->others + (gsize) (t + h) * s->n_others);
  rnn_forecaster_push_with (f, values, c->n_past ? s->others + (gsize) t * s->n_others + c->n_known : NULL);
}

static void
begin (RnnForecaster *f, const RnnSeries *s, guint t)
{
  rnn_forecaster_set_clock (f, rnn_time_step_add (&s->step, s->start, t), &s->step);
  for (guint h = 0; rnn_forecaster_get_covariates (f)->n_known && h < H; h++)
    rnn_forecaster_foretell (f, h, s->others + (gsize) (t + h) * s->n_others);
}

/* Mean squared error of step @h on rows that were not learnt from */
static gdouble
score (RnnModel *model, const RnnSeries *s, guint h)
{
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, 1, 0.9, NULL);
  const RnnCovariates *c = rnn_forecaster_get_covariates (f);
  gdouble sum = 0;
  guint n = 0;

  for (guint k = 0; k < c->n_categories; k++)
    g_assert_true (rnn_forecaster_set_category (f, 0, k, s->categories[k]));
  begin (f, s, LEARNT);
  for (guint t = LEARNT; t + H + 1 < N; t++) {
    push (f, s, t, 1, 0);
    if (rnn_forecaster_is_ready (f)) {
      gdouble e = rnn_forecaster_get_mean (f, 0)[h] - s->values[(gsize) (t + 1 + h) * s->channels];

      sum += e * e;
      n++;
    }
  }
  return sum / n;
}

static gdouble
learn (Rule rule, const gchar *output, const gchar *covariates, guint h)
{
  g_autoptr (RnnSeries) s = make_series (rule, 5);
  json_t *recipe = make_recipe ("last", output, covariates);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;

  model = train (recipe, &s, 1, &error);
  g_assert_no_error (error);
  json_decref (recipe);
  return score (model, s, h);
}

/* The columns are there in both cases, but for what the recipe is told of them. */
#define BOTH ", \"covariates\": {\"known\": [\"known\"], \"past\": [\"past\"]}"
static const struct {
  const gchar *name, *with, *without;
  Rule rule;
  guint h;
} cases[] = {
  { "calendar", ", \"covariates\": {\"calendar\": [\"day\"], \"past\": [\"known\", \"past\"]}",
    ", \"covariates\": {\"calendar\": [\"hour\"], \"past\": [\"known\", \"past\"]}", rule_month, 3 },
  { "known", ", \"covariates\": {\"known\": [\"known\"], \"past\": [\"past\"]}",
    ", \"covariates\": {\"past\": [\"known\", \"past\"]}", rule_known, 3 },
  { "past", BOTH, NULL, rule_past, 0 },
};

static void
test_needed (gconstpointer data)
{
  guint i = GPOINTER_TO_UINT (data);
  gdouble with, without;

  /* what came before yesterday's says nothing of the day after tomorrow */
  with = learn (cases[i].rule, "regression", cases[i].with, cases[i].h);
  without = cases[i].without ? learn (cases[i].rule, "regression", cases[i].without, cases[i].h)
      : learn (cases[i].rule, "regression", cases[i].with, cases[i].h + 1);
  g_test_message ("%s: %.4f, without %.4f", cases[i].name, with, without);
  g_assert_cmpfloat (5 * with, <, without);
}

static void
test_distribution (void)
{
  gdouble with = learn (rule_known, "gaussian", BOTH, 2);
  gdouble without = learn (rule_known, "gaussian", ", \"covariates\": {\"past\": [\"known\", \"past\"]}", 2);

  g_test_message ("%.4f, without %.4f", with, without);
  g_assert_cmpfloat (5 * with, <, without);
}

/* ---- categories ---- */

/* Nothing most of the time: what a window tells of the sign is little. */
static gfloat
rule_up (guint t, const gfloat *known, const gfloat *past)
{
  return known[t] > 130 ? 1 : 0;
}

static gfloat
rule_down (guint t, const gfloat *known, const gfloat *past)
{
  return -rule_up (t, known, past);
}

static gdouble
learn_many (const gchar *covariates)
{
  static const gchar *const shops[] = { "north", "south" };
  json_t *recipe = make_recipe ("none", "regression", covariates);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;
  RnnSeries *s[6];
  gdouble sum = 0;

  for (guint i = 0; i < 6; i++) {
    s[i] = make_series (i % 2 ? rule_up : rule_down, i);
    s[i]->categories = g_strdupv ((gchar *[]) { (gchar *) shops[i % 2], NULL });
  }
  model = train (recipe, s, 6, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < 6; i++) {
    sum += score (model, s[i], 1) / 6;
    rnn_series_free (s[i]);
  }
  json_decref (recipe);
  return sum;
}

static void
test_categories (void)
{
  gdouble with = learn_many (", \"covariates\": {\"known\": [\"known\"], \"past\": [\"past\"], \"categories\": [\"shop\"]}");
  gdouble without = learn_many (", \"covariates\": {\"known\": [\"known\"], \"past\": [\"past\"]}");

  g_test_message ("%.4f, without %.4f", with, without);
  g_assert_cmpfloat (5 * with, <, without);
}

/* ---- the same numbers everywhere ---- */

#define ALL ", \"covariates\": {\"calendar\": [\"weekday\", \"month\"], \"known\": [\"known\"], \"past\": [\"past\"], " \
    "\"categories\": [\"shop\"]}"

static RnnModel *
make_model (const gchar *output, RnnSeries **series)
{
  json_t *recipe = make_recipe ("instance", output, ALL);
  g_autoptr (GError) error = NULL;
  RnnModel *model;

  json_object_set_new (json_object_get (recipe, "train"), "epochs", json_integer (1));
  json_object_set_new (json_object_get (recipe, "forecast"), "members", json_integer (2));
  *series = make_series (rule_known, 3);
  (*series)->categories = g_strdupv ((gchar *[]) { (gchar *) "here", NULL });
  (*series)->values[3 * 420 + 2] = (*series)->values[3 * 422] = NAN;    /* holes */
  model = train (recipe, series, 1, &error);
  g_assert_no_error (error);
  json_decref (recipe);
  return model;
}

/* A row of training and one of a stream */
static void
test_rows (void)
{
  RnnSeries *s;
  g_autoptr (RnnModel) model = make_model ("regression", &s);
  const json_t *recipe = rnn_model_get_recipe (model);
  g_autoptr (RnnCovariates) c = rnn_covariates_new (recipe, "m", NULL);
  g_autoptr (RnnCovariateRows) rows = rnn_covariate_rows_new (c, s, 0);
  RnnCovariateRing *ring;
  RnnForecastConfig config;
  gsize n;

  g_assert_true (rnn_forecast_config_read (&config, recipe, "m", NULL));
  g_assert_cmpint (config.known, ==, 5);
  n = (gsize) rnn_forecast_get_row (&config) - config.context;
  g_assert_cmpuint (n, ==, 6 * CONTEXT + 5 * H + 1);
  ring = rnn_covariate_ring_new (c, &config);
  rnn_covariate_ring_set_clock (ring, rnn_time_step_add (&s->step, s->start, 400), &s->step);
  for (guint t = 400; t < 500; t++) {
    g_autofree gfloat *a = g_new0 (gfloat, n), *b = g_new0 (gfloat, n);

    for (guint h = 0; h <= H; h++)
      rnn_covariate_ring_foretell (ring, h, s->others + (gsize) (t + h) * s->n_others);
    rnn_covariate_ring_push (ring, s->others + (gsize) t * s->n_others + 1);
    if (t < 400 + CONTEXT)
      continue;
    rnn_covariate_rows_read (rows, &config, t + 1, a);
    rnn_covariate_ring_read (ring, b);
    b[n - 1] = 1;               /* the token, which is a stream's */
    g_assert_cmpmem (a, n * sizeof (gfloat), b, n * sizeof (gfloat));
  }
  rnn_covariate_ring_free (ring);
  rnn_series_free (s);
}

static void
check_same (RnnForecaster *f, guint i, RnnForecaster *g, guint k)
{
  g_assert_cmpmem (rnn_forecaster_get_mean (f, i), H * sizeof (gfloat), rnn_forecaster_get_mean (g, k), H * sizeof (gfloat));
  g_assert_cmpmem (rnn_forecaster_get_radius (f, i), H * sizeof (gfloat), rnn_forecaster_get_radius (g, k), H * sizeof (gfloat));
}

/* Several streams are so many lone ones, bit for bit.  A value of a category that training has not seen is the mean of those that it has
 * seen, here of a single one. */
static void
test_batch (void)
{
  RnnSeries *s;
  g_autoptr (RnnModel) model = make_model ("student-t", &s);
  g_autoptr (RnnForecaster) all = rnn_forecaster_new (model, 3, 0.9, NULL), one = rnn_forecaster_new (model, 1, 0.9, NULL);

  g_assert_true (rnn_forecaster_set_category (all, 0, 0, "here"));
  g_assert_true (rnn_forecaster_set_category (one, 0, 0, "here"));
  g_assert_false (rnn_forecaster_set_category (all, 2, 0, "nowhere"));
  begin (all, s, 0);
  begin (one, s, 0);
  for (guint t = 0; t < 80; t++) {
    push (all, s, t, 3, 0);
    push (one, s, t, 1, 0);
  }
  check_same (all, 0, one, 0);
  check_same (all, 2, one, 0);
  rnn_series_free (s);
}

static void
test_state (void)
{
  RnnSeries *s;
  g_autoptr (RnnModel) model = make_model ("regression", &s);
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, 2, 0.9, NULL), g = rnn_forecaster_new (model, 2, 0.9, NULL);
  g_autofree gfloat *state = g_new (gfloat, rnn_forecaster_get_state_size (f));

  for (RnnAdaptKind kind = RNN_ADAPT_OFF; kind <= RNN_ADAPT_ALL; kind++) {
    g_assert_true (rnn_forecaster_set_adapt (f, kind, NULL));
    g_assert_true (rnn_forecaster_set_adapt (g, kind, NULL));
    state = g_renew (gfloat, state, rnn_forecaster_get_state_size (f));
    rnn_forecaster_reset (f);
    g_assert_true (rnn_forecaster_set_category (f, 1, 0, "here"));
    begin (f, s, 0);
    for (guint t = 0; t < 90; t++)
      push (f, s, t, 2, 3);
    rnn_forecaster_get_state (f, state);
    g_assert_true (rnn_forecaster_set_state (g, state));
    rnn_forecaster_set_clock (g, rnn_time_step_add (&s->step, s->start, 90), &s->step);
    for (guint t = 90; t < 150; t++) {
      push (f, s, t, 2, 3);
      push (g, s, t, 2, 3);
    }
    check_same (f, 0, g, 0);
    check_same (f, 1, g, 1);
  }
  rnn_series_free (s);
}

static void
test_file (void)
{
  RnnSeries *s;
  g_autoptr (RnnModel) model = make_model ("laplace", &s), loaded = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnForecaster) f = NULL, g = NULL;
  g_autofree gchar *path = NULL;
  gint fd = g_file_open_tmp ("covariates-XXXXXX.safetensors", &path, NULL);

  g_assert_true (rnn_model_save (model, path, &error));
  loaded = rnn_model_load (path, &error);
  g_assert_no_error (error);
  f = rnn_forecaster_new (model, 1, 0.9, NULL);
  g = rnn_forecaster_new (loaded, 1, 0.9, NULL);
  g_assert_true (rnn_forecaster_set_category (f, 0, 0, "here"));
  g_assert_true (rnn_forecaster_set_category (g, 0, 0, "here"));
  begin (f, s, 0);
  begin (g, s, 0);
  for (guint t = 0; t < 60; t++) {
    push (f, s, t, 1, 0);
    push (g, s, t, 1, 0);
  }
  check_same (f, 0, g, 0);
  g_unlink (path);
  close (fd);
  rnn_series_free (s);
}

/* What is told again counts; what is not told is what was told last. */
static void
test_foretell (void)
{
  RnnSeries *s;
  g_autoptr (RnnModel) model = make_model ("regression", &s);
  g_autoptr (RnnForecaster) f = rnn_forecaster_new (model, 1, 0.9, NULL), g = rnn_forecaster_new (model, 1, 0.9, NULL);
  const gfloat wrong[] = { 7, 7 };

  begin (f, s, 0);
  begin (g, s, 0);
  for (guint t = 0; t < 30; t++) {
    rnn_forecaster_foretell (g, H, wrong);
    push (f, s, t, 1, 0);
    push (g, s, t, 1, 0);
  }
  check_same (f, 0, g, 0);
  for (guint h = 1; h <= H; h++)        /* the same for all that is ahead of the next value, and nothing told */
    rnn_forecaster_foretell (f, h, s->others + (gsize) 30 * s->n_others);
  rnn_forecaster_foretell (f, 0, s->others + (gsize) 30 * s->n_others);
  rnn_forecaster_push_with (f, s->values + 30, NULL);
  for (guint h = 1; h <= H; h++)
    rnn_forecaster_foretell (g, h, (gfloat[]) { NAN, NAN });
  rnn_forecaster_foretell (g, 0, s->others + (gsize) 30 * s->n_others);
  rnn_forecaster_push_with (g, s->values + 30, NULL);
  check_same (f, 0, g, 0);
  rnn_series_free (s);
}

/* ---- numbers ---- */

static void
test_calendar (void)
{
  static const struct {
    const gchar *time, *name;
    gdouble turn;
  } all[] = {
    { "2024-02-29T06:45:30Z", "second", 0.5 }, { "2024-02-29T06:45:30Z", "minute", 0.75 }, { "2024-02-29T06:45:30Z", "hour", 0.25 },
    { "2024-02-29", "weekday", 3.0 / 7 }, { "2024-02-29", "day", 28.0 / 29 }, { "1969-04-01", "month", 0.25 },
    { "2023-01-01", "yearday", 0 }, { "2024-12-31", "yearday", 364.0 / 365 }, { "2023-12-31", "yearday", 364.0 / 365 },
    { "2024-03-01", "yearday", 59.0 / 365 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++) {
    json_t *recipe = json_pack ("{s{s[s]}}", "covariates", "calendar", all[i].name);
    g_autoptr (RnnCovariates) c = rnn_covariates_new (recipe, "r.json", NULL);
    gfloat numbers[2];

    rnn_covariates_look_up (c, rnn_time_parse (all[i].time, strlen (all[i].time), RNN_EPOCH_AUTO), numbers);
    g_assert_cmpfloat_with_epsilon (numbers[0], sin (2 * G_PI * all[i].turn), 1e-6);
    g_assert_cmpfloat_with_epsilon (numbers[1], cos (2 * G_PI * all[i].turn), 1e-6);
    json_decref (recipe);
  }
}

/* Of the whole graph: window, covariates, steps ahead, embeddings */
static void
test_gradient (gconstpointer output)
{
  RnnSeries *s;
  g_autoptr (RnnModel) model = make_model (output, &s);
  g_autoptr (RnnModel) fresh = rnn_model_new (rnn_model_get_recipe (model), 3, "m", NULL);
  const RnnCell *c = rnn_model_get_root (fresh);
  Probe p = { .model = fresh, .root = c, .T = 1, .B = 3 };
  g_autofree gfloat *dx = g_new0 (gfloat, p.B * c->n_in), *dparam = g_new0 (gfloat, rnn_model_get_n_params (fresh));
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  p.x = g_new (gfloat, p.B * c->n_in);
  for (gint i = 0; i < p.B * c->n_in; i++)
    p.x[i] = rnn_rng_normal (&rng);
  for (gint b = 0; b < p.B; b++)
    p.x[(b + 1) * c->n_in - 1] = b % 2; /* tokens */
  p.y = g_new0 (gfloat, p.B * c->n_out);
  p.wy = g_new0 (gfloat, p.B * c->n_out);
  for (gint i = 0; i < p.B * c->n_out; i++)
    p.wy[i] = rnn_rng_normal (&rng);
  p.state = g_new0 (gfloat, MAX (p.B * c->n_state, 1));
  p.ws = g_new0 (gfloat, MAX (p.B * c->n_state, 1));
  p.tape = g_new0 (gfloat, p.B * c->n_tape + 1);
  p.scratch = g_new0 (gfloat, rnn_cell_scratch_size (c, 1, p.B) + 1);
  loss (&p, TRUE);
  c->klass->backward (c, &(RnnRun) { .T = 1, .B = p.B, .x = p.x, .y = p.y, .state = p.state, .state_stride = c->n_state,
        .tape = p.tape, .scratch = p.scratch }, &(RnnGrad) { .dy = p.wy, .dx = dx, .dstate = p.ws, .dparam = dparam });
  compare_gradient (&p, "x", p.x, dx, p.B * c->n_in - 1);
  compare_params (&p, dparam);
  g_free (p.x);
  g_free (p.y);
  g_free (p.wy);
  g_free (p.ws);
  g_free (p.state);
  g_free (p.tape);
  g_free (p.scratch);
  rnn_series_free (s);
}

/* ---- what is refused ---- */

static void
test_refuse (void)
{
  static const struct {
    const gchar *covariates, *message;
  } wrong[] = {
    { "[]", "r.json: \"covariates\" is no object" },
    { "{\"colour\": []}", "r.json: covariates: unknown option 'colour'" },
    { "{\"calendar\": \"hour\"}", "r.json: covariates: \"calendar\" is no list" },
    { "{\"calendar\": [\"moon\"]}", "there is no \"moon\" in a calendar: second, minute, hour, weekday" },
    { "{\"known\": [\"a\", \"a\"]}", "\"known\" names a twice" },
    { "{\"known\": [1]}", "\"known\" has something that is no name" },
    { "{\"known\": [\"a\"], \"past\": [\"a\"]}", "column a cannot be both" },
    { "{\"known\": [\"wind\"]}", "t.csv: there is no column \"wind\", which is to be known ahead, among: past, y, known" },
    { "{\"known\": [\"y\"], \"past\": [\"known\", \"past\"]}", "t.csv: all columns are covariates" },
    { "{\"categories\": [\"shop\"]}", "t.csv: nothing says the category \"shop\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++) {
    g_autofree gchar *part = g_strdup_printf (", \"covariates\": %s", wrong[i].covariates);
    json_t *recipe = make_recipe ("last", "regression", part);
    g_autoptr (RnnSeries) s = make_series (rule_known, 1);
    g_autoptr (GError) error = NULL;

    g_assert_null (train (recipe, &s, 1, &error));
    g_assert_nonnull (error);
    g_test_message ("%s", error->message);
    g_assert_nonnull (strstr (error->message, wrong[i].message));
    json_decref (recipe);
  }
}

static void
test_untimed (void)
{
  json_t *recipe = make_recipe ("last", "regression", ", \"covariates\": {\"calendar\": [\"hour\"]}");
  g_autoptr (RnnSeries) s = make_series (rule_known, 1);
  g_autoptr (GError) error = NULL;

  s->start = RNN_TIME_NONE;
  g_assert_null (train (recipe, &s, 1, &error));
  g_assert_nonnull (strstr (error->message, "t.csv: a calendar (hour) is of no use without a column of times"));
  json_decref (recipe);
}

/* Series that nobody has asked for their covariates */
static void
test_missing (void)
{
  json_t *recipe = make_recipe ("last", "regression", BOTH);
  g_autofree gfloat *values = g_new0 (gfloat, N);
  const RnnForecastTrack track = { values, N, LEARNT, N, NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (rnn_forecast_fit (recipe, &track, 1, &(RnnForecastFit) { .seed = 1 }, "r.json", &error));
  g_assert_nonnull (strstr (error->message, "r.json: the recipe asks for covariates, which these series do not have"));
  json_decref (recipe);
}

/* Rows at the end that have no value are of what is known. */
static void
test_ahead (void)
{
  json_t *recipe = make_recipe ("last", "regression", BOTH);
  g_autoptr (RnnCovariates) c = rnn_covariates_new (recipe, "r.json", NULL);
  g_autoptr (RnnSeries) s = make_series (rule_known, 1);

  s->values[3 * 400 + 1] = NAN;
  for (guint t = N - 5; t < N; t++)
    s->values[3 * t + 1] = s->values[3 * t] = NAN;
  g_assert_true (rnn_covariates_split (c, s, "t.csv", NULL));
  g_assert_cmpuint (s->n, ==, N - 5);
  g_assert_cmpuint (s->n_ahead, ==, 5);
  g_assert_cmpuint (s->channels, ==, 1);
  g_assert_cmpstr (s->names[0], ==, "y");
  g_assert_true (isnan (s->values[400]) && !isnan (s->values[401]));
  g_assert_false (isnan (s->others[(gsize) (N - 1) * 2]));
  g_assert_true (isnan (s->others[(gsize) (N - 1) * 2 + 1]));
  json_decref (recipe);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autofree gchar *name = g_strconcat ("/covariates/needed/", cases[i].name, NULL);

    g_test_add_data_func (name, GUINT_TO_POINTER (i), test_needed);
  }
  g_test_add_func ("/covariates/distribution", test_distribution);
  g_test_add_func ("/covariates/categories", test_categories);
  g_test_add_func ("/covariates/rows", test_rows);
  g_test_add_func ("/covariates/batch", test_batch);
  g_test_add_func ("/covariates/state", test_state);
  g_test_add_func ("/covariates/file", test_file);
  g_test_add_func ("/covariates/foretell", test_foretell);
  g_test_add_func ("/covariates/calendar", test_calendar);
  g_test_add_data_func ("/covariates/gradient/regression", "regression", test_gradient);
  g_test_add_data_func ("/covariates/gradient/student-t", "student-t", test_gradient);
  g_test_add_func ("/covariates/refuse", test_refuse);
  g_test_add_func ("/covariates/untimed", test_untimed);
  g_test_add_func ("/covariates/missing", test_missing);
  g_test_add_func ("/covariates/ahead", test_ahead);
  return g_test_run ();
}
