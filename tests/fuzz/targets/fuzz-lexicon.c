/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a lexicon: refused, or a tree whose nodes are reached from the root. */
#include "../fuzz.h"
#include "lm/lexicon.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  static const gchar *const names[] = { "<blank>", " ", "a", "b", "ab", "A", "\303\251", NULL };
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, NULL);
  g_autoptr (RnnLexicon) lexicon = rnn_lexicon_parse ((const gchar *) data, n, tokens, "fuzz", NULL, NULL);

  for (guint node = 0; lexicon && node < lexicon->n_nodes; node++) {
    for (guint32 child = lexicon->children[node]; child < lexicon->children[node + 1]; child++)
      g_assert (child > node && rnn_lexicon_step (lexicon, node, lexicon->tokens[child]) == child);
    for (guint32 w = lexicon->ends[node]; w < lexicon->ends[node + 1]; w++)
      g_assert (lexicon->words[w] < lexicon->n_words);
  }
  return 0;
}
