/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntranscriber, besides captions: partial results, messages, tags, latency, and models that cannot be used. */
#include "common.h"
#include <string.h>
#include <time.h>

static gchar *model;

/* ---- partial results ---- */

static json_t *
pull_json (TestHarness *t)
{
  GstBuffer *buffer = gst_harness_try_pull (t->unsynced);
  json_t *object = NULL;
  GstMapInfo map;

  if (!buffer)
    return NULL;
  gst_buffer_map (buffer, &map, GST_MAP_READ);
  object = json_loadb ((const char *) map.data, map.size, 0, NULL);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  g_assert_nonnull (object);
  return object;
}

/* What was once shown as stable stays. */
static void
test_partials (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, "partial-interval", 100, NULL);
  g_autofree gchar *stable = g_strdup ("");
  guint n = 0, n_final = 0;
  json_t *json;

  test_say_all (t, "__ab cdef g hab");
  while ((json = pull_json (t))) {
    const gchar *text = json_string_value (json_object_get (json, "text"));
    gint length = json_integer_value (json_object_get (json, "stable-length"));

    g_assert_true (g_str_has_prefix (text, stable));
    g_free (stable);
    stable = g_strndup (text, length);
    n++;
    n_final += g_str_equal (json_string_value (json_object_get (json, "type")), "final");
    json_decref (json);
  }
  g_assert_cmpuint (n, >=, 8);
  g_assert_cmpuint (n_final, ==, 1);
  g_assert_cmpstr (stable, ==, "ab cdef g hab");
  g_assert_cmpuint (test_get_stat (t, "ctcdec", "partials"), ==, n - 1);
  test_harness_free (t);
}

static void
test_partial_message (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, "partial-interval", 200, NULL);
  guint64 timestamp, stream_time, running_time, duration;
  const GstStructure *s;
  GstMessage *message;
  gdouble confidence;
  guint stable;

  test_say (t, "__ab cd", 0);
  while ((message = test_pop_message (t, GST_MESSAGE_ELEMENT, "partial"))) {
    s = gst_message_get_structure (message);
    g_assert_true (gst_structure_get (s, "timestamp", G_TYPE_UINT64, &timestamp, "stream-time", G_TYPE_UINT64,
            &stream_time, "running-time", G_TYPE_UINT64, &running_time, "duration", G_TYPE_UINT64, &duration,
            "stable-length", G_TYPE_UINT, &stable, "confidence", G_TYPE_DOUBLE, &confidence, NULL));
    g_assert_cmpuint (timestamp, ==, 190 * GST_MSECOND);
    g_assert_cmpuint (stream_time, ==, timestamp);
    g_assert_cmpuint (running_time, ==, timestamp);
    if (g_str_equal (gst_structure_get_string (s, "text"), "ab cd")) {
      g_assert_cmpuint (stable, ==, 2);
      g_assert_cmpuint (gst_value_array_get_size (gst_structure_get_value (s, "words")), ==, 2);
      gst_message_unref (message);
      test_harness_free (t);
      return;
    }
    gst_message_unref (message);
  }
  g_assert_not_reached ();
}

static void
test_no_messages (void)
{
  TestHarness *t = test_transcriber_new (model, "post-messages", FALSE, "partial-interval", 100, NULL);

  test_say_all (t, "__ab cd" TEST_LONG_SILENCE);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, NULL));
  test_harness_free (t);
}

/* ---- what else comes out ---- */

static void
test_tag (void)
{
  TestHarness *t = test_transcriber_new (model, "language-code", "de-AT", NULL);
  g_autofree gchar *code = NULL;
  GstTagList *tags;
  GstEvent *event;

  test_say (t, "_", 0);
  event = test_pull_event (t->h, GST_EVENT_TAG);
  gst_event_parse_tag (event, &tags);
  g_assert_true (gst_tag_list_get_string (tags, GST_TAG_LANGUAGE_CODE, &code));
  g_assert_cmpstr (code, ==, "de");
  gst_event_unref (event);
  test_harness_free (t);
}

static void
test_stream_start (void)
{
  TestHarness *t = test_transcriber_new (model, NULL, NULL);
  GstEvent *text, *json;
  const gchar *text_id, *json_id;
  GstStreamFlags flags;

  test_say (t, "_", 0);
  text = test_pull_event (t->h, GST_EVENT_STREAM_START);
  json = test_pull_event (t->unsynced, GST_EVENT_STREAM_START);
  gst_event_parse_stream_start (text, &text_id);
  gst_event_parse_stream_start (json, &json_id);
  gst_event_parse_stream_flags (text, &flags);
  g_assert_cmpstr (text_id, !=, json_id);
  g_assert_cmpint (flags, ==, GST_STREAM_FLAG_SPARSE);
  gst_event_unref (text);
  gst_event_unref (json);
  test_harness_free (t);
}

