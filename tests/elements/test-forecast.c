/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnforecast: forecasts line up with what comes, gaps, jumps, flushes and restarts, anomalies, and what it refuses.
 *
 * The model is a linear one of a wave with a season of 8, fitted here. */
#include "common.h"
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEASON 8
#define HORIZON 4
#define CONTEXT 16
#define STEP (3600 * GST_SECOND)
#define CAPS "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, dimensions=(string)%d:1, " \
    "framerate=(fraction)1/3600, rnn-kind=(string)series, rnn-start=(string)2020-01-01, rnn-columns=(string)\"%s\""

static gfloat
wave (guint t)
{
  return 100 + 10 * sinf (2 * (gfloat) G_PI * t / SEASON);
}

/* (transfer full) */
static gchar *
make_model (void)
{
  gchar *path = g_build_filename (test_dir (), "wave.safetensors", NULL);
  json_t *recipe = json_pack ("{ss s{si si si ss sb si s[s] ss} s[] s{ss}}", "name", "wave", "forecast", "context", CONTEXT,
      "horizon", HORIZON, "members", 0, "scaling", "last", "linear", TRUE, "season", SEASON, "columns", "load", "step", "1h",
      "layers", "output", "kind", "regression");
  gfloat values[400];
  const RnnForecastTrack track = { values, 400, 300, 400 };
  const RnnForecastFit fit = { .seed = 1 };
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (guint t = 0; t < 400; t++)
    values[t] = wave (t) + 0.1f * rnn_rng_normal (&rng);
  model = rnn_forecast_fit (recipe, &track, 1, &fit, "wave", &error);
  g_assert_no_error (error);
  g_assert_true (rnn_model_save (model, path, &error));
  json_decref (recipe);
  return path;
}

static TestHarness *
forecast_new (const gchar *properties)
{
  static gchar *model = NULL;
  g_autofree gchar *line = NULL, *caps = g_strdup_printf (CAPS, 1, "load");
  TestHarness *t;

  if (!model)
    model = make_model ();
  line = g_strdup_printf ("rnnforecast model-file=%s %s", model, properties);
  t = test_harness_new (gst_parse_launch (line, NULL));
  gst_harness_set_src_caps_str (t->h, caps);
  return t;
}

static GstFlowReturn
push_value (TestHarness *t, guint at, gfloat value)
{
  GstBuffer *buffer = gst_buffer_new_memdup (&value, sizeof value);

  GST_BUFFER_PTS (buffer) = at * STEP;
  GST_BUFFER_DURATION (buffer) = STEP;
  return gst_harness_push (t->h, buffer);
}

static void
push_waves (TestHarness *t, guint from, guint to)
{
  for (guint i = from; i < to; i++)
    g_assert_cmpint (push_value (t, i, wave (i)), ==, GST_FLOW_OK);
}

/* Drops what is there but for the last one. (transfer full) */
static GstBuffer *
pull_last (TestHarness *t)
{
  GstBuffer *last = NULL, *buffer;

  while ((buffer = gst_harness_try_pull (t->h))) {
    gst_clear_buffer (&last);
    last = buffer;
  }
  return last;
}

static void
check_forecast (GstBuffer *buffer, guint at)
{
  GstMapInfo map;

  g_assert_nonnull (buffer);
  g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, at * STEP);
  g_assert_cmpuint (GST_BUFFER_DURATION (buffer), ==, STEP);
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  g_assert_cmpuint (map.size, ==, HORIZON * 3 * sizeof (gfloat));
  for (guint h = 0; h < HORIZON; h++) {
    const gfloat *f = (const gfloat *) (gpointer) map.data + 3 * h;

    g_assert_cmpfloat_with_epsilon (f[0], wave (at + h), 0.5);
    g_assert_true (f[1] <= f[0] && f[0] <= f[2]);
  }
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
}

static void
test_forecasts (void)
{
  TestHarness *t = forecast_new ("");
  g_autoptr (GstCaps) caps = NULL;
  const GstStructure *s;

  push_waves (t, 0, CONTEXT - 1);
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 0);
  for (guint i = CONTEXT - 1; i < 60; i++) {
    push_waves (t, i, i + 1);
    g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 1);
    check_forecast (gst_harness_pull (t->h), i + 1);
  }
  caps = gst_pad_get_current_caps (GST_PAD_PEER (t->h->sinkpad));
  s = gst_caps_get_structure (caps, 0);
  g_assert_cmpstr (gst_structure_get_string (s, "dimensions"), ==, "3:4:1");
  g_assert_cmpstr (gst_structure_get_string (s, "rnn-columns"), ==, "load,load.lower,load.upper");
  g_assert_cmpstr (gst_structure_get_string (s, "rnn-kind"), ==, "forecast");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_every (void)
{
  TestHarness *t = forecast_new ("every=10");

  push_waves (t, 0, 45);
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 3);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  check_forecast (pull_last (t), 45);   /* the last one comes with the end */
  test_harness_free (t);
}

