/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A loss is that of the model's output.  Where that is "raw", the option `loss` says what its numbers are. */
#include "task.h"
#include <string.h>

static const gchar *const kinds[] = { NULL, "ctc", "regression", "classes", "tags" };        /* by RnnLossType */

static gboolean
find_output (RnnTask *task, GError **error)
{
  const gchar *kind = kinds[task->config->loss], *path = rnn_model_get_path (task->model);
  const RnnOutput *output = task->output = rnn_model_get_output (task->model);
  json_t *object;

  if (!kind || g_str_equal (kind, output->klass->name))
    return TRUE;
  if (!g_str_equal (output->klass->name, "raw") || rnn_output_class_find (kind)->label == RNN_LABEL_TEXT) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: its output '%s' does not fit the loss of '%s'", path,
        output->klass->name, kind);
    return FALSE;
  }
  object = json_pack ("{ss}", "kind", kind);
  task->output = task->own = rnn_output_new (object, rnn_model_get_n_out (task->model), path, error);
  json_decref (object);
  return task->own != NULL;
}

gboolean
rnn_task_init (RnnTask *task, const RnnTrainConfig *config, RnnModel *model, gint n_feature, GError **error)
{
  memset (task, 0, sizeof (RnnTask));
  task->config = config;
  task->model = model;
  rnn_framing_init (&task->framing, model, n_feature);
  return find_output (task, error);
}

void
rnn_task_clear (RnnTask *task)
{
  rnn_framing_clear (&task->framing);
  g_clear_pointer (&task->own, rnn_output_free);
  g_clear_pointer (&task->denominators, g_ptr_array_unref);
}

/* The denominator of text @i of all examples, for @head; NULL: it wants none. */
static RnnCtcDenominator *
make_denominator (const RnnOutput *head, RnnDataset *dataset, guint i)
{
  RnnCtcDenominator *denominator = head->mmi > 0 ? rnn_ctc_denominator_new (head->n, head->blank) : NULL;

  for (guint e = 0; denominator && e < dataset->examples->len; e++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, e);

    if (i < example->n_texts && example->texts[i].ids)
      rnn_ctc_denominator_count (denominator, example->texts[i].n, example->texts[i].ids);
  }
  if (denominator)
    rnn_ctc_denominator_estimate (denominator);
  return denominator;
}

void
rnn_task_survey (RnnTask *task, RnnDataset *dataset)
{
  const RnnOutput *head;

  g_clear_pointer (&task->denominators, g_ptr_array_unref);
  task->denominators = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_ctc_denominator_free);
  for (guint i = 0; (head = rnn_output_get_head (task->output, i)); i++)
    if (head->klass->label == RNN_LABEL_TEXT)
      g_ptr_array_add (task->denominators, make_denominator (head, dataset, task->denominators->len));
}

RnnLabels
rnn_task_get_labels (const RnnTask *task, const RnnExample *example)
{
  return (RnnLabels) {
    .texts = example->texts, .n_texts = example->n_texts, .values = example->targets, .n_rows = example->n_frames,
    .n_values = example->n_target, .ld = example->n_target, .first = task->framing.stack - 1,
    .stride = task->framing.stride,
  };
}
