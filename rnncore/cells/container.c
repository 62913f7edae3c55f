/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The children of containers, and what their parameters are called. */
#include "container.h"
#include <string.h>

#define MAX_LAYERS 1024
#define MAX_CELLS 16384
#define MAX_NESTING 16
#define NUMBER "_l0"            /* in PyTorch's names: the number of the layer */

/* ---- building ---- */

RnnCell *
rnn_container_add (RnnCell *cell, const json_t *layer, gint n_in, const gchar *where, GError **error)
{
  RnnCell *child = rnn_cell_new (layer, n_in, where, error);

  if (!child)
    return NULL;
  g_ptr_array_add (cell->children, child);
  cell->offline |= child->offline;
  if (child->n_memory && cell->n_memory && child->n_memory != cell->n_memory) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: reads a memory of %d values a step, a layer before it one of %d",
        where, child->n_memory, cell->n_memory);
    return NULL;
  }
  if (child->n_memory) {
    cell->max_memory = cell->n_memory ? MIN (cell->max_memory, child->max_memory) : child->max_memory;
    cell->n_memory = child->n_memory;
  }
  return child;
}

static void
take_name (RnnCell *cell, gchar *name)
{
  g_free (cell->name);
  cell->name = name;
}

typedef struct {
  GHashTable *seen;             /* full names of parameters */
  gchar *twice;                 /* the first that came again */
} Names;

static void
note_name (RnnParam *param, const gchar *full_name, gpointer data)
{
  Names *names = data;

  if (!g_hash_table_add (names->seen, g_strdup (full_name)) && !names->twice)
    names->twice = g_strdup (full_name);
}

/* Two tensors of one name could not be told apart in the model's file. */
static gboolean
check_names (RnnCell *cell, const gchar *where, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Names names = { seen, NULL };

  rnn_cell_foreach_param (cell, note_name, &names);
  if (!names.twice)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: two layers have the same name: both call a tensor '%s'", where,
      names.twice);
  g_free (names.twice);
  return FALSE;
}

gboolean
rnn_container_check_layers (const RnnCell *cell, const json_t *layers, const gchar *where, GError **error)
{
  gsize n = json_array_size (layers);

  if (n >= 1 && n <= MAX_LAYERS)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: '%s' needs \"layers\": a list of 1 to %d layers", where,
      cell->klass->name, MAX_LAYERS);
  return FALSE;
}

gboolean
rnn_container_add_layers (RnnCell *cell, const json_t *layers, const gchar *where, GError **error)
{
  gsize i, n = json_array_size (layers);
  gint n_in = cell->n_in;
  json_t *layer;

  if (!rnn_container_check_layers (cell, layers, where, error))
    return FALSE;
  json_array_foreach (layers, i, layer) {
    g_autofree gchar *at = g_strdup_printf ("%s: layer %" G_GSIZE_FORMAT, where, i);
    RnnCell *child = rnn_container_add (cell, layer, n_in, at, error);

    if (!child)
      return FALSE;
    if (!child->name)
      take_name (child, n == 1 ? g_strdup ("") : g_strdup_printf ("%" G_GSIZE_FORMAT, i));
    n_in = child->n_out;
  }
  return check_names (cell, where, error);
}

/* ---- depth ---- */

/* Leaves only what numbers each of its parameters, without a layer's name before it. */
static void
check_numbered (RnnParam *param, const gchar *full_name, gpointer numbered)
{
  if (strchr (full_name, '.') || !strstr (full_name, NUMBER))
    *(gboolean *) numbered = FALSE;
}

/* weight_ih_l0_reverse, 2 -> weight_ih_l2_reverse */
static gchar *
counted_name (const gchar *old, gint number)
{
  const gchar *at = strstr (old, NUMBER);

  return g_strdup_printf ("%.*s_l%d%s", (gint) (at - old), old, number, at + strlen (NUMBER));
}

gboolean
rnn_container_add_depth (RnnCell *cell, const json_t *layer, gint depth, const gchar *where, GError **error)
{
  json_t *one = json_copy ((json_t *) layer);
  gboolean ok = TRUE, numbered = TRUE;
  gint n_in = cell->n_in;

  json_object_del (one, "depth");
  json_object_del (one, "name");
  for (gint k = 0; ok && k < depth; k++) {
    RnnCell *child = rnn_container_add (cell, one, n_in, where, error);

    if (child && k == 0)
      rnn_cell_foreach_param (child, check_numbered, &numbered);
    if (child && numbered)
      rnn_container_rename (child, counted_name, k);
    if (child) {
      take_name (child, numbered ? g_strdup ("") : g_strdup_printf ("%d", k));
      n_in = child->n_out;
    }
    ok = child != NULL;
  }
  json_decref (one);
  return ok;
}

void
rnn_container_rename (RnnCell *cell, RnnNameFunc name, gint number)
{
  for (guint i = 0; i < cell->params->len; i++) {
    RnnParam *p = cell->params->pdata[i];
    gchar *old = p->name;

    p->name = name (old, number);
    g_free (old);
  }
  for (guint i = 0; i < cell->children->len; i++)
    rnn_container_rename (cell->children->pdata[i], name, number);
}

/* ---- untrusted recipes ---- */

/* Cells that @layer stands for; stops counting at MAX_CELLS + 1.  *nesting: how deep, at most limit + 1. */
static gint64
count_cells (const json_t *layer, gint limit, gint *nesting)
{
  const RnnCellClass *klass = rnn_cell_class_find (json_string_value (json_object_get (layer, "cell")));
  gint64 depth = CLAMP (json_integer_value (json_object_get (layer, "depth")), 1, MAX_CELLS + 1), n = 1;
  gint deepest = 0;
  gsize i;
  json_t *child;

  json_array_foreach (limit > 0 ? json_object_get (layer, "layers") : NULL, i, child) {
    gint below = 0;

    n = MIN (n + count_cells (child, limit - 1, &below), MAX_CELLS + 1);
    deepest = MAX (deepest, below);
  }
  *nesting = deepest + 1;
  return MIN (n * depth * (klass ? MAX (klass->n_copies, 1) : 1), MAX_CELLS + 1);
}

gboolean
rnn_container_check_size (const json_t *layer, const gchar *where, GError **error)
{
  gint nesting;
  gint64 n = count_cells (layer, MAX_NESTING, &nesting);

  if (nesting <= MAX_NESTING && n <= MAX_CELLS)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, nesting > MAX_NESTING ? "%s: containers are nested deeper than %d"
      : "%s: more than %d layers", where, nesting > MAX_NESTING ? MAX_NESTING : MAX_CELLS);
  return FALSE;
}
