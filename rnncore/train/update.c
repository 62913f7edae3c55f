/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From gradients to new weights: sum over shards and ranks, norm, clipping, optimizer, panels.
 *
 * Whole vectors of parameters pass through memory twice: once to add up the shards and square, once to clip and to
 * step.  Threads share slices of them; what they compute depends neither on the slices nor on the threads. */
#include "learner.h"
#include "../base/finite.h"
#include "../kernels/kernels.h"
#include <math.h>

#define BLOCKS_PER_JOB 32
#define SLICE (BLOCKS_PER_JOB * RNN_NORM_BLOCK)

typedef struct {
  RnnLearner *learner;
  gfloat *const *parts;         /* [n_parts] gradients of this process, the sum goes to the first */
  guint n_parts;
} Update;

static guint
count_jobs (const RnnLearner *l)
{
  return (guint) ((l->optimizer.n + SLICE - 1) / SLICE);
}

static void
sum_job (guint job, gpointer data)
{
  const Update *u = data;
  RnnLearner *l = u->learner;
  gsize end = MIN (l->optimizer.n, (job + 1) * (gsize) SLICE);

  for (gsize at = job * (gsize) SLICE; at < end; at += RNN_NORM_BLOCK) {
    gint n = (gint) MIN (RNN_NORM_BLOCK, end - at);

    for (guint i = 1; i < u->n_parts; i++)
      rnn_kernels ()->add (n, u->parts[i] + at, u->parts[0] + at);
    l->squares[at / RNN_NORM_BLOCK] = rnn_kernels ()->dot (n, u->parts[0] + at, u->parts[0] + at);
  }
}

static void
step_job (guint job, gpointer data)
{
  const Update *u = data;
  RnnLearner *l = u->learner;
  RnnOptimizer *o = &l->optimizer;
  gsize first = job * (gsize) SLICE, n = MIN (SLICE, o->n - first);
  gfloat *params = rnn_model_get_params (l->model);

  rnn_optimizer_run (o, first, n, params, u->parts[0]);
  if (!rnn_all_finite (n, params + first))
    g_atomic_int_set (&l->spoilt, TRUE);
  if (l->average)
    rnn_average_add (n, rnn_average_share (l->config.average, o->step), params + first, l->average + first);
}

static void
pack_job (guint job, gpointer data)
{
  const Update *u = data;

  rnn_param_pack (g_ptr_array_index (u->learner->matrices, job), TRUE);
}

static gdouble
sum_squares (const RnnLearner *l)
{
  gdouble sum = 0;

  for (gsize i = 0; i * RNN_NORM_BLOCK < l->optimizer.n; i++)
    sum += l->squares[i];
  return sum;
}

/* An update whose gradient is not finite would spoil all weights: it is left out. */
static void
step (RnnLearner *l, Update *u, gdouble norm)
{
  rnn_optimizer_begin (&l->optimizer, (gfloat) l->learning_rate, rnn_clip_factor (norm, l->config.clip_norm));
  rnn_pool_run (l->pool, count_jobs (l), step_job, u);
  rnn_pool_run (l->pool, l->matrices->len, pack_job, u);
}

void
rnn_learner_update (RnnLearner *l, gdouble learning_rate, gboolean learns)
{
  guint first = rnn_learner_first_shard (l, l->reduce.rank), n = l->n_shards;
  gfloat *parts[RNN_MAX_SHARDS] = { rnn_shard_need_grad (&l->shards[first]) };
  Update update = { l, parts, MAX (n, 1) };
  gdouble norm;

  for (guint s = 1; s < n; s++)
    parts[s] = l->shards[first + s].grad;
  if (l->reduce.size > 1) {
    rnn_reduce_sum (&l->reduce, l->optimizer.n, parts, n, parts[0]);
    update.n_parts = 1;
  }
  rnn_pool_run (l->pool, count_jobs (l), sum_job, &update);
  norm = sqrt (sum_squares (l));
  l->grad_norm = (gfloat) norm;
  l->learning_rate = learning_rate;
  if (isfinite (l->grad_norm) && learns)
    step (l, &update, norm);
  for (gint s = 0; s < l->config.shards; s++)
    l->shards[s].adds = FALSE;
  l->n_shards = 0;
}

static void
add_matrix (RnnParam *param, const gchar *full_name, gpointer matrices)
{
  if (param->is_matrix)
    g_ptr_array_add (matrices, param);
}

void
rnn_learner_prepare_update (RnnLearner *l)
{
  rnn_optimizer_init (&l->optimizer, &l->config, rnn_model_get_n_params (l->model));
  l->optimizer.n = rnn_model_get_n_trained (l->model);
  l->squares = g_new0 (gdouble, l->optimizer.n / RNN_NORM_BLOCK + 1);
  l->matrices = g_ptr_array_new ();
  rnn_cell_foreach_param (rnn_model_get_root (l->model), add_matrix, l->matrices);
}
