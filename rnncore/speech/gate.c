/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The detector of a gate, with times that cost no words of speech (models/english.md). */
#include "gate.h"
#include "../base/error.h"

const RnnOption rnn_gate_options[] = {
  RNN_OPT_STRING (RnnGateConfig, vad_model, "Detector of speech: where it hears none there are no words; unset: words anywhere"),
  RNN_OPT_INT (RnnGateConfig, vad_padding, 0, 10000, 200, "What is taken for speech before and after what vad-model hears (ms)"),
  { NULL }
};

static gboolean
fits (RnnModel *model, gint rate, GError **error)
{
  if (!rate || rnn_model_get_rate (model) == rate)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the detector of speech hears %d Hz, not the %d Hz that are transcribed",
      rnn_model_get_path (model), rnn_model_get_rate (model), rate);
  return FALSE;
}

RnnVad *
rnn_gate_new_detector (const RnnGateConfig *config, gint rate, GError **error)
{
  RnnModel *model = rnn_model_load_shared (config->vad_model, error);
  RnnVad *vad = NULL;
  RnnVadConfig own;

  if (!model)
    return NULL;
  rnn_options_init (rnn_vad_options, &own);
  own.padding = config->vad_padding;
  own.min_silence = 2 * config->vad_padding;
  if (fits (model, rate, error))
    vad = rnn_vad_new (model, &own, error);
  rnn_model_unref (model);
  return vad;
}
