/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One step of the search.  With p (l) the probability of hypothesis l, split into p_b (its alignments that end in a
 * blank) and p_t (in its last token), and y the step's probabilities:
 *   p_b' (l) = (p_b + p_t) (l) y (blank)
 *   p_t' (l) = p_t (l) y (last) + sum over l = l- k of y (k) (k = last of l- ? p_b (l-) : (p_b + p_t) (l-))
 * Candidates are found again by a hash of their words and tokens, so that what reaches one text by several ways adds
 * up; the best `width` of them, by what words add too, are the next hypotheses. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "beam.h"

#define NEVER -INFINITY
#define NEGLIGIBLE 12             /* nats below the other way */
#define PARTED G_MAXUINT64          /* no token has this number */

gdouble
rnn_beam_log_add (gdouble a, gdouble b)
{
  gdouble high = MAX (a, b), low = MIN (a, b);

  return low == NEVER ? high : high + log1p (exp (low - high));
}

guint64
rnn_beam_key_of_words (guint64 before, guint32 word, guint64 spelled)
{
  return word == RNN_BEAM_NONE ? rnn_beam_mix (spelled, PARTED) : rnn_beam_mix (rnn_beam_mix (before, G_MAXUINT32), word);
}

/* The key of a word under way with one token more: without a lexicon only the text counts, not how it is cut. */
static guint64
key_of_token (const RnnBeam *beam, guint64 key, gint token)
{
  const gchar *text = rnn_tokens_get_text (beam->base.tokens, token);

  if (beam->language->lexicon || !*text)
    return rnn_beam_mix (key, (guint64) token);
  for (text += strspn (text, " "); *text; text++)
    key = rnn_beam_mix (key, (guint8) *text);
  return key;
}

/* ---- what words are worth ---- */

gboolean
rnn_beam_allows_unknown (const RnnBeam *beam)
{
  const RnnLexicon *lexicon = beam->language->lexicon;

  return !lexicon || (lexicon->spelled && beam->config.unknown_score > RNN_CTC_NO_UNKNOWN);
}

guint32
rnn_beam_number_of (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word)
{
  return word != RNN_BEAM_NONE && beam->language->numbers ? rnn_beam_language_number (beam->language, word)
      : rnn_scorer_find (beam->language->scorer, rnn_beam_spell (beam, word, h->spelling));
}

/* log (1 - p) and log p that a sentence is over. */
static void
weigh_end (const RnnBeam *beam, gboolean paused, gfloat *goes_on, gfloat *ends)
{
  gfloat odds = beam->config.pause_score;

  *goes_on = paused ? -log1pf (expf (odds)) : 0;
  *ends = paused ? *goes_on + odds : beam->config.sentence_score;
}

gdouble
rnn_beam_pause_worth (const RnnBeam *beam, const RnnBeamHypothesis *h)
{
  gfloat goes_on, ends;

  weigh_end (beam, TRUE, &goes_on, &ends);
  return rnn_beam_log_add (goes_on, ends + rnn_scorer_end (beam->language->scorer,
      beam->states + (gsize) (h - beam->now) * beam->state_size));
}

/* Can a sentence be over before the next word of @h? */
static gboolean
may_be_over (const RnnBeam *beam, const RnnBeamHypothesis *h)
{
  return beam->config.sentence_score > RNN_CTC_NO_SENTENCES
      && memcmp (beam->states + (gsize) (h - beam->now) * beam->state_size, beam->begin, beam->state_size) != 0;
}

gboolean
rnn_beam_may_begin (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 number, const gchar *text, guint8 *next, gfloat *on, gfloat *anew)
{
  const guint8 *state = beam->states + (gsize) (h - beam->now) * beam->state_size;
  RnnScorer *scorer = beam->language->scorer;
  gfloat goes_on;

  *on = rnn_scorer_score_text (scorer, state, number, text, next);
  if (!may_be_over (beam, h))
    return FALSE;
  weigh_end (beam, h->paused, &goes_on, anew);
  *on += goes_on;
  *anew += rnn_scorer_end (scorer, state);
  return *anew >= *on - NEGLIGIBLE;
}

/* Or a sentence ended before the word: where a pause was heard most likely, elsewhere now and then, as speech has no full stops and
 * people who read or talk on leave no pause where one would be:
 *   ((1 - p) P (w | h) + p P (the end | h) P (w | the beginning)) / ((1 - p) + p P (the end | h))
 * of which the pause has cost the denominator, so that who says nothing after it has no advantage.  Without a pause 1 - p and the
 * denominator are 1. */
