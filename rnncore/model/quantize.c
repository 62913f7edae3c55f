/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a model of floats to one of bytes or halves, with or without a calibration. */
#include "quantize.h"
#include "model-private.h"

static gboolean
check_floats (RnnModel *model, GError **error)
{
  if (model->precision == RNN_PRECISION_F32)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its weights are %s already; quantise the model that it "
      "was made of", model->path, rnn_precision_get_name (model->precision));
  return FALSE;
}

static void
observe (RnnParam *param, const gchar *full_name, gpointer data)
{
  g_clear_pointer (&param->moments, g_free);
  if (param->is_matrix)
    param->moments = g_new0 (gdouble, (gsize) param->groups * rnn_param_inputs (param));
}

static void
stop_observing (RnnParam *param, const gchar *full_name, gpointer data)
{
  g_clear_pointer (&param->moments, g_free);
}

gboolean
rnn_model_observe (RnnModel *model, GError **error)
{
  if (!check_floats (model, error))
    return FALSE;
  rnn_cell_foreach_param (model->cells, observe, NULL);
  return TRUE;
}

RnnModel *
rnn_model_quantize (RnnModel *model, RnnPrecision precision, GError **error)
{
  RnnModel *variant;

  if (!check_floats (model, error))
    return NULL;
  if (precision == RNN_PRECISION_F32) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its weights are f32 already", model->path);
    return NULL;
  }
  variant = rnn_model_new_variant (model, precision, error);
  rnn_cell_foreach_param (model->cells, stop_observing, NULL);
  return variant;
}
