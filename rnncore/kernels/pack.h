/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Packing, inside: for pack.c and quantise.c. */
#pragma once
#include "linear.h"

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

/* Room for panels, zeroed; for g_aligned_free.  Weights of some size ask for huge pages: a step reads all of them, and
 * would walk page tables on the way. */
gpointer rnn_pack_alloc (gsize bytes);

G_END_DECLS
