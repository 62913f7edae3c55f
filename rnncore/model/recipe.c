/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recipe: one JSON object that says what goes in, which layers follow, and what comes out. */
#include "model-private.h"
#include "../features/features-options.h"
#include <string.h>

static const gchar *const top_keys[] = { "format", "name", "description", "license", "attribution", "input", "layers",
  "output", "train", NULL };

static gboolean
fail (RnnModel *model, GError **error, gint code, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, code, "%s: %s", model->path, reason);
  return FALSE;
}

/* Index of @object's "kind" in @kinds, or -1. */
static gint
kind_of (const json_t *object, const gchar *const *kinds)
{
  const gchar *kind = json_string_value (json_object_get (object, "kind"));

  for (gint i = 0; kind && kinds[i]; i++)
    if (g_str_equal (kind, kinds[i]))
      return i;
  return -1;
}

static gboolean
check_top (RnnModel *model, GError **error)
{
  const gchar *key;
  json_t *value, *format = json_object_get (model->recipe, "format");

  if (!json_is_object (model->recipe))
    return fail (model, error, RNN_ERROR_FORMAT, "a recipe is one JSON object");
  json_object_foreach (model->recipe, key, value)
    if (!g_strv_contains (top_keys, key)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: unknown entry \"%s\"", model->path, key);
      return FALSE;
    }
  if (format && json_integer_value (format) != 1)
    return fail (model, error, RNN_ERROR_UNSUPPORTED, "\"format\" is not 1: written for a newer version");
  return TRUE;
}

static gboolean
read_audio (RnnModel *model, const json_t *input, GError **error)
{
  const json_t *features = json_object_get (input, "features");
  json_int_t rate = json_integer_value (json_object_get (input, "rate"));
  g_autofree gchar *where = g_strdup_printf ("%s: input features", model->path);
  g_autoptr (RnnFeatures) trial = NULL;
  RnnFeatureConfig plain;

  if (rate < 1000 || rate > 768000)
    return fail (model, error, RNN_ERROR_FORMAT, "input: \"rate\" must be 1000 to 768000 Hz");
  model->rate = (gint) rate;
  rnn_feature_config_init (&model->features);
  model->features.rate = model->rate;
  if (features && !rnn_options_from_json (rnn_feature_options, &model->features, features, NULL, where, error))
    return FALSE;
  plain = model->features;
  plain.cmvn = RNN_CMVN_NONE;
  trial = rnn_features_new (&plain, NULL, NULL, error);
  if (!trial) {
    g_prefix_error (error, "%s: ", where);
    return FALSE;
  }
  model->n_in = (gint) rnn_features_get_dim (trial);
  model->n_stats = (gint) rnn_features_get_frame_dim (trial);
  return TRUE;
}

static gboolean
read_input (RnnModel *model, GError **error)
{
  static const gchar *const kinds[] = { "tensors", "audio", "series", NULL };
  const json_t *input = json_object_get (model->recipe, "input");
  gint kind = kind_of (input, kinds);
  json_int_t size;

  if (kind < 0)
    return fail (model, error, RNN_ERROR_FORMAT, "input: \"kind\" must be audio, tensors or series");
  model->input_kind = (RnnInputKind) kind;
  if (kind == RNN_INPUT_AUDIO)
    return read_audio (model, input, error);
  size = json_integer_value (json_object_get (input, kind == RNN_INPUT_SERIES ? "channels" : "size"));
  if (size < 1 || size > 1 << 20)
    return fail (model, error, RNN_ERROR_FORMAT, "input: \"size\" (series: \"channels\") must be 1 to 1048576");
  model->n_in = model->n_stats = (gint) size;
  return TRUE;
}

static gboolean
read_output (RnnModel *model, GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s: output", model->path);
  const RnnOutput *primary;

  model->output = rnn_output_new (json_object_get (model->recipe, "output"), model->root->n_out, where, error);
  if (!model->output)
    return FALSE;
  primary = rnn_output_primary (model->output);
  if (primary->klass->label == RNN_LABEL_TEXT && !primary->names)
    return fail (model, error, RNN_ERROR_FORMAT, "output: \"tokens\" must be a list of strings");
  return TRUE;
}

static gboolean
read_layers (RnnModel *model, GError **error)
{
  json_t *layers = json_object_get (model->recipe, "layers");
  json_t *root = json_pack ("{sssO}", "cell", "chain", "layers", layers ? layers : json_null ());

  model->root = rnn_cell_new (root, model->n_in, model->path, error);
  json_decref (root);
  return model->root != NULL;
}

gboolean
rnn_model_read_recipe (RnnModel *model, GError **error)
{
  return check_top (model, error) && read_input (model, error) && read_layers (model, error)
      && read_output (model, error);
}
