/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Standard MIDI files: chunks "MThd" and "MTrk" of big-endian lengths; in a track times in ticks since the event before, in bytes of seven
 * bits, and events, whose status byte may be left out if it is that of the event before. */
#include "midi.h"
#include <string.h>

#define TICKS 480               /* of a quarter, in what is written */

/* ---- reading ---- */

typedef struct {
  const guint8 *at, *end;
  gboolean broken;              /* it ended too early, or made no sense */
} Bytes;

static guint
take (Bytes *b, guint n)
{
  guint value = 0;

  if ((gsize) (b->end - b->at) < n) {
    b->broken = TRUE;
    b->at = b->end;
    return 0;
  }
  for (; n > 0; n--)
    value = value << 8 | *b->at++;
  return value;
}

static guint
take_variable (Bytes *b)
{
  guint value = 0, byte = 0x80;

  for (guint i = 0; i < 4 && (byte & 0x80); i++) {
    byte = take (b, 1);
    value = value << 7 | (byte & 0x7f);
  }
  b->broken |= (byte & 0x80) != 0;
  return value;
}

static void
skip (Bytes *b, gsize n)
{
  b->broken |= n > (gsize) (b->end - b->at);
  b->at += MIN (n, (gsize) (b->end - b->at));
}

typedef struct {
  guint key;
  guint64 start, end;           /* ticks */
} Note;

typedef struct {
  GArray *notes;                /* of Note */
  gint64 since[16][RNN_MIDI_KEYS];      /* ticks at which a key of a channel went down, or -1 */
  guint64 now;
} Track;

static void
key_up (Track *t, guint channel, guint key)
{
  if (t->since[channel][key] >= 0) {
    Note note = { key, (guint64) t->since[channel][key], t->now };

    g_array_append_val (t->notes, note);
  }
  t->since[channel][key] = -1;
}

/* A message of a channel; the drums' one has no keys. */
static void
channel_message (Track *t, guint status, Bytes *b)
{
  guint kind = status & 0xf0, channel = status & 0x0f, key = take (b, 1) & 0x7f;
  guint value = kind == 0xc0 || kind == 0xd0 ? 0 : take (b, 1);

  if ((kind != 0x80 && kind != 0x90) || channel == 9 || b->broken)
    return;
  key_up (t, channel, key);
  if (kind == 0x90 && value > 0)
    t->since[channel][key] = (gint64) t->now;
}

static void
read_track (Bytes b, GArray *notes, gboolean *broken)
{
  g_autofree Track *t = g_new (Track, 1);
  guint status = 0;

  *t = (Track) { .notes = notes };
  memset (t->since, 0xff, sizeof (t->since));
  while (b.at < b.end && !b.broken) {
    t->now += take_variable (&b);
    if (b.at < b.end && (*b.at & 0x80))
      status = take (&b, 1);
    if (status == 0xff) {
      take (&b, 1);
      skip (&b, take_variable (&b));
    } else if (status == 0xf0 || status == 0xf7) {
      skip (&b, take_variable (&b));
    } else if (status >= 0x80 && status < 0xf0) {
      channel_message (t, status, &b);
    } else {
      b.broken = TRUE;
    }
  }
  for (guint i = 0; i < 16 * RNN_MIDI_KEYS; i++)
    key_up (t, i / RNN_MIDI_KEYS, i % RNN_MIDI_KEYS);
  *broken |= b.broken;
}

/* Quarters that a note fills by half: [first, end), not empty. */
static void
quarters_of (const Note *note, guint division, guint64 *first, guint64 *end)
{
  *first = (note->start + division / 2) / division;
  *end = MAX ((note->end + division / 2) / division, *first + 1);
}

