/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The weight gradient from several threads at once: each gets what it would get alone, bit for bit. */
#include "base/rng.h"
#include "kernels/blas.h"
#include <string.h>

enum { ROWS = 48, COLS = 12, N = 40, THREADS = 2, CALLS = 250000 };

typedef struct {
  gfloat dy[N * ROWS], x[N * COLS], alone[ROWS * COLS];
  guint n_wrong;
} Work;

static void
outer (const Work *w, gfloat *dw)
{
  memset (dw, 0, sizeof (w->alone));
  rnn_blas_outer (ROWS, COLS, N, w->dy, ROWS, w->x, COLS, dw);
}

static gpointer
repeat (gpointer data)
{
  Work *w = data;
  gfloat dw[ROWS * COLS];

  for (guint i = 0; i < CALLS; i++) {
    outer (w, dw);
    w->n_wrong += memcmp (dw, w->alone, sizeof (dw)) != 0;
  }
  return NULL;
}

static void
test_threads (void)
{
  GThread *threads[THREADS];
  Work work[THREADS];
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 1);
  for (guint t = 0; t < THREADS; t++) {
    for (guint i = 0; i < N * ROWS; i++)
      work[t].dy[i] = rnn_rng_normal (&rng);
    for (guint i = 0; i < N * COLS; i++)
      work[t].x[i] = rnn_rng_normal (&rng);
    work[t].n_wrong = 0;
    outer (&work[t], work[t].alone);
  }
  for (guint t = 0; t < THREADS; t++)
    threads[t] = g_thread_new ("outer", repeat, &work[t]);
  for (guint t = 0; t < THREADS; t++)
    g_thread_join (threads[t]);
  for (guint t = 0; t < THREADS; t++)
    g_assert_cmpuint (work[t].n_wrong, ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blas/threads", test_threads);
  return g_test_run ();
}