gfloat
rnn_beam_score_word (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word, guint8 *next)
{
  RnnScorer *scorer = beam->language->scorer;
  const gchar *text = scorer->klass->score_text ? rnn_beam_spell (beam, word, h->spelling) : NULL;
  guint32 number = rnn_beam_number_of (beam, h, word);
  gfloat on, anew, added = rnn_beam_language_weigh_added (beam->language, word);

  if (!rnn_beam_may_begin (beam, h, number, text, next, &on, &anew))
    return added + on - (h->paused && may_be_over (beam, h) ? (gfloat) rnn_beam_pause_worth (beam, h) : 0);
  anew += rnn_scorer_score_text (scorer, beam->begin, number, text, NULL);
  if (next && anew > on)
    rnn_scorer_score_text (scorer, beam->begin, number, text, next);
  return (gfloat) (added + rnn_beam_log_add (on, anew) - (h->paused ? rnn_beam_pause_worth (beam, h) : 0));
}

const guint8 *
rnn_beam_state_before (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word)
{
  const gchar *text = rnn_lexicon_get_text (beam->language->lexicon, word);
  guint32 number = rnn_beam_number_of (beam, h, word);
  gfloat on, anew;

  if (rnn_beam_may_begin (beam, h, number, text, NULL, &on, &anew)
      && anew + rnn_scorer_score_text (beam->language->scorer, beam->begin, number, text, NULL) > on)
    return beam->begin;
  return beam->states + (gsize) (h - beam->now) * beam->state_size;
}

gdouble
rnn_beam_word_worth (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word)
{
  gdouble worth = 0;

  if (word == RNN_BEAM_NONE && beam->language->lexicon)
    worth += beam->config.unknown_score;
  if (beam->language->scorer) {
    worth += beam->config.word_score + beam->config.lm_weight * rnn_beam_score_word (beam, h, word, NULL);
    if (!beam->language->lexicon && rnn_beam_number_of (beam, h, word) == RNN_SCORER_UNKNOWN)
      worth += beam->config.unknown_score;
  }
  return worth;
}

static gdouble
ahead_worth (const RnnBeam *beam, guint32 node, gboolean open)
{
  if (!open || !beam->language->lexicon)
    return 0;
  if (node == RNN_BEAM_NONE)
    return beam->config.unknown_score;
  return beam->language->ahead ? beam->config.lm_weight * rnn_beam_language_look_ahead (beam->language, node) : 0;
}

static inline guint32
end_symbol (const RnnBeam *beam, guint32 word)
{
  const RnnLexicon *lexicon = beam->language->lexicon;

  return RNN_HOTWORDS_END + (lexicon && !lexicon->spelled && word != RNN_BEAM_NONE ? 1 + word : 0);
}

void
rnn_beam_complete_word (RnnBeam *beam, RnnBeamHypothesis *h, guint32 word, gdouble worth)
{
  gsize place = (gsize) (h - beam->now);
  guint8 *state = beam->states + place * beam->state_size, *next = beam->next_states + place * beam->state_size;

  if (beam->language->scorer) {
    rnn_beam_score_word (beam, h, word, next);
    memcpy (state, next, beam->state_size);
  }
  if (beam->hotwords)
    h->hot = rnn_hotwords_step (beam->hotwords, h->hot, end_symbol (beam, word), &h->language);
  h->language += worth;
  h->key = rnn_beam_key_of_words (h->hash, word, h->key);
  h->word = word;
  h->node = 0;
  h->inside = 0;
  h->open = h->paused = FALSE;
  h->ahead = 0;
}

/* ---- candidates ---- */

static RnnBeamCandidate *
find (RnnBeam *beam, guint64 key, gint last, guint **slot)
{
  guint mask = beam->n_table - 1, at = (guint) rnn_beam_mix (key, (guint64) last) & mask;

  for (; beam->table[at]; at = (at + 1) & mask) {
    RnnBeamCandidate *c = &beam->candidates[beam->table[at] - 1];

    if (c->key == key && c->last == last)
      return c;
  }
  *slot = &beam->table[at];
  return NULL;
}

static gint
compare_places (gconstpointer a, gconstpointer b)
{
  return *(const gint *) a - *(const gint *) b;
}