/* A hole is stepped over, whether a GAP tells it, PTS jump, or a value is no number. */
static void
test_gaps (void)
{
  for (guint kind = 0; kind < 3; kind++) {
    TestHarness *t = forecast_new ("max-gap=5");

    push_waves (t, 0, 40);
    if (kind == 0)
      gst_harness_push_event (t->h, gst_event_new_gap (40 * STEP, 3 * STEP));
    for (guint i = 40; kind == 1 && i < 43; i++)
      push_value (t, i, NAN);
    push_waves (t, 43, 44);
    check_forecast (pull_last (t), 44);
    test_harness_free (t);
  }
}

/* A long gap, and a step back, begin anew: the next forecast comes after a whole context. */
static void
test_long_gaps (void)
{
  static const guint next[] = { 60, 20 };

  for (guint kind = 0; kind < G_N_ELEMENTS (next); kind++) {
    TestHarness *t = forecast_new ("max-gap=5");

    push_waves (t, 0, 40);
    gst_clear_buffer (&(GstBuffer *) { pull_last (t) });
    push_waves (t, next[kind], next[kind] + CONTEXT - 1);
    g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 0);
    push_waves (t, next[kind] + CONTEXT - 1, next[kind] + CONTEXT);
    check_forecast (pull_last (t), next[kind] + CONTEXT);
    test_harness_free (t);
  }
}

static void
test_flush (void)
{
  TestHarness *t = forecast_new ("");
  GstSegment segment;

  push_waves (t, 0, 40);
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  gst_clear_buffer (&(GstBuffer *) { pull_last (t) });
  push_waves (t, 100, 100 + CONTEXT - 1);
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 0);
  push_waves (t, 100 + CONTEXT - 1, 100 + CONTEXT);
  check_forecast (pull_last (t), 100 + CONTEXT);
  test_harness_free (t);
}

/* The state is on the disk after every value: what another process is given goes on to the same bits, and what it knows
 * already it leaves out. */
static void
test_restart (void)
{
  g_autofree gchar *state = g_build_filename (test_dir (), "state", NULL);
  g_autofree gchar *properties = g_strdup_printf ("state-file=%s state-interval=0", state);
  TestHarness *whole = forecast_new (""), *first = forecast_new (properties), *second;
  g_autoptr (GstBuffer) expected = NULL, got = NULL;
  GstMapInfo map;

  push_waves (whole, 0, 61);
  expected = pull_last (whole);
  push_waves (first, 0, 60);
  second = forecast_new (properties);   /* the first is as good as killed: it has saved nothing since */
  push_waves (second, 0, 60);
  g_assert_cmpuint (gst_harness_buffers_in_queue (second->h), ==, 0);
  push_waves (second, 60, 61);
  got = pull_last (second);
  g_assert_nonnull (got);
  gst_buffer_map (expected, &map, GST_MAP_READ);
  g_assert_cmpint (gst_buffer_memcmp (got, 0, map.data, map.size), ==, 0);
  gst_buffer_unmap (expected, &map);
  g_assert_cmpuint (GST_BUFFER_PTS (got), ==, GST_BUFFER_PTS (expected));
  test_harness_free (whole);
  test_harness_free (first);
  test_harness_free (second);
}

/* All that is there, in turn; (g_string_free) */
static GString *
pull_lines (TestHarness *t, GString *lines)
{
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (t->h))) {
    g_autofree gchar *digest = NULL;
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    digest = g_compute_checksum_for_data (G_CHECKSUM_MD5, map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    g_string_append_printf (lines, "%" GST_TIME_FORMAT " %s\n", GST_TIME_ARGS (GST_BUFFER_PTS (buffer)), digest);
    gst_buffer_unref (buffer);
  }
  return lines;
}

/* A series that moves to another element, by the signals, gives the forecasts of one that stays, at the same times, with dates and without:
 * `every` counts on, and a hole right behind the move is one. */
static void
test_moves (void)
{
  static const guint cuts[] = { 5, 31, 60 };
  g_autofree gchar *state = g_build_filename (test_dir (), "moved", NULL);

  for (guint i = 0; i < 2 * G_N_ELEMENTS (cuts); i++) {
    g_autofree gchar *caps = g_strdup_printf (CAPS, 1, "load");
    g_autoptr (GString) expected = g_string_new (NULL), got = g_string_new (NULL);
    TestHarness *whole = forecast_new ("every=3"), *first = forecast_new ("every=3"), *second = forecast_new ("every=3");
    guint cut = cuts[i / 2];

    if (i % 2) {
      memset (strstr (caps, ", rnn-start"), 0, 1);
      gst_harness_set_src_caps_str (whole->h, caps);
      gst_harness_set_src_caps_str (first->h, caps);
      gst_harness_set_src_caps_str (second->h, caps);
    }
    push_waves (whole, 0, cut);
    push_waves (whole, cut + 1, 80);
    push_waves (first, 0, cut);
    g_signal_emit_by_name (first->element, "save-state", state);
    g_signal_emit_by_name (second->element, "load-state", state);
    push_waves (second, cut + 1, 80);
    gst_harness_push_event (whole->h, gst_event_new_eos ());
    gst_harness_push_event (second->h, gst_event_new_eos ());
    pull_lines (whole, expected);
    pull_lines (second, pull_lines (first, got));
    g_assert_cmpstr (got->str, ==, expected->str);
    test_expect_no_error (second);
    test_harness_free (whole);
    test_harness_free (first);
    test_harness_free (second);
  }
}

