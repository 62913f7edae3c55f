/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RIFF: "RIFF", size, "WAVE", then chunks: four characters, size, contents padded to 2 bytes.  "fmt " has the format
 * (1 PCM, 3 float, 0xfffe: the first two bytes of a GUID say which), channels, rate, bytes a second, bytes a frame, bits; "data"
 * the samples, little-endian, interleaved.  A data chunk that is longer than the file (a stream's, whose length was not
 * known) ends with the file. */
#include "wav.h"
#include "downmix.h"
#include "error.h"
#include "file.h"
#include <string.h>

#define MAX_RATE 768000
#define PCM 1
#define FLOAT 3
#define EXTENSIBLE 0xfffe

typedef gfloat (*Convert) (const guint8 *sample);

typedef struct {
  guint format, channels, rate, bits;
  const guint8 *data;
  gsize size;
} Riff;

/* ---- samples ---- */

static guint32
little_endian (const guint8 *at, guint bytes)
{
  guint32 value = 0;

  for (guint i = bytes; i-- > 0;)
    value = value << 8 | at[i];
  return value;
}

static gfloat
from_u8 (const guint8 *s)
{
  return (gfloat) (*s - 128) / 128;
}

static gfloat
from_s16 (const guint8 *s)
{
  return (gfloat) (gint16) little_endian (s, 2) / 32768;
}

static gfloat
from_s24 (const guint8 *s)
{
  return (gfloat) (gint32) (little_endian (s, 3) << 8) / 2147483648.0f;
}

static gfloat
from_s32 (const guint8 *s)
{
  return (gfloat) (gint32) little_endian (s, 4) / 2147483648.0f;
}

static gfloat
from_float (const guint8 *s)
{
  guint32 bits = little_endian (s, 4);
  gfloat value;

  memcpy (&value, &bits, sizeof (value));
  return value;
}

static const struct {
  guint format, bits;
  Convert convert;
} formats[] = {
  { PCM, 8, from_u8 }, { PCM, 16, from_s16 }, { PCM, 24, from_s24 }, { PCM, 32, from_s32 }, { FLOAT, 32, from_float },
};

static Convert
find_format (const Riff *riff)
{
  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    if (formats[i].format == riff->format && formats[i].bits == riff->bits)
      return formats[i].convert;
  return NULL;
}

/* ---- chunks ---- */

static void
read_format (Riff *riff, const guint8 *chunk, gsize size)
{
  if (size < 16)
    return;
  riff->format = little_endian (chunk, 2);
  riff->channels = little_endian (chunk + 2, 2);
  riff->rate = little_endian (chunk + 4, 4);
  riff->bits = little_endian (chunk + 14, 2);
  if (riff->format == EXTENSIBLE && size >= 26)
    riff->format = little_endian (chunk + 24, 2);
}

static void
read_chunks (Riff *riff, const guint8 *bytes, gsize n)
{
  for (gsize at = 12; at + 8 <= n && !riff->data;) {
    const guint8 *chunk = bytes + at + 8;
    gsize size = MIN (little_endian (bytes + at + 4, 4), n - at - 8);

    if (!memcmp (bytes + at, "fmt ", 4))
      read_format (riff, chunk, size);
    if (!memcmp (bytes + at, "data", 4)) {
      riff->data = chunk;
      riff->size = size;
    }
    at += 8 + size + (size & 1);
  }
}

static gboolean
find_samples (Riff *riff, const guint8 *bytes, gsize n, gint raw_rate, const gchar *where, GError **error)
{
  if (n >= 12 && !memcmp (bytes, "RIFF", 4) && !memcmp (bytes + 8, "WAVE", 4)) {
    read_chunks (riff, bytes, n);
    if (!riff->data || !find_format (riff) || riff->channels < 1 || riff->channels > RNN_DOWNMIX_CHANNELS || riff->rate < 1
        || riff->rate > MAX_RATE) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: a WAVE file without samples that can be read (format %u, %u "
          "bit, %u channels, %u Hz): PCM of 8 to 32 bit or 32 bit floats", where, riff->format, riff->bits,
          riff->channels, riff->rate);
      return FALSE;
    }
    return TRUE;
  }
  if (!raw_rate) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: not a WAVE file; for raw 16 bit samples say their rate", where);
    return FALSE;
  }
  *riff = (Riff) { PCM, 1, (guint) raw_rate, 16, bytes, n };
  return TRUE;
}

gboolean
rnn_wav_parse (RnnWav *wav, const guint8 *bytes, gsize n, gint raw_rate, const gchar *where, GError **error)
{
  Riff riff = { 0 };
  RnnDownmix downmix;
  Convert convert;
  gsize sample;

  if (!find_samples (&riff, bytes, n, raw_rate, where, error))
    return FALSE;
  convert = find_format (&riff);
  sample = riff.bits / 8;
  wav->rate = (gint) riff.rate;
  wav->n = riff.size / (sample * riff.channels);
  wav->samples = g_new (gfloat, MAX (wav->n, 1));
  rnn_downmix_init (&downmix, riff.channels, wav->rate);
  for (gsize i = 0; i < wav->n; i++) {
    gfloat row[RNN_DOWNMIX_CHANNELS];

    for (guint c = 0; c < riff.channels; c++)
      row[c] = convert (riff.data + (i * riff.channels + c) * sample);
    rnn_downmix (&downmix, row, 1, &wav->samples[i]);
  }
  return TRUE;
}

gboolean
rnn_wav_load (RnnWav *wav, const gchar *path, gint raw_rate, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  const guint8 *data;
  gsize n;

  if (!bytes)
    return FALSE;
  data = g_bytes_get_data (bytes, &n);
  return rnn_wav_parse (wav, data, n, raw_rate, path, error);
}

void
rnn_wav_clear (RnnWav *wav)
{
  g_clear_pointer (&wav->samples, g_free);
}
