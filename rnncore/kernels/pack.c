/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights in the order in which kernels read them, see RnnPanels.  A parameter that is stored transposed, or whose
 * transpose is wanted, differs only in the strides with which it is read. */
#include "linear.h"
#include <math.h>
#include <string.h>

#define ALIGN 64
#define WIDTH 4                 /* blocks of a panel without gates */

/* One group as its packer sees it: w (output o, input i) = data[o * per_output + i * per_input]. */
typedef struct {
  const gfloat *data;
  gsize per_output, per_input;
  RnnPanels panels;
} Source;

gint
rnn_param_outputs (const RnnParam *p)
{
  return p->transposed ? p->dims[p->rank - 1] : RNN_PARAM_ROWS (p) / p->groups;
}

gint
rnn_param_inputs (const RnnParam *p)
{
  return (gint) (p->size / (gsize) p->groups / (gsize) rnn_param_outputs (p));
}

static RnnPanels
layout (RnnPackType dtype, gint n_out, gint n_in, gint gates)
{
  gint blocks = (n_out + RNN_BLOCK - 1) / RNN_BLOCK;

  return (RnnPanels) { .dtype = dtype, .n_in = n_in, .n_out = n_out, .gates = MAX (gates, 1),
    .width = gates > 1 ? gates : CLAMP (blocks, 1, WIDTH) };
}

/* Blocks of all panels together. */
static gsize
blocks_of (const RnnPanels *w)
{
  return w->gates > 1 ? (gsize) rnn_panels_count (w) * w->gates : ((gsize) w->n_out + RNN_BLOCK - 1) / RNN_BLOCK;
}

/* Every block has the same share of a panel, so the bytes follow from their number. */
static gsize
bytes_of (const RnnPanels *w)
{
  return blocks_of (w) * rnn_panel_bytes (w->dtype, w->n_in, 1);
}

gsize
rnn_param_pack_bytes (const RnnParam *p, RnnPackType dtype)
{
  RnnPanels w = layout (dtype, rnn_param_outputs (p), rnn_param_inputs (p), p->gates);

  return (gsize) p->groups * bytes_of (&w);
}

gsize
rnn_param_pack_outputs (const RnnParam *p)
{
  RnnPanels w = layout (p->dtype, rnn_param_outputs (p), rnn_param_inputs (p), p->gates);

  return (gsize) p->groups * blocks_of (&w) * RNN_BLOCK;
}

RnnPanels
rnn_param_panels (const RnnParam *p, gint g)
{
  RnnPanels w = layout (p->dtype, rnn_param_outputs (p), rnn_param_inputs (p), p->gates);
  gsize outputs = (gsize) g * blocks_of (&w) * RNN_BLOCK;

  w.weights = (const gint8 *) p->pack + (gsize) g * bytes_of (&w);
  w.scales = p->scales ? p->scales + outputs : NULL;
  w.sums = p->sums ? p->sums + outputs : NULL;
  return w;
}

RnnPanels
rnn_param_panels_t (const RnnParam *p, gint g)
{
  RnnPanels w = layout (RNN_PACK_F32, rnn_param_inputs (p), rnn_param_outputs (p), 1);

  w.weights = (const gint8 *) p->pack_t + (gsize) g * bytes_of (&w);
  return w;
}

/* ---- one output after the other ---- */

/* Where an output stands: its panel's width, its place in the stream of blocks, and its lane. */
typedef struct {
  gint width, block, lane;
  gsize panel_block;            /* blocks in front of its panel */
} Place;

static Place
place_of (const RnnPanels *w, gint output)
{
  gint units = w->n_out / w->gates, unit = output % units, first;

  if (w->gates > 1)
    return (Place) { w->gates, output / units, unit % RNN_BLOCK, (gsize) (unit / RNN_BLOCK) * w->gates };
  first = output / (RNN_BLOCK * w->width) * w->width;
  return (Place) { MIN (w->width, (gint) blocks_of (w) - first), output / RNN_BLOCK - first, output % RNN_BLOCK,
    (gsize) first };
}

/* Index, in elements, of the first of an output's weights, `together` of which lie side by side, and how far it is from
 * one such bunch to the next. */
static gsize
first_of (const RnnPanels *w, const Place *at, gint together, gsize *step)
{
  gsize bytes = rnn_panel_bytes (w->dtype, w->n_in, 1), element = rnn_panel_bytes (w->dtype, together, 1) / together
      / RNN_BLOCK;

  *step = (gsize) at->width * RNN_BLOCK * together;
  return at->panel_block * (bytes / element) + ((gsize) at->block * RNN_BLOCK + at->lane) * together;
}

static guint16
to_bf16 (gfloat x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  return (guint16) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);  /* to nearest, ties to even; weights are finite */
}

static void
pack_bf16 (const Source *s, gint output, guint16 *pack)
{
  Place at = place_of (&s->panels, output);
  const gfloat *w = s->data + output * s->per_output;
  gsize step, first = first_of (&s->panels, &at, 2, &step);

  for (gint i = 0; i < s->panels.n_in; i++)
    pack[first + i / 2 * step + i % 2] = to_bf16 (w[i * s->per_input]);
}

