/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rnn.Model: an RnnModel of librnncore, one copy per file and process. */
#include "model-private.h"

struct _RnnGiModel {
  GObject parent;
  RnnModel *model;
};

G_DEFINE_FINAL_TYPE (RnnGiModel, rnn_gi_model, G_TYPE_OBJECT)

static void
finalize (GObject *object)
{
  rnn_model_unref (RNN_GI_MODEL (object)->model);
  G_OBJECT_CLASS (rnn_gi_model_parent_class)->finalize (object);
}

static void
rnn_gi_model_class_init (RnnGiModelClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
rnn_gi_model_init (RnnGiModel *self)
{
}

RnnModel *
rnn_gi_model_peek (RnnGiModel *self)
{
  return self->model;
}

/**
 * rnn_gi_model_load:
 * @path: (type filename): a model file, a recipe (.json), or a file of another project's that the library reads
 * @error: names the file and the reason
 *
 * Reads and checks a file; a model that has been loaded works.
 *
 * Returns: (transfer full): the model; its weights are shared by all of this process who load the same file
 */
RnnGiModel *
rnn_gi_model_load (const gchar *path, GError **error)
{
  RnnModel *model = rnn_model_load_shared (path, error);
  RnnGiModel *self;

  if (!model)
    return NULL;
  self = g_object_new (RNN_GI_TYPE_MODEL, NULL);
  self->model = model;
  return self;
}

/**
 * rnn_gi_model_get_name:
 * @self: a model
 *
 * What the recipe calls it.
 *
 * Returns: (nullable): its name
 */
const gchar *
rnn_gi_model_get_name (RnnGiModel *self)
{
  return rnn_model_get_name (self->model);
}

/**
 * rnn_gi_model_get_license:
 * @self: a model
 *
 * Under which terms it may be passed on.
 *
 * Returns: (nullable): the licence of its weights
 */
const gchar *
rnn_gi_model_get_license (RnnGiModel *self)
{
  return rnn_model_get_license (self->model);
}

/**
 * rnn_gi_model_get_attribution:
 * @self: a model
 *
 * What its licence, or that of its training data, asks to be said.
 *
 * Returns: (nullable): whom to name with it
 */
const gchar *
rnn_gi_model_get_attribution (RnnGiModel *self)
{
  return rnn_model_get_attribution (self->model);
}

/**
 * rnn_gi_model_get_recipe:
 * @self: a model
 *
 * All that the model is, but for its weights.
 *
 * Returns: (transfer full): input, layers, output and training options as JSON
 */
gchar *
rnn_gi_model_get_recipe (RnnGiModel *self)
{
  char *text = json_dumps (rnn_model_get_recipe (self->model), JSON_COMPACT);
  gchar *recipe = g_strdup (text);

  free (text);
  return recipe;
}

/**
 * rnn_gi_model_get_rate:
 * @self: a model
 *
 * What to convert sound to before it is pushed.
 *
 * Returns: samples a second that it hears; 0: it does not take sound
 */
gint
rnn_gi_model_get_rate (RnnGiModel *self)
{
  return rnn_model_get_rate (self->model);
}

/**
 * rnn_gi_model_get_latency:
 * @self: a model
 *
 * How far its layers look ahead: so many steps pass before the first output.
 *
 * Returns: steps of look-ahead
 */
gint
rnn_gi_model_get_latency (RnnGiModel *self)
{
  return rnn_model_get_latency (self->model);
}

/**
 * rnn_gi_model_get_n_params:
 * @self: a model
 *
 * Counts its parameters.
 *
 * Returns: how many numbers it has learned
 */
guint64
rnn_gi_model_get_n_params (RnnGiModel *self)
{
  return rnn_model_get_n_params (self->model);
}
