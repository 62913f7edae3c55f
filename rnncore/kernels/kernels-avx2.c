/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX2 and FMA. */
#include "rows.h"
#include <immintrin.h>
#define ROW rnn_kernels_avx2
#define ROW_NAME "avx2"
#define LANES 8
#define V_FMA(a, b, c) ((V) _mm256_fmadd_ps (a, b, c))
#define V_MIN(a, b) ((V) _mm256_min_ps (a, b))
#define V_MAX(a, b) ((V) _mm256_max_ps (a, b))
#define V_LANES(k) _mm256_cmpgt_epi32 (_mm256_set1_epi32 (k), _mm256_setr_epi32 (0, 1, 2, 3, 4, 5, 6, 7))
#define V_LOAD(p, k) ((V) _mm256_maskload_ps (p, V_LANES (k)))
#define V_STORE(p, k, v) _mm256_maskstore_ps (p, V_LANES (k), (__m256) (v))
#define V_ALL(mask) (_mm256_movemask_ps ((__m256) (mask)) == 0xff)
#define QUAD_FIRST 0
#define QUAD_STEPS 127
#define TILES(T) T (6, 1) T (5, 1) T (4, 1) T (3, 2) T (2, 2) T (1, 4)
#define TILES_INT8(T) T (2, 2) T (1, 4)
#define K_BLOCK 512
#define ROW_PANELS_4 1

/* Two products of an unsigned byte with a signed one are summed in 16 bits: 2 x 127 x 127 fits. */
typedef __m256i Quad;

static inline __m256i
quads (__m256i acc, __m256i w, __m256i quad)
{
  return _mm256_add_epi32 (acc, _mm256_madd_epi16 (_mm256_maddubs_epi16 (quad, w), _mm256_set1_epi16 (1)));
}

#define V_QUAD(bytes) _mm256_set1_epi32 (int_at (bytes))
#define V_QUADS(acc, w, quad) ((VI) quads ((__m256i) (acc), (__m256i) (w), quad))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma");
}

#include "kernels-impl.h"
