/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rows of AArch64 with Advanced SIMD have in common; see kernels-impl.h. */
#define LANES 4
#define V_FMA(a, b, c) ((V) vfmaq_f32 ((float32x4_t) (c), (float32x4_t) (a), (float32x4_t) (b)))
#define V_MIN(a, b) blend ((a) < (b), a, b)
#define V_MAX(a, b) blend ((a) > (b), a, b)
#define QUAD_FIRST -128
#define QUAD_STEPS 255
#define TILES(T) T (6, 1) T (4, 1) T (2, 2) T (1, 4)
#define TILES_INT8(T) T (4, 1) T (2, 2) T (1, 4)
#define K_BLOCK 256
#define ROW_PANELS_4 1

typedef int8x16_t Quad;
#define V_QUAD(bytes) vreinterpretq_s8_s32 (vdupq_n_s32 (int_at (bytes)))
#define V_QUADS(acc, w, quad) ((VI) quads ((int32x4_t) (acc), (int8x16_t) (w), quad))
