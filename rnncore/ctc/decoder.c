/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoder that callers see: its class from the table, the step's log-probabilities, and its queue of words. */
#include <math.h>
#include <string.h>
#include "../base/error.h"
#include "beam.h"
#include "decoder.h"

#define N_DECODERS G_N_ELEMENTS (decoders)

static const RnnCtcDecoderClass *const decoders[] = { &rnn_ctc_greedy, &rnn_ctc_beam };

static const gchar *const *
decoder_names (void)
{
  static const gchar *names[N_DECODERS + 1];

  for (guint i = 0; i < N_DECODERS; i++)
    names[i] = decoders[i]->name;
  return names;
}

/* The choice of a class, and the rows of all classes. */
static const RnnOption *
collect_options (void)
{
  const RnnOption choice[] = {
    RNN_OPT_ENUM (RnnCtcDecoderConfig, decoder, decoder_names (), 0,
        "How tokens are searched; with a model, a lexicon of words or hotwords always by beam"),
    {NULL}
  };
  GArray *rows = g_array_new (TRUE, TRUE, sizeof (RnnOption));

  rnn_options_append (rows, choice, 0);
  for (guint i = 0; i < N_DECODERS; i++)
    rnn_options_append (rows, decoders[i]->options, 0);
  return (const RnnOption *) g_array_free (rows, FALSE);
}

const RnnOption *
rnn_ctc_decoder_get_options (void)
{
  static gsize options = 0;

  if (g_once_init_enter (&options))
    g_once_init_leave (&options, (gsize) collect_options ());
  return (const RnnOption *) options;
}

/* Only the beam search can use a model, a lexicon or hotwords: who names some wants it. */
static const RnnCtcDecoderClass *
choose_class (const RnnCtcDecoderConfig *config)
{
  gboolean hot = config->hotwords && *config->hotwords;

  return config->lm_file || config->lexicon || hot ? &rnn_ctc_beam : decoders[config->decoder];
}

RnnCtcDecoder *
rnn_ctc_decoder_new (RnnTokens *tokens, const RnnCtcDecoderConfig *config, GError **error)
{
  const RnnCtcDecoderClass *klass;
  RnnCtcDecoder *decoder;

  if (config->decoder < 0 || config->decoder >= (gint) N_DECODERS) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "CTC decoder %d: there are %d", config->decoder,
        (gint) N_DECODERS);
    return NULL;
  }
  klass = choose_class (config);
  decoder = g_malloc0 (klass->instance_size);
  decoder->klass = klass;
  decoder->tokens = rnn_tokens_ref (tokens);
  decoder->V = rnn_tokens_get_n (tokens);
  decoder->blank = rnn_tokens_get_blank (tokens);
  decoder->log_probs = g_new0 (gfloat, decoder->V);
  rnn_ctc_words_init (&decoder->words, 8);
  if (klass->setup && !klass->setup (decoder, config, error)) {
    rnn_ctc_decoder_free (decoder);
    return NULL;
  }
  rnn_ctc_decoder_reset (decoder);
  return decoder;
}

void
rnn_ctc_decoder_free (RnnCtcDecoder *decoder)
{
  if (!decoder)
    return;
  if (decoder->klass->finalize)
    decoder->klass->finalize (decoder);
  rnn_ctc_words_clear (&decoder->words);
  g_free (decoder->left_out);
  g_free (decoder->log_probs);
  rnn_tokens_unref (decoder->tokens);
  g_free (decoder);
}

void
rnn_ctc_decoder_step (RnnCtcDecoder *decoder, const gfloat *scores)
{
  rnn_log_softmax (decoder->V, scores, decoder->log_probs);
  decoder->klass->step (decoder);
  decoder->now++;
}

void
rnn_ctc_decoder_end_word (RnnCtcDecoder *decoder)
{
  if (rnn_tokens_have_spaces (decoder->tokens) || decoder->knows_words)
    decoder->klass->end_word (decoder);
}

void
rnn_ctc_decoder_pause (RnnCtcDecoder *decoder)
{
  if (decoder->klass->pause)
    decoder->klass->pause (decoder);
}

void
rnn_ctc_decoder_settle (RnnCtcDecoder *decoder, guint64 until, gdouble doubt)
{
  if (decoder->klass->settle)
    decoder->klass->settle (decoder, until, doubt);
}

