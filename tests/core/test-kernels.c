/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every row of the kernel table that this machine can run, against plain double arithmetic, and against itself: an
 * element's value must not depend on what stands around it.  Products: test-kernels-products.c. */
#include <float.h>
#include <math.h>
#include <string.h>
#include "kernels/kernels.h"
#include "base/rng.h"

static gfloat *
random_floats (gsize n, guint64 seed, gfloat scale)
{
  gfloat *x = g_new (gfloat, MAX (n, 1));
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 1);
  for (gsize i = 0; i < n; i++)
    x[i] = scale * rnn_rng_normal (&rng);
  return x;
}

/* ---- functions ---- */

typedef void (*Map) (gint n, const gfloat *x, gfloat *y);

static gdouble
sigmoid (gdouble x)
{
  return 1 / (1 + exp (-x));
}

static gdouble
softplus (gdouble x)
{
  return MAX (x, 0) + log1p (exp (-fabs (x)));
}

/* Error in units in the last place, over [lo, hi]. */
static void
check_map (Map map, gdouble (*exact) (gdouble), gfloat lo, gfloat hi, gdouble ulps)
{
  for (gfloat x = lo; x < hi; x += (hi - lo) / 20011) {
    gfloat y;
    gdouble want = exact (x);

    map (1, &x, &y);
    if (fabs (y - want) > ulps * FLT_EPSILON * MAX (fabs (want), FLT_MIN * 1e3))
      g_error ("f (%.9g) = %.9g, not %.9g", x, y, want);
  }
}

static void
test_functions (gconstpointer row)
{
  const RnnKernels *k = row;

  check_map (k->exp, exp, -87, 88.7f, 2);
  check_map (k->log, log, 1e-30f, 1e-3f, 2);
  check_map (k->log, log, 1.5f, 1e9f, 2);
  check_map (k->tanh, tanh, -12, 12, 5);
  check_map (k->tanh, tanh, -1e-3f, 1e-3f, 5);
  check_map (k->sigmoid, sigmoid, -80, 80, 3);
  check_map (k->softplus, softplus, -87, 100, 3);
  check_map (k->softplus, softplus, -2, 2, 3);
}

/* Where functions end: no NaN out of numbers, NaN stays NaN. */
static void
test_extremes (gconstpointer row)
{
  const RnnKernels *k = row;
  gfloat x[] = { -INFINITY, -1e30f, 1e30f, INFINITY, 0, NAN, 1e-40f }, y[7];

  k->exp (7, x, y);
  g_assert_cmpfloat (y[0], ==, 0);
  g_assert_cmpfloat (y[1], ==, 0);
  g_assert_true (isinf (y[2]) && isinf (y[3]) && y[4] == 1 && isnan (y[5]) && y[6] == 1);
  k->tanh (7, x, y);
  g_assert_true (y[1] == -y[2] && fabsf (y[2] - 1) < 1e-6f && y[4] == 0 && isnan (y[5]));
  k->sigmoid (7, x, y);
  g_assert_true (y[0] == 0 && y[1] == 0 && y[2] == 1 && y[3] == 1 && y[4] == 0.5f && isnan (y[5]));
  k->softplus (7, x, y);
  g_assert_true (y[0] == 0 && y[1] == 0 && y[2] == 1e30f && isinf (y[3]) && isnan (y[5]));
  k->log (7, x, y);
  g_assert_true (isnan (y[0]) && isinf (y[3]) && isinf (y[4]) && y[4] < 0 && isnan (y[5]));
  g_assert_cmpfloat_with_epsilon (y[6], log (1e-40f), 1e-4);
}

/* An element's value does not depend on the array it stands in. */
static void
test_tails (gconstpointer row)
{
  const RnnKernels *k = row;
  Map maps[] = { k->exp, k->log, k->tanh, k->sigmoid, k->softplus };
  g_autofree gfloat *x = random_floats (67, 3, 2), *all = g_new (gfloat, 67), *part = g_new (gfloat, 67);

  for (guint i = 0; i < 67; i++)
    x[i] = fabsf (x[i]) + 0.01f;
  for (guint m = 0; m < G_N_ELEMENTS (maps); m++) {
    maps[m] (67, x, all);
    for (gint from = 0; from < 67; from += 5)
      for (gint n = 1; from + n <= 67; n += 7) {
        part[n < 67 ? n : 66] = -7;
        maps[m] (n, x + from, part);
        g_assert_cmpmem (part, n * sizeof (gfloat), all + from, n * sizeof (gfloat));
        g_assert_true (n == 67 || part[n] == -7);       /* nothing is written past the end */
      }
  }
}