/* The room is full: of the candidates those stay that would be looked at if the step were over. */
static void
thin_out (RnnBeam *beam)
{
  guint n = rnn_beam_choose (beam), *slot = beam->table;

  qsort (beam->chosen, n, sizeof *beam->chosen, compare_places);
  memset (beam->table, 0, beam->n_table * sizeof *beam->table);
  for (beam->n_candidates = 0; beam->n_candidates < n;) {
    RnnBeamCandidate *c = &beam->candidates[beam->n_candidates];

    *c = beam->candidates[beam->chosen[beam->n_candidates]];
    find (beam, c->key, c->last, &slot);
    *slot = ++beam->n_candidates;
  }
}

static inline void
rank (RnnBeam *beam, RnnBeamCandidate *c)
{
  c->rank = rnn_beam_log_add (c->blank, c->token) + c->language + c->ahead;
  beam->best = MAX (beam->best, c->rank);
}

static void
stay (RnnBeam *beam, guint i)
{
  const RnnBeamHypothesis *h = &beam->now[i];
  const gfloat *y = beam->base.log_probs;
  RnnBeamCandidate *c;
  guint *slot;

  if (find (beam, h->key, h->last, &slot))      /* equals are one already */
    return;
  c = &beam->candidates[beam->n_candidates++];
  *slot = beam->n_candidates;
  *c = (RnnBeamCandidate) {.key = h->key,.last = h->last,.stays = (gint16) i,.from = (gint16) i,.via = -1,.node = h->node,
    .word = h->word,.open = h->open,.inside = h->inside,.hot = h->hot,.language = h->language,.ahead = h->ahead
  };
  c->blank = rnn_beam_log_add (h->blank, h->token) + y[beam->base.blank];
  c->token = h->last >= 0 ? h->token + y[h->last] : NEVER;
  c->via_score = h->last >= 0 ? h->at_token.score + y[h->last] : NEVER;
  rank (beam, c);
}

/* @c says what becomes of hypothesis `from` when `last` follows; mass and path are its probabilities with it. */
static void
offer (RnnBeam *beam, const RnnBeamCandidate *made, gdouble mass, gdouble path)
{
  guint *slot;
  RnnBeamCandidate *c;

  if (beam->asking) {
    beam->best = MAX (beam->best, mass + made->language + made->ahead);
    return;
  }
  if (!(c = find (beam, made->key, made->last, &slot))) {
    if (beam->n_candidates == beam->n_room) {
      thin_out (beam);
      find (beam, made->key, made->last, &slot);
    }
    c = &beam->candidates[beam->n_candidates++];
    *slot = beam->n_candidates;
    *c = *made;
    c->stays = -1;
    c->blank = c->token = c->via_score = NEVER;
  }
  c->token = rnn_beam_log_add (c->token, mass);
  if (path > c->via_score) {
    c->via = made->from;
    c->via_score = path;
    c->via_ended = made->ended;
    c->via_begins = made->begins;
    c->via_adds = made->adds;
  }
  rank (beam, c);
}

/* ---- extensions ---- */

typedef struct {
  const RnnBeamHypothesis *h;
  gint token;
  gdouble mass, path;           /* with the token's probability */
  gdouble hot;                  /* earned by what comes before the token */
  RnnBeamCandidate c;           /* to begin with */
} Extension;

static inline gboolean
hopeless (const RnnBeam *beam, gdouble worth)
{
  return worth < beam->best - beam->config.beam_threshold;
}

static inline gdouble
most_of_hotwords (const RnnBeam *beam)
{
  return beam->hotwords ? rnn_hotwords_get_most (beam->hotwords) : 0;
}

/* No more than rnn_beam_score_word () gives. */
static gdouble
most_of_word (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 number, const gchar *text)
{
  RnnScorer *scorer = beam->language->scorer;
  gfloat goes_on, ends, on = rnn_scorer_ceiling (scorer, beam->states + (gsize) (h - beam->now) * beam->state_size, number, text);

  if (!may_be_over (beam, h))
    return on;
  weigh_end (beam, h->paused, &goes_on, &ends);
  return rnn_beam_log_add (on, ends - goes_on + rnn_scorer_ceiling (scorer, beam->begin, number, text));
}

gdouble
rnn_beam_most_worth (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 number, const gchar *text)
{
  return h->language + beam->config.word_score + beam->config.lm_weight * most_of_word (beam, h, number, text)
      + most_of_hotwords (beam);
}

/* What is hopeless even if the model says the best of the word that it may is not asked of one that takes long. */
static gboolean
is_hopeless_word (RnnBeam *beam, const Extension *x, guint32 word)
{
  const RnnScorer *scorer = beam->language->scorer;

  if (hopeless (beam, x->mass + x->h->language + MAX (beam->config.word_score, 0) + (beam->hotwords ? 100 : 0)))
    return TRUE;
  return scorer && scorer->prepares && hopeless (beam, x->mass + rnn_beam_most_worth (beam, x->h, rnn_beam_number_of (beam, x->h, word),
          rnn_beam_spell (beam, word, x->h->spelling)));
}

