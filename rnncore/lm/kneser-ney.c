/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interpolated modified Kneser-Ney smoothing (Chen and Goodman 1998; Heafield et al. 2013).
 *
 * The count a (w1..wn) of an n-gram is how often the text has it when n is the order or w1 is <s>, else how many
 * different words stand before it.  With t_k n-grams of an order whose count is k, Y = t1 / (t1 + 2 t2):
 *   D_k = k - (k + 1) Y t_{k+1} / t_k    (k = 1, 2, 3; D_3 for all larger counts)
 *   p (w | h) = (a (hw) - D) / sum_v a (hv) + g (h) p (w | h without its first word)
 *   g (h) = sum_k D_k N_k (h) / sum_v a (hv),    N_k (h) = how many v have the count k after h
 * and below the unigrams all words but <s> are equally probable.  g (h) is the ARPA file's back-off weight.
 *
 * Runs over sorted n-grams: words reversed to count what stands before them, then forward to sum over what follows. */
#include "count.h"
#include "../base/error.h"
#include <math.h>
#include <string.h>

#define DEFAULT_MEMORY (64 << 20)

typedef struct {
  RnnNgrams *ngrams;
  RnnSorter *sorters[RNN_NGRAM_MAX_ORDER];      /* forward words, count a, count in the text */
  guint64 seen[RNN_NGRAM_MAX_ORDER][5];         /* t_k; [0] unused */
  gdouble discount[RNN_NGRAM_MAX_ORDER][4];     /* D_k, k = 1..3 */
} Training;

static void
training_clear (Training *training)
{
  for (guint k = 0; k < RNN_NGRAM_MAX_ORDER; k++)
    rnn_sorter_free (training->sorters[k]);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Training, training_clear)

/* ---- counts ---- */

typedef struct {
  guint32 words[RNN_NGRAM_MAX_ORDER];           /* the last one first */
  guint32 before[RNN_NGRAM_MAX_ORDER], text[RNN_NGRAM_MAX_ORDER];       /* of the first k + 1 words */
} Suffixes;

/* The n-gram of order k + 1 is complete: nothing that follows in the order ends with it. */
static void
count_suffix (Training *training, Suffixes *s, guint k)
{
  guint32 start = training->ngrams->start, record[RNN_NGRAM_MAX_ORDER + 2], first = s->words[k], count;

  if (k > 0 && s->words[k - 1] == start)        /* more than one <s> */
    return;
  for (guint i = 0; i <= k; i++)
    record[i] = s->words[k - i];
  count = k + 1 == training->ngrams->order || first == start ? s->text[k] : s->before[k];
  record[k + 1] = count;
  record[k + 2] = s->text[k];
  rnn_sorter_add (training->sorters[k], record);
  if (count <= 4)
    training->seen[k][count]++;
  if (k > 0)
    s->before[k - 1]++;
}

static gboolean
count_suffixes (Training *training, RnnSorter *counts, GError **error)
{
  guint order = training->ngrams->order;
  Suffixes s = { {0} };
  const guint32 *record;
  gboolean any = FALSE;

  while ((record = rnn_sorter_next (counts))) {
    guint same = 0;

    while (any && same < order && s.words[same] == record[same])
      same++;
    for (guint k = order; any && k-- > same;)
      count_suffix (training, &s, k);
    for (guint k = 0; k < order; k++) {
      s.text[k] = (k < same ? s.text[k] : 0) + record[order];
      s.before[k] = k < same ? s.before[k] : 0;
      s.words[k] = record[k];
    }
    any = TRUE;
  }
  for (guint k = order; any && k-- > 0;)
    count_suffix (training, &s, k);
  for (guint k = 0; k < order; k++)
    if (!rnn_sorter_sort (training->sorters[k], error))
      return FALSE;
  return TRUE;
}

/* Texts too small for the formula get what KenLM falls back to. */
static void
find_discounts (Training *training, guint k)
{
  static const gdouble fallback[4] = { 0, 0.5, 1, 1.5 };
  const guint64 *t = training->seen[k];
  gdouble y = (gdouble) t[1] / (gdouble) (t[1] + 2 * t[2]);
  gboolean good = t[1] > 0 && t[2] > 0 && t[3] > 0;

  for (guint i = 1; i <= 3 && good; i++) {
    training->discount[k][i] = i - (i + 1) * y * (gdouble) t[i + 1] / (gdouble) t[i];
    good = training->discount[k][i] >= 0 && training->discount[k][i] <= i;
  }
  if (!good)
    memcpy (training->discount[k], fallback, sizeof fallback);
}

/* ---- probabilities ---- */

/* All n-grams of one context: records of words and two counts. */
typedef struct {
  GArray *records;
  gdouble sum, taken;           /* of counts; of discounts */
} Group;

