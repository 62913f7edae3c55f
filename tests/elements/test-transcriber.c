/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntranscriber: from audio to captions, through the whole chain, with a model that hears an alphabet of tones. */
#include "common.h"
#include <string.h>

static gchar *model;

static TestHarness *
transcriber (const gchar *first_property, ...)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);
  TestHarness *t;
  va_list args;

  g_assert_nonnull (element);
  g_object_set (element, "model-file", model, NULL);
  va_start (args, first_property);
  g_object_set_valist (G_OBJECT (element), first_property, args);
  va_end (args);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  return t;
}

static void
say (TestHarness *t, const gchar *text, guint first_letter)
{
  g_autoptr (GArray) samples = test_speak (text);

  g_assert_cmpint (test_push_audio (t, samples, 1600, first_letter * TEST_LETTER), ==, GST_FLOW_OK);
}

static void
say_all (TestHarness *t, const gchar *text)
{
  say (t, text, 0);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
}

static void
expect_text (TestHarness *t, const gchar *expected)
{
  g_autofree gchar *text = test_pull_text (t->h);

  g_assert_cmpstr (text, ==, expected);
}

static void
expect_words (TestHarness *t, const gchar *expected)
{
  g_autofree gchar *words = test_pull_words (t->h);

  g_assert_cmpstr (words, ==, expected);
}

#define LONG_SILENCE "_____________"     /* an endpoint: 1300 ms */

static guint64
get_stat (TestHarness *t, const gchar *stage, const gchar *name)
{
  GstStructure *stats, *part;
  guint64 value;

  g_object_get (t->element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get (stats, stage, GST_TYPE_STRUCTURE, &part, NULL));
  g_assert_true (gst_structure_get_uint64 (part, name, &value));
  gst_structure_free (part);
  gst_structure_free (stats);
  return value;
}

/* ---- what a caption is ---- */

/* Letters are heard from the first to the last window that sees 10 ms of their 60 ms tone. */
static void
test_words (void)
{
  TestHarness *t = transcriber (NULL, NULL);

  say_all (t, "__abc de f__");
  expect_text (t, "190-460 abc\n580-760 de\n880-960 f\n");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_segments (void)
{
  TestHarness *t = transcriber ("output-mode", 1, "columns", 7, "lines", 2, NULL);

  say_all (t, "__ab cd ef gh abcdefgh c" LONG_SILENCE "de" LONG_SILENCE);
  expect_words (t, "ab cd\nef gh|abcdefgh\nc|de");
  test_harness_free (t);
}

static void
test_segments_without_columns (void)
{
  TestHarness *t = transcriber ("output-mode", 1, NULL);

  say_all (t, "__ab cd ef gh abcdefgh c" LONG_SILENCE "de");
  expect_words (t, "ab cd ef gh abcdefgh c|de");
  test_harness_free (t);
}

static void
test_lines (void)
{
  TestHarness *t = transcriber ("output-mode", 2, "columns", 7, NULL);

  say_all (t, "__ab cd ef gh");
  expect_text (t, "190-660 ab cd\n780-1260 ef gh\n");
  test_harness_free (t);
}

/* In mid-stream: what was under way is not lost. */
static void
test_mode_change (void)
{
  TestHarness *t = transcriber ("output-mode", 1, NULL);

  say (t, "__ab cd e", 0);
  g_object_set (t->element, "output-mode", 0, NULL);
  say (t, "f gh", 9);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "ab cd|ef|gh");
  test_harness_free (t);
}

static void
test_lateness (void)
{
  TestHarness *t = transcriber ("lateness", 2000, NULL);

  say_all (t, "__abc");
  expect_text (t, "2190-2460 abc\n");
  test_harness_free (t);
}

static void
test_words_meta (void)
{
  TestHarness *t = transcriber ("output-mode", 1, NULL);
  GstBuffer *caption;
  GstCustomMeta *meta;
  const GValue *words;
  const GstStructure *word;
  guint64 start, end;
  gdouble confidence;

  say_all (t, "__abc de");
  caption = gst_harness_pull (t->h);
  meta = gst_buffer_get_custom_meta (caption, "GstRnnWords");
  g_assert_nonnull (meta);
  words = gst_structure_get_value (gst_custom_meta_get_structure (meta), "words");
  g_assert_cmpuint (gst_value_array_get_size (words), ==, 2);
  word = gst_value_get_structure (gst_value_array_get_value (words, 1));
  g_assert_true (gst_structure_get (word, "start", G_TYPE_UINT64, &start, "end", G_TYPE_UINT64, &end, "confidence",
          G_TYPE_DOUBLE, &confidence, NULL));
  g_assert_cmpstr (gst_structure_get_string (word, "text"), ==, "de");
  g_assert_cmpuint (start, ==, 580 * GST_MSECOND);
  g_assert_cmpuint (end, ==, 760 * GST_MSECOND);
  g_assert_cmpfloat (confidence, >, 0.5);
  gst_buffer_unref (caption);
  test_harness_free (t);
}

