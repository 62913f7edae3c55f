/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV's token shift: each input of a layer is a mixture of this step's values and the last one's,
 *
 *   mixed_t = x_t + (x_{t-1} - x_t) m
 *
 * with m a learnt weight per value, or (4 and 5) 1 - m the weight.  State: the last step's values [n]. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

typedef struct {
  const RnnRun *run;
  gint n;                       /* values that are mixed: the first ones of each row of run->x ... */
  gsize ld;                     /* ... which are so far apart */
  gboolean complement;          /* m = 1 - weight */
  gfloat *delta, *mixed;        /* [T][B][n]: x_{t-1} - x_t; work */
  gfloat *dx, *ddelta;          /* on the way back, added to: rows ld apart; [T][B][n] */
} RnnShift;

/* A vector of the shape [1][1][n] that RWKV's have, starting as @value. */
RnnParam *rnn_cell_add_channels (RnnCell *cell, const gchar *name, gint n, gfloat value);
/* Starts m as RWKV-LM does for a layer in the middle: weight (complement) or 1 - weight = (i / n)^power + offset. */
void rnn_shift_init (RnnParam *m, gboolean complement, gfloat power, gfloat offset);

/* Fills delta; the state of a stream begins with the last step's values. */
void rnn_shift_begin (const RnnShift *shift);
/* The last act of a forward: remembers. */
void rnn_shift_advance (const RnnShift *shift);
/* The mixture -> shift->mixed. */
void rnn_shift_mix (const RnnShift *shift, const RnnParam *weight);
/* y = W mixture, rows ldy apart */
void rnn_shift_linear (const RnnShift *shift, const RnnParam *weight, const RnnParam *w, gfloat *y, gsize ldy);

/* Zeroes dx and ddelta. */
void rnn_shift_grad_begin (const RnnShift *shift);
/* d [T][B][n]: d loss/d mixture */
void rnn_shift_mix_grad (const RnnShift *shift, const RnnParam *weight, const gfloat *d, gfloat *dparam);
void rnn_shift_linear_grad (const RnnShift *shift, const RnnParam *weight, const RnnParam *w, const gfloat *dy,
    gsize lddy, gfloat *dparam);
/* Turns ddelta into dx and the gradient of the state. */
void rnn_shift_grad_end (const RnnShift *shift, gfloat *dstate);

G_END_DECLS
