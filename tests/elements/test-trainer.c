/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnntrainer: what it cuts out of its streams, one test per cell of the event table, and what ends a training. */
#include "corpus.h"
#include "harness.h"
#include <glib/gstdio.h>
#include <gst/base/base.h>
#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

/* ---- a trainer between harnesses ---- */

typedef struct {
  GstElement *trainer;
  GstHarness *data, *label;
  GstBus *bus;
  gchar *location, *checkpoint;
} Bench;

#define TEXT_CAPS "text/x-raw, format=(string)utf8"
#define TENSOR_CAPS(n) "other/tensors, format=(string)static, num_tensors=(int)1, types=(string)float32, " \
    "dimensions=(string)" n ":1, framerate=(fraction)10/1"

static Bench *
bench_new (const gchar *name, const gchar *recipe, const gchar *data_caps, const gchar *label_caps)
{
  g_autofree gchar *location = g_strconcat (name, ".safetensors", NULL), *checkpoint = g_strconcat (name, ".ckpt", NULL);
  Bench *b = g_new0 (Bench, 1);

  b->location = g_build_filename (test_dir (), location, NULL);
  b->checkpoint = g_build_filename (test_dir (), checkpoint, NULL);
  b->trainer = gst_object_ref_sink (gst_element_factory_make ("rnntrainer", NULL));
  g_object_set (b->trainer, "model-file", recipe, "location", b->location, "checkpoint", b->checkpoint, NULL);
  b->bus = gst_bus_new ();
  gst_element_set_bus (b->trainer, b->bus);
  b->data = gst_harness_new_with_element (b->trainer, "sink", "src");
  b->label = gst_harness_new_with_element (b->trainer, "label", NULL);
  gst_harness_set_src_caps_str (b->data, data_caps);
  gst_harness_set_src_caps_str (b->label, label_caps);
  return b;
}

static Bench *
speech_bench (const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, ".json", NULL), *recipe = test_speech_recipe (file);

  return bench_new (name, recipe, TEST_AUDIO_CAPS, TEXT_CAPS);
}

static void
bench_free (Bench *b)
{
  gst_element_set_state (b->trainer, GST_STATE_NULL);
  gst_harness_teardown (b->label);
  gst_harness_teardown (b->data);
  gst_element_set_bus (b->trainer, NULL);
  gst_object_unref (b->bus);
  gst_object_unref (b->trainer);
  g_free (b->location);
  g_free (b->checkpoint);
  g_free (b);
}

/* Times in ms */
static GstBuffer *
text_buffer (const gchar *text, guint start, guint end)
{
  GstBuffer *buffer = gst_buffer_new_memdup (text, strlen (text));

  GST_BUFFER_PTS (buffer) = start * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = (end - start) * GST_MSECOND;
  return buffer;
}

static void
push_label (Bench *b, const gchar *text, guint start, guint end)
{
  g_assert_cmpint (gst_harness_push (b->label, text_buffer (text, start, end)), ==, GST_FLOW_OK);
}

static GstBuffer *
tone_buffer (guint start, guint end)
{
  g_autoptr (GArray) samples = test_speak ("abcdefghabcdefghabcdefghabcdefgh");

  return test_audio_buffer ((gfloat *) samples->data, (end - start) * 16, start * 16);
}

static void
push_data (Bench *b, guint start, guint end)
{
  g_assert_cmpint (gst_harness_push (b->data, tone_buffer (start, end)), ==, GST_FLOW_OK);
}

static void
push_eos (Bench *b)
{
  gst_harness_push_event (b->label, gst_event_new_eos ());
  gst_harness_push_event (b->data, gst_event_new_eos ());
}

/* Waits for a message; those before it are lost. (transfer full) */
static GstMessage *
wait_for (Bench *b, GstMessageType type)
{
  return gst_bus_timed_pop_filtered (b->bus, GST_CLOCK_TIME_NONE, type);
}

