/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trainer run to its end, or until the metric is good; and the mean of its weights over time (Polyak & Juditsky 1992),
 * which stands still where a large learning rate keeps the weights themselves moving. */
#include "fit.h"
#include "train/shard.h"
#include <math.h>
#include <string.h>
#include <time.h>

void
fit_init (Fit *fit, const Setting *setting, RnnLossType loss)
{
  memset (fit, 0, sizeof (Fit));
  rnn_options_init (rnn_train_options, &fit->config);
  fit->config.loss = loss;
  fit->config.seed = setting->seed;
  fit->config.shards = 2;
  fit->config.n_threads = setting->threads;
  fit->config.schedule = RNN_SCHEDULE_CONSTANT;
  fit->config.clip_norm = 1;
}

static void
take_weights (RnnModel *model, RnnModel *from)
{
  memcpy (rnn_model_get_params (model), rnn_model_get_params (from), rnn_model_get_n_params (model) * sizeof (gfloat));
  rnn_model_pack (model, TRUE);
}

/* Of all threads: what a training costs, whatever else the machine does. */
static gdouble
cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec + now.tv_nsec / 1e9;
}

/* ---- the mean of the weights ---- */

typedef struct {
  RnnModel *model;              /* with the mean as its weights; NULL: not wanted */
  gfloat *best;                 /* the mean that was best on the dev set */
  gdouble metric;               /* of that one */
} Average;

static gboolean
average_init (Average *a, const Fit *fit, RnnModel *model, GError **error)
{
  *a = (Average) { NULL, NULL, INFINITY };
  if (!fit->average)
    return TRUE;
  if (!(a->model = rnn_model_copy (model, error)))
    return FALSE;
  a->best = g_memdup2 (rnn_model_get_params (model), rnn_model_get_n_params (model) * sizeof (gfloat));
  return TRUE;
}

static void
average_clear (Average *a)
{
  g_clear_pointer (&a->model, rnn_model_unref);
  g_clear_pointer (&a->best, g_free);
}

/* After the update number @n, from 1; a ninth of all updates so far are in the mean. */
static void
average_add (Average *a, RnnModel *model, guint64 n)
{
  gfloat *mean = a->model ? rnn_model_get_params (a->model) : NULL, *now = rnn_model_get_params (model);
  gfloat share = 9.0f / (n + 8);

  for (gsize i = 0; mean && i < rnn_model_get_n_params (model); i++)
    mean[i] += share * (now[i] - mean[i]);
}

static gboolean
average_judge (Average *a, const Fit *fit, RnnDataset *dev, GError **error)
{
  gdouble loss, metric;

  if (!a->model)
    return TRUE;
  if (!fit_evaluate (fit, a->model, dev, &loss, &metric, error))
    return FALSE;
  if (metric < a->metric) {
    a->metric = metric;
    memcpy (a->best, rnn_model_get_params (a->model), rnn_model_get_n_params (a->model) * sizeof (gfloat));
  }
  return TRUE;
}

/* ---- training ---- */

/* Something that ends the training before its last epoch. */
static gboolean
is_over (const Fit *fit, const RnnTrainStats *stats, gdouble seconds)
{
  return stats->dev_metric < fit->good || (fit->seconds > 0 && seconds > fit->seconds);
}

static gboolean
fit_epochs (const Fit *fit, RnnTrainer *trainer, Average *average, RnnDataset *train, RnnDataset *dev,
    FitResult *result, GError **error)
{
  gdouble start = cpu_seconds ();
  RnnTrainStats stats = { 0 };
  gboolean ok = TRUE, over = FALSE;

  while (ok && !over && !stats.done && rnn_trainer_step (trainer, &stats)) {
    if (fit->constrain)
      fit->constrain (rnn_trainer_get_model (trainer), fit->data);
    average_add (average, rnn_trainer_get_model (trainer), stats.update);
    if (fit->watch)
      fit->watch (&stats, fit->data);
    if (stats.epoch_progress < 1)
      continue;
    if (isnan (result->first))
      result->first = stats.dev_metric;
    ok = average_judge (average, fit, dev, error);
    over = is_over (fit, &stats, cpu_seconds () - start);
    if (fit->refresh && !over)
      fit->refresh (train, fit->config.seed + stats.epoch + 1, fit->data);
  }
  result->updates = stats.update;
  result->seconds = cpu_seconds () - start;
  result->last = stats.dev_metric;
  result->best = stats.best_metric;
  return ok;
}

gboolean
fit_run (const Fit *fit, RnnModel *model, RnnDataset *train, RnnDataset *dev, FitResult *result, GError **error)
{
  RnnTrainer *trainer = rnn_trainer_new (model, &fit->config, train, dev, error);
  Average average = { NULL };
  gboolean ok = trainer && average_init (&average, fit, model, error);

  result->first = NAN;
  ok = ok && fit_epochs (fit, trainer, &average, train, dev, result, error);
  if (ok && average.model) {
    memcpy (rnn_model_get_params (average.model), average.best, rnn_model_get_n_params (model) * sizeof (gfloat));
    result->best = average.metric;
    take_weights (model, average.model);
  } else if (ok) {
    take_weights (model, dev ? rnn_trainer_get_best (trainer) : rnn_trainer_get_model (trainer));
  }
  average_clear (&average);
  rnn_trainer_free (trainer);
  return ok;
}

gboolean
fit_evaluate (const Fit *fit, RnnModel *model, RnnDataset *dataset, gdouble *loss, gdouble *metric, GError **error)
{
  RnnTask task;
  guint n = rnn_dataset_get_n (dataset);
  RnnShard shard;
  gboolean ok = rnn_task_init (&task, &fit->config, model, dataset->n_feature, error);

  rnn_model_pack (model, TRUE);
  memset (&shard, 0, sizeof (shard));
  ok = ok && rnn_shard_init (&shard, &task, error);
  *loss = 0;
  for (guint32 i = 0; ok && i < n; i++) {
    gfloat one;

    rnn_shard_evaluate (&shard, dataset, &i, 1, &one);
    *loss += one / n;
  }
  *metric = ok ? shard.measure.errors / shard.measure.total : NAN;
  rnn_shard_clear (&shard);
  rnn_task_clear (&task);
  return ok;
}
