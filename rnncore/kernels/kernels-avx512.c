/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX-512 F, BW, DQ and VL. */
#include "rows.h"
#ifndef RNN_EMULATED
#include <immintrin.h>
#endif
#define ROW rnn_kernels_avx512
#define ROW_NAME "avx512"
#define QUAD_FIRST 0
#define QUAD_STEPS 127
#include "kernels-avx512.h"

/* As in kernels-avx2.c. */
typedef __m512i Quad;

static inline __m512i
quads (__m512i acc, __m512i w, __m512i quad)
{
  return _mm512_add_epi32 (acc, _mm512_madd_epi16 (_mm512_maddubs_epi16 (quad, w), _mm512_set1_epi16 (1)));
}

#define V_QUAD(bytes) _mm512_set1_epi32 (int_at (bytes))
#define V_QUADS(acc, w, quad) ((VI) quads ((__m512i) (acc), (__m512i) (w), quad))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl");
}

#include "kernels-impl.h"
