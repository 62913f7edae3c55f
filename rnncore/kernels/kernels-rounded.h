/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of rows that are made ready first: quantised to bytes (int8), or rounded to pairs of bf16 where the CPU
 * multiplies these.  They wait on the stack while all panels pass. */
#pragma once
#include "kernels-linear.h"
#ifdef AMX_ROW
#include "kernels-amx.h"
#endif

#define ROOM 4096               /* words of rows on the stack: some of the usual size, one of RNN_INT8_INPUTS as pairs */

/* Rows r0 to r0 + n -> words, ld apart, filled up with 0. */
INLINE void
make_ready (RnnPackType type, gint n_in, gint n, const gfloat *x, gsize ldx, gint ld, gfloat *words, Scale *scale)
{
  gint used = count_words (type, n_in);

  for (gint r = 0; r < n; r++, x += ldx, words += ld) {
    if (type == RNN_PACK_INT8)
      scale[r] = quantise (n_in, x, words);
    else
      round_to_pairs (n_in, x, words);
    if (used < ld)
      memset (words + used, 0, (gsize) (ld - used) * sizeof (gfloat));
  }
}

static void
k_linear_int8 (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gint words = count_words (RNN_PACK_INT8, w->n_in), chunk = CLAMP (ROOM / MAX (words, 1), 1, ROW_CHUNK);
  gfloat room[ROOM];
  Scale scale[ROW_CHUNK];

  for (gint r = 0; r < n; r += chunk) {
    gint rows = MIN (chunk, n - r);
    Rows ready = { room, (gsize) words, 1, scale };

    make_ready (RNN_PACK_INT8, w->n_in, rows, x + r * ldx, ldx, words, room, scale);
    if (rows == 1)
      linear_row (RNN_PACK_INT8, w, 0, w->n_in, &ready, y + r * ldy, add);
    else
      linear_chunk (RNN_PACK_INT8, FALSE, w, rows, &ready, y + r * ldy, ldy, add);
  }
}

#ifdef PAIRS_ROW
PACKED (pairs, PAIRS)

/* What is wider than the room comes in parts: a sum goes on where the part before left it, in its order. */
static void
row_of_pairs (const RnnPanels *w, const gfloat *x, gfloat *y, gboolean add)
{
  gfloat room[ROOM];
  gint k0 = 0;

  do {
    gint n_k = MIN (w->n_in - k0, 2 * ROOM);

    make_ready (PAIRS, n_k, 1, x + k0, 0, 0, room, NULL);
    linear_row (PAIRS, w, k0, n_k, &(Rows) { room, 0, 1, NULL }, y, add || k0 > 0);
    k0 += n_k;
  } while (k0 < w->n_in);
}

static void
k_linear_pairs (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  if (n > 1 && w->n_in > 0 && w->n_in <= PACK_FLOATS / float_tiles[0])
    packed_pairs (w, n, x, ldx, y, ldy, add);
  else
    for (gint r = 0; r < n; r++)
      row_of_pairs (w, x + r * ldx, y + r * ldy, add);
}
#endif

#ifdef AMX_ROW
/* Inputs that are more than the room holds come in parts of whole tiles, after which sums go on; int8's are never so many. */
INLINE void
by_tiles (RnnPackType type, gint room_words, gfloat *room, const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y,
    gsize ldy, gboolean add)
{
  gint n_k = type == RNN_PACK_INT8 ? w->n_in : MIN (w->n_in, 2 * room_words);
  gint words = tile_words (type, n_k), most = room_words / MAX (words, 1);
  gint chunk = MIN (most >= TALL ? most / TALL * TALL : MAX (most, 1), ROW_CHUNK);
  Scale scale[ROW_CHUNK];

  for (gint r = 0; r < n; r += chunk) {
    gint rows = MIN (chunk, n - r), k0 = 0;

    do {
      gint here = MIN (n_k, w->n_in - k0);

      make_ready (type, here, rows, x + r * ldx + k0, ldx, words, room, scale);
      tile_groups (type, w, k0, here, rows, &(Rows) { room, (gsize) words, 1, scale }, y + r * ldy, ldy, add || k0 > 0);
      k0 += n_k;
    } while (k0 < w->n_in);
  }
}

/* Not inlined: see PACKED */
static void __attribute__ ((noinline))
many_by_tiles (RnnPackType type, const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gfloat room[PACK_FLOATS];

  if (type == RNN_PACK_INT8)
    by_tiles (RNN_PACK_INT8, PACK_FLOATS, room, w, n, x, ldx, y, ldy, add);
  else
    by_tiles (PAIRS, PACK_FLOATS, room, w, n, x, ldx, y, ldy, add);
}

static void
k_linear_amx_bf16 (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gfloat room[ROOM];

  if ((gint64) n * tile_words (PAIRS, w->n_in) > ROOM)
    many_by_tiles (RNN_PACK_BF16, w, n, x, ldx, y, ldy, add);
  else
    by_tiles (PAIRS, ROOM, room, w, n, x, ldx, y, ldy, add);
}

static void
k_linear_amx_int8 (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  if (n == 1)                   /* a lone row reads weights faster without tiles */
    k_linear_int8 (w, n, x, ldx, y, ldy, add);
  else
    many_by_tiles (RNN_PACK_INT8, w, n, x, ldx, y, ldy, add);
}
#endif
