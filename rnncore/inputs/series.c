/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time steps of several channels: {"kind": "series", "channels": 3, "cmvn": "global"}. */
#include "rows.h"

static gboolean
setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  return rnn_rows_setup (input, object, "channels", where, error);
}

const RnnInputClass rnn_input_series = {
  .name = "series",
  .summary = "time steps of several channels",
  .instance_size = sizeof (RnnInput),
  .source = RNN_SOURCE_SERIES,
  .caps = "series",
  .setup = setup,
  RNN_ROWS_STREAM
};
