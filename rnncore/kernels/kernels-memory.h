/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One step of a matrix memory (mLSTM, linear attention, retention, SSD) and of a selective scan (Mamba).  A memory is
 * walked in strips of columns, whose input and output stay in registers. */
#pragma once
#include "kernels-vector.h"

#define STRIP 32                /* columns */

/* `vecs` neighbouring vectors of columns, a compile-time constant; n_v counts from the first. */
INLINE void
memory_strip (gint vecs, gint n_k, gint n_v, gsize ld, gfloat a, const gfloat *k, const gfloat *v, const gfloat *q,
    gfloat *S, gfloat *y)
{
  V in[STRIP / LANES], out[STRIP / LANES];

#pragma GCC unroll 16
  for (gint j = 0; j < vecs; j++) {
    in[j] = load (v + j * LANES, n_v - j * LANES);
    out[j] = splat (0.f);
  }
  for (gint i = 0; i < n_k; i++, S += ld)
#pragma GCC unroll 16
    for (gint j = 0; j < vecs; j++) {
      V s = V_FMA (splat (k[i]), in[j], splat (a) * load (S + j * LANES, n_v - j * LANES));

      store (S + j * LANES, s, n_v - j * LANES);
      out[j] = V_FMA (splat (q[i]), s, out[j]);
    }
#pragma GCC unroll 16
  for (gint j = 0; j < vecs; j++)
    store (y + j * LANES, out[j], n_v - j * LANES);
}

static void
k_memory_step (gint n_k, gint n_v, gfloat a, const gfloat *k, const gfloat *v, const gfloat *q, gfloat *S, gfloat *y)
{
  gint j = 0;

  for (; j + STRIP <= n_v; j += STRIP)
    memory_strip (STRIP / LANES, n_k, STRIP, n_v, a, k, v + j, q, S + j, y + j);
  for (; j < n_v; j += LANES)
    memory_strip (1, n_k, n_v - j, n_v, a, k, v + j, q, S + j, y + j);
}

static void
k_scan_step (gint n, gint N, const gfloat *delta, const gfloat *u, const gfloat *A, const gfloat *B, const gfloat *C,
    const gfloat *D, gfloat *h, gfloat *y)
{
  for (gint j = 0; j < n; j += LANES) {
    V dt = load (delta + j, n - j), in = load (u + j, n - j), out = load (D + j, n - j) * in;

    for (gint i = 0; i < N; i++) {
      gsize at = (gsize) i * n + j;
      V decay = v_exp (dt * load (A + at, n - j));
      V s = V_FMA (splat (B[i]), dt * in, decay * load (h + at, n - j));

      store (h + at, s, n - j);
      out = V_FMA (splat (C[i]), s, out);
    }
    store (y + j, out, n - j);
  }
}
