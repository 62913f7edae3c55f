/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights as bf16 or int8.  A row of int8 weights is w = top / 127 * byte, where top is the row's largest magnitude,
 * or, after a calibration, the share of it that makes the product's squared error least: sum over the inputs of
 * E[x_i^2] (w_i - top / 127 * byte_i)^2, which takes inputs as uncorrelated. */
#include "pack.h"
#include <math.h>
#include <string.h>

#define CHUNK 64                /* weights of a row at a time */
#define SHARES 16               /* a calibration tries 1, 0.98, 0.96 ... of the largest magnitude */
#define SHARE_STEP 0.02f
#define ROUND 12582912.f        /* 1.5 * 2^23: added, it rounds to an integer, ties to even */
#define ROUND_BITS 0x4b400000

/* ---- a row, piece by piece ---- */

/* w[CHUNK] = weights i0 ... of an output, followed by zeros */
static void
fetch (const RnnPackSource *s, gint output, gint i0, gfloat *w)
{
  const gfloat *from = s->data + output * s->per_output + i0 * s->per_input;
  gint n = MIN (CHUNK, s->panels.n_in - i0);

  if (n < CHUNK)
    memset (w, 0, CHUNK * sizeof (gfloat));
  if (s->per_input == 1)
    memcpy (w, from, (gsize) n * sizeof (gfloat));
  for (gint i = 0; s->per_input != 1 && i < n; i++)
    w[i] = from[i * s->per_input];
}

/* The first n 32 bit words of a chunk -> one lane, from bunch to bunch. */
static void
scatter (gint n, gconstpointer words, gint32 *to)
{
  for (gint i = 0; i < n; i++)
    memcpy (to + i * RNN_BLOCK, (const gint32 *) words + i, sizeof *to);
}

/* ---- bf16 ---- */

static void
to_bf16 (const gfloat *w, guint16 *halves)
{
  for (gint i = 0; i < CHUNK; i++)
    halves[i] = (guint16) rnn_pack_half (w[i]);
}

static void
pack_bf16 (const RnnPackSource *s, gint output, gint32 *pack)
{
  gsize packed, first = rnn_pack_first (&s->panels, output, 2, &packed);
  guint16 halves[CHUNK];
  gfloat w[CHUNK];

  for (gint i = 0; i < s->panels.n_in; i += CHUNK) {
    fetch (s, output, i, w);
    to_bf16 (w, halves);
    scatter ((MIN (CHUNK, s->panels.n_in - i) + 1) / 2, halves, pack + first + i / 2 * RNN_BLOCK);
  }
}

/* ---- int8 ---- */

static gfloat
largest (const RnnPackSource *s, gint output)
{
  gfloat w[CHUNK], top[CHUNK] = { 0 };

  for (gint i = 0; i < s->panels.n_in; i += CHUNK) {
    fetch (s, output, i, w);
    for (gint j = 0; j < CHUNK; j++)
      top[j] = MAX (top[j], fabsf (w[j]));
  }
  for (gint j = 1; j < CHUNK; j++)
    top[0] = MAX (top[0], top[j]);
  return top[0];
}

static void
to_whole (const gfloat *w, gfloat top, gint32 *whole)
{
  gfloat z[CHUNK];

  for (gint i = 0; i < CHUNK; i++)
    z[i] = MIN (127.f, MAX (-127.f, w[i] * 127 / top)) + ROUND;
  memcpy (whole, z, sizeof z);
  for (gint i = 0; i < CHUNK; i++)
    whole[i] -= ROUND_BITS;
}

/* The squared error of an output, in the calibration's mean. */
static gdouble
error_of (const RnnPackSource *s, gint output, gfloat top)
{
  gdouble error = 0;
  gint32 whole[CHUNK];
  gfloat w[CHUNK];

  for (gint i = 0; i < s->panels.n_in; i += CHUNK) {
    fetch (s, output, i, w);
    to_whole (w, top, whole);
    for (gint j = 0; j < MIN (CHUNK, s->panels.n_in - i); j++) {
      gdouble off = w[j] - top / 127 * (gfloat) whole[j];

      error += s->moments[i + j] * off * off;
    }
  }
  return error;
}

static gfloat
best_top (const RnnPackSource *s, gint output)
{
  gfloat top = largest (s, output), best = top;
  gdouble least = top > 0 ? error_of (s, output, top) : 0;

  for (gint i = 1; i < SHARES && top > 0; i++) {
    gfloat less = top * (1 - i * SHARE_STEP);
    gdouble error = error_of (s, output, less);

    if (error < least) {
      least = error;
      best = less;
    }
  }
  return best;
}

