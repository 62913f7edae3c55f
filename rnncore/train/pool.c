/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A GThreadPool with a rendezvous.  One thread needs no pool: the caller does the work.  What the caller wrote before a
 * run is seen by the jobs through `next`, what they wrote by the caller through `pending`. */
#include "pool.h"

struct _RnnPool {
  GThreadPool *threads;         /* NULL: the caller's thread */
  GMutex lock;
  GCond all_done;
  gint next, pending;           /* atomic: the job to take, jobs not done */
  RnnPoolFunc func;
  gpointer data;
};

static void
run_job (gpointer token, gpointer user_data)
{
  RnnPool *pool = user_data;
  guint job = (guint) g_atomic_int_add (&pool->next, 1);

  pool->func (job, pool->data);
  if (g_atomic_int_dec_and_test (&pool->pending)) {
    g_mutex_lock (&pool->lock);
    g_cond_signal (&pool->all_done);
    g_mutex_unlock (&pool->lock);
  }
}

RnnPool *
rnn_pool_new (guint n_threads, GError **error)
{
  RnnPool *pool = g_new0 (RnnPool, 1);

  g_mutex_init (&pool->lock);
  g_cond_init (&pool->all_done);
  if (n_threads > 1) {
    pool->threads = g_thread_pool_new (run_job, pool, n_threads, TRUE, error);
    if (!pool->threads)
      g_clear_pointer (&pool, rnn_pool_free);
  }
  return pool;
}

void
rnn_pool_free (RnnPool *pool)
{
  if (!pool)
    return;
  if (pool->threads)
    g_thread_pool_free (pool->threads, FALSE, TRUE);
  g_mutex_clear (&pool->lock);
  g_cond_clear (&pool->all_done);
  g_free (pool);
}

void
rnn_pool_run (RnnPool *pool, guint n_jobs, RnnPoolFunc func, gpointer data)
{
  if (!pool->threads) {
    for (guint job = 0; job < n_jobs; job++)
      func (job, data);
    return;
  }
  pool->func = func;
  pool->data = data;
  g_atomic_int_set (&pool->pending, (gint) n_jobs);
  g_atomic_int_set (&pool->next, 0);
  for (guint job = 0; job < n_jobs; job++)
    g_thread_pool_push (pool->threads, pool, NULL);
  g_mutex_lock (&pool->lock);
  while (g_atomic_int_get (&pool->pending))
    g_cond_wait (&pool->all_done, &pool->lock);
  g_mutex_unlock (&pool->lock);
}
