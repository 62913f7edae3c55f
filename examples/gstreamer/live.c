/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound of your own into a pipeline, partial and final results out of it.   live MODEL < RAW
 * RAW is 16 bit mono sound of 16 kHz.   cc live.c $(pkg-config --cflags --libs gstreamer-app-1.0) */
#include <gst/app/app.h>
#include <stdio.h>

#define RATE 16000
#define N 320                   /* samples a buffer: 20 ms */

/* In a streaming thread */
static GstFlowReturn
on_result (GstAppSink *sink, gpointer data)
{
  GstSample *sample = gst_app_sink_pull_sample (sink);
  GstMapInfo map;

  if (!sample)
    return GST_FLOW_EOS;
  if (gst_buffer_map (gst_sample_get_buffer (sample), &map, GST_MAP_READ)) {
    printf ("%.*s\n", (int) map.size, (const char *) map.data);        /* an object of JSON */
    gst_buffer_unmap (gst_sample_get_buffer (sample), &map);
  }
  gst_sample_unref (sample);
  return GST_FLOW_OK;
}

static void
feed (GstAppSrc *source)
{
  gint16 samples[N];
  guint64 at = 0;
  size_t n;

  while ((n = fread (samples, 2, N, stdin)) > 0) {
    GstBuffer *buffer = gst_buffer_new_memdup (samples, 2 * n);

    GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (at, GST_SECOND, RATE);
    GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (n, GST_SECOND, RATE);
    at += n;
    if (gst_app_src_push_buffer (source, buffer) != GST_FLOW_OK)
      break;
  }
  gst_app_src_end_of_stream (source);
}

/* Warnings, such as of hotwords that cannot be said, are told until there is an end or an error. */
static GstMessage *
wait_for_end (GstElement *pipeline)
{
  const GstMessageType wanted = GST_MESSAGE_EOS | GST_MESSAGE_ERROR | GST_MESSAGE_WARNING;
  GstMessage *message;
  GError *warning = NULL;

  while (GST_MESSAGE_TYPE (message = gst_bus_timed_pop_filtered (GST_ELEMENT_BUS (pipeline), GST_CLOCK_TIME_NONE, wanted)) == GST_MESSAGE_WARNING) {
    gst_message_parse_warning (message, &warning, NULL);
    fprintf (stderr, "%s\n", warning->message);
    g_clear_error (&warning);
    gst_message_unref (message);
  }
  return message;
}

int
main (int argc, char **argv)
{
  GstAppSinkCallbacks callbacks = { .new_sample = on_result };
  GError *error = NULL;
  GstElement *pipeline, *source, *results, *transcriber;
  GstMessage *message;
  int failed;

  gst_init (&argc, &argv);
  pipeline = argc == 2 ? gst_parse_launch ("appsrc name=sound format=time block=true max-bytes=65536 "
      "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=16000,channels=1 ! rnntranscriber name=t partial-interval=200 "
      "output-mode=segments t.src ! fakesink sync=false async=false t.unsynced_src ! "
      "appsink name=results sync=false async=false", &error) : NULL;
  if (!pipeline) {
    fprintf (stderr, "%s\n", error ? error->message : "live MODEL < RAW");
    return 2;
  }
  transcriber = gst_bin_get_by_name (GST_BIN (pipeline), "t");
  source = gst_bin_get_by_name (GST_BIN (pipeline), "sound");
  results = gst_bin_get_by_name (GST_BIN (pipeline), "results");
  g_object_set (transcriber, "model-file", argv[1], NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (results), &callbacks, NULL, NULL);
  if (gst_element_set_state (pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
    feed (GST_APP_SRC (source));
  message = wait_for_end (pipeline);
  failed = GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR;
  if (failed) {
    gst_message_parse_error (message, &error, NULL);
    fprintf (stderr, "%s\n", error->message);
    g_clear_error (&error);
  }
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (results);
  gst_object_unref (source);
  gst_object_unref (transcriber);
  gst_object_unref (pipeline);
  return failed;
}
