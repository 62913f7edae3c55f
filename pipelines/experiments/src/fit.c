/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A trainer run to its end, or until the metric is good. */
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

gboolean
fit_run (const Fit *fit, RnnModel *model, RnnDataset *train, RnnDataset *dev, FitResult *result, GError **error)
{
  RnnTrainer *trainer = rnn_trainer_new (model, &fit->config, train, dev, error);
  gdouble start = cpu_seconds ();
  RnnTrainStats stats = { 0 };

  if (!trainer)
    return FALSE;
  result->first = NAN;
  while (!stats.done && rnn_trainer_step (trainer, &stats)) {
    if (fit->constrain)
      fit->constrain (rnn_trainer_get_model (trainer), fit->data);
    if (fit->watch)
      fit->watch (&stats, fit->data);
    if (stats.epoch_progress < 1)
      continue;
    if (isnan (result->first))
      result->first = stats.dev_metric;
    if (stats.dev_metric < fit->good || (fit->seconds > 0 && cpu_seconds () - start > fit->seconds))
      break;
    if (fit->refresh)
      fit->refresh (train, fit->config.seed + stats.epoch + 1);
  }
  result->updates = stats.update;
  result->seconds = cpu_seconds () - start;
  result->last = stats.dev_metric;
  result->best = stats.best_metric;
  take_weights (model, dev ? rnn_trainer_get_best (trainer) : rnn_trainer_get_model (trainer));
  rnn_trainer_free (trainer);
  return TRUE;
}

gboolean
fit_evaluate (const Fit *fit, RnnModel *model, RnnDataset *dataset, gdouble *loss, gdouble *metric, GError **error)
{
  RnnTask task = {.config = &fit->config,.model = model,.loss = rnn_loss_get (fit->config.loss) };
  guint n = rnn_dataset_get_n (dataset);
  RnnShard shard;
  gboolean ok;

  rnn_framing_init (&task.framing, model, dataset->n_feature);
  rnn_model_pack (model, TRUE);
  ok = rnn_shard_init (&shard, &task, error);
  *loss = 0;
  for (guint32 i = 0; ok && i < n; i++) {
    gfloat one;

    rnn_shard_evaluate (&shard, dataset, &i, 1, &one);
    *loss += one / n;
  }
  *metric = ok ? shard.measure.errors / shard.measure.total : NAN;
  rnn_shard_clear (&shard);
  rnn_framing_clear (&task.framing);
  return ok;
}
