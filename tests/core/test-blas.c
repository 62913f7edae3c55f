/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The weight gradient: from several threads at once each gets what it would get alone, bit for bit; and without BLAS it is
 * the same sum. */
#include "base/rng.h"
#include "kernels/blas.h"
#include "kernels/outer.h"
#include <math.h>
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

/* Odd sizes, strided rows, several passes: against sums in double. */
static void
test_own (void)
{
  enum { N_ROWS = 37, N_COLS = 70, N_STEPS = 531, LDDY = 41, LDX = 75 };
  g_autofree gfloat *dy = g_new (gfloat, N_STEPS * LDDY), *x = g_new (gfloat, N_STEPS * LDX);
  g_autofree gfloat *dw = g_new (gfloat, N_ROWS * N_COLS);
  RnnRng rng;

  rnn_rng_seed (&rng, 2, 1);
  for (guint i = 0; i < N_STEPS * LDDY; i++)
    dy[i] = rnn_rng_normal (&rng);
  for (guint i = 0; i < N_STEPS * LDX; i++)
    x[i] = rnn_rng_normal (&rng);
  for (guint i = 0; i < N_ROWS * N_COLS; i++)
    dw[i] = 3;
  rnn_outer_product (RNN_PACK_F32, N_ROWS, N_COLS, N_STEPS, dy, LDDY, x, LDX, dw);
  for (gint r = 0; r < N_ROWS; r++)
    for (gint c = 0; c < N_COLS; c++) {
      gdouble sum = 3;

      for (gint t = 0; t < N_STEPS; t++)
        sum += (gdouble) dy[t * LDDY + r] * x[t * LDX + c];
      g_assert_cmpfloat_with_epsilon (dw[r * N_COLS + c], sum, 2e-4);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/blas/threads", test_threads);
  g_test_add_func ("/blas/without", test_own);
  return g_test_run ();
}
