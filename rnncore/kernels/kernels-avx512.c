/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX-512 F, BW, DQ and VL. */
#include "rows.h"
#include <immintrin.h>
#define ROW rnn_kernels_avx512
#define ROW_NAME "avx512"
#define LANES 16
#define ROW_TILE 8
#define V_FMA(a, b, c) ((V) _mm512_fmadd_ps (a, b, c))
#define V_MIN(a, b) ((V) _mm512_min_ps (a, b))
#define V_MAX(a, b) ((V) _mm512_max_ps (a, b))
#define V_PAIRS(acc, w, x) ((VI) _mm512_add_epi32 ((__m512i) (acc), \
    _mm512_madd_epi16 (_mm512_cvtepi8_epi16 (_mm256_loadu_si256 ((const __m256i *) (w))), _mm512_set1_epi32 (x))))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl");
}

#include "kernels-impl.h"