/* The last word ends as @word. */
static gboolean
close_word (RnnBeam *beam, Extension *x, guint32 word)
{
  if (is_hopeless_word (beam, x, word))
    return FALSE;
  if (beam->asking) {
    rnn_beam_note_question (beam, x->h, word, beam->best - beam->config.beam_threshold - x->mass);
    return FALSE;
  }
  x->c.key = rnn_beam_key_of_words (x->c.hash, word, x->c.key);
  x->c.word = x->c.ended = word;
  x->c.node = 0;
  x->c.inside = 0;
  x->c.open = FALSE;
  x->c.closed = TRUE;
  x->c.ahead = 0;
  x->c.language += rnn_beam_word_worth (beam, x->h, word);
  if (hopeless (beam, x->mass + x->c.language + most_of_hotwords (beam)))
    return FALSE;
  if (beam->hotwords)
    x->c.hot = rnn_hotwords_step (beam->hotwords, x->c.hot, end_symbol (beam, word), &x->c.language);
  return TRUE;
}

/* The token joins the last word, or begins one. */
static gboolean
join (RnnBeam *beam, Extension *x)
{
  const RnnLexicon *lexicon = beam->language->lexicon;

  if (!x->c.open) {
    x->c.begins = TRUE;
    x->c.hash = x->c.key;
    x->c.inside = 0;
    x->c.node = lexicon ? 0 : RNN_BEAM_NONE;
  }
  if (x->c.node != RNN_BEAM_NONE)
    x->c.node = rnn_lexicon_step (lexicon, x->c.node, x->token);
  if (x->c.node == RNN_BEAM_NONE && !rnn_beam_allows_unknown (beam))
    return FALSE;
  x->c.key = key_of_token (beam, x->c.key, x->token);
  x->c.inside = key_of_token (beam, x->c.inside, x->token);
  x->c.open = x->c.adds = TRUE;
  x->c.word = RNN_BEAM_NONE;
  if (beam->hotwords)
    x->c.hot = rnn_hotwords_step (beam->hotwords, x->c.hot, (guint32) x->token, &x->c.language);
  x->c.ahead = ahead_worth (beam, x->c.node, TRUE);
  return !hopeless (beam, x->mass + x->c.language + x->c.ahead);
}

typedef void (*Then) (RnnBeam *beam, Extension *x);

static void
then_offer (RnnBeam *beam, Extension *x)
{
  offer (beam, &x->c, x->mass, x->path);
}

static void
then_join (RnnBeam *beam, Extension *x)
{
  if (join (beam, x))
    offer (beam, &x->c, x->mass, x->path);
}

/* Every word that may end here ends. */
static void
close_all (RnnBeam *beam, const Extension *x, Then then)
{
  const RnnLexicon *lexicon = beam->language->lexicon;
  guint n = 0;
  const guint32 *words = lexicon && x->h->node != RNN_BEAM_NONE ? rnn_lexicon_get_words (lexicon, x->h->node, &n) : NULL;

  for (guint i = 0; i < n; i++) {
    Extension closed = *x;

    if (close_word (beam, &closed, words[i]))
      then (beam, &closed);
  }
  if (n == 0 && rnn_beam_allows_unknown (beam)) {
    Extension closed = *x;

    if (close_word (beam, &closed, RNN_BEAM_NONE))
      then (beam, &closed);
  }
}

/* Without tokens that part words: the word that may end with this token, in a hypothesis of its own. */
static void
close_at_once (RnnBeam *beam, const Extension *joined)
{
  guint n = 0;
  const guint32 *words = joined->c.node == RNN_BEAM_NONE ? NULL : rnn_lexicon_get_words (beam->language->lexicon, joined->c.node, &n);

  for (guint i = 0; i < n; i++) {
    Extension closed = *joined;

    if (close_word (beam, &closed, words[i]))
      then_offer (beam, &closed);
  }
}

static void
extend_by_text (RnnBeam *beam, Extension *x)
{
  if (!join (beam, x))
    return;
  then_offer (beam, x);
  if (!beam->language->parted && beam->language->lexicon)
    close_at_once (beam, x);
}

