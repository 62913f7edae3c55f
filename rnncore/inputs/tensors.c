/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that somebody else made: {"kind": "tensors", "size": 80}. */
#include "rows.h"

static gboolean
setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  return rnn_rows_setup (input, object, "size", where, error);
}

const RnnInputClass rnn_input_tensors = {
  .name = "tensors",
  .summary = "steps that somebody else made",
  .instance_size = sizeof (RnnInput),
  .source = RNN_SOURCE_TENSORS,
  .setup = setup,
  RNN_ROWS_STREAM
};