static void
wait_for_end (Bench *b)
{
  GstMessage *message = wait_for (b, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_message_unref (message);
}

static void
wait_for_error (Bench *b, const gchar *part)
{
  GstMessage *message = wait_for (b, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  if (!strstr (error->message, part))
    g_error ("\"%s\" does not mention \"%s\"", error->message, part);
  gst_message_unref (message);
}

/* The next element message of @type. (transfer full) */
static GstMessage *
wait_for_report (Bench *b, const gchar *type)
{
  for (;;) {
    GstMessage *message = wait_for (b, GST_MESSAGE_ELEMENT);

    if (g_strcmp0 (gst_structure_get_string (gst_message_get_structure (message), "type"), type) == 0)
      return message;
    gst_message_unref (message);
  }
}

static guint64
get_stat (Bench *b, const gchar *name)
{
  g_autoptr (GstStructure) stats = NULL;
  guint64 large;
  guint small;

  g_object_get (b->trainer, "stats", &stats, NULL);
  if (gst_structure_get_uint (stats, name, &small))
    return small;
  g_assert_true (gst_structure_get_uint64 (stats, name, &large));
  return large;
}

/* 10 ms frames of windows of 25 ms in so many ms */
static guint
frames (guint ms)
{
  return (ms - 25) / 10 + 1;
}

/* Ends the stream and compares what was cut. */
static void
expect_examples (Bench *b, guint examples, guint n_frames, guint skipped)
{
  push_eos (b);
  if (examples > 0)
    wait_for_end (b);
  else
    wait_for_error (b, "no utterance");
  g_assert_cmpuint (get_stat (b, "examples"), ==, examples);
  g_assert_cmpuint (get_stat (b, "frames"), ==, n_frames);
  g_assert_cmpuint (get_stat (b, "skipped"), ==, skipped);
}

/* ---- what is cut ---- */

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
  push_label (b, "\303\251", 400, 800);
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

static void
test_late_text (void)
{
  Bench *b = speech_bench ("late");

  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_label (b, "cd", 200, 600);       /* half of it has been used up */
  push_data (b, 400, 800);
  push_label (b, "ef", 800, 1200);
  push_data (b, 800, 1200);
  push_label (b, "gh", 1200, 1600);     /* the data end within it */
  push_data (b, 1200, 1400);
  expect_examples (b, 2, 2 * frames (400), 2);
  bench_free (b);
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

  for (guint t = 0; t < 60; t++) {
    gfloat x[] = { sinf (t * 0.7f), cosf (t * 0.3f) }, y = 0.5f * (x[0] - x[1]);

    if (t == 40)                /* one example ends, another begins */
      gst_harness_push_event (b->data, gst_event_new_segment (&GST_AGGREGATOR_PAD (GST_PAD_PEER (b->data->srcpad))->
              segment));
    g_assert_cmpint (gst_harness_push (b->label, floats_buffer (&y, 1, 100 * t)), ==, GST_FLOW_OK);
    g_assert_cmpint (gst_harness_push (b->data, floats_buffer (x, 2, 100 * t)), ==, GST_FLOW_OK);
  }
  push_eos (b);
  g_assert_cmpfloat (last_loss (b), <, 0.05);
  g_assert_cmpuint (get_stat (b, "examples"), ==, 2);
  g_assert_cmpuint (get_stat (b, "frames"), ==, 60);
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

/* ---- the event table ---- */

static GstEvent *
pull_event (GstHarness *h, GstEventType type)
{
  for (;;) {
    GstEvent *event = gst_harness_pull_event (h);

    g_assert_nonnull (event);
    if (GST_EVENT_TYPE (event) == type)
      return event;
    gst_event_unref (event);
  }
}

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

/* So many epochs that only what ends a training ends it. */
static Bench *
endless_bench (const gchar *name)
{
  Bench *b = speech_bench (name);

  g_object_set (b->trainer, "config", "epochs=1000000", NULL);
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  gst_message_unref (wait_for_report (b, "epoch"));
  return b;
}

static guint64
checkpoint_update (const gchar *path)
{
  g_autofree gchar *bytes = NULL;
  gchar *found;
  gsize n;

  g_assert_true (g_file_get_contents (path, &bytes, &n, NULL));
  for (gsize i = 0; i < n; i++)
    if (bytes[i] == 0)
      bytes[i] = ' ';
  found = strstr (bytes, "optimizer.step");
  g_assert_nonnull (found);
  while (!g_ascii_isdigit (*found))
    found++;
  return g_ascii_strtoull (found, NULL, 10);
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

static void
test_discont (void)
{
  for (guint flagged = 0; flagged < 2; flagged++) {
    Bench *b = speech_bench ("discont");
    GstBuffer *buffer = flagged ? tone_buffer (200, 400) : tone_buffer (600, 800);

    if (flagged)
      GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
    push_label (b, "ab", 0, 800);
    push_data (b, 0, 200);
    g_assert_cmpint (gst_harness_push (b->data, buffer), ==, GST_FLOW_OK);
    push_label (b, "cd", 800, 1100);
    push_data (b, flagged ? 400 : 800, 1100);
    expect_examples (b, 1, frames (300), 1);
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

/* ---- what ends a training ---- */

static void
test_stop (void)
{
  Bench *b = endless_bench ("stop");

  g_signal_emit_by_name (b->trainer, "stop");
  wait_for_end (b);
  gst_event_unref (pull_event (b->data, GST_EVENT_EOS));
  g_assert_cmpuint (checkpoint_update (b->checkpoint), >, 0);
  g_assert_true (g_file_test (b->location, G_FILE_TEST_EXISTS));
  bench_free (b);
}

static void
test_ready (void)
{
  Bench *b = endless_bench ("ready");

  gst_element_set_state (b->trainer, GST_STATE_READY);
  g_assert_cmpuint (checkpoint_update (b->checkpoint), >, 0);
  bench_free (b);
}

static void
test_pause (void)
{
  Bench *b = endless_bench ("pause");
  GstMessage *message;

  gst_element_set_state (b->trainer, GST_STATE_PAUSED);
  g_usleep (20000);             /* the minibatch under way */
  gst_bus_set_flushing (b->bus, TRUE);
  gst_bus_set_flushing (b->bus, FALSE);
  g_usleep (20000);
  message = gst_bus_pop_filtered (b->bus, GST_MESSAGE_ELEMENT);
  g_assert_null (message);
  gst_element_set_state (b->trainer, GST_STATE_PLAYING);
  gst_message_unref (wait_for_report (b, "epoch"));
  bench_free (b);
}

static void
train_whole (Bench *b)
{
  for (guint i = 0; i < 12; i++) {
    push_label (b, i % 2 ? "ab" : "cd", 300 * i, 300 * i + 300);
    push_data (b, 300 * i, 300 * i + 300);
  }
  push_eos (b);
}

/* Stopped and started again a few times, training ends with the very bytes of an unbroken one. */
static void
test_resume (void)
{
  g_autofree gchar *whole = NULL, *broken = NULL;
  gsize n_whole, n_broken;
  Bench *b = speech_bench ("whole");
  guint starts = 0;

  g_object_set (b->trainer, "config", "epochs=6,batch_size=2", NULL);
  train_whole (b);
  wait_for_end (b);
  g_assert_true (g_file_get_contents (b->location, &whole, &n_whole, NULL));
  bench_free (b);

  for (guint64 update = 0; update < 36; starts++) {
    b = speech_bench ("broken");
    g_object_set (b->trainer, "config", "epochs=6,batch_size=2", "progress-interval", 0, NULL);
    train_whole (b);
    gst_message_unref (wait_for_report (b, "update"));
    g_signal_emit_by_name (b->trainer, "stop");
    wait_for_end (b);
    update = checkpoint_update (b->checkpoint);
    g_assert_true (g_file_get_contents (b->location, &broken, &n_broken, NULL));
    bench_free (b);
    if (update < 36)
      g_clear_pointer (&broken, g_free);
  }
  g_test_message ("%u starts", starts);
  g_assert_cmpmem (broken, n_broken, whole, n_whole);
}

/* Killed at any moment, with a checkpoint after every update, what is on the disk is whole. */
static void
test_kill (void)
{
  g_autofree gchar *corpus = test_write_corpus ("kill", 6), *recipe = test_speech_recipe ("kill.json");
  g_autofree gchar *checkpoint = g_build_filename (test_dir (), "kill.ckpt", NULL);
  g_autofree gchar *location = g_build_filename (test_dir (), "kill.safetensors", NULL);
  g_autofree gchar *command = g_strdup_printf ("gst-launch-1.0 -q rnncorpussrc name=c location=%s rnntrainer name=t "
      "model-file=%s checkpoint=%s location=%s checkpoint-interval=0 config=epochs=1000000 c.audio ! t.sink "
      "c.text ! t.label", corpus, recipe, checkpoint, location);
  g_auto (GStrv) argv = g_strsplit (command, " ", -1);
  g_autofree gchar *program = g_find_program_in_path ("gst-launch-1.0");
  guint64 before = 0;

  if (!program) {
    g_test_skip ("gst-launch-1.0 is not installed");
    return;
  }
  for (guint i = 0; i < 5; i++) {
    guint64 update;
    GPid child;

    g_assert_true (g_spawn_async (NULL, argv, NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL, &child,
            NULL));
    do
      g_usleep (3000 + 1700 * i);
    while (!g_file_test (checkpoint, G_FILE_TEST_EXISTS) || checkpoint_update (checkpoint) == before);
    kill (child, SIGKILL);
    waitpid (child, NULL, 0);
    update = checkpoint_update (checkpoint);    /* the next child reads it, or else makes no progress */
    g_assert_cmpuint (update, >, before);
    before = update;
  }
}

static void
test_bad_checkpoint (void)
{
  Bench *b = speech_bench ("bad");

  g_assert_true (g_file_set_contents (b->checkpoint, "this is no checkpoint", -1, NULL));
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_error (b, "bad.ckpt");
  bench_free (b);

  b = speech_bench ("bad");
  g_object_set (b->trainer, "resume", FALSE, NULL);     /* then it does not matter */
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_end (b);
  bench_free (b);
}

static void
test_no_room (void)
{
  Bench *b = speech_bench ("no-room");

  g_object_set (b->trainer, "location", "/nonexistent/model.safetensors", NULL);
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_error (b, "/nonexistent/model.safetensors");
  bench_free (b);
}

/* ---- settings ---- */

static void
expect_refusal (const gchar *model, const gchar *part)
{
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make ("rnntrainer", NULL));
  GstBus *bus = gst_bus_new ();
  g_autoptr (GError) error = NULL;
  GstMessage *message;

  g_object_set (trainer, "model-file", model, NULL);
  gst_element_set_bus (trainer, bus);
  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_READY), ==, GST_STATE_CHANGE_FAILURE);
  message = gst_bus_pop_filtered (bus, GST_MESSAGE_ERROR);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  if (!strstr (error->message, part))
    g_error ("\"%s\" does not mention \"%s\"", error->message, part);
  gst_message_unref (message);
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_element_set_bus (trainer, NULL);
  gst_object_unref (bus);
  gst_object_unref (trainer);
}

static void
test_bad_model (void)
{
  g_autofree gchar *prose = test_write_text ("prose.json", "%s", "no recipe");

  expect_refusal (NULL, "model-file");
  expect_refusal ("/nonexistent.json", "/nonexistent.json");
  expect_refusal (prose, "prose.json");
}

static void
test_bad_config (void)
{
  Bench *b = speech_bench ("config");

  g_object_set (b->trainer, "config", "epochs=2, learning_pace=3", NULL);
  push_label (b, "ab", 0, 400);
  push_data (b, 0, 400);
  push_eos (b);
  wait_for_error (b, "learning_pace");
  bench_free (b);
}

static void
test_half_dev (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("half.json");
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make ("rnntrainer", NULL));
  GstPad *pad = gst_element_request_pad_simple (trainer, "dev_sink");

  g_assert_nonnull (pad);
  g_object_set (trainer, "model-file", recipe, NULL);
  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_element_release_request_pad (trainer, pad);
  gst_object_unref (pad);
  g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PAUSED), ==, GST_STATE_CHANGE_SUCCESS);
  gst_element_set_state (trainer, GST_STATE_NULL);
  gst_object_unref (trainer);
}

