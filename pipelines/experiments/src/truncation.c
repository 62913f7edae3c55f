/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Truncated against full back-propagation through time (Williams & Peng 1990): the adding problem over 100 steps, with
 * gradients that reach 5 to 100 steps back.  The state goes on from chunk to chunk; only the gradient ends.
 *
 * With the marks anywhere, some are near the end, and what is learnt from them serves for the others; with the marks in
 * the first fifth, a gradient that ends before 80 steps never meets one. */
#include "adding.h"
#include "fit.h"

#define STEPS 100

typedef struct {
  const gchar *marks;
  void (*refresh) (RnnDataset *dataset, guint64 seed, gpointer data);
} Task;

static const Task tasks[] = { { "anywhere", adding_refresh }, { "early", adding_refresh_early } };

static gboolean
train_truncated (const Setting *setting, const Task *task, gint bptt, Table *table, GError **error)
{
  g_autoptr (RnnModel) model = model_new (2, setting->seed, error, "[{'cell': 'gru', 'hidden': 64},"
      "{'cell': 'dense', 'units': 1}]");
  RnnDataset *train = adding_new (setting->smoke ? 32 : 1600, STEPS, setting->seed);
  RnnDataset *dev = adding_new (setting->smoke ? 32 : 500, STEPS, setting->seed + 1000000);
  FitResult result;
  Fit fit;
  gboolean ok;

  task->refresh (train, setting->seed, NULL);
  task->refresh (dev, setting->seed + 1000000, NULL);
  fit_init (&fit, setting, RNN_LOSS_MSE);
  fit.config.bptt = bptt;
  fit.config.batch_size = 16;
  fit.config.epochs = setting->smoke ? 1 : 15;
  fit.config.learning_rate = 0.01f;
  fit.refresh = task->refresh;
  fit.good = 0.002f;
  ok = model && fit_run (&fit, model, train, dev, &result, error);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  if (ok)
    table_row (table, "%s\t%d\t%" G_GUINT64_FORMAT "\t%.1f\t%.5f", task->marks, bptt, result.updates, result.seconds,
        result.best);
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  static const gint chunks[] = { 5, 10, 25, 50, 75, STEPS };
  g_autoptr (Table) table = table_new (setting, "truncation", "marks\tbptt\tupdates\tcpu_seconds\tmse", error);

  for (guint i = 0; table && i < G_N_ELEMENTS (tasks); i++)
    for (guint j = 0; j < G_N_ELEMENTS (chunks); j++)
      if (!train_truncated (setting, &tasks[i], chunks[j], table, error))
        return FALSE;
  return table != NULL;
}

const Experiment experiment_truncation = { "truncation", "truncated against full back-propagation through time", FALSE,
  run };
