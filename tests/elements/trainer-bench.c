/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "trainer-bench.h"
#include <string.h>

Bench *
bench_new (const gchar *name, const gchar *recipe, const gchar *data_caps, const gchar *label_caps)
{
  g_autofree gchar *location = g_strconcat (name, ".safetensors", NULL);
  g_autofree gchar *checkpoint = g_strconcat (name, ".ckpt", NULL);
  Bench *b = g_new0 (Bench, 1);

  b->location = g_build_filename (test_dir (), location, NULL);
  b->checkpoint = g_build_filename (test_dir (), checkpoint, NULL);
  b->trainer = gst_object_ref_sink (gst_element_factory_make_full ("rnntrainer", "async", FALSE, NULL));
  g_object_set (b->trainer, "model-file", recipe, "location", b->location, "checkpoint", b->checkpoint, NULL);
  b->bus = gst_bus_new ();
  gst_element_set_bus (b->trainer, b->bus);
  b->data = gst_harness_new_with_element (b->trainer, "sink", "src");
  b->label = gst_harness_new_with_element (b->trainer, "label", NULL);
  if (data_caps)
    gst_harness_set_src_caps_str (b->data, data_caps);
  gst_harness_set_src_caps_str (b->label, label_caps);
  return b;
}

Bench *
speech_bench (const gchar *name)
{
  g_autofree gchar *file = g_strconcat (name, ".json", NULL), *recipe = test_speech_recipe (file);

  return bench_new (name, recipe, TEST_AUDIO_CAPS, TEXT_CAPS);
}

void
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

GstBuffer *
text_buffer (const gchar *text, guint start, guint end)
{
  GstBuffer *buffer = gst_buffer_new_memdup (text, strlen (text));

  GST_BUFFER_PTS (buffer) = start * GST_MSECOND;
  GST_BUFFER_DURATION (buffer) = (end - start) * GST_MSECOND;
  return buffer;
}

void
push_label (Bench *b, const gchar *text, guint start, guint end)
{
  g_assert_cmpint (gst_harness_push (b->label, text_buffer (text, start, end)), ==, GST_FLOW_OK);
}

GstBuffer *
tone_buffer (guint start, guint end)
{
  g_autoptr (GArray) samples = test_speak ("abcdefghabcdefghabcdefghabcdefgh");

  return test_audio_buffer ((gfloat *) samples->data, (end - start) * 16, start * 16);
}

void
push_data (Bench *b, guint start, guint end)
{
  g_assert_cmpint (gst_harness_push (b->data, tone_buffer (start, end)), ==, GST_FLOW_OK);
}

void
push_eos (Bench *b)
{
  gst_harness_push_event (b->label, gst_event_new_eos ());
  gst_harness_push_event (b->data, gst_event_new_eos ());
}

GstMessage *
wait_for (Bench *b, GstMessageType type)
{
  return gst_bus_timed_pop_filtered (b->bus, GST_CLOCK_TIME_NONE, type);
}

void
wait_for_end (Bench *b)
{
  GstMessage *message = wait_for (b, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  g_assert_no_error (error);
  gst_message_unref (message);
}

void
wait_for_error (Bench *b, const gchar *part)
{
  GstMessage *message = wait_for (b, GST_MESSAGE_ERROR);
  g_autoptr (GError) error = NULL;

  gst_message_parse_error (message, &error, NULL);
  if (!strstr (error->message, part))
    g_error ("\"%s\" does not mention \"%s\"", error->message, part);
  gst_message_unref (message);
}

void
wait_for_warning (Bench *b, const gchar *part)
{
  GstMessage *message = wait_for (b, GST_MESSAGE_WARNING);
  g_autoptr (GError) warning = NULL;

  gst_message_parse_warning (message, &warning, NULL);
  g_assert_nonnull (strstr (warning->message, part));
  gst_message_unref (message);
}

GstMessage *
wait_for_report (Bench *b, const gchar *type)
{
  for (;;) {
    GstMessage *message = wait_for (b, GST_MESSAGE_ELEMENT);

    if (g_strcmp0 (gst_structure_get_string (gst_message_get_structure (message), "type"), type) == 0)
      return message;
    gst_message_unref (message);
  }
}

guint64
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

guint
frames (guint ms)
{
  return (ms - 25) / 10 + 1;
}

void
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

GstEvent *
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

Bench *
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

guint64
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
