/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntranscriber: from audio to captions, through the whole chain, with a model that hears an alphabet of tones. */
#include "common.h"
#include <string.h>

static gchar *model;

/* ---- what a caption is ---- */

/* Letters are heard from the first to the last window that sees 10 ms of their 60 ms tone. */
static void
test_words (void)
{
  TestHarness *t = test_transcriber_new (model, NULL, NULL);

  test_say_all (t, "__abc de f__");
  test_expect_text (t, "190-460 abc\n580-760 de\n880-960 f\n");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_segments (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, "columns", 7, "lines", 2, NULL);

  test_say_all (t, "__ab cd ef gh abcdefgh c" TEST_LONG_SILENCE "de" TEST_LONG_SILENCE);
  test_expect_words (t, "ab cd\nef gh|abcdefgh\nc|de");
  test_harness_free (t);
}

static void
test_segments_without_columns (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);

  test_say_all (t, "__ab cd ef gh abcdefgh c" TEST_LONG_SILENCE "de");
  test_expect_words (t, "ab cd ef gh abcdefgh c|de");
  test_harness_free (t);
}

static void
test_lines (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 2, "columns", 7, NULL);

  test_say_all (t, "__ab cd ef gh");
  test_expect_text (t, "190-660 ab cd\n780-1260 ef gh\n");
  test_harness_free (t);
}

/* In mid-stream: what was under way is not lost. */
static void
test_mode_change (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);

  test_say (t, "__ab cd e", 0);
  g_object_set (t->element, "output-mode", 0, NULL);
  test_say (t, "f gh", 9);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "ab cd|ef|gh");
  test_harness_free (t);
}

static void
test_lateness (void)
{
  TestHarness *t = test_transcriber_new (model, "lateness", 2000, NULL);

  test_say_all (t, "__abc");
  test_expect_text (t, "2190-2460 abc\n");
  test_harness_free (t);
}

/* Nothing that leaves begins before the end of the last. */
static GstPadProbeReturn
expect_ascending (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime start, duration, *end = data;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    start = GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info));
    duration = GST_BUFFER_DURATION (GST_PAD_PROBE_INFO_BUFFER (info));
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_GAP) {
    gst_event_parse_gap (GST_PAD_PROBE_INFO_EVENT (info), &start, &duration);
  } else {
    return GST_PAD_PROBE_OK;
  }
  g_assert_cmpuint (start, >=, *end);
  *end = start + duration;
  return GST_PAD_PROBE_OK;
}

static void
test_lateness_lowered (void)
{
  TestHarness *t = test_transcriber_new (model, "lateness", 3000, NULL);
  g_autoptr (GstPad) src = gst_element_get_static_pad (t->element, "src");
  g_autoptr (GstPad) unsynced = gst_element_get_static_pad (t->element, "unsynced_src");
  GstClockTime end[2] = { 0, 0 };

  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, expect_ascending, &end[0], NULL);
  gst_pad_add_probe (unsynced, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, expect_ascending, &end[1], NULL);
  test_say (t, "__abc" TEST_LONG_SILENCE, 0);
  g_object_set (t->element, "lateness", 0, NULL);
  test_say (t, "_bc" TEST_LONG_SILENCE "de" TEST_LONG_SILENCE TEST_LONG_SILENCE "fg" TEST_LONG_SILENCE, 18);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_text (t, "3190-3460 abc\n4460-4640 bc\n4640-4820 de\n6180-6360 fg\n");
  test_harness_free (t);
}

static void
test_words_meta (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);
  GstBuffer *caption;
  GstCustomMeta *meta;
  const GValue *words;
  const GstStructure *word;
  guint64 start, end;
  gdouble confidence;

  test_say_all (t, "__abc de");
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
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);
  GstMessage *message;
  const GstStructure *s;
  guint64 end;

  test_say (t, "__abc" TEST_LONG_SILENCE, 0);
  test_expect_words (t, "abc");      /* without an EOS */
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
  test_say (t, "de", 18);            /* and the first word after it is whole */
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "de");
  test_harness_free (t);
}

