/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where words end without a token that says so: at a silence, and at the end of a sentence. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "beam.h"

/* All alignments end in a blank now; nothing joins the last token any more. */
static void
settle (RnnBeam *beam, RnnBeamHypothesis *h)
{
  RnnBeamPath path = *rnn_beam_best_path (h);

  rnn_beam_history_ref_word (&beam->history, path.previous);
  rnn_beam_history_unref_word (&beam->history, h->at_blank.previous);
  rnn_beam_history_unref_word (&beam->history, h->at_token.previous);
  h->blank = rnn_beam_log_add (h->blank, h->token);
  h->token = -INFINITY;
  h->at_blank = path;
  h->at_token = (RnnBeamPath) {.score = -INFINITY,.previous = RNN_BEAM_NONE };
  h->last = -1;
}

/* The word under way is none: sounds that say no word. */
static void
drop_word (RnnBeam *beam, RnnBeamHypothesis *h)
{
  rnn_beam_history_unref_token (&beam->history, h->spelling);
  h->spelling = RNN_BEAM_NONE;
  h->said = h->open = FALSE;
  h->key = h->hash;
  h->inside = 0;
  h->node = 0;
  h->ahead = 0;
}

guint32
rnn_beam_best_end (RnnBeam *beam, const RnnBeamHypothesis *h, gdouble *worth)
{
  const RnnLexicon *lexicon = beam->language->lexicon;
  guint32 best = RNN_BEAM_NONE;
  guint n = 0;
  const guint32 *words = lexicon && h->node != RNN_BEAM_NONE ? rnn_lexicon_get_words (lexicon, h->node, &n) : NULL;

  *worth = -INFINITY;
  for (guint i = 0; i < n; i++) {
    gdouble other = rnn_beam_word_worth (beam, h, words[i]);

    if (other > *worth) {
      *worth = other;
      best = words[i];
    }
  }
  return best;
}

/* The word under way ends as the best of those that it may be; FALSE: it is none. */
static gboolean
end_word (RnnBeam *beam, RnnBeamHypothesis *h)
{
  gdouble worth;
  guint32 best = rnn_beam_best_end (beam, h, &worth);

  if (best == RNN_BEAM_NONE && rnn_beam_allows_unknown (beam))
    worth = rnn_beam_word_worth (beam, h, RNN_BEAM_NONE);
  if (worth == -INFINITY)
    return FALSE;
  rnn_beam_complete_word (beam, h, best, worth);
  return TRUE;
}

static void
add_sentence_end (RnnBeam *beam, RnnBeamHypothesis *h)
{
  const RnnBeamLanguage *language = beam->language;

  if (language->scorer)
    h->language += beam->config.lm_weight * rnn_scorer_end (language->scorer,
        beam->states + (gsize) (h - beam->now) * beam->state_size);
  if (beam->hotwords)
    h->language -= rnn_hotwords_get_earned (beam->hotwords, h->hot);
  h->hot = RNN_HOTWORDS_START;
}

/* What became one text is one hypothesis. */
static gboolean
merge (RnnBeam *beam, RnnBeamHypothesis *h, guint n)
{
  for (guint i = 0; i < n; i++) {
    RnnBeamHypothesis *other = &beam->now[i];

    if (other->key != h->key || other->said != h->said)
      continue;
    other->blank = rnn_beam_log_add (other->blank, h->blank);
    if (h->at_blank.score > other->at_blank.score) {
      RnnBeamPath path = other->at_blank;

      other->at_blank = h->at_blank;
      h->at_blank = path;
    }
    return TRUE;
  }
  return FALSE;
}

static gint
compare_rank (gconstpointer a, gconstpointer b)
{
  gdouble x = ((const RnnBeamHypothesis *) a)->rank, y = ((const RnnBeamHypothesis *) b)->rank;

  return (x < y) - (x > y);
}

