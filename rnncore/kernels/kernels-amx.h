/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products by AMX, whose tiles are 16 rows of 64 bytes: of x 16 words of 16 rows, of weights 16 words of 16 outputs, just as
 * they are packed, of sums 16 outputs of 16 rows.  Words that are missing count as 0.
 *
 * Integer sums are those of any row.  Of bf16, a product of tiles takes 32 inputs at once: from 0 it sums the products of
 * the even ones, and of the odd ones, in their order, and adds the sum of both to an output; denormals count as 0, and no
 * control word is asked.  So all bf16 rows go this way, a lone one too. */
#pragma once
#include "kernels-linear.h"

/* GCC does not know which memory tiles and their shapes are loaded from: it has to be written by now. */
#define WRITTEN(from) __asm__ volatile ("" : : "r" (from) : "memory")

#define TILE 16                 /* rows, words or outputs of a tile */
#define TILE_BYTES 64           /* of its row */
#define TALL (2 * TILE)         /* most rows at once */

/* What _tile_loadconfig () reads. */
typedef struct {
  guint8 palette, start, reserved[14];
  guint16 bytes[16];
  guint8 rows[16];
} TileConfig;

/* Up to 16 rows: sums 0 to 3 are those of four blocks, 4 is x, 5 to 7 are weights.  More: sums 0 and 1 are those of two
 * blocks and the first 16 rows, 2 and 3 of the others; 4 and 5 are x, 6 and 7 weights. */
INLINE void
set_tiles (gint rows)
{
  gboolean tall = rows > TILE;
  guint8 first = (guint8) MIN (rows, TILE), second = (guint8) (tall ? rows - TILE : rows);
  TileConfig c = { .palette = 1, .rows = { first, first, second, second, first, tall ? second : TILE, TILE, TILE } };

  for (gint i = 0; i < 8; i++)
    c.bytes[i] = TILE_BYTES;
  WRITTEN (&c);
  _tile_loadconfig (&c);
}

INLINE gint
tile_words (RnnPackType type, gint n_in)
{
  return (count_words (type, n_in) + TILE - 1) / TILE * TILE;
}

/* Neighbouring blocks of 16 outputs.  last: the weights of their last words, filled up with 0. */
typedef struct {
  const guint8 *w, *last;
  gsize bytes;                  /* of a block; of a last one a tile's */
  gint whole;                   /* tiles of words */
  gboolean rest;                /* and a last one */
} Blocks;

INLINE Blocks
blocks_at (RnnPackType type, const RnnPanels *w, gint k0, gint n_k, gsize first, gint blocks, guint8 *last)
{
  gint words = count_words (type, n_k), rest = words % TILE;
  gsize bytes = block_bytes (type, w->n_in), done = (gsize) (words - rest) * TILE_BYTES;
  const guint8 *at = (const guint8 *) w->weights + first * bytes + block_bytes (type, k0);

  for (gint b = 0; rest && b < blocks; b++) {
    memset (last + b * TILE * TILE_BYTES, 0, TILE * TILE_BYTES);
    memcpy (last + b * TILE * TILE_BYTES, at + b * bytes + done, (gsize) rest * TILE_BYTES);
  }
  return (Blocks) { at, last, bytes, words / TILE, rest > 0 };
}

#define TILE_PRODUCT(sum, x, w) \
  if (type == RNN_PACK_INT8) _tile_dpbusd (sum, x, w); else _tile_dpbf16ps (sum, x, w)

/* One tile of words: up to four blocks for up to 16 rows, or two for more. */
INLINE void
low_step (RnnPackType type, gint blocks, const guint8 *w, gsize bytes, const guint8 *x, gsize ldx)
{
  _tile_loadd (4, x, ldx);
  _tile_loadd (5, w, TILE_BYTES);
  TILE_PRODUCT (0, 4, 5);
  if (blocks > 1) {
    _tile_loadd (6, w + bytes, TILE_BYTES);
    TILE_PRODUCT (1, 4, 6);
  }
  if (blocks > 2) {
    _tile_loadd (7, w + 2 * bytes, TILE_BYTES);
    TILE_PRODUCT (2, 4, 7);
  }
  if (blocks > 3) {
    _tile_loadd (5, w + 3 * bytes, TILE_BYTES);
    TILE_PRODUCT (3, 4, 5);
  }
}

