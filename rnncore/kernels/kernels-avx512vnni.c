/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* x86-64 with AVX-512 F, BW, DQ, VL and VNNI: unsigned inputs, so they carry an offset.  Two more rows serve CPUs that also
 * have BF16, or AMX (kernels-amx.h): there inputs of bf16 weights are rounded to bf16, to nearest, ties to even.  BF16's
 * vdpbf16ps takes them by pairs (x0, x1): sum += x1 w1, then sum += x0 w0; denormals count as 0. */
#include "rows.h"
#ifndef RNN_EMULATED
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#define ROW rnn_kernels_avx512vnni
#define ROW_NAME "avx512vnni"
#define FLOATS_OF rnn_kernels_avx512
#define PAIRS_ROW rnn_kernels_avx512bf16
#define PAIRS_ROW_NAME "avx512bf16"
#define AMX_ROW rnn_kernels_amx
#define AMX_ROW_NAME "amx"
#define QUAD_FIRST 0
#define QUAD_STEPS 255
#include "kernels-avx512.h"

typedef __m512i Quad;
#define V_QUAD(bytes) _mm512_set1_epi32 (int_at (bytes))
#define V_QUADS(acc, w, quad) ((VI) _mm512_dpbusd_epi32 ((__m512i) (acc), quad, (__m512i) (w)))
#define V_PAIRS(acc, w, pair) ((V) _mm512_dpbf16_ps ((__m512) (acc), (__m512bh) (w), (__m512bh) (pair)))

static gboolean
supported (void)
{
  return __builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512dq") && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512vnni");
}

static gboolean
supports_pairs (void)
{
  return supported () && __builtin_cpu_supports ("avx512bf16");
}

/* Intel's cores start one vdpbf16ps where they start four multiply-adds of floats; Zen 5 as many. */
static gboolean
pairs_pay (void)
{
  return !__builtin_cpu_is ("intel");
}

#ifdef RNN_EMULATED
#define supports_amx supported
#else
/* A process has to ask for tiles: its threads' states grow by 8 KiB. */
static gboolean
may_use_tiles (void)
{
#ifdef __linux__
  enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };

  return syscall (SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
#else
  return FALSE;
#endif
}

static gboolean
supports_amx (void)
{
  return supported () && __builtin_cpu_supports ("amx-tile") && __builtin_cpu_supports ("amx-bf16")
      && __builtin_cpu_supports ("amx-int8") && may_use_tiles ();
}
#endif

#include "kernels-impl.h"