/* ---- utterances ---- */

static guint
count_events (GstHarness *h, const gchar *name)
{
  GstEvent *event;
  guint n = 0;

  while ((event = gst_harness_try_pull_event (h))) {
    n += gst_event_has_name (event, name);
    gst_event_unref (event);
  }
  return n;
}

static void
test_endpoint (void)
{
  TestHarness *t = transcriber ("output-mode", 1, NULL);
  GstMessage *message;
  const GstStructure *s;
  guint64 end;

  say (t, "__abc" LONG_SILENCE, 0);
  expect_words (t, "abc");      /* without an EOS */
  g_assert_cmpuint (count_events (t->h, "rstranscribe/final-transcript"), ==, 1);
  message = test_pop_message (t, GST_MESSAGE_ELEMENT, "endpoint");
  g_assert_nonnull (message);
  s = gst_message_get_structure (message);
  g_assert_cmpstr (gst_structure_get_name (s), ==, "rnntranscriber");
  g_assert_true (GST_MESSAGE_SRC (message) == GST_OBJECT (t->element));
  g_assert_cmpstr (gst_structure_get_string (s, "text"), ==, "abc");
  gst_structure_get (s, "duration", G_TYPE_UINT64, &end, NULL);
  g_assert_cmpuint (end, ==, 1660 * GST_MSECOND);       /* the last tone's last step, and 1200 ms */
  gst_message_unref (message);
  say (t, "de", 18);            /* and the first word after it is whole */
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_words (t, "de");
  test_harness_free (t);
}

/* The last word does not wait for the endpoint. */
static void
test_last_word (void)
{
  TestHarness *t = transcriber (NULL, NULL);

  say (t, "__abc_____", 0);
  expect_words (t, "");
  say (t, "__", 10);            /* 700 ms of silence */
  expect_words (t, "abc");
  g_assert_cmpuint (get_stat (t, "ctcdec", "endpoints"), ==, 0);
  test_harness_free (t);
}

static void
test_endpoint_silence (void)
{
  TestHarness *t = transcriber ("output-mode", 1, "endpoint-silence", 300, NULL);

  say (t, "__abc____", 0);
  expect_words (t, "abc");
  test_harness_free (t);
}

static void
test_reset_at_endpoint (void)
{
  TestHarness *t = transcriber ("output-mode", 1, NULL);
  guint64 before = get_stat (t, "infer", "resets");

  say (t, "__abc" LONG_SILENCE "_", 0);
  g_assert_cmpuint (get_stat (t, "infer", "resets"), ==, before + 1);
  gst_util_set_object_arg (G_OBJECT (t->element), "reset-on", "segment+discont");
  say (t, "__abc" LONG_SILENCE "_", 19);
  g_assert_cmpuint (get_stat (t, "infer", "resets"), ==, before + 1);
  g_assert_cmpuint (get_stat (t, "ctcdec", "endpoints"), ==, 2);
  test_harness_free (t);
}

static void
test_max_utterance (void)
{
  TestHarness *t = transcriber ("output-mode", 1, "max-utterance", 1000, NULL);

  say (t, "_abc def gabcdefgh ab cd ef gh abc d", 0);    /* ends between words, not in gabcdefgh */
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  expect_words (t, "abc def gabcdefgh|ab cd ef gh|abc d");
  test_harness_free (t);
}

/* Words in the middle of which nothing can be cut are cut at last. */
static void
test_max_utterance_endless (void)
{
  g_autofree gchar *words = NULL;
  TestHarness *t = transcriber ("output-mode", 1, "max-utterance", 1000, NULL);
  guint i;

  for (i = 0; i < 20; i++)
    say (t, "abcd", 4 * i);
  words = test_pull_words (t->h);
  g_assert_cmpuint (strlen (words), >=, 40);
  test_harness_free (t);
}

/* No speech: gaps of at most 500 ms, one after the other; nothing is ever behind by more. */
static void
test_gaps (void)
{
  TestHarness *t = transcriber (NULL, NULL);
  GstClockTime at, duration, until = 0;
  GstEvent *event;
  guint i;

  for (i = 0; i < 60; i++) {
    say (t, "_", i);
    while ((event = test_pull_event (t->h, GST_EVENT_GAP))) {
      gst_event_parse_gap (event, &at, &duration);
      g_assert_cmpuint (at, ==, until);
      g_assert_cmpuint (duration, <=, 500 * GST_MSECOND);
      until = at + duration;
      gst_event_unref (event);
    }
    g_assert_cmpuint ((i + 1) * 100 * GST_MSECOND - until, <=, 525 * GST_MSECOND);      /* and a window */
  }
  g_assert_cmpuint (until, >, 5 * GST_SECOND);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 0);        /* no words in silence */
  test_harness_free (t);
}

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
  TestHarness *t = transcriber ("output-mode", 1, "partial-interval", 100, NULL);
  g_autofree gchar *stable = g_strdup ("");
  guint n = 0, n_final = 0;
  json_t *json;

  say_all (t, "__ab cdef g hab");
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
  g_assert_cmpuint (get_stat (t, "ctcdec", "partials"), ==, n - 1);
  test_harness_free (t);
}

