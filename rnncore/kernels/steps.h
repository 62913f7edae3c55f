/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of gated cells over B streams: the recurrent product and all that is pointwise.  A lone stream takes the fused
 * kernel, a batch a product and a pointwise pass; both give the same bits.  The recurrent matrix has to be declared with
 * as many `gates` (RnnParam) as the cell multiplies with its hidden state. */
#pragma once
#include "linear.h"

G_BEGIN_DECLS

/* Step @t of a sequence.  Of one stream, odd steps go through the weights from their end, and so begin with what the caches still hold of
 * the step before.  @step: arrays of the first stream; those of the next stand 4H (gates), @ldc (c_prev) and H floats (others) further
 * on.  h [B] rows, @ldh apart; not the step's h. */
void rnn_lstm_step (const RnnParam *w_hh, gint t, gint B, const gfloat *h, gsize ldh, RnnLstmStep step, gsize ldc);
/* Likewise; h_prev of the first stream is h. */
void rnn_gru_step (const RnnParam *w_hh, gint t, gint B, const gfloat *h, gsize ldh, RnnGruStep step);

G_END_DECLS
