/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AArch64 with Advanced SIMD, which every such CPU has. */
#include "rows.h"
#include <arm_neon.h>
#define ROW rnn_kernels_neon
#define ROW_NAME "neon"
#include "kernels-neon.h"

static inline int32x4_t
quads (int32x4_t acc, int8x16_t w, int8x16_t x)
{
  int32x4_t low = vpaddlq_s16 (vmull_s8 (vget_low_s8 (w), vget_low_s8 (x)));
  int32x4_t high = vpaddlq_s16 (vmull_high_s8 (w, x));

  return vaddq_s32 (acc, vpaddq_s32 (low, high));
}

static gboolean
supported (void)
{
  return TRUE;
}

#include "kernels-impl.h"
