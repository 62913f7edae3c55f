/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: one test per cell of the event table. */
#include "trainer-bench.h"
#include <glib/gstdio.h>

static void
test_eos (void)
{
  Bench *b = speech_bench ("eos");
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnModel) model = NULL;
  guint lines = 0;

  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  gst_event_unref (pull_event (b->data, GST_EVENT_EOS));
  model = rnn_model_load (b->location, &error);         /* it was saved before EOS went on */
  g_assert_no_error (error);
  g_assert_true (g_file_test (b->checkpoint, G_FILE_TEST_EXISTS));
  for (GstBuffer *buffer; (buffer = gst_harness_try_pull (b->data)); lines++) {
    gchar text[2] = { 0 };

    gst_buffer_extract (buffer, 0, text, 1);
    g_assert_cmpstr (text, ==, "{");
    gst_buffer_extract (buffer, gst_buffer_get_size (buffer) - 1, text, 1);
    g_assert_cmpstr (text, ==, "\n");
    gst_buffer_unref (buffer);
  }
  g_assert_cmpuint (lines, ==, 1 + 3);
  bench_free (b);
}

static void
test_eos_without_data (void)
{
  Bench *b = speech_bench ("eos-without-data");

  push_eos (b);
  wait_for_error (b, "no utterance");
  bench_free (b);
}

static void
flush (GstHarness *h, guint32 seqnum)
{
  GstEvent *start = gst_event_new_flush_start (), *stop = gst_event_new_flush_stop (TRUE);
  GstSegment segment;

  gst_event_set_seqnum (start, seqnum);
  gst_event_set_seqnum (stop, seqnum);
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (h, start);
  gst_harness_push_event (h, stop);
  gst_harness_push_event (h, gst_event_new_segment (&segment));
}

static void
test_flush_drops (void)
{
  Bench *b = speech_bench ("flush");

  push_label (b, "ab", 0, 400);
  push_data (b, 0, 200);
  flush (b->data, 1000);
  flush (b->label, 1000);
  push_label (b, "cd", 0, 300);
  push_data (b, 0, 300);
  expect_examples (b, 1, frames (300), 0);
  bench_free (b);
}

static void
test_flush_cancels (void)
{
  for (guint both = 0; both < 2; both++) {
    Bench *b = endless_bench (both ? "flush-all" : "flush-one");
    guint64 update;

    flush (b->data, 2000);
    if (both)
      flush (b->label, 2000);
    update = checkpoint_update (b->checkpoint);
    g_assert_cmpuint (update, >, 0);
    g_usleep (20000);
    g_assert_cmpuint (checkpoint_update (b->checkpoint), ==, update);   /* nobody trains any more */
    bench_free (b);
  }
}

static void
test_segment (void)
{
  Bench *b = speech_bench ("segment");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  push_label (b, "ab", 0, 1000);
  push_data (b, 0, 400);
  gst_harness_push_event (b->data, gst_event_new_segment (&segment));
  push_data (b, 400, 1000);
  push_label (b, "cd", 1000, 1300);
  push_data (b, 1000, 1300);
  expect_examples (b, 2, frames (400) + frames (300), 0);
  bench_free (b);
}

static void
test_wrong_segment (void)
{
  for (guint i = 0; i < 2; i++) {
    Bench *b = speech_bench ("wrong-segment");
    GstSegment segment;

    gst_segment_init (&segment, i ? GST_FORMAT_TIME : GST_FORMAT_BYTES);
    if (i) {
      segment.rate = -1;
      segment.stop = 1000 * GST_MSECOND;
    }
    gst_harness_push_event (b->data, gst_event_new_segment (&segment));
    wait_for_error (b, "TIME segment");
    bench_free (b);
  }
}

/* Running time counts: the data's segment begins two seconds later than the labels'. */
static void
test_running_time (void)
{
  Bench *b = speech_bench ("running-time");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.time = 2 * GST_SECOND;
  gst_harness_push_event (b->data, gst_event_new_segment (&segment));
  push_label (b, "ab", 0, 300);
  push_data (b, 2000, 2300);
  expect_examples (b, 1, frames (300), 0);
  bench_free (b);
}

static void
test_gap (void)
{
  Bench *b = speech_bench ("gap");

  push_label (b, "ab", 0, 900);
  push_data (b, 0, 300);
  gst_harness_push_event (b->data, gst_event_new_gap (300 * GST_MSECOND, 300 * GST_MSECOND));
  push_data (b, 600, 1000);
  gst_harness_push_event (b->label, gst_event_new_gap (900 * GST_MSECOND, 500 * GST_MSECOND));
  push_data (b, 1000, 1500);
  push_label (b, "cd", 1500, 1800);
  push_data (b, 1500, 1800);
  expect_examples (b, 2, frames (600) + frames (300), 0);
  bench_free (b);
}

