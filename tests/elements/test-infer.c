/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnfeatures and rnninfer on their own: numbers, sizes and times of what leaves them. */
#include "common.h"
#include <string.h>

static gchar *model, *ahead, *series;

static GstElement *
make (const gchar *factory, const gchar *path)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  g_object_set (element, "model-file", path, NULL);
  return element;
}

/* Caps that an element has put out last */
static GstCaps *
output_caps (TestHarness *t)
{
  GstPad *pad = gst_element_get_static_pad (t->element, "src");
  GstCaps *caps = gst_pad_get_current_caps (pad);

  gst_object_unref (pad);
  return caps;
}

static void
expect_caps (TestHarness *t, const gchar *expected)
{
  g_autoptr (GstCaps) actual = output_caps (t);
  g_autofree gchar *text = gst_caps_to_string (actual);

  g_assert_cmpstr (text, ==, expected);
}

/* ---- rnnfeatures ---- */

/* The element adds nothing to what the library computes, and nothing is lost. */
static void
test_features_numbers (void)
{
  TestHarness *t = test_harness_new (make ("rnnfeatures", model));
  g_autoptr (GArray) samples = test_speak ("_abc_");
  g_autoptr (RnnModel) loaded = rnn_model_load (model, NULL);
  RnnFeatures *features = rnn_features_new (rnn_model_get_features (loaded), NULL, NULL, NULL);
  gfloat *expected = g_new (gfloat, rnn_features_max_steps (features, samples->len) * 23);
  guint i, n = rnn_features_push (features, (gfloat *) samples->data, samples->len, expected);
  GstBuffer *frame;

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  test_push_audio (t, samples, 700, 0);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, n);
  for (i = 0; (frame = gst_harness_try_pull (t->h)); i++) {
    g_assert_cmpint (gst_buffer_memcmp (frame, 0, expected + i * 23, 23 * sizeof (gfloat)), ==, 0);
    g_assert_cmpuint (GST_BUFFER_PTS (frame), ==, i * 10 * GST_MSECOND);
    g_assert_cmpuint (GST_BUFFER_DURATION (frame), ==, 10 * GST_MSECOND);
    gst_buffer_unref (frame);
  }
  expect_caps (t, "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, "
      "dimensions=(string)23:1, framerate=(fraction)100/1, rnn-kind=(string)features, rnn-model=(string)tones");
  rnn_features_free (features);
  g_free (expected);
  test_harness_free (t);
}

/* Options instead of a model; any rate, also one whose windows begin before the stream. */
static void
test_features_options (void)
{
  GstElement *element = gst_element_factory_make ("rnnfeatures", NULL);
  g_autoptr (GArray) samples = test_speak ("_abc_");
  GstClockTime pts[3] = { 0, 2500 * GST_USECOND, 12500 * GST_USECOND };
  TestHarness *t;
  guint i;

  g_object_set (element, "features", "{\"type\": \"mfcc\", \"n_ceps\": 12, \"snip_edges\": false}", NULL);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=F32LE, layout=interleaved, rate=16000, channels=1");
  test_push_audio (t, samples, 1000, 0);
  for (i = 0; i < 3; i++) {
    GstBuffer *frame = gst_harness_pull (t->h);

    g_assert_cmpuint (gst_buffer_get_size (frame), ==, 48);
    g_assert_cmpuint (GST_BUFFER_PTS (frame), ==, pts[i]);      /* the first window begins at -7.5 ms */
    gst_buffer_unref (frame);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 50);
  test_harness_free (t);
}

static void
expect_failure (GstElement *element, const gchar *part)
{
  TestHarness t = { .element = gst_object_ref_sink (element), .bus = gst_bus_new () };

  gst_element_set_bus (element, t.bus);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  test_expect_error (&t, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS, part);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (t.bus);
  gst_object_unref (element);
}

static void
test_features_bad_options (void)
{
  g_autofree gchar *untrained = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "models", "english-small.json", NULL);
  static const gchar *const cases[][2] = { {"nonsense", "JSON"}, {"{\"n_mel\": 3}", "n_mel"}, {"{\"n_mels\": -3}",
          "n_mels"}, {"[]", "features"} };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    GstElement *element = gst_element_factory_make ("rnnfeatures", NULL);

    g_object_set (element, "features", cases[i][0], NULL);
    expect_failure (element, cases[i][1]);
  }
  expect_failure (make ("rnnfeatures", series), "not audio");
  expect_failure (make ("rnnfeatures", untrained), "a recipe gets by training");
  expect_failure (make ("rnnctcdec", series), "not CTC");
}

static void
test_features_latency (void)
{
  TestHarness *t = test_harness_new (make ("rnnfeatures", model));

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  gst_harness_set_upstream_latency (t->h, 7 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, 32 * GST_MSECOND);
  test_harness_free (t);
}

