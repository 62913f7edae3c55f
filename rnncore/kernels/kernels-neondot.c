/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AArch64 with Advanced SIMD and the dot products of Armv8.2. */
#include "rows.h"
#include <arm_neon.h>
#include <sys/auxv.h>
#define ROW rnn_kernels_neondot
#define ROW_NAME "neondot"
#define FLOATS_OF rnn_kernels_neon
#include "kernels-neon.h"

static inline int32x4_t
quads (int32x4_t acc, int8x16_t w, int8x16_t x)
{
  return vdotq_s32 (acc, w, x);
}

static gboolean
supported (void)
{
  return (getauxval (AT_HWCAP) & (1 << 20)) != 0;       /* HWCAP_ASIMDDP */
}

#include "kernels-impl.h"
