/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of rows with packed weights of each type.  One row streams through the weights once; many rows go in tiles,
 * whose sums fill the registers, over blocks of inputs that stay in the first caches. */
#pragma once
#include "kernels-sums.h"

#define ROW_CHUNK 128           /* rows per pass over a panel */
#define PACK_FLOATS 65536       /* of packed rows, on the stack: they stay in the second cache */
#define PACK_WORDS 3072         /* as pairs, of a row that is packed at most: PACK_FLOATS / 12 / 2 */

#define FOR_GROUPS(w) for (gint g = 0; g < MAX ((w)->groups, 1); g++)

/* Group g as a matrix of its own; *y: where its outputs start. */
INLINE RnnPanels
group_of (const RnnPanels *w, gint g, gfloat **y)
{
  gsize first = (gsize) g * rnn_panels_blocks (w);
  RnnPanels one = *w;

  one.weights = (const guint8 *) w->weights + first * rnn_block_bytes (w->dtype, w->n_in);
  if (w->dtype == RNN_PACK_INT8) {
    one.scales += first * RNN_BLOCK;
    one.sums += first * RNN_BLOCK;
  }
  if (w->groups > 1)
    *y += w->places[g];
  return one;
}

/* What is multiplied: rows of words: floats, pairs of bf16, or int8: quads of quantised ones with their scales.  From row to
 * row ldx, from word to word `next` words; packed rows of a tile are [words][rows]. */
typedef struct {
  const gfloat *x;
  gsize ldx, next;
  const Scale *scale;
} Rows;

#define PART_BLOCKS 8           /* at most: two panels of a lone row */

/* Blocks from the first on: their inputs k0 to k0 + n_k.  at: where each one's outputs stand in a row of y; left: how many the last
 * one has, if it is incomplete.  ahead and pace are accumulate()'s, the first counted from where a block's part starts. */
typedef struct {
  const RnnPanels *w;
  gint first, k0, n_k;
  gsize at[PART_BLOCKS];
  gint left[PART_BLOCKS];
  gsize ahead, pace;
} Part;

INLINE gsize
block_bytes (RnnPackType type, gint n_k)
{
  return rnn_block_bytes (type == PAIRS ? RNN_PACK_BF16 : type, n_k);
}

/* How many words n_k inputs take. */
INLINE gint
count_words (RnnPackType type, gint n_k)
{
  return type == RNN_PACK_INT8 ? (n_k + 3) / 4 : type == PAIRS ? (n_k + 1) / 2 : n_k;
}

/* How many steps accumulate() makes; of bf16 inputs that stay floats two each, but for the last of an odd number. */
INLINE gint
count_steps (RnnPackType type, gint n_k)
{
  return type == RNN_PACK_BF16 ? n_k / 2 : count_words (type, n_k);
}

/* acc [rows][blocks][VECS] = (add ? y : 0) + x . the blocks of a part from its b-th on, which stand at `at` in y */
INLINE void
product (RnnPackType type, gint rows, gint blocks, const Part *p, gint b, const Rows *x, const gsize *at, const gfloat *y,
    gsize ldy, gboolean add, V *acc)
{
  const RnnPanels *w = p->w;
  gsize bytes = block_bytes (type, w->n_in), first = (gsize) (p->first + b);
  const guint8 *from = (const guint8 *) w->weights + first * bytes + block_bytes (type, p->k0);
  gint n = count_steps (type, p->n_k);

  if (type == RNN_PACK_INT8)
    start_int8 (rows, blocks, w->sums + first * RNN_BLOCK, x->scale, acc);
  else
    load_sums (rows, blocks, at, y, ldy, add, acc);
  accumulate (type, rows, blocks, from, bytes, n, from + p->ahead, p->pace, x->x, x->ldx, x->next, acc);
  if (type == RNN_PACK_BF16 && p->n_k % 2)
    accumulate (HALF_PAIR, rows, blocks, from + (gsize) n * RNN_BLOCK * 4, bytes, 1, from, 0, x->x + 2 * n * x->next,
        x->ldx, x->next, acc);
  if (type == RNN_PACK_INT8) {
    V start[MAX_SUMS];

    load_sums (rows, blocks, at, y, ldy, add, start);
    finish_int8 (rows, blocks, w->scales + first * RNN_BLOCK, x->scale, start, acc);
  }
}

/* Where a block's outputs stand in a row of y; returns how many are left from there on, of its gate if there are gates. */
INLINE gint
outputs_at (const RnnPanels *w, gint block, gsize *at)
{
  gint units = w->n_out, unit = block * RNN_BLOCK, gate = 0;

  if (w->gates > 1) {
    units /= w->gates;
    unit = block / w->gates * RNN_BLOCK;
    gate = block % w->gates;
  }
  *at = (gsize) gate * (gsize) units + (gsize) unit;
  return units - unit;
}

