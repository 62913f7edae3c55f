/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of rows with packed weights of each type.  One row streams through the weights once; many rows go in tiles,
 * whose sums fill the registers, over blocks of inputs that stay in the first caches. */
#pragma once
#include "kernels-sums.h"

#define ROW_CHUNK 128           /* rows per pass over a panel */
#define PACK_FLOATS 65536       /* of packed rows, on the stack: they stay in the second cache */

/* The blocks of panel i: the last one may be narrower. */
INLINE gint
width_of (const RnnPanels *w, gint i)
{
  gint blocks = (w->n_out + RNN_BLOCK - 1) / RNN_BLOCK - i * w->width;

  return w->gates > 1 ? w->width : MIN (blocks, w->width);
}

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

/* Part of a panel: inputs k0 to k0 + n_k.  ahead and pace are accumulate()'s, the first counted from where a block's part
 * starts. */
typedef struct {
  const RnnPanels *w;
  gint i, width, k0, n_k;
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

/* acc [rows][blocks][VECS] += x . those blocks of a part, from block b of its panel on */
INLINE void
add_product (RnnPackType type, gint rows, gint blocks, const Part *p, gint b, const Rows *x, V *acc)
{
  const RnnPanels *w = p->w;
  gsize bytes = block_bytes (type, w->n_in), first = (gsize) p->i * w->width + b;
  const guint8 *at = (const guint8 *) w->weights + first * bytes + block_bytes (type, p->k0);
  gint n = count_steps (type, p->n_k);
  V start[MAX_SUMS];

  if (type == RNN_PACK_INT8) {
    UNROLL for (gint j = 0; j < rows * blocks * VECS; j++)
      start[j] = acc[j];
    start_int8 (rows, blocks, w->sums + first * RNN_BLOCK, x->scale, acc);
  }
  accumulate (type, rows, blocks, at, bytes, n, at + p->ahead, p->pace, x->x, x->ldx, x->next, acc);
  if (type == RNN_PACK_BF16 && p->n_k % 2)
    accumulate (HALF_PAIR, rows, blocks, at + (gsize) n * RNN_BLOCK * 4, bytes, 1, at, 0, x->x + 2 * n * x->next,
        x->ldx, x->next, acc);
  if (type == RNN_PACK_INT8)
    finish_int8 (rows, blocks, w->scales + first * RNN_BLOCK, x->scale, start, acc);
}

/* Outputs from block b of a panel to the end of the row, or of its gate. */
INLINE gint
left_of (const Part *p, gint b)
{
  gint to_panel = p->i * (gint) steps_of (p->w).panel;

  return p->w->gates > 1 ? p->w->n_out / p->w->gates - to_panel : p->w->n_out - to_panel - b * RNN_BLOCK;
}

/* n[rows][blocks] pieces of `left` outputs at most: from = y, to = whole blocks, or back. */
static void
copy_edge (gint rows, gint blocks, const RnnPanels *w, gint left, gfloat *y, gsize ldy, gfloat *edge, gboolean back)
{
  Steps s = steps_of (w);

  for (gint r = 0; r < rows; r++)
    for (gint b = 0; b < blocks; b++) {
      gint n = CLAMP (w->gates > 1 ? left : left - b * RNN_BLOCK, 0, RNN_BLOCK);
      gfloat *at = y + r * ldy + b * s.block, *whole = edge + (r * blocks + b) * RNN_BLOCK;

      memcpy (back ? at : whole, back ? whole : at, (gsize) n * sizeof (gfloat));
    }
}

/* y: of the first row's first output.  An incomplete block takes a detour over whole ones. */
INLINE void
tile (RnnPackType type, gint rows, gint blocks, const Part *p, gint b, const Rows *x, gfloat *y, gsize ldy, gboolean add)
{
  Steps s = steps_of (p->w);
  gint left = left_of (p, b);
  gboolean whole = left >= (p->w->gates > 1 ? 1 : blocks) * RNN_BLOCK;
  gfloat edge[MAX_SUMS * LANES], *to = y + p->i * s.panel + b * s.block;
  V acc[MAX_SUMS];

  if (!whole) {
    copy_edge (rows, blocks, p->w, left, to, ldy, edge, FALSE);
    s.block = RNN_BLOCK;
  }
  load_sums (rows, 1, blocks, &s, whole ? to : edge, whole ? ldy : (gsize) blocks * RNN_BLOCK, add, acc);
  add_product (type, rows, blocks, p, b, x, acc);
  store_sums (rows, 1, blocks, &s, whole ? to : edge, whole ? ldy : (gsize) blocks * RNN_BLOCK, acc);
  if (!whole)
    copy_edge (rows, blocks, p->w, left, to, ldy, edge, TRUE);
}

/* ---- one row ---- */

INLINE void
row_panel (RnnPackType type, const Part *p, const Rows *x, gfloat *y, gboolean add)
{
  switch (p->width) {
    case 1: tile (type, 1, 1, p, 0, x, y, 0, add); break;
    case 2: tile (type, 1, 2, p, 0, x, y, 0, add); break;
    case 3: tile (type, 1, 3, p, 0, x, y, 0, add); break;
    default: tile (type, 1, 4, p, 0, x, y, 0, add); break;
  }
}

/* Several whole panels at once, so that as many sums are under way as hide the latency of a multiply-add. */
INLINE void
row_panels (RnnPackType type, gint panels, const Part *p, const Rows *x, gfloat *y, gboolean add)
{
  Steps s = steps_of (p->w);
  V acc[MAX_SUMS];

  load_sums (1, panels, 4, &s, y + p->i * s.panel, 0, add, acc);
  add_product (type, 1, panels * 4, p, 0, x, acc);
  store_sums (1, panels, 4, &s, y + p->i * s.panel, 0, acc);
}

/* Inputs k0 to k0 + n_k, of which x is the first. */
INLINE void
matrix_row (RnnPackType type, const RnnPanels *w, gint k0, gint n_k, const Rows *x, gfloat *y, gboolean add)
{
  gint n_panels = rnn_panels_count (w), i = 0;

  if (ROW_PANELS_4 > 1 && w->width == 4)
    for (; left_of (&(Part) { w, i + ROW_PANELS_4 - 1 }, w->gates > 1 ? 0 : 3) >= RNN_BLOCK; i += ROW_PANELS_4)
      row_panels (type, ROW_PANELS_4, &(Part) { w, i, 4, k0, n_k, 0, 0 }, x, y, add);
  for (; i < n_panels; i++)
    row_panel (type, &(Part) { w, i, width_of (w, i), k0, n_k, 0, 0 }, x, y, add);
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

/* Blocks b to `to`, `blocks` at once. */
INLINE void
tile_blocks (RnnPackType type, gint rows, gint blocks, const Part *p, gint b, gint to, const Rows *x, gfloat *y,
    gsize ldy, gboolean add)
{
  for (; b + blocks <= to; b += blocks)
    tile (type, rows, blocks, p, b, x, y, ldy, add);
  for (; blocks > 1 && b < to; b++)
    tile (type, rows, 1, p, b, x, y, ldy, add);
}

#define TILE_ROWS(rows, blocks) rows,
#define TILE_BLOCKS(rows, blocks) blocks,
#define TILE_CASE(rows, blocks) \
    case rows: from = rows_of (type, packed, rows, p, x, r); \
      tile_blocks (type, rows, blocks, p, b, to, &from, y + r * ldy, ldy, add); break;

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

/* Blocks b to `to` of a part.  x: the first row; packed: rows of floats are tiles one after the other, of all inputs.  By
 * the last row as much has been asked for as comes after each block's part. */
INLINE void
part_rows (RnnPackType type, gboolean packed, const Part *whole, gint b, gint to, gint n, const Rows *x, gfloat *y,
    gsize ldy, gboolean add)
{
  Part part = *whole, *p = &part;
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

/* to: tile after tile, each [words][rows] */
INLINE void
pack_rows (RnnPackType type, gint n, gint n_in, const gfloat *x, gsize ldx, gfloat *to)
{
  gint words = count_words (type, n_in);
  gfloat pairs[type == PAIRS ? PACK_FLOATS / 2 : 1];

  for (gint r = 0, rows; r < n; r += rows) {
    rows = next_tile (float_tiles, n - r);
    for (gint i = 0; i < rows; i++) {
      const gfloat *row = x + (r + i) * ldx;

      if (type == PAIRS) {
        round_to_pairs (n_in, row, pairs);
        row = pairs;
      }
      for (gint k = 0; k < words; k++)
        to[(gsize) r * words + k * rows + i] = row[k];
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
  gint n_k = inputs_at_once (type, w, n), blocks = blocks_at_once (type, n);

  for (gint i = 0; i < rnn_panels_count (w); i++)
    for (gint b = 0, width = width_of (w, i); b < width; b += blocks)
      for (gint k0 = 0; k0 < MAX (w->n_in, 1); k0 += n_k)
        part_rows (type, packed, &(Part) { w, i, width, k0, MIN (n_k, w->n_in - k0), 0, 0 }, b, MIN (b + blocks, width), n,
            x, y, ldy, add || k0 > 0);
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
