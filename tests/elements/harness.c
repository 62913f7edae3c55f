/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common.h"
#include <string.h>

TestHarness *
test_harness_new (GstElement *element)
{
  TestHarness *t = g_new0 (TestHarness, 1);

  t->element = gst_object_ref_sink (element);
  t->bus = gst_bus_new ();
  gst_element_set_bus (element, t->bus);
  if (gst_element_class_get_pad_template (GST_ELEMENT_GET_CLASS (element), "unsynced_src")) {
    t->unsynced = gst_harness_new_with_element (element, NULL, "unsynced_src");
  }
  t->h = gst_harness_new_with_element (element, "sink", "src");
  return t;
}

void
test_harness_free (TestHarness *t)
{
  gst_element_set_state (t->element, GST_STATE_NULL);
  if (t->unsynced)
    gst_harness_teardown (t->unsynced);
  gst_harness_teardown (t->h);
  gst_element_set_bus (t->element, NULL);
  gst_object_unref (t->bus);
  gst_object_unref (t->element);
  g_free (t);
}

GstBuffer *
test_audio_buffer (const gfloat *samples, guint n, guint64 first)
{
  GstBuffer *buffer = gst_buffer_new_memdup (samples, n * sizeof (gfloat));

  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (first, GST_SECOND, TEST_RATE);
  GST_BUFFER_DURATION (buffer) = gst_util_uint64_scale (first + n, GST_SECOND, TEST_RATE) - GST_BUFFER_PTS (buffer);
  return buffer;
}

GstFlowReturn
test_push_audio (TestHarness *t, const GArray *samples, guint size, guint64 first)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  GstFlowReturn ret = GST_FLOW_OK;
  guint i, n;

  for (i = 0; i < samples->len && ret == GST_FLOW_OK; i += n) {
    n = size ? size : (guint) g_rand_int_range (rand, 1, 5000);
    n = MIN (n, samples->len - i);
    ret = gst_harness_push (t->h, test_audio_buffer (&g_array_index (samples, gfloat, i), n, first + i));
  }
  return ret;
}

static gchar *
pull (GstHarness *h, gboolean times, const gchar *separator)
{
  GString *all = g_string_new (NULL);
  GstBuffer *buffer;

  while ((buffer = gst_harness_try_pull (h))) {
    GstClockTime start = GST_BUFFER_PTS (buffer), end = start + GST_BUFFER_DURATION (buffer);
    GstMapInfo map;

    if (times)
      g_string_append_printf (all, "%" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT " ", start / GST_MSECOND,
          end / GST_MSECOND);
    else if (all->len > 0)
      g_string_append (all, separator);
    gst_buffer_map (buffer, &map, GST_MAP_READ);
    g_string_append_len (all, (gchar *) map.data, map.size);
    gst_buffer_unmap (buffer, &map);
    if (times)
      g_string_append (all, separator);
    gst_buffer_unref (buffer);
  }
  return g_string_free (all, FALSE);
}

gchar *
test_pull_text (GstHarness *h)
{
  return pull (h, TRUE, "\n");
}

gchar *
test_pull_words (GstHarness *h)
{
  return pull (h, FALSE, "|");
}

GstMessage *
test_pop_message (TestHarness *t, GstMessageType type, const gchar *kind)
{
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (t->bus, type))) {
    if (!kind || g_strcmp0 (gst_structure_get_string (gst_message_get_structure (message), "type"), kind) == 0)
      return message;
    gst_message_unref (message);
  }
  return NULL;
}

void
test_expect_error (TestHarness *t, GQuark domain, gint code, const gchar *part)
{
  GstMessage *message = test_pop_message (t, GST_MESSAGE_ERROR, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (message);
  gst_message_parse_error (message, &error, NULL);
  g_assert_error (error, domain, code);
  if (!strstr (error->message, part))
    g_error ("\"%s\" does not mention \"%s\"", error->message, part);
  gst_message_unref (message);
  gst_bus_set_flushing (t->bus, TRUE);
  gst_bus_set_flushing (t->bus, FALSE);
}

void
test_expect_no_error (TestHarness *t)
{
  GstMessage *message = test_pop_message (t, GST_MESSAGE_ERROR, NULL);

  g_assert_null (message);
}

GstEvent *
test_pull_event (GstHarness *h, GstEventType type)
{
  GstEvent *event;

  while ((event = gst_harness_try_pull_event (h))) {
    if (GST_EVENT_TYPE (event) == type)
      return event;
    gst_event_unref (event);
  }
  return NULL;
}

/* ---- a transcriber ---- */

TestHarness *
test_transcriber_new (const gchar *model, const gchar *first_property, ...)
{
  GstElement *element = gst_element_factory_make ("rnntranscriber", NULL);
  TestHarness *t;
  va_list args;

  g_assert_nonnull (element);
  g_object_set (element, "model-file", model, NULL);
  test_gate_if_asked (element);
  va_start (args, first_property);
  g_object_set_valist (G_OBJECT (element), first_property, args);
  va_end (args);
  t = test_harness_new (element);
  gst_harness_set_src_caps_str (t->h, TEST_AUDIO_CAPS);
  return t;
}

void
test_say (TestHarness *t, const gchar *text, guint first_letter)
{
  g_autoptr (GArray) samples = test_speak (text);

  g_assert_cmpint (test_push_audio (t, samples, 1600, first_letter * TEST_LETTER), ==, GST_FLOW_OK);
}

void
test_say_all (TestHarness *t, const gchar *text)
{
  test_say (t, text, 0);
  g_assert_true (gst_harness_push_event (t->h, gst_event_new_eos ()));
}

void
test_expect_text (TestHarness *t, const gchar *expected)
{
  g_autofree gchar *text = test_pull_text (t->h);

  g_assert_cmpstr (text, ==, expected);
}

void
test_expect_words (TestHarness *t, const gchar *expected)
{
  g_autofree gchar *words = test_pull_words (t->h);

  g_assert_cmpstr (words, ==, expected);
}

guint64
test_get_stat (TestHarness *t, const gchar *stage, const gchar *name)
{
  GstStructure *stats, *part;
  guint64 value;

  g_object_get (t->element, "stats", &stats, NULL);
  g_assert_true (gst_structure_get (stats, stage, GST_TYPE_STRUCTURE, &part, NULL));
  g_assert_true (gst_structure_get_uint64 (part, name, &value));
  gst_structure_free (part);
  gst_structure_free (stats);
  return value;
}
