/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore info: what a model file or recipe is, which cells there are, which options a cell or training takes. */
#include "tool.h"
#include "base/error.h"
#include "model/root.h"
#include "train/train.h"
#include <stdlib.h>

/* Prints a line of JSON after what stands there already. */
static void
print_json (const json_t *json)
{
  gchar *text = json_dumps (json, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION (9));

  g_print ("%s\n", text);
  free (text);
}

static void
print_text (const gchar *name, const gchar *text)
{
  if (text && *text)
    g_print ("%-12s %s\n", name, text);
}

static void
count_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  *(gsize *) data += param->size;
}

static void
print_layer (RnnCell *cell, gint indent)
{
  g_autofree gchar *name = g_strdup_printf ("%*s%s", indent, "", cell->name ? cell->name : "");
  json_t *options = json_object ();
  gsize n_params = 0;

  rnn_cell_foreach_param (cell, count_param, &n_params);
  rnn_options_to_json (cell->klass->options, cell, options);
  g_print ("%-16s %-14s %6d -> %-6d %10" G_GSIZE_FORMAT "  ", name, cell->klass->name, cell->n_in, cell->n_out,
      n_params);
  print_json (options);
  json_decref (options);
  for (guint i = 0; i < cell->children->len; i++)
    print_layer (cell->children->pdata[i], indent + 2);
}

static gboolean
print_model (const gchar *path, GError **error)
{
  g_autoptr (RnnModel) model = rnn_model_load_outline (path, error);
  const gchar *const *tokens;
  const json_t *output;
  gsize n_params = 0;
  RnnCell *root;

  if (!model)
    return FALSE;
  root = rnn_model_get_root (model);
  tokens = rnn_model_get_tokens (model);
  output = json_object_get (rnn_model_get_recipe (model), "output");
  print_text ("name", rnn_model_get_name (model));
  print_text ("license", rnn_model_get_license (model));
  print_text ("attribution", rnn_model_get_attribution (model));
  g_print ("%-12s ", "input");
  print_json (json_object_get (rnn_model_get_recipe (model), "input"));
  if (output) {
    g_print ("%-12s ", "output");
    print_json (output);
  }
  if (tokens)
    g_print ("%-12s %u\n", "tokens", g_strv_length ((gchar **) tokens));
  rnn_cell_foreach_param (root, count_param, &n_params);
  g_print ("%-12s %" G_GSIZE_FORMAT "\n", "parameters", n_params);
  g_print ("%-12s %s, %.1f MB\n", "weights", rnn_precision_get_name (rnn_model_get_precision (model)),
      rnn_model_get_weight_bytes (model) / 1e6);
  g_print ("%-12s %" G_GUINT64_FORMAT " floats per stream\n", "state", root->n_state);
  g_print ("%-12s %d steps\n", "look-ahead", rnn_model_get_latency (model));
  g_print ("\n%-16s %-14s %6s -> %-6s %10s  %s\n", "layer", "cell", "in", "out", "parameters", "options");
  for (guint i = 0; i < root->children->len; i++)
    print_layer (root->children->pdata[i], 0);
  return TRUE;
}

/* @instance: for the defaults */
static void
print_options (const RnnOption *options, gpointer instance)
{
  rnn_options_init (options, instance);
  for (const RnnOption *o = options; o && o->name; o++) {
    g_autofree gchar *range = rnn_option_describe (o);
    json_t *value = rnn_option_get_json (o, instance);

    g_print ("  %-24s %s: %s, default ", o->name, o->blurb, range);
    print_json (value);
    json_decref (value);
  }
}

static void
print_cells (void)
{
  for (const RnnCellClass *const *klass = rnn_cell_classes (); *klass; klass++)
    g_print ("%-14s %s%s\n", (*klass)->name, (*klass)->summary, (*klass)->n_copies ? " [holds \"layers\"]" : "");
}

static gboolean
print_cell (const gchar *name, GError **error)
{
  const RnnCellClass *klass = rnn_cell_class_find (name);
  g_autofree guint8 *instance = NULL;

  if (!klass) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "there is no cell \"%s\", see rnncore info --cells", name);
    return FALSE;
  }
  g_print ("%s: %s\n", klass->name, klass->summary);
  instance = g_malloc0 (klass->instance_size);
  print_options (klass->options, instance);
  return TRUE;
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  gboolean cells = FALSE, training = FALSE, text = FALSE;
  g_autofree gchar *cell = NULL;
  const GOptionEntry options[] = {
    { "cells", 0, 0, G_OPTION_ARG_NONE, &cells, "List the cells", NULL },
    { "cell", 0, 0, G_OPTION_ARG_STRING, &cell, "List the options of one cell", "NAME" },
    { "training", 0, 0, G_OPTION_ARG_NONE, &training, "List the options of training", NULL },
    { "text", 0, 0, G_OPTION_ARG_NONE, &text, "List the rules that make of a text what is spoken", NULL },
    { NULL }
  };

  if (!rnn_tool_parse (&rnn_tool_info, options, &argc, &argv, 0, 1, error))
    return FALSE;
  if (argc == 2)
    return print_model (argv[1], error);
  if (cell)
    return print_cell (cell, error);
  if (cells)
    print_cells ();
  else if (training)
    print_options (rnn_train_options, &(RnnTrainConfig) { 0 });
  else if (text)
    print_options (rnn_text_options, &(RnnTextConfig) { 0 });
  else
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "usage: rnncore info %s", rnn_tool_info.arguments);
  return cells || training || text;
}

const RnnTool rnn_tool_info = { "info", "MODEL|--cells|--cell NAME|--training|--text",
  "Describe a model, the cells, or the options of one cell, of training or of texts", run };
