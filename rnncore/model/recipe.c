/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recipe: one JSON object that says what goes in, which layers follow, and what comes out. */
#include "model-private.h"
#include "../text/fold.h"
#include <string.h>

#define MAX_STRING 65536

static const gchar *const top_keys[] = { "format", "name", "description", "license", "attribution", "input", "encoder",
  "layers", "output", "tensors", "train", "forecast", "covariates", NULL };

static gboolean
fail (RnnModel *model, GError **error, gint code, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, code, "%s: %s", model->path, reason);
  return FALSE;
}

/* Names and texts are shown and logged: nothing in them may steer a terminal.  Lines may end, as in labels of characters. */
static gboolean
is_harmless (const gchar *text)
{
  if (strlen (text) > MAX_STRING)
    return FALSE;
  for (const gchar *p = text; *p; p = g_utf8_next_char (p))
    if (rnn_text_is_control (g_utf8_get_char (p)) && !strchr ("\n\r\t", *p))
      return FALSE;
  return TRUE;
}

/* jansson has bounded the depth, and all its strings are UTF-8. */
static gboolean
are_strings_harmless (const json_t *json)
{
  const gchar *key;
  json_t *value;
  gsize i;

  if (json_is_string (json))
    return is_harmless (json_string_value (json));
  json_array_foreach ((json_t *) json, i, value)
    if (!are_strings_harmless (value))
      return FALSE;
  json_object_foreach ((json_t *) json, key, value)
    if (!is_harmless (key) || strchr (key, '\n') || !are_strings_harmless (value))
      return FALSE;
  return TRUE;
}

static gboolean
check_top (RnnModel *model, GError **error)
{
  const gchar *key;
  json_t *value, *format = json_object_get (model->recipe, "format");
  const gchar *name = json_string_value (json_object_get (model->recipe, "name"));

  if (!json_is_object (model->recipe))
    return fail (model, error, RNN_ERROR_FORMAT, "a recipe is one JSON object");
  if (!are_strings_harmless (model->recipe) || (name && strchr (name, '\n')))
    return fail (model, error, RNN_ERROR_FORMAT, "a string in it is longer than 64 KiB, or would steer a terminal");
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
read_input (RnnModel *model, GError **error)
{
  g_autofree gchar *where = g_strdup_printf ("%s: input", model->path);

  model->input = rnn_input_new (json_object_get (model->recipe, "input"), where, error);
  return model->input != NULL;
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

  model->cells = model->root = rnn_cell_new (root, model->input->n_in, model->path, error);
  json_decref (root);
  return model->root != NULL;
}

gboolean
rnn_model_read_recipe (RnnModel *model, GError **error)
{
  return check_top (model, error) && read_input (model, error) && read_layers (model, error)
      && rnn_model_read_encoder (model, error) && read_output (model, error);
}
