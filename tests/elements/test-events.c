/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The event table: what the four elements of the captioning chain do on EOS, flushes, segments and changes of caps, and
 * with odd buffers.  (Gaps, jumps, silence and latency: test-gaps.c.)  The model looks 3 steps ahead. */
#include "kinds.h"
#include <string.h>

static gchar *model;

/* ---- EOS ---- */

static void
test_eos (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  GstEvent *event, *last = NULL;
  GstClockTime at, duration, until = 0;

  test_kind_say (t, kind, "_ab", 0);
  test_kind_end (t);
  test_kind_expect (t, kind, "ab");
  while ((event = gst_harness_try_pull_event (t->h))) {
    if (GST_EVENT_TYPE (event) == GST_EVENT_GAP) {
      gst_event_parse_gap (event, &at, &duration);
      until = at + duration;
    }
    g_clear_pointer (&last, gst_event_unref);
    last = event;
  }
  g_assert_cmpint (GST_EVENT_TYPE (last), ==, GST_EVENT_EOS);
  gst_event_unref (last);
  if (!kind->out)
    g_assert_cmpuint (until, >=, 280 * GST_MSECOND);    /* the last window ends 20 ms before the stream */
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_eos_counts (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;
  guint i;

  test_kind_say (t, kind, "_ab_", 0);
  test_kind_end (t);
  heard = test_kind_hear (t, kind, times);
  g_assert_cmpuint (times->len, ==, kind->in ? 40 : 38);        /* every step has its answer, at its own time */
  for (i = 0; i < times->len; i++)
    g_assert_cmpuint (g_array_index (times, GstClockTime, i), ==, i * TEST_STEP);
  test_harness_free (t);
}

static void
test_eos_without_data (gconstpointer data)
{
  TestHarness *t = test_kind_start (data, model);
  GstEvent *event;

  test_kind_end (t);
  g_assert_cmpuint (gst_harness_buffers_received (t->h), ==, 0);
  event = test_pull_event (t->h, GST_EVENT_EOS);
  g_assert_nonnull (event);
  gst_event_unref (event);
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_eos_before_caps (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_harness_new (test_kind_make (kind, model));
  GstEvent *event;

  g_assert_true (gst_harness_push_event (t->h, gst_event_new_stream_start ("test")));
  test_kind_end (t);
  event = test_pull_event (t->h, GST_EVENT_EOS);
  g_assert_nonnull (event);
  gst_event_unref (event);
  test_harness_free (t);
}

/* ---- flush ---- */

static void
test_flush (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;

  test_kind_say (t, kind, "_ab", 0);      /* in mid-word */
  heard = kind->out ? test_kind_hear (t, kind, NULL) : test_pull_words (t->h);
  g_assert_cmpstr (heard, ==, kind->out ? "ab" : "");
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_flush_start ()));
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_flush_stop (TRUE)));
  test_push_segment (t, GST_FORMAT_TIME, 1, 0, 0, gst_util_seqnum_next ());
  test_kind_say (t, kind, "cd_", 0);
  test_kind_end (t);
  if (kind->out) {
    g_free (heard);
    heard = test_kind_hear (t, kind, times);
    g_assert_cmpuint (g_array_index (times, GstClockTime, 0), ==, 0);
    g_assert_cmpstr (heard, ==, "cd");
  } else {
    test_kind_expect (t, kind, "cd");
  }
  test_expect_no_error (t);
  test_harness_free (t);
}

/* ---- segments ---- */

static void
test_segment_backwards (gconstpointer data)
{
  TestHarness *t = test_kind_start (data, model);

  test_push_segment (t, GST_FORMAT_TIME, -1, 0, 0, gst_util_seqnum_next ());
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "forward");
  g_assert_cmpint (test_kind_say (t, data, "_", 0), ==, GST_FLOW_ERROR);
  test_expect_no_error (t);     /* once is enough */
  test_push_segment (t, GST_FORMAT_TIME, 1, 0, 0, gst_util_seqnum_next ());
  g_assert_cmpint (test_kind_say (t, data, "_", 0), ==, GST_FLOW_OK);
  test_harness_free (t);
}

static void
test_segment_not_time (gconstpointer data)
{
  TestHarness *t = test_kind_start (data, model);

  test_push_segment (t, GST_FORMAT_BYTES, 1, 0, 0, gst_util_seqnum_next ());
  test_expect_error (t, GST_STREAM_ERROR, GST_STREAM_ERROR_FORMAT, "time");
  test_harness_free (t);
}

