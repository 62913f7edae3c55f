/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnvad with its own model, on human speech from Debian's pocketsphinx-testdata: five sentences, a second of silence after
 * each.  What leaves, in which mode, however it is cut; the event table; captions behind it. */
#include "common.h"
#include <string.h>

#define SILENCE TEST_RATE       /* samples after each sentence */
#define HOP 320                 /* samples of a step of models/vad */

static GArray *speech;

static TestHarness *
start (const gchar *mode)
{
  GstElement *vad = gst_element_factory_make ("rnnvad", NULL);
  TestHarness *t;

  gst_util_set_object_arg (G_OBJECT (vad), "mode", mode);
  t = test_harness_new (vad);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  return t;
}

static void
end (TestHarness *t)
{
  gst_harness_push_event (t->h, gst_event_new_eos ());
}

static gboolean
is_speech (GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRnnVadMeta");
  gboolean speaks = FALSE;

  g_assert_nonnull (meta);
  gst_structure_get_boolean (gst_custom_meta_get_structure (meta), "speech", &speaks);
  return speaks;
}

/* "start+duration kind" in us of all that has come out, a line each */
static gchar *
describe_output (TestHarness *t)
{
  GString *all = g_string_new (NULL);
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (t->h))) {
    g_string_append_printf (all, "%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT " %d %" G_GSIZE_FORMAT "\n", GST_BUFFER_PTS (buffer) / 1000,
        GST_BUFFER_DURATION (buffer) / 1000, is_speech (buffer), gst_buffer_get_size (buffer));
    gst_buffer_unref (buffer);
  }
  return g_string_free (all, FALSE);
}

/* ---- what leaves ---- */

static void
test_mark (void)
{
  TestHarness *t = start ("mark");
  g_autofree gboolean *marks = g_new0 (gboolean, speech->len);
  guint n = 0, n_wrong = 0, quiet = 0;
  GstBuffer *buffer;

  g_assert_cmpint (test_push_audio (t, speech, 1000, 0), ==, GST_FLOW_OK);
  end (t);
  while ((buffer = gst_harness_try_pull (t->h))) {
    guint size = (guint) (gst_buffer_get_size (buffer) / sizeof (gfloat));

    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, gst_util_uint64_scale (n, GST_SECOND, TEST_RATE));
    g_assert_cmpint (gst_buffer_memcmp (buffer, 0, &g_array_index (speech, gfloat, n), size * sizeof (gfloat)), ==, 0);
    for (guint i = 0; i < size; i++)
      marks[n++] = is_speech (buffer);
    gst_buffer_unref (buffer);
  }
  g_assert_cmpuint (n, ==, speech->len);        /* nothing is lost */
  for (guint i = 0; i < n; i++) {
    quiet = g_array_index (speech, gfloat, i) == 0 ? quiet + 1 : 0;
    n_wrong += quiet > SILENCE / 2 && quiet < SILENCE * 3 / 4 && marks[i];
  }
  g_assert_cmpuint (n_wrong, ==, 0);    /* the middle of each pause */
  test_harness_free (t);
}

/* All sentences begin and end, and messages say so. */
static void
test_messages (void)
{
  TestHarness *t = start ("gate");
  GstClockTime at, duration, last = 0;
  guint n = 0;
  GstMessage *message;

  test_push_audio (t, speech, 1600, 0);
  end (t);
  while ((message = test_pop_message (t, GST_MESSAGE_ELEMENT, NULL))) {
    const GstStructure *s = gst_message_get_structure (message);

    g_assert_true (gst_structure_has_name (s, "rnnvad"));
    g_assert_cmpstr (gst_structure_get_string (s, "type"), ==, n % 2 ? "silence" : "speech");
    g_assert_true (gst_structure_get_uint64 (s, "timestamp", &at) && gst_structure_get_uint64 (s, "duration", &duration));
    g_assert_cmpuint (at - duration, ==, last);
    last = at;
    n++;
    gst_message_unref (message);
  }
  g_assert_cmpuint (n, >=, 10);
  g_assert_cmpuint (n % 2, ==, 0);
  test_harness_free (t);
}

