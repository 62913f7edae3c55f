/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words and tokens of all hypotheses, as chains with common beginnings, in two pools that are made once. */
#include "beam.h"

void
rnn_beam_history_init (RnnBeamHistory *h, guint n_words, guint n_tokens)
{
  h->n_words = n_words;
  h->n_tokens = n_tokens;
  h->words = g_new (RnnBeamWord, n_words);
  h->tokens = g_new (RnnBeamToken, n_tokens);
  rnn_beam_history_reset (h);
}

void
rnn_beam_history_clear (RnnBeamHistory *h)
{
  g_free (h->words);
  g_free (h->tokens);
}

void
rnn_beam_history_reset (RnnBeamHistory *h)
{
  for (guint32 i = 0; i < h->n_words; i++)
    h->words[i] = (RnnBeamWord) { .previous = i + 1 < h->n_words ? i + 1 : RNN_BEAM_NONE };
  for (guint32 i = 0; i < h->n_tokens; i++)
    h->tokens[i] = (RnnBeamToken) { .previous = i + 1 < h->n_tokens ? i + 1 : RNN_BEAM_NONE };
  h->free_word = h->free_token = 0;
  h->words_left = h->n_words;
  h->tokens_left = h->n_tokens;
}

guint32
rnn_beam_history_add_token (RnnBeamHistory *h, guint32 previous, gint token)
{
  guint32 place = h->free_token;

  h->free_token = h->tokens[place].previous;
  h->tokens_left--;
  h->tokens[place] = (RnnBeamToken) { rnn_beam_history_ref_token (h, previous), 1, token };
  return place;
}

guint32
rnn_beam_history_add_word (RnnBeamHistory *h, const RnnBeamWord *word)
{
  guint32 place = h->free_word;

  h->free_word = h->words[place].previous;
  h->words_left--;
  h->words[place] = *word;
  h->words[place].refs = 1;
  rnn_beam_history_ref_word (h, word->previous);
  rnn_beam_history_ref_token (h, word->spelling);
  return place;
}

void
rnn_beam_history_unref_token (RnnBeamHistory *h, guint32 token)
{
  while (token != RNN_BEAM_NONE && --h->tokens[token].refs == 0) {
    guint32 previous = h->tokens[token].previous;

    h->tokens[token].previous = h->free_token;
    h->free_token = token;
    h->tokens_left++;
    token = previous;
  }
}

void
rnn_beam_history_unref_word (RnnBeamHistory *h, guint32 word)
{
  while (word != RNN_BEAM_NONE && --h->words[word].refs == 0) {
    guint32 previous = h->words[word].previous;

    rnn_beam_history_unref_token (h, h->words[word].spelling);
    h->words[word].previous = h->free_word;
    h->free_word = word;
    h->words_left++;
    word = previous;
  }
}
