/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of products with packed weights, in registers: `rows` rows of x against `blocks` neighbouring blocks.  Both counts are
 * compile-time constants: loops over them must unroll.  acc is [rows][blocks][VECS]; every element takes the inputs one by one in
 * their order. */
#pragma once
#include "kernels-vector.h"

#define UNROLL _Pragma ("GCC unroll 16")
#define MAX_SUMS 32             /* vectors of one accumulate() */
#define HALF_PAIR RNN_N_PACKS   /* the last input of an odd number as bf16 */
#define PAIRS (RNN_N_PACKS + 1) /* bf16 inputs by pairs, as the weights are; elsewhere inputs stay and weights widen */
#ifndef V_PAIRS
#define V_PAIRS(acc, w, pair) (acc)
#endif

#define FOR_SUMS(rows, blocks) \
  UNROLL for (gint r = 0; r < (rows); r++) \
    UNROLL for (gint b = 0; b < (blocks); b++) \
      UNROLL for (gint v = 0; v < VECS; v++)
#define SUM_AT(blocks) ((r * (blocks) + b) * VECS + v)

/* Whole blocks, which stand at `at` in a row of y. */
INLINE void
load_sums (gint rows, gint blocks, const gsize *at, const gfloat *y, gsize ldy, gboolean add, V *acc)
{
  FOR_SUMS (rows, blocks) {
    acc[SUM_AT (blocks)] = splat (0.f);
    if (add)
      acc[SUM_AT (blocks)] = *(const Vu *) (y + r * ldy + at[b] + v * LANES);
  }
}

INLINE void
store_sums (gint rows, gint blocks, const gsize *at, gfloat *y, gsize ldy, const V *acc)
{
  FOR_SUMS (rows, blocks)
    *(Vu *) (y + r * ldy + at[b] + v * LANES) = acc[SUM_AT (blocks)];
}

/* The inputs of one step of accumulate(): one float, two (bf16, `next` apart), or what goes together in a Quad: four bytes,
 * or a pair of halves. */
typedef struct {
  const gfloat *x;
  gsize next;
  Quad quad;
} In;

/* Adds to a vector of sums; weight: one float, two upper halves (the first input's is the low one), or four bytes per lane. */
INLINE void
multiply (RnnPackType type, V *sum, VI *whole, VI weight, const In *in)
{
  if (type == RNN_PACK_F32) {
    *sum = V_FMA (splat (in->x[0]), (V) weight, *sum);
  } else if (type == RNN_PACK_INT8) {
    *whole = V_QUADS (*whole, weight, in->quad);
  } else if (type == PAIRS) {
    *sum = V_PAIRS (*sum, weight, in->quad);
  } else {
    *sum = V_FMA (splat (in->x[0]), (V) (weight << 16), *sum);
    if (type == RNN_PACK_BF16)
      *sum = V_FMA (splat (in->x[in->next]), (V) (weight & (gint32) 0xffff0000), *sum);
  }
}

/* One step of accumulate(): weights or inputs, whichever are fewer, wait in registers for the others. */
INLINE void
one_step (RnnPackType type, gint rows, gint blocks, const guint8 *w, gsize block_bytes, const gfloat *x, gsize ldx,
    gsize next, V *acc, VI *whole)
{
  const gint vectors = blocks * VECS;
  In in[MAX_SUMS];
  VI held[MAX_SUMS];

#define WEIGHT(i) (*(const VIu *) (w + (i) / VECS * block_bytes + (i) % VECS * 4 * LANES))
  UNROLL for (gint r = 0; r < rows; r++) {
    in[r].x = x + r * ldx;
    in[r].next = next;
    if (type == RNN_PACK_INT8 || type == PAIRS)
      in[r].quad = V_QUAD ((const guint8 *) in[r].x);
  }
  if (rows > vectors) {
    UNROLL for (gint i = 0; i < vectors; i++)
      held[i] = WEIGHT (i);
    UNROLL for (gint r = 0; r < rows; r++)
      UNROLL for (gint i = 0; i < vectors; i++)
        multiply (type, &acc[r * vectors + i], &whole[r * vectors + i], held[i], &in[r]);
  } else {
    UNROLL for (gint i = 0; i < vectors; i++) {
      VI weight = WEIGHT (i);

      UNROLL for (gint r = 0; r < rows; r++)
        multiply (type, &acc[r * vectors + i], &whole[r * vectors + i], weight, &in[r]);
    }
  }
#undef WEIGHT
}

/* The innermost loop of every product, n steps from x.  w: block after block, block_bytes apart, each [n][RNN_BLOCK] of 32
 * bits.  x: from row to row ldx, from input to input `next` floats.  int8: acc are integers.
 *
 * Several blocks are so many streams, which memory serves side by side and CPUs foresee.  Many rows stay longer with one block, and
 * ask in time for the weights to come: `pace` bytes a step from `ahead`.
 *
 * Where two threads share a core, all that is not a multiply-add costs time: hence two steps at once, if that leaves the
 * compiler enough registers, and one request for both, unless rows are so few that every step comes to another line. */
