/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The beam search as a decoder: its options, what they need, and the order of things in a step. */
#include <math.h>
#include <string.h>
#include "../base/error.h"
#include "beam.h"

#define HISTORY_WORDS 128       /* that hypotheses disagree about, all together, and with what a step may need (make_room ()) */
#define HISTORY_TOKENS 256
#define FEW_CANDIDATES 64

static const RnnOption options[] = {
  RNN_OPT_INT (RnnCtcDecoderConfig, beam_width, 1, 4096, 32, "Hypotheses that are followed"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, beam_threshold, 0, 1000, 10, "How far below the best one a hypothesis may lie, in nats"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, token_threshold, -1000, 0, -6, "Tokens less probable in a step do not count, in nats"),
  RNN_OPT_INT (RnnCtcDecoderConfig, token_count, 1, 65535, 32, "Tokens that one step looks at"),
  RNN_OPT_BOOL (RnnCtcDecoderConfig, recombine, TRUE,
      "Of hypotheses with the same future only the best is kept: words are stable sooner, n-best lists are poorer"),
  RNN_OPT_STRING (RnnCtcDecoderConfig, lm_file, "Language model: n-grams (ARPA text or binary), a recurrent model, or several with weights, \"FILE:WEIGHT,...\""),
  RNN_OPT_STRING (RnnCtcDecoderConfig, lexicon, "File of words, or words and how they are said, a line each; else those of the language model (\"spelled\": by their letters)"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, lm_weight, 0, 100, 0.5, "Weight of the model's log-probabilities"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, word_score, -100, 100, 1, "Added for each word that a language model weighs, in nats"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, sentence_score, RNN_CTC_NO_SENTENCES, 100, -1,
      "Added where a sentence of the model ends in the middle of an utterance, in nats; -1000: none does"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, pause_score, -100, 100, 1.5, "The odds that a sentence ends at a silence that ends a word, in nats"),
  RNN_OPT_FLOAT (RnnCtcDecoderConfig, unknown_score, RNN_CTC_NO_UNKNOWN, 0, -10,
      "Added for each word that the lexicon lacks; -1000: there are none"),
  RNN_OPT_STRING (RnnCtcDecoderConfig, hotwords,
      "Words to be preferred, \"word:boost,two words:boost\" in nats, or a file of a phrase a line"),
  RNN_OPT_STRING (RnnCtcDecoderConfig, g2p_model,
      "Model of letters and phones that says hotwords which a lexicon of sounds lacks (models/g2p); without it they are left out"),
  {NULL}
};

static guint
power_of_two (guint n)
{
  guint size = 16;

  while (size < n)
    size *= 2;
  return size;
}

/* All room that the search will ever need. */
static void
allocate (RnnBeam *beam)
{
  guint width = beam->width, V = (guint) beam->base.V;

  beam->now = g_new0 (RnnBeamHypothesis, width);
  beam->next = g_new0 (RnnBeamHypothesis, width);
  beam->n_room = 4 * width + FEW_CANDIDATES;    /* at least twice what thin_out () leaves */
  beam->candidates = g_new (RnnBeamCandidate, beam->n_room);
  beam->n_table = power_of_two (2 * beam->n_room);
  beam->table = g_new (guint32, beam->n_table);
  beam->order = g_new (gint, V);
  beam->chosen = g_new (gint, 2 * width + 1);
  rnn_beam_history_init (&beam->history, HISTORY_WORDS + 4 * width, HISTORY_TOKENS + 12 * width);
  beam->chain = g_new (guint32, beam->history.n_words);
  beam->letters = g_new (guint32, beam->history.n_tokens);
  beam->said = g_string_new (NULL);
  beam->text = g_string_sized_new (256);
  rnn_beam_prepare_init (&beam->questions);
}

static void
allocate_states (RnnBeam *beam)
{
  beam->state_size = beam->language->scorer ? beam->language->scorer->state_size : 0;
  g_free (beam->states);
  g_free (beam->next_states);
  beam->states = g_malloc0 (MAX (1, beam->width * beam->state_size));
  beam->next_states = g_malloc0 (MAX (1, beam->width * beam->state_size));
  g_free (beam->begin);
  g_free (beam->carried);
  g_clear_pointer (&beam->questions.after, g_free);
  beam->begin = g_malloc0 (MAX (1, beam->state_size));
  beam->carried = g_malloc0 (MAX (1, beam->state_size));
  beam->carries = FALSE;
  if (beam->language->scorer)
    rnn_scorer_start (beam->language->scorer, beam->begin);
}

static gboolean
set_hotwords (RnnCtcDecoder *decoder, const gchar *list, GError **error)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  return rnn_beam_set_hotwords (beam, list, beam->config.g2p_model, error);
}

static gboolean
setup (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  rnn_options_init (options, &beam->config);
  rnn_options_copy (options, &beam->config, config);
  beam->config.token_count = MIN (beam->config.token_count, decoder->V);
  beam->width = (guint) config->beam_width;
  allocate (beam);
  if (!(beam->files = rnn_beam_language_new (decoder->tokens, config->lm_file, config->lexicon, error)))
    return FALSE;
  beam->language = rnn_beam_language_ref (beam->files);
  decoder->knows_words = beam->language->lexicon != NULL;
  decoder->foreign = beam->language->foreign;
  allocate_states (beam);
  rnn_beam_start (beam);
  return set_hotwords (decoder, config->hotwords, error);
}

