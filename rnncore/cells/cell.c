/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all cells share: making one from a recipe's layer, its parameters, its fresh state. */
#include "container.h"
#include "../base/memory.h"
#include "../kernels/denormals.h"
#include <string.h>

#define MAX_DEPTH 1024
#define MAX_FLOATS (1 << 28)

static const gchar *const common_keys[] = { "cell", "name", "layers", "depth", NULL };

const RnnCellClass *
rnn_cell_class_find (const gchar *name)
{
  const RnnCellClass *const *classes = rnn_cell_classes ();

  for (guint i = 0; classes[i]; i++)
    if (g_strcmp0 (classes[i]->name, name) == 0)
      return classes[i];
  return NULL;
}

static gchar *
known_names (void)
{
  GPtrArray *names = g_ptr_array_new ();
  const RnnCellClass *const *classes = rnn_cell_classes ();
  gchar *text;

  for (guint i = 0; classes[i]; i++)
    g_ptr_array_add (names, (gpointer) classes[i]->name);
  g_ptr_array_add (names, NULL);
  text = g_strjoinv (", ", (gchar **) names->pdata);
  g_ptr_array_free (names, TRUE);
  return text;
}

static const RnnCellClass *
class_of_layer (const json_t *layer, const gchar *where, GError **error)
{
  const gchar *name = json_string_value (json_object_get (layer, "cell"));
  const RnnCellClass *klass = rnn_cell_class_find (name);

  if (!name) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: a layer needs \"cell\": the name of its kind", where);
  } else if (!klass) {
    g_autofree gchar *known = known_names ();
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: no cell is called '%s'; there are: %s", where, name,
        known);
  }
  return klass;
}

/* What every layer has in common.  @depth out: so many of it. */
static gboolean
check_layer (const json_t *layer, gint n_in, const gchar *where, gint *depth, GError **error)
{
  json_t *value = json_object_get (layer, "depth");
  json_int_t n = value ? json_integer_value (value) : 1;

  *depth = (gint) CLAMP (n, 1, MAX_DEPTH);
  if (n_in < 1 || n_in > 1 << 20) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: the input must have 1 to 1048576 values", where);
    return FALSE;
  }
  if (n != *depth) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: \"depth\" must be a number from 1 to %d", where, MAX_DEPTH);
    return FALSE;
  }
  return rnn_container_check_size (layer, where, error);
}

/* Recipes come from anywhere: what one stream needs has to be what a machine may have. */
static gboolean
check_memory (const RnnCell *cell, const gchar *where, GError **error)
{
  guint64 n = MAX (MAX (cell->n_state, cell->n_tape), MAX (cell->n_scratch, cell->n_scratch_once));

  if (n <= MAX_FLOATS)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: %" G_GUINT64_FORMAT " numbers per stream; at most %d are supported",
      where, n, MAX_FLOATS);
  return FALSE;
}

/* Options and children. */
static gboolean
fill (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  const RnnCellClass *klass = cell->klass;

  if (cell->depth > 1)
    return rnn_container_add_depth (cell, layer, cell->depth, where, error);
  rnn_options_init (klass->options, cell);
  if (!rnn_options_from_json (klass->options, cell, layer, common_keys, where, error))
    return FALSE;
  if (klass->build)
    return klass->build (cell, layer, where, error);
  return !klass->n_copies || rnn_container_add_layers (cell, json_object_get (layer, "layers"), where, error);
}

RnnCell *
rnn_cell_new (const json_t *layer, gint n_in, const gchar *where, GError **error)
{
  const RnnCellClass *klass = class_of_layer (layer, where, error);
  const gchar *name = json_string_value (json_object_get (layer, "name"));
  g_autofree gchar *at = name && *name ? g_strdup_printf ("%s '%s'", where, name) : g_strdup (where);
  RnnCell *cell;
  gint depth;

  if (!klass || !check_layer (layer, n_in, at, &depth, error))
    return NULL;
  if (depth > 1)
    klass = rnn_cell_class_find ("chain");
  cell = g_malloc0 (klass->instance_size);
  cell->klass = klass;
  cell->name = g_strdup (name);
  cell->n_in = n_in;
  cell->depth = depth;
  cell->state_parts = g_array_new (FALSE, FALSE, sizeof (RnnStatePart));
  cell->params = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_param_free);
  cell->children = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_cell_free);
  if (!fill (cell, layer, at, error) || !klass->setup (cell, error) || !check_memory (cell, at, error)) {
    if (error && *error && !g_str_has_prefix ((*error)->message, where))
      g_prefix_error (error, "%s: ", at);
    rnn_cell_free (cell);
    return NULL;
  }
  return cell;
}

void
rnn_cell_free (RnnCell *cell)
{
  if (!cell)
    return;
  if (cell->klass->finalize)
    cell->klass->finalize (cell);
  rnn_options_clear (cell->klass->options, cell);
  g_ptr_array_unref (cell->children);
  g_ptr_array_unref (cell->params);
  g_array_unref (cell->state_parts);
  json_decref (cell->from);
  g_free (cell->name);
  g_free (cell);
}

/* The list that rnn_container_add_layers read. */
static json_t *
layers_to_json (const RnnCell *cell)
{
  const RnnCell *list = cell->klass->n_copies > 1 ? cell->children->pdata[0] : cell;
  json_t *layers = json_array ();

  for (guint i = 0; i < list->children->len; i++)
    json_array_append_new (layers, rnn_cell_to_json (list->children->pdata[i]));
  return layers;
}