static void
test_sums (gconstpointer row)
{
  const RnnKernels *k = row;

  for (gint n = 1; n < 200; n += 13) {
    g_autofree gfloat *a = random_floats (n, 4, 1), *b = random_floats (n, 5, 1), *y = g_memdup2 (b, n * sizeof (gfloat));
    gdouble dot = 0, sum = 0, max = a[0];

    for (gint i = 0; i < n; i++) {
      dot += (gdouble) a[i] * b[i];
      sum += a[i];
      max = MAX (max, a[i]);
    }
    g_assert_cmpfloat_with_epsilon (k->dot (n, a, b), dot, 1e-4);
    g_assert_cmpfloat_with_epsilon (k->sum (n, a), sum, 1e-4);
    g_assert_cmpfloat (k->max (n, a), ==, (gfloat) max);
    k->axpy (n, 0.5f, a, y);
    k->fma (n, a, b, y);
    k->add (n, a, y);
    k->scale (n, 2, y);
    for (gint i = 0; i < n; i++)
      g_assert_cmpfloat_with_epsilon (y[i], 2 * (b[i] + 1.5f * a[i] + a[i] * b[i]), 1e-5);
  }
}

static void
test_exp_sum (gconstpointer row)
{
  const RnnKernels *k = row;

  for (gint n = 1; n < 200; n += 13) {
    g_autofree gfloat *x = random_floats (n, 4, 3), *y = g_new (gfloat, n + 1);
    gfloat max = k->max (n, x);
    gdouble sum = 0;

    y[n] = -7;
    for (gint i = 0; i < n; i++)
      sum += exp ((gdouble) x[i] - max);
    g_assert_cmpfloat_with_epsilon (k->exp_sum (n, x, max, NULL), sum, 1e-6 * sum);
    g_assert_cmpfloat (k->exp_sum (n, x, max, y), ==, k->exp_sum (n, x, max, NULL));
    for (gint i = 0; i < n; i++)
      g_assert_cmpfloat_with_epsilon (y[i], exp ((gdouble) x[i] - max), 1e-6);
    g_assert_cmpfloat (y[n], ==, -7);
    x[n / 2] = NAN;
    g_assert_true (isnan (k->exp_sum (n, x, max, NULL)));
  }
}

/* ---- LSTM: the fused step is its definition ---- */

static void
test_lstm (gconstpointer row)
{
  const RnnKernels *k = row;

  for (gint H = 1; H < 50; H += 16) {
    g_autofree gfloat *z = random_floats (4 * H, 2, 1), *gates = g_memdup2 (z, 4 * H * sizeof (gfloat));
    g_autofree gfloat *c0 = random_floats (H, 3, 1), *c = g_new (gfloat, H), *t = g_new (gfloat, H), *h = g_new (gfloat, H);

    k->lstm_point (H, &(RnnLstmStep) { gates, c0, c, h, t });
    for (gint j = 0; j < H; j++) {
      gdouble cell = sigmoid (z[H + j]) * c0[j] + sigmoid (z[j]) * tanh (z[2 * H + j]);

      g_assert_cmpfloat_with_epsilon (c[j], cell, 1e-6);
      g_assert_cmpfloat_with_epsilon (h[j], sigmoid (z[3 * H + j]) * tanh (cell), 1e-6);
    }
  }
}

/* ---- matrix memories ---- */

/* S[K][V] = a S + k v^T, y = S^T q */
static void
test_memory (gconstpointer row)
{
  const RnnKernels *kernels = row;

  for (gint V = 1; V < 40; V += 12) {
    enum { K = 5 };
    g_autofree gfloat *k = random_floats (K, 1, 1), *v = random_floats (V, 2, 1), *q = random_floats (K, 3, 1);
    g_autofree gfloat *before = random_floats (K * V, 4, 1), *S = g_memdup2 (before, K * V * sizeof (gfloat));
    g_autofree gfloat *y = g_new (gfloat, V);

    kernels->memory_step (K, V, 0.75f, k, v, q, S, y);
    for (gint j = 0; j < V; j++) {
      gdouble sum = 0;

      for (gint i = 0; i < K; i++) {
        gdouble s = 0.75 * before[i * V + j] + (gdouble) k[i] * v[j];

        g_assert_cmpfloat_with_epsilon (S[i * V + j], s, 1e-6);
        sum += q[i] * s;
      }
      g_assert_cmpfloat_with_epsilon (y[j], sum, 1e-5);
    }
  }
}

