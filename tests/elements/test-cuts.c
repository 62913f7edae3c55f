/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same speech cut into buffers of 1, 160, 1600 and random samples gives the same captions, partial results, gaps
 * and times, bit for bit; and so does every new start of the same element.  The model has memory and looks ahead, and
 * its tones are found in speech often enough for words and endpoints. */
#include "common.h"
#include <string.h>

static gchar *model, *tones;

static GstElement *
make_transcriber (void)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);

  g_object_set (element, "model-file", model, "partial-interval", 300, "endpoint-silence", 200, "output-mode", 1,
      "columns", 20, "max-utterance", 4000, NULL);
  return element;
}

static void
add_time (GString *all, const gchar *what, GstClockTime start, GstClockTime duration)
{
  g_string_append_printf (all, "%s %" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT " ", what, start, duration);
}

static void
add_buffers (GString *all, GstHarness *h, const gchar *what)
{
  GstBuffer *buffer;
  GstMapInfo map;

  while ((buffer = gst_harness_try_pull (h))) {
    add_time (all, what, GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer));
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_string_append_len (all, (gchar *) map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    g_string_append_c (all, '\n');
    gst_buffer_unref (buffer);
  }
}

/* All that comes out for speech in buffers of @size samples */
static gchar *
all_output (TestHarness *t, const GArray *speech, guint size)
{
  GString *all = g_string_new (NULL);
  GstClockTime at, duration;
  GstEvent *event;

  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  g_assert_cmpint (test_push_audio (t, speech, size, 0), ==, GST_FLOW_OK);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  add_buffers (all, t->h, "caption");
  add_buffers (all, t->unsynced, "json");
  while ((event = test_pull_event (t->h, GST_EVENT_GAP))) {
    gst_event_parse_gap (event, &at, &duration);
    add_time (all, "gap", at, duration);
    gst_event_unref (event);
  }
  test_expect_no_error (t);
  return g_string_free (all, FALSE);
}

static GArray *
speech_or_skip (guint seconds)
{
  GArray *speech = test_speech ();

  if (!speech)
    g_test_skip ("pocketsphinx-testdata is not installed");
  else
    g_array_set_size (speech, MIN (speech->len, seconds * TEST_RATE));
  return speech;
}

static guint
count (const gchar *text, const gchar *part)
{
  g_auto (GStrv) pieces = g_strsplit (text, part, -1);

  return g_strv_length (pieces) - 1;
}

static void
test_cuts (void)
{
  static const guint sizes[] = { 1, 160, 0, 1000000 };
  g_autoptr (GArray) speech = speech_or_skip (30), once = test_speech ();
  g_autofree gchar *expected = NULL;
  TestHarness *t;
  guint i;

  if (!speech)
    return;
  g_array_append_vals (speech, once->data, once->len);  /* a minute */
  t = test_harness_new (make_transcriber ());
  expected = all_output (t, speech, 1600);
  test_harness_free (t);
  g_assert_cmpuint (count (expected, "caption "), >=, 5);       /* it does say something */
  g_assert_cmpuint (count (expected, "\"partial\""), >=, 5);
  g_assert_cmpuint (count (expected, "gap "), >=, 1);
  for (i = 0; i < G_N_ELEMENTS (sizes); i++) {
    g_autofree gchar *output = NULL;

    t = test_harness_new (make_transcriber ());
    output = all_output (t, speech, sizes[i]);
    g_assert_cmpstr (output, ==, expected);
    test_harness_free (t);
  }
}

static void
test_restarts (void)
{
  g_autoptr (GArray) speech = speech_or_skip (2);
  g_autofree gchar *expected = NULL;
  GstElement *element;
  guint i;

  if (!speech)
    return;
  element = gst_object_ref_sink (make_transcriber ());
  for (i = 0; i < 100; i++) {
    TestHarness *t = test_harness_new (element);        /* NULL -> PLAYING */
    g_autofree gchar *output = all_output (t, speech, 1600);

    if (!expected)
      expected = g_strdup (output);
    g_assert_cmpstr (output, ==, expected);
    test_harness_free (t);      /* -> NULL */
  }
  gst_object_unref (element);
}