static void
test_cuts (void)
{
  static const guint sizes[] = { 160, 1600, 0, 7 };
  g_autofree gchar *expected = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++) {
    TestHarness *t = start ("mark");
    g_autofree gchar *actual = NULL;
    g_autoptr (GArray) part = g_array_new (FALSE, FALSE, sizeof (gfloat));

    g_array_append_vals (part, speech->data, MIN (speech->len, 6 * TEST_RATE));
    test_push_audio (t, part, sizes[i], 0);
    end (t);
    actual = describe_output (t);
    if (!expected)
      expected = g_steal_pointer (&actual);
    else
      g_assert_cmpstr (actual, ==, expected);
    test_harness_free (t);
  }
}

/* Buffers and GAPs follow each other without holes, and take as long as the input. */
static void
test_gate (void)
{
  TestHarness *t = start ("gate");
  g_autoptr (GArray) spans = g_array_new (FALSE, FALSE, 2 * sizeof (GstClockTime));
  GstClockTime span[2], sound = 0, silence = 0;
  GstBuffer *buffer;
  GstEvent *event;

  test_push_audio (t, speech, 1600, 0);
  end (t);
  while ((buffer = gst_harness_try_pull (t->h))) {
    g_assert_true (is_speech (buffer));
    sound += GST_BUFFER_DURATION (buffer);
    gst_buffer_unref (buffer);
  }
  while ((event = test_pull_event (t->h, GST_EVENT_GAP))) {
    gst_event_parse_gap (event, &span[0], &span[1]);
    silence += span[1];
    g_array_append_val (spans, span);
    gst_event_unref (event);
  }
  g_assert_cmpuint (silence, >, 3 * GST_SECOND);
  g_assert_cmpuint (sound + silence, ==, gst_util_uint64_scale (speech->len, GST_SECOND, TEST_RATE));
  test_harness_free (t);
}

static void
test_split (void)
{
  TestHarness *t = start ("split");
  GstClockTime last_end = 0;
  guint n_segments = 0, n_disconts = 0;
  GstBuffer *buffer;
  GstEvent *event;

  test_push_audio (t, speech, 1600, 0);
  end (t);
  while ((buffer = gst_harness_try_pull (t->h))) {
    if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT))
      n_disconts++;
    else
      g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, last_end);
    last_end = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
    gst_buffer_unref (buffer);
  }
  while ((event = test_pull_event (t->h, GST_EVENT_SEGMENT))) {
    const GstSegment *segment;

    gst_event_parse_segment (event, &segment);
    g_assert_cmpuint (gst_segment_to_running_time (segment, GST_FORMAT_TIME, segment->start), ==, segment->start);
    g_assert_cmpuint (gst_segment_to_stream_time (segment, GST_FORMAT_TIME, segment->start), ==, segment->start);
    n_segments++;
    gst_event_unref (event);
  }
  g_assert_cmpuint (n_disconts, >=, 5);
  g_assert_cmpuint (n_segments, ==, n_disconts + 1);
  test_harness_free (t);
}

/* ---- the event table ---- */

static void
test_eos_alone (void)
{
  TestHarness *t = start ("gate");
  g_autoptr (GstEvent) eos = NULL;

  end (t);
  g_assert_null (gst_harness_try_pull (t->h));
  g_assert_nonnull (eos = test_pull_event (t->h, GST_EVENT_EOS));
  test_expect_no_error (t);
  test_harness_free (t);
}

static GArray *
cut (guint from, guint n)
{
  GArray *part = g_array_new (FALSE, FALSE, sizeof (gfloat));

  g_array_append_vals (part, &g_array_index (speech, gfloat, from), n);
  return part;
}

static guint64
count_out (TestHarness *t)
{
  guint64 n = 0;
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (t->h))) {
    n += gst_buffer_get_size (buffer) / sizeof (gfloat);
    gst_buffer_unref (buffer);
  }
  return n;
}