static void
test_states (void)
{
  g_autofree gchar *recipe = test_speech_recipe ("states.json");
  GstElement *trainer = gst_object_ref_sink (gst_element_factory_make ("rnntrainer", NULL));

  g_object_set (trainer, "model-file", recipe, NULL);
  for (guint i = 0; i < 100; i++) {
    g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_PLAYING), ==, GST_STATE_CHANGE_SUCCESS);
    g_assert_cmpint (gst_element_set_state (trainer, GST_STATE_NULL), ==, GST_STATE_CHANGE_SUCCESS);
  }
  gst_object_unref (trainer);
}

/* ---- whole pipelines ---- */

static void
test_corpus (void)
{
  g_autofree gchar *corpus = test_write_corpus ("corpus", 24), *dev = test_write_corpus ("dev-corpus", 8);
  g_autofree gchar *recipe = test_speech_recipe ("corpus.json");
  g_autoptr (GPtrArray) messages = test_run_pipeline ("rnncorpussrc name=c location=%s seed=1 rnncorpussrc name=d "
      "location=%s rnntrainer name=t model-file=%s location=%s/corpus.safetensors config=epochs=150 n-threads=2 "
      "c.audio ! t.sink c.text ! t.label d.audio ! t.dev_sink d.text ! t.dev_label", corpus, dev, recipe, test_dir ());
  g_autofree gchar *complaints = test_complaints (messages);
  g_autoptr (GPtrArray) epochs = NULL;
  gdouble best;

  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_cmpstr (complaints, ==, "");
  epochs = test_structures (messages, "rnntrainer", "epoch");
  g_assert_cmpuint (epochs->len, ==, 150);
  g_assert_true (gst_structure_get_double (g_ptr_array_index (epochs, 149), "best-metric", &best));
  g_assert_cmpfloat (best, <, 0.2);     /* it has learnt the tones */
}