INLINE void
tall_step (RnnPackType type, gint blocks, const guint8 *w, gsize bytes, const guint8 *x, gsize ldx)
{
  _tile_loadd (4, x, ldx);
  _tile_loadd (6, w, TILE_BYTES);
  TILE_PRODUCT (0, 4, 6);
  _tile_loadd (5, x + TILE * ldx, ldx);
  TILE_PRODUCT (2, 5, 6);
  if (blocks > 1) {
    _tile_loadd (7, w + bytes, TILE_BYTES);
    TILE_PRODUCT (1, 4, 7);
    TILE_PRODUCT (3, 5, 7);
  }
}

INLINE void
tile_step (RnnPackType type, gboolean tall, gint blocks, const guint8 *w, gsize bytes, const guint8 *x, gsize ldx)
{
  if (tall)
    tall_step (type, blocks, w, bytes, x, ldx);
  else
    low_step (type, blocks, w, bytes, x, ldx);
}

/* ---- sums: [blocks][rows][16], each block's of up to 32 rows ---- */

#define SUMS(b) (sums + (b) * TALL * TILE)

INLINE void
load_tiles (gboolean tall, gint blocks, const gfloat *sums)
{
  _tile_loadd (0, SUMS (0), TILE_BYTES);
  if (tall)
    _tile_loadd (2, SUMS (0) + TILE * TILE, TILE_BYTES);
  if (blocks > 1)
    _tile_loadd (1, SUMS (1), TILE_BYTES);
  if (blocks > 1 && tall)
    _tile_loadd (3, SUMS (1) + TILE * TILE, TILE_BYTES);
  if (blocks > 2)
    _tile_loadd (2, SUMS (2), TILE_BYTES);
  if (blocks > 3)
    _tile_loadd (3, SUMS (3), TILE_BYTES);
}

INLINE void
store_tiles (gboolean tall, gint blocks, gfloat *sums)
{
  _tile_stored (0, SUMS (0), TILE_BYTES);
  if (tall)
    _tile_stored (2, SUMS (0) + TILE * TILE, TILE_BYTES);
  if (blocks > 1)
    _tile_stored (1, SUMS (1), TILE_BYTES);
  if (blocks > 1 && tall)
    _tile_stored (3, SUMS (1) + TILE * TILE, TILE_BYTES);
  if (blocks > 2)
    _tile_stored (2, SUMS (2), TILE_BYTES);
  if (blocks > 3)
    _tile_stored (3, SUMS (3), TILE_BYTES);
}

INLINE void
load_block (gint rows, gint left, const gfloat *y, gsize ldy, gfloat *sums)
{
  for (gint r = 0; r < rows; r++)
    *(Vu *) (sums + r * TILE) = load (y + r * ldy, left);
}

/* Integer sums become what they stand for, on top of y where add. */
INLINE void
store_block (RnnPackType type, const RnnPanels *w, gsize block, gint rows, gint left, const Scale *scale,
    const gfloat *sums, gboolean add, gfloat *y, gsize ldy)
{
  for (gint r = 0; r < rows; r++, sums += TILE, y += ldy) {
    V sum = *(const Vu *) sums, start = add ? load (y, left) : splat (0.f);

    if (type == RNN_PACK_INT8) {
      V zeros;

      start_int8 (1, 1, w->sums + block * RNN_BLOCK, scale + r, &zeros);
      sum = (V) ((VI) sum + (VI) zeros);
      finish_int8 (1, 1, w->scales + block * RNN_BLOCK, scale + r, &start, &sum);
    }
    store (y, sum, left);
  }
}

/* ---- some blocks for all rows of one height ---- */

