/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of layers that name what they read: a chain as far as it goes, and a graph behind it.  Layers of a chain begin with their first
 * real step, those of a graph do not (DESIGN.md, 69), so as little as possible is one. */
#include "layers.h"
#include <glib.h>

static const gchar *
name_of (const json_t *rows, gsize i)
{
  return i == 0 ? "input" : json_string_value (json_object_get (json_array_get (rows, i - 1), "name"));
}

/* Does row @i read the one before it (0: the input), and nothing else? */
static gboolean
is_link (const json_t *rows, gsize i)
{
  const json_t *from = json_object_get (json_array_get (rows, i), "from");

  return json_array_size (from) == 1 && g_strcmp0 (json_string_value (json_array_get (from, 0)), name_of (rows, i)) == 0;
}

/* The first of the places 0 (the input) to @n - 1 that some row from @n on reads; n: none. */
static gsize
find_first_read (const json_t *rows, gsize n)
{
  gsize first = n;

  for (gsize i = n; i < json_array_size (rows); i++) {
    json_t *from;
    gsize k;

    json_array_foreach (json_object_get (json_array_get (rows, i), "from"), k, from)
      for (gsize place = 0; place < first; place++)
        if (g_strcmp0 (json_string_value (from), name_of (rows, place)) == 0)
          first = place;
  }
  return first;
}

/* How many rows from the first on are a chain that nobody looks into. */
static gsize
count_chain (const json_t *rows)
{
  gsize n = 0;

  while (n < json_array_size (rows) && is_link (rows, n))
    n++;
  while (n > 0 && find_first_read (rows, n) < n)
    n = find_first_read (rows, n);
  return n;
}

/* Rows from @n on, which read the one before them as their input. */
static json_t *
make_graph (const json_t *rows, gsize n)
{
  json_t *layers = json_array ();

  for (gsize i = n; i < json_array_size (rows); i++) {
    json_t *row = json_array_get (rows, i), *from = json_object_get (row, "from"), *name;
    gsize k;

    json_array_foreach (from, k, name)
      if (n > 0 && g_strcmp0 (json_string_value (name), name_of (rows, n)) == 0)
        json_array_set_new (from, k, json_string ("input"));
    json_array_append (layers, row);
  }
  return n == 0 ? json_pack ("{ss so}", "cell", "graph", "layers", layers) : json_pack ("{ss ss so}", "cell", "graph", "name", "", "layers", layers);
}

json_t *
rnn_import_layers (json_t *rows)
{
  gsize n = count_chain (rows);
  json_t *layers = json_array ();

  for (gsize i = 0; i < n; i++)
    json_array_append (layers, json_array_get (rows, i));
  if (n < json_array_size (rows))
    json_array_append_new (layers, make_graph (rows, n));
  for (gsize i = 0; i < n; i++)
    json_object_del (json_array_get (rows, i), "from");
  json_decref (rows);
  return layers;
}