static void
test_partial_message (void)
{
  TestHarness *t = transcriber ("output-mode", 1, "partial-interval", 200, NULL);
  guint64 timestamp, stream_time, running_time, duration;
  const GstStructure *s;
  GstMessage *message;
  gdouble confidence;
  guint stable;

  say (t, "__ab cd", 0);
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
  TestHarness *t = transcriber ("post-messages", FALSE, "partial-interval", 100, NULL);

  say_all (t, "__ab cd" LONG_SILENCE);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, NULL));
  test_harness_free (t);
}

/* ---- what else comes out ---- */

static void
test_tag (void)
{
  TestHarness *t = transcriber ("language-code", "de-AT", NULL);
  g_autofree gchar *code = NULL;
  GstTagList *tags;
  GstEvent *event;

  say (t, "_", 0);
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
  TestHarness *t = transcriber (NULL, NULL);
  GstEvent *text, *json;
  const gchar *text_id, *json_id;
  GstStreamFlags flags;

  say (t, "_", 0);
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
  TestHarness *t = transcriber ("language-code", NULL, NULL);
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
  TestHarness *t = transcriber ("latency", 700, NULL);
  GstMessage *message;

  say (t, "_", 0);
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
  TestHarness *t = transcriber (NULL, NULL);
  guint delay;

  say_all (t, "__abc d");
  g_object_get (t->element, "max-observed-delay", &delay, NULL);
  g_assert_cmpuint (delay, >=, 300);    /* "abc" left with the space after it */
  g_assert_cmpuint (delay, <=, 400);
  test_harness_free (t);
}

static void
test_overload (void)
{
  TestHarness *t = transcriber (NULL, NULL);
  GstMessage *message;
  guint64 delay;

  gst_harness_use_testclock (t->h);
  say (t, "_", 0);
  gst_harness_query_latency (t->h);     /* tells that the stream is live */
  gst_harness_push_upstream_event (t->h, gst_event_new_latency (500 * GST_MSECOND));
  gst_harness_set_time (t->h, 550 * GST_MSECOND);
  say (t, "_", 1);
  g_assert_null (test_pop_message (t, GST_MESSAGE_ELEMENT, "overload"));
  gst_harness_set_time (t->h, 5 * GST_SECOND);
  say (t, "__", 2);
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
  TestHarness *t = transcriber ("output-mode", 1, NULL);

  say (t, "__ab", 0);
  g_signal_emit_by_name (t->element, "reset");
  say (t, "cd", 4);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  expect_text (t, "400-560 cd\n");
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

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { 0, });
  g_test_add_func ("/transcriber/words", test_words);
  g_test_add_func ("/transcriber/words-meta", test_words_meta);
  g_test_add_func ("/transcriber/segments", test_segments);
  g_test_add_func ("/transcriber/segments/without-columns", test_segments_without_columns);
  g_test_add_func ("/transcriber/lines", test_lines);
  g_test_add_func ("/transcriber/mode-change", test_mode_change);
  g_test_add_func ("/transcriber/lateness", test_lateness);
  g_test_add_func ("/transcriber/endpoint", test_endpoint);
  g_test_add_func ("/transcriber/endpoint/last-word", test_last_word);
  g_test_add_func ("/transcriber/endpoint/silence", test_endpoint_silence);
  g_test_add_func ("/transcriber/endpoint/reset", test_reset_at_endpoint);
  g_test_add_func ("/transcriber/max-utterance", test_max_utterance);
  g_test_add_func ("/transcriber/max-utterance/endless", test_max_utterance_endless);
  g_test_add_func ("/transcriber/gaps", test_gaps);
  g_test_add_func ("/transcriber/partials", test_partials);
  g_test_add_func ("/transcriber/partials/message", test_partial_message);
  g_test_add_func ("/transcriber/no-messages", test_no_messages);
  g_test_add_func ("/transcriber/tag", test_tag);
  g_test_add_func ("/transcriber/tag/foreign", test_foreign_tags);
  g_test_add_func ("/transcriber/stream-start", test_stream_start);
  g_test_add_func ("/transcriber/latency", test_latency);
  g_test_add_func ("/transcriber/observed-delay", test_observed_delay);
  g_test_add_func ("/transcriber/overload", test_overload);
  g_test_add_func ("/transcriber/reset", test_reset_signal);
  g_test_add_func ("/transcriber/bad-models", test_bad_models);
  result = test_run ();
  g_free (model);
  return result;
}
