/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vectorised CTC lattice, on every row of the kernel table, against the plain recursion in double. */
#include "base/rng.h"
#include "ctc/ctc.h"
#include "ctc-plain.h"
#include "kernels/kernels.h"

static void
check_against_plain (const gfloat *logits, gint T, gint V, const gint *targets, gint L, gint blank)
{
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (T, V, L)), *dlogits = g_new (gfloat, T * V);
  g_autofree gdouble *gradient = g_new (gdouble, T * V);
  gdouble expected = plain_nll (logits, T, V, targets, L, blank);
  gfloat nll = rnn_ctc_loss (logits, V, T, V, targets, L, blank, 1, dlogits, V, scratch);

  if (isinf (expected)) {
    g_assert_true (isinf (nll) && nll > 0);
    return;
  }
  plain_gradient (logits, T, V, targets, L, blank, gradient);
  g_assert_cmpfloat_with_epsilon (nll, expected, 1e-6 * (1 + expected));
  for (gint i = 0; i < T * V; i++)
    g_assert_cmpfloat_with_epsilon (dlogits[i], gradient[i], 1e-5);
}

/* Every row of the kernel table; targets around a vector's length, repeats, any blank, mild scores and harsh ones. */
static void
test_against_plain (void)
{
  enum { T = 150, V = 23, MAX_L = 70 };
  static const gint lengths[] = { 0, 1, 2, 7, 8, 15, 16, 17, 31, 32, 33, MAX_L };
  g_autofree gfloat *logits = g_new (gfloat, T * V);
  gint targets[MAX_L];
  RnnRng rng;

  rnn_rng_seed (&rng, 12, 1);
  for (const RnnKernels *const *row = rnn_kernels_list (); *row; row++) {
    if (!(*row)->supported ())
      continue;
    rnn_kernels_use (*row);
    for (guint i = 0; i < 3 * G_N_ELEMENTS (lengths); i++) {
      gint L = lengths[i / 3], blank = (gint) rnn_rng_below (&rng, V);
      gfloat scale = ((gfloat[]) { 0.5f, 5, 200 })[i % 3];

      for (gint l = 0; l < L; l++)      /* one in three repeats its neighbour */
        targets[l] = l > 0 && rnn_rng_below (&rng, 3) == 0 ? targets[l - 1]
            : (blank + 1 + (gint) rnn_rng_below (&rng, V - 1)) % V;
      for (gint j = 0; j < T * V; j++)
        logits[j] = scale * rnn_rng_normal (&rng);
      check_against_plain (logits, T, V, targets, L, blank);
    }
  }
}

/* Masked scores of -1e9, as models have them, are large losses and not impossible ones. */
static void
test_masked (void)
{
  gfloat logits[] = { 0, -1e9f, 0, -1e9f }, dlogits[4];
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (2, 2, 1));

  g_assert_cmpfloat_with_epsilon (rnn_ctc_loss (logits, 2, 2, 2, (gint[]) { 1 }, 1, 0, 1, dlogits, 2, scratch), 1e9f,
      1e3);
  g_assert_cmpfloat_with_epsilon (dlogits[0] + dlogits[1], 0, 1e-5);
}

/* A confident model's loss is small, and its digits count. */
static void
test_confident (void)
{
  enum { T = 3000, V = 29, L = 3 };
  g_autofree gfloat *logits = g_new0 (gfloat, T * V);
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_loss_scratch (T, V, L));
  gint targets[L] = { 5, 5, 7 };
  gdouble expected;

  for (gint t = 0; t < T; t++)
    logits[t * V + (t == 100 || t == 900 ? 5 : t == 2000 ? 7 : 0)] = 14;
  expected = plain_nll (logits, T, V, targets, L, 0);
  g_assert_cmpfloat (expected, <, 0.1);
  g_assert_cmpfloat_with_epsilon (rnn_ctc_loss (logits, V, T, V, targets, L, 0, 1, NULL, 0, scratch), expected,
      1e-5 * expected + 1e-5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctc/lattice/against-plain", test_against_plain);
  g_test_add_func ("/ctc/lattice/masked", test_masked);
  g_test_add_func ("/ctc/lattice/confident", test_confident);
  return g_test_run ();
}