/* y = S^T r, S = diag (w) S + k v^T */
static void
test_wkv6 (gconstpointer row)
{
  const RnnKernels *kernels = row;

  for (gint n = 1; n < 80; n += 13) {
    g_autofree gfloat *r = random_floats (n, 1, 1), *w = random_floats (n, 2, 1), *k = random_floats (n, 3, 1);
    g_autofree gfloat *v = random_floats (n, 4, 1), *before = random_floats (n * n, 5, 1), *y = g_new (gfloat, n);
    g_autofree gfloat *S = g_memdup2 (before, (gsize) n * n * sizeof (gfloat));

    kernels->wkv6_step (n, r, w, k, v, S, y);
    for (gint j = 0; j < n; j++) {
      gdouble sum = 0;

      for (gint i = 0; i < n; i++) {
        sum += (gdouble) r[i] * before[i * n + j];
        g_assert_cmpfloat_with_epsilon (S[i * n + j], (gdouble) w[i] * before[i * n + j] + (gdouble) k[i] * v[j], 2e-6);
      }
      g_assert_cmpfloat_with_epsilon (y[j], sum, 2e-5);
    }
  }
}

/* S = S diag (w) - (S kk) b^T + v k^T, y = S r */
static void
test_wkv7 (gconstpointer row)
{
  const RnnKernels *kernels = row;

  for (gint n = 1; n < 80; n += 13) {
    g_autofree gfloat *r = random_floats (n, 1, 1), *w = random_floats (n, 2, 1), *k = random_floats (n, 3, 1);
    g_autofree gfloat *v = random_floats (n, 4, 1), *kk = random_floats (n, 5, 0.2f), *b = random_floats (n, 6, 0.2f);
    g_autofree gfloat *before = random_floats (n * n, 7, 1), *y = g_new (gfloat, n);
    g_autofree gfloat *S = g_memdup2 (before, (gsize) n * n * sizeof (gfloat));

    kernels->wkv7_step (n, r, w, k, v, kk, b, S, y);
    for (gint i = 0; i < n; i++) {
      gdouble recalled = 0, sum = 0;

      for (gint j = 0; j < n; j++)
        recalled += (gdouble) before[i * n + j] * kk[j];
      for (gint j = 0; j < n; j++) {
        gdouble s = (gdouble) before[i * n + j] * w[j] - recalled * b[j] + (gdouble) v[i] * k[j];

        g_assert_cmpfloat_with_epsilon (S[i * n + j], s, 5e-6);
        sum += s * r[j];
      }
      g_assert_cmpfloat_with_epsilon (y[i], sum, 5e-5);
    }
  }
}

/* h[N][n] = exp (delta A) h + B (delta u), y = C h + D u */
static void
test_scan (gconstpointer row)
{
  const RnnKernels *kernels = row;

  for (gint n = 1; n < 40; n += 12) {
    enum { N = 5 };
    g_autofree gfloat *delta = random_floats (n, 1, 0.3f), *u = random_floats (n, 2, 1);
    g_autofree gfloat *A = random_floats (N * n, 3, 1), *B = random_floats (N, 4, 1), *C = random_floats (N, 5, 1);
    g_autofree gfloat *D = random_floats (n, 6, 1);
    g_autofree gfloat *before = random_floats (N * n, 7, 1), *h = g_memdup2 (before, N * n * sizeof (gfloat));
    g_autofree gfloat *y = g_new (gfloat, n);

    kernels->scan_step (n, N, delta, u, A, B, C, D, h, y);
    for (gint j = 0; j < n; j++) {
      gdouble sum = (gdouble) D[j] * u[j];

      for (gint i = 0; i < N; i++) {
        gdouble s = exp ((gdouble) delta[j] * A[i * n + j]) * before[i * n + j] + (gdouble) B[i] * delta[j] * u[j];

        g_assert_cmpfloat_with_epsilon (h[i * n + j], s, 1e-5);
        sum += C[i] * s;
      }
      g_assert_cmpfloat_with_epsilon (y[j], sum, 2e-5);
    }
  }
}

