/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The decoder that callers see: its class from the table, the step's log-probabilities, and its queue of words. */
#include <math.h>
#include "../base/error.h"
#include "decoder.h"

static const RnnCtcDecoderClass *const decoders[] = { &rnn_ctc_greedy };

RnnCtcDecoder *
rnn_ctc_decoder_new (RnnTokens *tokens, const RnnCtcDecoderConfig *config, GError **error)
{
  const RnnCtcDecoderClass *klass;
  RnnCtcDecoder *decoder;

  if (config->decoder < 0 || config->decoder >= (gint) G_N_ELEMENTS (decoders)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "CTC decoder %d: there are %d", config->decoder,
        (gint) G_N_ELEMENTS (decoders));
    return NULL;
  }
  klass = decoders[config->decoder];
  decoder = g_malloc0 (klass->instance_size);
  decoder->klass = klass;
  decoder->tokens = rnn_tokens_ref (tokens);
  decoder->V = rnn_tokens_get_n (tokens);
  decoder->blank = rnn_tokens_get_blank (tokens);
  decoder->log_probs = g_new0 (gfloat, decoder->V);
  rnn_ctc_words_init (&decoder->words);
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
rnn_ctc_decoder_finish (RnnCtcDecoder *decoder)
{
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
  rnn_ctc_words_drop (&decoder->words, decoder->words.n);
  decoder->klass->reset (decoder);
}

static inline guint
n_complete (const RnnCtcDecoder *decoder)
{
  return decoder->words.n - (decoder->open ? 1 : 0);
}

const RnnCtcWord *
rnn_ctc_decoder_get_words (RnnCtcDecoder *decoder, gboolean partial, guint *n_words, guint *n_stable)
{
  if (n_words)
    *n_words = partial ? decoder->words.n : n_complete (decoder);
  if (n_stable)
    *n_stable = decoder->n_stable;
  return decoder->words.words;
}

void
rnn_ctc_decoder_drop_words (RnnCtcDecoder *decoder, guint n)
{
  n = MIN (n, n_complete (decoder));
  rnn_ctc_words_drop (&decoder->words, n);
  decoder->n_stable -= MIN (n, decoder->n_stable);
}

guint64
rnn_ctc_decoder_get_first_step (RnnCtcDecoder *decoder)
{
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
