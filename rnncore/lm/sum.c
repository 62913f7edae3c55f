/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A weighted sum of scorers, that is a product of their probabilities.  State: theirs, one after the other.  A symbol is
 * the place of its n numbers, one for each scorer, in a table. */
#include "scorer.h"
#include <string.h>

typedef struct {
  RnnScorer base;
  guint n;
  RnnScorer **scorers;          /* [n] */
  gfloat *weights;              /* [n] */
  GHashTable *symbols;          /* text -> place + 1 */
  GArray *numbers;              /* guint32 [symbols][n] */
} Sum;

static guint32
sum_find (RnnScorer *scorer, const gchar *symbol)
{
  Sum *sum = (Sum *) scorer;
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (sum->symbols, symbol));
  gboolean known = FALSE;

  if (place)
    return place - 1;
  for (guint i = 0; i < sum->n; i++) {
    guint32 number = rnn_scorer_find (sum->scorers[i], symbol);

    known |= number != RNN_SCORER_UNKNOWN;
    g_array_append_val (sum->numbers, number);
  }
  place = sum->numbers->len / sum->n;
  if (known) {
    g_hash_table_insert (sum->symbols, g_strdup (symbol), GUINT_TO_POINTER (place));
    return place - 1;
  }
  g_array_set_size (sum->numbers, sum->numbers->len - sum->n);
  return RNN_SCORER_UNKNOWN;
}

static void
sum_start (RnnScorer *scorer, gpointer state)
{
  Sum *sum = (Sum *) scorer;

  for (guint i = 0; i < sum->n; state = (guint8 *) state + sum->scorers[i++]->state_size)
    rnn_scorer_start (sum->scorers[i], state);
}

static gfloat
sum_score (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next)
{
  Sum *sum = (Sum *) scorer;
  gfloat score = 0;
  gsize at = 0;

  for (guint i = 0; i < sum->n; at += sum->scorers[i++]->state_size) {
    guint32 number = symbol == RNN_SCORER_UNKNOWN ? symbol : g_array_index (sum->numbers, guint32, symbol * sum->n + i);

    score += sum->weights[i] * rnn_scorer_score (sum->scorers[i], (const guint8 *) state + at, number,
        next ? (guint8 *) next + at : NULL);
  }
  return score;
}

static gfloat
sum_end (RnnScorer *scorer, gconstpointer state)
{
  Sum *sum = (Sum *) scorer;
  gfloat score = 0;

  for (guint i = 0; i < sum->n; state = (const guint8 *) state + sum->scorers[i++]->state_size)
    score += sum->weights[i] * rnn_scorer_end (sum->scorers[i], state);
  return score;
}

static void
sum_finalize (RnnScorer *scorer)
{
  Sum *sum = (Sum *) scorer;

  for (guint i = 0; i < sum->n; i++)
    rnn_scorer_unref (sum->scorers[i]);
  g_free (sum->scorers);
  g_free (sum->weights);
  g_hash_table_unref (sum->symbols);
  g_array_unref (sum->numbers);
}

static const RnnScorerClass sum_class = {
  .name = "sum",
  .instance_size = sizeof (Sum),
  .find = sum_find,
  .start = sum_start,
  .score = sum_score,
  .end = sum_end,
  .finalize = sum_finalize,
};

RnnScorer *
rnn_scorer_sum_new (RnnScorer *const *scorers, const gfloat *weights, guint n)
{
  Sum *sum = rnn_scorer_alloc (&sum_class);

  sum->n = n;
  sum->scorers = g_memdup2 (scorers, n * sizeof *scorers);
  sum->weights = g_memdup2 (weights, n * sizeof *weights);
  sum->symbols = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sum->numbers = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < n; i++) {
    rnn_scorer_ref (scorers[i]);
    sum->base.state_size += scorers[i]->state_size;
  }
  return &sum->base;
}
