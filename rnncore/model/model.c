/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model in memory: cells, one flat vector of parameters, what goes in and what comes out. */
#include "model-private.h"
#include "../base/memory.h"
#include <string.h>

#define MOST_PARAMS (G_GUINT64_CONSTANT (1) << 30)

typedef struct {
  gboolean fixed;               /* which parameters to place */
  gsize n;
} Layout;

static void
place (RnnParam *param, const gchar *full_name, gpointer data)
{
  Layout *layout = data;

  if (!param->fixed != !layout->fixed || param->borrowed)
    return;
  param->offset = layout->n;
  /* every parameter starts on a cache line */
  layout->n = rnn_size_add (layout->n, rnn_size_add (param->size, 15) & ~(gsize) 15);
}

static void
set_data (RnnParam *param, const gchar *full_name, gpointer data)
{
  param->data = param->borrowed ? NULL : (gfloat *) data + param->offset;
}

static void
layout_params (RnnModel *model)
{
  Layout layout = { FALSE, 0 };

  rnn_cell_foreach_param (model->cells, place, &layout);
  model->n_trained = layout.n;
  layout.fixed = TRUE;
  rnn_cell_foreach_param (model->cells, place, &layout);
  model->n_params = layout.n;
}

gboolean
rnn_model_alloc_params (RnnModel *model, GError **error)
{
  model->params = rnn_memory_try_floats (model->n_params, model->path, error);
  if (model->params)
    rnn_cell_foreach_param (model->cells, set_data, model->params);
  return model->params != NULL;
}

static void
add_elements (RnnParam *param, const gchar *full_name, gpointer data)
{
  *(guint64 *) data += MIN (param->size, 2 * MOST_PARAMS);      /* the sum of all cannot wrap */
}

/* Matrices that a file has packed. */
static void
borrow (RnnParam *param, const gchar *full_name, gpointer data)
{
  param->dtype = rnn_param_pack_type (param, rnn_precision_get_pack (*(RnnPrecision *) data));
  param->borrowed = param->dtype != RNN_PACK_F32;
}

RnnModel *
rnn_model_new_cells (const json_t *recipe, const gchar *where, RnnPrecision precision, GError **error)
{
  RnnModel *model = g_new0 (RnnModel, 1);
  guint64 elements = 0;

  g_atomic_ref_count_init (&model->refs);
  model->path = g_strdup (where);
  model->recipe = json_deep_copy (recipe);
  if (!rnn_model_read_recipe (model, error)) {
    rnn_model_unref (model);
    return NULL;
  }
  rnn_cell_foreach_param (model->cells, add_elements, &elements);
  if (elements > MOST_PARAMS) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: %" G_GUINT64_FORMAT " parameters; at most 2^30 are supported",
        where, elements);
    rnn_model_unref (model);
    return NULL;
  }
  model->precision = precision;
  if (precision != RNN_PRECISION_F32)
    rnn_cell_foreach_param (model->cells, borrow, &precision);
  layout_params (model);
  return model;
}

RnnModel *
rnn_model_new_empty (const json_t *recipe, const gchar *where, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_new_cells (recipe, where, RNN_PRECISION_F32, error);

  if (!model || !rnn_memory_check (rnn_size_mul (model->n_params, sizeof (gfloat)), "weights", where, error)
      || !rnn_model_alloc_params (model, error))
    return NULL;
  return g_steal_pointer (&model);
}

RnnModel *
rnn_model_new (const json_t *recipe, guint64 seed, const gchar *where, GError **error)
{
  RnnModel *model = rnn_model_new_empty (recipe, where, error);
  RnnRng rng;

  if (!model)
    return NULL;
  rnn_rng_seed (&rng, seed, 0);
  rnn_cell_init_params (model->cells, &rng);
  return model;
}

gboolean
rnn_model_check_trainable (RnnModel *model, GError **error)
{
  if (model->precision == RNN_PRECISION_F32)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its weights are %s, which can be run but not trained; "
      "take the model that it was made of", model->path, rnn_precision_get_name (model->precision));
  return FALSE;
}

RnnModel *
rnn_model_copy (RnnModel *model, GError **error)
{
  RnnModel *copy;

  if (!rnn_model_check_trainable (model, error))
    return NULL;
  copy = rnn_model_new_empty (model->recipe, model->path, error);
  if (copy) {
    memcpy (copy->params, model->params, model->n_params * sizeof (gfloat));
    rnn_model_set_input_stats (copy, model->input_mean, model->input_std, model->input->n_frame);
  }
  return copy;
}

static void
pack_one (RnnParam *param, const gchar *full_name, gpointer data)
{
  rnn_param_pack (param, GPOINTER_TO_INT (data));
}

typedef struct {
  const gchar *name;
  const RnnParam *found;
} WeightSearch;

static void
compare_name (RnnParam *param, const gchar *full_name, gpointer data)
{
  WeightSearch *search = data;

  if (g_str_equal (full_name, search->name))
    search->found = param;
}

