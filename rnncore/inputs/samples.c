/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound as it is: each step is a window of samples, {"kind": "samples", "rate": 16000, "window": 512, "hop": 128}.  The first
 * step comes when the first window is full; windows that do not fill at the end make no step. */
#include "acoustic.h"
#include "rows.h"
#include "../base/error.h"

typedef struct {
  RnnInput input;
  gint window, hop;
} Samples;

static const RnnOption options[] = {
  RNN_OPT_INT (Samples, window, 1, 1 << 20, 512, "samples of a step"),
  RNN_OPT_INT (Samples, hop, 0, 1 << 20, 0, "samples from step to step; 0: as many as the window has"),
  { NULL }
};

static const gchar *const keys[] = { "rate", NULL };

static gboolean
setup (RnnInput *input, const json_t *object, const gchar *where, GError **error)
{
  static const gchar *const ignore[] = { "kind", "rate", NULL };
  Samples *s = (Samples *) input;

  if (!rnn_options_from_json (options, s, object, ignore, where, error)
      || !rnn_acoustic_read_rate (input, object, where, error))
    return FALSE;
  input->n_frame = 1;
  input->features.stack = s->window;
  input->features.stride = s->hop ? s->hop : s->window;
  rnn_rows_size (input);
  return TRUE;
}

const RnnInputClass rnn_input_samples = {
  .name = "samples",
  .summary = "windows of sound as it is",
  .instance_size = sizeof (Samples),
  .source = RNN_SOURCE_AUDIO,
  .options = options,
  .keys = keys,
  .setup = setup,
  RNN_ROWS_STREAM
};
