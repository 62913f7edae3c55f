/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of products with packed weights, in registers: `rows` rows of x against `blocks` neighbouring blocks of each of
 * `panels` panels.  The three counts are compile-time constants: loops over them must unroll.  acc is
 * [rows][panels][blocks][VECS]; every element takes the inputs one by one in their order. */
#pragma once
#include "kernels-vector.h"

#define ROW_AHEAD 4096          /* bytes */
#define UNROLL _Pragma ("GCC unroll 16")
#define MAX_SUMS 32             /* vectors of one accumulate() */
#define HALF_PAIR RNN_N_PACKS   /* the last input of an odd number as bf16 */

/* Where a panel's outputs stand in a row of y: floats from one panel, or block of a panel, to the next; see RnnPanels. */
typedef struct {
  gsize panel, block;
} Steps;

INLINE Steps
steps_of (const RnnPanels *w)
{
  if (w->gates > 1)
    return (Steps) { RNN_BLOCK, (gsize) w->n_out / w->gates };
  return (Steps) { (gsize) RNN_BLOCK * w->width, RNN_BLOCK };
}

#define FOR_SUMS(rows, panels, blocks) \
  UNROLL for (gint r = 0; r < (rows); r++) \
    UNROLL for (gint p = 0; p < (panels); p++) \
      UNROLL for (gint b = 0; b < (blocks); b++) \
        UNROLL for (gint v = 0; v < VECS; v++)
#define SUM_AT(panels, blocks) (((r * (panels) + p) * (blocks) + b) * VECS + v)

/* y: of the first row and output; whole blocks. */
INLINE void
load_sums (gint rows, gint panels, gint blocks, const Steps *s, const gfloat *y, gsize ldy, gboolean add, V *acc)
{
  FOR_SUMS (rows, panels, blocks) {
    acc[SUM_AT (panels, blocks)] = splat (0.f);
    if (add)
      acc[SUM_AT (panels, blocks)] = *(const Vu *) (y + r * ldy + p * s->panel + b * s->block + v * LANES);
  }
}

INLINE void
store_sums (gint rows, gint panels, gint blocks, const Steps *s, gfloat *y, gsize ldy, const V *acc)
{
  FOR_SUMS (rows, panels, blocks)
    *(Vu *) (y + r * ldy + p * s->panel + b * s->block + v * LANES) = acc[SUM_AT (panels, blocks)];
}

/* The inputs of one step of accumulate(): one float, two (bf16, `next` apart), or four bytes in a Quad. */
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
  } else {
    *sum = V_FMA (splat (in->x[0]), (V) (weight << 16), *sum);
    if (type == RNN_PACK_BF16)
      *sum = V_FMA (splat (in->x[in->next]), (V) (weight & (gint32) 0xffff0000), *sum);
  }
}

/* The innermost loop of every product, n steps from x: weights or inputs, whichever are fewer, wait in registers for the
 * others.  w: [n][width][RNN_BLOCK] of 32 bits, the next panel panel_size bytes further on.  x: from row to row ldx, from
 * input to input `next` floats.  int8: acc are integers.
 *
 * Weights wait for the third cache unless they are asked for in time: many rows ask for what comes after their part,
 * `pace` bytes a step from `ahead`; a lone row for what is a little further on, which would slow floats down. */
