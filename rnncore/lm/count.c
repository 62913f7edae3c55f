/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two passes over the text: its words, then its n-grams by their numbers. */
#include "count.h"
#include "sentences.h"
#include <stdlib.h>
#include <string.h>

/* ---- words ---- */

typedef struct {
  gchar *text;
  guint64 count;
} Word;

static void
count_sentence (gchar **words, guint n, gpointer counts)
{
  for (guint i = 0; i < n; i++) {
    Word *word = g_hash_table_lookup (counts, words[i]);

    if (!word) {
      word = g_new0 (Word, 1);
      word->text = g_strdup (words[i]);
      g_hash_table_insert (counts, word->text, word);
    }
    word->count++;
  }
}

static void
free_word (gpointer word)
{
  g_free (((Word *) word)->text);
  g_free (word);
}

static gint
compare_frequency (gconstpointer a, gconstpointer b)
{
  const Word *x = *(const Word *const *) a, *y = *(const Word *const *) b;

  return x->count != y->count ? (x->count < y->count ? 1 : -1) : strcmp (x->text, y->text);
}

static gboolean
is_special (const gchar *text)
{
  return g_str_equal (text, "<unk>") || g_str_equal (text, "<s>") || g_str_equal (text, "</s>");
}

static GPtrArray *
add_specials (GPtrArray *words)
{
  g_ptr_array_add (words, g_strdup ("<unk>"));
  g_ptr_array_add (words, g_strdup ("<s>"));
  g_ptr_array_add (words, g_strdup ("</s>"));
  return words;
}

GPtrArray *
rnn_count_list (const gchar *const *words, guint n)
{
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < n; i++)
    if (!is_special (words[i]) && g_hash_table_add (seen, (gpointer) words[i]))
      g_ptr_array_add (list, g_strdup (words[i]));
  return add_specials (list);
}

GPtrArray *
rnn_count_words (const gchar *const *paths, guint limit, GError **error)
{
  g_autoptr (GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, free_word);
  g_autoptr (GPtrArray) ranked = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer word;
  GPtrArray *words;

  if (!rnn_sentences_each (paths, count_sentence, counts, error))
    return NULL;
  g_hash_table_iter_init (&iter, counts);
  while (g_hash_table_iter_next (&iter, NULL, &word))
    g_ptr_array_add (ranked, word);
  g_ptr_array_sort (ranked, compare_frequency);
  words = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < ranked->len && (limit == 0 || words->len < limit); i++)
    if (!is_special (((Word *) ranked->pdata[i])->text))
      g_ptr_array_add (words, g_strdup (((Word *) ranked->pdata[i])->text));
  return add_specials (words);
}

/* ---- n-grams ---- */

typedef struct {
  const RnnNgrams *ngrams;
  RnnSorter *sorter;
} Counter;

/* window: the last words, the last one first, then the count of one. */
static void
add_word (Counter *counter, guint32 *window, guint32 word)
{
  memmove (window + 1, window, (counter->ngrams->order - 1) * sizeof *window);
  window[0] = word;
  rnn_sorter_add (counter->sorter, window);
}

static void
add_sentence (gchar **words, guint n, gpointer data)
{
  Counter *counter = data;
  const RnnNgrams *ngrams = counter->ngrams;
  guint32 window[RNN_NGRAM_MAX_ORDER + 1];

  if (n == 0)
    return;
  for (guint i = 0; i < ngrams->order; i++)
    window[i] = ngrams->start;
  window[ngrams->order] = 1;
  for (guint i = 0; i < n; i++) {
    guint32 word = rnn_ngrams_find_word (ngrams, words[i]);

    /* a text cannot say where a sentence begins or ends but by its lines */
    if (word == ngrams->words->len || word == ngrams->start || word == ngrams->end)
      word = ngrams->unknown;
    add_word (counter, window, word);
  }
  add_word (counter, window, ngrams->end);
}

RnnSorter *
rnn_count_ngrams (const gchar *const *paths, const RnnNgrams *ngrams, gsize memory, GError **error)
{
  gsize record = (ngrams->order + 1) * sizeof (guint32);
  g_autoptr (RnnSorter) sorter = rnn_sorter_new (ngrams->order, 1, MAX (memory / record, 1024), error);
  Counter counter = { ngrams, sorter };

  if (!sorter || !rnn_sentences_each (paths, add_sentence, &counter, error) || !rnn_sorter_sort (sorter, error))
    return NULL;
  return g_steal_pointer (&sorter);
}
