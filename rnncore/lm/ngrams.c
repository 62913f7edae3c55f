/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sorted tables of n-grams. */
#include "ngrams.h"
#include "../base/error.h"
#include <stdlib.h>
#include <string.h>

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

RnnNgrams *
rnn_ngrams_new (guint order, GPtrArray *words, GError **error)
{
  RnnNgrams *ngrams = g_new0 (RnnNgrams, 1);

  g_ptr_array_sort (words, compare_texts);
  ngrams->order = order;
  ngrams->words = words;
  ngrams->ids = g_hash_table_new (g_str_hash, g_str_equal);
  for (guint i = 0; i < words->len; i++)
    g_hash_table_insert (ngrams->ids, words->pdata[i], GUINT_TO_POINTER (i + 1));
  ngrams->unknown = rnn_ngrams_find_word (ngrams, g_hash_table_contains (ngrams->ids, "<UNK>") ? "<UNK>" : "<unk>");
  ngrams->start = rnn_ngrams_find_word (ngrams, "<s>");
  ngrams->end = rnn_ngrams_find_word (ngrams, "</s>");
  for (guint k = 0; k < order; k++) {
    ngrams->tables[k].order = k + 1;
    if (!(ngrams->tables[k].spill = rnn_spill_new (error))) {
      rnn_ngrams_free (ngrams);
      return NULL;
    }
  }
  return ngrams;
}

void
rnn_ngrams_free (RnnNgrams *ngrams)
{
  if (!ngrams)
    return;
  for (guint k = 0; k < ngrams->order; k++)
    rnn_spill_free (ngrams->tables[k].spill);
  g_hash_table_unref (ngrams->ids);
  g_ptr_array_unref (ngrams->words);
  g_free (ngrams);
}

guint32
rnn_ngrams_find_word (const RnnNgrams *ngrams, const gchar *text)
{
  guint found = GPOINTER_TO_UINT (g_hash_table_lookup (ngrams->ids, text));

  return found ? found - 1 : ngrams->words->len;
}

/* ---- one table ---- */

void
rnn_ngram_table_add (RnnNgramTable *table, const RnnNgramField *record)
{
  rnn_spill_write (table->spill, record, (table->order + 3) * sizeof *record);
  table->n++;
}

gboolean
rnn_ngram_table_map (RnnNgramTable *table, GError **error)
{
  return (table->records = rnn_spill_map (table->spill, NULL, error)) != NULL;
}

static inline gint
compare_words (const RnnNgramField *a, const RnnNgramField *b, guint n)
{
  for (guint i = 0; i < n; i++)
    if (a[i].word != b[i].word)
      return a[i].word < b[i].word ? -1 : 1;
  return 0;
}

static gint
compare_records (gconstpointer a, gconstpointer b, gpointer table)
{
  return compare_words (a, b, ((RnnNgramTable *) table)->order);
}

gboolean
rnn_ngram_table_sort (RnnNgramTable *table, gsize *twice)
{
  gboolean sorted = TRUE;

  for (gsize i = 1; i < table->n && sorted; i++)
    sorted = compare_words (rnn_ngram_table_get (table, i - 1), rnn_ngram_table_get (table, i), table->order) < 0;
  if (sorted)
    return TRUE;
  qsort_r (table->records, table->n, (table->order + 3) * sizeof (RnnNgramField), compare_records, table);
  for (gsize i = 1; i < table->n; i++)
    if (!compare_words (rnn_ngram_table_get (table, i - 1), rnn_ngram_table_get (table, i), table->order)) {
      *twice = i;
      return FALSE;
    }
  return TRUE;
}

/* The first record that is not less lies in (low, high]. */
static void
gallop (const RnnNgramTable *table, const RnnNgramField *words, gsize from, gsize *low, gsize *high)
{
  gsize step = 1;

  *low = 0;
  *high = table->n;
  if (from >= table->n)
    return;
  if (compare_words (rnn_ngram_table_get (table, from), words, table->order) >= 0) {
    *high = from;
    return;
  }
  for (*low = from; *low + step < table->n; step *= 2) {
    if (compare_words (rnn_ngram_table_get (table, *low + step), words, table->order) >= 0) {
      *high = *low + step;
      return;
    }
    *low += step;
  }
}

RnnNgramField *
rnn_ngram_table_find (const RnnNgramTable *table, const RnnNgramField *words, gsize *hint)
{
  gsize low, high;
  RnnNgramField *record;

  gallop (table, words, hint ? *hint : table->n, &low, &high);
  while (low < high) {
    gsize middle = low + (high - low) / 2;

    if (compare_words (rnn_ngram_table_get (table, middle), words, table->order) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  if (hint)
    *hint = low;
  if (low == table->n)
    return NULL;
  record = rnn_ngram_table_get (table, low);
  return compare_words (record, words, table->order) == 0 ? record : NULL;
}

/* ---- backing off ---- */

gdouble
rnn_ngrams_score (const RnnNgrams *ngrams, const RnnNgramField *words, guint n)
{
  gdouble weight = 0;

  for (; n >= 1; n--, words++) {
    const RnnNgramTable *table = &ngrams->tables[n - 1];
    const RnnNgramField *found = rnn_ngram_table_find (table, words, NULL);

    if (found)
      return weight + RNN_NGRAM_PROB (table, found);
    if (n > 1 && (found = rnn_ngram_table_find (table - 1, words, NULL)))
      weight += RNN_NGRAM_BACKOFF (table - 1, found);
  }
  return weight - 100;          /* a word that is not in the model, as KenLM has it */
}

/* Writes the prefixes of @table's n-grams that the table below lacks behind it; returns how many. */
static gsize
write_missing (RnnNgrams *ngrams, const RnnNgramTable *table)
{
  RnnNgramTable *below = &ngrams->tables[table->order - 2];
  RnnNgramField prefix[RNN_NGRAM_MAX_ORDER + 3];
  gsize hint = 0, n = 0;

  for (gsize i = 0; i < table->n; i++) {
    const RnnNgramField *record = rnn_ngram_table_get (table, i);

    if ((n > 0 && !compare_words (record, prefix, below->order)) || rnn_ngram_table_find (below, record, &hint))
      continue;
    memcpy (prefix, record, below->order * sizeof *record);
    RNN_NGRAM_PROB (below, prefix) = (gfloat) rnn_ngrams_score (ngrams, record, below->order);
    RNN_NGRAM_BACKOFF (below, prefix) = RNN_NGRAM_COUNT (below, prefix) = 0;
    rnn_spill_write (below->spill, prefix, (below->order + 3) * sizeof *prefix);
    n++;
  }
  return n;
}

gboolean
rnn_ngrams_add_prefixes (RnnNgrams *ngrams, GError **error)
{
  for (guint k = ngrams->order - 1; k >= 1; k--) {
    RnnNgramTable *below = &ngrams->tables[k - 1];
    gsize twice;

    below->n += write_missing (ngrams, &ngrams->tables[k]);
    if (!rnn_ngram_table_map (below, error) || !rnn_ngram_table_sort (below, &twice))
      return FALSE;
  }
  return TRUE;
}