/* Tags of the audio stream say nothing about text; tags of all streams do. */
static void
test_foreign_tags (void)
{
  TestHarness *t = test_transcriber_new (model, "language-code", NULL, NULL);
  GstTagList *audio = gst_tag_list_new (GST_TAG_AUDIO_CODEC, "Opus", NULL);
  GstTagList *global = gst_tag_list_new (GST_TAG_TITLE, "Talk", NULL);
  GstEvent *event;
  GstTagList *tags;

  gst_tag_list_set_scope (global, GST_TAG_SCOPE_GLOBAL);
  gst_harness_push_event (t->h, gst_event_new_tag (audio));
  gst_harness_push_event (t->h, gst_event_new_tag (global));
  event = test_pull_event (t->h, GST_EVENT_TAG);
  gst_event_parse_tag (event, &tags);
  g_assert_cmpint (gst_tag_list_get_tag_size (tags, GST_TAG_TITLE), ==, 1);
  gst_event_unref (event);
  g_assert_null (test_pull_event (t->h, GST_EVENT_TAG));
  test_harness_free (t);
}

/* ---- latency ---- */

/* The window of 25 ms is all that this model needs: the property decides if it is more, else the window. */
static void
test_latency (void)
{
  TestHarness *t = test_transcriber_new (model, "latency", 700, NULL);
  GstMessage *message;

  test_say (t, "_", 0);
  gst_harness_set_upstream_latency (t->h, 20 * GST_MSECOND);
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, 720 * GST_MSECOND);
  while ((message = test_pop_message (t, GST_MESSAGE_LATENCY, NULL)))
    gst_message_unref (message);
  g_object_set (t->element, "latency", 10, NULL);
  message = test_pop_message (t, GST_MESSAGE_LATENCY, NULL);
  g_assert_nonnull (message);
  gst_message_unref (message);
  g_assert_cmpuint (gst_harness_query_latency (t->h), ==, 45 * GST_MSECOND);
  g_object_set (t->element, "latency", 20, NULL);       /* still less than the window: nothing changes */
  g_assert_null (test_pop_message (t, GST_MESSAGE_LATENCY, NULL));
  test_harness_free (t);
}

static void
test_observed_delay (void)
{
  TestHarness *t = test_transcriber_new (model, NULL, NULL);
  guint delay;

  test_say_all (t, "__abc d");
  g_object_get (t->element, "max-observed-delay", &delay, NULL);
  g_assert_cmpuint (delay, >=, 300);    /* "abc" left with the space after it */
  g_assert_cmpuint (delay, <=, 400);
  test_harness_free (t);
}

static void
test_overload (void)
{
  TestHarness *t = test_transcriber_new (model, NULL, NULL);
  GstMessage *message;
  guint64 delay;

  gst_harness_use_testclock (t->h);
  test_say (t, "_", 0);
  gst_harness_query_latency (t->h);     /* tells that the stream is live */
  gst_harness_push_upstream_event (t->h, gst_event_new_latency (500 * GST_MSECOND));
  gst_harness_set_time (t->h, 550 * GST_MSECOND);
  test_say (t, "_", 1);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "overload"));
  gst_harness_set_time (t->h, 5 * GST_SECOND);
  test_say (t, "__", 2);
  message = test_pop_message (t, GST_MESSAGE_ELEMENT, "overload");
  g_assert_nonnull (message);
  g_assert_true (gst_structure_get_uint64 (gst_message_get_structure (message), "delay", &delay));
  g_assert_cmpuint (delay, >, 4 * GST_SECOND);
  gst_message_unref (message);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "overload"));        /* not for every step */
  test_harness_free (t);
}

/* ---- the signal ---- */

static void
test_reset_signal (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);

  test_say (t, "__ab", 0);
  g_signal_emit_by_name (t->element, "reset");
  test_say (t, "cd", 4);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_text (t, "400-560 cd\n");
  test_harness_free (t);
}

/* ---- models that cannot be used ---- */

