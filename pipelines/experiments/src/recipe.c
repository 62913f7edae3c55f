/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of recipes, and what they answer to a whole sequence. */
#include "fit.h"
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
  const RnnCell *root = rnn_model_get_root (model);
  gint length = (gint) T, steps = length + root->latency;
  g_autofree gfloat *in = g_new0 (gfloat, (gsize) steps * root->n_in), *out = g_new (gfloat, (gsize) steps * root->n_out);
  g_autofree gfloat *state = g_new0 (gfloat, MAX (root->n_state, 1));
  g_autofree gfloat *scratch = g_new (gfloat, MAX (rnn_cell_scratch_size (root, steps, 1), 1));
  RnnRun run = { .T = steps, .B = 1, .x = in, .y = out, .state = state, .state_stride = root->n_state, .scratch = scratch,
    .lengths = &length };

  memcpy (in, x, (gsize) T * root->n_in * sizeof (gfloat));
  rnn_cell_reset_state (root, state);
  rnn_cell_forward (root, &run);
  return g_memdup2 (out + (gsize) root->latency * root->n_out, (gsize) T * root->n_out * sizeof (gfloat));
}
