/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exploding gradients (Pascanu, Mikolov & Bengio 2013): an Elman network whose recurrent matrix starts a little too
 * large, trained by plain gradient descent with and without clipping the norm of the gradient. */
#include "adding.h"
#include "fit.h"

#define STEPS 50
#define GAIN 2.2f               /* of the recurrent matrix: a spectral radius of about 1.3 instead of 1 / sqrt (3) */

typedef struct {
  Table *table;
  gfloat clip;
} Watch;

static void
watch (const RnnTrainStats *stats, gpointer data)
{
  const Watch *w = data;

  table_row (w->table, "%g\t%" G_GUINT64_FORMAT "\t%.5g\t%.5g", w->clip, stats->update, stats->loss, stats->grad_norm);
}

static RnnModel *
make_model (const Setting *setting, GError **error)
{
  RnnModel *model = model_new (2, setting->seed, error, "[{'cell': 'elman', 'name': 'rnn', 'hidden': 64},"
      "{'cell': 'dense', 'units': 1}]");
  RnnParam *w = model ? model_find_param (model, "rnn.weight_hh_l0") : NULL;

  for (gsize i = 0; w && i < w->size; i++)
    w->data[i] *= GAIN;
  return model;
}

static gboolean
run (const Setting *setting, GError **error)
{
  static const gfloat clips[] = { 0, 1 };
  g_autoptr (Table) table = table_new (setting, "clipping", "clip\tupdate\tloss\tgradient_norm", error);

  for (guint i = 0; table && i < G_N_ELEMENTS (clips); i++) {
    g_autoptr (RnnModel) model = make_model (setting, error);
    RnnDataset *train = adding_new (setting->smoke ? 40 : 6000, STEPS, setting->seed);
    Watch w = { table, clips[i] };
    Fit fit;
    FitResult result;
    gboolean ok;

    fit_init (&fit, setting, RNN_LOSS_MSE);
    fit.config.optimizer = RNN_OPTIMIZER_SGD;
    fit.config.learning_rate = 0.05f;
    fit.config.batch_size = 20;
    fit.config.epochs = 1;
    fit.config.clip_norm = clips[i];
    fit.watch = watch;
    fit.data = &w;
    ok = model && fit_run (&fit, model, train, NULL, &result, error);
    rnn_dataset_free (train);
    if (!ok)
      return FALSE;
  }
  return table != NULL;
}

const Experiment experiment_clipping = { "clipping", "exploding gradients, with and without clipping", FALSE, run };
