/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packing, inside: for pack.c and quantise.c. */
#pragma once
#include "linear.h"
#include <string.h>

G_BEGIN_DECLS

/* One group as its packer sees it: w (output o, input i) = data[o * per_output + i * per_input]. */
typedef struct {
  const gfloat *data;
  gsize per_output, per_input;
  RnnPanels panels;
  const gdouble *moments;       /* [n_in] of a calibration, or NULL */
} RnnPackSource;

RnnPackSource rnn_pack_source (const RnnParam *p, gint g, gboolean transpose);

/* Index, in bunches of `together` weights that lie side by side, of an output's first bunch, whose next ones follow
 * RNN_BLOCK further on each; @packed: its index in scales and sums. */
gsize rnn_pack_first (const RnnPanels *w, gint output, gint together, gsize *packed);

/* The upper half of a float that is nearest, ties to even, as the lower half of a word.  What is no number stays none. */
static inline guint32
rnn_pack_half (gfloat x)
{
  guint32 bits;

  memcpy (&bits, &x, sizeof bits);
  return ((bits & 0x7fffffff) > 0x7f800000 ? bits | 0x400000 : bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

/* Two inputs of bf16 weights, side by side. */
static inline guint32
rnn_pack_pair (gfloat first, gfloat second)
{
  return rnn_pack_half (first) | rnn_pack_half (second) << 16;
}

/* Room for panels, zeroed; for g_aligned_free.  Weights of some size ask for huge pages: a step reads all of them, and
 * would walk page tables on the way. */
gpointer rnn_pack_alloc (gsize bytes);

G_END_DECLS