static void
test_endpoint_silence (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, "endpoint-silence", 300, NULL);

  test_say (t, "__abc____", 0);
  test_expect_words (t, "abc");
  test_harness_free (t);
}

/* Not unless asked for. */
static void
test_reset_at_endpoint (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);
  guint64 before = test_get_stat (t, "infer", "resets");

  test_say (t, "__abc" TEST_LONG_SILENCE "_", 0);
  g_assert_cmpuint (test_get_stat (t, "infer", "resets"), ==, before);
  gst_util_set_object_arg (G_OBJECT (t->element), "reset-on", "segment+discont+endpoint");
  test_say (t, "__abc" TEST_LONG_SILENCE "_", 19);
  g_assert_cmpuint (test_get_stat (t, "infer", "resets"), ==, before + 1);
  g_assert_cmpuint (test_get_stat (t, "ctcdec", "endpoints"), ==, 2);
  test_harness_free (t);
}

static void
test_max_utterance (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, "max-utterance", 1000, NULL);

  test_say (t, "_abc def gabcdefgh ab cd ef gh abc d", 0);    /* ends between words, not in gabcdefgh */
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
  test_expect_words (t, "abc def gabcdefgh|ab cd ef gh|abc d");
  test_harness_free (t);
}

/* Words in the middle of which nothing can be cut are cut at last. */
static void
test_max_utterance_endless (void)
{
  g_autofree gchar *words = NULL;
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, "max-utterance", 1000, NULL);
  guint i;

  for (i = 0; i < 20; i++)
    test_say (t, "abcd", 4 * i);
  words = test_pull_words (t->h);
  g_assert_cmpuint (strlen (words), >=, 40);
  test_harness_free (t);
}

/* No speech: gaps of at most 500 ms, one after the other; nothing is ever behind by more. */
static void
test_gaps (void)
{
  TestHarness *t = test_transcriber_new (model, NULL, NULL);
  GstClockTime at, duration, until = 0;
  GstEvent *event;
  guint i;

  for (i = 0; i < 60; i++) {
    test_say (t, "_", i);
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

/* While a word is under way all before it is settled, also when it is the first. */
static void
test_gaps_before_word (void)
{
  TestHarness *t = test_transcriber_new (model, "output-mode", 1, NULL);
  GstClockTime at, duration, until = 0;
  GstEvent *event;

  test_say (t, "____abcdefghabc", 0);
  while ((event = test_pull_event (t->h, GST_EVENT_GAP))) {
    gst_event_parse_gap (event, &at, &duration);
    g_assert_cmpuint (at, ==, until);
    until = at + duration;
    gst_event_unref (event);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  g_assert_cmpuint (until, ==, 390 * GST_MSECOND);
  test_expect_text (t, "390-1460 abcdefghabc\n");
  test_harness_free (t);
}

static void
test_gaps_at_once (void)
{
  TestHarness *t = test_transcriber_new (model, NULL, NULL);
  GstClockTime at, duration;
  GstEvent *event;

  test_say (t, "a", 0);
  event = test_pull_event (t->h, GST_EVENT_GAP);
  g_assert_nonnull (event);
  gst_event_parse_gap (event, &at, &duration);
  g_assert_cmpuint (at, ==, 0);
  g_assert_cmpuint (duration, ==, 0);
  gst_event_unref (event);
  test_harness_free (t);
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
  g_test_add_func ("/transcriber/lateness/lowered", test_lateness_lowered);
  g_test_add_func ("/transcriber/endpoint", test_endpoint);
  g_test_add_func ("/transcriber/endpoint/silence", test_endpoint_silence);
  g_test_add_func ("/transcriber/endpoint/reset", test_reset_at_endpoint);
  g_test_add_func ("/transcriber/max-utterance", test_max_utterance);
  g_test_add_func ("/transcriber/max-utterance/endless", test_max_utterance_endless);
  g_test_add_func ("/transcriber/gaps", test_gaps);
  g_test_add_func ("/transcriber/gaps/before-word", test_gaps_before_word);
  g_test_add_func ("/transcriber/gaps/at-once", test_gaps_at_once);
  result = test_run ();
  g_free (model);
  return result;
}
