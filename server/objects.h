/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes in any pieces to the JSON objects that follow one another in them, with or without line ends between. */
#pragma once
#include <glib.h>
#include <jansson.h>

#define OBJECTS_MAX_SIZE 65536  /* bytes of one */

typedef struct {
  GString *text;                /* of the object under way */
  guint depth;                  /* braces and brackets that are open */
  gboolean in_string, escaped;
} Objects;

typedef void (*ObjectsFunc) (const json_t *object, gpointer data);

void objects_init (Objects *objects);
void objects_clear (Objects *objects);
/* FALSE: it is no JSON, or an object is too large; the rest is not looked at, and no more must be pushed. */
gboolean objects_push (Objects *objects, const gchar *bytes, gsize n, ObjectsFunc func, gpointer data);
