/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Weights in the order in which kernels read them, see RnnPanels.  A parameter that is stored transposed, or whose
 * transpose is wanted, differs only in the strides with which it is read. */
#include "pack.h"
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
  RnnPanels w = layout (p->dtype, rnn_param_inputs (p), rnn_param_outputs (p), 1);

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

/* ---- floats and bf16, which training packs anew after every update ---- */

/* One block of floats, 16 x 16 at a time so that both sides stay in the cache. */
static void
pack_block (const RnnPackSource *s, gint output, gint n, gfloat *to)
{
  const gfloat *w = s->data + output * s->per_output;

  for (gint i0 = 0; i0 < s->panels.n_in; i0 += RNN_BLOCK)
    for (gint o = 0; o < n; o++)
      for (gint i = i0; i < MIN (i0 + RNN_BLOCK, s->panels.n_in); i++)
        to[i * RNN_BLOCK + o] = w[o * s->per_output + i * s->per_input];
}

/* One block of pairs; the last of an odd number is beside a zero.  Strides of 1 are to be known to the compiler. */
static inline __attribute__ ((always_inline)) void
pack_pairs (const gfloat *w, gint n_in, gsize per_output, gsize per_input, gint n, guint32 *to)
{
  for (gint i = 0; i + 1 < n_in; i += 2, w += 2 * per_input, to += RNN_BLOCK)
    for (gint o = 0; o < n; o++)
      to[o] = rnn_pack_pair (w[o * per_output], w[o * per_output + per_input]);
  for (gint o = 0; n_in % 2 && o < n; o++)
    to[o] = rnn_pack_half (w[o * per_output]);
}

static void
pack_pair_block (const RnnPackSource *s, gint output, gint n, guint32 *to)
{
  const gfloat *w = s->data + output * s->per_output;

  if (s->per_output == 1)
    pack_pairs (w, s->panels.n_in, 1, s->per_input, n, to);
  else
    pack_pairs (w, s->panels.n_in, s->per_output, s->per_input, n, to);
}

static void
pack_group (const RnnPackSource *s)
{
  gint units = s->panels.n_out / s->panels.gates, together = s->panels.dtype == RNN_PACK_BF16 ? 2 : 1;

  for (gint gate = 0; gate < s->panels.gates; gate++)
    for (gint u = 0; u < units; u += RNN_BLOCK) {
      gint output = gate * units + u;
      gsize packed, first = rnn_pack_first (&s->panels, output, together, &packed);

      if (together == 2)
        pack_pair_block (s, output, MIN (RNN_BLOCK, units - u), (guint32 *) s->panels.weights + first);
      else
        pack_block (s, output, MIN (RNN_BLOCK, units - u), (gfloat *) s->panels.weights + first);
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
  gboolean huge = bytes >= HUGE_PAGE;
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
  RnnPackType dtype = training && p->rounds ? RNN_PACK_BF16 : RNN_PACK_F32;

  if (!p->is_matrix || p->borrowed)
    return;
  if (p->dtype != dtype) {      /* it enters or leaves such training */
    g_clear_pointer (&p->pack, g_aligned_free);
    g_clear_pointer (&p->pack_t, g_aligned_free);
    p->dtype = dtype;
  }
  if (!p->pack)
    p->pack = rnn_pack_alloc (rnn_param_pack_bytes (p, dtype));
  if (training && !p->pack_t) {
    RnnPanels w = rnn_param_panels_t (p, 0);

    p->pack_t = rnn_pack_alloc ((gsize) p->groups * bytes_of (&w));
  }
  for (gint g = 0; g < p->groups; g++) {
    RnnPackSource s = rnn_pack_source (p, g, FALSE);

    pack_group (&s);
    if (training) {
      s = rnn_pack_source (p, g, TRUE);
      pack_group (&s);
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