/* A jump counts, whether or not it is flagged; a flag on data that are where they should be does not. */
static void
test_discont (void)
{
  for (guint i = 0; i < 4; i++) {
    gboolean jump = i & 1, flagged = i & 2;
    Bench *b = speech_bench ("discont");
    GstBuffer *buffer = jump ? tone_buffer (600, 800) : tone_buffer (200, 400);

    if (flagged)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    push_label (b, "ab", 0, 800);
    push_data (b, 0, 200);
    g_assert_cmpint (gst_harness_push (b->data, buffer), ==, GST_FLOW_OK);
    push_label (b, "cd", 800, 1100);
    push_data (b, jump ? 800 : 400, 1100);
    expect_examples (b, jump ? 1 : 2, jump ? frames (300) : frames (800) + frames (300), jump);
    g_unlink (b->checkpoint);
    bench_free (b);
  }
}

static void
test_caps_change (void)
{
  Bench *b = speech_bench ("caps-between");
  g_autoptr (GArray) samples = test_speak ("abcd");
  gint16 shorts[4800];

  push_label (b, "ab", 0, 300);
  push_data (b, 0, 300);
  for (guint i = 0; i < 4800; i++)
    shorts[i] = (gint16) (g_array_index (samples, gfloat, i) * 32767);
  gst_harness_set_src_caps_str (b->data, "audio/x-raw, format=S16LE, layout=interleaved, rate=16000, channels=1");
  push_label (b, "cd", 300, 600);
  {
    GstBuffer *buffer = gst_buffer_new_memdup (shorts, sizeof shorts);

    GST_BUFFER_PTS (buffer) = 300 * GST_MSECOND;
    g_assert_cmpint (gst_harness_push (b->data, buffer), ==, GST_FLOW_OK);
  }
  expect_examples (b, 2, 2 * frames (300), 0);
  bench_free (b);

  b = speech_bench ("caps-within");
  push_label (b, "ab", 0, 600);
  push_label (b, "cd", 600, 900);
  push_data (b, 0, 300);
  gst_harness_set_src_caps_str (b->data, "audio/x-raw, format=S16LE, layout=interleaved, rate=16000, channels=1");
  wait_for_error (b, "within an utterance");
  bench_free (b);
}

static void
test_wrong_caps (void)
{
  static const gchar *const caps[] = { "audio/x-raw, format=F32LE, layout=interleaved, rate=8000, channels=1",
    "audio/x-raw, format=F32LE, layout=interleaved, rate=16000, channels=2, channel-mask=(bitmask)0x3"
  };

  for (guint i = 0; i < G_N_ELEMENTS (caps); i++) {
    g_autofree gchar *recipe = test_speech_recipe ("wrong-caps.json");
    Bench *b = bench_new ("wrong-caps", recipe, caps[i], TEXT_CAPS);

    wait_for_error (b, "audioconvert ! audioresample");
    bench_free (b);
  }
}

static void
test_caps_query (void)
{
  Bench *b = speech_bench ("caps-query");
  GstPad *sink = gst_element_get_static_pad (b->trainer, "sink");
  GstPad *label = gst_element_get_static_pad (b->trainer, "label");
  g_autoptr (GstCaps) data_caps = gst_pad_query_caps (sink, NULL);
  g_autoptr (GstCaps) label_caps = gst_pad_query_caps (label, NULL);
  gint rate;

  g_assert_true (gst_structure_get_int (gst_caps_get_structure (data_caps, 0), "rate", &rate));
  g_assert_cmpint (rate, ==, TEST_RATE);
  g_assert_true (gst_structure_has_name (gst_caps_get_structure (label_caps, 0), "text/x-raw"));
  gst_object_unref (sink);
  gst_object_unref (label);
  bench_free (b);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer-events/eos", test_eos);
  g_test_add_func ("/trainer-events/eos-without-data", test_eos_without_data);
  g_test_add_func ("/trainer-events/flush-drops", test_flush_drops);
  g_test_add_func ("/trainer-events/flush-cancels", test_flush_cancels);
  g_test_add_func ("/trainer-events/segment", test_segment);
  g_test_add_func ("/trainer-events/wrong-segment", test_wrong_segment);
  g_test_add_func ("/trainer-events/running-time", test_running_time);
  g_test_add_func ("/trainer-events/gap", test_gap);
  g_test_add_func ("/trainer-events/discont", test_discont);
  g_test_add_func ("/trainer-events/caps-change", test_caps_change);
  g_test_add_func ("/trainer-events/wrong-caps", test_wrong_caps);
  g_test_add_func ("/trainer-events/caps-query", test_caps_query);
  return test_run ();
}