INLINE Part
part_of (const RnnPanels *w, gint first, gint blocks, gint k0, gint n_k)
{
  Part p;

  p.w = w;
  p.first = first;
  p.k0 = k0;
  p.n_k = n_k;
  UNROLL for (gint b = 0; b < blocks; b++)
    p.left[b] = outputs_at (w, first + b, &p.at[b]);
  return p;
}

/* y, blocks where `at` says, to whole blocks side by side, or back. */
static void
copy_edge (gint rows, gint blocks, const gsize *at, const gint *left, gfloat *y, gsize ldy, gfloat *edge, gboolean back)
{
  for (gint r = 0; r < rows; r++, y += ldy)
    for (gint b = 0; b < blocks; b++, edge += RNN_BLOCK) {
      gsize size = (gsize) MIN (left[b], RNN_BLOCK) * sizeof (gfloat);

      memcpy (back ? y + at[b] : edge, back ? edge : y + at[b], size);
    }
}

/* Of a part's blocks those from the b-th on; an incomplete one takes a detour over whole ones. */
INLINE void
tile (RnnPackType type, gint rows, gint blocks, const Part *p, gint b, const Rows *x, gfloat *y, gsize ldy, gboolean add)
{
  static const gsize beside[] = { 0, RNN_BLOCK, 2 * RNN_BLOCK, 3 * RNN_BLOCK };
  const gsize *at = p->at + b;
  const gint *left = p->left + b;
  gfloat edge[MAX_SUMS * LANES], *to = y;
  gsize ld = ldy;
  V acc[MAX_SUMS];
  gboolean whole = TRUE;

  UNROLL for (gint i = 0; i < blocks; i++)
    whole = whole && left[i] >= RNN_BLOCK;
  if (G_UNLIKELY (!whole)) {
    copy_edge (rows, blocks, at, left, y, ldy, edge, FALSE);
    to = edge, at = beside, ld = (gsize) blocks * RNN_BLOCK;
  }
  product (type, rows, blocks, p, b, x, at, to, ld, add, acc);
  store_sums (rows, blocks, at, to, ld, acc);
  if (G_UNLIKELY (!whole))
    copy_edge (rows, blocks, p->at + b, left, y, ldy, edge, TRUE);
}

/* ---- one row ---- */

/* Whole blocks from the first on, of no gates. */
INLINE void
row_blocks (RnnPackType type, gint blocks, const RnnPanels *w, gint first, gint k0, gint n_k, const Rows *x, gfloat *y,
    gboolean add)
{
  V acc[MAX_SUMS];
  Part p;

  p.w = w;
  p.first = first;
  p.k0 = k0;
  p.n_k = n_k;
  y += first * RNN_BLOCK;
  UNROLL for (gint b = 0; b < blocks; b++)
    p.at[b] = (gsize) (b * RNN_BLOCK);
  product (type, 1, blocks, &p, 0, x, p.at, y, 0, add, acc);
  store_sums (1, blocks, p.at, y, 0, acc);
}

/* Others from there on. */
INLINE void
row_tile (RnnPackType type, gint blocks, const RnnPanels *w, gint first, gint k0, gint n_k, const Rows *x, gfloat *y,
    gboolean add)
{
  Part p = part_of (w, first, blocks, k0, n_k);

  tile (type, 1, blocks, &p, 0, x, y, 0, add);
}

/* Inputs k0 to k0 + n_k, of which x is the first. */
INLINE void
matrix_row (RnnPackType type, const RnnPanels *w, gint k0, gint n_k, const Rows *x, gfloat *y, gboolean add)
{
  gint n = (gint) rnn_panels_blocks (w), whole = w->gates > 1 ? 0 : w->n_out / RNN_BLOCK, b = 0;

  for (; ROW_PANELS_4 > 1 && b + ROW_PANELS_4 * 4 <= whole; b += ROW_PANELS_4 * 4)
    row_blocks (type, ROW_PANELS_4 * 4, w, b, k0, n_k, x, y, add);
  for (; b + 4 <= whole; b += 4)
    row_blocks (type, 4, w, b, k0, n_k, x, y, add);
  for (; b < n; b += 4)
    switch (n - b) {
      case 1: row_tile (type, 1, w, b, k0, n_k, x, y, add); break;
      case 2: row_tile (type, 2, w, b, k0, n_k, x, y, add); break;
      case 3: row_tile (type, 3, w, b, k0, n_k, x, y, add); break;
      default: row_tile (type, 4, w, b, k0, n_k, x, y, add); break;
    }
}

