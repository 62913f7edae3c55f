/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: what cannot be trained on or written is told of, and never read as something else. */
#include "trainer-bench.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
  push_label (b, "ab", 300, 600);
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

/* Whether a trainer that is to write there gets to PAUSED. */
static gboolean
may_write (const gchar *property, const gchar *path)
{
  g_autofree gchar *recipe = test_speech_recipe ("places-recipe.json");
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make_full ("rnntrainer", "async", FALSE, NULL));
  gboolean may;

  g_object_set (trainer, "model-file", recipe, property, path, NULL);
  may = gst_element_set_state (trainer, GST_STATE_PAUSED) != GST_STATE_CHANGE_FAILURE;
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_object_unref (trainer);
  return may;
}

static void
train_once (Bench *b)
{
  push_label (b, "ab", 0, 300);
  push_data (b, 0, 300);
  push_eos (b);
  wait_for_end (b);
}

/* Before anything is read: only a model is overwritten by a model, a checkpoint by a checkpoint. */
static void
test_places (void)
{
  g_autofree gchar *manifest = test_write_text ("places.tsv", "a.wav\tx\t%s\n", "yes");
  g_autofree gchar *recipe = test_write_text ("places", "{%s}", "");
  g_autofree gchar *pipe = g_build_filename (test_dir (), "places.fifo", NULL);
  g_autofree gchar *name = g_build_filename (test_dir (), "places-new.json", NULL);
  const gchar *const bad[] = { test_dir (), "/dev/full", manifest, recipe, pipe, name };
  Bench *b = speech_bench ("places");

  g_object_set (b->trainer, "config", "epochs=1", NULL);
  train_once (b);
  g_assert_cmpint (mkfifo (pipe, 0600), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++) {
    g_assert_false (may_write ("location", bad[i]));
    g_assert_false (may_write ("checkpoint", bad[i]));
  }
  g_assert_false (may_write ("location", b->checkpoint));
  g_assert_false (may_write ("checkpoint", b->location));
  g_assert_true (may_write ("location", b->location));
  g_assert_true (may_write ("checkpoint", b->checkpoint));
  bench_free (b);
}

/* A link is followed, even where nothing is there yet. */
static void
test_link (void)
{
  Bench *b = speech_bench ("link");
  g_autofree gchar *target = g_build_filename (test_dir (), "linked.safetensors", NULL);

  g_assert_cmpint (symlink ("linked.safetensors", b->location), ==, 0);
  train_once (b);
  g_assert_true (g_file_test (b->location, G_FILE_TEST_IS_SYMLINK));
  g_assert_true (g_file_test (target, G_FILE_TEST_IS_REGULAR));
  bench_free (b);
}

/* A stream that nobody linked is told of when the other one is over. */
static void
test_half (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("half-linked.json");
  static const gchar *const queues[] = { "", "queue ! t.label" };

  for (guint i = 0; i < G_N_ELEMENTS (queues); i++) {
    g_autoptr (GPtrArray) messages = test_run_pipeline ("audiotestsrc num-buffers=5 ! audioconvert ! audioresample ! t.sink "
      "%s rnntrainer name=t model-file=%s", queues[i], recipe);
    g_autofree gchar *complaints = test_complaints (messages);

    g_assert_false (test_ended_well (messages));
    g_assert_nonnull (strstr (complaints, "nothing is linked to label"));
  }
}

static void
test_too_long (void)
{
  Bench *b = speech_bench ("too-long");
  g_autoptr (GString) dots = g_string_new (NULL);

  g_object_set (b->trainer, "config", "epochs=1", NULL);
  for (guint i = 0; i < 1000000; i++)
    g_string_append_c (dots, '.');
  push_label (b, "cd", 0, 3600000);     /* an hour: what comes within it is not lost */
  push_label (b, dots->str, 0, 300);
  push_label (b, "ab", 300, 600);
  push_data (b, 0, 600);
  expect_examples (b, 1, frames (300), 2);
  bench_free (b);
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
  wait_for_error (b, "nothing to learn from");
  g_assert_false (g_file_test (b->location, G_FILE_TEST_EXISTS));
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
  g_test_add_func ("/trainer-refuse/places", test_places);
  g_test_add_func ("/trainer-refuse/link", test_link);
  g_test_add_func ("/trainer-refuse/half", test_half);
  g_test_add_func ("/trainer-refuse/too-long", test_too_long);
  g_test_add_func ("/trainer-refuse/too-short", test_too_short);
  return test_run ();
}
