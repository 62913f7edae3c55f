/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of layers that name what they read: a chain, or a graph. */
#include "layers.h"
#include <glib.h>

/* Does every layer read the one before it, and nothing else? */
static gboolean
is_chain (const json_t *rows)
{
  const gchar *before = "input";

  for (gsize i = 0; i < json_array_size (rows); i++) {
    const json_t *row = json_array_get (rows, i), *from = json_object_get (row, "from");

    if (json_array_size (from) != 1 || g_strcmp0 (json_string_value (json_array_get (from, 0)), before))
      return FALSE;
    before = json_string_value (json_object_get (row, "name"));
  }
  return TRUE;
}

json_t *
rnn_import_layers (json_t *rows)
{
  json_t *row;
  gsize i;

  if (!is_chain (rows))
    return json_pack ("[{ss so}]", "cell", "graph", "layers", rows);
  json_array_foreach (rows, i, row)
    json_object_del (row, "from");
  return rows;
}