static void
test_segment_elsewhere (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  guint32 seqnum = gst_util_seqnum_next ();
  GstEvent *event, *next;
  const GstSegment *segment;

  test_kind_say (t, kind, "_ab", 0);
  test_push_segment (t, GST_FORMAT_TIME, 1, 10 * GST_SECOND, 300 * GST_MSECOND, seqnum);
  test_kind_say (t, kind, "cd_", 1000);
  test_kind_end (t);
  test_kind_expect (t, kind, "ab|cd");
  event = test_pull_event (t->h, GST_EVENT_SEGMENT);
  while ((next = test_pull_event (t->h, GST_EVENT_SEGMENT))) {
    gst_event_unref (event);
    event = next;
  }
  gst_event_parse_segment (event, &segment);
  g_assert_cmpint (segment->format, ==, GST_FORMAT_TIME);
  g_assert_cmpuint (segment->start, ==, 10 * GST_SECOND);
  g_assert_cmpuint (gst_event_get_seqnum (event), ==, seqnum);
  gst_event_unref (event);
  test_harness_free (t);
}

static void
test_segment_continues (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);

  test_kind_say (t, kind, "_ab", 0);
  test_push_segment (t, GST_FORMAT_TIME, 1, 300 * GST_MSECOND, 300 * GST_MSECOND, gst_util_seqnum_next ());
  test_kind_say (t, kind, "cd_", 30);
  test_kind_end (t);
  test_kind_expect (t, kind, "abcd");
  test_harness_free (t);
}

static void
expect_inside (const GstSegment *segment, GstBuffer *buffer)
{
  GstClockTime start = GST_BUFFER_PTS (buffer);
  guint64 from, to;

  g_assert_true (gst_segment_clip (segment, GST_FORMAT_TIME, start, start + GST_BUFFER_DURATION (buffer), &from, &to));
}

/* @segment: that of the pad */
static GstPadProbeReturn
follow_segment (GstPad *pad, GstPadProbeInfo *info, gpointer segment)
{
  guint i;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    expect_inside (segment, GST_PAD_PROBE_INFO_BUFFER (info));
  } else if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
    for (i = 0; i < gst_buffer_list_length (GST_PAD_PROBE_INFO_BUFFER_LIST (info)); i++)
      expect_inside (segment, gst_buffer_list_get (GST_PAD_PROBE_INFO_BUFFER_LIST (info), i));
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info)) == GST_EVENT_SEGMENT) {
    gst_event_copy_segment (GST_PAD_PROBE_INFO_EVENT (info), segment);
  }
  return GST_PAD_PROBE_OK;
}

/* What is pending when a segment comes leaves in the one that it is in. */
static void
test_segment_pending (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GstPad) src = gst_element_get_static_pad (t->element, "src");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_pad_add_probe (src, GST_PAD_PROBE_TYPE_DATA_DOWNSTREAM, follow_segment, &segment, NULL);
  test_kind_say (t, kind, "_ab__", 0);
  test_push_segment (t, GST_FORMAT_TIME, 1, 500 * GST_MSECOND, 500 * GST_MSECOND, gst_util_seqnum_next ());
  test_kind_say (t, kind, "_" TEST_LONG_SILENCE "cd_", 50);
  test_kind_end (t);
  g_assert_cmpuint (segment.start, ==, 500 * GST_MSECOND);
  test_kind_expect (t, kind, "ab|cd");
  test_harness_free (t);
}

/* ---- other events that end something ---- */

static GstPadProbeReturn
note_buffers (GstPad *pad, GstPadProbeInfo *info, gpointer n)
{
  GstHarness *h = gst_pad_get_element_private (pad);
  GstEventType type = GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info));

  if (type == GST_EVENT_SEGMENT_DONE || type == GST_EVENT_STREAM_START)
    *(guint *) n = gst_harness_buffers_received (h);
  return GST_PAD_PROBE_OK;
}

