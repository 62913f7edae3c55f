/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers whose meaning only the application knows; what a recipe without "output" has.  Trained, unless the options of
 * training name another loss, with the mean squared error. */
#include "squared.h"

const RnnOutputClass rnn_output_raw = {
  .name = "raw",
  .summary = "numbers that the application reads (trained as `loss` says)",
  .instance_size = sizeof (RnnOutput),
  .label = RNN_LABEL_VALUES,
  .metric = { "MSE" },
  .unlearnt = "without a single known target",
  .setup = rnn_squared_setup,
  .accepts = rnn_squared_accepts,
  .loss = rnn_squared_loss,
  .measure = rnn_squared_measure,
};
