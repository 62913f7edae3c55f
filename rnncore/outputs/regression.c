/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that are to be as near as possible.  Loss and metric: the mean squared error. */
#include "pooling.h"
#include "squared.h"

static const RnnOption options[] = {
  RNN_OPT_POOLING,
  { NULL }
};

const RnnOutputClass rnn_output_regression = {
  .name = "regression",
  .summary = "numbers, as near as possible (mean squared error)",
  .instance_size = sizeof (RnnOutput),
  .options = options,
  .label = RNN_LABEL_VALUES,
  .metric = { "MSE" },
  .unlearnt = "without a single known target",
  .setup = rnn_squared_setup,
  .accepts = rnn_squared_accepts,
  .loss = rnn_squared_loss,
  .measure = rnn_squared_measure,
};
