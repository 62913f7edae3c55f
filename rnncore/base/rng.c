/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCG32: state' = state * 6364136223846793005 + inc; output is a xorshifted high part, rotated. */
#include "rng.h"
#include <math.h>

guint32
rnn_rng_u32 (RnnRng *rng)
{
  guint64 old = rng->state;
  guint32 xorshifted = (guint32) (((old >> 18) ^ old) >> 27);
  guint32 rot = (guint32) (old >> 59);

  rng->state = old * G_GUINT64_CONSTANT (6364136223846793005) + rng->inc;
  return (xorshifted >> rot) | (xorshifted << ((32 - rot) & 31));
}

void
rnn_rng_seed (RnnRng *rng, guint64 seed, guint64 stream)
{
  rng->state = 0;
  rng->inc = (stream << 1) | 1;
  rnn_rng_u32 (rng);
  rng->state += seed;
  rnn_rng_u32 (rng);
}

guint32
rnn_rng_below (RnnRng *rng, guint32 bound)
{
  guint32 threshold = (0u - bound) % bound, r;

  do
    r = rnn_rng_u32 (rng);
  while (r < threshold);
  return r % bound;
}

gfloat
rnn_rng_uniform (RnnRng *rng)
{
  return (gfloat) (rnn_rng_u32 (rng) >> 8) * 0x1p-24f;
}

gfloat
rnn_rng_normal (RnnRng *rng)
{
  gdouble u = 1.0 - rnn_rng_uniform (rng), v = rnn_rng_uniform (rng);

  return (gfloat) (sqrt (-2.0 * log (u)) * cos (2.0 * G_PI * v));
}

/* Two at a time, and in float: noise on all features of a minibatch is many of them. */
void
rnn_rng_add_normal (RnnRng *rng, gsize n, gfloat scale, gfloat *x)
{
  for (gsize i = 0; i < n; i += 2) {
    gfloat u = 1.0f - rnn_rng_uniform (rng), v = rnn_rng_uniform (rng), radius = scale * sqrtf (-2.0f * logf (u));
    gfloat sine, cosine;

    sincosf (2.0f * (gfloat) G_PI * v, &sine, &cosine);
    x[i] += radius * cosine;
    if (i + 1 < n)
      x[i + 1] += radius * sine;
  }
}

void
rnn_rng_shuffle (RnnRng *rng, guint32 *index, guint n)
{
  for (guint i = n; i > 1; i--) {
    guint j = rnn_rng_below (rng, i);
    guint32 swap = index[i - 1];

    index[i - 1] = index[j];
    index[j] = swap;
  }
}
