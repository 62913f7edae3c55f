/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AArch64 with Advanced SIMD, which every such CPU has. */
#include "rows.h"
#include <arm_neon.h>
#define ROW rnn_kernels_neon
#define ROW_NAME "neon"
#define LANES 4
#define ROW_TILE 3
#define V_FMA(a, b, c) ((V) vfmaq_f32 ((float32x4_t) (c), (float32x4_t) (a), (float32x4_t) (b)))
#define V_MIN(a, b) blend ((a) < (b), a, b)
#define V_MAX(a, b) blend ((a) > (b), a, b)

static gboolean
supported (void)
{
  return TRUE;
}

#include "kernels-impl.h"