INLINE void
accumulate (RnnPackType type, gint rows, gint panels, gint blocks, const guint8 *w, gint width, gsize panel_size,
    gint n, const guint8 *ahead, gsize pace, const gfloat *x, gsize ldx, gsize next, V *acc)
{
  const gint vectors = panels * blocks * VECS, inputs = type == RNN_PACK_BF16 ? 2 : type == RNN_PACK_INT8 ? QUAD_INTS : 1;
  const guint8 *second = w + panel_size;
  VI whole[MAX_SUMS];           /* int8: sums of their own type, else the compiler keeps them in memory */

  UNROLL for (gint i = 0; i < rows * vectors; i++)
    whole[i] = (VI) acc[i];
#define WEIGHT(i) (*(const VIu *) (((i) / VECS / blocks ? second : w) + ((i) / VECS % blocks * VECS + (i) % VECS) * 4 * LANES))
  for (gint k = 0; k < n; k++, x += inputs * next, w += width * RNN_BLOCK * 4, second += width * RNN_BLOCK * 4) {
    In in[MAX_SUMS];
    VI held[MAX_SUMS];

    if (rows > 1) {
      __builtin_prefetch (ahead, 0, 2);
      ahead += pace;
    } else if (type != RNN_PACK_F32) {
      UNROLL for (gint i = 0; i < panels * blocks; i++)
        __builtin_prefetch ((i / blocks ? second : w) + i % blocks * RNN_BLOCK * 4 + ROW_AHEAD);
    }

    UNROLL for (gint r = 0; r < rows; r++) {
      in[r].x = x + r * ldx;
      in[r].next = next;
      if (type == RNN_PACK_INT8)
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
  }
#undef WEIGHT
  UNROLL for (gint i = 0; i < rows * vectors; i++)
    if (type == RNN_PACK_INT8)
      acc[i] = (V) whole[i];
}

/* Of a quantised row: what undoes it, and where its integer sums start (QUAD_SIGNS). */
typedef struct {
  gfloat scale;
  gint32 start;
} Scale;

/* Four bytes at a time from the lanes of whole numbers; n of them, the last ones 0 where n is no multiple of 4. */
INLINE void
store_quads (gint n, VI whole, guint8 *out)
{
  VB bytes = __builtin_convertvector (whole, VB);

  for (gint j = 0; j < MIN (LANES, n); j += 4)
    memcpy (out + j * QUAD_INTS, (const guint8 *) &bytes + j, 4);
}

/* out = round (x * 127 / max |x|) + QUAD_OFFSET as bytes, four per entry; with QUAD_SIGNS magnitudes, and after each four
 * their signs, 0 or -1 */
INLINE Scale
quantise (gint n, const gfloat *x, gfloat *out)
{
  gfloat top = 0, scale;
  V m = splat (0.f);
  VI negative = { 0 };
  Scale s = { 0, 0 };
  guint8 *to = (guint8 *) out;

  for (gint i = 0; i < n; i += LANES)
    m = V_MAX (m, (V) ((VI) load (x + i, n - i) & 0x7fffffff));
  for (gint j = 0; j < LANES; j++)
    top = MAX (top, m[j]);
  scale = top > 0 && top < INFINITY ? 127 / top : 0;
  for (gint i = 0; i < n; i += LANES, to += LANES * QUAD_INTS) {
    V z = V_MIN (splat (127.f), V_MAX (splat (-127.f), load (x + i, n - i) * splat (scale)));
    VI whole = (VI) (z + splat (12582912.f)) - 0x4b400000;      /* 1.5 * 2^23: rounds to an integer */
    VI sign = whole < 0;

    negative -= whole & sign;
    store_quads (n - i, QUAD_SIGNS ? (whole ^ sign) - sign : whole + QUAD_OFFSET, to);
    if (QUAD_SIGNS)
      store_quads (n - i, sign, to + 4);
  }
  for (gint j = 0; QUAD_SIGNS && j < LANES; j++)
    s.start += negative[j];
  s.scale = scale > 0 ? 1 / scale : 0;
  return s;
}

/* acc = integer sums of quantised rows -> start + what they stand for */
INLINE void
finish_int8 (gint rows, gint panels, gint blocks, const gfloat *scales, gsize panel_outputs, const Scale *x_scale,
    const V *start, V *acc)
{
  FOR_SUMS (rows, panels, blocks) {
    V factor = splat (x_scale[r].scale) * *(const Vu *) (scales + p * panel_outputs + b * RNN_BLOCK + v * LANES);
    gint at = SUM_AT (panels, blocks);

    acc[at] = V_FMA (__builtin_convertvector ((VI) acc[at], V), factor, start[at]);
  }
}

/* Where integer sums start: what takes the offset or the flipped signs of the inputs off again. */
INLINE void
start_int8 (gint rows, gint panels, gint blocks, const gint32 *row_sums, gsize panel_outputs, const Scale *x_scale, V *acc)
{
  FOR_SUMS (rows, panels, blocks)
    acc[SUM_AT (panels, blocks)] = (V) (x_scale[r].start - QUAD_OFFSET
        * *(const VIu *) (row_sums + p * panel_outputs + b * RNN_BLOCK + v * LANES));
}