static void
start (RnnBeam *beam)
{
  rnn_beam_start (beam);
  beam->shown = G_MAXUINT64;
  beam->finished = FALSE;
}

static void
step (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  if (beam->finished)
    start (beam);
  beam->heard = decoder->now + 1;
  rnn_beam_extend (beam);
  rnn_beam_show (beam);
}

static void
end_word (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  if (beam->finished)
    return;
  rnn_beam_end_words (beam, FALSE);
  rnn_beam_show (beam);
}

static void
note_pause (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  if (beam->finished)
    return;
  rnn_beam_pause (beam);
  rnn_beam_show (beam);
}

static void
end (RnnBeam *beam, gboolean sentence)
{
  if (beam->finished)
    start (beam);
  rnn_beam_end_words (beam, sentence);
  rnn_beam_commit_all (beam);
  beam->finished = TRUE;
}

static void
finish (RnnCtcDecoder *decoder)
{
  end ((RnnBeam *) decoder, TRUE);
}

static void
cut (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  end (beam, FALSE);
  memcpy (beam->carried, beam->states, beam->state_size);
  beam->carries = TRUE;
}

static void
reset (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  beam->said_until = beam->told_until = beam->heard = 0;
  start (beam);
}

/* ---- changes under way ---- */

/* The hypotheses' models and lexicon are others now: the best one goes on, what it says is settled but for the word
 * under way. */
static gboolean
change_language (RnnBeam *beam, const RnnCtcDecoderConfig *config, GError **error)
{
  RnnBeamLanguage *language = rnn_beam_language_new (beam->base.tokens, config->lm_file, config->lexicon, error);

  if (!language)
    return FALSE;
  rnn_beam_settle_words (beam);
  rnn_beam_take_back (beam);
  rnn_beam_language_unref (beam->language);
  rnn_beam_language_unref (beam->files);
  beam->files = language;
  beam->language = rnn_beam_language_ref (language);
  beam->base.knows_words = language->lexicon != NULL;
  beam->base.foreign = language->foreign;
  allocate_states (beam);
  rnn_beam_resume (beam, TRUE);
  return TRUE;
}

static gboolean
configure (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error)
{
  RnnBeam *beam = (RnnBeam *) decoder;
  gboolean other_language = g_strcmp0 (config->lm_file, beam->config.lm_file) != 0
      || g_strcmp0 (config->lexicon, beam->config.lexicon) != 0;

  if (other_language && !change_language (beam, config, error))
    return FALSE;
  /* hotwords of sounds know the lexicon's words by their numbers */
  if ((other_language || g_strcmp0 (config->hotwords, beam->config.hotwords) != 0 || g_strcmp0 (config->g2p_model, beam->config.g2p_model) != 0)
      && !rnn_beam_set_hotwords (beam, config->hotwords, config->g2p_model, error))
    return FALSE;
  rnn_options_copy (options, &beam->config, config);
  beam->config.token_count = MIN (beam->config.token_count, decoder->V);
  return TRUE;
}

static void
n_best (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  if (beam->finished && decoder->n_readings == 0)
    rnn_beam_read (beam);
}

static void
finalize (RnnCtcDecoder *decoder)
{
  RnnBeam *beam = (RnnBeam *) decoder;

  for (guint i = 0; i < beam->n_made; i++)
    g_free (decoder->readings[i].text);
  g_free (decoder->readings);
  rnn_beam_language_unref (beam->language);
  rnn_beam_language_unref (beam->files);
  rnn_hotwords_free (beam->hotwords);
  rnn_pronouncer_unref (beam->pronouncer);
  rnn_beam_history_clear (&beam->history);
  g_free (beam->now);
  g_free (beam->next);
  g_free (beam->states);
  g_free (beam->next_states);
  g_free (beam->begin);
  g_free (beam->carried);
  g_free (beam->candidates);
  g_free (beam->table);
  g_free (beam->order);
  g_free (beam->chosen);
  g_free (beam->chain);
  g_free (beam->letters);
  g_string_free (beam->said, TRUE);
  g_string_free (beam->text, TRUE);
  rnn_beam_prepare_clear (&beam->questions);
  rnn_options_clear (options, &beam->config);
}

const RnnCtcDecoderClass rnn_ctc_beam = {
  .name = "beam",
  .summary = "beam search over words, with a language model and a lexicon",
  .instance_size = sizeof (RnnBeam),
  .options = options,
  .setup = setup,
  .step = step,
  .end_word = end_word,
  .pause = note_pause,
  .settle = rnn_beam_settle,
  .finish = finish,
  .cut = cut,
  .reset = reset,
  .first_step = rnn_beam_first_step,
  .n_best = n_best,
  .configure = configure,
  .set_hotwords = set_hotwords,
  .keep = rnn_beam_keep,
  .finalize = finalize,
};
