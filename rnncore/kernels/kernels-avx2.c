/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX2 and FMA. */
#include "rows.h"
#include <immintrin.h>
#define ROW rnn_kernels_avx2
#define ROW_NAME "avx2"
#define LANES 8
#define ROW_TILE 3
#define V_FMA(a, b, c) ((V) _mm256_fmadd_ps (a, b, c))
#define V_MIN(a, b) ((V) _mm256_min_ps (a, b))
#define V_MAX(a, b) ((V) _mm256_max_ps (a, b))
#define V_PAIRS(acc, w, x) ((VI) _mm256_add_epi32 ((__m256i) (acc), \
    _mm256_madd_epi16 (_mm256_cvtepi8_epi16 (_mm_loadu_si128 ((const __m128i *) (w))), _mm256_set1_epi32 (x))))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma");
}

#include "kernels-impl.h"