INLINE void
linear_row (RnnPackType type, const RnnPanels *w, gint k0, gint n_k, const Rows *x, gfloat *y, gboolean add)
{
  FOR_GROUPS (w) {
    gfloat *to = y;
    RnnPanels one = group_of (w, g, &to);

    matrix_row (type, &one, k0, n_k, x, to, add);
  }
}

/* ---- many rows: tiles walk down the rows, over few blocks whose weights stay in the cache ---- */

/* How many of the rows that are left the next tile takes: as many as there are tiles for, the rest in even shares. */
INLINE gint
next_tile (const guint8 *counts, gint left)
{
  gint want = left >= 2 * counts[0] ? counts[0] : left > counts[0] ? (left + 1) / 2 : left, best = 1;

  for (gint i = 0; counts[i]; i++)
    if (counts[i] == want || (counts[i] > want && counts[i] <= left) || (best < counts[i] && counts[i] < want))
      best = counts[i];
  return best;
}

/* All n blocks of a part, `blocks` at once. */
INLINE void
tile_blocks (RnnPackType type, gint rows, gint blocks, const Part *p, gint n, const Rows *x, gfloat *y, gsize ldy, gboolean add)
{
  gint b = 0;

  for (; b + blocks <= n; b += blocks)
    tile (type, rows, blocks, p, b, x, y, ldy, add);
  for (; blocks > 1 && b < n; b++)
    tile (type, rows, 1, p, b, x, y, ldy, add);
}

#define TILE_ROWS(rows, blocks) rows,
#define TILE_BLOCKS(rows, blocks) blocks,
#define TILE_CASE(rows, blocks) \
    case rows: from = rows_of (type, packed, rows, p, x, r); \
      tile_blocks (type, rows, blocks, p, blocks_here, &from, y + r * ldy, ldy, add); break;

static const guint8 float_tiles[] = { TILES (TILE_ROWS) 0 }, byte_tiles[] = { TILES_INT8 (TILE_ROWS) 0 };

/* A part of the tile of rows that begins with row r. */
INLINE Rows
rows_of (RnnPackType type, gboolean packed, gint rows, const Part *p, const Rows *x, gint r)
{
  const gfloat *first = x->x + r * x->ldx;
  gint skip = count_words (type, p->k0);

  if (packed)
    return (Rows) { first + skip * rows, 1, (gsize) rows, NULL };
  return (Rows) { first + skip, x->ldx, 1, type == RNN_PACK_INT8 ? x->scale + r : NULL };
}

/* A part of so many blocks.  x: the first row; packed: rows of floats are tiles one after the other, of all inputs.  By the last row as
 * much has been asked for as comes after each block's part. */
INLINE void
part_rows (RnnPackType type, gboolean packed, Part *p, gint blocks_here, gint n, const Rows *x, gfloat *y, gsize ldy,
    gboolean add)
{
  gsize bytes = block_bytes (type, p->n_k), share = bytes / (gsize) n;
  gsize steps = (gsize) MAX (count_steps (type, p->n_k), 1);

  p->ahead = bytes;
  for (gint r = 0, rows; r < n; p->ahead += share * (gsize) rows, r += rows) {
    Rows from;

    rows = next_tile (type == RNN_PACK_INT8 ? byte_tiles : float_tiles, n - r);
    p->pace = share * (gsize) rows / steps + 1;
    if (type == RNN_PACK_INT8)
      switch (rows) { TILES_INT8 (TILE_CASE) }
    else
      switch (rows) { TILES (TILE_CASE) }
  }
}

/* n words of each of `few` rows -> to, row after row within each word, words `rows` apart. */
INLINE void
pack_few (gint few, gint n, const gfloat *x, gsize ldx, gint rows, gfloat *to)
{
  gint k = 0;

  for (; few == 4 && k + 4 <= n; k += 4) {
    V4 a = *(const V4 *) (x + k), b = *(const V4 *) (x + ldx + k);
    V4 c = *(const V4 *) (x + 2 * ldx + k), d = *(const V4 *) (x + 3 * ldx + k);
    V4 ab = SHUFFLE (a, b, (V4I) { 0, 4, 1, 5 }), ab_high = SHUFFLE (a, b, (V4I) { 2, 6, 3, 7 });
    V4 cd = SHUFFLE (c, d, (V4I) { 0, 4, 1, 5 }), cd_high = SHUFFLE (c, d, (V4I) { 2, 6, 3, 7 });

    *(V4 *) (to + k * rows) = SHUFFLE (ab, cd, (V4I) { 0, 1, 4, 5 });
    *(V4 *) (to + (k + 1) * rows) = SHUFFLE (ab, cd, (V4I) { 2, 3, 6, 7 });
    *(V4 *) (to + (k + 2) * rows) = SHUFFLE (ab_high, cd_high, (V4I) { 0, 1, 4, 5 });
    *(V4 *) (to + (k + 3) * rows) = SHUFFLE (ab_high, cd_high, (V4I) { 2, 3, 6, 7 });
  }
  for (; k < n; k++)
    for (gint i = 0; i < few; i++)
      to[k * rows + i] = x[i * ldx + k];
}

