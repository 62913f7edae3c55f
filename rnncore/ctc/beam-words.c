/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words that callers see: those on which all hypotheses agree are stable (every later hypothesis comes from one of
 * them, so nothing can change them); behind them, until the next step, those of the best hypothesis.  Who cannot wait is told of words
 * before (beam-due.c); of what is found later only words count that begin where the told ones end or after. */
#include <math.h>
#include <string.h>
#include "beam.h"

/* ---- texts ---- */

const gchar *
rnn_beam_spell (RnnBeam *beam, guint32 word, guint32 spelling)
{
  guint n = 0;

  if (word != RNN_BEAM_NONE)
    return rnn_lexicon_get_text (beam->language->lexicon, word);
  g_string_truncate (beam->text, 0);
  for (; spelling != RNN_BEAM_NONE; spelling = beam->history.tokens[spelling].previous)
    beam->letters[n++] = spelling;
  while (n > 0) {
    const gchar *text = rnn_tokens_get_text (beam->base.tokens, beam->history.tokens[beam->letters[--n]].token);

    g_string_append (beam->text, text + (beam->text->len == 0 ? strspn (text, " ") : 0));
  }
  return beam->text->str;
}

/* The last word of @h; of sounds under way, which are no text, the one that may end here.  RNN_BEAM_NONE: its tokens spell it. */
static guint32
guess_word (RnnBeam *beam, const RnnBeamHypothesis *h)
{
  const RnnLexicon *lexicon = beam->language->lexicon;
  gdouble worth;

  return h->open && lexicon && !lexicon->spelled ? rnn_beam_best_end (beam, h, &worth) : h->word;
}

static gboolean
can_spell (const RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word)
{
  return h->said && (word != RNN_BEAM_NONE || !beam->language->lexicon || beam->language->lexicon->spelled);
}

/* What begins at step @start is of a time whose words were told. */
static inline gboolean
is_told (const RnnBeam *beam, guint64 start)
{
  return start < beam->told_until;
}

static gboolean
has_last (RnnBeam *beam)
{
  const RnnBeamHypothesis *h = &beam->now[0];

  return can_spell (beam, h, guess_word (beam, h)) && !is_told (beam, rnn_beam_best_path (h)->start);
}

static gfloat
confidence_of (const RnnBeamPath *path)
{
  return path->n ? (gfloat) exp (path->sum / path->n) : 0;
}

/* ---- words ---- */

/* Times of stable words come from the best alignment of then, those of later words from that of now: they must not
 * overlap. */
static void
set_times (RnnBeam *beam, guint i, guint64 start, guint64 end, gfloat confidence)
{
  RnnCtcWord *word = &beam->base.words.words[i];

  word->start = MAX (start, i > 0 ? word[-1].end : beam->said_until);
  word->start = MIN (word->start, beam->heard - 1);
  word->end = MIN (MAX (end, word->start + 1), beam->heard);
  word->confidence = confidence;
}

static void
add_word (RnnBeam *beam, guint32 word, guint32 spelling, guint64 start, guint64 end, gfloat confidence)
{
  const gchar *text = rnn_beam_spell (beam, word, spelling);

  rnn_ctc_words_add (&beam->base.words);
  rnn_ctc_words_append (&beam->base.words, text, strlen (text));
  set_times (beam, beam->base.words.n - 1, start, end, confidence);
}

static void
add_history (RnnBeam *beam, guint32 place)
{
  const RnnBeamWord *word = &beam->history.words[place];

  if (!is_told (beam, word->start))
    add_word (beam, word->word, word->spelling, word->start, word->end, word->confidence);
}

/* The words before the last one of @path that are not committed, the first one first, in chain[]; returns how many. */
static guint
trace (RnnBeam *beam, const RnnBeamPath *path)
{
  guint n = 0;

  for (guint32 place = path->previous; place != RNN_BEAM_NONE; place = beam->history.words[place].previous)
    n++;
  for (guint32 place = path->previous, i = n; place != RNN_BEAM_NONE; place = beam->history.words[place].previous)
    beam->chain[--i] = place;
  return n;
}

/* ---- what is stable ---- */

