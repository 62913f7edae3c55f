/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Acoustic features of mono sound: {"kind": "audio", "rate": 16000, "features": {...}} (features/features.h). */
#include "acoustic.h"

static const gchar *const keys[] = { "rate", "features", NULL };

const RnnInputClass rnn_input_audio = {
  .name = "audio",
  .summary = "acoustic features of sound: filter banks, cepstra",
  .instance_size = sizeof (RnnInput),
  .source = RNN_SOURCE_AUDIO,
  .keys = keys,
  .setup = rnn_acoustic_setup,
  RNN_ACOUSTIC_STREAM
};
