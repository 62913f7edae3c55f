/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Audio for `rnncore bench pipeline`: a file, or noise in the manner of speech. */
#include "audio.h"
#include "base/error.h"
#include "base/rng.h"
#include "base/wav.h"
#include <math.h>

#define SYLLABLES 4             /* per second */
#define FALL 0.9f               /* pole of the low pass: some 6 dB per octave from 300 Hz */

/* Nothing tells samples from any other bytes but the name. */
static gboolean
is_raw (const gchar *path)
{
  return g_str_has_suffix (path, ".raw") || g_str_has_suffix (path, ".pcm");
}

gfloat *
bench_audio_load (const gchar *path, gint rate, gsize min_samples, gsize *n, GError **error)
{
  RnnWav wav = { 0 };

  if (!rnn_wav_load (&wav, path, is_raw (path) ? rate : 0, error))
    return NULL;
  if (wav.rate == rate && wav.n >= min_samples) {
    *n = wav.n;
    return wav.samples;
  }
  if (wav.rate != rate)
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: %d Hz, not %d Hz", path, wav.rate, rate);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: only %" G_GSIZE_FORMAT " samples", path, wav.n);
  rnn_wav_clear (&wav);
  return NULL;
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
