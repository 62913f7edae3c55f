/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model for one of its heads: fewer layers over the same weights. */
#include "model-private.h"
#include "../cells/narrow.h"

static void
note_param (RnnParam *param, const gchar *full_name, gpointer params)
{
  g_hash_table_insert (params, g_strdup (full_name), param);
}

static void
borrow_param (RnnParam *param, const gchar *full_name, gpointer params)
{
  const RnnParam *whole = g_hash_table_lookup (params, full_name);

  param->data = whole->data;
  param->dtype = whole->dtype;
  param->pack = whole->pack;
  param->scales = whole->scales;
  param->sums = whole->sums;
  param->borrowed = TRUE;
}

static void
borrow_params (RnnModel *narrow, RnnModel *model)
{
  g_autoptr (GHashTable) params = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  rnn_cell_foreach_param (model->cells, note_param, params);
  rnn_cell_foreach_param (narrow->cells, borrow_param, params);
}

/* The recipe with @layers (transfer full) and the head alone. (transfer full) */
static json_t *
cut_recipe (const RnnModel *model, json_t *layers, guint head)
{
  json_t *recipe = json_copy (model->recipe), *heads = json_object_get (json_object_get (recipe, "output"), "heads");

  json_object_set (recipe, "output", json_array_get (heads, head));
  json_object_set_new (recipe, "layers", layers);
  return recipe;
}

static RnnModel *
make_narrow (RnnModel *model, guint head, GError **error)
{
  gint first = rnn_output_get_head_start (model->output, head), n = rnn_output_get_head (model->output, head)->n;
  json_t *layers = model->encoder ? NULL : rnn_cell_narrow (model->root, first, n), *recipe;
  RnnModel *narrow;

  if (!layers)
    return rnn_model_ref (model);
  recipe = cut_recipe (model, layers, head);
  narrow = rnn_model_new_cells (recipe, model->path, RNN_PRECISION_F32, error);
  json_decref (recipe);
  if (!narrow)
    return NULL;
  borrow_params (narrow, model);
  narrow->precision = model->precision;
  rnn_model_set_input_stats (narrow, model->input_mean, model->input_std, model->input->n_frame);
  narrow->base = rnn_model_ref (model);
  return narrow;
}

RnnModel *
rnn_model_narrow (RnnModel *model, guint head, RnnPrecision precision, GError **error)
{
  RnnModel *ready = rnn_model_prepare (model, precision, error), *narrow;

  if (!ready || !ready->output->klass->head)
    return ready;
  narrow = rnn_model_find_or_make (ready, &ready->heads[head], make_narrow, head, error);
  rnn_model_unref (ready);
  return narrow;
}
