/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The queue of words: readers see plain RnnCtcWords, whose texts lie one after the other, each with its end, in one
 * string. */
#include "words.h"
#include <string.h>

#define LETTERS 15              /* of a word, with its end */
#define MAX_KEPT (1 << 20)

void
rnn_ctc_words_init (RnnCtcWords *words, guint n)
{
  *words = (RnnCtcWords) {.size = n };
  words->words = n > 0 ? g_new (RnnCtcWord, n) : NULL;
  words->texts = g_string_sized_new (n * LETTERS);
}

void
rnn_ctc_words_clear (RnnCtcWords *words)
{
  g_string_free (words->texts, TRUE);
  g_free (words->words);
}

/* The texts have moved. */
static void
place_texts (RnnCtcWords *words)
{
  gchar *text = words->texts->str;

  for (guint i = 0; i < words->n; i++) {
    words->words[i].text = text;
    text += strlen (text) + 1;
  }
}

static void
append (RnnCtcWords *words, const gchar *text, gsize len)
{
  const gchar *before = words->texts->str;

  g_string_append_len (words->texts, text, (gssize) len);
  g_string_append_c (words->texts, '\0');
  if (words->texts->str != before)
    place_texts (words);
}

RnnCtcWord *
rnn_ctc_words_add (RnnCtcWords *words)
{
  gsize at = words->texts->len;

  if (words->n == words->size) {
    words->size = MAX (2 * words->size, 1);
    words->words = g_renew (RnnCtcWord, words->words, words->size);
  }
  append (words, "", 0);
  words->words[words->n] = (RnnCtcWord) {.text = words->texts->str + at };
  return &words->words[words->n++];
}

void
rnn_ctc_words_append (RnnCtcWords *words, const gchar *text, gsize len)
{
  g_string_truncate (words->texts, words->texts->len - 1);
  append (words, text, len);
}

void
rnn_ctc_words_drop (RnnCtcWords *words, guint n)
{
  n = MIN (n, words->n);
  if (n == 0)
    return;
  g_string_erase (words->texts, 0, n < words->n ? words->words[n].text - words->texts->str : -1);
  words->n -= n;
  memmove (words->words, words->words + n, words->n * sizeof (RnnCtcWord));
  place_texts (words);
}

void
rnn_ctc_words_truncate (RnnCtcWords *words, guint n)
{
  if (n >= words->n)
    return;
  g_string_truncate (words->texts, (gsize) (words->words[n].text - words->texts->str));
  words->n = n;
}

void
rnn_ctc_words_keep (RnnCtcWords *words, RnnKeep *keep)
{
  guint n = words->n;

  rnn_keep_count (keep, &n, MAX_KEPT);
  if (!keep->to)
    rnn_ctc_words_drop (words, words->n);
  for (guint i = 0; i < n && !keep->failed; i++) {
    RnnCtcWord *word = keep->to ? &words->words[i] : rnn_ctc_words_add (words);
    g_autoptr (GString) text = g_string_new (keep->to ? word->text : NULL);

    rnn_keep (keep, &word->start, sizeof word->start);
    rnn_keep (keep, &word->end, sizeof word->end);
    rnn_keep (keep, &word->confidence, sizeof word->confidence);
    rnn_keep_string (keep, text);
    if (!keep->to)
      rnn_ctc_words_append (words, text->str, text->len);
  }
}
