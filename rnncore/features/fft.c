/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Power spectrum by FFTW (single precision) or, with RNN_FFT_KISSFFT, by kissfft.
 *
 * n reals are transformed as n / 2 complex numbers, which FFTW does in less than half the time of its own transform of
 * reals; the kernel real_power takes the result apart.
 *
 * Plans are shared: one per length in the process, kept while anybody uses it, with the angles that belong to it.
 * FFTW's planner is not thread-safe, so making and dropping them is under a lock; executing them needs none.  They are
 * estimated: that costs microseconds, and they are the same, hence the numbers too, in every run. */
#include "fft.h"
#include "../base/error.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define MIN_LENGTH 4            /* below, kissfft allocates */

struct _RnnFftPlan {
  guint n, n_users;
  gpointer transform;           /* the library's */
  gfloat *cosine, *sine;        /* [n / 4 + 1] of 2 pi k / n */
};

static GMutex lock;
static GSList *plans;           /* of RnnFftPlan; under the lock */

/* ---- the library: complex transforms of length m ---- */

#ifdef RNN_FFT_KISSFFT
#include <kiss_fft.h>

#define FFT_LENGTHS "even, without prime factors above 5"
#define alloc_floats(n) g_new (gfloat, n)
#define free_floats g_free

static gpointer
make_transform (int m, gfloat *in, gfloat *out)
{
  /* other factors make kissfft allocate in every call */
  return kiss_fft_next_fast_size (m) == m ? kiss_fft_alloc (m, 0, NULL, NULL) : NULL;
}

static void
free_transform (gpointer transform)
{
  kiss_fft_free (transform);
}

static void
execute (gpointer transform, gfloat *in, gfloat *out)
{
  kiss_fft (transform, (kiss_fft_cpx *) in, (kiss_fft_cpx *) out);
}
#else
#include <fftw3.h>

#define FFT_LENGTHS "even"
#define alloc_floats fftwf_alloc_real   /* aligned alike, so that one plan serves all */
#define free_floats fftwf_free

static gpointer
make_transform (int m, gfloat *in, gfloat *out)
{
  return fftwf_plan_dft_1d (m, (fftwf_complex *) in, (fftwf_complex *) out, FFTW_FORWARD,
      FFTW_ESTIMATE | FFTW_PRESERVE_INPUT);
}

static void
free_transform (gpointer transform)
{
  fftwf_destroy_plan (transform);
}

static void
execute (gpointer transform, gfloat *in, gfloat *out)
{
  fftwf_execute_dft (transform, (fftwf_complex *) in, (fftwf_complex *) out);
}
#endif

/* ---- plans ---- */

static RnnFftPlan *
make_plan (const RnnFft *fft)
{
  gpointer transform = make_transform ((int) fft->n / 2, fft->in, fft->out);
  gsize n_angles = fft->n / 4 + 1;
  RnnFftPlan *plan;

  if (!transform)
    return NULL;
  plan = g_new0 (RnnFftPlan, 1);
  plan->n = fft->n;
  plan->transform = transform;
  plan->cosine = g_new (gfloat, n_angles);
  plan->sine = g_new (gfloat, n_angles);
  for (gsize k = 0; k < n_angles; k++) {
    plan->cosine[k] = (gfloat) cos (2 * G_PI * (gdouble) k / fft->n);
    plan->sine[k] = (gfloat) sin (2 * G_PI * (gdouble) k / fft->n);
  }
  plans = g_slist_prepend (plans, plan);
  return plan;
}

static void
free_plan (RnnFftPlan *plan)
{
  plans = g_slist_remove (plans, plan);
  free_transform (plan->transform);
  g_free (plan->cosine);
  g_free (plan->sine);
  g_free (plan);
}

static void
take_plan (RnnFft *fft)
{
  g_mutex_lock (&lock);
  for (GSList *l = plans; l && !fft->plan; l = l->next)
    if (((RnnFftPlan *) l->data)->n == fft->n)
      fft->plan = l->data;
  if (!fft->plan)
    fft->plan = make_plan (fft);
  if (fft->plan)
    fft->plan->n_users++;
  g_mutex_unlock (&lock);
}

static void
drop_plan (RnnFftPlan *plan)
{
  g_mutex_lock (&lock);
  if (--plan->n_users == 0)
    free_plan (plan);
  g_mutex_unlock (&lock);
}

/* ---- an instance: buffers of its own ---- */

RnnFft *
rnn_fft_new (guint n, GError **error)
{
  g_autoptr (RnnFft) fft = g_new0 (RnnFft, 1);

  fft->n = n;
  if (n >= MIN_LENGTH && n % 2 == 0) {
    fft->in = alloc_floats (n);
    fft->out = alloc_floats (n);
    take_plan (fft);
    memset (fft->in, 0, n * sizeof (gfloat));
  }
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
  if (fft->plan)
    drop_plan (fft->plan);
  free_floats (fft->in);
  free_floats (fft->out);
  g_free (fft);
}

void
rnn_fft_complex (RnnFft *fft)
{
  execute (fft->plan->transform, fft->in, fft->out);
}

void
rnn_fft_power (RnnFft *fft, gfloat *power)
{
  execute (fft->plan->transform, fft->in, fft->out);
  rnn_kernels ()->real_power ((gint) fft->n / 2, fft->out, fft->plan->cosine, fft->plan->sine, power);
}
