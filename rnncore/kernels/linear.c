/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products with a parameter.  A matrix [outputs][inputs] is packed per group into panels [panel][inputs][RNN_PANEL] that
 * the kernel reads as one sequential stream; its transpose likewise for the gradient of the input.  A parameter that is
 * stored transposed differs only in the strides with which it is packed. */
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

/* Of one group. */
static gint
outputs_of (const RnnParam *p)
{
  return p->transposed ? p->dims[p->rank - 1] : RNN_PARAM_ROWS (p) / p->groups;
}

static gint
inputs_of (const RnnParam *p)
{
  return (gint) (p->size / (gsize) p->groups / (gsize) outputs_of (p));
}

void
rnn_param_pack (RnnParam *p, gboolean training)
{
  gint out, in;
  gsize size, size_t_, per_out, per_in;

  if (!p->is_matrix)
    return;
  out = outputs_of (p);
  in = inputs_of (p);
  per_out = p->transposed ? 1 : in;
  per_in = p->transposed ? out : 1;
  size = panels_size (out, in);
  size_t_ = panels_size (in, out);
  if (!p->pack)
    p->pack = alloc_zero (size * p->groups);
  if (training && !p->pack_t)
    p->pack_t = alloc_zero (size_t_ * p->groups);
  for (gint g = 0; g < p->groups; g++) {
    const gfloat *w = p->data + (gsize) g * out * in;

    pack (w, per_out, per_in, out, in, p->pack + g * size);
    if (training)
      pack (w, per_in, per_out, in, out, p->pack_t + g * size_t_);
  }
}

/* One output's weights, stride apart, to +-127; element k goes to the panel's pair k / 2. */
static gfloat
pack_row_int8 (const gfloat *w, gsize stride, gint n, gint8 *panel_row)
{
  gfloat top = 0;

  for (gint c = 0; c < n; c++)
    top = MAX (top, fabsf (w[c * stride]));
  for (gint c = 0; c < n && top > 0; c++)
    panel_row[(gsize) (c / 2) * 2 * RNN_PANEL + c % 2] = (gint8) lrintf (w[c * stride] * 127 / top);
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
  gint out = outputs_of (p), in = inputs_of (p);
  gsize row_bytes = (gsize) (in + 1) / 2 * 2;

  if (!p->is_matrix || in > RNN_INT8_INPUTS) {
    rnn_param_pack (p, FALSE);
    return;
  }
  p->pack8 = g_aligned_alloc0 ((gsize) p->groups * padded (out), row_bytes, ALIGN);
  p->scale8 = alloc_zero ((gsize) p->groups * padded (out));
  for (gint g = 0; g < p->groups; g++)
    for (gint r = 0; r < out; r++) {
      gint at = g * padded (out) + r;
      gint8 *panel = p->pack8 + (gsize) (at / RNN_PANEL) * RNN_PANEL * row_bytes;
      const gfloat *w = p->data + (gsize) g * out * in + (p->transposed ? (gsize) r : (gsize) r * in);

      p->scale8[at] = pack_row_int8 (w, p->transposed ? out : 1, in, panel + at % RNN_PANEL * 2);
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
  gint out = outputs_of (p), in = inputs_of (p);

  if (p->pack8)
    rnn_kernels ()->linear_int8 (p->pack8 + (gsize) g * padded (out) * ((in + 1) / 2 * 2),
        p->scale8 + (gsize) g * padded (out), in, out, n, x, ldx, y, ldy, add);
  else
    rnn_kernels ()->linear (p->pack + g * panels_size (out, in), in, out, n, x, ldx, y, ldy, add);
}

void
rnn_linear_group_dx (const RnnParam *p, gint g, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx,
    gboolean add)
{
  gint out = outputs_of (p), in = inputs_of (p);

  rnn_kernels ()->linear (p->pack_t + g * panels_size (in, out), out, in, n, dy, lddy, dx, lddx, add);
}

void
rnn_linear_group_dw (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy,
    gfloat *dparam)
{
  gint out = outputs_of (p), in = inputs_of (p);
  gfloat *dw = dparam + p->offset + (gsize) g * out * in;

  if (n > 0 && p->transposed)
    rnn_blas_outer (in, out, n, x, ldx, dy, lddy, dw);
  else if (n > 0)
    rnn_blas_outer (out, in, n, dy, lddy, x, ldx, dw);
}

void
rnn_linear (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group (p, g, n, x, ldx, y + (gsize) g * outputs_of (p), ldy, add);
}

void
rnn_linear_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dx (p, g, n, dy + (gsize) g * outputs_of (p), lddy, dx, lddx, add || g > 0);
}

void
rnn_linear_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy, gfloat *dparam)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dw (p, g, n, x, ldx, dy + (gsize) g * outputs_of (p), lddy, dparam);
}

void
rnn_linear_blocks (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gint out = outputs_of (p), in = inputs_of (p);

  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group (p, g, n, x + g * in, ldx, y + g * out, ldy, add);
}

void
rnn_linear_blocks_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add)
{
  gint out = outputs_of (p), in = inputs_of (p);

  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dx (p, g, n, dy + g * out, lddy, dx + g * in, lddx, add);
}

void
rnn_linear_blocks_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy,
    gfloat *dparam)
{
  gint out = outputs_of (p), in = inputs_of (p);

  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dw (p, g, n, x + g * in, ldx, dy + g * out, lddy, dparam);
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
