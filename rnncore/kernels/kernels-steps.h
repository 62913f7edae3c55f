/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pointwise parts of LSTM and GRU steps, their gradients, and whole steps of one stream, whose recurrent sums go from
 * the registers straight into the gates: same operations, same order, as product and pointwise part one after the other. */
#pragma once
#include "kernels-linear.h"

/* ---- LSTM: c = f c_prev + i g, h = o tanh c ---- */

/* z: pre-activations i, f, g, o, which become activations. */
INLINE void
lstm_vector (V z[4], V c_prev, V *c, V *tanh_c, V *h)
{
  z[0] = v_sigmoid (z[0]);
  z[1] = v_sigmoid (z[1]);
  z[2] = v_tanh (z[2]);
  z[3] = v_sigmoid (z[3]);
  *c = V_FMA (z[1], c_prev, z[0] * z[2]);
  *tanh_c = v_tanh (*c);
  *h = z[3] * *tanh_c;
}

/* From unit j on, of which k are left. */
INLINE void
lstm_units (gint H, gint j, gint k, V z[4], const RnnLstmStep *s)
{
  V c, tanh_c, h;

  lstm_vector (z, load (s->c_prev + j, k), &c, &tanh_c, &h);
  if (s->tanh_c) {
    UNROLL for (gint g = 0; g < 4; g++)
      store (s->gates + g * H + j, z[g], k);
    store (s->tanh_c + j, tanh_c, k);
  }
  store (s->c + j, c, k);
  store (s->h + j, h, k);
}

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

/* From unit j on, pre-activations in gates. */
INLINE void
lstm_rest (gint H, gint j, const RnnLstmStep *s)
{
  for (; j < H; j += LANES) {
    V z[4];

    UNROLL for (gint g = 0; g < 4; g++)
      z[g] = load (s->gates + g * H + j, H - j);
    lstm_units (H, j, H - j, z, s);
  }
}

static void
k_lstm_point (gint H, const RnnLstmStep *s)
{
  lstm_rest (H, 0, s);
}

/* Panels i ... of whole blocks. */
INLINE void
lstm_panels (RnnPackType type, gint panels, const RnnPanels *w, gint i, const Rows *x, const RnnLstmStep *s)
{
  Part p = { w, i, 4, 0, w->n_in, 0, 0 };
  Steps steps = steps_of (w);
  gint H = w->n_out / 4;
  V acc[MAX_SUMS];

  load_sums (1, panels, 4, &steps, s->gates + i * RNN_BLOCK, 0, TRUE, acc);
  add_product (type, 1, panels * 4, &p, 0, x, acc);
  UNROLL for (gint q = 0; q < panels; q++)
    UNROLL for (gint v = 0; v < VECS; v++) {
      V z[4];

      UNROLL for (gint g = 0; g < 4; g++)
        z[g] = acc[(q * 4 + g) * VECS + v];
      lstm_units (H, (i + q) * RNN_BLOCK + v * LANES, LANES, z, s);
    }
}

INLINE void
lstm_step (RnnPackType type, const RnnPanels *w, const gfloat *h, const RnnLstmStep *s)
{
  gint H = w->n_out / 4, whole = H / RNN_BLOCK, i = 0;
  gfloat q[RNN_INT8_INPUTS / 4];
  Scale scale;
  Rows x = { type == RNN_PACK_INT8 ? q : h, 0, 1, &scale };

  if (type == RNN_PACK_INT8)
    scale = quantise (w->n_in, h, q);
  for (; i + ROW_PANELS_4 <= whole; i += ROW_PANELS_4)
    lstm_panels (type, ROW_PANELS_4, w, i, &x, s);
  for (; ROW_PANELS_4 > 1 && i < whole; i++)
    lstm_panels (type, 1, w, i, &x, s);
  if (H % RNN_BLOCK) {
    row_panel (type, w, i, &x, s->gates, TRUE);
    lstm_rest (H, i * RNN_BLOCK, s);
  }
}

/* ---- GRU: h = n + z (h_prev - n), n = tanh (n_x + r u) ---- */

/* z: r, z, u = U h + b, n_x; become r, z, u, n. */
INLINE void
gru_units (gint H, gint j, gint k, V z[4], const RnnGruStep *s)
{
  z[0] = v_sigmoid (z[0]);
  z[1] = v_sigmoid (z[1]);
  z[3] = v_tanh (V_FMA (z[0], z[2], z[3]));
  if (s->keep)
    UNROLL for (gint g = 0; g < 4; g++)
      store (s->gates + g * H + j, z[g], k);
  store (s->h + j, V_FMA (z[1], load (s->h_prev + j, k) - z[3], z[3]), k);
}

/* From unit j on, pre-activations in gates. */
INLINE void
gru_rest (gint H, gint j, const RnnGruStep *s)
{
  for (; j < H; j += LANES) {
    V z[4];

    UNROLL for (gint g = 0; g < 4; g++)
      z[g] = load (s->gates + g * H + j, H - j);
    gru_units (H, j, H - j, z, s);
  }
}

static void
k_gru_point (gint H, const RnnGruStep *s)
{
  gru_rest (H, 0, s);
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

/* Panels i ... of whole blocks. */
INLINE void
gru_panels (RnnPackType type, gint panels, const RnnPanels *w, gint i, const Rows *x, const RnnGruStep *s)
{
  Part p = { w, i, 3, 0, w->n_in, 0, 0 };
  Steps steps = steps_of (w);
  gint H = w->n_out / 3;
  V acc[MAX_SUMS];

  load_sums (1, panels, 3, &steps, s->gates + i * RNN_BLOCK, 0, TRUE, acc);
  add_product (type, 1, panels * 3, &p, 0, x, acc);
  UNROLL for (gint q = 0; q < panels; q++)
    UNROLL for (gint v = 0; v < VECS; v++) {
      gint j = (i + q) * RNN_BLOCK + v * LANES;
      V z[4];

      UNROLL for (gint g = 0; g < 3; g++)
        z[g] = acc[(q * 3 + g) * VECS + v];
      z[3] = *(const Vu *) (s->gates + 3 * H + j);
      gru_units (H, j, LANES, z, s);
    }
}

INLINE void
gru_step (RnnPackType type, const RnnPanels *w, const gfloat *h, const RnnGruStep *s)
{
  gint H = w->n_out / 3, whole = H / RNN_BLOCK, i = 0;
  gfloat q[RNN_INT8_INPUTS / 4];
  Scale scale;
  Rows x = { type == RNN_PACK_INT8 ? q : h, 0, 1, &scale };

  if (type == RNN_PACK_INT8)
    scale = quantise (w->n_in, h, q);
  for (; i + 2 <= whole; i += 2)
    gru_panels (type, 2, w, i, &x, s);
  for (; i < whole; i++)
    gru_panels (type, 1, w, i, &x, s);
  if (H % RNN_BLOCK) {
    row_panel (type, w, i, &x, s->gates, TRUE);
    gru_rest (H, i * RNN_BLOCK, s);
  }
}

#define STEP_OF(name, NAME, cell, Cell) \
static void \
k_##cell##_step_##name (const RnnPanels *w, const gfloat *h, const Rnn##Cell##Step *s) \
{ \
  cell##_step (RNN_PACK_##NAME, w, h, s); \
}

STEP_OF (f32, F32, lstm, Lstm)
STEP_OF (bf16, BF16, lstm, Lstm)
STEP_OF (int8, INT8, lstm, Lstm)
STEP_OF (f32, F32, gru, Gru)
STEP_OF (bf16, BF16, gru, Gru)
STEP_OF (int8, INT8, gru, Gru)
