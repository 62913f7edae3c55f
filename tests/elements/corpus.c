/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "corpus.h"
#include <string.h>

/* ---- files ---- */

static gchar *
write_file (const gchar *name, const gchar *bytes, gssize n)
{
  gchar *path = g_build_filename (test_dir (), name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, n, NULL));
  return path;
}

gchar *
test_write_text (const gchar *name, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  return write_file (name, text, -1);
}

static void
put (GString *out, guint32 value, guint bytes)
{
  for (guint i = 0; i < bytes; i++)
    g_string_append_c (out, (gchar) (value >> 8 * i));
}

gchar *
test_write_wav (const gchar *name, const GArray *samples, gint rate, gint channels)
{
  g_autoptr (GString) wav = g_string_new ("RIFF");
  guint32 size = samples->len * 2 * channels;

  put (wav, 36 + size, 4);
  g_string_append (wav, "WAVEfmt ");
  put (wav, 16, 4);
  put (wav, 1, 2);
  put (wav, channels, 2);
  put (wav, rate, 4);
  put (wav, rate * channels * 2, 4);
  put (wav, channels * 2, 2);
  put (wav, 16, 2);
  g_string_append (wav, "data");
  put (wav, size, 4);
  for (guint i = 0; i < samples->len; i++)
    for (gint c = 0; c < channels; c++)
      put (wav, (guint16) (gint16) (g_array_index (samples, gfloat, i) * 32767), 2);
  return write_file (name, wav->str, wav->len);
}

gchar *
test_write_corpus (const gchar *name, guint n)
{
  g_autoptr (GString) manifest = g_string_new (NULL);
  g_autofree gchar *file = g_strconcat (name, ".tsv", NULL);

  for (guint i = 0; i < n; i++) {
    gchar text[] = { TEST_LETTERS[i % 8], i % 3 ? TEST_LETTERS[(i + 1 + i % 5) % 8] : 0, 0 };
    g_autofree gchar *wav = g_strdup_printf ("%s-%u.wav", name, i), *spoken = g_strconcat ("_", text, "_", NULL);
    g_autoptr (GArray) samples = test_speak (spoken);

    g_free (test_write_wav (wav, samples, TEST_RATE, 1));
    g_string_append_printf (manifest, "%s\ts%u\t%s\n", wav, i % 3, text);
  }
  return write_file (file, manifest->str, manifest->len);
}

gchar *
test_speech_recipe (const gchar *name)
{
  return test_write_text (name, "{\"format\": 1, \"name\": \"tones\", \"license\": \"CC0-1.0\", "
      "\"input\": {\"kind\": \"audio\", \"rate\": %d, \"features\": {\"n_mels\": 23, \"cmvn\": \"global\", "
      "\"stack\": 3, \"stride\": 2}}, "
      "\"layers\": [{\"cell\": \"lstm\", \"name\": \"rnn\", \"hidden\": 24}, {\"cell\": \"dense\", \"name\": \"out\", "
      "\"units\": 10}], \"output\": {\"kind\": \"ctc\", \"blank\": 0, "
      "\"tokens\": [\"<blank>\", \" \", \"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"]}, "
      "\"train\": {\"epochs\": 3, \"batch_size\": 4, \"learning_rate\": 0.01}}", TEST_RATE);
}

gchar *
test_series_recipe (const gchar *name, const gchar *kind, gint n_in)
{
  return test_write_text (name, "{\"format\": 1, \"name\": \"sum\", \"license\": \"CC0-1.0\", "
      "\"input\": {\"kind\": \"%s\", \"%s\": %d}, "
      "\"layers\": [{\"cell\": \"gru\", \"name\": \"rnn\", \"hidden\": 8}, {\"cell\": \"dense\", \"name\": \"out\", "
      "\"units\": 1}], \"output\": {\"kind\": \"raw\"}, \"train\": {\"epochs\": 40, \"learning_rate\": 0.01}}", kind,
      g_str_equal (kind, "series") ? "channels" : "size", n_in);
}

/* ---- pipelines ---- */

GPtrArray *
test_run_pipeline (const gchar *format, ...)
{
  GPtrArray *messages = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_message_unref);
  g_autoptr (GError) error = NULL;
  g_autofree gchar *description = NULL;
  GstMessageType type;
  GstElement *pipeline;
  GstBus *bus;
  va_list args;

  va_start (args, format);
  description = g_strdup_vprintf (format, args);
  va_end (args);
  pipeline = gst_parse_launch (description, &error);
  g_assert_no_error (error);
  bus = gst_element_get_bus (pipeline);
  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  do {
    GstMessage *message = gst_bus_timed_pop (bus, GST_CLOCK_TIME_NONE);

    type = GST_MESSAGE_TYPE (message);
    g_ptr_array_add (messages, message);
  } while (type != GST_MESSAGE_EOS && type != GST_MESSAGE_ERROR);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (pipeline);
  return messages;
}

gboolean
test_ended_well (const GPtrArray *messages)
{
  return GST_MESSAGE_TYPE (g_ptr_array_index (messages, messages->len - 1)) == GST_MESSAGE_EOS;
}

gchar *
test_complaints (const GPtrArray *messages)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < messages->len; i++) {
    GstMessage *message = g_ptr_array_index (messages, i);
    g_autoptr (GError) error = NULL;

    if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
      gst_message_parse_error (message, &error, NULL);
    else if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_WARNING)
      gst_message_parse_warning (message, &error, NULL);
    if (error)
      g_string_append_printf (all, "%s\n", error->message);
  }
  return g_string_free (all, FALSE);
}

GPtrArray *
test_structures (const GPtrArray *messages, const gchar *name, const gchar *type)
{
  GPtrArray *found = g_ptr_array_new ();

  for (guint i = 0; i < messages->len; i++) {
    const GstStructure *s = gst_message_get_structure (g_ptr_array_index (messages, i));

    if (s && gst_structure_has_name (s, name) && g_strcmp0 (gst_structure_get_string (s, "type"), type) == 0)
      g_ptr_array_add (found, (gpointer) s);
  }
  return found;
}