/* How many words, from the first on, @a and @b have in common before their last ones. */
static guint64
count_common (const RnnBeam *beam, const RnnBeamHypothesis *a, const RnnBeamHypothesis *b)
{
  const RnnBeamWord *words = beam->history.words;
  guint32 x = rnn_beam_best_path (a)->previous, y = rnn_beam_best_path (b)->previous;

  if (a->ordinal == b->ordinal && a->hash == b->hash)
    return a->ordinal;
  while (x != RNN_BEAM_NONE && y != RNN_BEAM_NONE) {
    if (words[x].ordinal == words[y].ordinal && words[x].hash == words[y].hash)
      return words[x].ordinal + 1;
    if (words[x].ordinal >= words[y].ordinal)
      x = words[x].previous;
    else
      y = words[y].previous;
  }
  return beam->committed;
}

/* Forgets what is committed. */
static void
cut (RnnBeam *beam, guint32 *previous)
{
  RnnBeamHistory *h = &beam->history;

  while (*previous != RNN_BEAM_NONE && h->words[*previous].ordinal >= beam->committed)
    previous = &h->words[*previous].previous;
  rnn_beam_history_unref_word (h, *previous);
  *previous = RNN_BEAM_NONE;
}

/* Words [n_stable, n) are stable.  Of an utterance without an end only the last part is kept: nothing may grow for ever. */
static void
note_said (RnnBeam *beam, guint n)
{
  guint from = beam->base.n_stable;

  beam->base.n_stable = n;
  if (n > 0)
    beam->said_until = beam->base.words.words[n - 1].end;
  for (guint i = from; i < n; i++) {
    const gchar *text = beam->base.words.words[i].text;

    if (beam->said->len + strlen (text) + 2 > RNN_BEAM_SAID)
      g_string_erase (beam->said, 0, beam->said->len / 2 + strcspn (beam->said->str + beam->said->len / 2, " "));
    if (beam->said->len)
      g_string_append_c (beam->said, ' ');
    g_string_append (beam->said, text);
  }
}

static void
commit (RnnBeam *beam, guint64 until)
{
  guint n = trace (beam, rnn_beam_best_path (&beam->now[0]));

  n = (guint) MIN (n, until - beam->committed);
  rnn_ctc_words_truncate (&beam->base.words, beam->base.n_stable);
  for (guint i = 0; i < n; i++)
    add_history (beam, beam->chain[i]);
  note_said (beam, beam->base.words.n);
  beam->committed = until;
  for (guint i = 0; i < beam->n; i++) {
    cut (beam, &beam->now[i].at_blank.previous);
    cut (beam, &beam->now[i].at_token.previous);
  }
}

/* ---- what is shown ---- */

static void
show_last (RnnBeam *beam)
{
  const RnnBeamHypothesis *h = &beam->now[0];
  const RnnBeamPath *path = rnn_beam_best_path (h);

  beam->shows_last = has_last (beam);
  beam->base.open = beam->shows_last && h->open;
  if (beam->shows_last)
    add_word (beam, guess_word (beam, h), h->spelling, path->start, path->end, confidence_of (path));
}

static void
show_all (RnnBeam *beam)
{
  guint n = trace (beam, rnn_beam_best_path (&beam->now[0]));

  rnn_ctc_words_truncate (&beam->base.words, beam->base.n_stable);
  for (guint i = 0; i < n; i++)
    add_history (beam, beam->chain[i]);
  show_last (beam);
  beam->shown = beam->now[0].key;
}

/* The same text as a step before: only the last word's times move. */
static void
touch (RnnBeam *beam)
{
  const RnnBeamPath *path = rnn_beam_best_path (&beam->now[0]);

  if (beam->shows_last && beam->base.words.n > 0)      /* of a state that came from outside neither is sure */
    set_times (beam, beam->base.words.n - 1, path->start, path->end, confidence_of (path));
}

void
rnn_beam_show (RnnBeam *beam)
{
  guint64 common = beam->now[0].ordinal;

  for (guint i = 1; i < beam->n && common > beam->committed; i++)
    common = MIN (common, count_common (beam, &beam->now[0], &beam->now[i]));
  if (common > beam->committed)
    commit (beam, common);
  else if (beam->shown == beam->now[0].key && beam->shows_last == has_last (beam)) {
    touch (beam);
    return;
  }
  show_all (beam);
}

/* ---- what is due ---- */

gboolean
rnn_beam_next_word (const RnnBeam *beam, const RnnBeamHypothesis *h, RnnBeamWord *word)
{
  const RnnBeamPath *path = rnn_beam_best_path (h);
  guint32 first = RNN_BEAM_NONE;

  for (guint32 at = path->previous; at != RNN_BEAM_NONE && !is_told (beam, beam->history.words[at].start); at = beam->history.words[at].previous)
    first = at;
  if (first != RNN_BEAM_NONE) {
    *word = beam->history.words[first];
    return TRUE;
  }
  *word = (RnnBeamWord) {.word = h->word,.spelling = h->spelling,.start = path->start,.end = path->end,.confidence = confidence_of (path) };
  return !h->open && can_spell (beam, h, h->word) && !is_told (beam, path->start);
}

