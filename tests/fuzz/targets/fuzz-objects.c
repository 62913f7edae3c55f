/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as the captions that a pipeline sends to the server: objects, the same ones whatever the pieces, or a refusal. */
#include "../fuzz.h"
#include "../../../server/objects.h"

static void
count (const json_t *object, gpointer data)
{
  g_assert (json_is_object (object));
  ++*(guint *) data;
}

static guint
push (const guint8 *data, gsize n, gsize piece, gboolean *good)
{
  Objects objects;
  guint found = 0;

  *good = TRUE;
  objects_init (&objects);
  for (gsize at = 0; at < n && *good; at += piece)
    *good = objects_push (&objects, (const gchar *) data + at, MIN (piece, n - at), count, &found);
  objects_clear (&objects);
  return found;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  gboolean whole, parts;
  guint found = push (data, n, MAX (n, 1), &whole);

  g_assert (push (data, n, 5, &parts) == found && whole == parts);
  return 0;
}
