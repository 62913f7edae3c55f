/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model of a recipe and tensors. */
#include "build.h"
#include "model-private.h"
#include "packed.h"
#include "../base/finite.h"
#include <math.h>

typedef struct {
  const RnnBuild *build;
  GError **error;
  gboolean ok;
} Building;

/* Is it there, as the recipe has it?  Asked of all before any gets memory: a recipe may claim what it likes. */
static void
find_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  Building *b = data;
  const RnnBuild *build = b->build;

  if (!b->ok)
    return;
  if (param->borrowed)
    b->ok = rnn_packed_load (param, full_name, build->tensors, build->where, b->error);
  else
    b->ok = rnn_tensors_take_shape (build->tensors, full_name, param->rank, param->dims, build->loose, b->error) != NULL;
}

static void
load_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  if (!param->borrowed)
    rnn_tensor_view_to_float (rnn_tensors_find (data, full_name), param->data);
}

/* The statistics that normalise the input, if there are any. */
static gboolean
find_stats (RnnModel *model, RnnTensors *tensors, const RnnTensorView **mean, const RnnTensorView **std, GError **error)
{
  *mean = *std = NULL;
  if (!rnn_tensors_find (tensors, "input.mean"))
    return TRUE;
  *mean = rnn_tensors_take_shape (tensors, "input.mean", 1, &model->input->n_frame, FALSE, error);
  *std = *mean ? rnn_tensors_take_shape (tensors, "input.std", 1, &model->input->n_frame, FALSE, error) : NULL;
  return *std != NULL;
}

static void
load_stats (RnnModel *model, const RnnTensorView *mean, const RnnTensorView *std)
{
  g_autofree gfloat *m = NULL, *s = NULL;

  if (!mean)
    return;
  m = g_new (gfloat, model->input->n_frame);
  s = g_new (gfloat, model->input->n_frame);
  rnn_tensor_view_to_float (mean, m);
  rnn_tensor_view_to_float (std, s);
  rnn_model_set_input_stats (model, m, s, model->input->n_frame);
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

RnnModel *
rnn_model_build (const RnnBuild *build, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  Building building = { build, error, TRUE };
  const RnnTensorView *mean, *std;
  RnnPrecision precision;

  if (!rnn_packed_parse (build->packed, &precision, build->where, error)
      || !(model = rnn_model_new_cells (build->recipe, build->where, precision, error)))
    return NULL;
  rnn_cell_foreach_param (model->cells, find_param, &building);
  if (!building.ok || !find_stats (model, build->tensors, &mean, &std, error)
      || !rnn_tensors_check_taken (build->tensors, build->ignore, error) || !rnn_model_alloc_params (model, error))
    return NULL;
  rnn_cell_foreach_param (model->cells, load_param, build->tensors);
  load_stats (model, mean, std);
  if (!rnn_model_check_finite (model, error))
    return NULL;
  if (model->precision != RNN_PRECISION_F32) {
    rnn_model_pack (model, FALSE);      /* matrices too wide for int8 */
    model->mapped = g_bytes_ref (build->bytes);
  }
  return g_steal_pointer (&model);
}
