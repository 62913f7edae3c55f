/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last inputs, kept in the state: what convolutions and delays look back on.
 *
 * For one stream, S is the concatenation of `len` remembered rows (oldest first, at `offset` in its state) and the T
 * rows of this call's input; each row has n_in floats.  After the call S[T .. T + len) is remembered. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

/* S[i] of stream b, 0 <= i < len + T */
const gfloat *rnn_history_row (const RnnRun *run, gint n_in, gsize offset, gint len, gint i, gint b);
/* Remembers the newest rows: the last act of a forward. */
void rnn_history_advance (const RnnRun *run, gint n_in, gsize offset, gint len);

/* Starts a backward: dx and dstate become what the remembered rows of the following call passed back. */
void rnn_history_grad_begin (const RnnRun *run, const RnnGrad *grad, gint n_in, gsize offset, gint len);
/* d loss/d S[i] of stream b, to be added to; NULL where it is not wanted (dx == NULL) */
gfloat *rnn_history_grad_row (const RnnRun *run, const RnnGrad *grad, gint n_in, gsize offset, gint len, gint i, gint b);

G_END_DECLS
