/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnforecast with models that know more than the values: the library's bits on a stream, a table of what is known ahead, tags, restarts,
 * and what is refused. */
#include "common.h"
#include <math.h>
#include <string.h>

#define N 300
#define H 3
#define STEP (3600 * GST_SECOND)
#define CAPS "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, dimensions=(string)2:1, " \
    "framerate=(fraction)1/3600, rnn-kind=(string)series, rnn-start=(string)2020-01-01, rnn-columns=(string)\"load,wind\""

static gfloat
plan (guint t)
{
  return (t * 7919 % 13) / 3.f;
}

/* load, wind, plan */
static RnnSeries *
make_series (void)
{
  RnnSeries *s = rnn_series_new (NULL, N, (const gchar *const[]) { "load", "wind", "plan", NULL });

  s->start = rnn_time_parse ("2020-01-01", 10, RNN_EPOCH_AUTO);
  s->step = (RnnTimeStep) { RNN_STEP_TIME, (gint64) STEP };
  s->categories = g_strdupv ((gchar *[]) { (gchar *) "north", NULL });
  for (guint t = 0; t < N; t++) {
    s->values[3 * t + 1] = (t * 104729 % 17) / 17.f;
    s->values[3 * t + 2] = plan (t);
    s->values[3 * t] = 10 + 2 * plan (t) + (t % 24 < 8) + (t ? s->values[3 * t - 2] : 0);
  }
  return s;
}

static RnnSeries *series;       /* split, as the model is of it */
static gchar *model_path, *plan_path;

static void
make_model (void)
{
  const RnnForecastTraining training = { .horizon = H, .season = 1, .fit = { .seed = 1 } };
  json_t *recipe = json_loads ("{\"forecast\": {\"context\": 4, \"segment\": 2}, \"layers\": [{\"cell\": \"gru\", \"hidden\": 4}], "
      "\"output\": {\"kind\": \"laplace\"}, \"train\": {\"epochs\": 2}, \"covariates\": {\"calendar\": [\"hour\"], "
      "\"known\": [\"plan\"], \"past\": [\"wind\"], \"categories\": [\"shop\"]}}", 0, NULL);
  g_autoptr (RnnCovariates) c = rnn_covariates_new (recipe, "r.json", NULL);
  RnnSeries *other = make_series (), *both[2];
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;

  series = make_series ();
  g_free (other->categories[0]);
  other->categories[0] = g_strdup ("south");
  for (guint t = 0; t < N; t++)
    other->values[3 * t] = 20 - plan (t);
  both[0] = series;
  both[1] = other;
  for (guint i = 0; i < 2; i++)
    g_assert_true (rnn_covariates_split (c, both[i], "t.csv", NULL));
  model = rnn_forecast_train (recipe, (const RnnSeries *const *) both, 2, &training, "t.csv", &error);
  g_assert_no_error (error);
  model_path = g_build_filename (test_dir (), "known.safetensors", NULL);
  g_assert_true (rnn_model_save (model, model_path, &error));
  rnn_series_free (other);
  json_decref (recipe);
}

/* A day more than the stream, an hour earlier */
static void
write_plan (guint rows)
{
  g_autoptr (GString) text = g_string_new ("date,other,plan\n2019-12-31T23:00:00Z,1,5\n");

  for (guint t = 0; t < rows; t++) {
    gchar time[RNN_TIME_TEXT];

    g_string_append_printf (text, "%s,7,%.9g\n", rnn_time_format (series->start + t * (gint64) STEP, time), (gdouble) plan (t));
  }
  g_assert_true (g_file_set_contents (plan_path, text->str, -1, NULL));
}

static TestHarness *
start (const gchar *properties, const gchar *caps)
{
  g_autofree gchar *line = g_strdup_printf ("rnnforecast model-file=%s %s", model_path, properties);
  g_autoptr (GstCaps) sent = gst_caps_from_string (caps);
  TestHarness *t = test_harness_new (gst_parse_launch (line, NULL));

  gst_harness_push_event (t->h, gst_event_new_caps (sent));
  return t;
}

static TestHarness *
start_whole (const gchar *more)
{
  g_autofree gchar *line = g_strdup_printf ("rnnforecast model-file=%s known-file=%s %s", model_path, plan_path, more);
  TestHarness *t = test_harness_new (gst_parse_launch (line, NULL));

  gst_harness_set_src_caps_str (t->h, CAPS);
  return t;
}

