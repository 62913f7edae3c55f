/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layer by itself: a model of that one layer, whose cells run on the caller's state, a step at a time. */
#include "layer.h"
#include "../base/finite.h"
#include "../model/root.h"
#include <string.h>

#define NUMBER "_l0"            /* in the names of nn.LSTM; those of nn.LSTMCell have none */

struct _RnnLayer {
  RnnModel *model;
  RnnCell *root;                /* a chain of one */
  gfloat *scratch;              /* of one step of one stream */
};

RnnLayer *
rnn_layer_new (const gchar *json, gint n_in, GError **error)
{
  json_error_t at;
  json_t *object = json_loads (json, JSON_REJECT_DUPLICATES, &at), *recipe;
  RnnModel *model;
  RnnLayer *layer;

  if (!object) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "a layer in JSON: %s", at.text);
    return NULL;
  }
  recipe = json_pack ("{s:{s:s, s:i}, s:[o]}", "input", "kind", "tensors", "size", n_in, "layers", object);
  model = rnn_model_new (recipe, 1, "a layer", error);
  json_decref (recipe);
  if (model && rnn_model_is_offline (model)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "a layer: it needs whole sequences and cannot stream");
    g_clear_pointer (&model, rnn_model_unref);
  }
  if (!model)
    return NULL;
  rnn_model_pack (model, FALSE);
  layer = g_new0 (RnnLayer, 1);
  layer->model = model;
  layer->root = rnn_model_get_root (model);
  layer->scratch = g_aligned_alloc0 (MAX (rnn_cell_scratch_size (layer->root, 1, 1), 1), sizeof (gfloat), 64);
  return layer;
}

void
rnn_layer_free (RnnLayer *layer)
{
  if (!layer)
    return;
  g_aligned_free (layer->scratch);
  rnn_model_unref (layer->model);
  g_free (layer);
}

/* ---- weights ---- */

typedef struct {
  const RnnTensorView *tensors;
  guint n;
  gsize prefix;                 /* characters of their names that do not count */
  gfloat *params;               /* what becomes the flat vector */
  guint used;
  GError **error;
  gboolean ok;
} Weights;

static gboolean
is_name (const gchar *given, const gchar *name)
{
  gsize n = strlen (name);

  if (g_str_equal (given, name))
    return TRUE;
  return g_str_has_suffix (name, NUMBER) && strlen (given) == n - strlen (NUMBER) && g_str_has_prefix (name, given);
}

static const RnnTensorView *
find (const Weights *w, const gchar *name)
{
  for (guint i = 0; i < w->n; i++)
    if (is_name (w->tensors[i].name + w->prefix, name))
      return &w->tensors[i];
  return NULL;
}

static gboolean
has_shape (const RnnTensorView *tensor, const RnnParam *param)
{
  gboolean same = tensor->rank == param->rank;

  for (gint i = 0; same && i < param->rank; i++)
    same = tensor->dims[i] == param->dims[i];
  return same;
}

static gchar *
describe_shape (const RnnParam *param)
{
  GString *text = g_string_new ("[");

  for (gint i = 0; i < param->rank; i++)
    g_string_append_printf (text, "%s%d", i ? ", " : "", param->dims[i]);
  return g_string_free (g_string_append_c (text, ']'), FALSE);
}

static void
take_weight (RnnParam *param, const gchar *full_name, gpointer data)
{
  Weights *w = data;
  const RnnTensorView *tensor = find (w, full_name);

  if (!w->ok)
    return;
  w->ok = tensor && has_shape (tensor, param);
  if (!w->ok) {
    g_autofree gchar *shape = describe_shape (param);

    g_set_error (w->error, RNN_ERROR, RNN_ERROR_SHAPE, "there is no %s of shape %s", full_name, shape);
    return;
  }
  rnn_tensor_view_to_float (tensor, w->params + param->offset);
  w->used++;
}

typedef struct {
  const gchar *given;
  gboolean found;
} Known;

