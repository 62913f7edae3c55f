/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams as they come: live ones that stop, late captions, files whose time begins elsewhere, buffers that end within a
 * sample, values that are no numbers. */
#include "common.h"
#include "kinds.h"
#include <gst/check/gsttestclock.h>
#include <math.h>

static gchar *model;

/* ---- live ---- */

/* A transcriber in a live pipeline, whose clock is the test's. */
static TestHarness *
live_transcriber (const gchar *first_property, const gchar *value)
{
  TestHarness *t = test_transcriber_new (model, NULL);

  if (first_property)
    gst_util_set_object_arg (G_OBJECT (t->element), first_property, value);
  gst_harness_use_testclock (t->h);
  gst_harness_query_latency (t->h);     /* where the stages learn that it is live */
  return t;
}

/* No more buffers, and no end: after as long as ends an utterance its captions are there. */
static void
test_stop (void)
{
  TestHarness *t = live_transcriber ("output-mode", "segments");

  test_say (t, "_abc de_", 0);
  g_assert_cmpuint (gst_harness_buffers_in_queue (t->h), ==, 0);
  gst_harness_wait_for_clock_id_waits (t->h, 1, 60);
  gst_harness_crank_single_clock_wait (t->h);
  {
    g_autoptr (GstBuffer) buffer = gst_harness_pull (t->h);     /* waits for it */

    g_assert_cmpuint (GST_BUFFER_PTS (buffer), ==, 90 * GST_MSECOND);
  }
  test_say (t, "_fg", 50);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "fg");
  test_harness_free (t);
}

/* The same in the midst of a word, whose last letter no step that the model looks ahead for follows; and the sound goes on where it was. */
static void
test_stop_midway (void)
{
  g_autofree gchar *far = test_tone_model ("far", &(TestModel) {.lookahead = 12 });
  TestHarness *t = test_transcriber_new (far, "output-mode", 1, NULL);
  g_autoptr (GstBuffer) buffer = NULL;

  gst_harness_use_testclock (t->h);
  gst_harness_query_latency (t->h);
  test_say (t, "_abc de", 0);
  gst_harness_wait_for_clock_id_waits (t->h, 1, 60);
  gst_harness_crank_single_clock_wait (t->h);
  buffer = gst_harness_pull (t->h);
  g_assert_cmpint (gst_buffer_memcmp (buffer, 0, "abc de", 6), ==, 0);
  g_assert_cmpuint (gst_buffer_get_size (buffer), ==, 6);
  test_say (t, "fg", 7);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_words (t, "fg");
  test_harness_free (t);
}

/* A caption that could not be in time is told of once; on request captions are shown later from then on. */
static void
test_late (gconstpointer adapt)
{
  TestHarness *t = live_transcriber ("adapt-lateness", adapt);
  gboolean adapts = g_str_equal (adapt, "true");
  GstMessage *message;
  guint n = 0;

  g_object_set (t->element, "latency", 100, "output-mode", 1, NULL);
  test_say (t, "_abc de_f gh" TEST_LONG_SILENCE "_ab" TEST_LONG_SILENCE, 0);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  while ((message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_WARNING))) {
    n++;
    gst_message_unref (message);
  }
  g_assert_cmpuint (n, ==, adapts ? 0 : 1);
  gst_buffer_unref (gst_harness_pull (t->h));
  {
    g_autoptr (GstBuffer) second = gst_harness_pull (t->h);
    GstClockTime spoken = 2690 * GST_MSECOND;

    g_assert_cmpuint (GST_BUFFER_PTS (second), >=, adapts ? spoken + GST_SECOND : spoken - GST_SECOND);
  }
  test_harness_free (t);
}

/* ---- files ---- */

/* Timestamps begin at an hour, as an edit list or a recorder has it: captions tell the time that a player shows. */
static void
test_stream_time (void)
{
  TestHarness *t = test_transcriber_new (model, NULL);
  GstSegment segment;

  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.start = segment.position = 3600 * GST_SECOND;
  segment.time = 0;
  gst_harness_push_event (t->h, gst_event_new_segment (&segment));
  test_say (t, "_abc de", 36000);
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_text (t, "90-360 abc\n480-660 de\n");
  test_harness_free (t);
}

/* Bytes in any number are the same samples. */
static void
test_bytes (void)
{
  TestHarness *t = test_transcriber_new (model, NULL);
  g_autoptr (GArray) samples = test_speak ("_abc de_");
  gsize size = samples->len * sizeof (gfloat), at, n;

  for (at = 0; at < size; at += n) {
    n = MIN (3001, size - at);
    g_assert_cmpint (gst_harness_push (t->h, gst_buffer_new_memdup (samples->data + at, n)), ==, GST_FLOW_OK);
  }
  gst_harness_push_event (t->h, gst_event_new_eos ());
  test_expect_text (t, "90-360 abc\n480-660 de\n");
  test_harness_free (t);
}

/* Steps with values that are no numbers: told once, and nothing after them is harmed. */
static void
test_not_finite (void)
{
  const TestKind *kind = &test_kinds[1];        /* rnninfer */
  TestHarness *t = test_kind_start (kind, model);
  GstMessage *message;
  guint i, n = 0;

  for (i = 0; i < 2; i++) {
    gfloat frame[23];
    guint k;

    for (k = 0; k < G_N_ELEMENTS (frame); k++)
      frame[k] = i ? NAN : INFINITY;
    gst_harness_push (t->h, gst_buffer_new_memdup (frame, sizeof (frame)));
  }
  test_kind_say (t, kind, "_ab", 2);
  test_kind_end (t);
  test_kind_expect (t, kind, "ab");
  while ((message = gst_bus_pop_filtered (t->bus, GST_MESSAGE_WARNING))) {
    n++;
    gst_message_unref (message);
  }
  g_assert_cmpuint (n, ==, 1);
  test_harness_free (t);
}

int
main (int argc, char **argv)
{
  int result;

  test_init (&argc, &argv);
  model = test_tone_model ("tones", &(TestModel) { .lookahead = 3 });
  g_test_add_func ("/live/stop", test_stop);
  g_test_add_func ("/live/stop/midway", test_stop_midway);
  g_test_add_data_func ("/live/late/told", "false", test_late);
  g_test_add_data_func ("/live/late/adapts", "true", test_late);
  g_test_add_func ("/file/stream-time", test_stream_time);
  g_test_add_func ("/file/bytes", test_bytes);
  g_test_add_func ("/stream/not-finite", test_not_finite);
  result = test_run ();
  g_free (model);
  return result;
}