/* What was said is out before @event is, and after it the stream goes on. */
static void
expect_boundary (const TestKind *kind, GstEvent *event)
{
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = NULL;
  guint n = 0;

  test_kind_say (t, kind, "_ab", 0);
  gst_pad_set_element_private (t->h->sinkpad, t->h);
  gst_pad_add_probe (t->h->sinkpad, GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, note_buffers, &n, NULL);
  gst_harness_push_event (t->h, event);
  g_assert_cmpuint (n, ==, kind->out == 0 ? 1 : kind->in ? 30 : 28);
  test_kind_expect (t, kind, "ab");
  test_kind_say (t, kind, "cd_", 30);
  test_kind_end (t);
  if (kind->out) {
    heard = test_kind_hear (t, kind, times);
    g_assert_cmpstr (heard, ==, "cd");
    g_assert_cmpuint (g_array_index (times, GstClockTime, 0), ==, 300 * GST_MSECOND);
  } else {
    test_kind_expect (t, kind, "cd");
  }
  test_harness_free (t);
}

static void
test_segment_done (gconstpointer data)
{
  expect_boundary (data, gst_event_new_segment_done (GST_FORMAT_TIME, 300 * GST_MSECOND));
}

static void
test_stream_start (gconstpointer data)
{
  expect_boundary (data, gst_event_new_stream_start ("another"));
}

/* Steps that were filled up at the end of one stream are longer than its sound: nothing jumps, long after, in the next. */
static void
test_stream_after_stream (void)
{
  g_autofree gchar *stacked = test_tone_model ("stacked", &(TestModel) { .stack = 8 });
  TestHarness *t = test_transcriber_new (stacked, NULL, NULL);
  g_autoptr (GArray) samples = test_speak ("_ab__"), more = test_speak ("_____________________________");
  static const gchar *const stages[] = { "features", "infer", "ctcdec" };
  guint64 resets[G_N_ELEMENTS (stages)];

  g_array_set_size (samples, samples->len - 777);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  g_assert_cmpint (test_push_audio (t, samples, 1000, 0), ==, GST_FLOW_OK);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    resets[i] = test_get_stat (t, stages[i], "resets");
  gst_harness_push_event (t->h, gst_event_new_stream_start ("another"));
  g_assert_cmpint (test_push_audio (t, more, 1000, samples->len), ==, GST_FLOW_OK);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    g_assert_cmpuint (test_get_stat (t, stages[i], "resets"), ==, resets[i]);
  gst_harness_push_event (t->h, gst_event_new_stream_start ("a minute later"));
  g_assert_cmpint (test_push_audio (t, more, 1000, 60 * TEST_RATE), ==, GST_FLOW_OK);
  for (guint i = 0; i < G_N_ELEMENTS (stages); i++)
    g_assert_cmpuint (test_get_stat (t, stages[i], "resets"), ==, resets[i] + 1);
  test_harness_free (t);
}

/* ---- caps ---- */

/* Windows and steps end with the old caps; to a decoder behind them the stream goes on. */
static void
test_caps_change (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GArray) samples = test_speak ("cd_");
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, samples->len * 2, NULL);
  GstMapInfo map;
  guint i;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (i = 0; i < samples->len; i++)
    ((gint16 *) map.data)[i] = 32767 * g_array_index (samples, gfloat, i);
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 300 * GST_MSECOND;

  test_kind_say (t, kind, "_ab", 0);
  gst_harness_set_src_caps_str (t->h, "audio/x-raw, format=S16LE, layout=interleaved, rate=16000, channels=1");
  g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  test_kind_end (t);
  test_kind_expect (t, kind, "abcd");
  test_expect_no_error (t);
  test_harness_free (t);
}

static void
test_caps_refused (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GstCaps) caps = gst_caps_from_string (kind->other_caps);

  test_kind_say (t, kind, "_ab", 0);
  gst_harness_push_event (t->h, gst_event_new_caps (caps));
  test_expect_error (t, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, kind->in ? "need" :
      "audioconvert ! audioresample");
  g_assert_cmpint (test_kind_say (t, kind, "c", 30), ==, GST_FLOW_NOT_NEGOTIATED);
  test_expect_no_error (t);     /* once is enough */
  test_harness_free (t);
}

/* ---- no timestamps ---- */

static GstPadProbeReturn
drop_time (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)) = GST_CLOCK_TIME_NONE;
  return GST_PAD_PROBE_OK;
}

static TestHarness *
start_untimed (const TestKind *kind)
{
  TestHarness *t = test_kind_start (kind, model);

  gst_pad_add_probe (t->h->srcpad, GST_PAD_PROBE_TYPE_BUFFER, drop_time, NULL, NULL);
  return t;
}

