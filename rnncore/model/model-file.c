/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model on disk: safetensors with the recipe in its metadata, a recipe alone, or what a reader of another format knows. */
#include "build.h"
#include "model-private.h"
#include "packed.h"
#include "safetensors.h"
#include "../base/file.h"
#include "../base/half.h"
#include "../base/memory.h"
#include <math.h>
#include <string.h>

#define RECIPE_KEY "rnncore"

/* ---- loading ---- */

/* One file and what the caller says of it. */
typedef struct {
  GBytes *bytes;
  const gchar *path;
  const json_t *recipe;         /* of weights alone; NULL: the file's own */
  const gchar *const *ignore;
} Source;

static gboolean
fail (const gchar *path, GError **error, const gchar *reason, const gchar *detail)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s%s", path, reason, detail ? detail : "");
  return FALSE;
}

/* The recipe in a file. */
static json_t *
parse_recipe (RnnSafetensors *file, const gchar *path, GError **error)
{
  const gchar *text = rnn_safetensors_get_metadata (file, RECIPE_KEY);
  json_error_t at;
  json_t *recipe = text ? json_loads (text, JSON_REJECT_DUPLICATES, &at) : NULL;

  if (!text)
    fail (path, error, "only weights, no model: its metadata have no \"" RECIPE_KEY "\"; rnncore convert --recipe adds one",
        NULL);
  else if (!recipe)
    fail (path, error, "the recipe in its metadata is not JSON: ", at.text);
  return recipe;
}

static RnnModel *
load_safetensors (const Source *s, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open_bytes (s->bytes, s->path, error);
  json_t *own = file && !s->recipe ? parse_recipe (file, s->path, error) : NULL;
  RnnBuild build = { .recipe = s->recipe ? s->recipe : own, .ignore = s->ignore, .bytes = s->bytes, .where = s->path };
  RnnModel *model = NULL;

  if (build.recipe && file) {
    build.tensors = rnn_safetensors_get_tensors (file);
    build.packed = rnn_safetensors_get_metadata (file, RNN_PACKED_KEY);
    model = rnn_model_build (&build, error);
  }
  json_decref (own);
  return model;
}

static RnnModel *
load_foreign (const RnnReader *reader, const Source *s, GError **error)
{
  g_auto (RnnImport) import = { .tensors = rnn_tensors_new (s->path) };
  RnnBuild build = { .tensors = import.tensors, .ignore = s->ignore, .bytes = s->bytes, .where = s->path };

  if (!reader->read (s->bytes, s->path, &import, error))
    return NULL;
  build.recipe = s->recipe ? s->recipe : import.recipe;
  build.loose = import.loose;
  if (build.recipe)
    return rnn_model_build (&build, error);
  fail (s->path, error, "only weights, no model: rnncore convert --recipe says what their layers are", NULL);
  return NULL;
}

void
rnn_import_clear (RnnImport *import)
{
  g_clear_pointer (&import->recipe, json_decref);
  g_clear_pointer (&import->tensors, rnn_tensors_free);
  rnn_memory_give_back ();      /* tensors on their way may have taken a multiple of what the model is */
}

static const RnnReader *
find_reader (GBytes *bytes)
{
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);

  for (const RnnReader *const *reader = rnn_readers (); *reader; reader++)
    if ((*reader)->is_mine (data, n))
      return *reader;
  return NULL;
}

static RnnModel *
load (const Source *s, GError **error)
{
  const RnnReader *reader = find_reader (s->bytes);

  return reader ? load_foreign (reader, s, error) : load_safetensors (s, error);
}

RnnModel *
rnn_model_load_bytes (GBytes *bytes, const gchar *path, GError **error)
{
  return load (&(Source) { .bytes = bytes, .path = path }, error);
}

/* ---- recipes ---- */

/* Other formats are JSON, too. */
static gboolean
is_recipe (GBytes *bytes, const gchar *path)
{
  return g_str_has_suffix (path, ".json") && !find_reader (bytes);
}

static json_t *
recipe_of_bytes (GBytes *bytes, const gchar *path, GError **error)
{
  gsize n;
  const gchar *text = g_bytes_get_data (bytes, &n);
  json_error_t at;
  json_t *recipe = json_loadb (text ? text : "", n, JSON_REJECT_DUPLICATES, &at);

  if (!recipe)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no recipe in JSON: %s (line %d)", path, at.text, at.line);
  return recipe;
}

static json_t *
read_recipe (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  return bytes ? recipe_of_bytes (bytes, path, error) : NULL;
}

RnnModel *
rnn_model_load_file (GBytes *bytes, const gchar *path, GError **error)
{
  json_t *recipe;
  RnnModel *model;

  if (!is_recipe (bytes, path))
    return rnn_model_load_bytes (bytes, path, error);
  recipe = recipe_of_bytes (bytes, path, error);
  model = recipe ? rnn_model_new (recipe, 1, path, error) : NULL;
  json_decref (recipe);
  return model;
}

RnnModel *
rnn_model_load (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  return bytes ? rnn_model_load_file (bytes, path, error) : NULL;
}

