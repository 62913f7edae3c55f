/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The whole search on its way into another process: hypotheses, states of the language model, and the history's words and tokens, which
 * are put in an order first in which each refers only to those before it.  So there are no rings in what is read, and references are
 * counted anew and compared. */
#include <string.h>
#include "beam.h"

#define PREVIOUS G_STRUCT_OFFSET (RnnBeamWord, previous)
#define REFS G_STRUCT_OFFSET (RnnBeamWord, refs)
G_STATIC_ASSERT (PREVIOUS == G_STRUCT_OFFSET (RnnBeamToken, previous) && REFS == G_STRUCT_OFFSET (RnnBeamToken, refs));

/* ---- in order ---- */

/* Of the tokens, or of the words: items of @size bytes, which both begin with what comes before and how many refer to it. */
static guint32
get (gconstpointer items, gsize size, guint32 i, gsize field)
{
  return *(const guint32 *) (gconstpointer) ((const guint8 *) items + i * size + field);
}

/* Where each item goes that is in use; RNN_BEAM_NONE: it is not.  Returns how many are. */
static guint
order (gconstpointer items, gsize size, guint n_items, guint32 *map, guint32 *stack)
{
  guint used = 0;

  memset (map, 0xff, n_items * sizeof *map);
  for (guint32 i = 0; i < n_items; i++) {
    guint n = 0;

    for (guint32 at = get (items, size, i, REFS) ? i : RNN_BEAM_NONE; at != RNN_BEAM_NONE && map[at] == RNN_BEAM_NONE;
        at = get (items, size, at, PREVIOUS))
      stack[n++] = at;
    while (n > 0)
      map[stack[--n]] = used++;
  }
  return used;
}

static guint32
moved (const guint32 *map, guint32 at)
{
  return at == RNN_BEAM_NONE ? at : map[at];
}

static void
move_all (RnnBeam *beam, const guint32 *tokens, const guint32 *words)
{
  RnnBeamHistory *h = &beam->history;
  g_autofree RnnBeamToken *old_tokens = g_memdup2 (h->tokens, h->n_tokens * sizeof *h->tokens);
  g_autofree RnnBeamWord *old_words = g_memdup2 (h->words, h->n_words * sizeof *h->words);

  for (guint i = 0; i < h->n_tokens; i++)
    if (tokens[i] != RNN_BEAM_NONE)
      h->tokens[tokens[i]] = (RnnBeamToken) { moved (tokens, old_tokens[i].previous), old_tokens[i].refs, old_tokens[i].token };
  for (guint i = 0; i < h->n_words; i++)
    if (words[i] != RNN_BEAM_NONE) {
      RnnBeamWord *word = &h->words[words[i]];

      *word = old_words[i];
      word->previous = moved (words, word->previous);
      word->spelling = moved (tokens, word->spelling);
    }
  for (guint i = 0; i < beam->n; i++) {
    RnnBeamHypothesis *hypothesis = &beam->now[i];

    hypothesis->spelling = moved (tokens, hypothesis->spelling);
    hypothesis->at_blank.previous = moved (words, hypothesis->at_blank.previous);
    hypothesis->at_token.previous = moved (words, hypothesis->at_token.previous);
    hypothesis->frozen[0] = moved (words, hypothesis->frozen[0]);
    hypothesis->frozen[1] = moved (words, hypothesis->frozen[1]);
  }
}

/* The first ones are in use, the others free. */
static void
free_rest (RnnBeamHistory *h, guint n_tokens, guint n_words)
{
  for (guint32 i = n_tokens; i < h->n_tokens; i++)
    h->tokens[i] = (RnnBeamToken) { .previous = i + 1 < h->n_tokens ? i + 1 : RNN_BEAM_NONE };
  for (guint32 i = n_words; i < h->n_words; i++)
    h->words[i] = (RnnBeamWord) { .previous = i + 1 < h->n_words ? i + 1 : RNN_BEAM_NONE };
  h->free_token = n_tokens < h->n_tokens ? n_tokens : RNN_BEAM_NONE;
  h->free_word = n_words < h->n_words ? n_words : RNN_BEAM_NONE;
  h->tokens_left = h->n_tokens - n_tokens;
  h->words_left = h->n_words - n_words;
}

static void
put_in_order (RnnBeam *beam, guint *n_tokens, guint *n_words)
{
  RnnBeamHistory *h = &beam->history;
  g_autofree guint32 *tokens = g_new (guint32, h->n_tokens), *words = g_new (guint32, h->n_words);

  *n_tokens = order (h->tokens, sizeof *h->tokens, h->n_tokens, tokens, beam->letters);
  *n_words = order (h->words, sizeof *h->words, h->n_words, words, beam->chain);
  move_all (beam, tokens, words);
  free_rest (h, *n_tokens, *n_words);
}

/* ---- what was read ---- */

static gboolean
is_before (guint32 at, guint32 n)
{
  return at == RNN_BEAM_NONE || at < n;
}

static gboolean
is_word (const RnnBeam *beam, guint32 word)
{
  return word == RNN_BEAM_NONE || (beam->language->lexicon && word < beam->language->lexicon->n_words);
}

static gboolean
are_chains_good (const RnnBeam *beam, guint n_tokens, guint n_words)
{
  const RnnBeamHistory *h = &beam->history;

  for (guint i = 0; i < n_tokens; i++)
    if (!is_before (h->tokens[i].previous, i) || h->tokens[i].token < 0 || h->tokens[i].token >= beam->base.V)
      return FALSE;
  for (guint i = 0; i < n_words; i++)
    if (!is_before (h->words[i].previous, i) || !is_before (h->words[i].spelling, n_tokens) || !is_word (beam, h->words[i].word))
      return FALSE;
  return TRUE;
}