static void
extend (RnnBeam *beam, guint i, gint token)
{
  const RnnBeamHypothesis *h = &beam->now[i];
  gboolean repeats = token == h->last;
  Extension x = {.h = h,.token = token };

  x.mass = (repeats ? h->blank : rnn_beam_log_add (h->blank, h->token)) + beam->base.log_probs[token];
  x.path = (repeats ? h->at_blank.score : rnn_beam_best_path (h)->score) + beam->base.log_probs[token];
  if (x.mass == NEVER)
    return;
  x.c = (RnnBeamCandidate) {.key = h->key,.last = token,.from = (gint16) i,.node = h->node,.word = h->word,.open = h->open,
    .hash = h->hash,.inside = h->inside,.hot = h->hot,.language = h->language
  };
  switch ((RnnBeamKind) beam->language->kinds[token]) {
    case RNN_BEAM_INSIDE:
      extend_by_text (beam, &x);
      break;
    case RNN_BEAM_BEGINS:
      if (h->open)
        close_all (beam, &x, then_join);
      else
        then_join (beam, &x);
      break;
    case RNN_BEAM_PARTS:
      if (h->open)
        close_all (beam, &x, then_offer);
      else
        then_offer (beam, &x);
      break;
  }
}

/* ---- a step ---- */

/* Tokens below the threshold are impossible, but for the best; order[]: the others, the best first. */
static void
order_tokens (RnnBeam *beam)
{
  gfloat *y = beam->base.log_probs;
  gint best = 0, n = 0, limit = beam->config.token_count;

  for (gint v = 1; v < beam->base.V; v++)
    if (y[v] > y[best])
      best = v;
  for (gint v = 0; v < beam->base.V; v++) {
    gint at;

    if (y[v] < beam->config.token_threshold && v != best)
      y[v] = NEVER;
    if (y[v] == NEVER || v == beam->base.blank)
      continue;
    for (at = n < limit ? n++ : n; at > 0 && y[beam->order[at - 1]] < y[v]; at--)
      if (at < limit)
        beam->order[at] = beam->order[at - 1];
    if (at < limit)
      beam->order[at] = v;
  }
  beam->n_order = (guint) n;
}

/* A history that fills up (hypotheses that agree on nothing for very long): the best one alone goes on. */
static void
make_room (RnnBeam *beam)
{
  guint reserve = 3 * beam->width + 2;

  if (beam->history.words_left >= reserve && beam->history.tokens_left >= reserve)
    return;
  while (beam->n > 1)
    rnn_beam_let_go (beam, &beam->now[--beam->n]);
  rnn_beam_show (beam);
  if (beam->history.tokens_left < reserve + beam->history.n_tokens / 2)
    rnn_beam_end_words (beam, FALSE);
}

static void
extend_all (RnnBeam *beam)
{
  for (guint i = 0; i < beam->n; i++)
    for (guint k = 0; k < beam->n_order; k++)
      extend (beam, i, beam->order[k]);
}

static void
ask_first (RnnBeam *beam)
{
  gdouble best = beam->best;

  beam->asking = TRUE;
  extend_all (beam);
  beam->asking = FALSE;
  beam->best = best;
  rnn_beam_prepare_words (beam);
}

void
rnn_beam_extend (RnnBeam *beam)
{
  make_room (beam);
  order_tokens (beam);
  memset (beam->table, 0, beam->n_table * sizeof *beam->table);
  beam->n_candidates = 0;
  beam->best = NEVER;
  for (guint i = 0; i < beam->n; i++)
    stay (beam, i);
  if (beam->language->scorer && beam->language->scorer->prepares)
    ask_first (beam);
  extend_all (beam);
  rnn_beam_swap (beam, rnn_beam_keep_best (beam));
}

void
rnn_beam_start (RnnBeam *beam)
{
  RnnBeamHypothesis *h = beam->now;

  rnn_beam_history_reset (&beam->history);
  *h = (RnnBeamHypothesis) {.last = -1,.node = 0,.spelling = RNN_BEAM_NONE,.word = RNN_BEAM_NONE,.hot = RNN_HOTWORDS_START,
    .token = NEVER,.at_token = {.score = NEVER,.previous = RNN_BEAM_NONE},.frozen = {RNN_BEAM_NONE, RNN_BEAM_NONE}
  };
  h->at_blank.previous = RNN_BEAM_NONE;
  beam->n = 1;
  beam->committed = 0;
  g_string_truncate (beam->said, 0);
  memcpy (beam->states, beam->carries ? beam->carried : beam->begin, beam->state_size);
  beam->carries = FALSE;
}
