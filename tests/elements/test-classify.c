/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnclassify over a series of three numbers, which are the scores of three classes themselves; and over sound. */
#include "common.h"
#include <string.h>

#define RATE 100
#define SERIES_CAPS "audio/x-raw, format=(string)F32LE, layout=(string)interleaved, rate=(int)100, channels=(int)3, channel-mask=(bitmask)0"

/* A model that hands its three inputs on. */
static gchar *
write_model (const gchar *name, const gchar *kind, const gchar *pooling)
{
  g_autofree gchar *recipe = g_strdup_printf ("{\"format\": 1, \"name\": \"%s\", \"input\": {\"kind\": \"series\", \"channels\": 3},"
      "\"layers\": [{\"cell\": \"dense\", \"name\": \"out\", \"units\": 3}],"
      "\"output\": {\"kind\": \"%s\", \"pooling\": \"%s\", \"labels\": [\"other\", \"up\", \"down\"]}}", name, kind, pooling);
  g_autofree gchar *json = g_strdup_printf ("%s/%s.json", test_dir (), name);
  gchar *path = g_strdup_printf ("%s/%s.safetensors", test_dir (), name);
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;
  gfloat *weight;
  gsize n;

  g_assert_true (g_file_set_contents (json, recipe, -1, NULL));
  model = rnn_model_load (json, &error);
  g_assert_no_error (error);
  weight = rnn_model_get_weight (model, "out.weight", &n);
  for (gsize i = 0; i < 9; i++)
    weight[i] = i % 4 == 0;
  memset (rnn_model_get_weight (model, "out.bias", &n), 0, 3 * sizeof (gfloat));
  rnn_model_pack (model, FALSE);
  g_assert_true (rnn_model_save (model, path, &error));
  return path;
}

static TestHarness *
start (const gchar *model, const gchar *caps)
{
  GstElement *element = gst_element_factory_make ("rnnclassify", NULL);
  TestHarness *t;

  g_object_set (element, "model-file", model, "threshold", 0.7f, "smoothing", 30, "refractory", 300, NULL);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, caps);
  return t;
}

/* Rows of 10 ms from row @first on: 'u' and 'd' score high for their class, '.' for "other"; @piece rows a buffer. */
static void
say (TestHarness *t, const gchar *text, guint first, guint piece)
{
  guint n = (guint) strlen (text);

  for (guint i = 0; i < n; i += piece) {
    guint rows = MIN (piece, n - i);
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, rows * 3 * sizeof (gfloat), NULL);
    GstMapInfo map;

    gst_buffer_map (buffer, &map, GST_MAP_WRITE);
    for (guint k = 0; k < rows; k++)
      for (guint c = 0; c < 3; c++)
        ((gfloat *) map.data)[k * 3 + c] = text[i + k] == ".ud"[c] ? 9 : 0;
    gst_buffer_unmap (buffer, &map);
    GST_BUFFER_PTS (buffer) = (first + i) * 10 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = rows * 10 * GST_MSECOND;
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
}

/* "up@120 down@400": labels of the messages, and their time in ms */
static gchar *
hear (TestHarness *t, const gchar *type)
{
  GString *all = g_string_new (NULL);
  GstMessage *message;
  GstClockTime at;

  while ((message = test_pop_message (t, GST_MESSAGE_ELEMENT, type))) {
    const GstStructure *s = gst_message_get_structure (message);

    gst_structure_get_uint64 (s, "timestamp", &at);
    g_string_append_printf (all, "%s%s@%u", all->len ? " " : "", gst_structure_get_string (s, "label"), (guint) (at / GST_MSECOND));
    gst_message_unref (message);
  }
  return g_string_free (all, FALSE);
}

static void
expect (const gchar *kind, const gchar *text, const gchar *expected)
{
  g_autofree gchar *model = write_model (kind, kind, "none");

  for (guint piece = 1; piece < 40; piece += 6) {
    TestHarness *t = start (model, SERIES_CAPS);
    g_autofree gchar *heard = NULL;

    say (t, text, 0, piece);
    gst_harness_push_event (t->h, gst_event_new_eos ());
    heard = hear (t, "class");
    g_assert_cmpstr (heard, ==, expected);
    test_expect_no_error (t);
    test_harness_free (t);
  }
}

static void
test_classes (void)
{
  expect ("classes", "..........uuuuuuuuuu..........", "up@120");      /* known when three steps of ten say so */
  expect ("classes", "..........uu..................", "");    /* too short */
  expect ("classes", "..........uuuuuuuuuudddddddddd..........", "up@120");      /* refractory */
  expect ("classes", "..uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu..", "up@40");  /* once */
  expect ("classes", "..uuuuu...................................ddddd", "up@40 down@440");
}

