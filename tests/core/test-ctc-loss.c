/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC loss and forced alignment against the definition: a sum, or a maximum, over every path there is.  Where paths
 * are too many, against a plain recursion in double. */
#include "base/rng.h"
#include "ctc/ctc.h"
#include "kernels/kernels.h"
#include "count-alloc.h"
#include "ctc-plain.h"
#include <math.h>
#include <string.h>

#define MAX_T 5
#define MAX_V 4

typedef struct {
  gint T, V, L, blank;
  gint targets[MAX_T + 1];
  gfloat logits[MAX_T * MAX_V];
} Case;

static Case
random_case (RnnRng *rng)
{
  Case c = {.T = 1 + (gint) rnn_rng_below (rng, MAX_T),.V = 2 + (gint) rnn_rng_below (rng, MAX_V - 1) };

  c.L = (gint) rnn_rng_below (rng, (guint32) c.T + 2);
  c.blank = (gint) rnn_rng_below (rng, (guint32) c.V);
  for (gint l = 0; l < c.L; l++)
    c.targets[l] = (c.blank + 1 + (gint) rnn_rng_below (rng, (guint32) c.V - 1)) % c.V;
  for (gint i = 0; i < c.T * c.V; i++)
    c.logits[i] = 2 * rnn_rng_normal (rng);
  return c;
}

static gfloat
loss_of (const Case *c, gfloat *dlogits)
{
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (c->T, c->V, c->L));

  return rnn_ctc_loss (c->logits, (gsize) c->V, c->T, c->V, c->targets, c->L, c->blank, 1, dlogits, (gsize) c->V,
      scratch);
}

/* ---- all paths ---- */

/* Whether path[T] says targets[L]: repeats merged, then blanks removed. */
static gboolean
path_says (const Case *c, const gint *path)
{
  gint l = 0;

  for (gint t = 0; t < c->T; t++)
    if (path[t] != c->blank && (t == 0 || path[t] != path[t - 1])) {
      if (l == c->L || path[t] != c->targets[l])
        return FALSE;
      l++;
    }
  return l == c->L;
}

/* Sum of the probabilities of all paths that say the target; their shares by step and token -> posterior (may be
 * NULL); the best path's log-probability -> best. */
static gdouble
enumerate (const Case *c, gdouble *posterior, gdouble *best)
{
  gint path[MAX_T], n_paths = (gint) lround (pow (c->V, c->T));
  gdouble log_probs[MAX_T * MAX_V], sum = 0;

  for (gint t = 0; t < c->T; t++) {
    gdouble z = 0;

    for (gint v = 0; v < c->V; v++)
      z += exp ((gdouble) c->logits[t * c->V + v]);
    for (gint v = 0; v < c->V; v++)
      log_probs[t * c->V + v] = c->logits[t * c->V + v] - log (z);
  }
  memset (posterior, 0, MAX_T * MAX_V * sizeof (gdouble));
  *best = -INFINITY;
  for (gint i = 0; i < n_paths; i++) {
    gdouble p = 0;

    for (gint t = 0, rest = i; t < c->T; t++, rest /= c->V)
      p += log_probs[t * c->V + (path[t] = rest % c->V)];
    if (!path_says (c, path))
      continue;
    *best = MAX (*best, p);
    sum += exp (p);
    for (gint t = 0; t < c->T; t++)
      posterior[t * c->V + path[t]] += exp (p);
  }
  for (gint i = 0; i < c->T * c->V && sum > 0; i++)
    posterior[i] = exp (log_probs[i]) - posterior[i] / sum;
  return sum;
}

