/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second half of RWKV-5's and 6's time mixing, from receptance, key, value, decay and gate on:
 *
 *   y = W_o (ln_x (wkv (r, k, v, w)) silu (g))
 *
 * ln_x normalises each head for itself.  5.1 has no gate. */
#pragma once
#include "rwkv-wkv.h"

G_BEGIN_DECLS

/* @heads for n values, or with 0 one for every 64 of them; adds the child ln_x.  The matrices S will lie in the state
 * behind the last input [E].  No heads: an error. */
RnnWkv rnn_wkv_add (RnnCell *cell, gint n, gint heads, gfloat eps, const gchar *where, GError **error);

/* time_decay and time_faaaa as RWKV-LM starts them in the middle layers. */
void rnn_rwkv_init_decay (RnnParam *decay, RnnParam *first);

typedef struct {
  RnnWkv wkv;
  const RnnCell *norm;          /* ln_x */
  const RnnParam *output;
  gboolean gated;
} RnnRwkvHeads;

/* Its share of n_tape and of n_scratch. */
gsize rnn_rwkv_heads_tape    (const RnnRwkvHeads *h);
gsize rnn_rwkv_heads_scratch (const RnnRwkvHeads *h);

/* Arrays of a call, each [T][B]; on the tape, if there is one. */
typedef struct {
  gfloat *rows, *gate;          /* r, k, v, w [4E] and g before silu [E]: for the caller to fill */
  gfloat *o, *normed, *norm_tape;
  gfloat *drows, *dgate;        /* what backward results in */
  gfloat *dout, *product, *work;
} RnnRwkvArrays;

/* Takes the arrays' room from @tape (NULL: there is none) and @scratch. */
RnnRwkvArrays rnn_rwkv_heads_begin (const RnnRwkvHeads *h, const RnnRun *run, gfloat **tape, gfloat **scratch);
void rnn_rwkv_heads_forward  (const RnnRwkvHeads *h, const RnnRun *run, const RnnRwkvArrays *a, const gfloat *u);
/* du [E] is added to. */
void rnn_rwkv_heads_backward (const RnnRwkvHeads *h, const RnnRun *run, const RnnGrad *grad, const RnnRwkvArrays *a,
    const gfloat *u, gfloat *du);

G_END_DECLS