/* Tags do not mind each other. */
static void
test_tags (void)
{
  expect ("tags", "..........uuuuuuuuuudddddddddd..........", "up@110 down@210");
}

/* The meta is on the buffer in which it was known, and sound and times pass as they came. */
static void
test_meta (void)
{
  g_autofree gchar *model = write_model ("meta", "classes", "none");
  TestHarness *t = start (model, SERIES_CAPS);
  guint n = 0, n_metas = 0;
  GstBuffer *buffer;

  say (t, "..........uuuuuuuuuu..........", 0, 5);
  while ((buffer = gst_harness_try_pull (t->h))) {
    GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRnnClassifyMeta");

    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, n * 50 * GST_MSECOND);
    if (meta) {
      g_assert_cmpuint (n, ==, 2);
      g_assert_cmpuint (gst_value_array_get_size (gst_structure_get_value (gst_custom_meta_get_structure (meta), "events")), ==, 1);
      n_metas++;
    }
    n++;
    gst_buffer_unref (buffer);
  }
  g_assert_cmpuint (n, ==, 6);
  g_assert_cmpuint (n_metas, ==, 1);
  test_harness_free (t);
}

/* One answer for all steps, at the end. */
static void
test_whole (void)
{
  g_autofree gchar *model = write_model ("whole", "classes", "mean");
  TestHarness *t = start (model, SERIES_CAPS);
  g_autofree gchar *heard = NULL, *none = NULL;

  say (t, "uuuddddddddd..", 0, 4);
  none = hear (t, "class");
  g_assert_cmpstr (none, ==, "");
  gst_harness_push_event (t->h, gst_event_new_eos ());
  heard = hear (t, "whole");
  g_assert_cmpstr (heard, ==, "down@0");
  test_harness_free (t);
}

static void
test_flush (void)
{
  g_autofree gchar *model = write_model ("flush", "classes", "none");
  TestHarness *t = start (model, SERIES_CAPS);
  g_autofree gchar *heard = NULL;
  GstSegment segment;

  say (t, "..........uu", 0, 4);
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  say (t, "....ddddd...", 0, 4);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  heard = hear (t, "class");
  g_assert_cmpstr (heard, ==, "down@60");
  test_harness_free (t);
}

/* A short gap is nothing said, a long one a new beginning; both are told on. */
static void
test_gaps (void)
{
  g_autofree gchar *model = write_model ("gaps", "classes", "none");
  TestHarness *t = start (model, SERIES_CAPS);
  GstClockTime at, duration, sum = 0;
  g_autofree gchar *heard = NULL;
  GstEvent *gap;

  say (t, "......", 0, 6);
  gst_harness_push_event (t->h, gst_event_new_gap (60 * GST_MSECOND, 200 * GST_MSECOND));
  say (t, "ddddd", 26, 5);
  gst_harness_push_event (t->h, gst_event_new_gap (310 * GST_MSECOND, 5 * GST_SECOND));
  say (t, "uuuuu", 531, 5);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  heard = hear (t, "class");
  g_assert_cmpstr (heard, ==, "down@270 up@5310");
  while ((gap = test_pull_event (t->h, GST_EVENT_GAP))) {
    gst_event_parse_gap (gap, &at, &duration);
    sum += duration;
    gst_event_unref (gap);
  }
  g_assert_cmpuint (sum, ==, 5200 * GST_MSECOND);
  test_harness_free (t);
}

static void
test_caps_refused (void)
{
  g_autofree gchar *model = write_model ("caps", "classes", "none");
  TestHarness *t = start (model, SERIES_CAPS);

  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=F32LE, layout=interleaved, rate=100, channels=2, channel-mask=(bitmask)0x3");
  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "needs 3 values");
  test_harness_free (t);
}

static void
test_segment_backwards (void)
{
  g_autofree gchar *model = write_model ("back", "classes", "none");
  TestHarness *t = start (model, SERIES_CAPS);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = GST_SECOND;
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "forward");
  test_harness_free (t);
}

static void
test_wrong_model (void)
{
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("rnnclassify", NULL));
  g_autofree gchar *text = test_tone_model ("text", &(TestModel) { 0 });

  g_object_set (element, "model-file", text, NULL);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_object_unref (element);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/classify/classes", test_classes);
  g_test_add_func ("/classify/tags", test_tags);
  g_test_add_func ("/classify/meta", test_meta);
  g_test_add_func ("/classify/whole", test_whole);
  g_test_add_func ("/classify/flush", test_flush);
  g_test_add_func ("/classify/gaps", test_gaps);
  g_test_add_func ("/classify/caps-refused", test_caps_refused);
  g_test_add_func ("/classify/segment-backwards", test_segment_backwards);
  g_test_add_func ("/classify/wrong-model", test_wrong_model);
  return test_run ();
}
