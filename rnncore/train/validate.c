/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validation after an epoch: mean loss and metric on the dev set, the best weights kept, early stop.
 *
 * A better result is a better metric, or the same metric with a lower loss: while a CTC model still says nothing but
 * blanks its error rate stands at 1, and only the loss shows that it learns. */
#include "trainer.h"
#include <math.h>
#include <string.h>

/* Minibatch `first + s` of the dev set is shard s's. */
typedef struct {
  RnnTrainer *trainer;
  RnnDataset *data;
  const RnnEpoch *order;
  guint first, n;
} Round;

/* The first minibatch of the round that rank @rank runs. */
static guint
first_of_rank (const Round *round, guint rank)
{
  return MIN (rnn_learner_first_shard (&round->trainer->learner, rank), round->n);
}

static void
evaluate_job (guint job, gpointer data)
{
  Round *round = data;
  RnnTrainer *t = round->trainer;
  const guint32 *examples;
  guint shard = first_of_rank (round, t->learner.reduce.rank) + job;
  guint n = rnn_epoch_get (round->order, round->first + shard, &examples);

  rnn_shard_evaluate (&t->learner.shards[shard], round->data, examples, n, t->learner.losses + shard * t->learner.config.batch_size);
}

/* Fills losses[shards][batch_size], on every rank. */
static void
run_round (const Round *round)
{
  RnnTrainer *t = round->trainer;
  gsize width = t->learner.config.batch_size * sizeof (gfloat);
  guint rank = t->learner.reduce.rank;

  rnn_pool_run (t->learner.pool, first_of_rank (round, rank + 1) - first_of_rank (round, rank), evaluate_job, (gpointer) round);
  for (rank = 0; rank < t->learner.reduce.size; rank++) {
    guint first = first_of_rank (round, rank), end = first_of_rank (round, rank + 1);

    rnn_reduce_share (&t->learner.reduce, rank, t->learner.losses + first * t->learner.config.batch_size, (end - first) * width);
  }
}

/* What the shards counted, in their order, on every rank. */
static void
add_measures (RnnTrainer *t, gdouble *errors, gdouble *total)
{
  for (guint rank = 0; rank < t->learner.reduce.size; rank++)
    for (guint s = rnn_learner_first_shard (&t->learner, rank); s < rnn_learner_first_shard (&t->learner, rank + 1); s++) {
      gdouble counts[] = { t->learner.shards[s].measure.errors, t->learner.shards[s].measure.total };

      rnn_reduce_share (&t->learner.reduce, rank, counts, sizeof (counts));
      *errors += counts[0];
      *total += counts[1];
    }
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
evaluate (RnnTrainer *t, RnnDataset *data, const RnnEpoch *order, gdouble *loss, gdouble *metric)
{
  guint n_batches = order->n_batches, shards = t->learner.config.shards, count = 0;
  gdouble sum = 0, errors = 0, total = 0;

  for (guint s = 0; s < shards; s++)
    t->learner.shards[s].measure.errors = t->learner.shards[s].measure.total = 0;
  for (guint first = 0; first < n_batches; first += shards) {
    Round round = { t, data, order, first, MIN (shards, n_batches - first) };

    run_round (&round);
    for (guint s = 0; s < round.n; s++) {
      const guint32 *examples;
      guint n = rnn_epoch_get (order, first + s, &examples);

      add_losses (t->learner.losses + s * t->learner.config.batch_size, n, &sum, &count);
    }
  }
  add_measures (t, &errors, &total);
  *loss = count ? sum / count : NAN;
  *metric = total > 0 ? errors / total : NAN;
}

static void
evaluate_all (RnnTrainer *t)
{
  if (t->dev)
    evaluate (t, t->dev, &t->dev_order, &t->dev_loss, &t->dev_metric);
  for (guint i = 0; i < t->more_devs->len; i++) {
    RnnDevSet *set = &g_array_index (t->more_devs, RnnDevSet, i);

    evaluate (t, set->data, &set->order, &set->loss, &set->metric);
  }
}

/* By the metric; by the loss where metrics are the same, or where one is no number. */
static gboolean
is_better (const RnnTrainer *t)
{
  gboolean higher = rnn_output_primary (t->learner.task.output)->klass->metric.higher_is_better;

  if (isnan (t->dev_metric) && isnan (t->dev_loss))
    return FALSE;
  if (!t->has_best)
    return TRUE;
  if (isnan (t->dev_metric) || isnan (t->best_metric) || t->dev_metric == t->best_metric)
    return t->dev_loss < t->best_loss || isnan (t->best_loss);
  return higher ? t->dev_metric > t->best_metric : t->dev_metric < t->best_metric;
}

static void
keep_best (RnnTrainer *t)
{
  gsize size = rnn_model_get_n_params (t->learner.model) * sizeof (gfloat);

  memcpy (rnn_model_get_params (t->best), rnn_model_get_params (t->learner.model), size);
  rnn_model_pack (t->best, FALSE);
  t->has_best = TRUE;
  t->best_metric = t->dev_metric;
  t->best_loss = t->dev_loss;
  t->best_update = t->learner.optimizer.step;
  t->patience_left = t->learner.config.patience;
}

void
rnn_trainer_validate (RnnTrainer *t)
{
  if (!t->dev && t->more_devs->len == 0)
    return;
  if (t->learner.average)
    rnn_learner_swap_average (&t->learner);
  evaluate_all (t);
  if (t->dev && t->learner.optimizer.step > 0 && is_better (t)) {
    keep_best (t);
  } else if (t->dev && t->learner.config.patience > 0) {
    t->patience_left -= t->patience_left > 0;
    t->done |= t->patience_left == 0;
  }
  if (t->learner.average)
    rnn_learner_swap_average (&t->learner);
}
