/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX-512 F, BW, DQ and VL. */
#include "rows.h"
#ifndef RNN_EMULATED
#include <immintrin.h>
#endif
#define ROW rnn_kernels_avx512
#define ROW_NAME "avx512"
#define QUAD_OFFSET 0
#include "kernels-avx512.h"

/* As in kernels-avx2.c; the signs of x are a mask here. */
typedef struct {
  __m512i magnitude;
  __mmask64 negative;
} Quad;

static inline Quad
quad (gint32 q)
{
  __m512i x = _mm512_set1_epi32 (q);

  return (Quad) { _mm512_abs_epi8 (x), _mm512_movepi8_mask (x) };
}

static inline __m512i
quads (__m512i acc, __m512i w, const Quad *in)
{
  __m512i signed_w = _mm512_mask_sub_epi8 (w, in->negative, _mm512_setzero_si512 (), w);
  __m512i pairs = _mm512_maddubs_epi16 (in->magnitude, signed_w);

  return _mm512_add_epi32 (acc, _mm512_madd_epi16 (pairs, _mm512_set1_epi16 (1)));
}

#define V_QUAD(q) quad (q)
#define V_QUADS(acc, w, in) ((VI) quads ((__m512i) (acc), (__m512i) (w), &(in)))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl");
}

#include "kernels-impl.h"
