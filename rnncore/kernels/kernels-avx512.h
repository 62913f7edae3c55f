/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rows of x86-64 with AVX-512 have in common; see kernels-impl.h. */
#define LANES 16
#define V_FMA(a, b, c) ((V) _mm512_fmadd_ps (a, b, c))
#define V_MIN(a, b) ((V) _mm512_min_ps (a, b))
#define V_MAX(a, b) ((V) _mm512_max_ps (a, b))
#ifndef RNN_EMULATED            /* not all of it is there */
#define V_LANES(k) ((__mmask16) ((k) > 0 ? (1u << (k)) - 1 : 0))
#define V_LOAD(p, k) ((V) _mm512_maskz_loadu_ps (V_LANES (k), p))
#define V_STORE(p, k, v) _mm512_mask_storeu_ps (p, V_LANES (k), (__m512) (v))
#define V_ALL(mask) (_mm512_movepi32_mask ((__m512i) (mask)) == 0xffff)
#endif
#define TILES(T) T (12, 2) T (8, 2) T (6, 4) T (4, 4) T (2, 4) T (1, 4)
#define TILES_INT8(T) T (8, 2) T (4, 4) T (2, 4) T (1, 4)
#define K_BLOCK 512
#define ROW_PANELS_4 2