/* A flush drops what waits, and the stream begins anew. */
static void
test_flush (void)
{
  TestHarness *t = start ("mark");
  g_autoptr (GArray) part = cut (0, 3 * TEST_RATE);
  g_autofree gchar *first = NULL, *second = NULL;
  GstSegment segment;

  test_push_audio (t, part, 1600, 0);
  gst_harness_push_event (t->h, gst_event_new_flush_start ());
  gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE));
  g_free (describe_output (t));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_push_audio (t, part, 1600, 0);
  end (t);
  second = describe_output (t);
  test_harness_free (t);
  t = start ("mark");
  test_push_audio (t, part, 1600, 0);
  end (t);
  first = describe_output (t);
  g_assert_cmpstr (first, ==, second);
  test_harness_free (t);
}

static void
test_gap_short (void)
{
  TestHarness *t = start ("mark");
  g_autoptr (GArray) a = cut (0, TEST_RATE), b = cut (TEST_RATE, TEST_RATE);

  test_push_audio (t, a, 1600, 0);
  gst_harness_push_event (t->h, gst_event_new_gap (GST_SECOND, 200 * GST_MSECOND));
  test_push_audio (t, b, 1600, TEST_RATE + 3200);
  end (t);
  g_assert_cmpuint (count_out (t), ==, 2 * TEST_RATE + 3200);   /* silence in its place */
  g_assert_null (test_pull_event (t->h, GST_EVENT_GAP));
  test_harness_free (t);
}

static void
test_gap_long (void)
{
  TestHarness *t = start ("mark");
  g_autoptr (GArray) a = cut (0, TEST_RATE);
  GstClockTime at, duration;
  GstEvent *gap;

  test_push_audio (t, a, 1600, 0);
  gst_harness_push_event (t->h, gst_event_new_gap (GST_SECOND, 5 * GST_SECOND));
  g_assert_cmpuint (count_out (t), ==, TEST_RATE);      /* drained */
  gap = test_pull_event (t->h, GST_EVENT_GAP);
  gst_event_parse_gap (gap, &at, &duration);
  g_assert_cmpuint (at, ==, GST_SECOND);
  g_assert_cmpuint (duration, ==, 5 * GST_SECOND);
  gst_event_unref (gap);
  test_push_audio (t, a, 1600, 6 * TEST_RATE);
  end (t);
  g_assert_cmpuint (count_out (t), ==, TEST_RATE);
  test_harness_free (t);
}

static void
test_discont (void)
{
  TestHarness *t = start ("mark");
  g_autoptr (GArray) a = cut (0, TEST_RATE);
  GstBuffer *buffer = test_audio_buffer ((const gfloat *) a->data, TEST_RATE, 5 * TEST_RATE), *out;
  guint64 n = 0;

  GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  test_push_audio (t, a, 1600, 0);
  gst_harness_push (t->h, buffer);
  end (t);
  while ((out = gst_harness_try_pull (t->h))) {
    if (n == TEST_RATE) {
      g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 5 * GST_SECOND);
      g_assert_true (GST_BUFFER_FLAG_IS_SET (out, GST_BUFFER_FLAG_DISCONT));
    }
    n += gst_buffer_get_size (out) / sizeof (gfloat);
    gst_buffer_unref (out);
  }
  g_assert_cmpuint (n, ==, 2 * TEST_RATE);
  test_harness_free (t);
}

static void
test_caps_refused (void)
{
  TestHarness *t = start ("mark");

  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=F32LE, layout=interleaved, rate=44100, channels=1");
  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "audioresample");
  test_harness_free (t);
}

static void
test_segment_backwards (void)
{
  TestHarness *t = start ("mark");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.rate = -1;
  segment.stop = GST_SECOND;
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "forward");
  test_harness_free (t);
}

/* No sample waits longer than the latency says. */
static void
test_latency (void)
{
  TestHarness *t = start ("gate");
  GstClockTime latency, longest = 0;

  latency = gst_harness_query_latency (t->h);
  g_assert_cmpuint (latency, >, 0);
  for (guint i = 0; i + HOP <= speech->len; i += HOP) {
    GstClockTime now = gst_util_uint64_scale (i + HOP, GST_SECOND, TEST_RATE);
    GstBuffer *buffer;

    gst_harness_push (t->h, test_audio_buffer (&g_array_index (speech, gfloat, i), HOP, i));
    while ((buffer = gst_harness_try_pull (t->h))) {
      longest = MAX (longest, now - GST_BUFFER_PTS (buffer));
      gst_buffer_unref (buffer);
    }
  }
  g_assert_cmpuint (longest, >, latency / 2);
  g_assert_cmpuint (longest, <=, latency + gst_util_uint64_scale (HOP, GST_SECOND, TEST_RATE));
  test_harness_free (t);
}