static void
test_damaged_state (void)
{
  g_autofree gchar *state = g_build_filename (test_dir (), "damaged", NULL);
  g_autofree gchar *properties = g_strdup_printf ("state-file=%s", state);

  for (guint i = 0; i < 2; i++) {
    g_autoptr (GstMessage) message = NULL;
    TestHarness *t;

    g_unlink (state);
    if (i)
      g_assert_cmpint (mkfifo (state, 0600), ==, 0);
    else
      g_assert_true (g_file_set_contents (state, "rnnforecast 2\nnonsense", -1, NULL));
    t = forecast_new (properties);
    message = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
    g_assert_nonnull (message);
    push_waves (t, 0, 40);
    check_forecast (pull_last (t), 40);
    test_harness_free (t);
  }
}

static void
test_anomaly (void)
{
  TestHarness *t = forecast_new ("anomaly-interval=5");
  GstMessage *message;
  const GstStructure *s;
  gdouble value, lower, upper;

  for (guint i = 0; i < 200; i++)
    push_value (t, i, wave (i) + ((gint) (i % 5) - 2) * 0.1f);
  while ((message = test_pop_message (t, GST_MESSAGE_ELEMENT, "anomaly")))
    gst_message_unref (message);
  for (guint i = 200; i < 203; i++)
    push_value (t, i, 500);
  message = test_pop_message (t, GST_MESSAGE_ELEMENT, "anomaly");
  g_assert_nonnull (message);
  s = gst_message_get_structure (message);
  g_assert_cmpstr (gst_structure_get_string (s, "column"), ==, "load");
  g_assert_true (gst_structure_get (s, "value", G_TYPE_DOUBLE, &value, "lower", G_TYPE_DOUBLE, &lower, "upper", G_TYPE_DOUBLE,
          &upper, NULL));
  g_assert_cmpfloat (value, ==, 500);
  g_assert_true (lower < wave (200) && wave (200) < upper && upper < 200);
  gst_message_unref (message);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "anomaly"));        /* not again so soon */
  test_harness_free (t);
}

/* Whatever comes, what leaves is a number. */
static void
test_extremes (void)
{
  static const gfloat values[] = { 3e38f, -3e38f, 0, INFINITY, NAN, 1e-38f, 3e38f };
  TestHarness *t = forecast_new ("");
  GstBuffer *buffer;

  push_waves (t, 0, 20);
  for (guint i = 0; i < 70; i++)
    push_value (t, 20 + i, values[i % G_N_ELEMENTS (values)]);
  while ((buffer = gst_harness_try_pull (t->h))) {
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_READ);
    for (gsize i = 0; i < map.size / sizeof (gfloat); i++)
      g_assert_false (isnan (((const gfloat *) (gpointer) map.data)[i]));
    gst_buffer_unmap (buffer, &map);
    gst_buffer_unref (buffer);
  }
  test_harness_free (t);
}

static void
test_columns (void)
{
  g_autofree gchar *caps = g_strdup_printf (CAPS, 2, "other,load"), *wrong = g_strdup_printf (CAPS, 1, "other");
  g_autoptr (GstCaps) others = gst_caps_from_string (wrong);
  TestHarness *t = forecast_new (""), *u;

  gst_harness_set_src_caps_str (t->h, caps);
  for (guint i = 0; i < 40; i++) {
    gfloat row[] = { -5, wave (i) };
    GstBuffer *buffer = gst_buffer_new_memdup (row, sizeof row);

    GST_BUFFER_PTS (buffer) = i * STEP;
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
  check_forecast (pull_last (t), 40);
  test_harness_free (t);

  u = forecast_new ("");
  gst_harness_push_event (u->h, gst_event_new_caps (others));
  test_expect_error (u, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "the model is of a column \"load\"; the stream has other");
  test_harness_free (u);
}

static void
test_refuse (void)
{
  GstElement *element = gst_element_factory_make ("rnnforecast", NULL);
  g_autofree gchar *path = test_tone_model ("tones", &(TestModel) { 0 });
  TestHarness *t = forecast_new ("");
  GstSegment segment;

  g_object_set (element, "model-file", path, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "runs forwards");
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/forecast/forecasts", test_forecasts);
  g_test_add_func ("/forecast/every", test_every);
  g_test_add_func ("/forecast/gaps", test_gaps);
  g_test_add_func ("/forecast/long-gaps", test_long_gaps);
  g_test_add_func ("/forecast/flush", test_flush);
  g_test_add_func ("/forecast/restart", test_restart);
  g_test_add_func ("/forecast/moves", test_moves);
  g_test_add_func ("/forecast/damaged-state", test_damaged_state);
  g_test_add_func ("/forecast/anomaly", test_anomaly);
  g_test_add_func ("/forecast/extremes", test_extremes);
  g_test_add_func ("/forecast/columns", test_columns);
  g_test_add_func ("/forecast/refuse", test_refuse);
  return test_run ();
}