static void
compare (RnnParam *param, const gchar *full_name, gpointer data)
{
  Known *known = data;

  known->found |= is_name (known->given, full_name);
}

/* Names a tensor that the layer has no place for. */
static gboolean
check_unused (RnnLayer *layer, const Weights *w)
{
  for (guint i = 0; i < w->n && w->used < w->n; i++) {
    Known known = { w->tensors[i].name + w->prefix, FALSE };

    rnn_cell_foreach_param (layer->root, compare, &known);
    if (!known.found) {
      g_set_error (w->error, RNN_ERROR, RNN_ERROR_SHAPE, "the layer has no weight %s", w->tensors[i].name);
      return FALSE;
    }
  }
  return TRUE;
}

static gboolean
set_weights (RnnLayer *layer, const RnnTensorView *tensors, guint n, gsize prefix, GError **error)
{
  gsize size = rnn_model_get_n_params (layer->model);
  g_autofree gfloat *params = g_new (gfloat, size);
  Weights w = { tensors, n, prefix, params, 0, error, TRUE };

  rnn_cell_foreach_param (layer->root, take_weight, &w);
  if (!w.ok || !check_unused (layer, &w))
    return FALSE;
  if (!rnn_all_finite (size, params)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "a weight is not a finite number");
    return FALSE;
  }
  memcpy (rnn_model_get_params (layer->model), params, size * sizeof (gfloat));
  rnn_model_pack (layer->model, FALSE);
  return TRUE;
}

gboolean
rnn_layer_set_weights (RnnLayer *layer, const RnnTensorView *tensors, guint n, GError **error)
{
  return set_weights (layer, tensors, n, 0, error);
}

gboolean
rnn_layer_load (RnnLayer *layer, const gchar *path, const gchar *prefix, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open (path, error);
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (RnnTensorView));

  if (!file)
    return FALSE;
  for (guint i = 0; i < rnn_safetensors_get_n (file); i++)
    if (g_str_has_prefix (rnn_safetensors_get (file, i)->name, prefix))
      g_array_append_vals (tensors, rnn_safetensors_get (file, i), 1);
  if (set_weights (layer, (const RnnTensorView *) tensors->data, tensors->len, strlen (prefix), error))
    return TRUE;
  g_prefix_error (error, "%s: ", path);
  return FALSE;
}

/* ---- running ---- */

gint
rnn_layer_get_n_in (RnnLayer *layer)
{
  return layer->root->n_in;
}

gint
rnn_layer_get_n_out (RnnLayer *layer)
{
  return layer->root->n_out;
}

guint
rnn_layer_get_latency (RnnLayer *layer)
{
  return (guint) layer->root->latency;
}

gsize
rnn_layer_get_state_size (RnnLayer *layer)
{
  return layer->root->n_state;
}

gssize
rnn_layer_find_state (RnnLayer *layer, const gchar *name, gsize *n)
{
  const RnnCell *cell = layer->root->children->pdata[0];
  gsize at = 0;

  for (guint i = 0; i < cell->state_parts->len; i++) {
    const RnnStatePart *part = &g_array_index (cell->state_parts, RnnStatePart, i);

    if (g_str_equal (part->name, name)) {
      if (n)
        *n = part->n;
      return (gssize) at;
    }
    at += part->n;
  }
  return -1;
}

void
rnn_layer_reset (RnnLayer *layer, gfloat *state)
{
  rnn_cell_reset_state (layer->root, state);
}

void
rnn_layer_run (RnnLayer *layer, guint n_steps, const gfloat *x, gfloat *state, gfloat *y)
{
  const RnnCell *root = layer->root;

  for (guint t = 0; t < n_steps; t++) {
    RnnRun run = { .T = 1, .B = 1, .x = x + (gsize) t * root->n_in, .y = y + (gsize) t * root->n_out, .state = state,
      .state_stride = root->n_state, .scratch = layer->scratch };

    root->klass->forward (root, &run);
  }
}