void
rnn_ctc_decoder_finish (RnnCtcDecoder *decoder)
{
  decoder->klass->finish (decoder);
}

void
rnn_ctc_decoder_cut (RnnCtcDecoder *decoder)
{
  if (decoder->klass->cut)
    decoder->klass->cut (decoder);
  else
    decoder->klass->finish (decoder);
}

/* Before the first step all is blank. */
void
rnn_ctc_decoder_reset (RnnCtcDecoder *decoder)
{
  for (gint v = 0; v < decoder->V; v++)
    decoder->log_probs[v] = v == decoder->blank ? 0 : -INFINITY;
  decoder->now = 0;
  decoder->open = FALSE;
  decoder->n_stable = 0;
  decoder->n_readings = 0;
  rnn_ctc_words_drop (&decoder->words, decoder->words.n);
  decoder->klass->reset (decoder);
}

const RnnCtcWord *
rnn_ctc_decoder_get_words (RnnCtcDecoder *decoder, gboolean partial, guint *n_words, guint *n_stable)
{
  if (n_words)
    *n_words = decoder->words.n - (decoder->open && !partial ? 1 : 0);
  if (n_stable)
    *n_stable = decoder->n_stable;
  return decoder->words.words;
}

void
rnn_ctc_decoder_drop_words (RnnCtcDecoder *decoder, guint n)
{
  n = MIN (n, decoder->n_stable);
  rnn_ctc_words_drop (&decoder->words, n);
  decoder->n_stable -= n;
}

const RnnCtcReading *
rnn_ctc_decoder_get_n_best (RnnCtcDecoder *decoder, guint *n)
{
  if (decoder->klass->n_best)
    decoder->klass->n_best (decoder);
  *n = decoder->n_readings;
  return decoder->readings;
}

gboolean
rnn_ctc_decoder_configure (RnnCtcDecoder *decoder, const RnnCtcDecoderConfig *config, GError **error)
{
  return decoder->klass->configure ? decoder->klass->configure (decoder, config, error) : TRUE;
}

gboolean
rnn_ctc_decoder_set_hotwords (RnnCtcDecoder *decoder, const gchar *hotwords, GError **error)
{
  if (decoder->klass->set_hotwords)
    return decoder->klass->set_hotwords (decoder, hotwords, error);
  if (!hotwords || !*hotwords)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "the decoder \"%s\" takes no hotwords", decoder->klass->name);
  return FALSE;
}

const gchar *
rnn_ctc_decoder_get_left_out (RnnCtcDecoder *decoder)
{
  return decoder->left_out;
}

const gchar *
rnn_ctc_decoder_get_foreign (RnnCtcDecoder *decoder)
{
  return decoder->foreign;
}

void
rnn_ctc_decoder_keep (RnnCtcDecoder *decoder, RnnKeep *keep)
{
  if (!keep->to)
    rnn_ctc_decoder_reset (decoder);
  rnn_keep_same (keep, g_str_hash (decoder->klass->name));
  rnn_keep_same (keep, (guint64) decoder->V);
  rnn_keep (keep, decoder->log_probs, (gsize) decoder->V * sizeof (gfloat));
  rnn_keep (keep, &decoder->now, sizeof decoder->now);
  rnn_ctc_words_keep (&decoder->words, keep);
  rnn_keep (keep, &decoder->open, sizeof decoder->open);
  rnn_keep_count (keep, &decoder->n_stable, decoder->words.n);
  decoder->klass->keep (decoder, keep);
  if (decoder->open && decoder->words.n == 0)
    keep->failed = TRUE;
  if (!keep->to && keep->failed)
    rnn_ctc_decoder_reset (decoder);
}

guint64
rnn_ctc_decoder_get_first_step (RnnCtcDecoder *decoder)
{
  if (decoder->klass->first_step)
    return decoder->klass->first_step (decoder);
  return decoder->words.n > 0 ? decoder->words.words[0].start : decoder->now;
}

gfloat
rnn_ctc_decoder_get_blank_probability (RnnCtcDecoder *decoder)
{
  return expf (decoder->log_probs[decoder->blank]);
}

gboolean
rnn_ctc_decoder_in_word (RnnCtcDecoder *decoder)
{
  return decoder->open;
}