/* To +-127 by the largest magnitude. */
static void
pack_int8 (const Source *s, gint output, gint8 *pack, gfloat *scales, gint32 *sums)
{
  Place at = place_of (&s->panels, output);
  const gfloat *w = s->data + output * s->per_output;
  gsize step, first = first_of (&s->panels, &at, 4, &step);
  gsize packed = (at.panel_block + at.block) * RNN_BLOCK + at.lane;
  gfloat top = 0;

  for (gint i = 0; i < s->panels.n_in; i++)
    top = MAX (top, fabsf (w[i * s->per_input]));
  scales[packed] = top / 127;
  for (gint i = 0; i < s->panels.n_in && top > 0; i++) {
    gint8 byte = (gint8) lrintf (w[i * s->per_input] * 127 / top);

    pack[first + i / 4 * step + i % 4] = byte;
    sums[packed] += byte;
  }
}

/* ---- floats, which training packs anew after every update ---- */

/* One block, 16 x 16 at a time so that both sides stay in the cache. */
static void
pack_block (const Source *s, gint output, gint n, gfloat *to, gsize step)
{
  const gfloat *w = s->data + output * s->per_output;

  for (gint i0 = 0; i0 < s->panels.n_in; i0 += RNN_BLOCK)
    for (gint o = 0; o < n; o++)
      for (gint i = i0; i < MIN (i0 + RNN_BLOCK, s->panels.n_in); i++)
        to[i * step + o] = w[o * s->per_output + i * s->per_input];
}

static void
pack_floats (const Source *s, gfloat *pack)
{
  gint units = s->panels.n_out / s->panels.gates;

  for (gint gate = 0; gate < s->panels.gates; gate++)
    for (gint u = 0; u < units; u += RNN_BLOCK) {
      gint output = gate * units + u;
      Place at = place_of (&s->panels, output);
      gsize step, first = first_of (&s->panels, &at, 1, &step);

      pack_block (s, output, MIN (RNN_BLOCK, units - u), pack + first, step);
    }
}

/* ---- parameters ---- */

static Source
source_of (const RnnParam *p, gint g, gboolean transpose)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);
  gsize per_output = p->transposed ? 1 : (gsize) in, per_input = p->transposed ? (gsize) out : 1;
  const gfloat *data = p->data + (gsize) g * out * in;

  if (transpose)
    return (Source) { data, per_input, per_output, rnn_param_panels_t (p, g) };
  return (Source) { data, per_output, per_input, rnn_param_panels (p, g) };
}

void
rnn_param_pack (RnnParam *p, gboolean training)
{
  if (!p->is_matrix)
    return;
  if (!p->pack)
    p->pack = g_aligned_alloc0 (MAX (rnn_param_pack_bytes (p, RNN_PACK_F32), 1), 1, ALIGN);
  if (training && !p->pack_t) {
    RnnPanels w = rnn_param_panels_t (p, 0);

    p->pack_t = g_aligned_alloc0 (MAX ((gsize) p->groups * bytes_of (&w), 1), 1, ALIGN);
  }
  for (gint g = 0; g < p->groups; g++) {
    Source s = source_of (p, g, FALSE);

    pack_floats (&s, (gfloat *) s.panels.weights);
    if (training) {
      s = source_of (p, g, TRUE);
      pack_floats (&s, (gfloat *) s.panels.weights);
    }
  }
}

void
rnn_param_pack_as (RnnParam *p, RnnPackType dtype)
{
  if (!p->is_matrix || dtype == RNN_PACK_F32 || (dtype == RNN_PACK_INT8 && rnn_param_inputs (p) > RNN_INT8_INPUTS)) {
    rnn_param_pack (p, FALSE);
    return;
  }
  p->dtype = dtype;
  p->pack = g_aligned_alloc0 (rnn_param_pack_bytes (p, dtype), 1, ALIGN);
  if (dtype == RNN_PACK_INT8) {
    p->scales = g_aligned_alloc0 (rnn_param_pack_outputs (p), sizeof (gfloat), ALIGN);
    p->sums = g_aligned_alloc0 (rnn_param_pack_outputs (p), sizeof (gint32), ALIGN);
  }
  for (gint g = 0; g < p->groups; g++) {
    Source s = source_of (p, g, FALSE);

    for (gint o = 0; o < s.panels.n_out; o++)
      if (dtype == RNN_PACK_BF16)
        pack_bf16 (&s, o, (guint16 *) s.panels.weights);
      else
        pack_int8 (&s, o, (gint8 *) s.panels.weights, (gfloat *) s.panels.scales, (gint32 *) s.panels.sums);
  }
}

void
rnn_param_free (RnnParam *p)
{
  if (!p->borrowed) {
    g_aligned_free (p->pack);
    g_aligned_free (p->scales);
    g_aligned_free (p->sums);
  }
  g_free (p->name);
  g_aligned_free (p->pack_t);
  g_free (p);
}
