/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio for `rnncore bench pipeline`: a file, or noise in the manner of speech. */
#include "audio.h"
#include "base/error.h"
#include "base/rng.h"
#include <math.h>
#include <string.h>

#define SYLLABLES 4             /* per second */
#define FALL 0.9f               /* pole of the low pass: some 6 dB per octave from 300 Hz */

static guint
little_endian (const guchar *at, gint bytes)
{
  guint value = 0;

  for (gint i = bytes - 1; i >= 0; i--)
    value = value << 8 | at[i];
  return value;
}

/* Finds the samples of a RIFF file of 16 bit PCM.  Chunks: four characters, length, contents padded to 2 bytes. */
static gboolean
find_samples (const guchar *file, gsize length, guint rate, gsize *start, gsize *size)
{
  gboolean fits = FALSE;

  for (gsize at = 12; at + 8 <= length;) {
    const guchar *chunk = file + at + 8;
    gsize n = MIN (little_endian (file + at + 4, 4), length - at - 8);

    if (!memcmp (file + at, "fmt ", 4) && n >= 16)
      fits = little_endian (chunk + 2, 2) == 1 && little_endian (chunk + 4, 4) == rate
          && little_endian (chunk + 14, 2) == 16;
    if (!memcmp (file + at, "data", 4)) {
      *start = at + 8;
      *size = n;
      return fits;
    }
    at += 8 + n + (n & 1);
  }
  return FALSE;
}

/* Nothing tells samples from any other bytes but the name. */
static gboolean
is_raw (const gchar *path)
{
  return g_str_has_suffix (path, ".raw") || g_str_has_suffix (path, ".pcm");
}

gfloat *
bench_audio_load (const gchar *path, gint rate, gsize min_samples, gsize *n, GError **error)
{
  g_autofree gchar *file = NULL;
  gsize length, start = 0, size;
  gfloat *samples;

  if (!g_file_get_contents (path, &file, &length, error))
    return NULL;
  size = length;
  if (length >= 12 && !memcmp (file, "RIFF", 4) ? !find_samples ((guchar *) file, length, rate, &start, &size)
      : !is_raw (path)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: not WAV of one channel of 16 bit samples at %d Hz, nor "
        "named .raw or .pcm", path, rate);
    return NULL;
  }
  *n = size / 2;
  if (*n < min_samples) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: only %" G_GSIZE_FORMAT " samples", path, *n);
    return NULL;
  }
  samples = g_new (gfloat, *n);
  for (gsize i = 0; i < *n; i++)
    samples[i] = (gint16) little_endian ((guchar *) file + start + 2 * i, 2) / 32768.0f;
  return samples;
}

gfloat *
bench_audio_make (gint rate, gsize n_samples, gsize *n)
{
  gfloat *samples = g_new (gfloat, n_samples), low = 0;
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 0);
  for (gsize i = 0; i < n_samples; i++) {
    low = FALL * low + (1 - FALL) * rnn_rng_normal (&rng);
    samples[i] = 0.5f * low * (gfloat) (1 - cos (2 * G_PI * SYLLABLES * i / rate));
  }
  *n = n_samples;
  return samples;
}
