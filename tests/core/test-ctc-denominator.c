/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The denominator of maximum mutual information against its definition: a sum over every path there is, each times the trigram's
 * probability of what it says. */
#include "base/rng.h"
#include "ctc/ctc.h"
#include "ctc/denominator.h"
#include "outputs/output.h"
#include "count-alloc.h"
#include <math.h>
#include <string.h>

#define T 6
#define V 4
#define N_TEXTS 5

typedef struct {
  gint blank;
  gfloat logits[T * V];
  RnnCtcDenominator *denominator;
} Case;

static void
case_init (Case *c, RnnRng *rng)
{
  c->blank = (gint) rnn_rng_below (rng, V);
  c->denominator = rnn_ctc_denominator_new (V, c->blank);
  for (gint i = 0; i < N_TEXTS; i++) {
    gint text[8], n = (gint) rnn_rng_below (rng, 9);

    for (gint j = 0; j < n; j++)
      text[j] = (c->blank + 1 + (gint) rnn_rng_below (rng, V - 1)) % V;
    rnn_ctc_denominator_count (c->denominator, n, text);
  }
  rnn_ctc_denominator_estimate (c->denominator);
  for (gint i = 0; i < T * V; i++)
    c->logits[i] = 2 * rnn_rng_normal (rng);
}

static gdouble
log_softmax (const Case *c, gint t, gint v)
{
  return c->logits[t * V + v] - rnn_log_sum_exp (V, c->logits + t * V);
}

/* log of the sum over all paths */
static gdouble
enumerate (const Case *c)
{
  gdouble sum = 0;

  for (gint i = 0; i < (gint) lround (pow (V, T)); i++) {
    gint labels[T], n = 0, last = c->blank;
    gdouble p = 0;

    for (gint t = 0, rest = i; t < T; t++, rest /= V) {
      gint v = rest % V;

      p += log_softmax (c, t, v);
      if (v != c->blank && v != last)
        labels[n++] = v;
      last = v;
    }
    sum += exp (p + rnn_ctc_denominator_score (c->denominator, n, labels));
  }
  return log (sum);
}

static gdouble
add (const Case *c, gfloat scale, gfloat *dlogits)
{
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_denominator_scratch (V, T));

  return rnn_ctc_denominator_add (c->denominator, c->logits, V, T, scale, dlogits, V, scratch);
}

static void
test_all_paths (void)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 3, 1);
  for (gint n = 0; n < 30; n++) {
    Case c;

    case_init (&c, &rng);
    g_assert_cmpfloat_with_epsilon (add (&c, 1, NULL), enumerate (&c), 1e-5);
    rnn_ctc_denominator_free (c.denominator);
  }
}

/* The trigram's probabilities of the next token sum to 1, after every history; what was seen is likelier than what was not. */
static void
test_trigram (void)
{
  g_autoptr (RnnCtcDenominator) d = rnn_ctc_denominator_new (V, 0);
  gdouble seen, unseen;

  rnn_ctc_denominator_count (d, 6, (gint[]) { 1, 2, 3, 1, 2, 3 });
  rnn_ctc_denominator_estimate (d);
  for (gint o = 1; o < V; o++)
    for (gint p = 1; p < V; p++) {
      gdouble sum = 0, before = rnn_ctc_denominator_score (d, 2, (gint[]) { o, p });

      for (gint q = 1; q < V; q++)
        sum += exp (rnn_ctc_denominator_score (d, 3, (gint[]) { o, p, q }) - before);
      g_assert_cmpfloat_with_epsilon (sum, 1, 1e-6);
    }
  seen = rnn_ctc_denominator_score (d, 3, (gint[]) { 1, 2, 3 });
  unseen = rnn_ctc_denominator_score (d, 3, (gint[]) { 1, 2, 1 });
  g_assert_cmpfloat (seen, >, unseen + 1);
}

static void
test_finite_difference (void)
{
  RnnRng rng;

  rnn_rng_seed (&rng, 4, 1);
  for (gint n = 0; n < 5; n++) {
    gfloat dlogits[T * V];
    Case c;

    case_init (&c, &rng);
    for (gint i = 0; i < T * V; i++)
      dlogits[i] = 3;
    add (&c, 0.5f, dlogits);
    for (gint i = 0; i < T * V; i++) {
      gfloat x = c.logits[i];
      gdouble up, down;

      c.logits[i] = x + 0.01f;
      up = enumerate (&c);
      c.logits[i] = x - 0.01f;
      down = enumerate (&c);
      c.logits[i] = x;
      g_assert_cmpfloat_with_epsilon (dlogits[i], 3 + 0.5 * (up - down) / 0.02, 2e-4);
    }
    rnn_ctc_denominator_free (c.denominator);
  }
}