json_t *
rnn_cell_to_json (const RnnCell *cell)
{
  json_t *layer;

  if (cell->depth > 1) {
    layer = rnn_cell_to_json (cell->children->pdata[0]);
    json_object_del (layer, "name");
    json_object_set_new (layer, "depth", json_integer (cell->depth));
  } else {
    layer = json_pack ("{ss}", "cell", cell->klass->name);
    rnn_options_to_json (cell->klass->options, cell, layer);
    if (cell->klass->n_copies)
      json_object_set_new (layer, "layers", layers_to_json (cell));
  }
  if (cell->name)
    json_object_set_new (layer, "name", json_string (cell->name));
  if (cell->from)
    json_object_set (layer, "from", cell->from);
  return layer;
}

/* ---- parameters ---- */

RnnParam *
rnn_cell_add_tensor (RnnCell *cell, const gchar *name, gint rank, const gint *dims, gfloat bound)
{
  RnnParam *p = g_new0 (RnnParam, 1);

  p->name = g_strdup (name);
  p->rank = rank;
  p->size = 1;
  for (gint i = 0; i < rank; i++) {
    p->dims[i] = dims[i];
    p->size = rnn_size_mul (p->size, (gsize) dims[i]);
  }
  p->rows = dims[0];
  p->groups = 1;
  p->init_bound = bound;
  g_ptr_array_add (cell->params, p);
  return p;
}

RnnParam *
rnn_cell_add_vector (RnnCell *cell, const gchar *name, gint n, gfloat bound)
{
  return rnn_cell_add_tensor (cell, name, 1, &n, bound);
}

RnnParam *
rnn_cell_add_matrix (RnnCell *cell, const gchar *name, gint rows, gint cols, gfloat bound)
{
  RnnParam *p = rnn_cell_add_tensor (cell, name, 2, (const gint[]) { rows, cols }, bound);

  p->is_matrix = TRUE;
  return p;
}

RnnParam *
rnn_cell_add_blocks (RnnCell *cell, const gchar *name, gint blocks, gint rows, gint cols, gfloat bound)
{
  RnnParam *p = rnn_cell_add_tensor (cell, name, 3, (const gint[]) { blocks, rows, cols }, bound);

  p->is_matrix = TRUE;
  p->rows = blocks * rows;
  p->groups = blocks;
  return p;
}

static void
foreach_param (RnnCell *cell, const gchar *prefix, RnnParamFunc func, gpointer data)
{
  for (guint i = 0; i < cell->params->len; i++) {
    RnnParam *p = cell->params->pdata[i];
    g_autofree gchar *full = g_strconcat (prefix, p->name, NULL);

    func (p, full, data);
  }
  for (guint i = 0; i < cell->children->len; i++) {
    RnnCell *child = cell->children->pdata[i];
    gboolean named = child->name && *child->name;
    g_autofree gchar *inner = g_strconcat (prefix, named ? child->name : "", named ? "." : "", NULL);

    foreach_param (child, inner, func, data);
  }
}

void
rnn_cell_foreach_param (RnnCell *cell, RnnParamFunc func, gpointer data)
{
  foreach_param (cell, "", func, data);
}

void
rnn_cell_init_params (RnnCell *cell, RnnRng *rng)
{
  for (guint i = 0; i < cell->params->len; i++) {
    RnnParam *p = cell->params->pdata[i];

    for (gsize j = 0; j < p->size; j++)
      p->data[j] = p->init_value + (p->init_bound > 0 ? (2 * rnn_rng_uniform (rng) - 1) * p->init_bound : 0);
  }
  for (guint i = 0; i < cell->children->len; i++)
    rnn_cell_init_params (cell->children->pdata[i], rng);
  if (cell->klass->init)
    cell->klass->init (cell, rng);
}

/* ---- running ---- */

void
rnn_cell_forward (const RnnCell *cell, const RnnRun *run)
{
  guint64 before = rnn_denormals_flush ();

  cell->klass->forward (cell, run);
  rnn_denormals_restore (before);
}

void
rnn_cell_backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  guint64 before = rnn_denormals_flush ();

  cell->klass->backward (cell, run, grad);
  rnn_denormals_restore (before);
}

/* ---- state ---- */

void
rnn_cell_add_state (RnnCell *cell, const gchar *name, guint64 n)
{
  RnnStatePart part = { name, n };

  g_array_append_val (cell->state_parts, part);
  cell->n_state += n;
}

void
rnn_cell_reset_state (const RnnCell *cell, gfloat *state)
{
  memset (state, 0, cell->n_state * sizeof (gfloat));
  if (cell->klass->reset)
    cell->klass->reset (cell, state);
}

gboolean
rnn_cell_can_train (const RnnCell *cell)
{
  for (guint i = 0; i < cell->children->len; i++)
    if (!rnn_cell_can_train (cell->children->pdata[i]))
      return FALSE;
  return cell->klass->backward != NULL;
}

gsize
rnn_cell_scratch_size (const RnnCell *cell, gint T, gint B)
{
  return rnn_size_mul ((gsize) B, rnn_size_add (rnn_size_mul ((gsize) T, cell->n_scratch), cell->n_scratch_once));
}

/* ---- for forward and backward ---- */

void
rnn_copy_rows (gint n, gint size, const gfloat *from, gsize ld_from, gfloat *to, gsize ld_to)
{
  for (gint i = 0; i < n && from != to; i++)
    memcpy (to + i * ld_to, from + i * ld_from, (gsize) size * sizeof (gfloat));
}

void
rnn_clip (gint n, gfloat limit, gfloat *x)
{
  for (gint i = 0; i < n; i++)
    x[i] = CLAMP (x[i], -limit, limit);
}
