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
      linear_row (RNN_PACK_INT8, w, &ready, y + r * ldy, add);
    else
      linear_chunk (RNN_PACK_INT8, FALSE, w, rows, &ready, y + r * ldy, ldy, add);
  }
}

#ifdef PAIRS_ROW
PACKED (pairs, PAIRS)

/* Wider than the room, it asks for its own. */
static void
row_of_pairs (const RnnPanels *w, const gfloat *x, gfloat *y, gboolean add)
{
  gint words = count_words (PAIRS, w->n_in);
  gfloat room[ROOM], *more = words > ROOM ? g_new (gfloat, words) : NULL, *to = more ? more : room;

  make_ready (PAIRS, w->n_in, 1, x, 0, words, to, NULL);
  linear_row (PAIRS, w, &(Rows) { to, 0, 1, NULL }, y, add);
  g_free (more);
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
/* room: words for one row at least. */
INLINE void
by_tiles (RnnPackType type, gint room_words, gfloat *room, const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y,
    gsize ldy, gboolean add)
{
  gint words = tile_words (type, w->n_in), most = room_words / MAX (words, 1);
  gint chunk = MIN (most >= TALL ? most / TALL * TALL : MAX (most, 1), ROW_CHUNK);
  Scale scale[ROW_CHUNK];

  for (gint r = 0; r < n; r += chunk) {
    gint rows = MIN (chunk, n - r);

    make_ready (type, w->n_in, rows, x + r * ldx, ldx, words, room, scale);
    tile_groups (type, w, rows, &(Rows) { room, (gsize) words, 1, scale }, y + r * ldy, ldy, add);
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
  gint words = tile_words (PAIRS, w->n_in);
  gfloat room[ROOM];

  if (words > PACK_FLOATS) {
    g_autofree gfloat *more = g_new (gfloat, words);

    by_tiles (PAIRS, words, more, w, n, x, ldx, y, ldy, add);
  } else if ((gint64) n * words > ROOM) {
    many_by_tiles (RNN_PACK_BF16, w, n, x, ldx, y, ldy, add);
  } else {
    by_tiles (PAIRS, ROOM, room, w, n, x, ldx, y, ldy, add);
  }
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
