/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The life of models: references, one copy per process and file, one variant per precision and head. */
#include "model-private.h"
#include "../base/file.h"
#include "../base/memory.h"

/* Guards the table, every model's `variants` and `heads` and the step from one reference to none: nobody can find a dying model. */
static GMutex lock;
static GHashTable *shared;      /* key -> RnnModel, not referenced */

RnnModel *
rnn_model_ref (RnnModel *model)
{
  g_atomic_ref_count_inc (&model->refs);
  return model;
}

/* Two threads may have loaded the same file at once: the first one's copy wins. */
static RnnModel *
share (RnnModel *model, gchar *key)
{
  RnnModel *first;

  g_mutex_lock (&lock);
  first = g_hash_table_lookup (shared, key);
  if (first) {
    rnn_model_ref (first);
  } else {
    model->shared_key = g_steal_pointer (&key);
    g_hash_table_insert (shared, model->shared_key, model);
  }
  g_mutex_unlock (&lock);
  g_free (key);
  if (first)
    rnn_model_unref (model);
  return first ? first : model;
}

RnnModel *
rnn_model_load_shared (const gchar *path, GError **error)
{
  g_autofree gchar *key = NULL;
  g_autoptr (GBytes) bytes = rnn_file_map_with_id (path, &key, error);
  RnnModel *model;

  if (!bytes)
    return NULL;
  g_mutex_lock (&lock);
  if (!shared)
    shared = g_hash_table_new (g_str_hash, g_str_equal);
  model = g_hash_table_lookup (shared, key);
  if (model)
    rnn_model_ref (model);
  g_mutex_unlock (&lock);
  if (model)
    return model;
  if (!(model = rnn_model_load_file (bytes, path, error)))
    return NULL;
  return share (model, g_steal_pointer (&key));
}

/* ---- precisions ---- */

static const RnnPackType packs[RNN_N_PRECISIONS] = {
  [RNN_PRECISION_F32] = RNN_PACK_F32, [RNN_PRECISION_INT8] = RNN_PACK_INT8, [RNN_PRECISION_BF16] = RNN_PACK_BF16
};

RnnPackType
rnn_precision_get_pack (RnnPrecision precision)
{
  return packs[precision];
}

typedef struct {
  GPtrArray *params;            /* the model's RnnParams; the variant's are the same in the same order */
  guint i;
  RnnPackType type;
} Packing;

static void
add_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  g_ptr_array_add (data, param);
}

static void
pack_as (RnnParam *param, const gchar *full_name, gpointer data)
{
  Packing *packing = data;
  const RnnParam *model = packing->params->pdata[packing->i++];

  param->data = model->data;
  param->moments = model->moments;
  rnn_param_pack_as (param, packing->type);
  param->moments = NULL;
}

RnnModel *
rnn_model_new_variant (RnnModel *model, RnnPrecision precision, GError **error)
{
  RnnModel *variant = rnn_memory_probe (model->n_params * sizeof (gfloat), model->path, error)
      ? rnn_model_new_cells (model->recipe, model->path, RNN_PRECISION_F32, error) : NULL;
  g_autoptr (GPtrArray) params = g_ptr_array_new ();
  Packing packing = { params, 0, packs[precision] };

  if (!variant)
    return NULL;
  rnn_cell_foreach_param (model->cells, add_param, params);
  rnn_cell_foreach_param (variant->cells, pack_as, &packing);
  variant->precision = precision;
  rnn_model_set_input_stats (variant, model->input_mean, model->input_std, model->input->n_frame);
  variant->base = rnn_model_ref (model);
  return variant;
}

RnnModel *
rnn_model_find_or_make (RnnModel *model, RnnModel **slot, RnnModelMake make, guint what, GError **error)
{
  RnnModel *made = NULL, *ready;

  g_mutex_lock (&lock);
  if (!*slot) {
    g_mutex_unlock (&lock);
    if (!(made = make (model, what, error)))
      return NULL;
    g_mutex_lock (&lock);
  }
  if (!*slot)
    ready = *slot = g_steal_pointer (&made);
  else
    ready = rnn_model_ref (*slot);
  g_mutex_unlock (&lock);
  if (made)
    rnn_model_unref (made);
  return ready;
}

static RnnModel *
make_variant (RnnModel *model, guint precision, GError **error)
{
  return rnn_model_new_variant (model, (RnnPrecision) precision, error);
}

RnnModel *
rnn_model_prepare (RnnModel *model, RnnPrecision precision, GError **error)
{
  gboolean ready;

  if (model->mapped)
    return rnn_model_ref (model);
  if (precision != RNN_PRECISION_F32 && !model->base)
    return rnn_model_find_or_make (model, &model->variants[precision], make_variant, precision, error);
  g_mutex_lock (&lock);
  ready = model->packed || model->base || rnn_memory_probe (rnn_size_mul (model->n_params, sizeof (gfloat)), model->path, error);
  if (ready && !model->packed && !model->base)
    rnn_model_pack (model, FALSE);
  g_mutex_unlock (&lock);
  return ready ? rnn_model_ref (model) : NULL;
}

static void
model_free (RnnModel *model)
{
  g_clear_pointer (&model->cells, rnn_cell_free);
  rnn_input_free (model->encoder_input);
  g_strfreev (model->source_tokens);
  g_aligned_free (model->params);
  g_free (model->input_mean);
  g_free (model->input_std);
  rnn_input_free (model->input);
  rnn_output_free (model->output);
  json_decref (model->recipe);
  g_free (model->shared_key);
  g_free (model->path);
  g_clear_pointer (&model->mapped, g_bytes_unref);
  g_clear_pointer (&model->base, rnn_model_unref);
  g_free (model);
}

static void
forget (const RnnModel *model, RnnModel **slots, guint n)
{
  for (guint i = 0; i < n; i++)
    if (slots[i] == model)
      slots[i] = NULL;
}

void
rnn_model_unref (RnnModel *model)
{
  gboolean last;

  if (!model)
    return;
  g_mutex_lock (&lock);
  last = g_atomic_ref_count_dec (&model->refs);
  if (last && model->shared_key)
    g_hash_table_remove (shared, model->shared_key);
  if (last && model->base) {
    forget (model, model->base->variants, RNN_N_PRECISIONS);
    forget (model, model->base->heads, RNN_MAX_HEADS);
  }
  g_mutex_unlock (&lock);
  if (last)
    model_free (model);
}
