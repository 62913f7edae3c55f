/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A pipeline of rnncorpussrc whose two outputs are recorded. */
#pragma once
#include "corpus.h"
#include <string.h>

typedef struct {
  GArray *audio;                /* of Piece */
  GArray *text;
  GString *samples;             /* bytes of all audio */
  guint discont;                /* audio buffers so flagged */
} Record;

typedef struct {
  GstClockTime pts, duration;
  gchar *text, *path;           /* of texts */
  guint line;
} Piece;

static inline void
clear_piece (gpointer data)
{
  Piece *piece = data;

  g_free (piece->text);
  g_free (piece->path);
}

static inline void
on_audio (GstElement *sink, GstBuffer *buffer, GstPad *pad, Record *record)
{
  Piece piece = { GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer) };
  GstMapInfo map;

  g_array_append_val (record->audio, piece);
  record->discont += GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_string_append_len (record->samples, (gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
}

static inline void
on_text (GstElement *sink, GstBuffer *buffer, GstPad *pad, Record *record)
{
  Piece piece = { GST_BUFFER_PTS (buffer), GST_BUFFER_DURATION (buffer) };
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRnnCorpusMeta");
  gsize n = gst_buffer_get_size (buffer);

  piece.text = g_malloc0 (n + 1);
  gst_buffer_extract (buffer, 0, piece.text, n);
  g_assert_nonnull (meta);
  piece.path = g_strdup (gst_structure_get_string (gst_custom_meta_get_structure (meta), "path"));
  gst_structure_get_uint (gst_custom_meta_get_structure (meta), "line", &piece.line);
  g_array_append_val (record->text, piece);
}

static inline GstElement *
find (GstElement *pipeline, const gchar *name)
{
  GstElement *element = gst_bin_get_by_name (GST_BIN (pipeline), name);

  g_assert_nonnull (element);
  gst_object_unref (element);   /* the pipeline keeps it */
  return element;
}

static inline GstElement *
make_pipeline (Record *record, const gchar *location, const gchar *properties, const gchar *caps)
{
  g_autofree gchar *description = g_strdup_printf ("rnncorpussrc name=c %s "
      "c.audio ! %s ! fakesink name=a signal-handoffs=true c.text ! fakesink name=t signal-handoffs=true", properties,
      caps);
  GstElement *pipeline = gst_parse_launch (description, NULL);

  g_assert_nonnull (pipeline);
  *record = (Record) {.audio = g_array_new (FALSE, FALSE, sizeof (Piece)),.samples = g_string_new (NULL) };
  record->text = g_array_new (FALSE, FALSE, sizeof (Piece));
  g_array_set_clear_func (record->text, clear_piece);
  g_object_set (find (pipeline, "c"), "location", location, NULL);
  g_signal_connect (find (pipeline, "a"), "handoff", G_CALLBACK (on_audio), record);
  g_signal_connect (find (pipeline, "t"), "handoff", G_CALLBACK (on_text), record);
  return pipeline;
}

static inline void
clear_record (Record *record)
{
  g_array_unref (record->audio);
  g_array_unref (record->text);
  g_string_free (record->samples, TRUE);
}

/* To EOS or an error; the texts of errors and warnings. (transfer full) */
static inline gchar *
run (GstElement *pipeline, gboolean *ok)
{
  g_autoptr (GPtrArray) messages = g_ptr_array_new_with_free_func ((GDestroyNotify) gst_message_unref);
  GstBus *bus = gst_element_get_bus (pipeline);
  GstMessageType type;

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  do {
    GstMessage *message = gst_bus_timed_pop (bus, GST_CLOCK_TIME_NONE);

    type = GST_MESSAGE_TYPE (message);
    g_ptr_array_add (messages, message);
  } while (type != GST_MESSAGE_EOS && type != GST_MESSAGE_ERROR);
  *ok = type == GST_MESSAGE_EOS;
  gst_object_unref (bus);
  return test_complaints (messages);
}

static inline gchar *
play (Record *record, const gchar *location, const gchar *properties, const gchar *caps)
{
  GstElement *pipeline = make_pipeline (record, location, properties, caps);
  gboolean ok;
  gchar *complaints = run (pipeline, &ok);

  if (!ok)
    g_error ("%s", complaints);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (pipeline);
  return complaints;
}

static inline gchar *
join_texts (const Record *record)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < record->text->len; i++)
    g_string_append_printf (all, "%s%s", i ? " " : "", g_array_index (record->text, Piece, i).text);
  return g_string_free (all, FALSE);
}

#define ANY "audio/x-raw,format=S16LE"
