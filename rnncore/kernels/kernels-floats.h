/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products and steps whose inputs stay floats, of weights that are floats or widen to them, and gradients of the pointwise
 * parts. */
#pragma once
#include "kernels-steps.h"

#define PACK_ROWS 6             /* so many rows of floats are worth packing */
#define PACK_OUTPUTS 256        /* for so many outputs */

INLINE gboolean
is_worth_packing (const RnnPanels *w, gint n)
{
  return n >= PACK_ROWS && w->n_out >= PACK_OUTPUTS && w->n_in > 0 && w->n_in <= PACK_FLOATS / float_tiles[0];
}

/* Several rows that are not worth packing. */
INLINE void
linear_floats (RnnPackType type, const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy,
    gboolean add)
{
  for (gint r = 0; r < n; r += ROW_CHUNK)
    linear_chunk (type, FALSE, w, MIN (ROW_CHUNK, n - r), &(Rows) { x + r * ldx, ldx, 1, NULL }, y + r * ldy, ldy, add);
}

#define LINEAR_OF(name, type) \
  PACKED (name, type) \
  static void \
  k_linear_##name (const RnnPanels *w, gint n, const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add) \
  { \
    if (n == 1) \
      linear_row (type, w, 0, w->n_in, &(Rows) { x, 0, 1, NULL }, y, add); \
    else if (is_worth_packing (w, n)) \
      packed_##name (w, n, x, ldx, y, ldy, add); \
    else \
      linear_floats (type, w, n, x, ldx, y, ldy, add); \
  }

LINEAR_OF (f32, RNN_PACK_F32)
LINEAR_OF (bf16, RNN_PACK_BF16)

/* ---- steps, and their gradients ---- */

#define STEPS_OF(cell, Cell, n_sums, panels) \
  STEP_OF (f32, RNN_PACK_F32, cell, Cell, n_sums, panels) \
  STEP_OF (bf16, RNN_PACK_BF16, cell, Cell, n_sums, panels) \
  static void \
  k_##cell##_point (gint H, const Rnn##Cell##Step *s) \
  { \
    point (H, 0, s->gates, cell##_units, s); \
  }

STEPS_OF (lstm, Lstm, 4, ROW_PANELS_4)
STEPS_OF (gru, Gru, 3, 2)

static void
k_lstm_point_grad (gint H, gfloat *gates, const gfloat *c_prev, const gfloat *tanh_c, const gfloat *dh, gfloat *dc)
{
  const V one = splat (1.f);

  for (gint j = 0; j < H; j += LANES) {
    gint k = H - j;
    V i = load (gates + j, k), f = load (gates + H + j, k), g = load (gates + 2 * H + j, k);
    V o = load (gates + 3 * H + j, k), t = load (tanh_c + j, k), d = load (dh + j, k);
    V dcell = V_FMA (d * o, one - t * t, load (dc + j, k));

    store (gates + j, dcell * g * i * (one - i), k);
    store (gates + H + j, dcell * load (c_prev + j, k) * f * (one - f), k);
    store (gates + 2 * H + j, dcell * i * (one - g * g), k);
    store (gates + 3 * H + j, d * t * o * (one - o), k);
    store (dc + j, dcell * f, k);
  }
}

static void
k_gru_point_grad (gint H, const gfloat *gates, const gfloat *h_prev, gfloat *dh, gfloat *dgates)
{
  const V one = splat (1.f);

  for (gint j = 0; j < H; j += LANES) {
    gint k = H - j;
    V r = load (gates + j, k), z = load (gates + H + j, k), u = load (gates + 2 * H + j, k);
    V n = load (gates + 3 * H + j, k), d = load (dh + j, k);
    V dn = d * (one - z) * (one - n * n);

    store (dgates + j, dn * u * r * (one - r), k);
    store (dgates + H + j, d * (load (h_prev + j, k) - n) * z * (one - z), k);
    store (dgates + 2 * H + j, dn * r, k);
    store (dgates + 3 * H + j, dn, k);
    store (dh + j, d * z, k);
  }
}
