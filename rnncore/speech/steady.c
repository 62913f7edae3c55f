/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "steady.h"
#include <string.h>

void
rnn_steady_init (RnnSteady *steady)
{
  rnn_ctc_words_init (&steady->words, 0);
  steady->since = g_array_new (FALSE, FALSE, sizeof (guint64));
  steady->first = 0;
}

void
rnn_steady_clear (RnnSteady *steady)
{
  if (!steady->since)
    return;
  rnn_ctc_words_clear (&steady->words);
  g_array_free (steady->since, TRUE);
}

void
rnn_steady_reset (RnnSteady *steady)
{
  if (!steady->since)
    return;
  rnn_ctc_words_drop (&steady->words, steady->words.n);
  g_array_set_size (steady->since, 0);
  steady->first = 0;
}

/* Words that are no guess any more go. */
static void
advance (RnnSteady *steady, guint64 first)
{
  guint n = first > steady->first ? (guint) MIN (first - steady->first, steady->words.n) : 0;

  rnn_ctc_words_drop (&steady->words, n);
  g_array_remove_range (steady->since, 0, n);
  steady->first = first;
}

guint
rnn_steady_count (RnnSteady *steady, guint64 first, const RnnCtcWord *words, guint n, guint64 now, guint64 hold)
{
  guint same = 0, steady_ones = 0;

  advance (steady, first);
  while (same < MIN (n, steady->words.n) && strcmp (steady->words.words[same].text, words[same].text) == 0)
    same++;
  rnn_ctc_words_truncate (&steady->words, same);
  g_array_set_size (steady->since, same);
  for (guint i = same; i < n; i++) {
    rnn_ctc_words_add (&steady->words);
    rnn_ctc_words_append (&steady->words, words[i].text, strlen (words[i].text));
    g_array_append_val (steady->since, now);
  }
  while (steady_ones < n && now - g_array_index (steady->since, guint64, steady_ones) >= hold)
    steady_ones++;
  return steady_ones;
}

void
rnn_steady_keep (RnnSteady *steady, RnnKeep *keep)
{
  gboolean there = steady->since != NULL;

  rnn_keep (keep, &there, sizeof there);
  if (!there || keep->failed)
    return;
  if (!steady->since)
    rnn_steady_init (steady);
  rnn_ctc_words_keep (&steady->words, keep);
  rnn_keep_array (keep, steady->since, steady->words.n);
  rnn_keep (keep, &steady->first, sizeof steady->first);
  if (steady->since->len != steady->words.n)
    keep->failed = TRUE;
}
