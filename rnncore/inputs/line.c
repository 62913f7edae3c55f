/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A line of text as a picture: {"kind": "line", "height": 36, "columns": 3}.  A row is a column of it, `height` numbers from top to bottom
 * as features/line.h makes them; a step is `columns` of them side by side. */
#include "rows.h"

#define MAX_COLUMNS 256

static const gchar *const keys[] = { "columns", NULL };

static gboolean
setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  const json_t *columns = json_object_get (object, "columns");
  json_int_t n = columns ? json_integer_value (columns) : 1;

  if (!rnn_rows_setup (input, object, "height", where, error))
    return FALSE;
  if (n < 1 || n > MAX_COLUMNS) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"columns\" must be 1 to %d", where, MAX_COLUMNS);
    return FALSE;
  }
  input->features.stack = input->features.stride = (gint) n;
  rnn_rows_size (input);
  return TRUE;
}

const RnnInputClass rnn_input_line = {
  .name = "line",
  .summary = "columns of a picture of a line of text",
  .instance_size = sizeof (RnnInput),
  .source = RNN_SOURCE_TENSORS,
  .keys = keys,
  .setup = setup,
  RNN_ROWS_STREAM
};
