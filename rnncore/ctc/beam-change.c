/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Another model, lexicon or other hotwords in the middle of a search.  Numbers of words and places in the lexicon mean
 * something else then: what is complete is settled before, and the word under way finds its place by its tokens. */
#include "beam.h"

void
rnn_beam_settle_words (RnnBeam *beam)
{
  while (beam->n > 1)
    rnn_beam_let_go (beam, &beam->now[--beam->n]);
  rnn_beam_commit_last (beam);
}

/* Tokens of the word under way, in letters[], the last one first; returns how many. */
static guint
list_tokens (RnnBeam *beam, const RnnBeamHypothesis *h)
{
  guint n = 0;

  for (guint32 at = h->open ? h->spelling : RNN_BEAM_NONE; at != RNN_BEAM_NONE; at = beam->history.tokens[at].previous)
    beam->letters[n++] = (guint32) beam->history.tokens[at].token;
  return n;
}

void
rnn_beam_resume (RnnBeam *beam, gboolean anew)
{
  const RnnLexicon *lexicon = beam->language->lexicon;
  RnnBeamHypothesis *h = &beam->now[0];

  if (anew && beam->language->scorer)
    rnn_scorer_start (beam->language->scorer, beam->states);
  h->node = lexicon ? 0 : RNN_BEAM_NONE;
  for (guint n = list_tokens (beam, h); n > 0 && h->node != RNN_BEAM_NONE; n--)
    h->node = rnn_lexicon_step (lexicon, h->node, (gint) beam->letters[n - 1]);
  h->ahead = 0;
  h->word = RNN_BEAM_NONE;
  rnn_beam_follow_hotwords (beam);
}

void
rnn_beam_follow_hotwords (RnnBeam *beam)
{
  for (guint i = 0; i < beam->n; i++) {
    RnnBeamHypothesis *h = &beam->now[i];

    h->hot = RNN_HOTWORDS_START;
    for (guint n = beam->hotwords ? list_tokens (beam, h) : 0; n > 0; n--)
      h->hot = rnn_hotwords_step (beam->hotwords, h->hot, beam->letters[n - 1], &h->language);
  }
}

void
rnn_beam_take_back (RnnBeam *beam)
{
  for (guint i = 0; beam->hotwords && i < beam->n; i++)
    beam->now[i].language -= rnn_hotwords_get_earned (beam->hotwords, beam->now[i].hot);
}
