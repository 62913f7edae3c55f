/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spectra of sound, all bins of each frame: {"kind": "spectrum", "rate": 16000, "features": {"frame_length": 20, ...}}.  Power,
 * magnitude (use_power false), the logarithm of either (use_log); windows and normalisation as of other features. */
#include "acoustic.h"

static const gchar *const keys[] = { "rate", "features", NULL };

static gboolean
setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  input->features.type = RNN_FEATURES_SPECTRUM;
  return rnn_acoustic_setup (input, object, where, error);
}

const RnnInputClass rnn_input_spectrum = {
  .name = "spectrum",
  .summary = "spectra of sound, all bins",
  .instance_size = sizeof (RnnInput),
  .source = RNN_SOURCE_AUDIO,
  .keys = keys,
  .setup = setup,
  RNN_ACOUSTIC_STREAM
};
