/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the feature front end (features/) does to each frame. */
#pragma once
#include "kernels-vector.h"

#if LANES == 4
#define IOTA (VI) { 0, 1, 2, 3 }
#elif LANES == 8
#define IOTA (VI) { 0, 1, 2, 3, 4, 5, 6, 7 }
#else
#define IOTA (VI) { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 }
#endif
#define EVENS (IOTA * 2)
#define ODDS (IOTA * 2 + 1)
#define REVERSED (LANES - 1 - IOTA)

typedef gfloat V4 __attribute__ ((vector_size (16), may_alias));
typedef gint32 VI4 __attribute__ ((vector_size (16)));
typedef gfloat V4u __attribute__ ((vector_size (16), aligned (4), may_alias));

static void
k_scale_bounded (gint n, gfloat a, gfloat bound, const gfloat *x, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES) {
    V v = load (x + i, n - i);
    VI inside = (v < splat (bound)) & (v > splat (-bound));

    store (y + i, blend (inside, splat (a) * v, splat (0.f)), n - i);
  }
}

static void
k_window (gint n, gfloat mean, gfloat a, const gfloat *x, const gfloat *w, gfloat *y)
{
  y[0] = ((x[0] - mean) - a * (x[0] - mean)) * w[0];
  for (gint i = 1; i < n; i += LANES) {
    V now = load (x + i, n - i) - splat (mean), before = load (x + i - 1, n - i) - splat (mean);

    store (y + i, (now - splat (a) * before) * load (w + i, n - i), n - i);
  }
}

/* ---- power spectrum of 2 M reals from the FFT z of their pairs: with a = z[k] and b = conj z[M - k],
 *      2 X[k] = (a + b) - i W^k (a - b),   2 conj X[M - k] = (a + b) + i W^k (a - b),   W = exp (-pi i / M) ---- */

typedef struct {
  V re, im;
} Complex;

INLINE void
power_pair (Complex a, Complex z, V cosine, V sine, V *here, V *mirrored)
{
  V sum_re = a.re + z.re, sum_im = a.im - z.im, re = a.im + z.im, im = z.re - a.re;
  V turned_re = V_FMA (sine, im, cosine * re), turned_im = V_FMA (-sine, re, cosine * im);
  V x = sum_re + turned_re, y = sum_im + turned_im, u = sum_re - turned_re, v = sum_im - turned_im;

  *here = splat (0.25f) * V_FMA (x, x, y * y);
  *mirrored = splat (0.25f) * V_FMA (u, u, v * v);
}

INLINE Complex
load_complex (const gfloat *z)
{
  V low = load (z, LANES), high = load (z + LANES, LANES);

  return (Complex) { SHUFFLE (low, high, EVENS), SHUFFLE (low, high, ODDS) };
}

static void
k_real_power (gint M, const gfloat *z, const gfloat *cosine, const gfloat *sine, gfloat *power)
{
  gint k = 1;
  V here, mirrored;

  for (; k + LANES - 1 <= M / 2; k += LANES) {
    gint back = M - k - (LANES - 1);
    Complex b = load_complex (z + 2 * back);

    b = (Complex) { SHUFFLE (b.re, b.re, REVERSED), SHUFFLE (b.im, b.im, REVERSED) };
    power_pair (load_complex (z + 2 * k), b, load (cosine + k, LANES), load (sine + k, LANES), &here, &mirrored);
    store (power + k, here, LANES);
    store (power + back, SHUFFLE (mirrored, mirrored, REVERSED), LANES);
  }
  for (; k <= M / 2; k++) {
    const gfloat *a = z + 2 * k, *b = z + 2 * (M - k);

    power_pair ((Complex) { splat (a[0]), splat (a[1]) }, (Complex) { splat (b[0]), splat (b[1]) }, splat (cosine[k]),
        splat (sine[k]), &here, &mirrored);
    power[k] = here[0];
    power[M - k] = mirrored[0];
  }
  power[0] = (z[0] + z[1]) * (z[0] + z[1]);
  power[M] = (z[0] - z[1]) * (z[0] - z[1]);
}

/* ---- filter bank: bands are short, so whatever the row they run in fours of bins, four bands side by side ---- */

/* Each one's (lane 0 + lane 2) + (lane 1 + lane 3). */
INLINE V4
across_four (const V4 s[4])
{
  V4 a = SHUFFLE (s[0], s[1], (VI4) { 0, 4, 1, 5 }) + SHUFFLE (s[0], s[1], (VI4) { 2, 6, 3, 7 });
  V4 b = SHUFFLE (s[2], s[3], (VI4) { 0, 4, 1, 5 }) + SHUFFLE (s[2], s[3], (VI4) { 2, 6, 3, 7 });

  return SHUFFLE (a, b, (VI4) { 0, 1, 4, 5 }) + SHUFFLE (a, b, (VI4) { 2, 3, 6, 7 });
}

static void
k_bands (gint n, const gint *first, const gint *quads, const gfloat *w, const gfloat *x, gfloat *y)
{
  for (gint b = 0; b < n; b += 4) {
    const gfloat *from[4] = { x + first[b], x + first[b + 1], x + first[b + 2], x + first[b + 3] };
    V4 s[4] = { {0}, {0}, {0}, {0} };

    for (gint q = 0; q < quads[b / 4]; q++, w += 16)
#pragma GCC unroll 4
      for (gint j = 0; j < 4; j++)
        s[j] += *(const V4u *) (w + 4 * j) * *(const V4u *) (from[j] + 4 * q);
    s[0] = across_four (s);
    memcpy (y + b, s, (gsize) MIN (4, n - b) * sizeof (gfloat));
  }
}

static void
k_log_floor (gint n, gfloat floor, gfloat scale, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES)
    store (y + i, splat (scale) * v_log_normal (V_MAX (load (y + i, n - i), splat (floor))), n - i);
}

#define FEATURES_ROW \
  .scale_bounded = k_scale_bounded, .window = k_window, .real_power = k_real_power, .bands = k_bands, \
  .log_floor = k_log_floor