/* Thousands of steps at scores far apart: finite, rows of the gradient sum to 0. */
static void
test_long (void)
{
  enum { STEPS = 3000, TOKENS = 40 };
  g_autoptr (RnnCtcDenominator) d = rnn_ctc_denominator_new (TOKENS, 0);
  g_autofree gfloat *logits = g_new (gfloat, STEPS * TOKENS), *dlogits = g_new0 (gfloat, STEPS * TOKENS);
  g_autofree gfloat *scratch = g_new (gfloat, rnn_ctc_denominator_scratch (TOKENS, STEPS));
  gdouble log_sum;
  gint before;
  RnnRng rng;

  rnn_rng_seed (&rng, 5, 1);
  for (gint i = 0; i < 500; i++)
    rnn_ctc_denominator_count (d, 1, (gint[]) { 1 + (gint) rnn_rng_below (&rng, TOKENS - 1) });
  rnn_ctc_denominator_estimate (d);
  for (gint i = 0; i < STEPS * TOKENS; i++)
    logits[i] = 30 * rnn_rng_normal (&rng);
  before = n_allocations;
  log_sum = rnn_ctc_denominator_add (d, logits, TOKENS, STEPS, 1, dlogits, TOKENS, scratch);
  g_assert_cmpint (n_allocations, ==, before);
  g_assert_true (isfinite (log_sum) && log_sum < 0);
  for (gint t = 0; t < STEPS; t++) {
    gdouble sum = 0;

    for (gint v = 0; v < TOKENS; v++) {
      g_assert_cmpfloat (fabsf (dlogits[t * TOKENS + v]), <=, 1.0001f);
      sum += dlogits[t * TOKENS + v];
    }
    g_assert_cmpfloat_with_epsilon (sum, 0, 1e-4);
  }
}

/* ---- as a CTC output's loss ---- */

static RnnOutput *
output_new (const gchar *text, gint n, GError **error)
{
  json_t *object = json_loads (text, 0, NULL);
  RnnOutput *output = rnn_output_new (object, n, "recipe.json", error);

  json_decref (object);
  return output;
}

/* The share of a text in all texts is at most 1, so its loss is at least 0; without a denominator it is CTC's alone. */
static void
test_output (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RnnOutput) output = output_new ("{\"kind\": \"ctc\", \"mmi\": 1, \"size\": 4}", V, &error);
  RnnSequence text = { 2, (gint[]) { 1, 3 } };
  RnnRng rng;

  g_assert_no_error (error);
  rnn_rng_seed (&rng, 6, 1);
  for (gint n = 0; n < 20; n++) {
    Case c;
    const RnnCtcDenominator *denominators[1];
    RnnAnswer answer = {.labels = {.texts = &text,.n_texts = 1 },.steps = T,.ld = V,.scale = 1 };
    gfloat ctc, mmi;

    case_init (&c, &rng);
    while (c.blank != 0) {
      rnn_ctc_denominator_free (c.denominator);
      case_init (&c, &rng);
    }
    answer.y = c.logits;
    answer.scratch = g_new (gfloat, rnn_output_scratch (output, &answer.labels, T));
    ctc = rnn_output_loss (output, &answer);
    denominators[0] = c.denominator;
    answer.denominators = denominators;
    mmi = rnn_output_loss (output, &answer);
    g_assert_cmpfloat (mmi, >=, -1e-5f);
    g_assert_cmpfloat_with_epsilon (mmi, ctc + enumerate (&c) - rnn_ctc_denominator_score (c.denominator, 2, text.ids), 1e-4);
    g_free (answer.scratch);
    rnn_ctc_denominator_free (c.denominator);
  }
}

static void
test_too_many_tokens (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (output_new ("{\"kind\": \"ctc\", \"mmi\": 0.5, \"size\": 129}", 129, &error));
  g_assert_error (error, RNN_ERROR, RNN_ERROR_OPTION);
  g_assert_nonnull (strstr (error->message, "up to 128 tokens"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ctc/denominator/all-paths", test_all_paths);
  g_test_add_func ("/ctc/denominator/trigram", test_trigram);
  g_test_add_func ("/ctc/denominator/finite-difference", test_finite_difference);
  g_test_add_func ("/ctc/denominator/long", test_long);
  g_test_add_func ("/ctc/denominator/output", test_output);
  g_test_add_func ("/ctc/denominator/too-many-tokens", test_too_many_tokens);
  return g_test_run ();
}
