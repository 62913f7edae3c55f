/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From gradients to new weights: sum over shards and ranks, norm, clipping, optimizer, panels.
 *
 * Whole vectors of parameters pass through memory twice: once to add up the shards and square, once to clip and to
 * step.  Threads share slices of them; what they compute depends neither on the slices nor on the threads. */
#include "trainer.h"
#include "../base/finite.h"
#include "../kernels/kernels.h"
#include <math.h>

#define BLOCKS_PER_JOB 32
#define SLICE (BLOCKS_PER_JOB * RNN_NORM_BLOCK)

typedef struct {
  RnnTrainer *trainer;
  gfloat *const *parts;         /* [n_parts] gradients of this process, the sum goes to the first */
  guint n_parts;
} Update;

static guint
count_jobs (const RnnTrainer *t)
{
  return (guint) ((t->optimizer.n + SLICE - 1) / SLICE);
}

static void
sum_job (guint job, gpointer data)
{
  const Update *u = data;
  RnnTrainer *t = u->trainer;
  gsize end = MIN (t->optimizer.n, (job + 1) * (gsize) SLICE);

  for (gsize at = job * (gsize) SLICE; at < end; at += RNN_NORM_BLOCK) {
    gint n = (gint) MIN (RNN_NORM_BLOCK, end - at);

    for (guint i = 1; i < u->n_parts; i++)
      rnn_kernels ()->add (n, u->parts[i] + at, u->parts[0] + at);
    t->squares[at / RNN_NORM_BLOCK] = rnn_kernels ()->dot (n, u->parts[0] + at, u->parts[0] + at);
  }
}

static void
step_job (guint job, gpointer data)
{
  const Update *u = data;
  RnnTrainer *t = u->trainer;
  RnnOptimizer *o = &t->optimizer;
  gsize first = job * (gsize) SLICE, n = MIN (SLICE, o->n - first);
  gfloat *params = rnn_model_get_params (t->model);

  rnn_optimizer_run (o, first, n, params, u->parts[0]);
  if (!rnn_all_finite (n, params + first))
    g_atomic_int_set (&t->spoilt, TRUE);
  if (t->average)
    rnn_average_add (n, rnn_average_share (t->config.average, o->step), params + first, t->average + first);
}

static void
pack_job (guint job, gpointer data)
{
  const Update *u = data;

  rnn_param_pack (g_ptr_array_index (u->trainer->matrices, job), TRUE);
}

static gdouble
sum_squares (const RnnTrainer *t)
{
  gdouble sum = 0;

  for (gsize i = 0; i * RNN_NORM_BLOCK < t->optimizer.n; i++)
    sum += t->squares[i];
  return sum;
}

/* An update whose gradient is not finite would spoil all weights: it is left out. */
static void
step (RnnTrainer *t, Update *u, gdouble norm, gboolean learns)
{
  guint64 per_epoch = (t->order.n_batches + t->config.accumulate - 1) / t->config.accumulate;
  guint64 total = (guint64) t->config.epochs * per_epoch;

  t->grad_norm = (gfloat) norm;
  t->learning_rate = rnn_schedule_get (&t->config, t->optimizer.step, total);
  if (!isfinite (t->grad_norm) || !learns)
    return;
  rnn_optimizer_begin (&t->optimizer, t->learning_rate, rnn_clip_factor (norm, t->config.clip_norm));
  rnn_pool_run (t->pool, count_jobs (t), step_job, u);
  rnn_pool_run (t->pool, t->matrices->len, pack_job, u);
}

void
rnn_trainer_update (RnnTrainer *t, guint first_shard, guint n_shards, gboolean learns)
{
  gfloat *parts[RNN_MAX_SHARDS] = { rnn_shard_need_grad (&t->shards[first_shard]) };
  Update update = { t, parts, MAX (n_shards, 1) };

  for (guint s = 1; s < n_shards; s++)
    parts[s] = t->shards[first_shard + s].grad;
  if (t->reduce.size > 1) {
    rnn_reduce_sum (&t->reduce, t->optimizer.n, parts, n_shards, parts[0]);
    update.n_parts = 1;
  }
  rnn_pool_run (t->pool, count_jobs (t), sum_job, &update);
  step (t, &update, sqrt (sum_squares (t)), learns);
  for (gint s = 0; s < t->config.shards; s++)
    t->shards[s].adds = FALSE;
}

static void
add_matrix (RnnParam *param, const gchar *full_name, gpointer matrices)
{
  if (param->is_matrix)
    g_ptr_array_add (matrices, param);
}

void
rnn_trainer_prepare_update (RnnTrainer *t)
{
  rnn_optimizer_init (&t->optimizer, &t->config, rnn_model_get_n_params (t->model));
  t->optimizer.n = rnn_model_get_n_trained (t->model);
  t->squares = g_new0 (gdouble, t->optimizer.n / RNN_NORM_BLOCK + 1);
  t->matrices = g_ptr_array_new ();
  rnn_cell_foreach_param (rnn_model_get_root (t->model), add_matrix, t->matrices);
}
