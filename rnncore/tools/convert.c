/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore convert: a model (also of a format that is imported), a recipe (fresh weights) or weights with their recipe to a
 * model file, or only the recipe. */
#include "tool.h"
#include "base/error.h"
#include "base/file.h"
#include "model/model.h"
#include <stdlib.h>
#include <string.h>

static gboolean
save_recipe (RnnModel *model, const gchar *path, GError **error)
{
  gchar *text = json_dumps (rnn_model_get_recipe (model), JSON_INDENT (2) | JSON_REAL_PRECISION (9));
  g_autofree gchar *line = g_strconcat (text, "\n", NULL);

  free (text);
  return rnn_file_replace (path, line, strlen (line), error);
}

static gboolean
check_suffix (const gchar *path, GError **error)
{
  if (g_str_has_suffix (path, ".safetensors") || g_str_has_suffix (path, ".json"))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s: models are written as .safetensors, recipes as .json",
      path);
  return FALSE;
}

/* One label a line, for an output that is classes. */
static gboolean
set_labels (RnnModel *model, const gchar *path, GError **error)
{
  json_t *output = json_object_get (rnn_model_get_recipe (model), "output"), *labels;
  g_autofree gchar *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (g_strcmp0 (json_string_value (json_object_get (output, "kind")), "classes")) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its output is not classes, so it has no labels", rnn_model_get_path (model));
    return FALSE;
  }
  if (!g_file_get_contents (path, &text, NULL, error))
    return FALSE;
  lines = g_strsplit (g_strchomp (text), "\n", -1);
  labels = json_array ();
  for (gchar **line = lines; *line; line++)
    json_array_append_new (labels, json_string (g_strchomp (*line)));
  json_object_set_new (output, "labels", labels);
  if (json_array_size (labels) == (gsize) rnn_model_get_n_out (model))
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: %" G_GSIZE_FORMAT " labels for %d classes", path, json_array_size (labels),
      rnn_model_get_n_out (model));
  return FALSE;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  g_autofree gchar *recipe = NULL, *labels = NULL;
  g_auto (GStrv) ignore = NULL;
  gboolean half = FALSE;
  const GOptionEntry options[] = {
    { "recipe", 0, 0, G_OPTION_ARG_FILENAME, &recipe, "MODEL is weights alone, such as a state_dict; these are its layers",
      "RECIPE.json" },
    { "ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &ignore, "Leave out tensors of this name (* and ? match any), which no layer "
        "takes; may be repeated", "NAME" },
    { "labels", 0, 0, G_OPTION_ARG_FILENAME, &labels, "What the classes are called, one a line", "LABELS.txt" },
    { "half", 0, 0, G_OPTION_ARG_NONE, &half, "Store weights in 16 bits: half the file, and as floats when it is loaded", NULL },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_convert, options, &argc, &argv, 2, 2, error) || !check_suffix (argv[2], error))
    return FALSE;
  model = rnn_model_import (argv[1], recipe, (const gchar *const *) ignore, error);
  if (!model || (labels && !set_labels (model, labels, error)))
    return FALSE;
  return g_str_has_suffix (argv[2], ".json") ? save_recipe (model, argv[2], error)
      : (half ? rnn_model_save_half : rnn_model_save) (model, argv[2], error);
}

const RnnTool rnn_tool_convert = { "convert", "MODEL|IN.json OUT",
  "Write a model (of a recipe: with fresh weights), or with OUT.json its recipe", run };
