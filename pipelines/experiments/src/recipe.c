/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of recipes, and what they answer to a whole sequence. */
#include "fit.h"

#define SMOKE_EPOCHS 6

RnnModel *
fit_recipe (Fit *fit, const Setting *setting, const gchar *name, void (*change) (json_t *recipe), GError **error)
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
      change (recipe);
    fit->config.seed = setting->seed;
    if (setting->smoke)
      fit->config.epochs = MIN (fit->config.epochs, SMOKE_EPOCHS);
    model = rnn_model_new (recipe, (guint64) setting->seed, path, error);
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
  const RnnCell *root = rnn_model_get_root (model);
  gfloat *y = g_new (gfloat, (gsize) T * root->n_out);
  g_autofree gfloat *state = g_new0 (gfloat, MAX (root->n_state, 1));
  g_autofree gfloat *scratch = g_new (gfloat, MAX (rnn_cell_scratch_size (root, (gint) T, 1), 1));
  RnnRun run = { .T = (gint) T, .B = 1, .x = x, .y = y, .state = state, .state_stride = root->n_state, .scratch = scratch };

  rnn_cell_reset_state (root, state);
  rnn_cell_forward (root, &run);
  return y;
}
