/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From candidates to the next hypotheses: the best ones get alignments, places in the history, and states of the model. */
#include <math.h>
#include <string.h>
#include "../base/digest.h"
#include "beam.h"

#define NEVER -INFINITY
#define HASHED 64               /* bytes */

/* The last word of @h, which is @ended when it was under way, becomes a word of the history. (a new reference) */
static guint32
freeze (RnnBeam *beam, RnnBeamHypothesis *h, const RnnBeamPath *path, guint32 ended)
{
  RnnBeamHistory *history = &beam->history;
  guint32 *frozen = &h->frozen[path == &h->at_token];
  RnnBeamWord word = {.previous = path->previous,.word = h->open ? ended : h->word,.spelling = RNN_BEAM_NONE,
    .ordinal = h->ordinal,.start = path->start,.end = path->end
  };

  if (!h->said)
    return rnn_beam_history_ref_word (history, path->previous);
  if (*frozen != RNN_BEAM_NONE && history->words[*frozen].word == word.word)
    return rnn_beam_history_ref_word (history, *frozen);
  if (word.word == RNN_BEAM_NONE)
    word.spelling = h->spelling;
  word.hash = h->open ? rnn_beam_key_of_words (h->hash, ended, h->key) : h->key;
  word.confidence = path->n ? (gfloat) exp (path->sum / path->n) : 0;
  rnn_beam_history_unref_word (history, *frozen);
  *frozen = rnn_beam_history_add_word (history, &word);
  return rnn_beam_history_ref_word (history, *frozen);
}

/* The alignment that enters the candidate by its last token. */
static RnnBeamPath
enter (RnnBeam *beam, const RnnBeamCandidate *c)
{
  RnnBeamHypothesis *h = &beam->now[c->via];
  const RnnBeamPath *before = c->last == h->last ? &h->at_blank : rnn_beam_best_path (h);
  RnnBeamPath path = *before;

  if (c->via_begins)
    path = (RnnBeamPath) {.start = beam->base.now,.previous = freeze (beam, h, before, c->via_ended) };
  else
    rnn_beam_history_ref_word (&beam->history, path.previous);
  path.score = c->via_score;
  if (c->via_adds) {
    path.sum += beam->base.log_probs[c->last];
    path.n++;
    path.end = beam->base.now + 1;
  }
  return path;
}

static RnnBeamPath
go_on (RnnBeam *beam, const RnnBeamPath *before, gint token, gboolean emits)
{
  RnnBeamPath path = *before;
  gfloat y = beam->base.log_probs[token];

  path.score += y;
  if (emits) {
    path.sum += y;
    path.n++;
    path.end = beam->base.now + 1;
  }
  rnn_beam_history_ref_word (&beam->history, path.previous);
  return path;
}

static const RnnBeamPath nowhere = {.score = NEVER,.previous = RNN_BEAM_NONE };

static void
keep_staying (RnnBeam *beam, const RnnBeamCandidate *c, RnnBeamHypothesis *to)
{
  const RnnBeamHypothesis *h = &beam->now[c->stays];
  gboolean emits = h->said && h->last >= 0 && beam->language->kinds[h->last] != RNN_BEAM_PARTS;

  *to = *h;
  rnn_beam_history_ref_token (&beam->history, to->spelling);
  to->at_blank = go_on (beam, rnn_beam_best_path (h), beam->base.blank, FALSE);
  if (c->via >= 0)
    to->at_token = enter (beam, c);
  else
    to->at_token = h->last >= 0 ? go_on (beam, &h->at_token, h->last, emits) : nowhere;
}

static void
keep_new (RnnBeam *beam, const RnnBeamCandidate *c, RnnBeamHypothesis *to)
{
  RnnBeamHypothesis *h = &beam->now[c->from];

  *to = *h;
  to->key = c->key;
  to->last = c->last;
  to->node = c->node;
  to->word = c->word;
  to->open = c->open;
  to->inside = c->inside;
  to->hot = c->hot;
  to->paused = h->paused && !c->closed;
  to->language = c->language;
  to->at_token = enter (beam, c);
  to->at_blank = nowhere;
  if (c->begins) {
    to->ordinal = h->ordinal + (h->said ? 1 : 0);
    to->hash = c->hash;
    to->said = TRUE;
  }
  to->spelling = c->adds ? rnn_beam_history_add_token (&beam->history, c->begins ? RNN_BEAM_NONE : h->spelling, c->last)
      : rnn_beam_history_ref_token (&beam->history, h->spelling);
}

/* @after: the state after the word that the candidate has ended, if that is known. */
static void
keep (RnnBeam *beam, const RnnBeamCandidate *c, guint place, const guint8 *after)
{
  RnnBeamHypothesis *to = &beam->next[place];
  const guint8 *state = beam->states + (gsize) c->from * beam->state_size;
  guint8 *next = beam->next_states + place * beam->state_size;

  if (c->stays >= 0)
    keep_staying (beam, c, to);
  else
    keep_new (beam, c, to);
  to->blank = c->blank;
  to->token = c->token;
  to->rank = c->rank;
  to->ahead = c->ahead;
  to->frozen[0] = to->frozen[1] = RNN_BEAM_NONE;
  if (c->stays < 0 && c->closed && after && c->ended != RNN_BEAM_NONE)
    memcpy (next, after, beam->state_size);
  else if (c->stays < 0 && c->closed && beam->language->scorer)
    rnn_beam_score_word (beam, &beam->now[c->from], c->ended, next);
  else
    memcpy (next, state, beam->state_size);
}

