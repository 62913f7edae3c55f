/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Half floats.  A half's bits moved to a float's place are its value times 2^-112, and numbers too small for a normal half are
 * so for a float there, so one product does all (both loops have no branch: compilers make vectors of them). */
#include "half.h"
#include <math.h>
#include <string.h>

#define UP 0x1p112f

typedef union {
  gfloat f;
  guint32 u;
} Bits;

void
rnn_half_to_float (gsize n, const guint16 *half, gfloat *x)
{
  for (gsize i = 0; i < n; i++) {
    Bits bits = {.u = (half[i] & 0x7fffu) << 13 };

    bits.f *= UP;
    bits.u |= (half[i] & 0x8000u) << 16;
    x[i] = bits.f;
  }
}

static guint16
round_one (gfloat x)
{
  Bits bits = {.f = isnan (x) ? 0 : fminf (fabsf (x), RNN_HALF_MAX) };

  if (bits.f < 0x1p-14f) {      /* a multiple of 2^-24 */
    bits.f = rintf (bits.f * 0x1p24f);
    return (guint16) ((guint16) bits.f | (signbit (x) ? 0x8000u : 0));
  }
  bits.u += 0xfffu + (bits.u >> 13 & 1);        /* to even */
  return (guint16) (((bits.u >> 13) - (112u << 10)) | (signbit (x) ? 0x8000u : 0));
}

void
rnn_half_from_float (gsize n, const gfloat *x, guint16 *half)
{
  for (gsize i = 0; i < n; i++)
    half[i] = round_one (x[i]);
}
