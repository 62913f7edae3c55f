/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The gradient of a matrix without BLAS: dy^T x is a product of the rows of dy^T with "weights" x, so it goes through the
 * kernels of inference once x is packed and dy transposed, some rows at a time. */
#include "outer.h"
#include "kernels.h"
#include "pack.h"

#define ROWS 256                /* of x and dy at once: the panels stay in the second cache */

/* x [n][cols] -> [block][n][RNN_BLOCK], zero padded */
static void
pack_rows (gint n, gint cols, const gfloat *x, gsize ldx, gfloat *pack)
{
  for (gint first = 0; first < cols; first += RNN_BLOCK) {
    gint width = MIN (RNN_BLOCK, cols - first);

    for (gint i = 0; i < n; i++, pack += RNN_BLOCK) {
      memcpy (pack, x + i * ldx + first, width * sizeof (gfloat));
      memset (pack + width, 0, (RNN_BLOCK - width) * sizeof (gfloat));
    }
  }
}

/* x [n][cols] -> [block][pairs of n][RNN_BLOCK][2], zero padded */
static void
pack_pairs (gint n, gint cols, const gfloat *x, gsize ldx, guint32 *pack)
{
  for (gint first = 0; first < cols; first += RNN_BLOCK) {
    gint width = MIN (RNN_BLOCK, cols - first);

    for (gint i = 0; i < n; i += 2, pack += RNN_BLOCK) {
      const gfloat *a = x + i * ldx + first, *b = a + ldx;

      for (gint j = 0; j < width; j++)
        pack[j] = i + 1 < n ? rnn_pack_pair (a[j], b[j]) : rnn_pack_half (a[j]);
      memset (pack + width, 0, (gsize) (RNN_BLOCK - width) * sizeof (guint32));
    }
  }
}

/* dy [n][rows] -> [rows][n], a square of both at a time */
static void
transpose (gint n, gint rows, const gfloat *dy, gsize lddy, gfloat *to)
{
  for (gint i0 = 0; i0 < n; i0 += RNN_BLOCK)
    for (gint r = 0; r < rows; r++)
      for (gint i = i0; i < MIN (i0 + RNN_BLOCK, n); i++)
        to[(gsize) r * n + i] = dy[i * lddy + r];
}

void
rnn_outer_product (RnnPackType dtype, gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x,
    gsize ldx, gfloat *dw)
{
  gint blocks = (cols + RNN_BLOCK - 1) / RNN_BLOCK, most = MIN (n, ROWS);
  gfloat *pack = g_aligned_alloc ((gsize) blocks * RNN_BLOCK * most, sizeof (gfloat), RNN_PACK_ALIGN);
  gfloat *turned = g_aligned_alloc ((gsize) rows * most, sizeof (gfloat), RNN_PACK_ALIGN);

  for (gint first = 0; first < n; first += ROWS) {
    gint some = MIN (ROWS, n - first);
    RnnPanels w = { .dtype = dtype, .n_in = some, .n_out = cols, .gates = 1, .width = CLAMP (blocks, 1, 4), .weights = pack };

    if (dtype == RNN_PACK_BF16)
      pack_pairs (some, cols, x + first * ldx, ldx, (guint32 *) pack);
    else
      pack_rows (some, cols, x + first * ldx, ldx, pack);
    transpose (some, rows, dy + first * lddy, lddy, turned);
    rnn_kernels ()->linear[dtype] (&w, rows, turned, some, dw, cols, TRUE);
  }
  g_aligned_free (pack);
  g_aligned_free (turned);
}
