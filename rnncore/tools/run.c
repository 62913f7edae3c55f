/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnncore run: any model over the tensors of a file: those that it has names for, or each one as a sequence, whose first axis is steps. */
#include "tool.h"
#include "base/error.h"
#include "named.h"
#include "sequence.h"

typedef struct {
  gchar *input, *output;
  gint chunk;
} Arguments;

/* Every tensor of @in -> one of the same name. */
static gboolean
run_all (RnnModel *model, RnnSafetensors *in, const Arguments *a, GError **error)
{
  guint n = rnn_safetensors_get_n (in);
  g_autofree RnnTensorView *views = g_new0 (RnnTensorView, n + 1);
  g_autofree RnnToolSequence *results = g_new0 (RnnToolSequence, n + 1);
  gboolean ok = n > 0;

  if (!ok)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no tensors", a->input);
  for (guint i = 0; ok && i < n; i++) {
    const RnnTensorView *x = rnn_safetensors_get (in, i);

    ok = rnn_tool_sequence_run (model, x, a->chunk, a->input, &results[i], error);
    if (ok)
      views[i] = rnn_tensor_view_f32 (x->name, 2, (const gint[]) { results[i].T, rnn_model_get_n_out (model) }, results[i].y);
  }
  ok = ok && rnn_safetensors_write (a->output, views, n, NULL, error);
  for (guint i = 0; i < n; i++)
    rnn_tool_sequence_clear (&results[i]);
  return ok;
}

/* The tensors that the model has names for. */
static gboolean
run_named (RnnModel *model, RnnSafetensors *in, const Arguments *a, GError **error)
{
  g_autoptr (GPtrArray) answers = rnn_tool_named_run (model, in, "", a->chunk, error);
  g_autofree RnnTensorView *views = answers ? g_new0 (RnnTensorView, answers->len + 1) : NULL;

  for (guint i = 0; views && i < answers->len; i++)
    views[i] = ((RnnToolNamed *) answers->pdata[i])->view;
  return views && rnn_safetensors_write (a->output, views, answers->len, NULL, error);
}

static gboolean
run (gint argc, gchar **argv, GError **error)
{
  g_autofree gchar *input = NULL, *output = NULL;
  Arguments a = { 0 };
  const GOptionEntry options[] = {
    { "input", 0, 0, G_OPTION_ARG_FILENAME, &input, "Tensors [steps][values], or [steps] of tokens; each is a sequence for itself, unless the model has names for them",
      "IN.safetensors" },
    { "output", 0, 0, G_OPTION_ARG_FILENAME, &output, "Where the answers go, by the same names", "OUT.safetensors" },
    { "chunk", 0, 0, G_OPTION_ARG_INT, &a.chunk, "Steps at a time (default: all; the answers are the same)", "N" },
    { NULL }
  };
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (RnnSafetensors) in = NULL;

  if (!rnn_tool_parse (&rnn_tool_run, options, &argc, &argv, 1, 1, error))
    return FALSE;
  if (!input || !output || a.chunk < 0) {
    g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "usage: rnncore run %s", rnn_tool_run.arguments);
    return FALSE;
  }
  a.input = input;
  a.output = output;
  return (model = rnn_model_load (argv[1], error)) && (in = rnn_safetensors_open (input, error)) 
      && (rnn_tool_named_applies (model, in, "") ? run_named : run_all) (model, in, &a, error);
}

const RnnTool rnn_tool_run = { "run", "MODEL --input IN.safetensors --output OUT.safetensors [--chunk N]",
  "Run a model over named tensors, whose first axis is steps", run };