static void
test_all_paths (void)
{
  RnnRng rng;
  gint n_feasible = 0, n_infeasible = 0;

  rnn_rng_seed (&rng, 7, 1);
  for (gint n = 0; n < 1500; n++) {
    Case c = random_case (&rng);
    gdouble gradient[MAX_T * MAX_V], best, sum = enumerate (&c, gradient, &best);
    gfloat dlogits[MAX_T * MAX_V], nll = loss_of (&c, dlogits);

    if (sum == 0) {
      g_assert_true (isinf (nll) && nll > 0);
      n_infeasible++;
    } else {
      g_assert_cmpfloat_with_epsilon (nll, -log (sum), 1e-5 * (1 - log (sum)));
      n_feasible++;
    }
    for (gint i = 0; i < c.T * c.V; i++)
      g_assert_cmpfloat_with_epsilon (dlogits[i], sum == 0 ? 0 : gradient[i], 3e-6);
  }
  g_assert_cmpint (n_feasible, >, 500);
  g_assert_cmpint (n_infeasible, >, 100);
}

/* d nll/d logit by definition of a derivative. */
static void
test_finite_difference (void)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 8, 1);
  for (gint n = 0; n < 200; n++) {
    Case c = random_case (&rng);
    gdouble ignored[MAX_T * MAX_V], best;
    gfloat dlogits[MAX_T * MAX_V];

    if (!isfinite (loss_of (&c, dlogits)))
      continue;
    for (gint i = 0; i < c.T * c.V; i++) {
      gfloat x = c.logits[i];
      gdouble up, down, step;

      step = c.logits[i] = x + 0.01f;
      up = -log (enumerate (&c, ignored, &best));
      c.logits[i] = x - 0.01f;
      step -= c.logits[i];
      down = -log (enumerate (&c, ignored, &best));
      c.logits[i] = x;
      g_assert_cmpfloat_with_epsilon (dlogits[i], (up - down) / step, 1e-4);
    }
  }
}

/* ---- long inputs ---- */

/* Scores that contradict the target for thousands of steps at a likelihood of e^-100000: finite, exact, and every row
 * of the gradient still sums to 0. */
static void
test_long_peaky (void)
{
  enum { T = 4000, V = 31, L = 300 };
  g_autofree gfloat *logits = g_new (gfloat, T * V), *dlogits = g_new (gfloat, T * V);
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (T, V, L));
  gint targets[L];
  gdouble expected;
  RnnRng rng;

  rnn_rng_seed (&rng, 9, 1);
  for (gint l = 0; l < L; l++)
    targets[l] = 1 + (gint) rnn_rng_below (&rng, V - 1);
  for (gint i = 0; i < T * V; i++)
    logits[i] = 40 * rnn_rng_normal (&rng);
  expected = plain_nll (logits, T, V, targets, L, 0);
  g_assert_cmpfloat (expected, >, 1e5);
  for (const RnnKernels *const *row = rnn_kernels_list (); *row; row++) {
    if (!(*row)->supported ())
      continue;
    rnn_kernels_use (*row);
    g_assert_cmpfloat_with_epsilon (rnn_ctc_loss (logits, V, T, V, targets, L, 0, 1, dlogits, V, scratch), expected,
        1e-6 * expected);
    for (gint t = 0; t < T; t++) {
      gdouble sum = 0;

      for (gint v = 0; v < V; v++) {
        g_assert_cmpfloat (fabsf (dlogits[t * V + v]), <=, 1.00001f);
        sum += dlogits[t * V + v];
      }
      g_assert_cmpfloat_with_epsilon (sum, 0, 1e-5);
    }
  }
}

/* ---- edges ---- */

static void
test_empty (void)
{
  Case c = {.T = 3,.V = 3,.L = 0,.blank = 1,.logits = {1, 2, 3, 0, 5, 1, -1, 0, 1} };
  gfloat dlogits[9], scratch[512];
  gdouble expected = plain_nll (c.logits, 3, 3, NULL, 0, 1);

  g_assert_cmpuint (rnn_ctc_loss_scratch (0, 3, 1), <=, G_N_ELEMENTS (scratch));
  g_assert_cmpfloat_with_epsilon (loss_of (&c, dlogits), expected, 1e-5);
  g_assert_cmpfloat (dlogits[1], <, 0);
  g_assert_cmpfloat (rnn_ctc_loss (c.logits, 3, 0, 3, NULL, 0, 1, 1, NULL, 0, scratch), ==, 0);
  g_assert_true (isinf (rnn_ctc_loss (c.logits, 3, 0, 3, (gint[]) { 0 }, 1, 1, 1, NULL, 0, scratch)));
}