static gboolean
is_hypothesis_good (const RnnBeam *beam, const RnnBeamHypothesis *h, guint n_tokens, guint n_words)
{
  const RnnLexicon *lexicon = beam->language->lexicon;

  return h->last >= -1 && h->last < beam->base.V && (h->node == RNN_BEAM_NONE || (lexicon ? h->node < lexicon->n_nodes : h->node == 0))
      && is_word (beam, h->word) && (beam->hotwords ? rnn_hotwords_have (beam->hotwords, h->hot) : h->hot == RNN_HOTWORDS_START)
      && is_before (h->spelling, n_tokens) && is_before (h->at_blank.previous, n_words) && is_before (h->at_token.previous, n_words)
      && is_before (h->frozen[0], n_words) && is_before (h->frozen[1], n_words);
}

static void
count (guint32 *counts, guint32 at)
{
  if (at != RNN_BEAM_NONE)
    counts[at]++;
}

/* Is what every token and word says of who refers to it so? */
static gboolean
are_references_good (const RnnBeam *beam, guint n_tokens, guint n_words)
{
  const RnnBeamHistory *h = &beam->history;
  g_autofree guint32 *tokens = g_new0 (guint32, n_tokens + 1), *words = g_new0 (guint32, n_words + 1);
  gboolean good = TRUE;

  for (guint i = 0; i < beam->n; i++) {
    count (tokens, beam->now[i].spelling);
    count (words, beam->now[i].at_blank.previous);
    count (words, beam->now[i].at_token.previous);
    count (words, beam->now[i].frozen[0]);
    count (words, beam->now[i].frozen[1]);
  }
  for (guint i = 0; i < n_words; i++) {
    count (words, h->words[i].previous);
    count (tokens, h->words[i].spelling);
  }
  for (guint i = 0; i < n_tokens; i++)
    count (tokens, h->tokens[i].previous);
  for (guint i = 0; i < n_tokens; i++)
    good &= tokens[i] == h->tokens[i].refs && tokens[i] > 0;
  for (guint i = 0; i < n_words; i++)
    good &= words[i] == h->words[i].refs && words[i] > 0;
  return good;
}

static gboolean
is_good (const RnnBeam *beam, guint n_tokens, guint n_words)
{
  const RnnScorer *scorer = beam->language->scorer;

  if (!are_chains_good (beam, n_tokens, n_words) || (scorer && beam->carries && !rnn_scorer_holds ((RnnScorer *) scorer, beam->carried)))
    return FALSE;
  for (guint i = 0; i < beam->n; i++)
    if (!is_hypothesis_good (beam, &beam->now[i], n_tokens, n_words)
        || (scorer && !rnn_scorer_holds ((RnnScorer *) scorer, beam->states + i * beam->state_size)))
      return FALSE;
  return are_references_good (beam, n_tokens, n_words);
}

/* ---- both ways ---- */

static void
keep_history (RnnBeam *beam, guint *n_tokens, guint *n_words, RnnKeep *keep)
{
  RnnBeamHistory *h = &beam->history;

  rnn_keep_count (keep, n_tokens, h->n_tokens);
  rnn_keep_count (keep, n_words, h->n_words);
  if (keep->failed)
    return;
  rnn_keep (keep, h->tokens, *n_tokens * sizeof *h->tokens);
  rnn_keep (keep, h->words, *n_words * sizeof *h->words);
  if (!keep->to)
    free_rest (h, *n_tokens, *n_words);
}

static void
keep_same (RnnBeam *beam, RnnKeep *keep)
{
  const RnnLexicon *lexicon = beam->language->lexicon;

  rnn_keep_same (keep, sizeof (RnnBeamHypothesis));
  rnn_keep_same (keep, beam->width);
  rnn_keep_same (keep, beam->state_size);
  rnn_keep_same (keep, lexicon ? lexicon->n_nodes : 0);
  rnn_keep_same (keep, lexicon ? lexicon->n_words : 0);
}

void
rnn_beam_keep (RnnCtcDecoder *decoder, RnnKeep *keep)
{
  RnnBeam *beam = (RnnBeam *) decoder;
  guint n_tokens = 0, n_words = 0;

  keep_same (beam, keep);
  if (keep->to)
    put_in_order (beam, &n_tokens, &n_words);
  rnn_keep_count (keep, &beam->n, beam->width);
  rnn_keep (keep, beam->now, beam->n * sizeof *beam->now);
  rnn_keep (keep, beam->states, beam->n * beam->state_size);
  keep_history (beam, &n_tokens, &n_words, keep);
  rnn_keep (keep, &beam->committed, sizeof beam->committed);
  rnn_keep (keep, &beam->heard, sizeof beam->heard);
  rnn_keep (keep, &beam->said_until, sizeof beam->said_until);
  rnn_keep (keep, &beam->told_until, sizeof beam->told_until);
  rnn_keep_string (keep, beam->said);
  rnn_keep (keep, &beam->finished, sizeof beam->finished);
  rnn_keep (keep, &beam->shown, sizeof beam->shown);
  rnn_keep (keep, &beam->shows_last, sizeof beam->shows_last);
  rnn_keep (keep, &beam->carries, sizeof beam->carries);
  rnn_keep (keep, beam->carried, beam->state_size);
  if (keep->to)
    return;
  if (keep->failed || beam->n == 0 || !is_good (beam, n_tokens, n_words)) {
    keep->failed = TRUE;
    beam->n = 0;
    rnn_beam_history_reset (&beam->history);
  }
}
