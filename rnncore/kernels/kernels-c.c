/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Portable row: four explicit lanes, no fused multiply-add. */
#include "rows.h"
#define ROW rnn_kernels_c
#define ROW_NAME "c"
#define LANES 4
#define V_FMA(a, b, c) ((a) * (b) + (c))
#define V_MIN(a, b) blend ((a) < (b), a, b)
#define V_MAX(a, b) blend ((a) > (b), a, b)
#define QUAD_FIRST -128
#define QUAD_STEPS 255
#define TILES(T) T (3, 1) T (2, 1) T (1, 2)
#define TILES_INT8(T) T (2, 1) T (1, 2)
#define K_BLOCK 128
#define ROW_PANELS_4 1

typedef gint32 Quad;
#define V_QUAD(bytes) int_at (bytes)
#define V_QUADS(acc, w, quad) quads (acc, w, quad)

typedef gint32 Quads __attribute__ ((vector_size (16), may_alias));

/* Byte k of a lane is shifted to its top, and back with its sign. */
static inline Quads
quads (Quads acc, Quads w, gint32 q)
{
  acc += ((w << 24) >> 24) * ((gint32) ((guint32) q << 24) >> 24);
  acc += ((w << 16) >> 24) * ((gint32) ((guint32) q << 16) >> 24);
  acc += ((w << 8) >> 24) * ((gint32) ((guint32) q << 8) >> 24);
  return acc + (w >> 24) * (q >> 24);
}

static gboolean
supported (void)
{
  return TRUE;
}

#include "kernels-impl.h"