static void
assert_all_zero (const gfloat *x, gint n)
{
  for (gint i = 0; i < n; i++)
    g_assert_cmpfloat (x[i], ==, 0);
}

static void
test_not_numbers (void)
{
  Case c = {.T = 3,.V = 2,.L = 1,.blank = 0,.targets = {1},.logits = {1, 2, 3, 0, 5, 1} };
  gfloat dlogits[6] = { 0 };

  for (const RnnKernels *const *row = rnn_kernels_list (); *row; row++) {
    if (!(*row)->supported ())
      continue;
    rnn_kernels_use (*row);
    for (gint i = 0; i < 6; i++) {
      Case bad = c;

      bad.logits[i] = i % 2 == 0 ? NAN : INFINITY;
      dlogits[i] = 9;
      g_assert_true (isnan (loss_of (&bad, dlogits)));
      assert_all_zero (dlogits, 6);
    }
  }
}

/* Probabilities of exactly 0: no path left, or only one. */
static void
test_impossible_tokens (void)
{
  Case c = {.T = 3,.V = 2,.L = 1,.blank = 0,.targets = {1},.logits = {0, 0, 0, 0, 0, 0} };
  gfloat dlogits[6];

  c.logits[1] = c.logits[3] = c.logits[4] = -INFINITY;  /* blank, blank, token */
  g_assert_cmpfloat_with_epsilon (loss_of (&c, dlogits), 0, 1e-6);
  for (gint i = 0; i < 6; i++)
    g_assert_cmpfloat_with_epsilon (dlogits[i], 0, 1e-6);
  c.logits[4] = 0;
  c.logits[5] = -INFINITY;      /* blanks only */
  g_assert_true (isinf (loss_of (&c, dlogits)));
  assert_all_zero (dlogits, 6);
}

/* One stream of a batch, a scale, and the gradient over the scores themselves. */
static void
test_strides (void)
{
  enum { T = 6, B = 3, V = 4 };
  gfloat logits[T * B * V], alone[T * V], dlogits[T * B * V], d_alone[T * V], scratch[1024];
  gint targets[3] = { 1, 1, 3 };
  gfloat nll;
  RnnRng rng;

  rnn_rng_seed (&rng, 10, 1);
  g_assert_cmpuint (rnn_ctc_loss_scratch (T, V, 3), <=, G_N_ELEMENTS (scratch));
  for (gint i = 0; i < T * B * V; i++)
    logits[i] = rnn_rng_normal (&rng);
  for (gint i = 0; i < T * V; i++)
    alone[i] = logits[(i / V * B + 1) * V + i % V];
  for (gint i = 0; i < T * B * V; i++)
    dlogits[i] = 77;
  nll = rnn_ctc_loss (alone, V, T, V, targets, 3, 2, 1, d_alone, V, scratch);
  g_assert_cmpfloat (rnn_ctc_loss (alone, V, T, V, targets, 3, 2, 1, NULL, 0, scratch), ==, nll);
  g_assert_cmpfloat (rnn_ctc_loss (logits + V, B * V, T, V, targets, 3, 2, 0.25f, dlogits + V, B * V, scratch), ==,
      nll);
  for (gint i = 0; i < T * B * V; i++)
    if (i / V % B == 1)
      g_assert_cmpfloat_with_epsilon (dlogits[i], 0.25f * d_alone[i / (B * V) * V + i % V], 1e-7);
    else
      g_assert_cmpfloat (dlogits[i], ==, 77);
  g_assert_cmpfloat (rnn_ctc_loss (alone, V, T, V, targets, 3, 2, 1, alone, V, scratch), ==, nll);
  g_assert_cmpmem (alone, sizeof alone, d_alone, sizeof d_alone);
}

