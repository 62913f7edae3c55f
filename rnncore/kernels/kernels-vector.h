/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Vectors of LANES floats and the functions of one: exp and log after Cephes' single-precision polynomials, tanh the
 * rational minimax approximation that Eigen uses; all stay within 4 units in the last place. */
#pragma once
#include <math.h>
#include <string.h>
#include "kernels.h"

typedef gfloat V __attribute__ ((vector_size (4 * LANES), may_alias));
typedef gint32 VI __attribute__ ((vector_size (4 * LANES), may_alias));
typedef gfloat Vu __attribute__ ((vector_size (4 * LANES), aligned (4), may_alias));
typedef guint32 VW __attribute__ ((vector_size (4 * LANES), may_alias));
typedef guint16 VH __attribute__ ((vector_size (4 * LANES), may_alias));
typedef guint8 VB __attribute__ ((vector_size (4 * LANES), may_alias));
typedef gint32 VIu __attribute__ ((vector_size (4 * LANES), aligned (4), may_alias));
typedef gfloat V4 __attribute__ ((vector_size (16), aligned (4), may_alias));   /* for any row */
typedef gint32 V4I __attribute__ ((vector_size (16)));

#define INLINE static inline __attribute__ ((always_inline))
#define VECS (RNN_BLOCK / LANES)        /* vectors per block */
#define ROUND_TO_WHOLE 12582912.f       /* 1.5 * 2^23: added, it rounds to an integer, ties to even, */
#define WHOLE_BITS 0x4b400000           /* and this is its own pattern of bits */

/* Lanes of a and, counted on, of b: what a vector of constants says for each lane. */
#ifdef __clang__                /* takes no vector there, but sees through the loop */
#define SHUFFLE(a, b, ...) __extension__ ({ \
  __typeof__ ((a) + (b)) a_ = (a), b_ = (b), to_; \
  __typeof__ (__VA_ARGS__) from_ = (__VA_ARGS__); \
  enum { N_ = sizeof from_ / sizeof from_[0] }; \
  for (gint i_ = 0; i_ < N_; i_++) \
    to_[i_] = from_[i_] < N_ ? a_[from_[i_]] : b_[from_[i_] - N_]; \
  to_; })
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle (a, b, __VA_ARGS__)
#endif

INLINE V
splat (gfloat a)
{
  return a - (V) { 0 };
}

INLINE V
blend (VI mask, V yes, V no)
{
  return (V) (((VI) yes & mask) | ((VI) no & ~mask));
}

/* The first k lanes (all when k >= LANES, none when k <= 0); others are 0.  Copies of some lanes wait until they are all written. */
INLINE V
load (const gfloat *p, gint k)
{
  if (G_LIKELY (k >= LANES))
    return *(const Vu *) p;
#ifdef V_LOAD
  return V_LOAD (p, k);
#endif
  V v = { 0 };
  if (k > 0)
    memcpy (&v, p, (gsize) k * sizeof (gfloat));
  return v;
}

INLINE void
store (gfloat *p, V v, gint k)
{
  if (G_LIKELY (k >= LANES))
    *(Vu *) p = v;
#ifdef V_STORE
  else
    V_STORE (p, k, v);
#else
  else if (k > 0)
    memcpy (p, &v, (gsize) k * sizeof (gfloat));
#endif
}

#ifndef V_ALL
/* Are all lanes of a mask set? */
INLINE gboolean
are_all (VI mask)
{
  gint32 all = -1;

  for (gint j = 0; j < LANES; j++)
    all &= mask[j];
  return all != 0;
}
#define V_ALL(mask) are_all (mask)
#endif

/* Four bytes as they stand. */
INLINE gint32
int_at (const guint8 *bytes)
{
  gint32 x;

  memcpy (&x, bytes, sizeof x);
  return x;
}

/* The upper half that is nearest, ties to even, as the low half of each lane.  What is no number stays none. */
INLINE VI
to_bf16 (V x)
{
  VW bits = (VW) x, nearest = bits + 0x7fff + (bits >> 16 & 1);

  return (VI) ((VW) blend (x == x, (V) nearest, (V) (bits | 0x400000)) >> 16);
}

/* ---- functions of a vector ---- */

INLINE gfloat
across (V v)
{
  gfloat sum = 0;

  for (gint j = 0; j < LANES; j++)
    sum += v[j];
  return sum;
}

/* e^r for |r| <= log (2) / 2 */
INLINE V
v_exp_reduced (V r)
{
  V p = splat (1.9875691500e-4f);

  p = V_FMA (p, r, splat (1.3981999507e-3f));
  p = V_FMA (p, r, splat (8.3334519073e-3f));
  p = V_FMA (p, r, splat (4.1665795894e-2f));
  p = V_FMA (p, r, splat (1.6666665459e-1f));
  p = V_FMA (p, r, splat (5.0000001201e-1f));
  return V_FMA (p, r * r, r) + splat (1.f);
}

