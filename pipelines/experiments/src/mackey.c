/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mackey-Glass by Runge-Kutta of the 4th order in steps of 1/10; the delayed value between two steps is their cubic
 * interpolation, so that the error is that of the method. */
#include "mackey.h"
#include "base/rng.h"
#include <math.h>
#include <string.h>

#define FINE 10                 /* steps per unit of time */
#define DELAY (17 * FINE)
#define SETTLE 1000             /* units of time until it is on the attractor */

static gdouble
slope (gdouble y, gdouble delayed)
{
  return 0.2 * delayed / (1 + pow (delayed, 10)) - 0.1 * y;
}

/* past[0 .. DELAY]: the newest last; returns the next */
static gdouble
step (const gdouble *past)
{
  const gdouble h = 1.0 / FINE, *d = past;      /* d[0]: a delay ago */
  gdouble y = past[DELAY];
  gdouble middle = (-d[-1] + 9 * d[0] + 9 * d[1] - d[2]) / 16;
  gdouble k1 = slope (y, d[0]), k2 = slope (y + h / 2 * k1, middle);
  gdouble k3 = slope (y + h / 2 * k2, middle), k4 = slope (y + h * k3, d[1]);

  return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
}

void
mackey_glass (guint n, guint64 seed, gdouble *series)
{
  gsize n_fine = ((gsize) SETTLE + n) * FINE + DELAY + 2;
  g_autofree gdouble *fine = g_new (gdouble, n_fine);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 17);
  for (gsize i = 0; i <= DELAY + 1; i++)
    fine[i] = 1.2 + 0.2 * (rnn_rng_uniform (&rng) - 0.5);
  for (gsize i = DELAY + 2; i < n_fine; i++)
    fine[i] = step (fine + i - 1 - DELAY);
  for (guint t = 0; t < n; t++)
    series[t] = tanh (fine[n_fine - (gsize) (n - t) * FINE] - 1);
}
