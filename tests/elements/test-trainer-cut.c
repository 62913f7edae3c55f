/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: what it cuts out of its streams. */
#include "trainer-bench.h"
#include <glib/gstdio.h>
#include <gst/base/base.h>
#include <math.h>
#include <string.h>

/* ---- texts ---- */

/* [PTS, PTS + duration) of a text, to the sample, wherever the buffers of the data are cut. */
static void
test_cut (void)
{
  static const guint sizes[] = { 10, 70, 1000 };

  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++) {
    Bench *b = speech_bench ("cut");
    guint t = 0;

    push_label (b, "ab", 105, 655);
    for (; t < 655; t += sizes[s])
      push_data (b, t, t + sizes[s]);
    push_label (b, "cd", 1105, 1505);
    for (; t < 1505; t += sizes[s])
      push_data (b, t, t + sizes[s]);
    expect_examples (b, 2, frames (550) + frames (400), 0);
    g_unlink (b->checkpoint);
    bench_free (b);
  }
}

static void
test_texts (void)
{
  Bench *b = speech_bench ("texts");

  push_label (b, "x marks", 0, 400);    /* no token for these */
  push_data (b, 0, 400);
  push_label (b, "\320\271", 400, 800);
  push_data (b, 400, 800);
  push_label (b, "A, B!", 800, 1200);   /* what is spoken: "a b" */
  push_data (b, 800, 1200);
  push_label (b, "\"Ab.\"", 1200, 1600);
  push_data (b, 1200, 1600);
  push_label (b, "a", 1600, 1610);      /* less than a frame */
  push_data (b, 1600, 1610);
  expect_examples (b, 2, 2 * frames (400), 3);
  bench_free (b);
}

