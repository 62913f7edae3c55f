/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two n-gram models as one: p (w|h) = (1 - x) p1 (w|h) + x p2 (w|h) for every n-gram that one of them has, each backing
 * off where it lacks it; back-off weights then make up for the rest.  Words are those of the first model: what the
 * second gives to others goes to all. */
#include "ngrams.h"
#include "../base/error.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnNgrams *mixed;
  const RnnNgrams *first, *second;
  guint32 *to_second, *from_second;     /* numbers of words; the other's words->len: it lacks the word */
  gdouble share;                /* x */
} Mix;

static void
mix_clear (Mix *m)
{
  g_free (m->to_second);
  g_free (m->from_second);
  rnn_ngrams_free (m->mixed);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Mix, mix_clear)

static guint32 *
map_words (const RnnNgrams *from, const RnnNgrams *to)
{
  guint32 *map = g_new (guint32, from->words->len);

  for (guint i = 0; i < from->words->len; i++)
    map[i] = rnn_ngrams_find_word (to, from->words->pdata[i]);
  return map;
}

/* @words: of the first model */
static gfloat
mixed_prob (const Mix *m, const RnnNgramField *words, guint n)
{
  RnnNgramField theirs[RNN_NGRAM_MAX_ORDER];
  guint use = MIN (n, m->second->order);
  gdouble p = (1 - m->share) * pow (10, rnn_ngrams_score (m->first, words, n));

  for (guint i = 0; i < n; i++) {
    theirs[i].word = m->to_second[words[i].word];
    if (theirs[i].word == m->second->words->len)
      theirs[i].word = m->second->unknown;
  }
  /* a word that only the first model knows: the second one has nothing to say of it */
  if (m->to_second[words[n - 1].word] < m->second->words->len)
    p += m->share * pow (10, rnn_ngrams_score (m->second, theirs + n - use, use));
  return (gfloat) log10 (p);
}

static void
add_mixed (Mix *m, guint k, const RnnNgramField *words)
{
  RnnNgramTable *table = &m->mixed->tables[k];
  RnnNgramField record[RNN_NGRAM_MAX_ORDER + 3];

  memcpy (record, words, (k + 1) * sizeof *record);
  RNN_NGRAM_PROB (table, record) = mixed_prob (m, words, k + 1);
  RNN_NGRAM_BACKOFF (table, record) = RNN_NGRAM_COUNT (table, record) = 0;
  if (k == 0 && words[0].word == m->mixed->start)
    RNN_NGRAM_PROB (table, record) = -99;
  rnn_ngram_table_add (table, record);
}

/* The first model's n-grams, then those that only the second has. */
static gboolean
mix_order (Mix *m, guint k, GError **error)
{
  const RnnNgramTable *ours = &m->first->tables[k], *theirs = &m->second->tables[k];
  gsize twice;

  for (gsize i = 0; i < ours->n; i++)
    add_mixed (m, k, rnn_ngram_table_get (ours, i));
  for (gsize i = 0; k < m->second->order && i < theirs->n; i++) {
    const RnnNgramField *record = rnn_ngram_table_get (theirs, i);
    RnnNgramField words[RNN_NGRAM_MAX_ORDER];
    gboolean known = TRUE;

    for (guint j = 0; j <= k; j++)
      known &= (words[j].word = m->from_second[record[j].word]) < m->first->words->len;
    if (known && !rnn_ngram_table_find (ours, words, NULL))
      add_mixed (m, k, words);
  }
  return rnn_ngram_table_map (&m->mixed->tables[k], error) && rnn_ngram_table_sort (&m->mixed->tables[k], &twice);
}

/* The second model's other words have a share of its unigrams. */
static void
normalise_unigrams (RnnNgrams *ngrams)
{
  RnnNgramTable *table = &ngrams->tables[0];
  gdouble sum = 0;

  for (guint32 w = 0; w < table->n; w++)
    sum += w == ngrams->start ? 0 : pow (10, RNN_NGRAM_PROB (table, rnn_ngram_table_get (table, w)));
  for (guint32 w = 0; w < table->n; w++)
    if (w != ngrams->start)
      RNN_NGRAM_PROB (table, rnn_ngram_table_get (table, w)) -= (gfloat) log10 (sum);
}

RnnNgrams *
rnn_ngrams_mix (const RnnNgrams *first, const RnnNgrams *second, gdouble share, GError **error)
{
  g_auto (Mix) m = { NULL, first, second, map_words (first, second), map_words (second, first), share };
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < first->words->len; i++)
    g_ptr_array_add (words, g_strdup (first->words->pdata[i]));
  if (!(m.mixed = rnn_ngrams_new (first->order, words, error)))
    return NULL;
  for (guint k = 0; k < first->order; k++)
    if (!mix_order (&m, k, error))
      return NULL;
  normalise_unigrams (m.mixed);
  if (!rnn_ngrams_add_prefixes (m.mixed, error))
    return NULL;
  rnn_ngrams_weigh (m.mixed);
  return g_steal_pointer (&m.mixed);
}
