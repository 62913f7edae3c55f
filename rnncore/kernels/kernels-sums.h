/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of products with packed weights, in registers: `rows` rows of x against `blocks` neighbouring blocks of each of
 * `panels` panels.  The three counts are compile-time constants: loops over them must unroll.  acc is
 * [rows][panels][blocks][VECS]; every element takes the inputs one by one in their order. */
#pragma once
#include "kernels-vector.h"

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
INLINE V
multiply (RnnPackType type, V sum, VI weight, const In *in)
{
  if (type == RNN_PACK_F32)
    return V_FMA (splat (in->x[0]), (V) weight, sum);
  if (type == RNN_PACK_INT8)
    return (V) V_QUADS ((VI) sum, weight, in->quad);
  sum = V_FMA (splat (in->x[0]), (V) (weight << 16), sum);
  if (type == RNN_PACK_BF16)
    sum = V_FMA (splat (in->x[in->next]), (V) (weight & (gint32) 0xffff0000), sum);
  return sum;
}

/* The innermost loop of every product, n steps from x: weights or inputs, whichever are fewer, wait in registers for the
 * others.  w: [n][width][RNN_BLOCK] of 32 bits, the next panel panel_size bytes further on.  x: from row to row ldx, from
 * input to input `next` floats.  int8: acc are integers. */
INLINE void
accumulate (RnnPackType type, gint rows, gint panels, gint blocks, const guint8 *w, gint width, gsize panel_size, gint n,
    const gfloat *x, gsize ldx, gsize next, V *acc)
{
  const gint vectors = panels * blocks * VECS, inputs = type == RNN_PACK_BF16 ? 2 : 1;
  const guint8 *second = w + panel_size;

#define WEIGHT(i) (*(const VIu *) (((i) / VECS / blocks ? second : w) + ((i) / VECS % blocks * VECS + (i) % VECS) * 4 * LANES))
  for (gint k = 0; k < n; k++, x += inputs * next, w += width * RNN_BLOCK * 4, second += width * RNN_BLOCK * 4) {
    In in[MAX_SUMS];
    VI held[MAX_SUMS];

    UNROLL for (gint r = 0; r < rows; r++) {
      in[r].x = x + r * ldx;
      in[r].next = next;
      if (type == RNN_PACK_INT8) {
        gint32 bytes;

        memcpy (&bytes, in[r].x, sizeof bytes);
        in[r].quad = V_QUAD (bytes);
      }
    }
    if (rows > vectors) {
      UNROLL for (gint i = 0; i < vectors; i++)
        held[i] = WEIGHT (i);
      UNROLL for (gint r = 0; r < rows; r++)
        UNROLL for (gint i = 0; i < vectors; i++)
          acc[r * vectors + i] = multiply (type, acc[r * vectors + i], held[i], &in[r]);
    } else {
      UNROLL for (gint i = 0; i < vectors; i++) {
        VI weight = WEIGHT (i);

        UNROLL for (gint r = 0; r < rows; r++)
          acc[r * vectors + i] = multiply (type, acc[r * vectors + i], weight, &in[r]);
      }
    }
  }
#undef WEIGHT
}

/* out = round (x * 127 / max |x|) + QUAD_OFFSET as bytes, four per entry, padded with zeros; returns the scale that
 * undoes it. */
INLINE gfloat
quantise (gint n, const gfloat *x, gint32 *out)
{
  gfloat top = 0, scale;
  V m = splat (0.f);

  for (gint i = 0; i < n; i += LANES)
    m = V_MAX (m, (V) ((VI) load (x + i, n - i) & 0x7fffffff));
  for (gint j = 0; j < LANES; j++)
    top = MAX (top, m[j]);
  scale = top > 0 && top < INFINITY ? 127 / top : 0;
  for (gint i = 0; i < n; i += LANES) {
    V z = V_MIN (splat (127.f), V_MAX (splat (-127.f), load (x + i, n - i) * splat (scale)));
    VI whole = (VI) (z + splat (12582912.f)) - 0x4b400000 + QUAD_OFFSET;        /* 1.5 * 2^23: rounds to an integer */

    VB bytes = __builtin_convertvector (whole, VB);
    if (n - i >= LANES)
      memcpy ((gint8 *) out + i, &bytes, LANES);
    else
      memcpy ((gint8 *) out + i, &bytes, (gsize) (n - i + 3) / 4 * 4);
  }
  return scale > 0 ? 1 / scale : 0;
}

/* acc = integer sums of rows that were quantised by x_scale -> start + what they stand for */
INLINE void
finish_int8 (gint rows, gint panels, gint blocks, const gfloat *scales, gsize panel_outputs, const gfloat *x_scale,
    const V *start, V *acc)
{
  FOR_SUMS (rows, panels, blocks) {
    V factor = splat (x_scale[r]) * *(const Vu *) (scales + p * panel_outputs + b * RNN_BLOCK + v * LANES);
    gint at = SUM_AT (panels, blocks);

    acc[at] = V_FMA (__builtin_convertvector ((VI) acc[at], V), factor, start[at]);
  }
}

/* Where integer sums start: what takes the offset of the inputs off again. */
INLINE void
start_int8 (gint rows, gint panels, gint blocks, const gint32 *row_sums, gsize panel_outputs, V *acc)
{
  FOR_SUMS (rows, panels, blocks)
    acc[SUM_AT (panels, blocks)] = (V) (-QUAD_OFFSET
        * *(const VIu *) (row_sums + p * panel_outputs + b * RNN_BLOCK + v * LANES));
}