/* A track's texts as containers have them. */
static void
test_forms (void)
{
  static const struct {
    const gchar *caps, *good, *bad;
  } forms[] = {
    { "text/x-raw, format=(string)pango-markup", "<i>ab</i>", "<i>" },
    { "application/x-ass", "0,0,Default,,0,0,0,,ab\\Ncd", "0,0,Default,,0,0,0,,{\\an8}" },
    { "application/x-subtitle-unknown", "name\nline:0\nab", "\n\n..." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++) {
    Bench *b = speech_bench ("forms");

    gst_harness_set_src_caps_str (b->label, forms[i].caps);
    push_label (b, forms[i].good, 0, 400);
    push_label (b, forms[i].bad, 400, 800);
    push_data (b, 0, 800);
    expect_examples (b, 1, frames (400), 1);
    g_unlink (b->checkpoint);
    bench_free (b);
  }
}

static void
test_skipped_message (void)
{
  Bench *b = speech_bench ("skipped");
  const gchar *reason;
  GstMessage *message;

  push_label (b, "abcq", 0, 400);
  push_data (b, 0, 400);
  message = wait_for_report (b, "skipped");
  reason = gst_structure_get_string (gst_message_get_structure (message), "reason");
  g_assert_nonnull (strstr (reason, "q"));
  gst_message_unref (message);
  bench_free (b);
}

/* A text of nothing is learnt from: where it lies nobody speaks.  Its buffer has no memory. */
static void
test_silent_text (void)
{
  Bench *b = speech_bench ("silent");
  GstBuffer *nothing = gst_buffer_new ();

  GST_BUFFER_PTS (nothing) = 0;
  GST_BUFFER_DURATION (nothing) = 400 * GST_MSECOND;
  g_assert_cmpint (gst_harness_push (b->label, nothing), ==, GST_FLOW_OK);
  push_label (b, "ab", 400, 800);
  push_data (b, 0, 800);
  expect_examples (b, 2, 2 * frames (400), 0);
  bench_free (b);
}

/* A character without a token is told of once, however many texts have it. */
static void
test_unspelled (void)
{
  Bench *b = speech_bench ("unspelled");
  guint n_warnings = 0;

  for (guint i = 0; i < 30; i++) {
    push_label (b, i % 3 ? "abq" : "cd", 400 * i, 400 * i + 400);
    push_data (b, 400 * i, 400 * i + 400);
  }
  push_eos (b);
  for (;;) {
    g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (b->bus, GST_CLOCK_TIME_NONE,
        GST_MESSAGE_WARNING | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    g_autoptr (GError) warning = NULL;

    if (GST_MESSAGE_TYPE (message) != GST_MESSAGE_WARNING)
      break;
    gst_message_parse_warning (message, &warning, NULL);
    if (strstr (warning->message, "texts to train on are left out"))
      g_assert_nonnull (strstr (warning->message, "q (U+0071) in 20 texts, as in \"abq\""));
    n_warnings++;
  }
  g_assert_cmpuint (n_warnings, ==, 2);
  g_assert_cmpuint (get_stat (b, "skipped"), ==, 20);
  bench_free (b);
}

/* Texts that overlap a little are parted where the later one begins; those of the same time are one example. */
static void
test_overlap (void)
{
  Bench *b = speech_bench ("overlap");

  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_label (b, "cd", 300, 700);
  push_data (b, 400, 800);
  push_label (b, "ef", 800, 1200);
  push_label (b, "gh", 900, 1300);
  push_label (b, "ab", 700, 1300);      /* before the one that has begun */
  push_data (b, 800, 1300);
  expect_examples (b, 3, frames (300) + frames (400) + frames (500), 1);
  bench_free (b);
}

static void
test_late_text (void)
{
  Bench *b = speech_bench ("late");

  push_label (b, "ab", 800, 1200);
  push_label (b, "cd", 1200, 1600);
  push_data (b, 0, 1200);
  push_label (b, "ef", 200, 600);       /* that has been used up */
  push_label (b, "gh", 1600, 2000);     /* the data end within it */
  push_data (b, 1200, 1700);
  expect_examples (b, 2, 2 * frames (400), 2);
  bench_free (b);
}

/* All data before all texts, all texts before all data, texts seconds apart: nothing waits for what is behind it. */
static void
test_layouts (void)
{
  for (guint layout = 0; layout < 3; layout++) {
    Bench *b = speech_bench ("layouts");

    for (guint t = 0; layout == 0 && t < 30000; t += 500)
      push_data (b, t, t + 500);
    for (guint i = 0; i < 3; i++) {
      push_label (b, "ab", 10000 * i + 5000, 10000 * i + 5500);
      for (guint t = 10000 * i; layout == 1 && t < 10000 * i + 10000; t += 500)
        push_data (b, t, t + 500);
    }
    for (guint t = 0; layout == 2 && t < 30000; t += 500)
      push_data (b, t, t + 500);
    expect_examples (b, 3, 3 * frames (500), 0);
    g_unlink (b->checkpoint);
    bench_free (b);
  }
}

static void
test_no_time (void)
{
  Bench *b = speech_bench ("no-time");
  GstBuffer *timeless = gst_buffer_new_memdup ("ab", 2), *endless = text_buffer ("ab", 0, 0);

  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  gst_harness_push (b->label, timeless);
  push_data (b, 400, 800);
  GST_BUFFER_PTS (endless) = 900 * GST_MSECOND;
  GST_BUFFER_DURATION (endless) = GST_CLOCK_TIME_NONE;
  gst_harness_push (b->label, endless);
  push_data (b, 800, 1200);
  expect_examples (b, 1, frames (400), 2);
  bench_free (b);
}

static void
test_dev (void)
{
  Bench *b = speech_bench ("dev");
  GstHarness *data = gst_harness_new_with_element (b->trainer, "dev_sink", NULL);
  GstHarness *label = gst_harness_new_with_element (b->trainer, "dev_label", NULL);
  GstMessage *message;
  gdouble metric;

  gst_harness_set_src_caps_str (data, TEST_AUDIO_CAPS);
  gst_harness_set_src_caps_str (label, TEXT_CAPS);
  gst_harness_push (label, text_buffer ("ab", 0, 400));
  gst_harness_push (data, tone_buffer (0, 400));
  gst_harness_push_event (label, gst_event_new_eos ());
  gst_harness_push_event (data, gst_event_new_eos ());
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  message = wait_for_report (b, "epoch");
  g_assert_true (gst_structure_get_double (gst_message_get_structure (message), "dev-metric", &metric));
  g_assert_true (isfinite (metric));
  gst_message_unref (message);
  wait_for_end (b);
  g_assert_cmpuint (get_stat (b, "examples"), ==, 1);
  g_assert_cmpuint (get_stat (b, "dev-examples"), ==, 1);
  gst_harness_teardown (label);
  gst_harness_teardown (data);
  bench_free (b);
}

/* ---- tensors and series ---- */

static GstBuffer *
floats_buffer (const gfloat *values, guint n, guint start)
{
  GstBuffer *buffer = gst_buffer_new_memdup (values, n * sizeof (gfloat));

  GST_BUFFER_PTS (buffer) = start * GST_MSECOND;
  return buffer;
}

static gdouble
last_loss (Bench *b)
{
  gdouble loss = NAN;

  for (;;) {
    GstMessage *message = wait_for (b, GST_MESSAGE_ELEMENT | GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
    GstMessageType type = GST_MESSAGE_TYPE (message);

    g_assert_cmpint (type, !=, GST_MESSAGE_ERROR);
    if (type == GST_MESSAGE_ELEMENT)
      gst_structure_get_double (gst_message_get_structure (message), "loss", &loss);
    gst_message_unref (message);
    if (type == GST_MESSAGE_EOS)
      return loss;
  }
}

/* 100 ms a row; the target is the difference of the two inputs */
static void
test_tensors (void)
{
  g_autofree gchar *recipe = test_series_recipe ("tensors.json", "tensors", 2);
  Bench *b = bench_new ("tensors", recipe, TENSOR_CAPS ("2"), TENSOR_CAPS ("1"));
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  for (guint t = 0; t < 60; t++) {
    gfloat x[] = { sinf (t * 0.7f), cosf (t * 0.3f) }, y = 0.5f * (x[0] - x[1]);

    if (t == 40)                /* one example ends, another begins */
      gst_harness_push_event (b->data, gst_event_new_segment (&segment));
    g_assert_cmpint (gst_harness_push (b->label, floats_buffer (&y, 1, 100 * t)), ==, GST_FLOW_OK);
    g_assert_cmpint (gst_harness_push (b->data, floats_buffer (x, 2, 100 * t)), ==, GST_FLOW_OK);
  }
  push_eos (b);
  g_assert_cmpfloat (last_loss (b), <, 0.05);
  g_assert_cmpuint (get_stat (b, "examples"), ==, 2);
  g_assert_cmpuint (get_stat (b, "frames"), ==, 60);
  bench_free (b);
}

/* Nothing is learnt from what is no number, and that is said; with nothing else there is no model. */
static void
test_no_numbers (void)
{
  g_autofree gchar *recipe = test_series_recipe ("no-numbers.json", "tensors", 1);
  Bench *b = bench_new ("no-numbers", recipe, TENSOR_CAPS ("1"), TENSOR_CAPS ("1"));
  gfloat x = NAN, y = 1;

  for (guint t = 0; t < 20; t++) {
    g_assert_cmpint (gst_harness_push (b->label, floats_buffer (&y, 1, 100 * t)), ==, GST_FLOW_OK);
    g_assert_cmpint (gst_harness_push (b->data, floats_buffer (&x, 1, 100 * t)), ==, GST_FLOW_OK);
  }
  push_eos (b);
  wait_for_warning (b, "no finite numbers");
  wait_for_error (b, "nothing to learn from");
  g_assert_false (g_file_test (b->location, G_FILE_TEST_EXISTS));
  bench_free (b);
}

/* The two streams need not begin and end together: only rows that have a target count. */
static void
test_unequal_tensors (void)
{
  g_autofree gchar *recipe = test_series_recipe ("unequal.json", "tensors", 1);
  Bench *b = bench_new ("unequal", recipe, TENSOR_CAPS ("1"), TENSOR_CAPS ("1"));
  gfloat x = 1;

  g_assert_cmpint (gst_harness_push (b->data, floats_buffer (&x, 1, 300)), ==, GST_FLOW_OK);
  for (guint t = 0; t < 14; t++) {
    g_assert_cmpint (gst_harness_push (b->label, floats_buffer (&x, 1, 100 * t)), ==, GST_FLOW_OK);
    if (t >= 3 && t < 13)
      g_assert_cmpint (gst_harness_push (b->data, floats_buffer (&x, 1, 100 * t + 100)), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (b->data, gst_event_new_eos ());
  g_assert_cmpint (gst_harness_push (b->label, floats_buffer (&x, 1, 1400)), ==, GST_FLOW_OK);
  push_eos (b);
  wait_for_end (b);
  g_assert_cmpuint (get_stat (b, "examples"), ==, 1);
  g_assert_cmpuint (get_stat (b, "frames"), ==, 11);
  g_assert_cmpuint (get_stat (b, "skipped"), ==, 4);
  bench_free (b);
}

/* Ready-made features with texts: no audio needed. */
static void
test_tensors_with_text (void)
{
  g_autofree gchar *recipe = test_write_text ("tensor-text.json", "{\"format\": 1, \"name\": \"x\", "
      "\"input\": {\"kind\": \"tensors\", \"size\": %d}, \"layers\": [{\"cell\": \"dense\", \"name\": \"out\", "
      "\"units\": 3}], \"output\": {\"kind\": \"ctc\", \"blank\": 0, \"tokens\": [\"-\", \"a\", \"b\"]}, "
      "\"train\": {\"epochs\": 2}}", 2);
  Bench *b = bench_new ("tensor-text", recipe, TENSOR_CAPS ("2"), TEXT_CAPS);
  gfloat x[] = { 1, 2 };

  push_label (b, "ab", 200, 700);
  for (guint t = 0; t < 8; t++)
    g_assert_cmpint (gst_harness_push (b->data, floats_buffer (x, 2, 100 * t)), ==, GST_FLOW_OK);
  expect_examples (b, 1, 5, 0);
  bench_free (b);
}

static void
test_series (void)
{
  g_autofree gchar *recipe = test_series_recipe ("series.json", "series", 3);
  Bench *b = bench_new ("series", recipe, "audio/x-raw, format=(string)F64LE, layout=(string)interleaved, "
      "rate=(int)10, channels=(int)3, channel-mask=(bitmask)0x0", TENSOR_CAPS ("1"));
  gdouble rows[30][3];
  GstBuffer *buffer;

  for (guint t = 0; t < 30; t++)
    for (guint c = 0; c < 3; c++)
      rows[t][c] = sin (t * 0.5 + c);
  for (guint t = 0; t < 30; t++) {
    gfloat y = (gfloat) (0.3 * rows[t][0] + 0.2 * rows[t][2]);

    g_assert_cmpint (gst_harness_push (b->label, floats_buffer (&y, 1, 100 * t)), ==, GST_FLOW_OK);
    if (t % 15 == 0) {
      buffer = gst_buffer_new_memdup (rows[t], 15 * sizeof rows[0]);
      GST_BUFFER_PTS (buffer) = 100 * t * GST_MSECOND;
      g_assert_cmpint (gst_harness_push (b->data, buffer), ==, GST_FLOW_OK);
    }
  }
  push_eos (b);
  g_assert_cmpfloat (last_loss (b), <, 0.05);
  g_assert_cmpuint (get_stat (b, "examples"), ==, 1);
  g_assert_cmpuint (get_stat (b, "frames"), ==, 30);
  bench_free (b);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer-cut/cut", test_cut);
  g_test_add_func ("/trainer-cut/texts", test_texts);
  g_test_add_func ("/trainer-cut/forms", test_forms);
  g_test_add_func ("/trainer-cut/skipped-message", test_skipped_message);
  g_test_add_func ("/trainer-cut/silent-text", test_silent_text);
  g_test_add_func ("/trainer-cut/unspelled", test_unspelled);
  g_test_add_func ("/trainer-cut/overlap", test_overlap);
  g_test_add_func ("/trainer-cut/layouts", test_layouts);
  g_test_add_func ("/trainer-cut/late-text", test_late_text);
  g_test_add_func ("/trainer-cut/no-time", test_no_time);
  g_test_add_func ("/trainer-cut/dev", test_dev);
  g_test_add_func ("/trainer-cut/tensors", test_tensors);
  g_test_add_func ("/trainer-cut/no-numbers", test_no_numbers);
  g_test_add_func ("/trainer-cut/unequal-tensors", test_unequal_tensors);
  g_test_add_func ("/trainer-cut/tensors-with-text", test_tensors_with_text);
  g_test_add_func ("/trainer-cut/series", test_series);
  return test_run ();
}