static void
push_rows (TestHarness *t, guint from, guint to)
{
  for (guint i = from; i < to; i++) {
    gfloat row[] = { series->values[i], series->others[2 * i + 1] };
    GstBuffer *buffer = gst_buffer_new_memdup (row, sizeof row);

    GST_BUFFER_PTS (buffer) = i * STEP;
    GST_BUFFER_DURATION (buffer) = STEP;
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
}

static GstBuffer *
pull_last (TestHarness *t)
{
  GstBuffer *last = NULL, *buffer;

  while ((buffer = gst_harness_try_pull (t->h))) {
    gst_clear_buffer (&last);
    last = buffer;
  }
  g_assert_nonnull (last);
  return last;
}

/* What the library says after row @n - 1, of a stream that began at @from and of that category */
static RnnForecaster *
follow (guint from, guint n, const gchar *shop)
{
  g_autoptr (RnnModel) model = rnn_model_load (model_path, NULL);
  RnnForecaster *f = rnn_forecaster_new (model, 1, 0.9, NULL);

  rnn_forecaster_set_category (f, 0, 0, shop);
  rnn_forecaster_set_clock (f, series->start + from * (gint64) STEP, &series->step);
  for (guint t = from; t < n; t++) {
    for (guint h = 0; h <= H; h++)
      rnn_forecaster_foretell (f, h, (gfloat[]) { plan (t + h) });
    rnn_forecaster_push_with (f, series->values + t, series->others + 2 * t + 1);
  }
  return f;
}

static void
check_same (TestHarness *t, guint from, guint n, const gchar *shop)
{
  g_autoptr (RnnForecaster) f = follow (from, n, shop);
  g_autoptr (GstBuffer) buffer = pull_last (t);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_READ);
  for (guint h = 0; h < H; h++)
    g_assert_cmpfloat (((const gfloat *) (gpointer) map.data)[3 * h], ==, rnn_forecaster_get_mean (f, 0)[h]);
  gst_buffer_unmap (buffer, &map);
}

static void
test_stream (void)
{
  TestHarness *t;

  write_plan (N);
  t = start_whole ("categories=shop=north");
  push_rows (t, 0, 60);
  check_same (t, 0, 60, "north");
  push_rows (t, 100, 160);      /* begins anew */
  check_same (t, 100, 160, "north");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_tags (void)
{
  TestHarness *t;

  write_plan (N);
  t = start_whole ("");
  gst_harness_push_event (t->h, gst_event_new_tag (gst_tag_list_new (GST_TAG_EXTENDED_COMMENT, "shop=south", NULL)));
  push_rows (t, 0, 50);
  check_same (t, 0, 50, "south");
  gst_harness_push_event (t->h, gst_event_new_tag (gst_tag_list_new (GST_TAG_EXTENDED_COMMENT, "shop=moon", NULL)));
  g_clear_pointer (&(GstMessage *) { test_pop_message (t, GST_MESSAGE_WARNING, NULL) }, gst_message_unref);
  test_harness_free (t);
}

static void
test_restart (void)
{
  g_autofree gchar *state = g_build_filename (test_dir (), "state", NULL);
  g_autofree gchar *properties = g_strdup_printf ("categories=shop=south state-interval=0 state-file=%s", state);
  TestHarness *first, *second;

  write_plan (N);
  first = start_whole (properties);
  push_rows (first, 0, 70);
  second = start_whole (properties);
  push_rows (second, 0, 100);
  check_same (second, 0, 100, "south");
  test_harness_free (first);
  test_harness_free (second);
}

/* The table ends: that is told once, and what it said last is held. */
static void
test_end_of_table (void)
{
  GstMessage *message;
  TestHarness *t;

  write_plan (40);
  t = start_whole ("");
  push_rows (t, 0, 36);
  g_assert_null (test_pop_message (t, GST_MESSAGE_WARNING, NULL));
  push_rows (t, 36, 60);
  message = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
  g_assert_nonnull (message);
  gst_message_unref (message);
  g_assert_null (test_pop_message (t, GST_MESSAGE_WARNING, NULL));
  gst_buffer_unref (pull_last (t));
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
check_refused (const gchar *properties, const gchar *caps, const gchar *reason)
{
  TestHarness *t = start (properties, caps);

  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, reason);
  test_harness_free (t);
}

static void
test_refuse (void)
{
  g_autofree gchar *known = g_strdup_printf ("known-file=%s", plan_path), *untimed = g_strdup (CAPS), *calm = g_strdup (CAPS);
  g_autofree gchar *bad = g_build_filename (test_dir (), "bad.csv", NULL), *wrong = g_strdup_printf ("known-file=%s", bad);

  write_plan (N);
  memset (strstr (untimed, ", rnn-start"), 0, 1);
  memcpy (strstr (calm, "wind"), "calm", 4);
  check_refused ("", CAPS, "known-file has to name a table");
  check_refused (known, calm, "the model reads the past of a column \"wind\"; the stream has load,calm");
  check_refused ("known-file=/none.csv", CAPS, "/none.csv");
  g_assert_true (g_file_set_contents (bad, "date,rain\n2020-01-01,5\n", -1, NULL));
  check_refused (wrong, CAPS, "there is no column \"plan\"");
  g_assert_true (g_file_set_contents (bad, "plan\n5\n", -1, NULL));
  check_refused (wrong, CAPS, "has no column of times");
  g_strlcat (untimed, ", rnn-columns=(string)\"load,wind\"", strlen (CAPS) + 1);
  check_refused (known, untimed, "the stream's caps have no rnn-start");
}

int
main (int argc, char **argv)
{
  gint result;

  test_init (&argc, &argv);
  plan_path = g_build_filename (test_dir (), "plan.csv", NULL);
  make_model ();
  g_test_add_func ("/forecast-covariates/stream", test_stream);
  g_test_add_func ("/forecast-covariates/tags", test_tags);
  g_test_add_func ("/forecast-covariates/restart", test_restart);
  g_test_add_func ("/forecast-covariates/end-of-table", test_end_of_table);
  g_test_add_func ("/forecast-covariates/refuse", test_refuse);
  result = test_run ();
  rnn_series_free (series);
  g_free (model_path);
  g_free (plan_path);
  return result;
}
