/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rnnoise.h"
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "fft.h"

#define BANDS RNN_NOISE_BANDS
#define DELTAS 6                /* cepstra that are followed over time */
#define MEMORY 8                /* frames of them */

/* Where triangles have their tops, in steps of 4 bins (200 Hz) */
static const gint tops[BANDS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 34, 40, 48, 60, 78, 100 };

struct _RnnNoiseAnalysis {
  RnnFft *fft;                  /* of RNN_NOISE_WINDOW complex numbers */
  gfloat window[RNN_NOISE_WINDOW], cosine[BANDS][BANDS];
  gfloat highpass[2];           /* memory */
  gfloat history[RNN_PITCH_HISTORY];    /* samples without their lowest frequencies */
  RnnPitch pitch;
  gfloat cepstra[MEMORY][BANDS];
  guint at;                     /* of the next one */
  RnnNoiseFrame frame;
};

RnnNoiseAnalysis *
rnn_noise_analysis_new (GError **error)
{
  RnnFft *fft = rnn_fft_new (2 * RNN_NOISE_WINDOW, error);
  RnnNoiseAnalysis *a;

  if (!fft)
    return NULL;
  a = g_new0 (RnnNoiseAnalysis, 1);
  a->fft = fft;
  for (guint i = 0; i < RNN_NOISE_WINDOW; i++) {
    gdouble s = sin (G_PI * (i + 0.5) / RNN_NOISE_WINDOW);

    a->window[i] = (gfloat) sin (G_PI / 2 * s * s);
  }
  for (guint i = 0; i < BANDS; i++)
    for (guint j = 0; j < BANDS; j++)
      a->cosine[j][i] = (gfloat) (cos ((i + 0.5) * j * G_PI / BANDS) * sqrt ((j == 0 ? 1. : 2.) / BANDS));
  return a;
}

void
rnn_noise_analysis_free (RnnNoiseAnalysis *a)
{
  if (!a)
    return;
  rnn_fft_free (a->fft);
  g_free (a);
}

void
rnn_noise_analysis_reset (RnnNoiseAnalysis *a)
{
  memset (a->highpass, 0, sizeof (a->highpass));
  memset (a->history, 0, sizeof (a->history));
  memset (a->cepstra, 0, sizeof (a->cepstra));
  a->pitch = (RnnPitch) { 0, 0 };
  a->at = 0;
}

/* ---- bands ---- */

/* Of a*b: each bin is shared by the two bands whose tops it lies between; the outermost have half a triangle. */
static void
sum_bands (const gfloat (*a)[2], const gfloat (*b)[2], gfloat *band)
{
  memset (band, 0, BANDS * sizeof (gfloat));
  for (gint i = 0; i + 1 < BANDS; i++) {
    gint first = 4 * tops[i], n = 4 * tops[i + 1] - first;

    for (gint j = 0; j < n; j++) {
      gfloat product = a[first + j][0] * b[first + j][0] + a[first + j][1] * b[first + j][1], part = (gfloat) j / n;

      band[i] += (1 - part) * product;
      band[i + 1] += part * product;
    }
  }
  band[0] *= 2;
  band[BANDS - 1] *= 2;
}

/* A value for each bin; above the last top 0 */
static void
spread_bands (const gfloat *band, gfloat *bins)
{
  memset (bins, 0, RNN_NOISE_BINS * sizeof (gfloat));
  for (gint i = 0; i + 1 < BANDS; i++) {
    gint first = 4 * tops[i], n = 4 * tops[i + 1] - first;

    for (gint j = 0; j < n; j++)
      bins[first + j] = (1 - (gfloat) j / n) * band[i] + (gfloat) j / n * band[i + 1];
  }
}

static void
cosines (const RnnNoiseAnalysis *a, const gfloat *band, gfloat *out)
{
  for (gint j = 0; j < BANDS; j++) {
    out[j] = 0;
    for (gint i = 0; i < BANDS; i++)
      out[j] += band[i] * a->cosine[j][i];
  }
}