gfloat *
rnn_model_get_weight (RnnModel *model, const gchar *name, gsize *n)
{
  WeightSearch search = { .name = name };

  rnn_cell_foreach_param (model->cells, compare_name, &search);
  *n = search.found ? search.found->size : 0;
  return search.found ? search.found->data : NULL;
}

void
rnn_model_pack (RnnModel *model, gboolean training)
{
  rnn_cell_foreach_param (model->cells, pack_one, GINT_TO_POINTER (training));
  model->packed = training ? 2 : 1;
}

/* ---- what it is ---- */

static const gchar *
text_of (RnnModel *model, const gchar *key)
{
  return json_string_value (json_object_get (model->recipe, key));
}

const gchar *
rnn_model_get_path (RnnModel *model)
{
  return model->path;
}

const gchar *
rnn_model_get_name (RnnModel *model)
{
  return text_of (model, "name");
}

const gchar *
rnn_model_get_license (RnnModel *model)
{
  return text_of (model, "license");
}

const gchar *
rnn_model_get_attribution (RnnModel *model)
{
  return text_of (model, "attribution");
}

json_t *
rnn_model_get_recipe (RnnModel *model)
{
  return model->recipe;
}

RnnCell *
rnn_model_get_root (RnnModel *model)
{
  return model->root;
}

RnnCell *
rnn_model_get_encoder (RnnModel *model)
{
  return model->encoder;
}

RnnCell *
rnn_model_get_cells (RnnModel *model)
{
  return model->cells;
}

gboolean
rnn_model_carries (RnnModel *model)
{
  return model->carries;
}

const gchar *const *
rnn_model_get_source_tokens (RnnModel *model)
{
  return (const gchar *const *) model->source_tokens;
}

gint
rnn_model_get_n_in (RnnModel *model)
{
  return model->input->n_in;
}

gint
rnn_model_get_n_out (RnnModel *model)
{
  return model->root->n_out;
}

gint
rnn_model_get_latency (RnnModel *model)
{
  return model->root->latency;
}

gboolean
rnn_model_is_offline (RnnModel *model)
{
  return model->root->offline;
}

gsize
rnn_model_get_n_params (RnnModel *model)
{
  return model->n_params;
}

gsize
rnn_model_get_n_trained (RnnModel *model)
{
  return model->n_trained;
}

gfloat *
rnn_model_get_params (RnnModel *model)
{
  return model->params;
}

RnnPrecision
rnn_model_get_precision (RnnModel *model)
{
  return model->precision;
}

static void
add_bytes (RnnParam *param, const gchar *full_name, gpointer data)
{
  gsize outputs = param->dtype == RNN_PACK_INT8 ? rnn_param_pack_outputs (param) : 0;

  *(gsize *) data += param->dtype == RNN_PACK_F32 ? param->size * sizeof (gfloat)
      : rnn_param_pack_bytes (param, param->dtype) + outputs * (sizeof (gfloat) + sizeof (gint32));
}

gsize
rnn_model_get_weight_bytes (RnnModel *model)
{
  gsize bytes = 0;

  rnn_cell_foreach_param (model->cells, add_bytes, &bytes);
  return bytes;
}

const RnnInput *
rnn_model_get_input (RnnModel *model)
{
  return model->input;
}

gint
rnn_model_get_rate (RnnModel *model)
{
  return model->input->rate;
}

const RnnFeatureConfig *
rnn_model_get_features (RnnModel *model)
{
  return model->input->klass->source == RNN_SOURCE_AUDIO ? &model->input->features : NULL;
}

const gfloat *
rnn_model_get_input_mean (RnnModel *model)
{
  return model->input_mean;
}

const gfloat *
rnn_model_get_input_std (RnnModel *model)
{
  return model->input_std;
}

void
rnn_model_set_input_stats (RnnModel *model, const gfloat *mean, const gfloat *std, gint n)
{
  g_return_if_fail (n == model->input->n_frame);
  g_clear_pointer (&model->input_mean, g_free);
  g_clear_pointer (&model->input_std, g_free);
  if (mean && std) {
    model->input_mean = g_memdup2 (mean, (gsize) n * sizeof (gfloat));
    model->input_std = g_memdup2 (std, (gsize) n * sizeof (gfloat));
  }
}

const RnnOutput *
rnn_model_get_output (RnnModel *model)
{
  return model->output;
}

const gchar *const *
rnn_model_get_tokens (RnnModel *model)
{
  return (const gchar *const *) rnn_output_primary (model->output)->names;
}

gint
rnn_model_get_blank (RnnModel *model)
{
  return rnn_output_primary (model->output)->blank;
}

RnnSpeller *
rnn_model_new_speller (RnnModel *model, RnnTokens *tokens)
{
  return rnn_speller_new (tokens, &rnn_output_primary (model->output)->text);
}