/* Sorts the hypotheses, and their states with them: the best first. */
static void
sort (RnnBeam *beam)
{
  for (guint i = 0; i < beam->n; i++)
    beam->now[i].place = (guint16) i;
  qsort (beam->now, beam->n, sizeof *beam->now, compare_rank);
  for (guint i = 0; i < beam->n; i++)
    memcpy (beam->next_states + i * beam->state_size, beam->states + beam->now[i].place * beam->state_size, beam->state_size);
  memcpy (beam->states, beam->next_states, beam->n * beam->state_size);
}

static gboolean
may_end (const RnnBeam *beam, const RnnBeamHypothesis *h)
{
  guint n = 0;

  if (h->open && h->node != RNN_BEAM_NONE && beam->language->lexicon)
    rnn_lexicon_get_words (beam->language->lexicon, h->node, &n);
  return !h->open || rnn_beam_allows_unknown (beam) || n > 0;
}

/* What the word under way of @h would be, @other is, after the same words. */
static gboolean
is_twin (const RnnLexicon *lexicon, const RnnBeamHypothesis *h, const RnnBeamHypothesis *other)
{
  guint n;
  const guint32 *words = rnn_lexicon_get_words (lexicon, h->node, &n);

  if (other->open || !other->said || other->hash != h->hash || other->last != h->last)
    return FALSE;
  for (guint i = 0; i < n; i++)
    if (words[i] == other->word)
      return TRUE;
  return FALSE;
}

/* Where no tokens part words, a word that may be complete is so in a hypothesis of its own, which has these alignments, too. */
static gboolean
has_twin (const RnnBeam *beam, const RnnBeamHypothesis *h)
{
  if (!h->open || beam->language->parted || !beam->language->lexicon || h->node == RNN_BEAM_NONE)
    return FALSE;
  for (guint i = 0; i < beam->n; i++)
    if (is_twin (beam->language->lexicon, h, &beam->now[i]))
      return TRUE;
  return FALSE;
}

void
rnn_beam_end_words (RnnBeam *beam, gboolean sentence)
{
  guint n = 0;
  gboolean any = FALSE;

  for (guint i = 0; i < beam->n; i++) {
    any |= may_end (beam, &beam->now[i]);
    beam->now[i].twin = has_twin (beam, &beam->now[i]);
  }
  for (guint i = 0; i < beam->n; i++) {
    RnnBeamHypothesis *h = &beam->now[i];
    gboolean lives = !h->open || (!h->twin && end_word (beam, h));

    if (!lives && !any) {
      drop_word (beam, h);
      lives = TRUE;
    }
    settle (beam, h);
    if (sentence)
      add_sentence_end (beam, h);
    if (!lives || merge (beam, h, n)) {
      rnn_beam_let_go (beam, h);
      continue;
    }
    if (n != i) {
      memcpy (beam->states + n * beam->state_size, beam->states + i * beam->state_size, beam->state_size);
      beam->now[n] = *h;
    }
    n++;
  }
  beam->n = n;
  for (guint i = 0; i < n; i++)
    beam->now[i].rank = beam->now[i].blank + beam->now[i].language;
  sort (beam);
}

void
rnn_beam_pause (RnnBeam *beam)
{
  gboolean open = FALSE;

  for (guint i = 0; i < beam->n; i++)
    open |= beam->now[i].open;
  if (open)
    rnn_beam_end_words (beam, FALSE);
  if (!beam->language->scorer || beam->config.sentence_score <= RNN_CTC_NO_SENTENCES)
    return;
  for (guint i = 0; i < beam->n; i++) {
    RnnBeamHypothesis *h = &beam->now[i];
    gdouble worth = h->paused || memcmp (beam->states + i * beam->state_size, beam->begin, beam->state_size) == 0 ? 0
        : beam->config.lm_weight * rnn_beam_pause_worth (beam, h);

    h->paused = TRUE;
    h->language += worth;
    h->rank += worth;
  }
  sort (beam);
}