void
rnn_beam_tell (RnnBeam *beam, const RnnBeamWord *word)
{
  rnn_ctc_words_truncate (&beam->base.words, beam->base.n_stable);
  add_word (beam, word->word, word->spelling, word->start, word->end, word->confidence);
  note_said (beam, beam->base.words.n);
  beam->told_until = beam->said_until;
  show_all (beam);
}

/* ---- the end ---- */

void
rnn_beam_commit_all (RnnBeam *beam)
{
  show_all (beam);
  beam->base.open = FALSE;
  beam->base.n_stable = beam->base.words.n;
  if (beam->base.words.n > 0)
    beam->said_until = beam->base.words.words[beam->base.words.n - 1].end;
}

void
rnn_beam_commit_last (RnnBeam *beam)
{
  RnnBeamHypothesis *h = &beam->now[0];

  rnn_beam_show (beam);
  if (!h->said || h->open)
    return;
  rnn_ctc_words_truncate (&beam->base.words, beam->base.n_stable);
  show_last (beam);
  note_said (beam, beam->base.words.n);
  beam->committed = ++h->ordinal;
  cut (beam, &h->at_blank.previous);
  cut (beam, &h->at_token.previous);
  h->said = FALSE;
  h->hash = h->key;
  beam->shown = G_MAXUINT64;
}

/* The whole text of @h, with words that were told in place of its own. (transfer full) */
static gchar *
read_text (RnnBeam *beam, const RnnBeamHypothesis *h)
{
  GString *text = g_string_new (beam->said->str);
  guint n = trace (beam, rnn_beam_best_path (h));

  for (guint k = 0; k < n; k++) {
    const RnnBeamWord *word = &beam->history.words[beam->chain[k]];

    if (!is_told (beam, word->start))
      g_string_append_printf (text, "%s%s", text->len ? " " : "", rnn_beam_spell (beam, word->word, word->spelling));
  }
  if (can_spell (beam, h, h->word) && !is_told (beam, rnn_beam_best_path (h)->start))
    g_string_append_printf (text, "%s%s", text->len ? " " : "", rnn_beam_spell (beam, h->word, h->spelling));
  return g_string_free (text, FALSE);
}

/* What differs only in a time of which was told is one reading, as good as its best. */
void
rnn_beam_read (RnnBeam *beam)
{
  g_autoptr (GHashTable) texts = g_hash_table_new (g_str_hash, g_str_equal);
  guint n = 0;

  for (guint i = 0; i < beam->n_made; i++)
    g_free (beam->base.readings[i].text);
  g_free (beam->base.readings);
  beam->base.readings = g_new0 (RnnCtcReading, beam->n);
  for (guint i = 0; i < beam->n; i++) {
    gchar *text = read_text (beam, &beam->now[i]);

    if (g_hash_table_contains (texts, text)) {
      g_free (text);
      continue;
    }
    g_hash_table_add (texts, text);
    beam->base.readings[n++] = (RnnCtcReading) { text, beam->now[i].rank };
  }
  beam->base.n_readings = beam->n_made = n;
}

/* Where the first word of an alignment begins that is not stable. */
static guint64
first_of_path (RnnBeam *beam, const RnnBeamHypothesis *h, const RnnBeamPath *path)
{
  guint n = trace (beam, path);

  return n > 0 ? beam->history.words[beam->chain[0]].start : h->said ? path->start : beam->base.now;
}

/* Any alignment may become the best one; those to come go on from these, so that this never goes back. */
guint64
rnn_beam_first_step (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;
  guint64 first = decoder->now;

  if (decoder->n_stable > 0)
    return decoder->words.words[0].start;
  for (guint i = 0; i < beam->n && !beam->finished; i++) {
    const RnnBeamHypothesis *h = &beam->now[i];

    if (h->at_blank.score > -INFINITY)
      first = MIN (first, first_of_path (beam, h, &h->at_blank));
    if (h->at_token.score > -INFINITY)
      first = MIN (first, first_of_path (beam, h, &h->at_token));
  }
  return CLAMP (first, MIN (beam->said_until, decoder->now), decoder->now);
}