static guint8 *
fill_steps (const GArray *notes, guint division, guint *n_steps)
{
  guint64 first, end, last = 0;
  guint8 *keys;

  for (guint i = 0; i < notes->len; i++) {
    quarters_of (&g_array_index (notes, Note, i), division, &first, &end);
    last = MAX (last, end);
  }
  if (last == 0 || last > RNN_MIDI_MAX_STEPS)
    return NULL;
  keys = g_new0 (guint8, last * RNN_MIDI_KEYS);
  for (guint i = 0; i < notes->len; i++) {
    const Note *note = &g_array_index (notes, Note, i);

    quarters_of (note, division, &first, &end);
    for (; first < end; first++)
      keys[first * RNN_MIDI_KEYS + note->key] = 1;
  }
  *n_steps = (guint) last;
  return keys;
}

guint8 *
rnn_midi_read (const guint8 *data, gsize n, const gchar *where, guint *n_steps, GError **error)
{
  Bytes b = { data, data + n, FALSE };
  g_autoptr (GArray) notes = g_array_new (FALSE, FALSE, sizeof (Note));
  guint magic = take (&b, 4), length = take (&b, 4), format = take (&b, 2), division = take (&b, 4) & 0xffff;
  guint8 *keys = NULL;

  if (b.broken || magic != 0x4d546864 || length < 6 || format > 1 || division == 0 || division & 0x8000) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no MIDI file of format 0 or 1 with times in quarters", where);
    return NULL;
  }
  skip (&b, length - 6);
  while (b.at < b.end && !b.broken) {
    gboolean is_track = take (&b, 4) == 0x4d54726b;
    gsize size = take (&b, 4);
    Bytes track = { b.at, b.at + MIN (size, (gsize) (b.end - b.at)), FALSE };

    skip (&b, size);
    if (is_track && !b.broken)
      read_track (track, notes, &b.broken);
  }
  if (!b.broken)
    keys = fill_steps (notes, division, n_steps);
  if (!keys)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, b.broken ? "%s: a track is broken" : "%s: no notes, or too many quarters", where);
  return keys;
}

/* ---- writing ---- */

static void
put (GByteArray *out, guint value, guint n)
{
  for (; n > 0; n--) {
    guint8 byte = (guint8) (value >> 8 * (n - 1));

    g_byte_array_append (out, &byte, 1);
  }
}

static void
put_variable (GByteArray *out, guint value)
{
  for (guint shift = 21; shift > 0; shift -= 7)
    if (value >> shift)
      put (out, (value >> shift & 0x7f) | 0x80, 1);
  put (out, value & 0x7f, 1);
}

/* Keys that change before step t; *silent: ticks since the last event. */
static void
put_changes (GByteArray *track, const guint8 *keys, guint t, guint n_steps, guint *silent)
{
  const guint8 *now = keys + (gsize) t * RNN_MIDI_KEYS, *before = now - RNN_MIDI_KEYS;

  for (guint on = 0; on < 2; on++)
    for (guint key = 0; key < RNN_MIDI_KEYS; key++) {
      guint is = t < n_steps && now[key], was = t > 0 && before[key];

      if (is == was || is != on)
        continue;
      put_variable (track, *silent);
      put (track, (on ? 0x900050u : 0x800040u) | key << 8, 3);
      *silent = 0;
    }
}

GBytes *
rnn_midi_write (const guint8 *keys, guint n_steps)
{
  g_autoptr (GByteArray) track = g_byte_array_new ();
  GByteArray *out = g_byte_array_new ();
  guint silent = 0;

  put (track, 0x00ff5103, 4);
  put (track, 500000, 3);
  for (guint t = 0; t <= n_steps; t++, silent += TICKS)
    put_changes (track, keys, t, n_steps, &silent);
  put_variable (track, 0);
  put (track, 0xff2f00, 3);
  put (out, 0x4d546864, 4);
  put (out, 6, 4);
  put (out, 0, 2);
  put (out, 1, 2);
  put (out, TICKS, 2);
  put (out, 0x4d54726b, 4);
  put (out, track->len, 4);
  g_byte_array_append (out, track->data, track->len);
  return g_byte_array_free_to_bytes (out);
}