INLINE void
tile_block_rows (RnnPackType type, gboolean tall, gint blocks, const RnnPanels *w, gsize first, const Blocks *at, gint rows,
    const Rows *x, gfloat *y, gsize ldy, gboolean add)
{
  const guint8 *words = (const guint8 *) x->x;
  gsize ldx = x->ldx * sizeof (gfloat), to;
  gfloat sums[4 * TALL * TILE];

  for (gint b = 0; b < blocks; b++) {
    gint left = outputs_at (w, (gint) first + b, &to);

    if (type != RNN_PACK_INT8 && add)
      load_block (rows, left, y + to, ldy, SUMS (b));
    else
      memset (SUMS (b), 0, (gsize) rows * TILE * sizeof (gfloat));
  }
  WRITTEN (sums);
  load_tiles (tall, blocks, sums);
  for (gint k = 0; k < at->whole; k++)
    tile_step (type, tall, blocks, at->w + (gsize) k * TILE * TILE_BYTES, at->bytes, words + k * TILE_BYTES, ldx);
  if (at->rest)
    tile_step (type, tall, blocks, at->last, TILE * TILE_BYTES, words + at->whole * TILE_BYTES, ldx);
  store_tiles (tall, blocks, sums);
  for (gint b = 0; b < blocks; b++) {
    gint left = outputs_at (w, (gint) first + b, &to);

    store_block (type, w, first + b, rows, left, x->scale, SUMS (b), add, y + to, ldy);
  }
}

/* `times` groups of `rows` rows. */
INLINE void
tile_blocks_of (RnnPackType type, gboolean tall, gint blocks, const RnnPanels *w, gint k0, gint n_k, gsize first, gint rows,
    gint times, const Rows *x, gfloat *y, gsize ldy, gboolean add)
{
  guint8 last[4 * TILE * TILE_BYTES];
  Blocks at = blocks_at (type, w, k0, n_k, first, blocks, last);

  for (gint i = 0, r = 0; i < times; i++, r += rows) {
    Rows from = { x->x + r * x->ldx, x->ldx, 1, type == RNN_PACK_INT8 ? x->scale + r : NULL };

    tile_block_rows (type, tall, blocks, w, first, &at, rows, &from, y + r * ldy, ldy, add);
  }
}

INLINE void
tile_matrix (RnnPackType type, const RnnPanels *w, gint k0, gint n_k, gint rows, gint times, const Rows *x, gfloat *y,
    gsize ldy, gboolean add)
{
  gsize n = rnn_panels_blocks (w), b = 0;

  set_tiles (rows);
  if (rows > TILE) {
    for (; b + 2 <= n; b += 2)
      tile_blocks_of (type, TRUE, 2, w, k0, n_k, b, rows, times, x, y, ldy, add);
    if (b < n)
      tile_blocks_of (type, TRUE, 1, w, k0, n_k, b, rows, times, x, y, ldy, add);
    return;
  }
  for (; b + 4 <= n; b += 4)
    tile_blocks_of (type, FALSE, 4, w, k0, n_k, b, rows, times, x, y, ldy, add);
  for (; b < n; b++)
    tile_blocks_of (type, FALSE, 1, w, k0, n_k, b, rows, times, x, y, ldy, add);
}

/* Not inlined: once is enough. */
static void __attribute__ ((noinline))
tile_matrix_int8 (const RnnPanels *w, gint k0, gint n_k, gint rows, gint times, const Rows *x, gfloat *y, gsize ldy,
    gboolean add)
{
  tile_matrix (RNN_PACK_INT8, w, k0, n_k, rows, times, x, y, ldy, add);
}

static void __attribute__ ((noinline))
tile_matrix_pairs (const RnnPanels *w, gint k0, gint n_k, gint rows, gint times, const Rows *x, gfloat *y, gsize ldy,
    gboolean add)
{
  tile_matrix (PAIRS, w, k0, n_k, rows, times, x, y, ldy, add);
}

/* Inputs k0, the first of a tile, to k0 + n_k.  x: words from there on, from row to row a multiple of a tile's. */
static void
tile_groups (RnnPackType type, const RnnPanels *w, gint k0, gint n_k, gint n, const Rows *x, gfloat *y, gsize ldy,
    gboolean add)
{
  void (*matrix) (const RnnPanels *, gint, gint, gint, gint, const Rows *, gfloat *, gsize, gboolean)
    = type == RNN_PACK_INT8 ? tile_matrix_int8 : tile_matrix_pairs;
  gint whole = n / TALL, r = whole * TALL;
  Rows rest = { x->x + r * x->ldx, x->ldx, 1, type == RNN_PACK_INT8 ? x->scale + r : NULL };

  FOR_GROUPS (w) {
    gfloat *to = y;
    RnnPanels one = group_of (w, g, &to);

    if (whole)
      matrix (&one, k0, n_k, TALL, whole, x, to, ldy, add);
    if (r < n)
      matrix (&one, k0, n_k, n - r, 1, &rest, to + (gsize) r * ldy, ldy, add);
  }
  _tile_release ();
}
