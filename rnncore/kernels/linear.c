/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products with a parameter, group by group: with its panels; in training, those over many rows by BLAS. */
#include "linear.h"
#include "blas.h"
#include "kernels.h"
#include "outer.h"
#include <math.h>
#include <string.h>

#define BLAS_ROWS 128           /* from here on BLAS, which packs both sides, is faster */

/* Only a model that is being trained leaves the one order of summation. */
static gboolean
by_blas (const RnnParam *p, gint n)
{
  return p->pack_t && !p->rounds && n >= BLAS_ROWS && rnn_blas_is_fast ();
}

static const gfloat *
group_data (const RnnParam *p, gint g)
{
  return p->data + (gsize) g * rnn_param_outputs (p) * rnn_param_inputs (p);
}

void
rnn_linear_group (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);
  RnnPanels w = rnn_param_panels (p, g);

  if (G_UNLIKELY (p->moments))
    rnn_param_observe (p, g, n, x, ldx);
  if (by_blas (p, n))
    rnn_blas_product (out, in, n, group_data (p, g), p->transposed ? out : in, p->transposed, x, ldx, y, ldy, add);
  else
    rnn_kernels ()->linear[w.dtype] (&w, n, x, ldx, y, ldy, add);
}

void
rnn_linear_groups (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, const gint *places,
    gboolean add)
{
  RnnPanels w = rnn_param_panels (p, 0);

  w.groups = p->groups;
  w.places = places;
  if (G_LIKELY (!p->moments && !by_blas (p, n)))
    rnn_kernels ()->linear[w.dtype] (&w, n, x, ldx, y, ldy, add);
  else
    for (gint g = 0; g < p->groups; g++)
      rnn_linear_group (p, g, n, x, ldx, y + places[g], ldy, add);
}

void
rnn_linear_group_dx (const RnnParam *p, gint g, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx,
    gboolean add)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);
  RnnPanels w = rnn_param_panels_t (p, g);

  if (by_blas (p, n))
    rnn_blas_product (in, out, n, group_data (p, g), p->transposed ? out : in, !p->transposed, dy, lddy, dx, lddx, add);
  else
    rnn_kernels ()->linear[w.dtype] (&w, n, dy, lddy, dx, lddx, add);
}

/* dw += dy^T x */
static void
outer (gboolean rounds, gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw)
{
  if (!rounds && rnn_blas_is_fast ())
    rnn_blas_outer (rows, cols, n, dy, lddy, x, ldx, dw);
  else
    rnn_outer_product (rounds ? RNN_PACK_BF16 : RNN_PACK_F32, rows, cols, n, dy, lddy, x, ldx, dw);
}

void
rnn_linear_group_dw (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy,
    gfloat *dparam)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);
  gfloat *dw = dparam + p->offset + (gsize) g * out * in;

  if (n > 0 && p->transposed)
    outer (p->rounds, in, out, n, x, ldx, dy, lddy, dw);
  else if (n > 0)
    outer (p->rounds, out, in, n, dy, lddy, x, ldx, dw);
}

void
rnn_linear (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group (p, g, n, x, ldx, y + (gsize) g * rnn_param_outputs (p), ldy, add);
}

void
rnn_linear_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dx (p, g, n, dy + (gsize) g * rnn_param_outputs (p), lddy, dx, lddx, add || g > 0);
}

void
rnn_linear_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy, gfloat *dparam)
{
  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dw (p, g, n, x, ldx, dy + (gsize) g * rnn_param_outputs (p), lddy, dparam);
}

void
rnn_linear_blocks (const RnnParam *p, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);

  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group (p, g, n, x + g * in, ldx, y + g * out, ldy, add);
}

void
rnn_linear_blocks_dx (const RnnParam *p, gint n, const gfloat *dy, gsize lddy, gfloat *dx, gsize lddx, gboolean add)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);

  for (gint g = 0; g < p->groups; g++)
    rnn_linear_group_dx (p, g, n, dy + g * out, lddy, dx + g * in, lddx, add);
}

void
rnn_linear_blocks_dw (const RnnParam *p, gint n, const gfloat *x, gsize ldx, const gfloat *dy, gsize lddy,
    gfloat *dparam)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);

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
