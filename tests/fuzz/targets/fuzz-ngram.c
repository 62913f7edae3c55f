/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a binary n-gram model with a lexicon: refused, or every score is a number and the lexicon is read. */
#include "../fuzz.h"
#include "lm/lexicon.h"
#include "lm/ngram.h"
#include <math.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  static const gchar *const names[] = { "<blank>", "A", "B", NULL };
  g_autofree guint8 *aligned = g_memdup2 (data, n);
  g_autoptr (GBytes) bytes = g_bytes_new_static (aligned, n);
  g_autoptr (RnnScorer) scorer = rnn_ngram_image_is (bytes) ? rnn_ngram_parse (bytes, "fuzz", NULL) : NULL;
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (names, 0, NULL);
  const RnnNgramImage *image = scorer ? rnn_ngram_get_image (scorer) : NULL;
  guint32 states[2][8] = { {0}, {0} };

  if (!image)
    return 0;
  rnn_scorer_start (scorer, states[0]);
  for (guint32 word = 0; word < MIN (image->n_words, 64); word++)
    g_assert (!isnan (rnn_scorer_score (scorer, states[word & 1], word, states[!(word & 1)])));
  if (image->lexicon_size > 0)
    rnn_lexicon_unref (rnn_lexicon_unpack (image->lexicon, image->lexicon_size, image, tokens, "fuzz", NULL));
  return 0;
}
