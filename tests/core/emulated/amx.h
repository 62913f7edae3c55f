/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* AMX in C, as Intel's manual defines it: eight tiles of 16 rows of 64 bytes, and what the kernels do with them. */
#pragma once
#include <math.h>
#include <string.h>
#include <glib.h>

typedef struct {
  gint rows;
  guint8 bytes[16][64];
} Tile;

static Tile tiles[8];

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbusd
#define _tile_loadconfig(config) tile_config (config)
#define _tile_release() memset (tiles, 0, sizeof tiles)
#define _tile_loadd(t, from, stride) tile_load (&tiles[t], (const guint8 *) (from), stride)
#define _tile_stored(t, to, stride) tile_store (&tiles[t], (guint8 *) (to), stride)
#define _tile_dpbf16ps(sum, a, b) tile_pairs (&tiles[sum], &tiles[a], &tiles[b])
#define _tile_dpbusd(sum, a, b) tile_bytes (&tiles[sum], &tiles[a], &tiles[b])

static inline void
tile_config (gconstpointer config)
{
  const guint8 *c = config;

  g_assert_cmpint (c[0], ==, 1);
  for (gint t = 0; t < 8; t++) {
    tiles[t].rows = c[48 + t];
    g_assert_true (c[16 + 2 * t] == 64 && c[17 + 2 * t] == 0 && tiles[t].rows >= 1 && tiles[t].rows <= 16);
  }
}

static inline void
tile_load (Tile *t, const guint8 *from, gsize stride)
{
  for (gint r = 0; r < t->rows; r++)
    memcpy (t->bytes[r], from + (gsize) r * stride, 64);
}

static inline void
tile_store (const Tile *t, guint8 *to, gsize stride)
{
  for (gint r = 0; r < t->rows; r++)
    memcpy (to + (gsize) r * stride, t->bytes[r], 64);
}

/* Half h of a row. */
static inline gfloat
tile_half (const guint8 *row, gint h)
{
  guint32 bits = (guint32) row[2 * h] << 16 | (guint32) row[2 * h + 1] << 24;
  gfloat x;

  memcpy (&x, &bits, sizeof x);
  return fabsf (x) < 0x1p-126f ? 0 * x : x;
}

static inline void
tile_pairs (Tile *sum, const Tile *a, const Tile *b)
{
  for (gint r = 0; r < sum->rows; r++)
    for (gint n = 0; n < 16; n++) {
      gfloat even = 0, odd = 0, old;

      for (gint k = 0; k < b->rows; k++) {
        even = fmaf (tile_half (a->bytes[r], 2 * k), tile_half (b->bytes[k], 2 * n), even);
        odd = fmaf (tile_half (a->bytes[r], 2 * k + 1), tile_half (b->bytes[k], 2 * n + 1), odd);
      }
      memcpy (&old, sum->bytes[r] + 4 * n, sizeof old);
      old += even + odd;
      memcpy (sum->bytes[r] + 4 * n, &old, sizeof old);
    }
}

static inline void
tile_bytes (Tile *sum, const Tile *a, const Tile *b)
{
  for (gint r = 0; r < sum->rows; r++)
    for (gint n = 0; n < 16; n++) {
      gint32 total;

      memcpy (&total, sum->bytes[r] + 4 * n, sizeof total);
      for (gint k = 0; k < 4 * b->rows; k++)
        total += a->bytes[r][k] * (gint8) b->bytes[k / 4][4 * n + k % 4];
      memcpy (sum->bytes[r] + 4 * n, &total, sizeof total);
    }
}
