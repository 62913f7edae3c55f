/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The matrix recurrences of RWKV-5, 6 and 7, for all steps and heads of a call.  E = heads * size.
 *
 * No row of S depends on another one, so backward replays all steps of one row from the entry state, [T][size] floats,
 * and goes back through them: no matrix is kept per step. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

typedef struct {
  gint heads, size;
  gsize offset;                 /* of S [heads][size][size] in a stream's state */
} RnnWkv;

/* RWKV-5 and 6, S [k][v]:  o = S^T r + (r . u k) v;  S <- diag (w) S + k v^T
 * rows [T][B][4E]: r, k, v, w;  u [E];  o [T][B][E] */
void rnn_wkv6_forward  (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *u, gfloat *o);
/* drows is overwritten, du added to; dstate as in RnnGrad; work: T * size floats */
void rnn_wkv6_backward (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *u, const gfloat *dout,
    gfloat *drows, gfloat *du, gfloat *dstate, gfloat *work);

/* RWKV-7, S [v][k]:  S <- S diag (w) - (S kk) b^T + v k^T;  o = S r
 * rows [T][B][6E]: r, w, k, v, kk, b;  o [T][B][E] */
void rnn_wkv7_forward  (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, gfloat *o);
void rnn_wkv7_backward (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *dout, gfloat *drows,
    gfloat *dstate, gfloat *work);

G_END_DECLS
