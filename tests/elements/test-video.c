/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnvideo: pictures with rows of any stride become steps of the same time; a model of pictures runs behind it; sizes and formats that
 * it does not take are refused. */
#include <gst/check/gstharness.h>
#include <string.h>
#include "features/picture.h"

#define WIDTH 5
#define HEIGHT 3
#define STRIDE 8                /* of GRAY8: rows begin at multiples of four */

static GstBuffer *
make_picture (guint8 first)
{
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, STRIDE * HEIGHT, NULL);
  GstMapInfo map;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (guint i = 0; i < STRIDE * HEIGHT; i++)
    map.data[i] = i % STRIDE < WIDTH ? (guint8) (first + 37 * i) : 255;
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = 40 * GST_MSECOND * first;
  GST_BUFFER_DURATION (buffer) = 40 * GST_MSECOND;
  return buffer;
}

static void
test_steps (void)
{
  GstHarness *h = gst_harness_new ("rnnvideo");

  gst_harness_set_src_caps_str (h, "video/x-raw,format=GRAY8,width=5,height=3,framerate=25/1");
  for (guint8 first = 0; first < 4; first++) {
    GstBuffer *out = gst_harness_push_and_pull (h, make_picture (first));
    GstMapInfo map;
    const gfloat *step;

    g_assert_cmpuint (GST_BUFFER_PTS (out), ==, 40 * GST_MSECOND * first);
    g_assert_cmpuint (GST_BUFFER_DURATION (out), ==, 40 * GST_MSECOND);
    gst_buffer_map (out, &map, GST_MAP_READ);
    g_assert_cmpuint (map.size, ==, RNN_PICTURE_PARTS * WIDTH * HEIGHT * sizeof (gfloat));
    step = (const gfloat *) map.data;
    for (guint i = 0; i < WIDTH * HEIGHT; i++) {
      guint8 pixel = (guint8) (first + 37 * (i / WIDTH * STRIDE + i % WIDTH));

      g_assert_cmpfloat_with_epsilon (step[i], (pixel - 128) / 128.0, 1e-6);
      g_assert_cmpfloat_with_epsilon (step[WIDTH * HEIGHT + i], pixel % 8 / 3.5 - 1, 1e-6);
    }
    gst_buffer_unmap (out, &map);
    gst_buffer_unref (out);
  }
  gst_harness_teardown (h);
}

static void
test_caps (void)
{
  GstHarness *h = gst_harness_new ("rnnvideo");
  g_autoptr (GstCaps) caps = NULL;
  gint n;

  gst_harness_set_src_caps_str (h, "video/x-raw,format=GRAY8,width=16,height=12,framerate=30/1");
  caps = gst_pad_get_current_caps (h->sinkpad);
  g_assert_nonnull (caps);
  g_assert_true (g_str_has_prefix (gst_structure_get_string (gst_caps_get_structure (caps, 0), "dimensions"), "384"));
  g_assert_true (gst_structure_get_fraction (gst_caps_get_structure (caps, 0), "framerate", &n, &(gint) { 0 }));
  g_assert_cmpint (n, ==, 30);
  gst_harness_teardown (h);
}

/* What a pipeline of this description ends with. */
static GstMessageType
play (const gchar *description, guint *buffers)
{
  g_autoptr (GError) error = NULL;
  GstElement *pipeline = gst_parse_launch (description, &error), *sink;
  GstMessage *message;
  GstMessageType type;

  g_assert_no_error (error);
  sink = gst_bin_get_by_name (GST_BIN (pipeline), "sink");
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  message = gst_bus_timed_pop_filtered (GST_ELEMENT_BUS (pipeline), GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  type = GST_MESSAGE_TYPE (message);
  gst_message_unref (message);
  if (buffers) {
    GstStructure *stats;
    guint64 rendered;

    g_object_get (sink, "stats", &stats, NULL);
    g_assert_true (gst_structure_get_uint64 (stats, "rendered", &rendered));
    *buffers = (guint) rendered;
    gst_structure_free (stats);
  }
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (sink);
  gst_object_unref (pipeline);
  return type;
}

static void
test_model (void)
{
  g_autofree gchar *model = g_test_build_filename (G_TEST_DIST, "..", "models", "applications", "monitor.json", NULL);
  g_autofree gchar *good = g_strdup_printf ("videotestsrc num-buffers=7 ! video/x-raw,width=64,height=48,framerate=25/1 ! videoconvert ! "
      "videoscale ! video/x-raw,format=GRAY8,width=16,height=12 ! rnnvideo ! rnninfer model-file=%s ! fakesink name=sink", model);
  g_autofree gchar *wide = g_strdup_printf ("videotestsrc num-buffers=7 ! video/x-raw,format=GRAY8,width=20,height=12 ! rnnvideo ! "
      "rnninfer model-file=%s ! fakesink name=sink", model);
  guint buffers;

  g_assert_cmpint (play (good, &buffers), ==, GST_MESSAGE_EOS);
  g_assert_cmpuint (buffers, ==, 7);
  g_assert_cmpint (play (wide, NULL), ==, GST_MESSAGE_ERROR);
}

gint
main (gint argc, gchar **argv)
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/video/steps", test_steps);
  g_test_add_func ("/video/caps", test_caps);
  g_test_add_func ("/video/model", test_model);
  return g_test_run ();
}
