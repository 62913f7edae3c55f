/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All streams share one count of lines, so that a reader's last id says what it has of each. */
#include "hub.h"
#include <string.h>
#include "metrics.h"

typedef struct {
  gchar *event;
  guint64 id;
} Line;

typedef struct {
  gchar *name;
  gchar *partial;               /* event, or NULL */
} Stream;

typedef struct {
  HubFunc func;
  gpointer data;
} Reader;

struct _Hub {
  guint n_lines;
  guint64 last_id;
  GPtrArray *streams;           /* Stream */
  GQueue lines;                 /* Line, of all streams together */
  GArray *readers;
};

static void
free_stream (gpointer data)
{
  Stream *s = data;

  g_free (s->name);
  g_free (s->partial);
  g_free (s);
}

static void
free_line (gpointer data)
{
  g_free (((Line *) data)->event);
  g_free (data);
}

Hub *
hub_new (guint n_lines)
{
  Hub *hub = g_new0 (Hub, 1);

  hub->n_lines = n_lines;
  hub->last_id = (guint64) g_get_real_time ();  /* so ids of a server before this one are lower */
  hub->streams = g_ptr_array_new_with_free_func (free_stream);
  hub->readers = g_array_new (FALSE, FALSE, sizeof (Reader));
  return hub;
}

void
hub_free (Hub *hub)
{
  g_ptr_array_unref (hub->streams);
  g_queue_clear_full (&hub->lines, free_line);
  g_array_unref (hub->readers);
  g_free (hub);
}

static gboolean
is_name (const gchar *name)
{
  if (!*name || strlen (name) > HUB_MAX_NAME || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  for (const gchar *p = name; *p; p = g_utf8_next_char (p))
    if (!g_unichar_isprint (g_utf8_get_char (p)))
      return FALSE;
  return TRUE;
}

static Stream *
find_stream (Hub *hub, const gchar *name)
{
  Stream *s;

  for (guint i = 0; i < hub->streams->len; i++) {
    s = hub->streams->pdata[i];
    if (!strcmp (s->name, name))
      return s;
  }
  if (hub->streams->len >= HUB_MAX_STREAMS || !is_name (name))
    return NULL;
  s = g_new0 (Stream, 1);
  s->name = g_strdup (name);
  g_ptr_array_add (hub->streams, s);
  return s;
}

static void
tell (Hub *hub, const gchar *event, guint64 id)
{
  for (guint i = hub->readers->len; i-- > 0;) { /* a reader may leave at that */
    Reader reader = g_array_index (hub->readers, Reader, i);

    reader.func (event, id, reader.data);
  }
}

static gchar *
to_event (const Stream *s, const gchar *type, const gchar *text, const json_t *result)
{
  json_t *start = json_object_get (result, "start"), *stable = json_object_get (result, "stable-length");
  json_t *object = json_pack ("{s:s, s:s, s:s, s:I, s:I}", "stream", s->name, "type", type, "text", text, "start",
      json_integer_value (start), "stable", json_integer_value (stable));
  gchar *event = json_dumps (object, JSON_COMPACT);

  json_decref (object);
  return event;
}

static void
remember (Hub *hub, gchar *event, guint64 id)
{
  Line *line = g_new (Line, 1);

  line->event = event;
  line->id = id;
  g_queue_push_tail (&hub->lines, line);
  while (hub->lines.length > hub->n_lines)
    free_line (g_queue_pop_head (&hub->lines));
}

gboolean
hub_publish (Hub *hub, const gchar *name, const json_t *result)
{
  const gchar *type = json_string_value (json_object_get (result, "type"));
  const gchar *text = json_string_value (json_object_get (result, "text"));
  gboolean final = type && !strcmp (type, "final");
  Stream *s;

  if (!text || strlen (text) > HUB_MAX_TEXT || (!final && g_strcmp0 (type, "partial")) || !(s = find_stream (hub, name)))
    return FALSE;
  g_clear_pointer (&s->partial, g_free);
  if (final) {
    remember (hub, to_event (s, type, text, result), ++hub->last_id);
    metrics_add (METRIC_LINES, 1);
    tell (hub, ((Line *) g_queue_peek_tail (&hub->lines))->event, hub->last_id);
  } else {
    s->partial = to_event (s, type, text, result);
    tell (hub, s->partial, 0);
  }
  return TRUE;
}

void
hub_subscribe (Hub *hub, HubFunc func, gpointer data)
{
  Reader reader = { func, data };

  g_array_append_val (hub->readers, reader);
}

void
hub_unsubscribe (Hub *hub, gpointer data)
{
  for (guint i = 0; i < hub->readers->len; i++)
    if (g_array_index (hub->readers, Reader, i).data == data) {
      g_array_remove_index (hub->readers, i);
      return;
    }
}

void
hub_recall (Hub *hub, guint64 since, HubFunc func, gpointer data)
{
  for (GList *l = hub->lines.head; l; l = l->next) {
    const Line *line = l->data;

    if (line->id > since)
      func (line->event, line->id, data);
  }
  for (guint i = 0; i < hub->streams->len; i++) {
    const Stream *s = hub->streams->pdata[i];

    if (s->partial)
      func (s->partial, 0, data);
  }
}

guint64
hub_get_last_id (Hub *hub)
{
  return hub->last_id;
}
