/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard MIDI files (RP-001) as steps of keys: which of 128 keys sound in each quarter note. */
#pragma once
#include "error.h"

G_BEGIN_DECLS

#define RNN_MIDI_KEYS 128
#define RNN_MIDI_MAX_STEPS 65536

/* Of formats 0 and 1, all tracks together: [n_steps][RNN_MIDI_KEYS] of 0 and 1, a note in every quarter that it fills by half, and in one
 * at least.  Times in seconds (SMPTE), pieces of more than RNN_MIDI_MAX_STEPS quarters and without a note are refused. (transfer full) */
guint8 *rnn_midi_read  (const guint8 *data, gsize n, const gchar *where, guint *n_steps, GError **error);
/* A file of one track at 120 quarters a minute; a key of neighbouring steps is one long note. (transfer full) */
GBytes *rnn_midi_write (const guint8 *keys, guint n_steps);

G_END_DECLS
