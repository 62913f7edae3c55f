/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portable row: four explicit lanes, no fused multiply-add. */
#include "rows.h"
#define ROW rnn_kernels_c
#define ROW_NAME "c"
#define LANES 4
#define ROW_TILE 1
#define V_FMA(a, b, c) ((a) * (b) + (c))
#define V_MIN(a, b) blend ((a) < (b), a, b)
#define V_MAX(a, b) blend ((a) > (b), a, b)

static gboolean
supported (void)
{
  return TRUE;
}

#include "kernels-impl.h"
