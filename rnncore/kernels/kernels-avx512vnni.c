/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX-512 F, BW, DQ, VL and VNNI: unsigned inputs, so they carry an offset. */
#include "rows.h"
#ifndef RNN_EMULATED
#include <immintrin.h>
#endif
#define ROW rnn_kernels_avx512vnni
#define ROW_NAME "avx512vnni"
#define QUAD_FIRST 0
#define QUAD_STEPS 255
#include "kernels-avx512.h"

typedef __m512i Quad;
#define V_QUAD(bytes) _mm512_set1_epi32 (int_at (bytes))
#define V_QUADS(acc, w, quad) ((VI) _mm512_dpbusd_epi32 ((__m512i) (acc), quad, (__m512i) (w)))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512vnni");
}

#include "kernels-impl.h"