/* What is said now is heard where the stream is: at 300 ms. */
static void
finish_untimed (TestHarness *t, const TestKind *kind)
{
  g_autoptr (GArray) times = g_array_new (FALSE, FALSE, sizeof (GstClockTime));
  g_autofree gchar *heard = kind->out ? test_kind_hear (t, kind, NULL) : test_pull_text (t->h);

  test_kind_say (t, kind, "cd_", 0);
  test_kind_end (t);
  g_free (heard);
  if (kind->out) {
    heard = test_kind_hear (t, kind, times);
    g_assert_cmpstr (heard, ==, "cd");
    g_assert_cmpuint (g_array_index (times, GstClockTime, 0), ==, 300 * GST_MSECOND);
  } else {
    heard = test_pull_text (t->h);
    g_assert_true (g_str_has_prefix (heard, "300-") && g_str_has_suffix (heard, " cd\n"));
  }
  test_harness_free (t);
}

static void
test_untimed_reset (gconstpointer data)
{
  TestHarness *t = start_untimed (data);

  test_kind_say (t, data, "_ab", 0);
  g_signal_emit_by_name (t->element, "reset");
  finish_untimed (t, data);
}

static void
test_untimed_gap (gconstpointer data)
{
  TestHarness *t = start_untimed (data);

  gst_harness_push_event (t->h, gst_event_new_gap (0, 300 * GST_MSECOND));
  finish_untimed (t, data);
}

static void
test_untimed_caps (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = start_untimed (kind);
  g_autofree gchar *caps = g_strconcat (kind->caps, ", comment=(string)another", NULL);

  test_kind_say (t, kind, "___", 0);
  gst_harness_set_src_caps_str (t->h, caps);
  finish_untimed (t, kind);
}

/* ---- odd buffers ---- */

static void
test_empty_buffer (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  GstBuffer *buffer = gst_buffer_new ();

  test_kind_say (t, kind, "_ab", 0);
  GST_BUFFER_PTS (buffer) = 300 * GST_MSECOND;
  g_assert_cmpint (gst_harness_push (t->h, buffer), ==, GST_FLOW_OK);
  test_kind_say (t, kind, "cd_", 30);
  test_kind_end (t);
  test_kind_expect (t, kind, "abcd");
  test_harness_free (t);
}

static void
test_read_only (gconstpointer data)
{
  const TestKind *kind = data;
  TestHarness *t = test_kind_start (kind, model);
  g_autoptr (GArray) samples = test_speak ("_ab_");
  GstBuffer *buffer;
  gsize size;

  if (kind->in) {
    buffer = test_kind_frame (kind, 0, 0);
    GST_MINI_OBJECT_FLAG_SET (gst_buffer_peek_memory (buffer, 0), GST_MEMORY_FLAG_READONLY);
  } else {
    size = samples->len * sizeof (gfloat);
    buffer = gst_buffer_new_wrapped_full (GST_MEMORY_FLAG_READONLY, samples->data, size, 0, size, NULL, NULL);
    GST_BUFFER_PTS (buffer) = 0;
  }
  g_assert_cmpint (gst_harness_push (t->h, gst_buffer_ref (buffer)), ==, GST_FLOW_OK);
  test_kind_end (t);
  test_kind_expect (t, kind, kind->in ? "a" : "ab");
  gst_buffer_unref (buffer);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  static const TestKindTest tests[] = {
    {"eos", test_eos}, {"eos/counts", test_eos_counts, TEST_FRAMES_OUT}, {"eos/without-data", test_eos_without_data},
    {"eos/before-caps", test_eos_before_caps}, {"flush", test_flush}, {"segment/backwards", test_segment_backwards},
    {"segment/not-time", test_segment_not_time}, {"segment/elsewhere", test_segment_elsewhere},
    {"segment/continues", test_segment_continues}, {"segment/pending", test_segment_pending},
    {"segment-done", test_segment_done}, {"stream-start", test_stream_start},
    {"untimed/reset", test_untimed_reset}, {"untimed/gap", test_untimed_gap}, {"untimed/caps", test_untimed_caps},
    {"caps/change", test_caps_change, TEST_AUDIO_IN},
    {"caps/refused", test_caps_refused}, {"buffer/empty", test_empty_buffer}, {"buffer/read-only", test_read_only},
  };
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { .lookahead = 3 });
  g_test_add_func ("/events/stream-after-stream", test_stream_after_stream);
  result = test_kinds_run (tests, G_N_ELEMENTS (tests));
  g_free (model);
  return result;
}
