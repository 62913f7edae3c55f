/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kaldi's treatment of a frame x, without dither:
 *
 *   d[n] = x[n] - mean (x)                             remove_dc
 *   E    = ln max (sum d^2, floor)                     raw_energy; else of y
 *   y[n] = w[n] (d[n] - a d[n - 1]),  d[-1] = d[0]     pre-emphasis a, window w */
#include "window.h"
#include "features-options.h"
#include "../kernels/kernels.h"
#include <float.h>
#include <math.h>

#define SUM_LANES 16

/* ---- window functions of sample n of N ---- */

static gdouble
raised_cosine (gdouble offset, gdouble n, gdouble period)
{
  return offset - (1 - offset) * cos (2 * G_PI * n / period);
}

static gdouble
povey (gint n, gint N)
{
  return pow (raised_cosine (0.5, n, N - 1), 0.85);
}

static gdouble
hanning (gint n, gint N)
{
  return raised_cosine (0.5, n, N - 1);
}

static gdouble
hamming (gint n, gint N)
{
  return raised_cosine (0.54, n, N - 1);
}

static gdouble
blackman (gint n, gint N)
{
  gdouble a = 2 * G_PI * n / (N - 1);

  return 0.42 - 0.5 * cos (a) + 0.08 * cos (2 * a);
}

static gdouble
rectangular (gint n, gint N)
{
  return 1;
}

static gdouble
hann_periodic (gint n, gint N)
{
  return raised_cosine (0.5, n, N);
}

/* The fractions that 0.54 and 0.46 are rounded from: the first side lobe vanishes (Harris 1978). */
static gdouble
hamming_exact (gint n, gint N)
{
  return raised_cosine (25. / 46, n, N - 1);
}

static gdouble (*const window_functions[]) (gint n, gint N) = {
  [RNN_WINDOW_POVEY] = povey,
  [RNN_WINDOW_HANNING] = hanning,
  [RNN_WINDOW_HAMMING] = hamming,
  [RNN_WINDOW_BLACKMAN] = blackman,
  [RNN_WINDOW_RECTANGULAR] = rectangular,
  [RNN_WINDOW_HANN_PERIODIC] = hann_periodic,
  [RNN_WINDOW_HAMMING_EXACT] = hamming_exact,
};

RnnWindow *
rnn_window_new (const RnnFeatureConfig *config)
{
  RnnWindow *window = g_new0 (RnnWindow, 1);
  gint length = (gint) rnn_feature_config_length (config);

  window->length = (gsize) length;
  window->remove_dc = config->remove_dc;
  window->use_energy = config->use_energy;
  window->raw_energy = config->raw_energy;
  window->preemphasis = config->preemphasis;
  window->min_energy = MAX (FLT_EPSILON, config->energy_floor);
  window->coeffs = g_new (gfloat, length);
  for (gint n = 0; n < length; n++)
    window->coeffs[n] = (gfloat) window_functions[config->window] (n, length);
  return window;
}

void
rnn_window_free (RnnWindow *window)
{
  if (!window)
    return;
  g_free (window->coeffs);
  g_free (window);
}

/* Sum of the squares of x - origin. */
static inline gfloat
energy_of (const gfloat *x, gsize n, gfloat origin)
{
  gfloat lane[SUM_LANES] = { 0 }, sum = 0;
  gsize i = 0;

  for (; i + SUM_LANES <= n; i += SUM_LANES)
    for (gsize j = 0; j < SUM_LANES; j++) {
      gfloat d = x[i + j] - origin;

      lane[j] += d * d;
    }
  for (gsize j = 0; j < SUM_LANES; j++)
    sum += lane[j];
  for (; i < n; i++)
    sum += (x[i] - origin) * (x[i] - origin);
  return sum;
}

gfloat
rnn_window_apply (const RnnWindow *window, const gfloat *x, gfloat *y)
{
  const RnnKernels *kernels = rnn_kernels ();
  gint n = (gint) window->length;
  gfloat mean = window->remove_dc ? kernels->sum (n, x) / n : 0, energy;

  kernels->window (n, mean, window->preemphasis, x, window->coeffs, y);
  if (!window->use_energy)
    return 0;
  energy = window->raw_energy ? energy_of (x, window->length, mean) : energy_of (y, window->length, 0);
  return logf (MAX (energy, window->min_energy));
}
