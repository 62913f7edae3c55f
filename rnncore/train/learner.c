/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Minibatch -> shards -> gradient -> clip -> optimizer -> weights.
 *
 * A minibatch is cut into config.shards pieces whatever the number of threads, and their gradients are added in the
 * order of the pieces: threads change no result. */
#include "learner.h"
#include <math.h>
#include <string.h>

/* ---- life ---- */

gboolean
rnn_learner_init (RnnLearner *l, RnnModel *model, gint n_feature, GError **error)
{
  l->model = model;
  l->learning_rate = l->grad_norm = NAN;
  return rnn_train_config_check (&l->config, error) && rnn_task_init (&l->task, &l->config, model, n_feature, error);
}

static void
set_rounds (RnnParam *param, const gchar *full_name, gpointer data)
{
  param->rounds = GPOINTER_TO_INT (data);
}

void
rnn_learner_set_precision (RnnCell *cells, gint precision)
{
  rnn_cell_foreach_param (cells, set_rounds, GINT_TO_POINTER (precision));
}

gboolean
rnn_learner_start (RnnLearner *l, GError **error)
{
  gsize n_shards = l->config.shards, n_params = rnn_model_get_n_params (l->model);

  l->losses = g_new0 (gfloat, n_shards * l->config.batch_size);
  l->shards = g_new0 (RnnShard, n_shards);
  for (gsize s = 0; s < n_shards; s++)
    if (!rnn_shard_init (&l->shards[s], &l->task, error))
      return FALSE;
  if (!(l->pool = rnn_pool_new (MIN (l->config.n_threads, l->config.shards), error)))
    return FALSE;
  if (l->config.average > 0)
    l->average = g_memdup2 (rnn_model_get_params (l->model), n_params * sizeof (gfloat));
  rnn_learner_prepare_update (l);
  rnn_learner_set_precision (rnn_model_get_root (l->model), l->config.precision);
  rnn_model_pack (l->model, TRUE);
  return TRUE;
}

void
rnn_learner_clear (RnnLearner *l)
{
  rnn_pool_free (l->pool);
  for (gint s = 0; l->shards && s < l->config.shards; s++)
    rnn_shard_clear (&l->shards[s]);
  g_free (l->shards);
  rnn_optimizer_clear (&l->optimizer);
  g_clear_pointer (&l->matrices, g_ptr_array_unref);
  g_free (l->squares);
  g_free (l->average);
  g_free (l->losses);
  rnn_task_clear (&l->task);
  g_clear_pointer (&l->model, rnn_model_unref);
}

RnnLearner *
rnn_learner_new (RnnModel *model, const RnnTrainConfig *config, gint n_feature, GError **error)
{
  RnnModel *copy = rnn_model_copy (model, error);
  RnnLearner *l;

  if (!copy)
    return NULL;
  l = g_new0 (RnnLearner, 1);
  l->config = *config;
  l->reduce.size = 1;
  if (rnn_learner_init (l, copy, n_feature, error) && rnn_learner_start (l, error))
    return l;
  rnn_learner_free (l);
  return NULL;
}

void
rnn_learner_free (RnnLearner *learner)
{
  if (!learner)
    return;
  rnn_learner_clear (learner);
  g_free (learner);
}

RnnModel *
rnn_learner_get_model (RnnLearner *learner)
{
  return learner->model;
}

/* ---- a gradient ---- */

typedef struct {
  RnnLearner *learner;
  const RnnMinibatch *m;
  guint n_shards;               /* of all ranks */
  guint first_shard;            /* of this rank */
} Work;

guint
rnn_learner_first_shard (const RnnLearner *l, guint rank)
{
  return l->config.shards * rank / l->reduce.size;
}

/* Where the examples of a shard begin. */
static guint
first_example (const Work *w, guint shard)
{
  return w->m->n * MIN (shard, w->n_shards) / w->n_shards;
}

static void
gradient_job (guint job, gpointer data)
{
  const Work *w = data;
  const RnnMinibatch *m = w->m;
  guint number = w->first_shard + job, first = first_example (w, number), end = first_example (w, number + 1);
  RnnShard *shard = &w->learner->shards[number];

  rnn_shard_train (shard, m->dataset, m->examples + first, end - first, m->scale, m->augment, m->augment_seed,
      rnn_mix_seed (w->learner->config.seed, m->noise_seed, 2 + number), w->learner->losses + first);
  shard->adds = TRUE;
}

/* The losses of all ranks, on every one. */
static void
share_losses (RnnLearner *l, const Work *w)
{
  for (guint rank = 0; rank < l->reduce.size; rank++) {
    guint first = first_example (w, rnn_learner_first_shard (l, rank));
    guint end = first_example (w, rnn_learner_first_shard (l, rank + 1));

    rnn_reduce_share (&l->reduce, rank, l->losses + first, (end - first) * sizeof (gfloat));
  }
}

void
rnn_learner_add (RnnLearner *l, const RnnMinibatch *m)
{
  Work work = { l, m, MIN (m->n, (guint) l->config.shards), rnn_learner_first_shard (l, l->reduce.rank) };
  guint end = rnn_learner_first_shard (l, l->reduce.rank + 1);
  guint n_mine = MIN (end, work.n_shards) - MIN (work.first_shard, work.n_shards);

  rnn_pool_run (l->pool, n_mine, gradient_job, &work);
  share_losses (l, &work);
  l->n_shards = MAX (l->n_shards, n_mine);
}

/* ---- by itself ---- */

gfloat
rnn_learner_learn (RnnLearner *l, RnnDataset *dataset, const guint32 *examples, guint n, gfloat learning_rate)
{
  gdouble sum = 0;
  guint count = 0;

  for (guint first = 0; first < n; first += l->config.batch_size) {
    RnnMinibatch m = { dataset, examples + first, MIN (n - first, (guint) l->config.batch_size), 1.0f / n, NULL, 0,
      l->optimizer.step << 20 | first };

    rnn_learner_add (l, &m);
    for (guint i = 0; i < m.n; i++)
      if (isfinite (l->losses[i])) {
        sum += l->losses[i];
        count++;
      }
  }
  rnn_learner_update (l, learning_rate, count > 0);
  return count ? (gfloat) (sum / count) : NAN;
}