RnnModel *
rnn_model_load_outline (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  json_t *recipe;
  RnnModel *model;

  if (!bytes || !is_recipe (bytes, path))
    return bytes ? rnn_model_load_bytes (bytes, path, error) : NULL;
  recipe = recipe_of_bytes (bytes, path, error);
  model = recipe ? rnn_model_new_cells (recipe, path, RNN_PRECISION_F32, error) : NULL;
  json_decref (recipe);
  return model;
}

RnnModel *
rnn_model_import (const gchar *path, const gchar *recipe_path, const gchar *const *ignore, GError **error)
{
  json_t *recipe = recipe_path ? read_recipe (recipe_path, error) : NULL;
  g_autoptr (GBytes) bytes = recipe || !recipe_path ? rnn_file_map (path, error) : NULL;
  RnnModel *model = NULL;

  if (bytes && !recipe && is_recipe (bytes, path))
    model = rnn_model_load_file (bytes, path, error);
  else if (bytes)
    model = load (&(Source) { bytes, path, recipe, ignore }, error);
  if (bytes && recipe && !model)
    g_prefix_error (error, "%s with ", recipe_path);
  json_decref (recipe);
  return model;
}

/* ---- saving ---- */

typedef struct {
  GArray *tensors;              /* RnnTensorView, whose names are its own */
  GPtrArray *halves;            /* numbers of matrices as 16 bits, which views show; NULL: floats */
  gboolean good;                /* whether 16 bits have room for all of them */
} Saved;

static RnnTensorView
save_half (const RnnParam *param, const gchar *full_name, Saved *saved)
{
  RnnTensorView view = rnn_tensor_view_f32 (g_strdup (full_name), param->rank, param->dims, param->data);
  guint16 *half = g_new (guint16, param->size);

  for (gsize i = 0; i < param->size; i++)
    saved->good = saved->good && fabsf (param->data[i]) <= RNN_HALF_MAX;
  rnn_half_from_float (param->size, param->data, half);
  g_ptr_array_add (saved->halves, half);
  view.dtype = RNN_DTYPE_F16;
  view.data = half;
  return view;
}

static void
save_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  Saved *saved = data;
  RnnTensorView view;

  if (param->dtype != RNN_PACK_F32) {
    rnn_packed_save (param, full_name, saved->tensors);
    return;
  }
  view = saved->halves && param->rank > 1 ? save_half (param, full_name, saved)
      : rnn_tensor_view_f32 (g_strdup (full_name), param->rank, param->dims, param->data);
  g_array_append_val (saved->tensors, view);
}

static gboolean
refuse_half (RnnModel *model, GError **error)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a weight is beyond +-%g, which 16 bits have no room for", model->path,
      RNN_HALF_MAX);
  return FALSE;
}

static gboolean
save (RnnModel *model, const gchar *path, const gchar *note, gboolean half, GError **error)
{
  g_autoptr (GArray) tensors = g_array_new (FALSE, FALSE, sizeof (RnnTensorView));
  g_autoptr (GPtrArray) halves = half ? g_ptr_array_new_with_free_func (g_free) : NULL;
  Saved saved = { tensors, halves, TRUE };
  gchar *recipe = json_dumps (model->recipe, JSON_COMPACT);
  g_autofree gchar *packed = rnn_packed_format (model->precision);
  const gchar *metadata[9] = { "format", "pt", RECIPE_KEY, recipe };
  guint n_params, n = 4;
  gboolean ok;

  if (model->precision != RNN_PRECISION_F32) {
    metadata[n++] = RNN_PACKED_KEY;
    metadata[n++] = packed;
  }
  if (note) {
    metadata[n++] = RNN_TRAINING_KEY;
    metadata[n++] = note;
  }
  rnn_cell_foreach_param (model->cells, save_param, &saved);
  n_params = tensors->len;
  if (model->input_mean) {
    RnnTensorView mean = rnn_tensor_view_f32 ("input.mean", 1, &model->input->n_frame, model->input_mean);
    RnnTensorView std = rnn_tensor_view_f32 ("input.std", 1, &model->input->n_frame, model->input_std);

    g_array_append_val (tensors, mean);
    g_array_append_val (tensors, std);
  }
  ok = saved.good ? rnn_safetensors_write (path, (const RnnTensorView *) tensors->data, tensors->len, metadata, error)
      : refuse_half (model, error);
  for (guint i = 0; i < n_params; i++)
    g_free ((gchar *) g_array_index (tensors, RnnTensorView, i).name);
  free (recipe);
  return ok;
}

gboolean
rnn_model_save_trained (RnnModel *model, const gchar *path, const gchar *note, GError **error)
{
  return (!model->params || rnn_model_check_finite (model, error)) && save (model, path, note, FALSE, error);
}

gboolean
rnn_model_save (RnnModel *model, const gchar *path, GError **error)
{
  return rnn_model_save_trained (model, path, NULL, error);
}

gboolean
rnn_model_save_half (RnnModel *model, const gchar *path, GError **error)
{
  return (!model->params || rnn_model_check_finite (model, error)) && save (model, path, NULL, TRUE, error);
}
