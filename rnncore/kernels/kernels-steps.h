/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pointwise parts of LSTM and GRU steps, their gradients, and whole steps of one stream, whose recurrent sums go
 * from the registers straight into the gates: same operations, same order, as product and pointwise part one after the
 * other.
 *
 * Both cells have four rows of gates [4][H]; the recurrent product adds to the first 4 (LSTM) or 3 (GRU) of them. */
#pragma once
#include "kernels-rounded.h"

/* The pointwise part of LANES units, k at most, from unit j on.  z: their pre-activations.  step: RnnLstmStep... */
typedef void (*Units) (gint H, gint j, gint k, V z[4], gconstpointer step);

/* ---- LSTM: c = f c_prev + i g, h = o tanh c ---- */

/* z: i, f, g, o */
INLINE void
lstm_units (gint H, gint j, gint k, V z[4], gconstpointer step)
{
  const RnnLstmStep *s = step;
  V c, tanh_c;

  z[0] = v_sigmoid (z[0]);
  z[1] = v_sigmoid (z[1]);
  z[2] = v_tanh (z[2]);
  z[3] = v_sigmoid (z[3]);
  c = V_FMA (z[1], load (s->c_prev + j, k), z[0] * z[2]);
  tanh_c = v_tanh (c);
  if (s->tanh_c) {
    UNROLL for (gint g = 0; g < 4; g++)
      store (s->gates + g * H + j, z[g], k);
    store (s->tanh_c + j, tanh_c, k);
  }
  store (s->c + j, c, k);
  store (s->h + j, z[3] * tanh_c, k);
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

/* ---- GRU: h = n + z (h_prev - n), n = tanh (n_x + r u) ---- */

/* z: r, z, u = U h + b, n_x; become r, z, u, n. */
INLINE void
gru_units (gint H, gint j, gint k, V z[4], gconstpointer step)
{
  const RnnGruStep *s = step;

  z[0] = v_sigmoid (z[0]);
  z[1] = v_sigmoid (z[1]);
  z[3] = v_tanh (V_FMA (z[0], z[2], z[3]));
  if (s->keep)
    UNROLL for (gint g = 0; g < 4; g++)
      store (s->gates + g * H + j, z[g], k);
  store (s->h + j, V_FMA (z[1], load (s->h_prev + j, k) - z[3], z[3]), k);
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

/* ---- the pointwise part alone, and whole steps ---- */

/* From unit j on. */
INLINE void
point (gint H, gint j, const gfloat *gates, Units units, gconstpointer step)
{
  for (; j < H; j += LANES) {
    V z[4];

    UNROLL for (gint g = 0; g < 4; g++)
      z[g] = load (gates + g * H + j, H - j);
    units (H, j, H - j, z, step);
  }
}

/* Panels i ... of whole blocks, which are sums of the first n_sums gates. */
INLINE void
step_panels (RnnPackType type, gint n_sums, gint panels, const RnnPanels *w, gint i, const Rows *x, gfloat *gates,
    Units units, gconstpointer step)
{
  Part p = { w, i, n_sums, 0, w->n_in, 0, 0 };
  Steps steps = steps_of (w);
  gint H = w->n_out / n_sums;
  V acc[MAX_SUMS];

  load_sums (1, panels, n_sums, &steps, gates + i * RNN_BLOCK, 0, TRUE, acc);
  add_product (type, 1, panels * n_sums, &p, 0, x, acc);
  UNROLL for (gint q = 0; q < panels; q++)
    UNROLL for (gint v = 0; v < VECS; v++) {
      gint j = (i + q) * RNN_BLOCK + v * LANES;
      V z[4];

      UNROLL for (gint g = 0; g < 4; g++)
        z[g] = g < n_sums ? acc[(q * n_sums + g) * VECS + v] : (V) *(const Vu *) (gates + g * H + j);
      units (H, j, LANES, z, step);
    }
}

/* `panels` at once: so many sums under way hide the latency of a multiply-add. */
INLINE void
step_row (RnnPackType type, gint n_sums, gint panels, const RnnPanels *w, const Rows *x, gfloat *gates, Units units,
    gconstpointer step)
{
  gint H = w->n_out / n_sums, whole = H / RNN_BLOCK, i = 0;

  for (; i + panels <= whole; i += panels)
    step_panels (type, n_sums, panels, w, i, x, gates, units, step);
  for (; panels > 1 && i < whole; i++)
    step_panels (type, n_sums, 1, w, i, x, gates, units, step);
  if (H % RNN_BLOCK) {
    row_panel (type, &(Part) { w, i, width_of (w, i), 0, w->n_in, 0, 0 }, x, gates, TRUE);
    point (H, i * RNN_BLOCK, gates, units, step);
  }
}

INLINE void
whole_step (RnnPackType type, gint n_sums, gint panels, const RnnPanels *w, const gfloat *h, gfloat *gates, Units units,
    gconstpointer step)
{
  gfloat room[ROOM];
  Scale scale;
  Rows x = { room, 0, 1, &scale };

  if (type == RNN_PACK_INT8 || type == PAIRS)
    make_ready (type, w->n_in, 1, h, 0, count_words (type, w->n_in), room, &scale);
  else
    x.x = h;
  step_row (type, n_sums, panels, w, &x, gates, units, step);
}

#define STEP_OF(name, type, cell, Cell, n_sums, panels) \
  static void \
  k_##cell##_step_##name (const RnnPanels *w, const gfloat *h, const Rnn##Cell##Step *s) \
  { \
    whole_step (type, n_sums, panels, w, h, s->gates, cell##_units, s); \
  }

#define STEPS_OF(cell, Cell, n_sums, panels) \
  STEP_OF (f32, RNN_PACK_F32, cell, Cell, n_sums, panels) \
  STEP_OF (bf16, RNN_PACK_BF16, cell, Cell, n_sums, panels) \
  STEP_OF (int8, RNN_PACK_INT8, cell, Cell, n_sums, panels) \
  static void \
  k_##cell##_point (gint H, const Rnn##Cell##Step *s) \
  { \
    point (H, 0, s->gates, cell##_units, s); \
  }

STEPS_OF (lstm, Lstm, 4, ROW_PANELS_4)
STEPS_OF (gru, Gru, 3, 2)

/* Where bf16 inputs go by pairs; more of them than there is room for, and those that go by tiles, in two parts. */
#define PARTS_OF(name, linear, cell, Cell, n_sums) \
  static void \
  k_##cell##_step_##name (const RnnPanels *w, const gfloat *h, const Rnn##Cell##Step *s) \
  { \
    linear (w, 1, h, 0, s->gates, 0, TRUE); \
    point (w->n_out / n_sums, 0, s->gates, cell##_units, s); \
  }

#ifdef PAIRS_ROW
#define PAIRS_OF(cell, Cell, n_sums, panels) \
  STEP_OF (narrow, PAIRS, cell, Cell, n_sums, panels) \
  PARTS_OF (wide, k_linear_pairs, cell, Cell, n_sums) \
  static void \
  k_##cell##_step_pairs (const RnnPanels *w, const gfloat *h, const Rnn##Cell##Step *s) \
  { \
    (w->n_in <= 2 * ROOM ? k_##cell##_step_narrow : k_##cell##_step_wide) (w, h, s); \
  }

PAIRS_OF (lstm, Lstm, 4, ROW_PANELS_4)
PAIRS_OF (gru, Gru, 3, 2)
#endif

#ifdef AMX_ROW
PARTS_OF (amx, k_linear_amx_bf16, lstm, Lstm, 4)
PARTS_OF (amx, k_linear_amx_bf16, gru, Gru, 3)
#endif
