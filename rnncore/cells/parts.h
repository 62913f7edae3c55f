/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cells made of cells that C code wires: the parts are children, `wires` the arrays [T][B][...] between them.
 *
 * State: the parts', in order.  Tape: the wires, then each part's.  Scratch: the wires (without a tape) or their
 * gradients (on the way back), then room for one part at work. */
#pragma once
#include "container.h"

G_BEGIN_DECLS

/* For setup.  @layer as in a recipe, taken over.  Returns (transfer none) or NULL. */
RnnCell *rnn_parts_add   (RnnCell *cell, json_t *layer, gint n_in, GError **error);
/* Floats per step of the wires and of their gradients; sets the cell's sizes.  After the last part. */
void     rnn_parts_sizes (RnnCell *cell, gsize wires, gsize gradients);

gfloat  *rnn_parts_wires (const RnnRun *run);
/* The run of a part by itself: its state, tape and room to work; x and y are the caller's. */
RnnRun   rnn_part_run      (const RnnCell *part, const RnnRun *run);
void     rnn_part_forward  (const RnnCell *cell, const RnnCell *part, const RnnRun *run, const gfloat *x, gfloat *y);
/* dx as in RnnGrad: overwritten, may be NULL */
void     rnn_part_backward (const RnnCell *cell, const RnnCell *part, const RnnRun *run, const RnnGrad *grad,
    const gfloat *x, gfloat *y, const gfloat *dy, gfloat *dx);

G_END_DECLS
