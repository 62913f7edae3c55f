/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Counts braces outside of strings, and leaves the rest to the JSON reader. */
#include "objects.h"

void
objects_init (Objects *o)
{
  *o = (Objects) { .text = g_string_new (NULL) };
}

void
objects_clear (Objects *o)
{
  g_string_free (o->text, TRUE);
  o->text = NULL;
}

/* TRUE: the object ends with @c. */
static gboolean
note (Objects *o, gchar c)
{
  if (o->in_string) {
    o->in_string = c != '"' || o->escaped;
    o->escaped = c == '\\' && !o->escaped;
    return FALSE;
  }
  o->in_string = c == '"';
  if (c == '{' || c == '[')
    o->depth++;
  return (c == '}' || c == ']') && --o->depth == 0;
}

static gboolean
finish (Objects *o, ObjectsFunc func, gpointer data)
{
  json_t *object = json_loadb (o->text->str, o->text->len, JSON_REJECT_DUPLICATES, NULL);

  g_string_truncate (o->text, 0);
  if (object)
    func (object, data);
  json_decref (object);
  return object != NULL;
}

gboolean
objects_push (Objects *o, const gchar *bytes, gsize n, ObjectsFunc func, gpointer data)
{
  for (gsize i = 0; i < n; i++) {
    if (o->depth == 0 && g_ascii_isspace (bytes[i]))
      continue;
    if ((o->depth == 0 && bytes[i] != '{') || o->text->len >= OBJECTS_MAX_SIZE)
      return FALSE;
    g_string_append_c (o->text, bytes[i]);
    if (note (o, bytes[i]) && !finish (o, func, data))
      return FALSE;
  }
  return TRUE;
}
