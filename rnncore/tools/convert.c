/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore convert: a model (also of a format that is imported), a recipe (fresh weights) or weights with their recipe to a
 * model file, or only the recipe. */
#include "tool.h"
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

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autoptr (RnnModel) model = NULL;
  g_autofree gchar *recipe = NULL;
  g_auto (GStrv) ignore = NULL;
  const GOptionEntry options[] = {
    { "recipe", 0, 0, G_OPTION_ARG_FILENAME, &recipe, "MODEL is weights alone, such as a state_dict; these are its layers",
      "RECIPE.json" },
    { "ignore", 0, 0, G_OPTION_ARG_STRING_ARRAY, &ignore, "Leave out tensors of this name (* and ? match any), which no layer "
        "takes; may be repeated", "NAME" },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_convert, options, &argc, &argv, 2, 2, error) || !check_suffix (argv[2], error))
    return FALSE;
  model = rnn_model_import (argv[1], recipe, (const gchar *const *) ignore, error);
  if (!model)
    return FALSE;
  return g_str_has_suffix (argv[2], ".json") ? save_recipe (model, argv[2], error)
      : rnn_model_save (model, argv[2], error);
}

const RnnTool rnn_tool_convert = { "convert", "MODEL|IN.json OUT",
  "Write a model (of a recipe: with fresh weights), or with OUT.json its recipe", run };