INLINE V
v_exp (V x)
{
  const V magic = splat (12582912.f);   /* 1.5 * 2^23: adding it rounds to an integer */
  V lo = splat (-87.33654f), hi = splat (88.72283f);
  VI over = x > hi, under = x < lo;
  V z = V_MIN (hi, V_MAX (lo, x));
  V n = V_FMA (z, splat (1.44269504088896341f), magic) - magic;
  V r = V_FMA (n, splat (2.12194440e-4f), V_FMA (n, splat (-0.693359375f), z));
  V p = v_exp_reduced (r);

  /* 2^n in two halves, so that n = 128 does not overflow the exponent field */
  VI half = __builtin_convertvector (n, VI) >> 1;
  VI rest = __builtin_convertvector (n, VI) - half;
  p = p * (V) ((half + 127) << 23) * (V) ((rest + 127) << 23);
  return blend (over, splat (INFINITY), blend (under, splat (0.f), p));
}

/* The same for x <= 0 */
INLINE V
v_exp_below (V x)
{
  const V magic = splat (12582912.f), lo = splat (-87.33654f);
  V z = V_MAX (lo, x), n = V_FMA (z, splat (1.44269504088896341f), magic) - magic;
  V p = v_exp_reduced (V_FMA (n, splat (2.12194440e-4f), V_FMA (n, splat (-0.693359375f), z)));

  return blend (x < lo, splat (0.f), p * (V) ((__builtin_convertvector (n, VI) + 127) << 23));
}

/* For x in [FLT_MIN, inf). */
INLINE V
v_log_normal (V x)
{
  VI bits = (VI) x;
  V e = __builtin_convertvector (((bits >> 23) & 0xff) - 126, V);
  V m = (V) ((bits & 0x007fffff) | 0x3f000000);         /* [0.5, 1) */
  VI low = m < splat (0.707106781186547524f);
  V p = splat (7.0376836292e-2f), z;

  e -= blend (low, splat (1.f), splat (0.f));
  m = m + blend (low, m, splat (0.f)) - splat (1.f);
  z = m * m;
  p = V_FMA (p, m, splat (-1.1514610310e-1f));
  p = V_FMA (p, m, splat (1.1676998740e-1f));
  p = V_FMA (p, m, splat (-1.2420140846e-1f));
  p = V_FMA (p, m, splat (1.4249322787e-1f));
  p = V_FMA (p, m, splat (-1.6668057665e-1f));
  p = V_FMA (p, m, splat (2.0000714765e-1f));
  p = V_FMA (p, m, splat (-2.4999993993e-1f));
  p = V_FMA (p, m, splat (3.3333331174e-1f));
  p = p * m * z;
  p = V_FMA (e, splat (-2.12194440e-4f), p);
  p = V_FMA (splat (-0.5f), z, p);
  return V_FMA (e, splat (0.693359375f), m + p);
}

INLINE V
v_log (V x)
{
  VI zero = x <= splat (0.f), tiny = x < splat (1.17549435e-38f), inf = x > splat (3.40282347e38f);
  V p = v_log_normal (blend (tiny, x * splat (8388608.f), x));

  p = blend (tiny, p - splat (15.9423847f), p);         /* 23 log 2 */
  p = blend (inf, x, p);
  return blend (x != x, x, blend (zero, blend (x < splat (0.f), splat (NAN), splat (-INFINITY)), p));
}

/* log (1 + t) for t in [0, 1]: 2 artanh (t / (2 + t)) */
INLINE V
v_log1p_unit (V t)
{
  V s = t / (splat (2.f) + t), z = s * s, p = splat (2.81577784e-1f);

  p = V_FMA (p, z, splat (2.79651577e-1f));
  p = V_FMA (p, z, splat (4.00245952e-1f));
  p = V_FMA (p, z, splat (6.66663216e-1f));
  return V_FMA (p, z, splat (2.f)) * s;
}

/* log (1 + x) for x >= 0, below infinity: what 1 + x rounds off would be missing (Kahan) */
INLINE V
v_log1p (V x)
{
  V u = splat (1.f) + x, counts = u - splat (1.f);

  return blend (counts > splat (0.f), v_log_normal (u) * (x / counts), x);
}

/* log (1 + e^x) */
INLINE V
v_softplus (V x)
{
  return V_MAX (splat (0.f), x) + v_log1p_unit (v_exp_below ((V) ((VW) x | 0x80000000)));
}

INLINE V
v_tanh (V x)
{
  V c = V_MIN (splat (7.90531110763549805f), V_MAX (splat (-7.90531110763549805f), x));
  V z = c * c;
  V p = splat (-2.76076847742355e-16f), q = splat (1.19825839466702e-06f);

  p = V_FMA (p, z, splat (2.00018790482477e-13f));
  p = V_FMA (p, z, splat (-8.60467152213735e-11f));
  p = V_FMA (p, z, splat (5.12229709037114e-08f));
  p = V_FMA (p, z, splat (1.48572235717979e-05f));
  p = V_FMA (p, z, splat (6.37261928875436e-04f));
  p = V_FMA (p, z, splat (4.89352455891786e-03f));
  q = V_FMA (q, z, splat (1.18534705686654e-04f));
  q = V_FMA (q, z, splat (2.26843463243900e-03f));
  q = V_FMA (q, z, splat (4.89352518554385e-03f));
  return c * p / q;
}

INLINE V
v_sigmoid (V x)
{
  return splat (1.f) / (splat (1.f) + v_exp (-x));
}
