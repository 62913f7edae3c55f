/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore convert: a model (also of a format that is imported) or a recipe (fresh weights) to a model file, or only its
 * recipe. */
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

  if (!rnn_tool_parse (&rnn_tool_convert, NULL, &argc, &argv, 2, 2, error) || !check_suffix (argv[2], error))
    return FALSE;
  model = rnn_model_load (argv[1], error);
  if (!model)
    return FALSE;
  return g_str_has_suffix (argv[2], ".json") ? save_recipe (model, argv[2], error)
      : rnn_model_save (model, argv[2], error);
}

const RnnTool rnn_tool_convert = { "convert", "MODEL|IN.json OUT",
  "Write a model (of a recipe: with fresh weights), or with OUT.json its recipe", run };
