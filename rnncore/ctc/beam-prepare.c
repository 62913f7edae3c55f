/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a step will ask a language model, told to it before, for models that answer many questions at once for less (lm/recurrent.c).  The
 * step is gone through once without scores of words: as nothing that is asked in earnest is less hopeless then, all of it is known
 * before.  Answers are the same bits, and so is the search. */
#include <string.h>
#include "beam.h"

void
rnn_beam_prepare_init (RnnBeamQuestions *q)
{
  q->words = g_array_new (FALSE, FALSE, sizeof (RnnBeamQuestion));
  q->texts = g_string_new (NULL);
  q->list = g_array_new (FALSE, FALSE, sizeof (RnnScorerQuestion));
}

void
rnn_beam_prepare_clear (RnnBeamQuestions *q)
{
  if (q->words)
    g_array_free (q->words, TRUE);
  if (q->texts)
    g_string_free (q->texts, TRUE);
  if (q->list)
    g_array_free (q->list, TRUE);
  g_free (q->after);
}

void
rnn_beam_note_question (RnnBeam *beam, const RnnBeamHypothesis *h, guint32 word, gdouble least)
{
  RnnBeamQuestion question = { (guint) (h - beam->now), word, (guint) beam->questions.texts->len, rnn_beam_number_of (beam, h, word), least };

  if (word == RNN_BEAM_NONE) {
    g_string_append (beam->questions.texts, rnn_beam_spell (beam, word, h->spelling));
    g_string_append_c (beam->questions.texts, '\0');
  }
  g_array_append_val (beam->questions.words, question);
}

static const gchar *
text_of (const RnnBeam *beam, const RnnBeamQuestion *question)
{
  return question->word == RNN_BEAM_NONE ? beam->questions.texts->str + question->text : rnn_lexicon_get_text (beam->language->lexicon, question->word);
}

static void
ask (RnnBeam *beam, gconstpointer state, guint32 number, const gchar *text, gpointer next)
{
  RnnScorerQuestion question = { state, number, text, next };

  g_array_append_val (beam->questions.list, question);
}

static void
send (RnnBeam *beam)
{
  RnnScorer *scorer = beam->language->scorer;
  GArray *list = beam->questions.list;

  if (list->len > 0)
    scorer->klass->prepare (scorer, (const RnnScorerQuestion *) (gpointer) list->data, list->len);
  g_array_set_size (list, 0);
}

/* How likely a sentence is over after what the hypotheses have said: with that a model has read all of it, and has an idea of the words. */
static void
ask_ends (RnnBeam *beam)
{
  guint before = G_MAXUINT;

  if (beam->questions.words->len > 0)
    ask (beam, beam->begin, 0, NULL, NULL);
  for (guint i = 0; i < beam->questions.words->len; i++) {
    const RnnBeamQuestion *q = &g_array_index (beam->questions.words, RnnBeamQuestion, i);

    if (q->from != before)
      ask (beam, beam->states + (gsize) q->from * beam->state_size, 0, NULL, NULL);
    before = q->from;
  }
  send (beam);
}

/* The words that are not hopeless by that idea, after the states of their hypotheses; the others are questions no more. */
static void
ask_words (RnnBeam *beam)
{
  GArray *words = beam->questions.words;
  guint n = 0;

  for (guint i = 0; i < words->len; i++) {
    RnnBeamQuestion q = g_array_index (words, RnnBeamQuestion, i);
    const gchar *text = text_of (beam, &q);

    if (rnn_beam_most_worth (beam, &beam->now[q.from], q.number, text) < q.least)
      continue;
    ask (beam, beam->states + (gsize) q.from * beam->state_size, q.number, text, NULL);
    g_array_index (words, RnnBeamQuestion, n++) = q;
  }
  g_array_set_size (words, n);
  send (beam);
}

/* The same words after the beginning of a sentence, where that may matter. */
static void
ask_beginnings (RnnBeam *beam)
{
  for (guint i = 0; i < beam->questions.words->len; i++) {
    const RnnBeamQuestion *q = &g_array_index (beam->questions.words, RnnBeamQuestion, i);
    gfloat on, anew;

    if (rnn_beam_may_begin (beam, &beam->now[q->from], q->number, text_of (beam, q), NULL, &on, &anew))
      ask (beam, beam->begin, q->number, text_of (beam, q), NULL);
  }
  send (beam);
}

void
rnn_beam_prepare_words (RnnBeam *beam)
{
  ask_ends (beam);
  ask_words (beam);
  ask_beginnings (beam);
  g_array_set_size (beam->questions.words, 0);
  g_string_truncate (beam->questions.texts, 0);
}

/* States after the words that end in the n chosen candidates. */
void
rnn_beam_prepare_states (RnnBeam *beam, guint n)
{
  if (!beam->questions.after)
    beam->questions.after = g_malloc (2 * (gsize) beam->width * beam->state_size);
  for (guint i = 0; i < n; i++) {
    const RnnBeamCandidate *c = &beam->candidates[beam->chosen[i]];
    const RnnBeamHypothesis *h = &beam->now[c->from];

    if (c->stays < 0 && c->closed && c->ended != RNN_BEAM_NONE)
      ask (beam, rnn_beam_state_before (beam, h, c->ended), rnn_beam_number_of (beam, h, c->ended),
          rnn_lexicon_get_text (beam->language->lexicon, c->ended), beam->questions.after + i * beam->state_size);
  }
  send (beam);
}
