/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a MIDI file: refused, or a piece that is the same when it is written and read again. */
#include "../fuzz.h"
#include "base/midi.h"
#include <string.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  guint n_steps = 0, again = 0;
  g_autofree guint8 *keys = rnn_midi_read (data, n, "fuzz.mid", &n_steps, NULL), *same = NULL;
  g_autoptr (GBytes) bytes = NULL;
  gsize size;

  if (!keys)
    return 0;
  g_assert (n_steps > 0 && n_steps <= RNN_MIDI_MAX_STEPS);
  bytes = rnn_midi_write (keys, n_steps);
  data = g_bytes_get_data (bytes, &size);
  same = rnn_midi_read (data, size, "again.mid", &again, NULL);
  g_assert (same && again == n_steps && !memcmp (same, keys, (gsize) n_steps * RNN_MIDI_KEYS));
  return 0;
}