/* Two seconds cut out of the middle by the segment are all that is heard. */
static void
test_features_clip (void)
{
  TestHarness *t = test_harness_new (make ("rnnfeatures", model));
  g_autoptr (GArray) samples = test_speak ("__________");
  GstSegment segment;
  GstBuffer *frame;

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = 200 * GST_MSECOND;
  segment.stop = 500 * GST_MSECOND;
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_push_audio (t, samples, 777, 0);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  frame = gst_harness_pull (t->h);
  g_assert_cmpuint (GST_BUFFER_PTS (frame), ==, 200 * GST_MSECOND);
  gst_buffer_unref (frame);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 28);
  test_harness_free (t);
}

/* ---- rnninfer ---- */

#define TENSOR_CAPS(n) "other/tensors, format=static, num_tensors=1, types=float32, dimensions=(string)" n \
    ":1, framerate=(fraction)1/3600"

static GstBuffer *
tensor (guint n, gfloat first, GstClockTime pts)
{
  g_autofree gfloat *x = g_new0 (gfloat, n);
  GstBuffer *buffer;

  x[2] = first;
  buffer = gst_buffer_new_memdup (x, n * sizeof (gfloat));
  GST_BUFFER_PTS (buffer) = pts;
  return buffer;
}

/* Answers come L steps later, with the time of what they answer; and in time they are one per hour. */
static void
test_infer_lookahead (void)
{
  const GstClockTime hour = 3600 * GST_SECOND;
  TestHarness *t = test_harness_new (make ("rnninfer", ahead));
  guint i;

  gst_harness_set_src_caps_str (t->h, TENSOR_CAPS ("23"));
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, 3 * hour);
  for (i = 0; i < 7; i++) {
    gst_harness_push (t->h, tensor (23, i, i * hour));
    g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, i < 3 ? 0 : i - 2);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 7);
  for (i = 0; i < 7; i++) {
    GstBuffer *answer = gst_harness_pull (t->h);
    gfloat y[10];

    gst_buffer_extract (answer, 0, y, sizeof (y));
    g_assert_cmpfloat (y[1], ==, i);    /* the band of the first tone */
    g_assert_cmpuint (GST_BUFFER_PTS (answer), ==, i * hour);
    g_assert_cmpuint (GST_BUFFER_DURATION (answer), ==, hour);
    gst_buffer_unref (answer);
  }
  expect_caps (t, "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, "
      "dimensions=(string)10:1, framerate=(fraction)1/3600, rnn-kind=(string)logits, rnn-model=(string)ahead");
  test_harness_free (t);
}

/* Without a framerate nobody knows when a step was, unless its buffer says so. */
static void
test_infer_untimed (void)
{
  const GstClockTime pts[] = { 7, GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE, 9 };
  TestHarness *t = test_harness_new (make ("rnninfer", model));
  guint i;

  gst_harness_set_src_caps_str (t->h, "other/tensors, format=static, num_tensors=1, types=float32, "
      "dimensions=(string)23:1, framerate=(fraction)0/1");
  for (i = 0; i < G_N_ELEMENTS (pts); i++) {
    GstBuffer *answer;

    g_assert_cmpint (gst_harness_push (t->h, tensor (23, i, pts[i])), ==, GST_FLOW_OK);
    answer = gst_harness_pull (t->h);
    g_assert_cmpuint (GST_BUFFER_PTS (answer), ==, pts[i]);
    g_assert_cmpuint (GST_BUFFER_DURATION (answer), ==, GST_CLOCK_TIME_NONE);
    gst_buffer_unref (answer);
  }
  test_harness_free (t);
}

static gint lists;

static GstPadProbeReturn
count_list (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  lists++;
  return GST_PAD_PROBE_OK;
}

/* A list goes in, lists come out. */
static void
test_infer_list (void)
{
  TestHarness *t = test_harness_new (make ("rnninfer", model));
  GstPad *src = gst_element_get_static_pad (t->element, "src"), *sink = gst_element_get_static_pad (t->element, "sink");
  GstBufferList *list = gst_buffer_list_new ();
  guint i;

  lists = 0;
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_BUFFER_LIST, count_list, NULL, NULL);
  gst_harness_set_src_caps_str (t->h, TENSOR_CAPS ("23"));
  for (i = 0; i < 8; i++)
    gst_buffer_list_add (list, tensor (23, i, i * 3600 * GST_SECOND));
  g_assert_cmpint (gst_pad_push_list (t->h->srcpad, list), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 8);
  g_assert_cmpint (lists, ==, 2);
  gst_object_unref (src);
  gst_object_unref (sink);
  test_harness_free (t);
}

static void
test_infer_wrong_size (void)
{
  TestHarness *t = test_harness_new (make ("rnninfer", model));

  gst_harness_set_src_caps_str (t->h, TENSOR_CAPS ("23"));
  g_assert_cmpint (gst_harness_push (t->h, tensor (22, 0, 0)), ==, GST_FLOW_ERROR);
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "88 bytes");
  test_harness_free (t);
}