static void
test_no_allocation (void)
{
  Case c = {.T = 5,.V = 4,.L = 2,.blank = 0,.targets = {1, 2} };
  gfloat dlogits[20], scratch[1024];
  gint before;

  for (gint i = 0; i < 20; i++)
    c.logits[i] = (gfloat) (i % 7);
  rnn_kernels ();
  g_assert_cmpuint (rnn_ctc_loss_scratch (5, 4, 2), <=, G_N_ELEMENTS (scratch));
  before = n_allocations;
  rnn_ctc_loss (c.logits, 4, 5, 4, c.targets, 2, 0, 1, dlogits, 4, scratch);
  g_assert_cmpint (n_allocations, ==, before);
  g_free (g_malloc (10));
  g_assert_cmpint (n_allocations, >, before);
}

static void
test_log_softmax (void)
{
  gfloat x[1000], y[1000];
  gdouble sum = 0;

  for (gint i = 0; i < 1000; i++)
    x[i] = 1e4f + (gfloat) (i % 13);
  rnn_log_softmax (1000, x, y);
  for (gint i = 0; i < 1000; i++)
    sum += exp (y[i]);
  g_assert_cmpfloat_with_epsilon (sum, 1, 1e-3);        /* 1e4 + 12 has steps of 1e-3 */
  g_assert_cmpfloat_with_epsilon (y[12] - y[0], 12, 1e-3);
  g_assert_cmpfloat (rnn_log_sum_exp (2, (gfloat[]) { -INFINITY, 3 }), ==, 3);
  x[700] = NAN;
  g_assert_true (isnan (rnn_log_sum_exp (1000, x)));
}

/* ---- alignment ---- */

/* The spans' path has the probability that is claimed, and no path has more. */
static void
test_align (void)
{
  RnnRng rng;
  gdouble scratch[64];

  rnn_rng_seed (&rng, 11, 1);
  for (gint n = 0; n < 1000; n++) {
    Case c = random_case (&rng);
    RnnCtcSpan spans[MAX_T + 1];
    gdouble ignored[MAX_T * MAX_V], best, score, sum = 0;
    gint path[MAX_T], end = 0;

    enumerate (&c, ignored, &best);
    g_assert_cmpuint (rnn_ctc_align_scratch (c.T, c.L), <=, sizeof scratch);
    score = rnn_ctc_align (c.logits, (gsize) c.V, c.T, c.V, c.targets, c.L, c.blank, spans, scratch);
    if (best == -INFINITY) {
      g_assert_true (isinf (score) && score < 0);
      continue;
    }
    g_assert_cmpfloat_with_epsilon (score, best, 1e-5);
    for (gint t = 0; t < c.T; t++)
      path[t] = c.blank;
    for (gint l = 0; l < c.L; l++) {
      g_assert_cmpint (spans[l].start, >=, end);
      g_assert_cmpint (spans[l].end, >, spans[l].start);
      end = spans[l].end;
      for (gint t = spans[l].start; t < end; t++)
        path[t] = c.targets[l];
    }
    g_assert_cmpint (end, <=, c.T);
    g_assert_true (path_says (&c, path));
    for (gint t = 0; t < c.T; t++)
      sum += c.logits[t * c.V + path[t]] - rnn_log_sum_exp (c.V, c.logits + t * c.V);
    g_assert_cmpfloat_with_epsilon (sum, best, 1e-5);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctc/loss/all-paths", test_all_paths);
  g_test_add_func ("/ctc/loss/finite-difference", test_finite_difference);
  g_test_add_func ("/ctc/loss/long-peaky", test_long_peaky);
  g_test_add_func ("/ctc/loss/empty", test_empty);
  g_test_add_func ("/ctc/loss/not-numbers", test_not_numbers);
  g_test_add_func ("/ctc/loss/impossible-tokens", test_impossible_tokens);
  g_test_add_func ("/ctc/loss/strides", test_strides);
  g_test_add_func ("/ctc/loss/no-allocation", test_no_allocation);
  g_test_add_func ("/ctc/log-softmax", test_log_softmax);
  g_test_add_func ("/ctc/align", test_align);
  return g_test_run ();
}
