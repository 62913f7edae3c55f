/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exploding gradients (Pascanu, Mikolov & Bengio 2013): rectified units whose recurrent matrix starts as the identity
 * (Le, Jaitly & Hinton 2015) learn the adding problem over 20 steps, with and without clipping the gradient's norm. */
#include "adding.h"
#include "fit.h"
#include <math.h>

#define STEPS 20
#define HIDDEN 64
#define BATCH 20
#define EVERY 20                /* updates to a row */

typedef struct {
  Table *table;
  gfloat clip;
  guint update;                 /* those included that were left out, their gradient not being finite */
  gdouble loss, norm;           /* sum, maximum since the last row */
} Watch;

static void
watch (const RnnTrainStats *stats, gpointer data)
{
  Watch *w = data;

  w->loss += stats->loss;
  w->norm = fabs (isfinite (stats->grad_norm) ? fmax (w->norm, stats->grad_norm) : INFINITY);
  if (++w->update % EVERY)
    return;
  table_row (w->table, "%g\t%u\t%.4g\t%.4g", w->clip, w->update, fabs (w->loss / EVERY), w->norm);
  w->loss = w->norm = 0;
}

static RnnModel *
make_model (const Setting *setting, GError **error)
{
  RnnModel *model = model_new (2, setting->seed, error, "[{'cell': 'elman', 'name': 'rnn', 'hidden': %d,"
      "'activation': 'relu'}, {'cell': 'dense', 'units': 1}]", HIDDEN);
  RnnParam *w = model ? model_find_param (model, "rnn.weight_hh_l0") : NULL;

  for (gsize i = 0; w && i < w->size; i++)
    w->data[i] = i % (HIDDEN + 1) == 0;
  return model;
}

static gboolean
run (const Setting *setting, GError **error)
{
  static const gfloat clips[] = { 0, 1 };
  g_autoptr (Table) table = table_new (setting, "clipping", "clip\tupdate\tloss\tgradient_norm", error);

  for (guint i = 0; table && i < G_N_ELEMENTS (clips); i++) {
    g_autoptr (RnnModel) model = make_model (setting, error);
    RnnDataset *train = adding_new ((setting->smoke ? 2 * EVERY : 3000) * BATCH, STEPS, setting->seed);
    Watch w = {.table = table,.clip = clips[i] };
    Fit fit;
    FitResult result;
    gboolean ok;

    fit_init (&fit, setting, RNN_LOSS_MSE);
    fit.config.optimizer = RNN_OPTIMIZER_SGD;
    fit.config.learning_rate = 0.01f;
    fit.config.momentum = 0.9f;
    fit.config.batch_size = BATCH;
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