/* A flush leaves nothing behind: what follows is as on a new element. */
static void
test_flush (void)
{
  g_autoptr (GArray) speech = speech_or_skip (3);
  g_autofree gchar *expected = NULL, *again = NULL;
  TestHarness *t;
  GstSegment segment;

  if (!speech)
    return;
  t = test_harness_new (make_transcriber ());
  expected = all_output (t, speech, 777);
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  again = all_output (t, speech, 1600);
  g_assert_cmpstr (again, ==, expected);
  test_harness_free (t);
}

/* ---- two channels ---- */

/* @speech on the left, and times @right on the right, in buffers of @size bytes. */
static void
push_stereo (TestHarness *t, const GArray *speech, gfloat right, gsize size)
{
  g_autofree gfloat *rows = g_new (gfloat, 2 * speech->len);
  gsize all = 2 * speech->len * sizeof (gfloat);

  for (guint i = 0; i < speech->len; i++) {
    rows[2 * i] = g_array_index (speech, gfloat, i);
    rows[2 * i + 1] = right * rows[2 * i];
  }
  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=F32LE, layout=interleaved, rate=16000, channels=2, channel-mask=(bitmask)3");
  for (gsize at = 0; at < all; at += size) {
    gsize n = MIN (size, all - at);
    GstBuffer *buffer = gst_buffer_new_memdup ((guint8 *) rows + at, n);

    GST_BUFFER_PTS (buffer) = at == 0 ? 0 : GST_CLOCK_TIME_NONE;
    g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
}

/* How often the bus was told that channels cancel each other. */
static guint
count_told (TestHarness *t)
{
  GstMessage *message;
  guint n = 0;

  while ((message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_ELEMENT | GST_MESSAGE_ERROR))) {
    const GstStructure *s;

    g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_ELEMENT);
    s = gst_message_get_structure (message);
    if (g_strcmp0 (gst_structure_get_string (s, "type"), "opposite-phases") == 0) {
      g_assert_true (gst_structure_has_name (s, "rnntranscriber"));
      n++;
    }
    gst_message_unref (message);
  }
  return n;
}

static gchar *
hear_stereo (const gchar *spoken, gfloat right, gsize size)
{
  TestHarness *t = test_transcriber_new (tones, NULL);
  g_autoptr (GArray) speech = test_speak (spoken);
  gchar *text;

  push_stereo (t, speech, right, size);
  g_assert_cmpuint (count_told (t), ==, right < 0 ? 1 : 0);
  text = test_pull_text (t->h);
  test_expect_no_error (t);
  test_harness_free (t);
  return text;
}

/* The same words at the same times whatever the phase of the second channel, and however buffers end in the midst of samples. */
static void
test_channels (void)
{
  static const gfloat rights[] = { -1, 0, 1, -0.95f };
  static const gsize sizes[] = { 6, 1600, 999 };
  g_autofree gchar *expected = hear_stereo ("_abc_de fgh_ hab", 1, 1600);

  g_assert_nonnull (strstr (expected, "abc"));
  for (guint i = 0; i < G_N_ELEMENTS (rights); i++)
    for (guint j = 0; j < G_N_ELEMENTS (sizes); j++) {
      g_autofree gchar *heard = hear_stereo ("_abc_de fgh_ hab", rights[i], sizes[j]);

      g_assert_cmpstr (heard, ==, expected);
    }
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("speech", &(TestModel) { .threshold = 14, .memory = 7, .lookahead = 2, .stack = 2 });
  tones = test_tone_model ("tones", &(TestModel) { .threshold = 16 });
  g_test_add_func ("/cuts/sizes", test_cuts);
  g_test_add_func ("/cuts/restarts", test_restarts);
  g_test_add_func ("/cuts/flush", test_flush);
  g_test_add_func ("/cuts/channels", test_channels);
  result = test_run ();
  g_free (model);
  g_free (tones);
  return result;
}