static void
pack_int8 (const RnnPackSource *s, gint output, gint32 *pack, gfloat *scales, gint32 *sums)
{
  gsize packed, first = rnn_pack_first (&s->panels, output, 4, &packed);
  gfloat w[CHUNK], top = s->moments ? best_top (s, output) : largest (s, output);
  gint32 whole[CHUNK];
  gint8 bytes[CHUNK];

  scales[packed] = top / 127;
  for (gint i = 0; i < s->panels.n_in && top > 0; i += CHUNK) {
    fetch (s, output, i, w);
    to_whole (w, top, whole);
    for (gint j = 0; j < CHUNK; j++) {
      bytes[j] = (gint8) whole[j];
      sums[packed] += whole[j];
    }
    scatter ((MIN (CHUNK, s->panels.n_in - i) + 3) / 4, bytes, pack + first + i / 4 * RNN_BLOCK);
  }
}

/* ---- parameters ---- */

RnnPackType
rnn_param_pack_type (const RnnParam *p, RnnPackType dtype)
{
  return p->is_matrix && !p->is_table && (dtype != RNN_PACK_INT8 || rnn_param_inputs (p) <= RNN_INT8_INPUTS) ? dtype : RNN_PACK_F32;
}

void
rnn_param_pack_as (RnnParam *p, RnnPackType dtype)
{
  if (rnn_param_pack_type (p, dtype) == RNN_PACK_F32) {
    rnn_param_pack (p, FALSE);
    return;
  }
  p->dtype = dtype;
  p->pack = rnn_pack_alloc (rnn_param_pack_bytes (p, dtype));
  if (dtype == RNN_PACK_INT8) {
    p->scales = g_aligned_alloc0 (rnn_param_pack_outputs (p), sizeof (gfloat), RNN_PACK_ALIGN);
    p->sums = g_aligned_alloc0 (rnn_param_pack_outputs (p), sizeof (gint32), RNN_PACK_ALIGN);
  }
  for (gint g = 0; g < p->groups; g++) {
    RnnPackSource s = rnn_pack_source (p, g, FALSE);

    for (gint o = 0; o < s.panels.n_out; o++)
      if (dtype == RNN_PACK_BF16)
        pack_bf16 (&s, o, (gint32 *) s.panels.weights);
      else
        pack_int8 (&s, o, (gint32 *) s.panels.weights, (gfloat *) s.panels.scales, (gint32 *) s.panels.sums);
  }
}

void
rnn_param_observe (const RnnParam *p, gint g, gint n, const gfloat *x, gsize ldx)
{
  gint n_in = rnn_param_inputs (p);
  gdouble *sum = p->moments + (gsize) g * n_in;

  for (gint r = 0; r < n; r++, x += ldx)
    for (gint i = 0; i < n_in; i++)
      sum[i] += (gdouble) x[i] * x[i];
}

/* ---- what a file says ---- */

/* All packs are whole blocks of 64 bytes. */
static gboolean
bf16_is_finite (gsize n, const guint16 *halves)
{
  guint bad = 0;

  for (gsize i = 0; i < n; i += RNN_BLOCK)
    for (gint j = 0; j < RNN_BLOCK; j++)
      bad |= (halves[i + j] & 0x7f80) == 0x7f80;
  return !bad;
}

/* One block of outputs: quads of bytes. */
static gboolean
block_is_sound (gint n, const gint32 *quads, const gfloat *scales, const gint32 *sums)
{
  gint32 sum[RNN_BLOCK] = { 0 };
  guint32 bad[RNN_BLOCK] = { 0 };

  for (gint q = 0; q < n; q++, quads += RNN_BLOCK)
    for (gint lane = 0; lane < RNN_BLOCK; lane++) {
      gint32 word = quads[lane];
      guint32 flipped = (guint32) word ^ 0x80808080;    /* -128 is a zero byte now */

      sum[lane] += (gint8) word + (gint8) (word >> 8) + (gint8) (word >> 16) + (word >> 24);
      bad[lane] |= (flipped - 0x01010101) & ~flipped & 0x80808080;
    }
  for (gint lane = 0; lane < RNN_BLOCK; lane++)
    if (bad[lane] || sum[lane] != sums[lane] || !(scales[lane] >= 0 && scales[lane] < INFINITY))
      return FALSE;
  return TRUE;
}

static gboolean
int8_is_sound (const RnnPanels *w)
{
  gint quads = (w->n_in + 3) / 4, units = w->n_out / w->gates;

  for (gint gate = 0; gate < w->gates; gate++)
    for (gint u = 0; u < units; u += RNN_BLOCK) {
      gsize packed, first = rnn_pack_first (w, gate * units + u, 4, &packed);

      if (!block_is_sound (quads, (const gint32 *) w->weights + first, w->scales + packed, w->sums + packed))
        return FALSE;
    }
  return TRUE;
}

gboolean
rnn_param_check_pack (const RnnParam *p)
{
  if (p->dtype == RNN_PACK_BF16)
    return bf16_is_finite (rnn_param_pack_bytes (p, RNN_PACK_BF16) / 2, p->pack);
  for (gint g = 0; p->dtype == RNN_PACK_INT8 && g < p->groups; g++) {
    RnnPanels w = rnn_param_panels (p, g);

    if (!int8_is_sound (&w))
      return FALSE;
  }
  return TRUE;
}
