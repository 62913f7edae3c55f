/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A chain without the layers that only other answers than the wanted ones need.  Layers are told from each other by their names, which
 * rnn_cell_to_json () writes out. */
#include "narrow.h"
#include <string.h>

#define INPUT "input"

static gboolean
is_a (const RnnCell *cell, const gchar *kind)
{
  return cell->depth <= 1 && g_str_equal (cell->klass->name, kind);
}

static const gchar *
name_of (const json_t *layers, gssize i)
{
  return i < 0 ? INPUT : json_string_value (json_object_get (json_array_get (layers, (gsize) i), "name"));
}

/* What layer i reads, as a list of names. (transfer full) */
static json_t *
sources_of (const json_t *layers, gsize i)
{
  json_t *from = json_object_get (json_array_get (layers, i), "from");

  if (json_is_array (from))
    return json_incref (from);
  return from ? json_pack ("[O]", from) : json_pack ("[s]", name_of (layers, (gssize) i - 1));
}

static gint
width_of (const RnnCell *graph, const gchar *name)
{
  for (guint i = 0; i < graph->children->len; i++) {
    const RnnCell *child = graph->children->pdata[i];

    if (g_strcmp0 (child->name, name) == 0)
      return child->n_out;
  }
  return graph->n_in;
}

/* Those of @all, which lie side by side, that are the numbers [first, first + n); NULL: they do not begin and end there. */
static json_t *
choose (const RnnCell *graph, const json_t *all, gint first, gint n)
{
  json_t *chosen = json_array (), *name;
  gint at = 0, found = 0;
  gsize i;

  json_array_foreach ((json_t *) all, i, name) {
    gint width = width_of (graph, json_string_value (name));

    if (at >= first && at + width <= first + n) {
      json_array_append (chosen, name);
      found += width;
    }
    at += width;
  }
  if (found == n)
    return chosen;
  json_decref (chosen);
  return NULL;
}

/* Leaves those layers that the last one needs; what each reads is said, as it may no longer be the one before it. */
static void
drop_unread (json_t *layers)
{
  g_autoptr (GHashTable) read = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  g_hash_table_add (read, g_strdup (name_of (layers, (gssize) json_array_size (layers) - 1)));
  for (gsize i = json_array_size (layers); i-- > 0;) {
    json_t *from = sources_of (layers, i), *name;
    gsize k;

    if (g_hash_table_contains (read, name_of (layers, (gssize) i))) {
      json_array_foreach (from, k, name)
        g_hash_table_add (read, g_strdup (json_string_value (name)));
      json_object_set (json_array_get (layers, i), "from", from);
    } else {
      json_array_remove (layers, i);
    }
    json_decref (from);
  }
}

static gboolean
narrow_graph (const RnnCell *graph, json_t *layers, gint first, gint n)
{
  gsize last = json_array_size (layers) - 1;
  json_t *all = sources_of (layers, last);
  json_t *wanted = is_a (graph->children->pdata[last], "concat") ? choose (graph, all, first, n) : NULL;

  json_decref (all);
  if (!wanted)
    return FALSE;
  json_object_set_new (json_array_get (layers, last), "from", wanted);
  drop_unread (layers);
  return TRUE;
}

static gboolean
narrow_chain (const RnnCell *chain, json_t *layers, gint first, gint n)
{
  const RnnCell *last = chain->children->pdata[chain->children->len - 1];
  json_t *inner = json_object_get (json_array_get (layers, json_array_size (layers) - 1), "layers");

  if (is_a (last, "chain"))
    return narrow_chain (last, inner, first, n);
  return is_a (last, "graph") && narrow_graph (last, inner, first, n);
}

json_t *
rnn_cell_narrow (const RnnCell *chain, gint first, gint n)
{
  json_t *whole = rnn_cell_to_json (chain), *layers = NULL;

  if (n < chain->n_out && narrow_chain (chain, json_object_get (whole, "layers"), first, n))
    layers = json_incref (json_object_get (whole, "layers"));
  json_decref (whole);
  return layers;
}
