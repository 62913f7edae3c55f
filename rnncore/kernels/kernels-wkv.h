/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of RWKV's matrix memories, in one pass over the matrix. */
#pragma once
#include "kernels-memory.h"

/* ---- RWKV-5 and 6: a strip of columns at a time, as memory_strip ---- */

INLINE void
wkv6_strip (gint vecs, gint n, gint n_v, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, gfloat *S,
    gfloat *y)
{
  V in[STRIP / LANES], out[STRIP / LANES];

#pragma GCC unroll 16
  for (gint j = 0; j < vecs; j++) {
    in[j] = load (v + j * LANES, n_v - j * LANES);
    out[j] = splat (0.f);
  }
  for (gint i = 0; i < n; i++, S += n)
#pragma GCC unroll 16
    for (gint j = 0; j < vecs; j++) {
      V s = load (S + j * LANES, n_v - j * LANES);

      out[j] = V_FMA (splat (r[i]), s, out[j]);
      store (S + j * LANES, V_FMA (splat (k[i]), in[j], splat (w[i]) * s), n_v - j * LANES);
    }
#pragma GCC unroll 16
  for (gint j = 0; j < vecs; j++)
    store (y + j * LANES, out[j], n_v - j * LANES);
}

static void
k_wkv6_step (gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, gfloat *S, gfloat *y)
{
  gint j = 0;

  for (; j + STRIP <= n; j += STRIP)
    wkv6_strip (STRIP / LANES, n, STRIP, r, w, k, v + j, S + j, y + j);
  for (; j < n; j += LANES)
    wkv6_strip (1, n, n - j, r, w, k, v + j, S + j, y + j);
}

/* ---- RWKV-7: WKV7_ROWS rows at once hide the latency of their sums ---- */

#define WKV7_ROWS 4

/* `rows` rows, a compile-time constant; v and y: of those rows. */
INLINE void
wkv7_rows (gint rows, gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, const gfloat *kk,
    const gfloat *b, gfloat *S, gfloat *y)
{
  V sum[WKV7_ROWS] = { 0 }, out[WKV7_ROWS] = { 0 };

  for (gint j = 0; j < n; j += LANES) {
    V of = load (kk + j, n - j);

#pragma GCC unroll 4
    for (gint i = 0; i < rows; i++)
      sum[i] = V_FMA (load (S + (gsize) i * n + j, n - j), of, sum[i]);
  }
#pragma GCC unroll 4
  for (gint i = 0; i < rows; i++)
    sum[i] = splat (-across (sum[i]));
  for (gint j = 0; j < n; j += LANES) {
    V decay = load (w + j, n - j), rate = load (b + j, n - j), key = load (k + j, n - j), of = load (r + j, n - j);

#pragma GCC unroll 4
    for (gint i = 0; i < rows; i++) {
      gfloat *at = S + (gsize) i * n + j;
      V s = V_FMA (splat (v[i]), key, V_FMA (sum[i], rate, load (at, n - j) * decay));

      store (at, s, n - j);
      out[i] = V_FMA (s, of, out[i]);
    }
  }
#pragma GCC unroll 4
  for (gint i = 0; i < rows; i++)
    y[i] = across (out[i]);
}

static void
k_wkv7_step (gint n, const gfloat *r, const gfloat *w, const gfloat *k, const gfloat *v, const gfloat *kk,
    const gfloat *b, gfloat *S, gfloat *y)
{
  gint i = 0;

  for (; i + WKV7_ROWS <= n; i += WKV7_ROWS)
    wkv7_rows (WKV7_ROWS, n, r, w, k, v + i, kk, b, S + (gsize) i * n, y + i);
  for (; i < n; i++)
    wkv7_rows (1, n, r, w, k, v + i, kk, b, S + (gsize) i * n, y + i);
}
