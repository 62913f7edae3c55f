/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model on disk: safetensors with the recipe in its metadata, a recipe alone, or what an importer knows. */
#include "import.h"
#include "model-private.h"
#include "packed.h"
#include "safetensors.h"
#include "../base/file.h"
#include "../base/finite.h"
#include <math.h>
#include <string.h>

#define RECIPE_KEY "rnncore"

/* ---- loading ---- */

typedef struct {
  RnnSafetensors *file;
  const gchar *path;
  GError **error;
  gboolean ok;
} Loading;

/* Is it there, as the recipe has it?  Asked of all before any gets memory: a recipe may claim what it likes. */
static void
find_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  Loading *l = data;

  if (!l->ok)
    return;
  if (param->borrowed)
    l->ok = rnn_packed_load (param, full_name, l->file, l->path, l->error);
  else
    l->ok = rnn_safetensors_require (l->file, full_name, param->rank, param->dims, l->error) != NULL;
}

static void
load_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  if (!param->borrowed)
    rnn_tensor_view_to_float (rnn_safetensors_find (data, full_name), param->data);
}

static gboolean
load_stats (RnnModel *model, RnnSafetensors *file, GError **error)
{
  const RnnTensorView *mean, *std;

  if (!rnn_safetensors_find (file, "input.mean"))
    return TRUE;
  mean = rnn_safetensors_require (file, "input.mean", 1, &model->input->n_frame, error);
  std = mean ? rnn_safetensors_require (file, "input.std", 1, &model->input->n_frame, error) : NULL;
  if (!std)
    return FALSE;
  model->input_mean = g_new (gfloat, model->input->n_frame);
  model->input_std = g_new (gfloat, model->input->n_frame);
  rnn_tensor_view_to_float (mean, model->input_mean);
  rnn_tensor_view_to_float (std, model->input_std);
  return TRUE;
}

gboolean
rnn_model_check_finite (RnnModel *model, GError **error)
{
  gboolean good = rnn_all_finite (model->n_params, model->params);

  for (gint i = 0; model->input_mean && i < model->input->n_frame; i++)
    good = good && isfinite (model->input_mean[i]) && isfinite (model->input_std[i]) && model->input_std[i] > 0;
  if (good)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: a weight is not a finite number, or an input deviation is not "
      "positive", model->path);
  return FALSE;
}

/* The recipe in a file. */
static json_t *
parse_recipe (RnnSafetensors *file, const gchar *path, GError **error)
{
  const gchar *text = rnn_safetensors_get_metadata (file, RECIPE_KEY);
  json_error_t at;
  json_t *recipe = text ? json_loads (text, JSON_REJECT_DUPLICATES, &at) : NULL;

  if (!recipe)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s%s", path, text ? "the recipe in its metadata is not JSON: "
        : "only weights, no model: its metadata have no \"" RECIPE_KEY "\"; rnncore convert --recipe adds one",
        text ? at.text : "");
  return recipe;
}

/* The cells of @recipe, or else of that in the file. */
static RnnModel *
load_cells (RnnSafetensors *file, json_t *recipe, const gchar *path, GError **error)
{
  json_t *used = recipe ? json_incref (recipe) : NULL;
  RnnModel *model = NULL;
  RnnPrecision precision;

  if (rnn_packed_parse (rnn_safetensors_get_metadata (file, RNN_PACKED_KEY), &precision, path, error)
      && (used || (used = parse_recipe (file, path, error))))
    model = rnn_model_new_cells (used, path, precision, error);
  json_decref (used);
  return model;
}

static RnnModel *
load_bytes (GBytes *bytes, json_t *recipe, const gchar *path, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open_bytes (bytes, path, error);
  g_autoptr (RnnModel) model = file ? load_cells (file, recipe, path, error) : NULL;
  Loading loading = { file, path, error, TRUE };

  if (!model)
    return NULL;
  rnn_cell_foreach_param (model->root, find_param, &loading);
  if (!loading.ok)
    return NULL;
  rnn_model_alloc_params (model);
  rnn_cell_foreach_param (model->root, load_param, file);
  if (!load_stats (model, file, error) || !rnn_model_check_finite (model, error))
    return NULL;
  if (model->precision != RNN_PRECISION_F32) {
    rnn_model_pack (model, FALSE);      /* matrices too wide for int8 */
    model->mapped = g_bytes_ref (bytes);
  }
  return g_steal_pointer (&model);
}