static void
test_odd_buffers (void)
{
  TestHarness *t = start ("mark");
  GstBuffer *shared;

  gst_harness_push (t->h, gst_buffer_new ());
  shared = test_audio_buffer ((const gfloat *) speech->data, TEST_RATE, 0);
  gst_buffer_ref (shared);      /* read only */
  gst_harness_push (t->h, shared);
  end (t);
  g_assert_cmpuint (count_out (t), ==, TEST_RATE);
  g_assert_null (gst_buffer_get_custom_meta (shared, "GstRnnVadMeta"));
  gst_buffer_unref (shared);
  test_harness_free (t);
}

static void
test_wrong_model (void)
{
  GstElement *vad = gst_object_ref_sink (gst_element_factory_make ("rnnvad", NULL));
  g_autofree gchar *text = test_tone_model ("text", &(TestModel) { 0 });

  g_object_set (vad, "model-file", text, NULL);
  g_assert_cmpint (gst_element_set_state (vad, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (vad, GST_STATE_NULL);
  gst_object_unref (vad);
}

/* ---- captions behind it ---- */

/* Steps that the captioning model runs while nobody speaks for a minute */
static guint64
steps_in_silence (const gchar *front, const gchar *model)
{
  g_autofree gchar *text = g_strdup_printf ("audiotestsrc wave=silence num-buffers=60 samplesperbuffer=16000 ! " TEST_AUDIO_CAPS
      " ! %s rnntranscriber name=t model-file=%s ! fakesink", front, model);
  g_autoptr (GError) error = NULL;
  g_autoptr (GstElement) pipeline = gst_parse_launch (text, &error), transcriber = NULL, infer = NULL;
  g_autoptr (GstBus) bus = gst_element_get_bus (pipeline);
  GstStructure *stats;
  GstMessage *message;
  guint64 steps = 0;

  g_assert_no_error (error);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (bus, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_assert_cmpint (GST_MESSAGE_TYPE (message), ==, GST_MESSAGE_EOS);
  gst_message_unref (message);
  transcriber = gst_bin_get_by_name (GST_BIN (pipeline), "t");
  infer = gst_bin_get_by_name (GST_BIN (transcriber), "infer");
  g_object_get (infer, "stats", &stats, NULL);
  gst_structure_get_uint64 (stats, "steps", &steps);
  gst_structure_free (stats);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  return steps;
}

static void
test_costs_nothing (void)
{
  g_autofree gchar *model = test_tone_model ("silence", &(TestModel) { 0 });

  g_assert_cmpuint (steps_in_silence ("", model), >, 5900);
  g_assert_cmpuint (steps_in_silence ("rnnvad mode=gate !", model), <=, 100);   /* at most a second, to end words */
  g_assert_cmpuint (steps_in_silence ("rnnvad mode=split !", model), <=, 100);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  speech = test_speech ();
  g_test_add_func ("/vad/eos-alone", test_eos_alone);
  g_test_add_func ("/vad/caps-refused", test_caps_refused);
  g_test_add_func ("/vad/segment-backwards", test_segment_backwards);
  g_test_add_func ("/vad/wrong-model", test_wrong_model);
  g_test_add_func ("/vad/costs-nothing", test_costs_nothing);
  if (speech) {
    g_test_add_func ("/vad/mark", test_mark);
    g_test_add_func ("/vad/messages", test_messages);
    g_test_add_func ("/vad/cuts", test_cuts);
    g_test_add_func ("/vad/gate", test_gate);
    g_test_add_func ("/vad/split", test_split);
    g_test_add_func ("/vad/flush", test_flush);
    g_test_add_func ("/vad/gap-short", test_gap_short);
    g_test_add_func ("/vad/gap-long", test_gap_long);
    g_test_add_func ("/vad/discont", test_discont);
    g_test_add_func ("/vad/latency", test_latency);
    g_test_add_func ("/vad/odd-buffers", test_odd_buffers);
  }
  return test_run ();
}
