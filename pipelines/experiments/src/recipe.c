/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of recipes, and what they answer to a whole sequence. */
#include "fit.h"
#include "session/whole.h"
#include <string.h>

#define SMOKE_EPOCHS 6
#define GO_ON 0.4f              /* of the learning rate, for weights that have learnt */

/* The weights of the folder's model become those of @model. */
static gboolean
go_on (Fit *fit, const Setting *setting, RnnModel *model, GError **error)
{
  g_autofree gchar *base = g_strconcat (rnn_model_get_name (model), ".safetensors", NULL);
  g_autofree gchar *path = g_build_filename (setting->start, base, NULL);
  g_autoptr (RnnModel) from = rnn_model_load (path, error);
  gsize n = rnn_model_get_n_params (model);

  if (!from)
    return FALSE;
  if (rnn_model_get_n_params (from) != n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: %" G_GSIZE_FORMAT " weights, %s has %" G_GSIZE_FORMAT, path,
        rnn_model_get_n_params (from), rnn_model_get_path (model), n);
    return FALSE;
  }
  memcpy (rnn_model_get_params (model), rnn_model_get_params (from), n * sizeof (gfloat));
  rnn_model_pack (model, TRUE);
  fit->config.learning_rate *= GO_ON;
  return TRUE;
}

RnnModel *
fit_recipe (Fit *fit, const Setting *setting, const gchar *name, void (*change) (json_t *recipe, gpointer data), gpointer data,
    GError **error)
{
  g_autofree gchar *base = g_strconcat (name, ".json", NULL);
  g_autofree gchar *path = g_build_filename (setting->recipes ? setting->recipes : "models/applications", base, NULL);
  json_error_t reason;
  json_t *recipe = json_load_file (path, 0, &reason);
  const json_t *train = json_object_get (recipe, "train");
  RnnModel *model = NULL;

  fit_init (fit, setting, RNN_LOSS_OUTPUT);
  fit->seconds = setting->seconds;
  if (!recipe)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", path, reason.text);
  else if (!train || rnn_options_from_json (rnn_train_options, &fit->config, train, NULL, path, error)) {
    if (change)
      change (recipe, data);
    fit->config.seed = setting->seed;
    if (setting->smoke)
      fit->config.epochs = MIN (fit->config.epochs, SMOKE_EPOCHS);
    model = rnn_model_new (recipe, (guint64) setting->seed, path, error);
    if (model && setting->start && !go_on (fit, setting, model, error))
      g_clear_pointer (&model, rnn_model_unref);
  }
  json_decref (recipe);
  return model;
}

void
fit_name (RnnModel *model, const gchar *name, const gchar *cell, json_t *output)
{
  g_autofree gchar *full = g_strconcat (name, "-", cell, NULL);

  json_object_set_new (rnn_model_get_recipe (model), "name", json_string (full));
  json_object_set_new (rnn_model_get_recipe (model), "output", output);
}

gboolean
fit_save (const Setting *setting, RnnModel *model, GError **error)
{
  g_autofree gchar *base = g_strconcat (rnn_model_get_name (model), ".safetensors", NULL);
  g_autofree gchar *path = setting->save ? g_build_filename (setting->save, base, NULL) : NULL;

  return !path || rnn_model_save (model, path, error);
}

gfloat *
fit_answer (RnnModel *model, const gfloat *x, guint T)
{
  gfloat *y = g_new (gfloat, (gsize) T * rnn_model_get_n_out (model));
  g_autoptr (GError) error = NULL;

  if (!rnn_run_whole (model, T, x, y, &error))
    g_error ("%s", error->message);     /* the trainer had more memory for it */
  return y;
}
