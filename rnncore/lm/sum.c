/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A weighted sum of scorers, that is a product of their probabilities.  State: theirs, one after the other.  A symbol is
 * the place of its n numbers, one for each scorer, in a table; the first place is of words that only scorers of texts know. */
#include "scorer.h"
#include <math.h>
#include <string.h>

#define MOST 16                 /* scorers */
#define AT_ONCE 64              /* questions */

typedef struct {
  RnnScorer base;
  guint n;
  RnnScorer **scorers;          /* [n] */
  gfloat *weights;              /* [n] */
  GHashTable *symbols;          /* text -> place + 1 */
  GArray *numbers;              /* guint32 [symbols][n] */
  GMutex lock;                  /* of both */
} Sum;

/* @symbol in numbers[n]: how the scorers know it.  TRUE: one that counts words does. */
static gboolean
find_numbers (const Sum *sum, const gchar *symbol, guint32 *numbers, gboolean *as_text)
{
  gboolean known = FALSE;

  *as_text = FALSE;
  for (guint i = 0; i < sum->n; i++) {
    numbers[i] = rnn_scorer_find (sum->scorers[i], symbol);
    if (sum->scorers[i]->klass->score_text)
      *as_text |= numbers[i] != RNN_SCORER_UNKNOWN;
    else
      known |= numbers[i] != RNN_SCORER_UNKNOWN;
  }
  return known;
}

static guint32
sum_find (RnnScorer *scorer, const gchar *symbol)
{
  Sum *sum = (Sum *) scorer;
  guint32 numbers[MOST], place;
  gboolean as_text = FALSE;

  g_mutex_lock (&sum->lock);
  place = GPOINTER_TO_UINT (g_hash_table_lookup (sum->symbols, symbol));
  if (!place && find_numbers (sum, symbol, numbers, &as_text)) {
    place = sum->numbers->len / sum->n;
    g_array_append_vals (sum->numbers, numbers, sum->n);
    g_hash_table_insert (sum->symbols, g_strdup (symbol), GUINT_TO_POINTER (place));
  }
  g_mutex_unlock (&sum->lock);
  return place ? place : as_text ? 0 : RNN_SCORER_UNKNOWN;
}

static void
sum_start (RnnScorer *scorer, gpointer state)
{
  Sum *sum = (Sum *) scorer;

  for (guint i = 0; i < sum->n; state = (guint8 *) state + sum->scorers[i++]->state_size)
    rnn_scorer_start (sum->scorers[i], state);
}

/* The numbers of @symbol, in numbers[n]. */
static void
get_numbers (Sum *sum, guint32 symbol, guint32 *numbers)
{
  memset (numbers, 0xff, sum->n * sizeof *numbers);     /* RNN_SCORER_UNKNOWN */
  g_mutex_lock (&sum->lock);
  if (symbol != RNN_SCORER_UNKNOWN)
    memcpy (numbers, &g_array_index (sum->numbers, guint32, symbol * sum->n), sum->n * sizeof *numbers);
  g_mutex_unlock (&sum->lock);
}

static gfloat
sum_score_text (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text, gpointer next)
{
  Sum *sum = (Sum *) scorer;
  guint32 numbers[MOST];
  gfloat score = 0;
  gsize at = 0;

  get_numbers (sum, symbol, numbers);
  for (guint i = 0; i < sum->n; at += sum->scorers[i++]->state_size) {
    const guint8 *from = (const guint8 *) state + at;
    guint8 *to = next ? (guint8 *) next + at : NULL;

    score += sum->weights[i] * (text ? rnn_scorer_score_text (sum->scorers[i], from, numbers[i], text, to)
        : rnn_scorer_score (sum->scorers[i], from, numbers[i], to));
  }
  return score;
}

static gfloat
sum_score (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next)
{
  return sum_score_text (scorer, state, symbol, NULL, next);
}

static gfloat
sum_ceiling (RnnScorer *scorer, gconstpointer state, guint32 symbol, const gchar *text)
{
  Sum *sum = (Sum *) scorer;
  guint32 numbers[MOST];
  gfloat most = 0;

  get_numbers (sum, symbol, numbers);
  for (guint i = 0; i < sum->n; state = (const guint8 *) state + sum->scorers[i++]->state_size)
    most += sum->weights[i] < 0 && sum->scorers[i]->prepares ? INFINITY
        : sum->weights[i] * rnn_scorer_ceiling (sum->scorers[i], state, numbers[i], text);
  return most;
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

/* Its share of the states, of one scorer: those of all begin @at bytes before. */
static void
prepare_one (RnnScorer *one, gsize at, const RnnScorerQuestion *questions, guint n)
{
  RnnScorerQuestion own[AT_ONCE];

  for (guint first = 0; first < n; first += AT_ONCE) {
    guint m = MIN (AT_ONCE, n - first);

    for (guint k = 0; k < m; k++) {
      own[k] = questions[first + k];
      own[k].state = (const guint8 *) own[k].state + at;
      own[k].next = own[k].next ? (guint8 *) own[k].next + at : NULL;
    }
    one->klass->prepare (one, own, m);
  }
}

static void
sum_prepare (RnnScorer *scorer, const RnnScorerQuestion *questions, guint n)
{
  Sum *sum = (Sum *) scorer;
  guint32 numbers[MOST];
  gsize at = 0;

  for (guint i = 0; i < sum->n; at += sum->scorers[i++]->state_size) {
    RnnScorer *one = sum->scorers[i];

    if (one->prepares)
      prepare_one (one, at, questions, n);
    for (guint k = 0; !one->prepares && k < n; k++)
      if (questions[k].next) {
        get_numbers (sum, questions[k].symbol, numbers);
        rnn_scorer_score_text (one, (const guint8 *) questions[k].state + at, numbers[i], questions[k].text,
            (guint8 *) questions[k].next + at);
      }
  }
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
  g_mutex_clear (&sum->lock);
}

static gboolean
sum_holds (RnnScorer *scorer, gconstpointer state)
{
  Sum *sum = (Sum *) scorer;
  gboolean good = TRUE;

  for (guint i = 0; i < sum->n; state = (const guint8 *) state + sum->scorers[i++]->state_size)
    good = good && rnn_scorer_holds (sum->scorers[i], state);
  return good;
}

static const RnnScorerClass sum_class = {
  .name = "sum",
  .instance_size = sizeof (Sum),
  .find = sum_find,
  .start = sum_start,
  .score = sum_score,
  .score_text = sum_score_text,
  .end = sum_end,
  .prepare = sum_prepare,
  .ceiling = sum_ceiling,
  .holds = sum_holds,
  .finalize = sum_finalize,
};

RnnScorer *
rnn_scorer_sum_new (RnnScorer *const *scorers, const gfloat *weights, guint n)
{
  Sum *sum = rnn_scorer_alloc (&sum_class);
  guint32 unknown = RNN_SCORER_UNKNOWN;

  g_assert (n <= MOST);
  sum->n = n;
  sum->scorers = g_memdup2 (scorers, n * sizeof *scorers);
  sum->weights = g_memdup2 (weights, n * sizeof *weights);
  sum->symbols = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sum->numbers = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_mutex_init (&sum->lock);
  for (guint i = 0; i < n; i++) {
    rnn_scorer_ref (scorers[i]);
    sum->base.state_size += scorers[i]->state_size;
    sum->base.prepares |= scorers[i]->prepares;
    g_array_append_val (sum->numbers, unknown);
  }
  return &sum->base;
}