/* to: tile after tile, each [words][rows] */
INLINE void
pack_rows (RnnPackType type, gint n, gint n_in, const gfloat *x, gsize ldx, gfloat *to)
{
  gint words = count_words (type, n_in);
  gfloat pairs[type == PAIRS ? 4 * PACK_WORDS : 1];

  for (gint r = 0, rows; r < n; r += rows, to += rows * words) {
    rows = next_tile (float_tiles, n - r);
    for (gint i = 0, few; i < rows; i += few) {
      const gfloat *from = x + (r + i) * ldx;

      few = MIN (4, rows - i);
      for (gint j = 0; type == PAIRS && j < few; j++)
        round_to_pairs (n_in, from + j * ldx, pairs + j * words);
      if (type == PAIRS)
        pack_few (few, words, pairs, (gsize) words, rows, to + i);
      else
        pack_few (few, words, from, ldx, rows, to + i);
    }
  }
}

/* Blocks whose weights are to wait in the cache until n rows have passed: those of the tallest tile, or, where one tile
 * takes all rows and nothing has to wait, all. */
INLINE gint
blocks_at_once (RnnPackType type, gint n)
{
  static const guint8 float_blocks[] = { TILES (TILE_BLOCKS) }, byte_blocks[] = { TILES_INT8 (TILE_BLOCKS) };

  if (type == RNN_PACK_INT8)
    return n > byte_tiles[0] ? byte_blocks[0] : 4;
  return n > float_tiles[0] ? float_blocks[0] : 4;
}

/* Inputs of a part: so many bytes of floats or bf16 stay in the first caches while tiles walk down the rows.  Where one tile takes
 * all rows, nothing has to stay. */
INLINE gint
inputs_at_once (RnnPackType type, const RnnPanels *w, gint n)
{
  if (type == RNN_PACK_INT8 || n <= float_tiles[0])
    return MAX (w->n_in, 1);
  return MAX (MIN (w->n_in, type == RNN_PACK_F32 ? K_BLOCK : 2 * K_BLOCK), 1);
}

INLINE void
matrix_chunk (RnnPackType type, gboolean packed, const RnnPanels *w, gint n, const Rows *x, gfloat *y, gsize ldy,
    gboolean add)
{
  gint n_k = inputs_at_once (type, w, n), at_once = blocks_at_once (type, n), all = (gint) rnn_panels_blocks (w);

  for (gint b = 0; b < all; b += at_once)
    for (gint k0 = 0; k0 < MAX (w->n_in, 1); k0 += n_k) {
      gint blocks = MIN (at_once, all - b);
      Part p = part_of (w, b, blocks, k0, MIN (n_k, w->n_in - k0));

      part_rows (type, packed, &p, blocks, n, x, y, ldy, add || k0 > 0);
    }
}

INLINE void
linear_chunk (RnnPackType type, gboolean packed, const RnnPanels *w, gint n, const Rows *x, gfloat *y, gsize ldy,
    gboolean add)
{
  FOR_GROUPS (w) {
    gfloat *to = y;
    RnnPanels one = group_of (w, g, &to);

    matrix_chunk (type, packed, &one, n, x, to, ldy, add);
  }
}

/* Many rows: packed, as much of them as fits. */
INLINE void
linear_packed (RnnPackType type, const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy,
    gboolean add)
{
  gint most = float_tiles[0], chunk = CLAMP (PACK_FLOATS / w->n_in / most * most, most, ROW_CHUNK);
  gfloat to[PACK_FLOATS];

  for (gint r = 0; r < n; r += chunk) {
    gint rows = MIN (chunk, n - r);
    Rows packed = { to, (gsize) count_words (type, w->n_in), 1, NULL };

    pack_rows (type, rows, w->n_in, x + r * ldx, ldx, to);
    linear_chunk (type, TRUE, w, rows, &packed, y + r * ldy, ldy, add);
  }
}

/* Not inlined: a call that needs no such room shall not ask for it. */
#define PACKED(name, type) \
  static void __attribute__ ((noinline)) \
  packed_##name (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add) \
  { \
    linear_packed (type, w, n, x, ldx, y, ldy, add); \
  }
