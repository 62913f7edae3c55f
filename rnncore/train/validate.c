/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validation after an epoch: mean loss and error rate on the dev set, the best weights kept, early stop.
 *
 * A better result is a lower metric, or the same metric with a lower loss: while a CTC model still says nothing but
 * blanks its error rate stands at 1, and only the loss shows that it learns. */
#include "trainer.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnTrainer *trainer;
  guint first;                  /* dev minibatch of shard 0 */
} Round;

static void
evaluate_job (guint job, gpointer data)
{
  Round *round = data;
  RnnTrainer *t = round->trainer;
  const guint32 *examples;
  guint n = rnn_epoch_get (&t->dev_order, round->first + job, &examples);

  rnn_shard_evaluate (&t->shards[job], t->dev, examples, n, t->losses + job * t->config.batch_size);
}

/* Sum and number of the finite ones of losses[n] */
static void
add_losses (const gfloat *losses, guint n, gdouble *sum, guint *count)
{
  for (guint i = 0; i < n; i++)
    if (isfinite (losses[i])) {
      *sum += losses[i];
      ++*count;
    }
}

static void
evaluate (RnnTrainer *t)
{
  guint n_batches = t->dev_order.n_batches, shards = t->config.shards, count = 0;
  gdouble sum = 0, errors = 0, total = 0;

  for (guint s = 0; s < shards; s++)
    t->shards[s].measure.errors = t->shards[s].measure.total = 0;
  for (guint first = 0; first < n_batches; first += shards) {
    Round round = { t, first };
    guint n_jobs = MIN (shards, n_batches - first);

    rnn_pool_run (t->pool, n_jobs, evaluate_job, &round);
    for (guint job = 0; job < n_jobs; job++) {
      const guint32 *examples;
      guint n = rnn_epoch_get (&t->dev_order, first + job, &examples);

      add_losses (t->losses + job * t->config.batch_size, n, &sum, &count);
    }
  }
  for (guint s = 0; s < shards; s++) {
    errors += t->shards[s].measure.errors;
    total += t->shards[s].measure.total;
  }
  t->dev_loss = count ? sum / count : NAN;
  t->dev_metric = total > 0 ? errors / total : NAN;
}

void
rnn_trainer_validate (RnnTrainer *t)
{
  gboolean better;

  if (!t->dev)
    return;
  evaluate (t);
  better = !isnan (t->dev_metric) && (!t->has_best || t->dev_metric < t->best_metric ||
      (t->dev_metric == t->best_metric && t->dev_loss < t->best_loss));
  if (better) {
    gsize size = rnn_model_get_n_params (t->model) * sizeof (gfloat);

    memcpy (rnn_model_get_params (t->best), rnn_model_get_params (t->model), size);
    rnn_model_pack (t->best, FALSE);
    t->has_best = TRUE;
    t->best_metric = t->dev_metric;
    t->best_loss = t->dev_loss;
    t->patience_left = t->config.patience;
  } else if (t->config.patience > 0) {
    t->patience_left -= t->patience_left > 0;
    t->done |= t->patience_left == 0;
  }
}
