/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The caps between elements, and time from counting. */
#include <gst/gst.h>
#include "plugins/stage/gstrnncaps.h"
#include "plugins/stage/gstrnntimeline.h"

static void
test_round_trip (void)
{
  GstRnnTensors in = { 80, 100, 3 }, out;
  g_autoptr (GstCaps) caps = gst_rnn_tensors_to_caps (&in, "features", "english");
  g_autoptr (GstCaps) template = gst_caps_from_string (GST_RNN_TENSORS_CAPS);
  g_autoptr (GError) error = NULL;

  g_assert_true (gst_caps_is_subset (caps, template));
  g_assert_true (gst_rnn_tensors_from_caps (&out, caps, &error));
  g_assert_no_error (error);
  g_assert_cmpint (out.n, ==, 80);
  g_assert_cmpint (out.fps_n, ==, 100);
  g_assert_cmpint (out.fps_d, ==, 3);
}

/* As NNStreamer's own elements write it */
static void
test_dimensions (void)
{
  static const struct {
    const gchar *text;
    gint n;
  } cases[] = { {"80", 80}, {"80:1", 80}, {"80:1:1:1", 80}, {"1:1:1:1", 1}, {"80:2", 0}, {"80:1:2:1", 0}, {"0:1", 0},
    {"", 0}, {"x", 0}, {"-3:1", 0}, {"80:", 0}, {"99999999999999999999:1", 0}, {"4294967376:1", 0} };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (GstCaps) caps = gst_caps_new_simple ("other/tensors", "dimensions", G_TYPE_STRING, cases[i].text,
        "framerate", GST_TYPE_FRACTION, 1, 3600, NULL);
    g_autoptr (GError) error = NULL;
    GstRnnTensors tensors;

    g_assert_cmpint (gst_rnn_tensors_from_caps (&tensors, caps, &error), ==, cases[i].n > 0);
    if (cases[i].n) {
      g_assert_cmpint (tensors.n, ==, cases[i].n);
      g_assert_cmpint (tensors.fps_d, ==, 3600);
    } else {
      g_assert_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION);
    }
  }
}

/* No rounding adds up, at any rate. */
static void
test_time (void)
{
  GstRnnTimeline t;

  gst_rnn_timeline_init (&t, 44100, 1);
  g_assert_false (gst_rnn_timeline_started (&t));
  gst_rnn_timeline_start (&t, GST_SECOND);
  t.count = (guint64) 44100 * 3600 * 24 * 365;
  g_assert_cmpuint (gst_rnn_timeline_next (&t), ==, (G_GUINT64_CONSTANT (3600) * 24 * 365 + 1) * GST_SECOND);
  g_assert_cmpuint (gst_rnn_timeline_at (&t, -200), ==, GST_SECOND);
  gst_rnn_timeline_init (&t, 1, 3600);
  gst_rnn_timeline_start (&t, 0);
  g_assert_cmpuint (gst_rnn_timeline_at (&t, 24), ==, 86400 * GST_SECOND);
}

static GstBuffer *
buffer_at (GstClockTime pts, gboolean discont)
{
  static GstBuffer *buffer;

  gst_clear_buffer (&buffer);
  buffer = gst_buffer_new ();
  GST_BUFFER_PTS (buffer) = pts;
  if (discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  return buffer;
}

static void
test_jumps (void)
{
  const GstClockTime ms = GST_MSECOND, threshold = 40 * ms, wait = 1000 * ms;
  GstRnnTimeline t;

  gst_rnn_timeline_init (&t, 1000, 1);
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (77, TRUE), threshold, wait));
  gst_rnn_timeline_start (&t, 0);
  t.count = 500;
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (539 * ms, TRUE), threshold, wait));
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (461 * ms, TRUE), threshold, wait));
  g_assert_true (gst_rnn_timeline_is_elsewhere (&t, buffer_at (540 * ms, TRUE), threshold, wait));
  g_assert_true (gst_rnn_timeline_is_elsewhere (&t, buffer_at (0, TRUE), threshold, wait));
  g_assert_true (gst_rnn_timeline_is_elsewhere (&t, buffer_at (540 * ms, FALSE), threshold, 0));
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (GST_CLOCK_TIME_NONE, TRUE), threshold, wait));
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (900 * ms, FALSE), threshold, wait));
  t.count += 999;
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (1899 * ms, FALSE), threshold, wait));
  t.count += 1;
  g_assert_true (gst_rnn_timeline_is_elsewhere (&t, buffer_at (1900 * ms, FALSE), threshold, wait));
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (1500 * ms, FALSE), threshold, wait));
  g_assert_false (gst_rnn_timeline_is_elsewhere (&t, buffer_at (1900 * ms, FALSE), threshold, wait));   /* from anew */
  buffer_at (0, FALSE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  gst_init (&argc, &argv);
  g_test_add_func ("/caps/round-trip", test_round_trip);
  g_test_add_func ("/caps/dimensions", test_dimensions);
  g_test_add_func ("/timeline/time", test_time);
  g_test_add_func ("/timeline/jumps", test_jumps);
  return g_test_run ();
}