/* Any media file with a subtitle track. */
static void
test_subtitles (void)
{
  g_autoptr (GArray) speech = test_speak ("_ab__cd__ef__gh__");
  g_autofree gchar *wav = test_write_wav ("film.wav", speech, TEST_RATE, 1), *recipe = test_speech_recipe ("film.json");
  g_autofree gchar *srt = test_write_text ("film.srt", "%s",
      "1\n00:00:00,050 --> 00:00:00,350\n<i>Ab.</i>\n\n2\n00:00:00,450 --> 00:00:00,750\nCD!\n\n"
      "3\n00:00:00,850 --> 00:00:01,150\n(ef)\n\n4\n00:00:01,250 --> 00:00:01,550\n99 %\n\n");
  g_autoptr (GPtrArray) made = test_run_pipeline ("matroskamux name=m ! filesink location=%s/film.mkv "
      "filesrc location=%s ! wavparse ! audioconvert ! flacenc ! queue ! m. filesrc location=%s ! subparse ! queue ! m.",
      test_dir (), wav, srt);
  g_autoptr (GPtrArray) messages = NULL;
  g_autofree gchar *complaints = NULL, *line = NULL, *log = g_build_filename (test_dir (), "film.jsonl", NULL);

  g_assert_true (test_ended_well (made));
  messages = test_run_pipeline ("filesrc location=%s/film.mkv ! matroskademux name=d rnntrainer name=t model-file=%s "
      "d.audio_0 ! queue ! decodebin ! audioconvert ! audioresample ! t.sink d.subtitle_0 ! queue ! t.label "
      "t.src ! filesink location=%s", test_dir (), recipe, log);
  complaints = test_complaints (messages);
  if (!test_ended_well (messages))
    g_error ("%s", complaints);
  g_assert_nonnull (strstr (complaints, "0:00:01.25"));         /* nothing says 99 % with these tokens */
  g_assert_true (g_file_get_contents (log, &line, NULL, NULL));
  g_assert_true (g_str_has_prefix (line, "{\"examples\": 3, \"skipped\": 1,"));
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/trainer/cut", test_cut);
  g_test_add_func ("/trainer/texts", test_texts);
  g_test_add_func ("/trainer/skipped-message", test_skipped_message);
  g_test_add_func ("/trainer/late-text", test_late_text);
  g_test_add_func ("/trainer/no-time", test_no_time);
  g_test_add_func ("/trainer/dev", test_dev);
  g_test_add_func ("/trainer/tensors", test_tensors);
  g_test_add_func ("/trainer/unequal-tensors", test_unequal_tensors);
  g_test_add_func ("/trainer/tensors-with-text", test_tensors_with_text);
  g_test_add_func ("/trainer/series", test_series);
  g_test_add_func ("/trainer/eos", test_eos);
  g_test_add_func ("/trainer/eos-without-data", test_eos_without_data);
  g_test_add_func ("/trainer/flush-drops", test_flush_drops);
  g_test_add_func ("/trainer/flush-cancels", test_flush_cancels);
  g_test_add_func ("/trainer/segment", test_segment);
  g_test_add_func ("/trainer/wrong-segment", test_wrong_segment);
  g_test_add_func ("/trainer/running-time", test_running_time);
  g_test_add_func ("/trainer/gap", test_gap);
  g_test_add_func ("/trainer/discont", test_discont);
  g_test_add_func ("/trainer/caps-change", test_caps_change);
  g_test_add_func ("/trainer/wrong-caps", test_wrong_caps);
  g_test_add_func ("/trainer/caps-query", test_caps_query);
  g_test_add_func ("/trainer/stop", test_stop);
  g_test_add_func ("/trainer/ready", test_ready);
  g_test_add_func ("/trainer/pause", test_pause);
  g_test_add_func ("/trainer/resume", test_resume);
  g_test_add_func ("/trainer/kill", test_kill);
  g_test_add_func ("/trainer/bad-checkpoint", test_bad_checkpoint);
  g_test_add_func ("/trainer/no-room", test_no_room);
  g_test_add_func ("/trainer/bad-model", test_bad_model);
  g_test_add_func ("/trainer/bad-config", test_bad_config);
  g_test_add_func ("/trainer/half-dev", test_half_dev);
  g_test_add_func ("/trainer/states", test_states);
  g_test_add_func ("/trainer/corpus", test_corpus);
  g_test_add_func ("/trainer/subtitles", test_subtitles);
  return test_run ();
}
