/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real-to-complex FFT by FFTW (single precision) or, with RNN_FFT_KISSFFT, by kissfft.
 *
 * FFTW's planner is not thread-safe, so one lock serves the whole process; executing a plan needs none.  Plans are
 * estimated: they cost microseconds and are the same, hence the numbers too, in every run. */
#include "fft.h"
#include "../base/error.h"

#define MIN_LENGTH 4            /* below, kissfft allocates */

#ifdef RNN_FFT_KISSFFT
#include <kiss_fftr.h>

#define FFT_LENGTHS "even, without prime factors above 5"

static void
fft_prepare (RnnFft *fft)
{
  int half = (int) fft->n / 2;

  if (kiss_fft_next_fast_size (half) != half)
    return;                     /* other factors make kissfft allocate in every call */
  fft->in = g_new0 (gfloat, fft->n);
  fft->out = g_new0 (gfloat, fft->n + 2);
  fft->plan = kiss_fftr_alloc ((int) fft->n, 0, NULL, NULL);
}

static void
fft_release (RnnFft *fft)
{
  kiss_fftr_free (fft->plan);
  g_free (fft->in);
  g_free (fft->out);
}

static void
fft_execute (RnnFft *fft)
{
  kiss_fftr (fft->plan, fft->in, (kiss_fft_cpx *) fft->out);
}
#else
#include <fftw3.h>
#include <string.h>

#define FFT_LENGTHS "even"

static GMutex planner_lock;

static void
fft_prepare (RnnFft *fft)
{
  fft->in = fftwf_alloc_real (fft->n);
  fft->out = (gfloat *) fftwf_alloc_complex (fft->n / 2 + 1);
  if (!fft->in || !fft->out)
    return;
  memset (fft->in, 0, fft->n * sizeof (gfloat));
  g_mutex_lock (&planner_lock);
  fft->plan = fftwf_plan_dft_r2c_1d ((int) fft->n, fft->in, (fftwf_complex *) fft->out, FFTW_ESTIMATE);
  g_mutex_unlock (&planner_lock);
}

static void
fft_release (RnnFft *fft)
{
  g_mutex_lock (&planner_lock);
  fftwf_destroy_plan (fft->plan);
  g_mutex_unlock (&planner_lock);
  fftwf_free (fft->in);
  fftwf_free (fft->out);
}

static void
fft_execute (RnnFft *fft)
{
  fftwf_execute (fft->plan);
}
#endif

RnnFft *
rnn_fft_new (guint n, GError **error)
{
  g_autoptr (RnnFft) fft = g_new0 (RnnFft, 1);

  fft->n = n;
  if (n >= MIN_LENGTH && n % 2 == 0)
    fft_prepare (fft);
  if (!fft->plan) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "features: no FFT of length %u, must be " FFT_LENGTHS, n);
    return NULL;
  }
  return g_steal_pointer (&fft);
}

void
rnn_fft_free (RnnFft *fft)
{
  if (!fft)
    return;
  fft_release (fft);
  g_free (fft);
}

void
rnn_fft_power (RnnFft *fft, gfloat *restrict power)
{
  const gfloat *restrict out = fft->out;
  gsize n_bins = fft->n / 2 + 1;

  fft_execute (fft);
  for (gsize k = 0; k < n_bins; k++)
    power[k] = out[2 * k] * out[2 * k] + out[2 * k + 1] * out[2 * k + 1];
}
