/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: what cannot be trained on or written is told of, and never read as something else. */
#include "trainer-bench.h"

static void
test_no_caps (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("no-caps.json");
  Bench *b = bench_new ("no-caps", recipe, NULL, TEXT_CAPS);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (b->data, gst_event_new_stream_start ("data"));
  gst_harness_push_event (b->data, gst_event_new_segment (&segment));
  push_label (b, "ab", 0, 300);
  gst_harness_push (b->data, tone_buffer (0, 300));
  wait_for_error (b, "without caps");
  bench_free (b);
}

/* Frames of 1 value are not what was made of samples, though a sample is 1 value, too. */
static void
test_other_width (void)
{
  Bench *b = speech_bench ("other-width");

  push_label (b, "ab", 0, 300);
  push_data (b, 0, 300);
  gst_harness_set_src_caps_str (b->data, TENSOR_CAPS ("1"));
  wait_for_error (b, "width");
  bench_free (b);
}

static void
test_lone_flush_stop (void)
{
  Bench *b = speech_bench ("lone-flush-stop");
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (b->data, gst_event_new_flush_stop (TRUE));
  gst_harness_push_event (b->data, gst_event_new_segment (&segment));
  push_label (b, "ab", 0, 300);
  push_data (b, 0, 300);
  expect_examples (b, 1, frames (300), 0);
  bench_free (b);
}

/* A dev pad leaves while its example is open. */
static void
test_dev_leaves (void)
{
  Bench *b = speech_bench ("dev-leaves");
  GstHarness *data = gst_harness_new_with_element (b->trainer, "dev_sink", NULL);
  GstHarness *label = gst_harness_new_with_element (b->trainer, "dev_label", NULL);
  GstPad *pad = gst_element_get_static_pad (b->trainer, "dev_label");

  gst_harness_set_src_caps_str (data, TEST_AUDIO_CAPS);
  gst_harness_set_src_caps_str (label, TEXT_CAPS);
  gst_harness_push (label, text_buffer ("ab", 0, 600));
  gst_harness_push (data, tone_buffer (0, 300));
  push_label (b, "ab", 0, 300);
  push_data (b, 0, 300);
  g_usleep (50000);             /* the task has begun to cut */
  gst_element_release_request_pad (b->trainer, pad);
  gst_harness_push_event (data, gst_event_new_eos ());
  expect_examples (b, 1, frames (300), 0);
  gst_object_unref (pad);
  gst_harness_teardown (label);
  gst_harness_teardown (data);
  bench_free (b);
}

/* Before the first minibatch, not after the last. */
static void
test_no_place (void)
{
  for (guint i = 0; i < 2; i++) {
    Bench *b = speech_bench ("no-place");

    g_object_set (b->trainer, i ? "checkpoint" : "location", "/nowhere/at/all.file", NULL);
    push_label (b, "ab", 0, 300);
    push_data (b, 0, 300);
    push_eos (b);
    wait_for_error (b, "/nowhere/at/all.file: nothing can be written there");
    g_assert_false (g_file_test (b->location, G_FILE_TEST_EXISTS));
    bench_free (b);
  }
}

static void
test_too_short (void)
{
  Bench *b = speech_bench ("too-short");

  g_object_set (b->trainer, "config", "epochs=1", NULL);
  push_label (b, "abababababababababababababababababababababababababababababababab", 0, 100);
  push_data (b, 0, 100);
  push_eos (b);
  wait_for_warning (b, "too short for their text");
  wait_for_end (b);
  bench_free (b);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer-refuse/no-caps", test_no_caps);
  g_test_add_func ("/trainer-refuse/other-width", test_other_width);
  g_test_add_func ("/trainer-refuse/lone-flush-stop", test_lone_flush_stop);
  g_test_add_func ("/trainer-refuse/dev-leaves", test_dev_leaves);
  g_test_add_func ("/trainer-refuse/no-place", test_no_place);
  g_test_add_func ("/trainer-refuse/too-short", test_too_short);
  return test_run ();
}
