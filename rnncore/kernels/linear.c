/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products with a parameter.  A matrix [rows][cols] is packed per group into panels [panel][cols][RNN_PANEL] that the
 * kernel reads as one sequential stream; its transpose likewise for the gradient of the input. */
#include "linear.h"
#include "blas.h"
#include "kernels.h"
#include <math.h>
#include <string.h>

#define ALIGN 64

/* Floats of the panels of a [rows][cols] matrix. */
static gsize
panels_size (gint rows, gint cols)
{
  return (gsize) ((rows + RNN_PANEL - 1) / RNN_PANEL) * RNN_PANEL * (gsize) cols;
}

/* w element (r, c) is w[r * rs + c * cs]. */
static void
pack (const gfloat *w, gsize rs, gsize cs, gint rows, gint cols, gfloat *out)
{
  for (gint r0 = 0; r0 < rows; r0 += RNN_PANEL, out += (gsize) cols * RNN_PANEL) {
    gint n = MIN (RNN_PANEL, rows - r0);

    for (gint c = 0; c < cols; c++)
      for (gint r = 0; r < n; r++)
        out[(gsize) c * RNN_PANEL + r] = w[(gsize) (r0 + r) * rs + (gsize) c * cs];
  }
}

static gfloat *
alloc_zero (gsize n)
{
  return g_aligned_alloc0 (MAX (n, 1), sizeof (gfloat), ALIGN);
}

static gint
group_rows (const RnnParam *p)
{
  return RNN_PARAM_ROWS (p) / p->groups;
}

void
rnn_param_pack (RnnParam *p, gboolean training)
{
  gint rows, cols;
  gsize size, size_t_;

  if (!p->is_matrix)
    return;
  rows = group_rows (p);
  cols = RNN_PARAM_COLS (p);
  size = panels_size (rows, cols);
  size_t_ = panels_size (cols, rows);
  if (!p->pack)
    p->pack = alloc_zero (size * p->groups);
  if (training && !p->pack_t)
    p->pack_t = alloc_zero (size_t_ * p->groups);
  for (gint g = 0; g < p->groups; g++) {
    const gfloat *w = p->data + (gsize) g * rows * cols;

    pack (w, cols, 1, rows, cols, p->pack + g * size);
    if (training)
      pack (w, 1, cols, cols, rows, p->pack_t + g * size_t_);
  }
}

/* One row of weights to +-127; element k goes to the panel's pair k / 2. */
static gfloat
pack_row_int8 (const gfloat *w, gint cols, gint8 *panel_row)
{
  gfloat top = 0;

  for (gint c = 0; c < cols; c++)
    top = MAX (top, fabsf (w[c]));
  for (gint c = 0; c < cols && top > 0; c++)
    panel_row[(gsize) (c / 2) * 2 * RNN_PANEL + c % 2] = (gint8) lrintf (w[c] * 127 / top);
  return top / 127;
}

static gint
padded (gint rows)
{
  return (rows + RNN_PANEL - 1) / RNN_PANEL * RNN_PANEL;
}

void
rnn_param_pack_int8 (RnnParam *p)
{
  gint rows = group_rows (p), cols = RNN_PARAM_COLS (p);
  gsize row_bytes = (gsize) (cols + 1) / 2 * 2;

  if (!p->is_matrix || cols > RNN_INT8_INPUTS) {
    rnn_param_pack (p, FALSE);
    return;
  }
  p->pack8 = g_aligned_alloc0 ((gsize) p->groups * padded (rows), row_bytes, ALIGN);
  p->scale8 = alloc_zero ((gsize) p->groups * padded (rows));
  for (gint g = 0; g < p->groups; g++)
    for (gint r = 0; r < rows; r++) {
      gint at = g * padded (rows) + r;
      gint8 *panel = p->pack8 + (gsize) (at / RNN_PANEL) * RNN_PANEL * row_bytes;

      p->scale8[at] = pack_row_int8 (p->data + ((gsize) g * rows + r) * cols, cols, panel + at % RNN_PANEL * 2);
    }
}

void
rnn_param_free (RnnParam *p)
{
  g_aligned_free (p->pack8);
  g_aligned_free (p->scale8);
  g_free (p->name);
  g_aligned_free (p->pack);
  g_aligned_free (p->pack_t);
  g_free (p);
}

void
rnn_linear_group (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gint rows = group_rows (p), cols = RNN_PARAM_COLS (p);

  if (p->pack8)
    rnn_kernels ()->linear_int8 (p->pack8 + (gsize) g * padded (rows) * ((cols + 1) / 2 * 2),
        p->scale8 + (gsize) g * padded (rows), cols, rows, n, x, ldx, y, ldy, add);
  else
    rnn_kernels ()->linear (p->pack + g * panels_size (rows, cols), cols, rows, n, x, ldx, y, ldy, add);
}

void
rnn_linear_group_dx (const RnnParam *p, gint g, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx,
    gboolean add)
{
  gint rows = group_rows (p), cols = RNN_PARAM_COLS (p);

  rnn_kernels ()->linear (p->pack_t + g * panels_size (cols, rows), rows, cols, n, dy, lddy, dx, lddx, add);
}

void
rnn_linear_group_dw (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy,
    gfloat *dparam)
{
  gint rows = group_rows (p), cols = RNN_PARAM_COLS (p);

  if (n > 0)
    rnn_blas_outer (rows, cols, n, dy, lddy, x, ldx, dparam + p->offset + (gsize) g * rows * cols);
}

void
rnn_linear (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group (p, g, n, x, ldx, y + (gsize) g * group_rows (p), ldy, add);
}

void
rnn_linear_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dx (p, g, n, dy + (gsize) g * group_rows (p), lddy, dx, lddx, add || g > 0);
}

void
rnn_linear_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy, gfloat *dparam)
{
  if (n > 0)
    rnn_blas_outer (RNN_PARAM_ROWS (p), RNN_PARAM_COLS (p), n, dy, lddy, x, ldx, dparam + p->offset);
}

void
rnn_bias (const RnnParam *p, gint n, gint size, gfloat *y, gsize ldy, gboolean add)
{
  for (gint i = 0; i < n; i++, y += ldy) {
    if (p && add)
      rnn_kernels ()->add (size, p->data, y);
    else if (p)
      memcpy (y, p->data, (gsize) size * sizeof (gfloat));
    else if (!add)
      memset (y, 0, (gsize) size * sizeof (gfloat));
  }
}

void
rnn_bias_dw (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dparam)
{
  for (gint i = 0; p && i < n; i++, dy += lddy)
    rnn_kernels ()->add ((gint) p->size, dy, dparam + p->offset);
}
