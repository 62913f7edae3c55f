/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words for who cannot wait: of the best hypothesis the first word of a time of which was not told, if it ended so long ago and others are not
 * too probable.  The search goes on as it would have, with all that speaks against what was told.
 *
 * Which one is best depends on words under way, which are ranked by the most that a word below their node of the lexicon is worth after no
 * other (`ahead`); so ever longer words look better than the short ones that were said.  Where a word is due and few are left below the
 * node, each is asked for its worth after the words before.  Everywhere that would cost two to four times the search's time. */
#include <math.h>
#include <string.h>
#include "beam.h"

#define CLOSE 4                 /* nats below the best one: may become it */
#define MAX_BELOW 100           /* nodes and words of the lexicon that one look goes through */

/* The next word of @h, if it ended by step @until. */
static gboolean
get_due (const RnnBeam *beam, const RnnBeamHypothesis *h, guint64 until, RnnBeamWord *word)
{
  return rnn_beam_next_word (beam, h, word) && word->end <= until;
}

static gboolean
is_any_due (const RnnBeam *beam, guint64 until)
{
  RnnBeamWord word;

  for (guint i = 0; i < beam->n; i++)
    if (get_due (beam, &beam->now[i], until, &word))
      return TRUE;
  return FALSE;
}

/* ---- ranks ---- */

/* The most that a word at @node or below is worth to @h; FALSE: there are too many. */
static gboolean
look_below (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 node, gint *left, gfloat *best)
{
  gboolean elsewhere = node == h->node && !beam->language->parted;      /* what ends here does so in another hypothesis */
  guint n;
  const guint32 *words = rnn_lexicon_get_words (beam->language->lexicon, node, &n);
  const RnnLexicon *owner = rnn_lexicon_owner (beam->language->lexicon, &node);

  *left -= 1 + (gint) n;
  if (*left < 0)
    return FALSE;
  for (guint i = 0; i < n && !elsewhere; i++)
    *best = MAX (*best, rnn_beam_score_word (beam, h, words[i], NULL));
  for (guint32 place = owner->children[node]; place < owner->children[node + 1]; place++)
    if (!look_below (beam, h, rnn_lexicon_child_at (owner, place), left, best))
      return FALSE;
  return TRUE;
}

static gdouble
rank (RnnBeam *beam, const RnnBeamHypothesis *h)
{
  gint left = MAX_BELOW;
  gfloat best = -INFINITY;

  if (h->open && h->node != RNN_BEAM_NONE && beam->language->ahead && look_below (beam, h, h->node, &left, &best))
    return h->rank - h->ahead + beam->config.lm_weight * best;
  return h->rank;
}

static const RnnBeamHypothesis *
find_best (RnnBeam *beam)
{
  const RnnBeamHypothesis *best = NULL;
  gdouble highest = -INFINITY;

  for (guint i = 0; i < beam->n && beam->now[i].rank >= beam->now[0].rank - CLOSE; i++) {
    gdouble ranked = rank (beam, &beam->now[i]);

    if (!best || ranked > highest) {
      best = &beam->now[i];
      highest = ranked;
    }
  }
  return best;
}

/* ---- doubt ---- */

/* Of words that are one text the same number. */
static guint64
text_key (const RnnBeam *beam, const RnnBeamWord *word)
{
  guint64 key = 0;

  if (word->word != RNN_BEAM_NONE)
    return word->word;
  for (guint32 at = word->spelling; at != RNN_BEAM_NONE; at = beam->history.tokens[at].previous) {
    const gchar *text = rnn_tokens_get_text (beam->base.tokens, beam->history.tokens[at].token);

    for (gsize n = strlen (text); n > 0; n--)
      if (text[n - 1] != ' ')
        key = rnn_beam_mix (key, (guint8) text[n - 1]);
  }
  return key;
}

/* The probability that hypotheses hold whose next word is not @word. */
static gdouble
get_doubt (const RnnBeam *beam, const RnnBeamWord *word)
{
  guint64 key = text_key (beam, word);
  gdouble all = 0, others = 0;

  for (guint i = 0; i < beam->n; i++) {
    gdouble share = exp (beam->now[i].rank - beam->now[0].rank);
    RnnBeamWord other;

    all += share;
    others += rnn_beam_next_word (beam, &beam->now[i], &other) && text_key (beam, &other) == key ? 0 : share;
  }
  return others / all;
}

void
rnn_beam_settle (RnnCtcDecoder *decoder, guint64 until, gdouble doubt)
{
  RnnBeam *beam = (RnnBeam *) decoder;
  const RnnBeamHypothesis *best;
  RnnBeamWord word;

  if (!is_any_due (beam, until))
    return;
  best = find_best (beam);
  while (get_due (beam, best, until, &word) && (doubt >= 1 || get_doubt (beam, &word) <= doubt))
    rnn_beam_tell (beam, &word);
}
