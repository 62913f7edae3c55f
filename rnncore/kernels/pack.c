/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights in the order in which kernels read them, see RnnPanels.  A parameter that is stored transposed, or whose
 * transpose is wanted, differs only in the strides with which it is read. */
#include "pack.h"
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((gsize) 2 << 20)
#define WIDTH 4                 /* blocks of a panel without gates */

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

/* Every block has the same share of a panel, so the bytes follow from their number. */
static gsize
bytes_of (const RnnPanels *w)
{
  return rnn_panels_blocks (w) * rnn_block_bytes (w->dtype, w->n_in);
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

  return (gsize) p->groups * rnn_panels_blocks (&w) * RNN_BLOCK;
}

RnnPanels
rnn_param_panels (const RnnParam *p, gint g)
{
  RnnPanels w = layout (p->dtype, rnn_param_outputs (p), rnn_param_inputs (p), p->gates);
  gsize outputs = (gsize) g * rnn_panels_blocks (&w) * RNN_BLOCK;

  w.weights = p->pack ? (const gint8 *) p->pack + (gsize) g * bytes_of (&w) : NULL;
  w.scales = p->scales ? p->scales + outputs : NULL;
  w.sums = p->sums ? p->sums + outputs : NULL;
  return w;
}

RnnPanels
rnn_param_panels_t (const RnnParam *p, gint g)
{
  RnnPanels w = layout (RNN_PACK_F32, rnn_param_inputs (p), rnn_param_outputs (p), 1);

  w.weights = p->pack_t ? (const gint8 *) p->pack_t + (gsize) g * bytes_of (&w) : NULL;
  return w;
}

/* ---- one output after the other ---- */

gsize
rnn_pack_first (const RnnPanels *w, gint output, gint together, gsize *packed)
{
  gint units = w->n_out / w->gates, unit = output % units, lane = unit % RNN_BLOCK;
  gsize block = (gsize) (unit / RNN_BLOCK) * w->gates + output / units;
  gsize bunches = ((gsize) w->n_in + together - 1) / together;

  *packed = block * RNN_BLOCK + lane;
  return block * RNN_BLOCK * bunches + lane;
}

/* ---- floats, which training packs anew after every update ---- */

/* One block, 16 x 16 at a time so that both sides stay in the cache. */
static void
pack_block (const RnnPackSource *s, gint output, gint n, gfloat *to)
{
  const gfloat *w = s->data + output * s->per_output;

  for (gint i0 = 0; i0 < s->panels.n_in; i0 += RNN_BLOCK)
    for (gint o = 0; o < n; o++)
      for (gint i = i0; i < MIN (i0 + RNN_BLOCK, s->panels.n_in); i++)
        to[i * RNN_BLOCK + o] = w[o * s->per_output + i * s->per_input];
}

static void
pack_floats (const RnnPackSource *s, gfloat *pack)
{
  gint units = s->panels.n_out / s->panels.gates;

  for (gint gate = 0; gate < s->panels.gates; gate++)
    for (gint u = 0; u < units; u += RNN_BLOCK) {
      gint output = gate * units + u;
      gsize packed, first = rnn_pack_first (&s->panels, output, 1, &packed);

      pack_block (s, output, MIN (RNN_BLOCK, units - u), pack + first);
    }
}

/* ---- parameters ---- */

RnnPackSource
rnn_pack_source (const RnnParam *p, gint g, gboolean transpose)
{
  gint out = rnn_param_outputs (p), in = rnn_param_inputs (p);
  gsize per_output = p->transposed ? 1 : (gsize) in, per_input = p->transposed ? (gsize) out : 1;
  const gfloat *data = p->data + (gsize) g * out * in;

  if (transpose)
    return (RnnPackSource) { data, per_input, per_output, rnn_param_panels_t (p, g), NULL };
  return (RnnPackSource) { data, per_output, per_input, rnn_param_panels (p, g),
    p->moments ? p->moments + (gsize) g * in : NULL };
}

gpointer
rnn_pack_alloc (gsize bytes)
{
  gboolean huge = bytes >= 2 * HUGE_PAGE;
  gpointer pack = g_aligned_alloc (MAX (bytes, 1), 1, huge ? HUGE_PAGE : RNN_PACK_ALIGN);

#ifdef MADV_HUGEPAGE
  if (huge)
    madvise (pack, bytes, MADV_HUGEPAGE);
#endif
  return memset (pack, 0, bytes);
}

void
rnn_param_pack (RnnParam *p, gboolean training)
{
  if (!p->is_matrix || p->borrowed)
    return;
  if (!p->pack)
    p->pack = rnn_pack_alloc (rnn_param_pack_bytes (p, RNN_PACK_F32));
  if (training && !p->pack_t) {
    RnnPanels w = rnn_param_panels_t (p, 0);

    p->pack_t = rnn_pack_alloc ((gsize) p->groups * bytes_of (&w));
  }
  for (gint g = 0; g < p->groups; g++) {
    RnnPackSource s = rnn_pack_source (p, g, FALSE);

    pack_floats (&s, (gfloat *) s.panels.weights);
    if (training) {
      s = rnn_pack_source (p, g, TRUE);
      pack_floats (&s, (gfloat *) s.panels.weights);
    }
  }
}

void
rnn_param_free (RnnParam *p)
{
  if (!p)
    return;
  if (!p->borrowed) {
    g_aligned_free (p->pack);
    g_aligned_free (p->scales);
    g_aligned_free (p->sums);
  }
  g_free (p->moments);
  g_free (p->name);
  g_aligned_free (p->pack_t);
  g_free (p);
}