RnnModel *
rnn_model_load_bytes (GBytes *bytes, const gchar *path, GError **error)
{
  return load_bytes (bytes, NULL, path, error);
}

static json_t *
read_recipe (const gchar *path, GError **error)
{
  json_error_t at;
  json_t *recipe = json_load_file (path, JSON_REJECT_DUPLICATES, &at);

  if (!recipe && !g_file_test (path, G_FILE_TEST_EXISTS))
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: no such file", path);
  else if (!recipe)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no recipe in JSON: %s (line %d)", path, at.text, at.line);
  return recipe;
}

static RnnModel *
load_recipe (const gchar *path, GError **error)
{
  json_t *recipe = read_recipe (path, error);
  RnnModel *model = recipe ? rnn_model_new (recipe, 1, path, error) : NULL;

  json_decref (recipe);
  return model;
}

RnnModel *
rnn_model_load_weights (const gchar *recipe_path, const gchar *path, GError **error)
{
  json_t *recipe = read_recipe (recipe_path, error);
  g_autoptr (GBytes) bytes = recipe ? rnn_file_map (path, error) : NULL;
  RnnModel *model = bytes ? load_bytes (bytes, recipe, path, error) : NULL;

  if (bytes && !model)
    g_prefix_error (error, "%s with ", recipe_path);
  json_decref (recipe);
  return model;
}

static const RnnImporter *const importers[] = { &rnn_importer_rwkv };

RnnModel *
rnn_model_load (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data;
  gsize n;

  if (g_str_has_suffix (path, ".json"))
    return load_recipe (path, error);
  if (!(bytes = rnn_file_map (path, error)))
    return NULL;
  data = g_bytes_get_data (bytes, &n);
  for (guint i = 0; i < G_N_ELEMENTS (importers); i++)
    if (importers[i]->is_mine (data, n))
      return importers[i]->load (bytes, path, error);
  return rnn_model_load_bytes (bytes, path, error);
}

/* ---- saving ---- */

static void
save_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  RnnTensorView view;

  if (param->dtype != RNN_PACK_F32) {
    rnn_packed_save (param, full_name, data);
    return;
  }
  view = rnn_tensor_view_f32 (g_strdup (full_name), param->rank, param->dims, param->data);
  g_array_append_val (data, view);
}

gboolean
rnn_model_save (RnnModel *model, const gchar *path, GError **error)
{
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (RnnTensorView));
  gchar *recipe = json_dumps (model->recipe, JSON_COMPACT);
  g_autofree gchar *packed = rnn_packed_format (model->precision);
  const gchar *metadata[] = { "format", "pt", RECIPE_KEY, recipe, RNN_PACKED_KEY, packed, NULL };
  guint n_params;
  gboolean ok;

  if (model->precision == RNN_PRECISION_F32)
    metadata[4] = NULL;
  rnn_cell_foreach_param (model->root, save_param, tensors);
  n_params = tensors->len;
  if (model->input_mean) {
    RnnTensorView mean = rnn_tensor_view_f32 ("input.mean", 1, &model->input->n_frame, model->input_mean);
    RnnTensorView std = rnn_tensor_view_f32 ("input.std", 1, &model->input->n_frame, model->input_std);

    g_array_append_val (tensors, mean);
    g_array_append_val (tensors, std);
  }
  ok = rnn_safetensors_write (path, (const RnnTensorView *) tensors->data, tensors->len, metadata, error);
  for (guint i = 0; i < n_params; i++)
    g_free ((gchar *) g_array_index (tensors, RnnTensorView, i).name);
  free (recipe);
  return ok;
}
