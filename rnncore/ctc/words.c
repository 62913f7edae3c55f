/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of words: two arrays side by side, so that readers see plain RnnCtcWords.  Slots past n keep the storage
 * of words that were dropped. */
#include "words.h"

#define START_WORDS 16
#define START_BYTES 31        /* with its end, what malloc hands out anyway */

static void
grow (RnnCtcWords *words, guint size)
{
  words->words = g_renew (RnnCtcWord, words->words, size);
  words->texts = g_renew (GString *, words->texts, size);
  for (guint i = words->size; i < size; i++)
    words->texts[i] = g_string_sized_new (START_BYTES);
  words->size = size;
}

void
rnn_ctc_words_init (RnnCtcWords *words)
{
  *words = (RnnCtcWords) { NULL };
  grow (words, START_WORDS);
}

void
rnn_ctc_words_clear (RnnCtcWords *words)
{
  for (guint i = 0; i < words->size; i++)
    g_string_free (words->texts[i], TRUE);
  g_free (words->texts);
  g_free (words->words);
}

RnnCtcWord *
rnn_ctc_words_add (RnnCtcWords *words)
{
  RnnCtcWord *word;

  if (words->n == words->size)
    grow (words, 2 * words->size);
  word = &words->words[words->n];
  *word = (RnnCtcWord) {.text = g_string_truncate (words->texts[words->n], 0)->str };
  words->n++;
  return word;
}

void
rnn_ctc_words_append (RnnCtcWords *words, const gchar *text, gsize len)
{
  guint last = words->n - 1;

  words->words[last].text = g_string_append_len (words->texts[last], text, (gssize) len)->str;
}

void
rnn_ctc_words_drop (RnnCtcWords *words, guint n)
{
  n = MIN (n, words->n);
  words->n -= n;
  for (guint i = 0; i < words->n; i++) {
    GString *free_text = words->texts[i];

    words->words[i] = words->words[i + n];
    words->texts[i] = words->texts[i + n];
    words->texts[i + n] = free_text;
  }
}