/* ---- a frame ---- */

/* Without what lies below the voice */
static void
take_samples (RnnNoiseAnalysis *a, const gfloat *samples)
{
  gfloat *newest = a->history + RNN_PITCH_HISTORY - RNN_NOISE_HOP;

  memmove (a->history, a->history + RNN_NOISE_HOP, (RNN_PITCH_HISTORY - RNN_NOISE_HOP) * sizeof (gfloat));
  for (gint i = 0; i < RNN_NOISE_HOP; i++) {
    gfloat x = samples[i], y = x + a->highpass[0];

    a->highpass[0] = a->highpass[1] - 2 * x + 1.99599f * y;
    a->highpass[1] = x - 0.996f * y;
    newest[i] = y;
  }
}

static void
transform (RnnNoiseAnalysis *a, const gfloat *sound, gfloat (*spectrum)[2])
{
  for (gint i = 0; i < RNN_NOISE_WINDOW; i++) {
    a->fft->in[2 * i] = sound[i] * a->window[i];
    a->fft->in[2 * i + 1] = 0;
  }
  rnn_fft_complex (a->fft);
  for (gint k = 0; k < RNN_NOISE_BINS; k++)
    for (gint c = 0; c < 2; c++)
      spectrum[k][c] = a->fft->out[2 * k + c];
}

static void
compare_earlier (RnnNoiseAnalysis *a)
{
  RnnNoiseFrame *f = &a->frame;

  rnn_pitch_find (a->history, &a->pitch);
  transform (a, a->history + RNN_PITCH_HISTORY - RNN_NOISE_WINDOW - a->pitch.period, f->p);
  sum_bands ((const gfloat (*)[2]) f->p, (const gfloat (*)[2]) f->p, f->earlier);
  sum_bands ((const gfloat (*)[2]) f->x, (const gfloat (*)[2]) f->p, f->correlation);
  for (gint i = 0; i < BANDS; i++)
    f->correlation[i] /= sqrtf (0.001f + f->energy[i] * f->earlier[i]);
}

/* Logarithms of the bands, none far below those before it; FALSE: silence */
static gboolean
measure_logs (const RnnNoiseFrame *f, gfloat *logs)
{
  gfloat largest = -2, follow = -2, sum = 0;

  for (gint i = 0; i < BANDS; i++) {
    logs[i] = MAX (MAX (log10f (0.01f + f->energy[i]), follow - 1.5f), largest - 7);
    largest = MAX (largest, logs[i]);
    follow = MAX (follow - 1.5f, logs[i]);
    sum += f->energy[i];
  }
  return sum >= 0.04f;
}

/* How far each of the last cepstra is from the one most like it, on average */
static gfloat
measure_change (const RnnNoiseAnalysis *a)
{
  gfloat sum = 0;

  for (gint i = 0; i < MEMORY; i++) {
    gfloat nearest = 1e15f;

    for (gint j = 0; j < MEMORY; j++) {
      gfloat distance = 0;

      for (gint k = 0; k < BANDS && j != i; k++)
        distance += (a->cepstra[i][k] - a->cepstra[j][k]) * (a->cepstra[i][k] - a->cepstra[j][k]);
      nearest = j == i ? nearest : MIN (nearest, distance);
    }
    sum += nearest;
  }
  return sum / MEMORY;
}