/* ---- series ---- */

static void
test_series (gconstpointer row)
{
  const RnnKernels *k = row;

  for (gint n = 1; n < 150; n += 13) {
    g_autofree gfloat *x = random_floats (n, 1, 3), *least = random_floats (n, 2, 1), *y = g_new (gfloat, n + 1);

    y[n] = -7;
    x[n / 2] = NAN;
    g_assert_cmpint (k->centre (n, 1.5f, 3, x, y), ==, 1);
    for (gint i = 0; i < n; i++)
      g_assert_true (i == n / 2 ? isnan (y[i]) : y[i] == (x[i] - 1.5f) / 3);
    k->bound (n, 0.5f, least, 1.25f, 2, x, y);
    for (gint i = 0; i < n; i++)
      g_assert_cmpfloat (y[i], ==, 2 * MIN (x[i] > 0.5f * least[i] ? x[i] : 0.5f * least[i], 1.25f));
    x[n - 1] = FLT_MAX;
    k->uncentre (n, 1.5f, 3, x, y);
    for (gint i = 0; i < n; i++)
      g_assert_cmpfloat (y[i], ==, i == n / 2 || i == n - 1 ? 1.5f : x[i] * 3 + 1.5f);
    g_assert_cmpfloat (y[n], ==, -7);
  }
}

/* Sums from above, one of each bin, and a number more in bins 5 and 31, and in none. */
static void
test_bins (gconstpointer row)
{
  const RnnKernels *k = row;
  gfloat from[4][RNN_BINS];

  for (gint b = 0; b < 4; b++)
    for (gint i = 0; i < RNN_BINS; i++)
      from[b][i] = (gfloat) (RNN_BINS - i);
  k->add_steps (3, (const gint[]) { 5, 31, 7 }, (const gfloat[]) { 2, 0.5f, 0 }, from[0]);
  for (gint i = 0; i < RNN_BINS; i++) {
    g_assert_cmpfloat (from[0][i], ==, (gfloat) (RNN_BINS - i + (i <= 5 ? 2 : 0)));
    g_assert_cmpfloat (from[1][i], ==, (gfloat) (RNN_BINS - i) + 0.5f);
    g_assert_cmpfloat (from[2][i], ==, (gfloat) (RNN_BINS - i));
    g_assert_cmpfloat (from[3][i], ==, (gfloat) (RNN_BINS - i));
    g_assert_cmpint (k->count_above ((gfloat) i, from[3]), ==, RNN_BINS - MAX (i - 1, 0));
  }
  g_assert_cmpint (k->count_above (RNN_BINS + 1, from[3]), ==, 0);
}

static void
test_choice (void)
{
  g_assert_null (rnn_kernels_find ("no such row"));
  g_assert_cmpstr (rnn_kernels_find ("c")->name, ==, "c");
  if (g_getenv ("RNN_CPU"))
    g_assert_cmpstr (rnn_kernels ()->name, ==, g_getenv ("RNN_CPU"));
}

int
main (int argc, char **argv)
{
  static const struct {
    const gchar *name;
    GTestDataFunc func;
  } tests[] = {
    { "functions", test_functions }, { "extremes", test_extremes }, { "tails", test_tails }, { "sums", test_sums },
    { "exp-sum", test_exp_sum }, { "lstm", test_lstm }, { "memory", test_memory }, { "scan", test_scan }, { "wkv6", test_wkv6 }, { "wkv7", test_wkv7 },
    { "series", test_series }, { "bins", test_bins },
  };
  const RnnKernels *const *rows = rnn_kernels_list ();

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kernels/choice", test_choice);
  for (guint r = 0; rows[r]; r++)
    for (guint i = 0; i < G_N_ELEMENTS (tests); i++) {
      g_autofree gchar *path = g_strdup_printf ("/kernels/%s/%s", rows[r]->name, tests[i].name);

      if (rows[r]->supported ())
        g_test_add_data_func (path, rows[r], tests[i].func);
    }
  return g_test_run ();
}
