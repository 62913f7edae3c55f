/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Several channels to one: their mean m = sum x_c / C, unless they cancel each other, as opposite phases do: then the loudest channel.
 *
 *   P <- P + (x^2 - P) / (0.1 s)  of the mean and of each channel; cancelled: P_m < 0.02 max P_c  (uncorrelated channels have 1/C,
 *   one channel of two 1/4);  y = m + share (x_loudest - m),  share goes to 1 or 0 within 2 ms
 *
 * State: the powers, the loudest, share. */
#include "downmix.h"
#include <math.h>

#define MEMORY 0.1f             /* s */
#define FADE 0.002f             /* s */
#define CANCELLED 0.02f
#define FLOOR 1e-20f            /* keeps powers of silence from becoming denormal */

void
rnn_downmix_init (RnnDownmix *d, guint channels, gint rate)
{
  *d = (RnnDownmix) { .channels = channels, .leak = MIN (1, 1 / (MEMORY * (gfloat) rate)), .ramp = MIN (1, 1 / (FADE * (gfloat) rate)) };
}

void
rnn_downmix_reset (RnnDownmix *d)
{
  for (guint c = 0; c < d->channels; c++)
    d->power[c] = 0;
  d->mean_power = d->share = 0;
  d->loudest = 0;
}

static void
follow (gfloat *power, gfloat x, gfloat leak)
{
  gfloat now = x * x;

  if (isfinite (now))           /* else it would be so for ever */
    *power += leak * (now + FLOOR - *power);
}

/* Which of the channels is loudest changes only while it is not heard. */
static void
choose (RnnDownmix *d)
{
  guint loudest = 0;

  for (guint c = 1; c < d->channels; c++)
    if (d->power[c] > d->power[loudest])
      loudest = c;
  if (d->mean_power < CANCELLED * d->power[loudest])
    d->share = MIN (d->share + d->ramp, 1);
  else
    d->share = MAX (d->share - d->ramp, 0);
  if (d->share <= d->ramp)
    d->loudest = loudest;
}

void
rnn_downmix (RnnDownmix *d, const gfloat *x, gsize n, gfloat *mono)
{
  for (gsize i = 0; d->channels == 1 && i < n; i++)
    mono[i] = x[i];
  for (gsize i = 0; d->channels > 1 && i < n; i++, x += d->channels) {
    gfloat mean = 0;

    for (guint c = 0; c < d->channels; c++) {
      mean += x[c];
      follow (&d->power[c], x[c], d->leak);
    }
    mean /= (gfloat) d->channels;
    follow (&d->mean_power, mean, d->leak);
    choose (d);
    mono[i] = mean + d->share * (x[d->loudest] - mean);
  }
}

void
rnn_downmix_keep (RnnDownmix *d, RnnKeep *keep)
{
  rnn_keep_same (keep, d->channels);
  rnn_keep (keep, &d->mean_power, sizeof d->mean_power);
  rnn_keep (keep, d->power, d->channels * sizeof (gfloat));
  rnn_keep_count (keep, &d->loudest, d->channels - 1);
  rnn_keep (keep, &d->share, sizeof d->share);
}
