/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The pointwise parts of LSTM and GRU steps, and whole steps of one stream, whose recurrent sums go from the registers
 * straight into the gates: same operations, same order, as product and pointwise part one after the other.
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
  gint H = w->n_out / n_sums;
  V acc[MAX_SUMS];
  Part p;

  p.w = w;
  p.first = i * n_sums;
  p.k0 = 0;
  p.n_k = w->n_in;
  UNROLL for (gint q = 0; q < panels; q++)
    UNROLL for (gint g = 0; g < n_sums; g++)
      p.at[q * n_sums + g] = (gsize) (g * H + q * RNN_BLOCK);
  product (type, 1, panels * n_sums, &p, 0, x, p.at, gates + i * RNN_BLOCK, 0, TRUE, acc);
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
  gint H = w->n_out / n_sums, whole = H / RNN_BLOCK, n = whole / panels, i;

  for (i = w->backwards ? (n - 1) * panels : 0; n > 0; n--, i += w->backwards ? -panels : panels)
    step_panels (type, n_sums, panels, w, i, x, gates, units, step);
  for (i = whole / panels * panels; panels > 1 && i < whole; i++)
    step_panels (type, n_sums, 1, w, i, x, gates, units, step);
  if (H % RNN_BLOCK) {
    Part p = part_of (w, i * n_sums, n_sums, 0, w->n_in);

    tile (type, 1, n_sums, &p, 0, x, gates, 0, TRUE);
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

STEP_OF (int8, RNN_PACK_INT8, lstm, Lstm, 4, ROW_PANELS_4)
STEP_OF (int8, RNN_PACK_INT8, gru, Gru, 3, 2)

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
