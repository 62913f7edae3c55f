/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as ARPA text: refused, or every score is a number. */
#include "../fuzz.h"
#include "lm/ngram.h"
#include <math.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, n);
  g_autoptr (RnnScorer) scorer = rnn_ngram_image_is (bytes) ? NULL : rnn_ngram_parse (bytes, "fuzz", NULL);
  guint32 states[2][8] = { {0}, {0} };

  if (!scorer)
    return 0;
  rnn_scorer_start (scorer, states[0]);
  for (guint32 word = 0; word < MIN (rnn_ngram_get_image (scorer)->n_words, 64); word++)
    g_assert (!isnan (rnn_scorer_score (scorer, states[word & 1], word, states[!(word & 1)])));
  g_assert (!isnan (rnn_scorer_end (scorer, states[0])));
  return 0;
}
