/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Options of utterances, and those of the parts that they are made of. */
#include "utterance.h"

static const RnnOption own_options[] = {
  RNN_OPT_INT (RnnUtteranceConfig, partial_interval, 0, G_MAXINT, 0,
      "How often partial results are sent (ms of the stream); 0: never"),
  RNN_OPT_FLOAT (RnnUtteranceConfig, partial_stability, 0, 1, 0,
      "How little partial results flicker: a guess is shown when it has stood for 1.5 s times this; 1: what is sure alone"),
  RNN_OPT_INT (RnnUtteranceConfig, word_silence, 0, 60000, 400, "Silence that ends a word (ms); 0: only a space does"),
  RNN_OPT_FLOAT (RnnUtteranceConfig, word_doubt, 0, 1, 0,
      "A word that ended word-silence ago is final when at most this share of what is probable says otherwise; 0: when nothing does"),
  RNN_OPT_INT (RnnUtteranceConfig, word_delay, 0, 60000, 0,
      "A word is final so long after its end (ms), whatever would follow, if it is the most probable one by then; 0: however long that takes"),
  RNN_OPT_INT (RnnUtteranceConfig, endpoint_silence, 100, 60000, 1200,
      "Silence after speech that ends an utterance (ms)"),
  RNN_OPT_INT (RnnUtteranceConfig, initial_silence, 100, 60000, 2400,
      "Silence without speech before it after which listening starts anew (ms)"),
  RNN_OPT_INT (RnnUtteranceConfig, max_utterance, 1000, 600000, 20000,
      "A longer utterance (ms) ends with the next word or, where only silence parts words, in the next short pause"),
  {NULL}
};

static const RnnOption *
collect_options (void)
{
  GArray *rows = g_array_new (TRUE, TRUE, sizeof (RnnOption));

  rnn_options_append (rows, rnn_ctc_decoder_get_options (), G_STRUCT_OFFSET (RnnUtteranceConfig, decoder));
  rnn_options_append (rows, rnn_writer_options, G_STRUCT_OFFSET (RnnUtteranceConfig, writer));
  rnn_options_append (rows, rnn_caption_options, G_STRUCT_OFFSET (RnnUtteranceConfig, caption));
  rnn_options_append (rows, own_options, 0);
  return (const RnnOption *) g_array_free (rows, FALSE);
}

const RnnOption *
rnn_utterance_get_options (void)
{
  static gsize options = 0;

  if (g_once_init_enter (&options))
    g_once_init_leave (&options, (gsize) collect_options ());
  return (const RnnOption *) options;
}