/* A series of several channels as raw audio: a step per frame. */
static void
test_infer_series (gconstpointer format)
{
  TestHarness *t = test_harness_new (make ("rnninfer", series));
  g_autofree gchar *caps = g_strdup_printf ("audio/x-raw, format=%s, layout=interleaved, rate=50, channels=3, "
      "channel-mask=(bitmask)0", (const gchar *) format);
  gboolean f64 = g_str_equal (format, "F64LE");
  gdouble x64[] = { 1, 2, 3, 4, 5, 6 };
  gfloat x32[] = { 1, 2, 3, 4, 5, 6 }, y[2];
  GstBuffer *buffer = f64 ? gst_buffer_new_memdup (x64, sizeof (x64)) : gst_buffer_new_memdup (x32, sizeof (x32));
  guint i;

  gst_harness_set_src_caps_str (t->h, caps);
  GST_BUFFER_PTS (buffer) = GST_SECOND;
  g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 2);
  for (i = 0; i < 2; i++) {
    buffer = gst_harness_pull (t->h);
    gst_buffer_extract (buffer, 0, y, sizeof (y));
    g_assert_cmpfloat (y[0], ==, x32[3 * i] + 10 * x32[3 * i + 1] + 100 * x32[3 * i + 2]);
    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, GST_SECOND + i * 20 * GST_MSECOND);
    gst_buffer_unref (buffer);
  }
  expect_caps (t, "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, "
      "dimensions=(string)2:1, framerate=(fraction)50/1, rnn-kind=(string)series, rnn-model=(string)series");
  test_harness_free (t);
}

static void
test_infer_not_samples (void)
{
  TestHarness *t = test_harness_new (make ("rnninfer", model));
  g_autoptr (GstCaps) caps = gst_caps_from_string (TEST_AUDIO_CAPS);

  gst_harness_push_event (t->h, gst_event_new_caps (caps));
  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "rnnfeatures");
  test_harness_free (t);
}

static void
test_infer_int8 (void)
{
  GstElement *element = make ("rnninfer", model);
  TestHarness *t;

  gst_util_set_object_arg (G_OBJECT (element), "precision", "int8");
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, TENSOR_CAPS ("23"));
  g_assert_cmpint (gst_harness_push (t->h, tensor (23, 25, 0)), ==, GST_FLOW_OK);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 1);
  test_harness_free (t);
}

/* ---- rnnctcdec ---- */

/* Steps that last no nanosecond cannot be counted in time. */
static void
test_ctcdec_framerate (void)
{
  static const gchar *const rates[] = { "0/1", "2000000000/1" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (rates); i++) {
    TestHarness *t = test_harness_new (make ("rnnctcdec", model));
    g_autofree gchar *text = g_strdup_printf ("other/tensors, format=static, num_tensors=1, types=float32, "
        "dimensions=(string)10:1, framerate=%s", rates[i]);
    g_autoptr (GstCaps) caps = gst_caps_from_string (text);

    gst_harness_push_event (t->h, gst_event_new_caps (caps));
    test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, rates[i]);
    test_harness_free (t);
  }
}

/* y[0] = x[0] + 10 x[1] + 100 x[2] */
static gchar *
make_series_model (void)
{
  gchar *path = g_build_filename (test_dir (), "series.safetensors", NULL);
  json_t *recipe = json_loads ("{\"format\": 1, \"name\": \"series\", \"license\": \"CC0-1.0\", "
      "\"input\": {\"kind\": \"series\", \"channels\": 3}, \"layers\": [{\"cell\": \"dense\", \"name\": \"out\", "
      "\"units\": 2, \"bias\": false}], \"output\": {\"kind\": \"raw\"}}", 0, NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) m = rnn_model_new (recipe, 1, "series", &error);
  const gfloat weights[] = { 1, 10, 100, 0, 0, 0 };

  g_assert_no_error (error);
  json_decref (recipe);
  memcpy (rnn_model_get_params (m), weights, sizeof (weights));
  rnn_model_pack (m, FALSE);
  g_assert_true (rnn_model_save (m, path, NULL));
  return path;
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  ahead = test_tone_model ("ahead", &(TestModel) { .lookahead = 3 });
  series = make_series_model ();
  g_test_add_func ("/rnnfeatures/numbers", test_features_numbers);
  g_test_add_func ("/rnnfeatures/options", test_features_options);
  g_test_add_func ("/rnnfeatures/bad-options", test_features_bad_options);
  g_test_add_func ("/rnnfeatures/latency", test_features_latency);
  g_test_add_func ("/rnnfeatures/clip", test_features_clip);
  g_test_add_func ("/rnninfer/lookahead", test_infer_lookahead);
  g_test_add_func ("/rnninfer/untimed", test_infer_untimed);
  g_test_add_func ("/rnninfer/list", test_infer_list);
  g_test_add_func ("/rnninfer/wrong-size", test_infer_wrong_size);
  g_test_add_data_func ("/rnninfer/series/f32", "F32LE", test_infer_series);
  g_test_add_data_func ("/rnninfer/series/f64", "F64LE", test_infer_series);
  g_test_add_func ("/rnninfer/not-samples", test_infer_not_samples);
  g_test_add_func ("/rnnctcdec/framerate", test_ctcdec_framerate);
  g_test_add_func ("/rnninfer/int8", test_infer_int8);
  result = test_run ();
  g_free (model);
  g_free (ahead);
  g_free (series);
  return result;
}
