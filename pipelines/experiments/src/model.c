/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models from a line of JSON. */
#include "fit.h"
#include <stdarg.h>
#include <string.h>

RnnModel *
model_new (gint n_in, guint64 seed, GError **error, const gchar *layers, ...)
{
  va_list arguments;
  g_autofree gchar *text = NULL;
  json_error_t reason;
  json_t *list, *recipe;
  RnnModel *model;

  va_start (arguments, layers);
  text = g_strdup_vprintf (layers, arguments);
  va_end (arguments);
  list = json_loads (g_strdelimit (text, "'", '"'), 0, &reason);
  if (!list) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s", text, reason.text);
    return NULL;
  }
  recipe = json_pack ("{s{sssi}so}", "input", "kind", "tensors", "size", n_in, "layers", list);
  model = rnn_model_new (recipe, seed, "experiment", error);
  json_decref (recipe);
  return model;
}

typedef struct {
  const gchar *name;
  RnnParam *found;
} Search;

static void
compare (RnnParam *param, const gchar *full_name, gpointer data)
{
  Search *search = data;

  if (!strcmp (full_name, search->name))
    search->found = param;
}

RnnParam *
model_find_param (RnnModel *model, const gchar *name)
{
  Search search = { name, NULL };

  rnn_cell_foreach_param (rnn_model_get_root (model), compare, &search);
  return search.found;
}