static void
expect_refusal (const gchar *path, const gchar *part)
{
  GstElement *element = gst_object_ref_sink (gst_element_factory_make ("rnntranscriber", NULL));
  TestHarness t = { .element = element, .bus = gst_bus_new () };

  g_object_set (element, "model-file", path, NULL);
  gst_element_set_bus (element, t.bus);
  g_assert_cmpint (gst_element_set_state (element, GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
  test_expect_error (&t, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, part);
  gst_element_set_state (element, GST_STATE_NULL);
  gst_element_set_bus (element, NULL);
  gst_object_unref (t.bus);
  gst_object_unref (element);
}

static void
test_bad_models (void)
{
  g_autofree gchar *cut = g_build_filename (test_dir (), "cut.safetensors", NULL);
  g_autofree gchar *bytes = NULL;
  gsize size;

  expect_refusal (NULL, "model-file");
  expect_refusal ("/nowhere/there-is-none.safetensors", "/nowhere/there-is-none.safetensors");
  g_assert_true (g_file_get_contents (model, &bytes, &size, NULL));
  g_assert_true (g_file_set_contents (cut, bytes, size / 2, NULL));
  expect_refusal (cut, cut);
}

/* Hotwords that no tokens spell are told of by their names, once, before the stream and in its midst. */
static void
test_hotwords_left_out (void)
{
  TestHarness *t = test_transcriber_new (model, "hotwords", "abc:1,xyz:2", NULL);
  static const gchar *const named[] = { "\"xyz\"", "\"zoo\"" };

  for (guint i = 0; i < G_N_ELEMENTS (named); i++) {
    GstMessage *message = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
    g_autoptr (GError) warning = NULL;

    g_assert_nonnull (message);
    gst_message_parse_warning (message, &warning, NULL);
    g_assert_error (warning, GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_SETTINGS);
    g_assert_nonnull (strstr (warning->message, named[i]));
    gst_message_unref (message);
    test_say (t, "__ab__", i * 14);
    g_object_set (t->element, "partial-interval", 100 + i, NULL);       /* all is configured anew */
    test_say (t, "__ab__", i * 14 + 6);
    g_assert_null (test_pop_message (t, GST_MESSAGE_WARNING, NULL));
    if (i == 0) {
      g_object_set (t->element, "hotwords", "zoo,ab", NULL);
      test_say (t, "__", 12);
    }
  }
  test_harness_free (t);
}

/* ---- hotwords that no lexicon has ---- */

static void
expect_left_out (TestHarness *t, const gchar *named)
{
  GstMessage *message = test_pop_message (t, GST_MESSAGE_WARNING, NULL);
  g_autoptr (GError) warning = NULL;

  g_assert_nonnull (message);
  gst_message_parse_warning (message, &warning, NULL);
  g_assert_true (g_str_has_suffix (warning->message, named));
  gst_message_unref (message);
  g_assert_null (test_pop_message (t, GST_MESSAGE_WARNING, NULL));
}

static gdouble
thread_seconds (void)
{
  struct timespec now;

  g_assert_cmpint (clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now), ==, 0);
  return (gdouble) now.tv_sec + 1e-9 * (gdouble) now.tv_nsec;
}

static gchar *
many_names (guint n)
{
  GString *list = g_string_new ("x1y");

  for (guint i = 0; i < n; i++)
    g_string_append_printf (list, ",zor%c%c%cbulax", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676);
  return g_string_free (list, FALSE);
}

/* The thread that sets hotwords finds out how they are said, not the one that they are searched in. */
static void
test_hotwords_said (void)
{
  TestHarness *t = test_transcriber_new (MODELS "/english.safetensors", "lm-file", MODELS "/english.lm", "beam-width", 32,
      "hotwords", "zorbulax,x1y", NULL);
  g_autoptr (GArray) silence = g_array_new (FALSE, TRUE, sizeof (gfloat));
  g_autofree gchar *names = many_names (300);
  gdouble before, set, heard;

  expect_left_out (t, "\"zorbulax\", \"x1y\"");
  g_array_set_size (silence, TEST_RATE / 2);
  g_assert_cmpint (test_push_audio (t, silence, 1600, 0), ==, GST_FLOW_OK);
  g_object_set (t->element, "g2p-model", MODELS "/g2p.safetensors", NULL);
  g_assert_cmpint (test_push_audio (t, silence, 1600, TEST_RATE / 2), ==, GST_FLOW_OK);
  expect_left_out (t, "\"x1y\"");
  before = thread_seconds ();
  g_object_set (t->element, "hotwords", names, NULL);
  set = thread_seconds () - before;
  g_assert_cmpint (test_push_audio (t, silence, 1600, TEST_RATE), ==, GST_FLOW_OK);
  heard = thread_seconds () - before - set;
  g_assert_null (test_pop_message (t, GST_MESSAGE_WARNING, NULL));
  g_assert_cmpfloat (heard, <, set / 2);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  g_test_add_func ("/results/partials", test_partials);
  g_test_add_func ("/results/partials/message", test_partial_message);
  g_test_add_func ("/results/no-messages", test_no_messages);
  g_test_add_func ("/results/tag", test_tag);
  g_test_add_func ("/results/tag/foreign", test_foreign_tags);
  g_test_add_func ("/results/stream-start", test_stream_start);
  g_test_add_func ("/results/latency", test_latency);
  g_test_add_func ("/results/observed-delay", test_observed_delay);
  g_test_add_func ("/results/overload", test_overload);
  g_test_add_func ("/results/reset", test_reset_signal);
  g_test_add_func ("/results/hotwords-left-out", test_hotwords_left_out);
  g_test_add_func ("/results/hotwords-said", test_hotwords_said);
  g_test_add_func ("/results/bad-models", test_bad_models);
  result = test_run ();
  g_free (model);
  return result;
}