void
rnn_beam_let_go (RnnBeam *beam, RnnBeamHypothesis *h)
{
  rnn_beam_history_unref_word (&beam->history, h->at_blank.previous);
  rnn_beam_history_unref_word (&beam->history, h->at_token.previous);
  rnn_beam_history_unref_word (&beam->history, h->frozen[0]);
  rnn_beam_history_unref_word (&beam->history, h->frozen[1]);
  rnn_beam_history_unref_token (&beam->history, h->spelling);
}

/* Of equals the one that was found first. */
static inline gboolean
is_above (const RnnBeam *beam, gint a, gint b)
{
  gdouble x = beam->candidates[a].rank, y = beam->candidates[b].rank;

  return x > y || (x == y && a < b);
}

/* chosen[n] is a heap with the worst on top, but for its top: lets that sink. */
static void
sink (RnnBeam *beam, guint n)
{
  gint *heap = beam->chosen, sinking = heap[0];
  guint at = 0;

  for (guint child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && is_above (beam, heap[child], heap[child + 1]))
      child++;
    if (!is_above (beam, sinking, heap[child]))
      break;
    heap[at] = heap[child];
  }
  heap[at] = sinking;
}

static void
rise (RnnBeam *beam, guint at)
{
  gint *heap = beam->chosen, rising = heap[at];

  for (; at > 0 && is_above (beam, heap[(at - 1) / 2], rising); at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = rising;
}

guint
rnn_beam_choose (RnnBeam *beam)
{
  gint *heap = beam->chosen;
  guint n = 0, most = 2 * beam->width;

  for (guint i = 0; i < beam->n_candidates; i++) {
    if (!(beam->candidates[i].rank >= beam->best - beam->config.beam_threshold))
      continue;
    if (n < most) {
      heap[n] = (gint) i;
      rise (beam, n++);
    } else if (is_above (beam, (gint) i, heap[0])) {
      heap[0] = (gint) i;
      sink (beam, n);
    }
  }
  for (guint left = n; left > 1; left--) {
    gint worst = heap[0];

    heap[0] = heap[left - 1];
    sink (beam, left - 1);
    heap[left - 1] = worst;
  }
  return n;
}

/* What is said next is worth the same after the one and after the other. */
static gboolean
same_future (const RnnBeam *beam, guint i, guint j)
{
  const RnnBeamHypothesis *a = &beam->next[i], *b = &beam->next[j];
  gsize size = beam->state_size;

  return a->last == b->last && a->node == b->node && a->inside == b->inside && a->open == b->open && a->hot == b->hot
      && a->paused == b->paused
      && memcmp (beam->next_states + i * size, beam->next_states + j * size, size) == 0;
}

/* Of a state its end: a recurrent model has a digest of all there, and the whole is some kilobytes. */
static guint
hash_future (const RnnBeam *beam, guint i)
{
  const RnnBeamHypothesis *h = &beam->next[i];
  gsize size = MIN (beam->state_size, HASHED);
  guint64 key = rnn_beam_mix (rnn_beam_mix (h->inside, h->node), (guint64) h->hot << 32 | (guint32) h->last);

  return (guint) rnn_digest_bytes (key ^ (guint64) h->open, beam->next_states + (i + 1) * beam->state_size - size, size);
}

/* Place @place goes to a better hypothesis that has the same future; if it does not, it is entered among the futures. */
static gboolean
is_beaten (RnnBeam *beam, guint place)
{
  guint mask = beam->n_table - 1, at = hash_future (beam, place) & mask;

  for (; beam->table[at]; at = (at + 1) & mask)
    if (same_future (beam, beam->table[at] - 1, place))
      return TRUE;
  beam->table[at] = place + 1;
  return FALSE;
}

guint
rnn_beam_keep_best (RnnBeam *beam)
{
  guint n = 0, n_chosen = rnn_beam_choose (beam);
  gboolean prepares = beam->language->scorer && beam->language->scorer->prepares;

  memset (beam->table, 0, beam->n_table * sizeof *beam->table); /* the candidates are found; now it holds futures */
  if (prepares)
    rnn_beam_prepare_states (beam, n_chosen);
  for (guint i = 0; i < n_chosen && n < beam->width; i++) {
    keep (beam, &beam->candidates[beam->chosen[i]], n, prepares ? beam->questions.after + i * beam->state_size : NULL);
    if (beam->config.recombine && is_beaten (beam, n))
      rnn_beam_let_go (beam, &beam->next[n]);
    else
      n++;
  }
  return n;
}

void
rnn_beam_swap (RnnBeam *beam, guint n)
{
  RnnBeamHypothesis *now = beam->now;
  guint8 *states = beam->states;

  for (guint i = 0; i < beam->n; i++)
    rnn_beam_let_go (beam, &now[i]);
  beam->now = beam->next;
  beam->next = now;
  beam->states = beam->next_states;
  beam->next_states = states;
  beam->n = n;
}