INLINE void
accumulate (RnnPackType type, gint rows, gint blocks, const guint8 *w, gsize block_bytes, gint n, const guint8 *ahead,
    gsize pace, const gfloat *x, gsize ldx, gsize next, V *acc)
{
  const gint inputs = type == RNN_PACK_BF16 ? 2 : 1;
  const gint at_once = type == RNN_PACK_F32 || (type == RNN_PACK_INT8 && rows > 1) ? 2 : 1;
  const gint asked = type == RNN_PACK_F32 && next == 1 ? 1 : at_once;
  VI whole[MAX_SUMS];           /* int8: sums of their own type, else the compiler keeps them in memory */

  UNROLL for (gint i = 0; i < rows * blocks * VECS; i++)
    whole[i] = (VI) acc[i];
#define STEP one_step (type, rows, blocks, w, block_bytes, x, ldx, next, acc, whole), \
    w += RNN_BLOCK * 4, x += inputs * next
  for (; n >= at_once; n -= at_once)
    UNROLL for (gint i = 0; i < at_once; i++) {
      if (rows > 1 && blocks == 1 && i % asked == 0) {
        __builtin_prefetch (ahead, 0, 2);
        ahead += asked * pace;
      }
      STEP;
    }
  if (at_once > 1 && n > 0)
    STEP;
#undef STEP
  UNROLL for (gint i = 0; i < rows * blocks * VECS; i++)
    if (type == RNN_PACK_INT8)
      acc[i] = (V) whole[i];
}

/* Of a quantised row: x = scale (byte - zero). */
typedef struct {
  gfloat scale;
  gint32 zero;
} Scale;

/* The low halves of n lanes, or all when n >= LANES, and of one more where n is odd. */
INLINE void
store_halves (gint n, VI whole, guint8 *out)
{
  VH low, halves;

  UNROLL for (gint j = 0; j < 2 * LANES; j++)
    low[j] = 2 * j % (2 * LANES);
  halves = SHUFFLE ((VH) whole, (VH) whole, low);
  if (G_LIKELY (n >= LANES))
    memcpy (out, &halves, 2 * LANES);
  else
    memcpy (out, &halves, ((gsize) n + 1) / 2 * 4);
}

/* out = x as bf16, the last of an odd number beside a zero. */
INLINE void
round_to_pairs (gint n, const gfloat *x, gfloat *out)
{
  guint8 *to = (guint8 *) out;

  for (gint i = 0; i < n; i += LANES, to += 2 * LANES)
    store_halves (n - i, to_bf16 (load (x + i, n - i)), to);
}

/* The low bytes of n lanes, or all when n >= LANES; of the last four anything where n is no multiple of 4. */
INLINE void
store_bytes (gint n, VI whole, guint8 *out)
{
  VB low, bytes;

  UNROLL for (gint j = 0; j < 4 * LANES; j++)
    low[j] = 4 * j % (4 * LANES);
  bytes = SHUFFLE ((VB) whole, (VB) whole, low);  /* __builtin_convertvector takes lane by lane */
  if (G_LIKELY (n >= LANES))
    memcpy (out, &bytes, LANES);
  else
    memcpy (out, &bytes, ((gsize) n + 3) / 4 * 4);
}

/* The range of x, which is to hold 0 so that 0 stays what it is. */
INLINE void
range_of (gint n, const gfloat *x, gfloat *low, gfloat *high)
{
  V least = splat (0.f), most = splat (0.f);

  for (gint i = 0; i < n; i += LANES) {
    V z = load (x + i, n - i);

    least = V_MIN (z, least);   /* of x that is no number the second */
    most = V_MAX (z, most);
  }
  UNROLL for (gint half = LANES / 2; half > 0; half /= 2) {
    VI other;

    UNROLL for (gint j = 0; j < LANES; j++)
      other[j] = j ^ half;
    least = V_MIN (least, SHUFFLE (least, least, other));
    most = V_MAX (most, SHUFFLE (most, most, other));
  }
  *low = least[0];
  *high = most[0];
}

/* out = x over its range / QUAD_STEPS, rounded, as bytes from QUAD_FIRST on.  A range beyond what floats can
 * divide by counts as none. */
INLINE Scale
quantise (gint n, const gfloat *x, gfloat *out)
{
  gfloat low, high, per_step, first;
  guint8 *to = (guint8 *) out;
  Scale s;

  range_of (n, x, &low, &high);
  s.scale = (high - low) / QUAD_STEPS;
  s.scale = s.scale > 1e-30f && s.scale < INFINITY ? s.scale : 0;
  per_step = s.scale > 0 ? 1 / s.scale : 0;
  first = s.scale > 0 ? (low * per_step + ROUND_TO_WHOLE) - ROUND_TO_WHOLE : 0;        /* low may be -inf */
  s.zero = QUAD_FIRST - (gint32) first;
  for (gint i = 0; i < n; i += LANES, to += LANES) {
    V z = V_MIN (V_MAX (load (x + i, n - i) * splat (per_step), splat (first)), splat (first + QUAD_STEPS));

    store_bytes (n - i, (VI) (z + splat (ROUND_TO_WHOLE)) - WHOLE_BITS + s.zero, to);
  }
  return s;
}

#define FOR_BLOCKS(rows, blocks) \
  UNROLL for (gint r = 0; r < (rows); r++) \
    UNROLL for (gint i = 0; i < (blocks) * VECS; i++)

/* acc [rows][blocks][VECS] = integer sums of quantised rows -> start + what they stand for */
INLINE void
finish_int8 (gint rows, gint blocks, const gfloat *scales, const Scale *x_scale, const V *start, V *acc)
{
  FOR_BLOCKS (rows, blocks) {
    V factor = splat (x_scale[r].scale) * *(const Vu *) (scales + i * LANES);
    gint at = r * blocks * VECS + i;

    acc[at] = V_FMA (__builtin_convertvector ((VI) acc[at], V), factor, start[at]);
  }
}

/* Where integer sums start: the zeros of the inputs, taken off beforehand. */
INLINE void
start_int8 (gint rows, gint blocks, const gint32 *row_sums, const Scale *x_scale, V *acc)
{
  FOR_BLOCKS (rows, blocks)
    acc[r * blocks * VECS + i] = (V) (-x_scale[r].zero * *(const VIu *) (row_sums + i * LANES));
}
