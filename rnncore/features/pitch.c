/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pitch.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HALF (RNN_PITCH_HISTORY / 2)    /* samples at half the rate */
#define ORDER 4                 /* of the whitening filter */
#define LAGS (RNN_PITCH_LONGEST - 3 * RNN_PITCH_SHORTEST)       /* that are searched */

static gfloat
dot (const gfloat *a, const gfloat *b, gint n)
{
  gfloat sum = 0;

  for (gint i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

/* ---- whitening ---- */

/* Levinson-Durbin: a[ORDER] that predict from autocorrelations r[ORDER + 1]. */
static void
predict (const gfloat *r, gfloat *a)
{
  gfloat error = r[0];

  memset (a, 0, ORDER * sizeof (gfloat));
  for (gint i = 0; i < ORDER && r[0] != 0; i++) {
    gfloat before[ORDER], reflection = r[i + 1];

    memcpy (before, a, sizeof (before));
    for (gint j = 0; j < i; j++)
      reflection += before[j] * r[i - j];
    reflection /= -error;
    a[i] = reflection;
    for (gint j = 0; j < i; j++)
      a[j] = before[j] + reflection * before[i - 1 - j];
    error -= reflection * reflection * error;
    if (error < 0.001f * r[0])
      return;
  }
}

/* Half the rate, and a spectrum without its slope: white[HALF]. */
static void
whiten (const gfloat *sound, gfloat *white)
{
  gfloat r[ORDER + 1], a[ORDER], taps[ORDER + 1], half[HALF], decay = 1;

  half[0] = 0.5f * (0.5f * sound[1] + sound[0]);
  for (gint i = 1; i < HALF; i++)
    half[i] = 0.5f * (0.5f * (sound[2 * i - 1] + sound[2 * i + 1]) + sound[2 * i]);
  for (gint k = 0; k <= ORDER; k++)
    r[k] = dot (half + k, half, HALF - k);
  r[0] *= 1.0001f;              /* a noise floor 40 dB down */
  for (gint k = 1; k <= ORDER; k++)
    r[k] -= r[k] * (0.008f * k) * (0.008f * k);
  predict (r, a);
  for (gint k = 0; k < ORDER; k++)
    a[k] *= decay *= 0.9f;
  for (gint k = 0; k <= ORDER; k++)     /* with a zero at 0.8 */
    taps[k] = (k < ORDER ? a[k] : 0) + 0.8f * (k == 0 ? 1 : a[k - 1]);
  for (gint i = 0; i < HALF; i++) {
    white[i] = half[i];
    for (gint k = 0; k <= MIN (ORDER, i - 1); k++)
      white[i] += taps[k] * half[i - 1 - k];
  }
}

/* ---- the search ---- */

/* The two lags of corr[n_lags] whose square is largest beside the energy of y[len] from there on. */
static void
find_two (const gfloat *corr, const gfloat *y, gint len, gint n_lags, gint best[2])
{
  gfloat energy = 1 + dot (y, y, len), value[2] = { -1, -1 }, beside[2] = { 0, 0 };

  best[0] = 0;
  best[1] = 1;
  for (gint i = 0; i < n_lags; i++) {
    gfloat scaled = corr[i] * 1e-12f, square = scaled * scaled;

    if (corr[i] > 0 && square * beside[1] > value[1] * energy) {
      gint place = square * beside[0] > value[0] * energy ? 0 : 1;

      if (place == 0) {
        value[1] = value[0];
        beside[1] = beside[0];
        best[1] = best[0];
      }
      value[place] = square;
      beside[place] = energy;
      best[place] = i;
    }
    energy = MAX (energy + y[i + len] * y[i + len] - y[i] * y[i], 1);
  }
}

/* Where between its neighbours a maximum lies: -1, 0 or 1 halves of a step. */
static gint
lean (const gfloat c[3])
{
  if (c[2] - c[0] > 0.7f * (c[1] - c[0]))
    return 1;
  return c[0] - c[2] > 0.7f * (c[1] - c[2]) ? -1 : 0;
}

/* The lag, in samples, from the start of white[] to what is most like the frame at its end. */
static gint
search (const gfloat *white)
{
  const gfloat *frame = white + RNN_PITCH_LONGEST / 2;
  gfloat frame4[RNN_PITCH_FRAME / 4], all4[(RNN_PITCH_FRAME + LAGS) / 4], corr[LAGS / 2];
  gint best[2], offset = 0;

  for (guint j = 0; j < G_N_ELEMENTS (frame4); j++)
    frame4[j] = frame[2 * j];
  for (guint j = 0; j < G_N_ELEMENTS (all4); j++)
    all4[j] = white[2 * j];
  for (gint i = 0; i < LAGS / 4; i++)
    corr[i] = dot (frame4, all4 + i, RNN_PITCH_FRAME / 4);
  find_two (corr, all4, RNN_PITCH_FRAME / 4, LAGS / 4, best);
  for (gint i = 0; i < LAGS / 2; i++) {
    gboolean near = abs (i - 2 * best[0]) <= 2 || abs (i - 2 * best[1]) <= 2;

    corr[i] = near ? MAX (dot (frame, white + i, RNN_PITCH_FRAME / 2), -1) : 0;
  }
  find_two (corr, white, RNN_PITCH_FRAME / 2, LAGS / 2, best);
  if (best[0] > 0 && best[0] < LAGS / 2 - 1)
    offset = lean (corr + best[0] - 1);
  return 2 * best[0] - offset;
}

/* ---- fractions of the period ---- */

static gfloat
gain_of (gfloat xy, gfloat xx, gfloat yy)
{
  return xy / sqrtf (1 + xx * yy);
}

/* How strong a shorter period has to be: less so if it was there before, more so if it is very short. */
static gfloat
threshold_of (gint period, gfloat gain, gfloat continuity)
{
  if (period < 3 * RNN_PITCH_SHORTEST / 2)
    return MAX (0.4f, 0.85f * gain - continuity);
  return MAX (0.3f, 0.7f * gain - continuity);
}

typedef struct {
  const gfloat *x;              /* the frame, with the longest period before it */
  gfloat xx, yy[RNN_PITCH_LONGEST / 2 + 1];     /* energies of the frame, and of it so many samples earlier */
} Fractions;

#define N (RNN_PITCH_FRAME / 2)

static void
measure_energies (Fractions *f, const gfloat *white)
{
  gfloat energy;

  f->x = white + RNN_PITCH_LONGEST / 2;
  energy = f->yy[0] = f->xx = dot (f->x, f->x, N);
  for (gint i = 1; i <= RNN_PITCH_LONGEST / 2; i++) {
    energy += f->x[-i] * f->x[-i] - f->x[N - i] * f->x[N - i];
    f->yy[i] = MAX (energy, 0);
  }
}

static gfloat
continuity_of (gint period, gint fraction, gint first, const RnnPitch *before)
{
  gint off = abs (period - before->period / 2);

  if (off <= 1)
    return before->gain;
  return off <= 2 && 5 * fraction * fraction < first ? 0.5f * before->gain : 0;
}

/* Of half the rate: @first, a period that may be a multiple of the true one. */
static void
choose (const Fractions *f, gint first, RnnPitch *pitch)
{
  static const gint check[] = { 0, 0, 3, 2, 3, 2, 5, 2, 3, 2, 3, 2, 5, 2, 3, 2 };
  gfloat best_xy = dot (f->x, f->x - first, N), best_yy = f->yy[first], c[3];
  gfloat whole = gain_of (best_xy, f->xx, best_yy), gain = whole, strength;
  gint period = first;

  for (gint k = 2; k <= 15; k++) {
    gint one = (2 * first + k) / (2 * k), other = k == 2 ? (one + first > RNN_PITCH_LONGEST / 2 ? first : first + one) :
        (2 * check[k] * first + k) / (2 * k);
    gfloat xy, yy, g;

    if (one < RNN_PITCH_SHORTEST / 2)
      break;
    xy = 0.5f * (dot (f->x, f->x - one, N) + dot (f->x, f->x - other, N));
    yy = 0.5f * (f->yy[one] + f->yy[other]);
    g = gain_of (xy, f->xx, yy);
    if (g > threshold_of (one, whole, continuity_of (one, k, first, pitch))) {
      best_xy = xy;
      best_yy = yy;
      period = one;
      gain = g;
    }
  }
  best_xy = MAX (best_xy, 0);
  strength = best_yy <= best_xy ? 1 : best_xy / (best_yy + 1);
  for (gint k = 0; k < 3; k++)
    c[k] = dot (f->x, f->x - (period + k - 1), N);
  pitch->period = MAX (2 * period + lean (c), RNN_PITCH_SHORTEST);
  pitch->gain = MIN (strength, gain);
}

void
rnn_pitch_find (const gfloat *sound, RnnPitch *pitch)
{
  gfloat white[HALF];
  Fractions f;
  gint first;

  whiten (sound, white);
  first = (RNN_PITCH_LONGEST - search (white)) / 2;
  measure_energies (&f, white);
  choose (&f, MIN (first, RNN_PITCH_LONGEST / 2 - 1), pitch);
}