static void
fill_features (RnnNoiseAnalysis *a, const gfloat *logs)
{
  gfloat *features = a->frame.features, *now = a->cepstra[a->at], periodic[BANDS];
  const gfloat *one = a->cepstra[(a->at + MEMORY - 1) % MEMORY], *two = a->cepstra[(a->at + MEMORY - 2) % MEMORY];

  cosines (a, logs, now);
  now[0] -= 12;
  now[1] -= 4;
  memcpy (features, now, BANDS * sizeof (gfloat));
  for (gint i = 0; i < DELTAS; i++) {
    features[i] = now[i] + one[i] + two[i];
    features[BANDS + i] = now[i] - two[i];
    features[BANDS + DELTAS + i] = now[i] - 2 * one[i] + two[i];
  }
  a->at = (a->at + 1) % MEMORY;
  cosines (a, a->frame.correlation, periodic);
  memcpy (features + BANDS + 2 * DELTAS, periodic, DELTAS * sizeof (gfloat));
  features[BANDS + 2 * DELTAS] -= 1.3f;
  features[BANDS + 2 * DELTAS + 1] -= 0.9f;
  features[BANDS + 3 * DELTAS] = 0.01f * (a->pitch.period - 300);
  features[BANDS + 3 * DELTAS + 1] = measure_change (a) - 2.1f;
}

RnnNoiseFrame *
rnn_noise_analyse (RnnNoiseAnalysis *a, const gfloat *samples)
{
  RnnNoiseFrame *f = &a->frame;
  gfloat logs[BANDS];

  take_samples (a, samples);
  transform (a, a->history + RNN_PITCH_HISTORY - RNN_NOISE_WINDOW, f->x);
  sum_bands ((const gfloat (*)[2]) f->x, (const gfloat (*)[2]) f->x, f->energy);
  compare_earlier (a);
  f->silent = !measure_logs (f, logs);
  if (f->silent)
    memset (f->features, 0, sizeof (f->features));
  else
    fill_features (a, logs);
  return f;
}

/* ---- what comes out ---- */

/* Adds the earlier period where the sound repeats more than the gain leaves of it, and keeps the bands' energies. */
static void
comb (RnnNoiseFrame *f, const gfloat *gains)
{
  gfloat part[BANDS], bins[RNN_NOISE_BINS], after[BANDS];

  for (gint i = 0; i < BANDS; i++) {
    gfloat c = f->correlation[i] * f->correlation[i], g = gains[i] * gains[i];

    part[i] = f->correlation[i] > gains[i] ? 1 : c * (1 - g) / (0.001f + g * (1 - c));
    part[i] = sqrtf (CLAMP (part[i], 0, 1)) * sqrtf (f->energy[i] / (1e-8f + f->earlier[i]));
  }
  spread_bands (part, bins);
  for (gint k = 0; k < RNN_NOISE_BINS; k++)
    for (gint c = 0; c < 2; c++)
      f->x[k][c] += bins[k] * f->p[k][c];
  sum_bands ((const gfloat (*)[2]) f->x, (const gfloat (*)[2]) f->x, after);
  for (gint i = 0; i < BANDS; i++)
    part[i] = sqrtf (f->energy[i] / (1e-8f + after[i]));
  spread_bands (part, bins);
  for (gint k = 0; k < RNN_NOISE_BINS; k++)
    for (gint c = 0; c < 2; c++)
      f->x[k][c] *= bins[k];
}

void
rnn_noise_filter (RnnNoiseFrame *f, const gfloat *gains, gfloat *lastg)
{
  gfloat bins[RNN_NOISE_BINS];

  comb (f, gains);
  for (gint i = 0; i < BANDS; i++)
    lastg[i] = MAX (gains[i], 0.6f * lastg[i]);
  spread_bands (lastg, bins);
  for (gint k = 0; k < RNN_NOISE_BINS; k++)
    for (gint c = 0; c < 2; c++)
      f->x[k][c] *= bins[k];
}

void
rnn_noise_analysis_keep (RnnNoiseAnalysis *a, RnnKeep *keep)
{
  rnn_keep (keep, a->highpass, sizeof a->highpass);
  rnn_keep (keep, a->history, sizeof a->history);
  rnn_keep (keep, a->cepstra, sizeof a->cepstra);
  rnn_keep (keep, &a->pitch, sizeof a->pitch);
  rnn_keep_count (keep, &a->at, MEMORY - 1);
  if (a->pitch.period < 0 || a->pitch.period > RNN_PITCH_LONGEST + 1)
    keep->failed = TRUE;
}