static inline gdouble
discount_of (const Training *training, guint k, guint32 count)
{
  return training->discount[k][MIN (count, 3)];
}

/* p of the words but the first; what is below unigrams is uniform, and the text never says <s>. */
static gdouble
lower_probability (const RnnNgrams *ngrams, const RnnNgramField *words, guint k, gsize *hint)
{
  const RnnNgramTable *below = &ngrams->tables[k - 1];
  const RnnNgramField *found;

  if (k == 0)
    return 1 / (gdouble) (ngrams->words->len - 1);
  found = rnn_ngram_table_find (below, words + 1, hint);
  return found ? pow (10, RNN_NGRAM_PROB (below, found)) : 0;
}

static void
finish_group (Training *training, guint k, Group *group, gsize *hint)
{
  RnnNgramTable *table = &training->ngrams->tables[k];
  guint width = k + 3;
  gdouble left = group->taken / group->sum;
  RnnNgramField out[RNN_NGRAM_MAX_ORDER + 3];
  guint n = group->records->len / width;

  for (guint i = 0; i < n; i++) {
    const guint32 *record = &g_array_index (group->records, guint32, i * width);
    guint32 count = record[k + 1];

    memcpy (out, record, (k + 1) * sizeof *out);
    RNN_NGRAM_PROB (table, out) = (gfloat) log10 ((count - discount_of (training, k, count)) / group->sum
        + left * lower_probability (training->ngrams, out, k, hint));
    RNN_NGRAM_BACKOFF (table, out) = 0;
    RNN_NGRAM_COUNT (table, out) = (gfloat) record[k + 2];
    rnn_ngram_table_add (table, out);
  }
  if (k > 0 && n > 0) {
    const RnnNgramTable *below = table - 1;
    RnnNgramField *context = rnn_ngram_table_find (below, out, NULL);

    RNN_NGRAM_BACKOFF (below, context) = (gfloat) log10 (left);
  }
  g_array_set_size (group->records, 0);
  group->sum = group->taken = 0;
}

static gboolean
estimate (Training *training, guint k, GError **error)
{
  g_autoptr (GArray) records = g_array_new (FALSE, FALSE, sizeof (guint32));
  Group group = { records, 0, 0 };
  const guint32 *record;
  gsize hint = 0;

  find_discounts (training, k);
  while ((record = rnn_sorter_next (training->sorters[k]))) {
    if (records->len > 0 && memcmp (records->data, record, k * sizeof *record) != 0)
      finish_group (training, k, &group, &hint);
    g_array_append_vals (records, record, k + 3);
    group.sum += record[k + 1];
    group.taken += record[k + 1] ? discount_of (training, k, record[k + 1]) : 0;
  }
  if (records->len > 0)
    finish_group (training, k, &group, &hint);
  g_clear_pointer (&training->sorters[k], rnn_sorter_free);
  return rnn_ngram_table_map (&training->ngrams->tables[k], error);
}

/* Words that the text may never say, <unk> and <s> among them, have the count 0. */
static void
add_unseen (Training *training)
{
  for (guint32 word = 0; word < training->ngrams->words->len; word++)
    rnn_sorter_add (training->sorters[0], (guint32[3]) { word, 0, 0 });
}

static void
forbid_start (RnnNgrams *ngrams)
{
  RNN_NGRAM_PROB (&ngrams->tables[0], rnn_ngram_table_get (&ngrams->tables[0], ngrams->start)) = -99;
}

RnnNgrams *
rnn_ngrams_train (const gchar *const *paths, const RnnNgramTraining *config, GError **error)
{
  gsize memory = config->memory ? config->memory : DEFAULT_MEMORY;
  GPtrArray *words = config->words ? rnn_count_list (config->words, config->n_words)
      : rnn_count_words (paths, config->vocabulary, error);
  g_autoptr (RnnNgrams) ngrams = words ? rnn_ngrams_new (config->order, words, error) : NULL;
  g_autoptr (RnnSorter) counts = ngrams ? rnn_count_ngrams (paths, ngrams, memory, error) : NULL;
  g_auto (Training) training = { ngrams };

  if (!counts)
    return NULL;
  for (guint k = 0; k < config->order; k++)
    if (!(training.sorters[k] = rnn_sorter_new (k + 1, 2, MAX (memory / config->order / ((k + 3) * 4), 1024), error)))
      return NULL;
  add_unseen (&training);
  if (!count_suffixes (&training, counts, error))
    return NULL;
  g_clear_pointer (&counts, rnn_sorter_free);
  for (guint k = 0; k < config->order; k++)
    if (!estimate (&training, k, error))
      return NULL;
  forbid_start (ngrams);
  return g_steal_pointer (&ngrams);
}
