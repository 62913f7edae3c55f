/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside RWKV-7's time mixing: rwkv7.c has the products with weights, rwkv7-point.c what happens between them. */
#pragma once
#include "rwkv-lora.h"
#include "rwkv-shift.h"
#include "rwkv-wkv.h"

G_BEGIN_DECLS

enum { RNN_V_FIRST_NONE, RNN_V_FIRST_GIVE, RNN_V_FIRST_TAKE };

typedef struct {
  RnnCell cell;
  gint n;                       /* E */
  gint heads, v_first, decay_rank, rate_rank, value_rank, gate_rank;
  gfloat norm_eps;
  RnnWkv wkv;
  const RnnCell *norm;          /* ln_x */
  RnnLora w, a, v, g;
  RnnParam *x_r, *x_w, *x_k, *x_v, *x_a, *x_g, *k_k, *k_a, *r_k, *receptance, *key, *value, *output;
} RnnRwkv7;

/* Arrays of a call, each [T][B][E] unless it says otherwise; the first ones on the tape, if there is one. */
typedef struct {
  gint n;                       /* T B */
  gfloat *rows;                 /* [6E]: r, w, k', v, kk, b */
  gfloat *key, *a, *s, *g;      /* W_k x_k; the others as above */
  gfloat *own, *move;           /* W_v x_v, and how far v goes to v_first */
  gfloat *len;                  /* [heads]: |k k_k| */
  gfloat *o, *normed, *norm_tape;
  gfloat *low_w, *low_a, *low_v, *low_g;        /* [rank]: between the low-rank products */
  RnnShift shift;
  gfloat *drows, *dg, *dmove, *dnormed, *product, *dlow, *work;
} RnnRwkv7Areas;

/* From W_v x_v, s and a to the whole rows. */
void rnn_rwkv7_rows    (const RnnRwkv7 *r, const RnnRwkv7Areas *s);
/* product = (normed + (r . k' r_k) v) g */
void rnn_rwkv7_product (const RnnRwkv7 *r, const RnnRwkv7Areas *s);

/* From d loss/d product to dg and dnormed. */
void rnn_rwkv7_product_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, const gfloat *dproduct);
/* From drows as the recurrence leaves it: w, k, v, b become the gradients of s and a before their sigmoids, of W_k x_k
 * and W_v x_v, in the places of w, b, k and v.  And dmove, and that of v_first in shift.dx. */
void rnn_rwkv7_rows_back    (const RnnRwkv7 *r, const RnnRwkv7Areas *s, const RnnGrad *grad);

G_END_DECLS
