/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What speaks against a text: all texts there are, each as probable as a trigram model of tokens has it.  CTC with this denominator is
 * maximum mutual information (CTC-CRF: Xiang and Ou 2019, "CRF-based single-stage acoustic modeling with CTC topology", equation
 * 4; the idea is lattice-free MMI's, Povey et al. 2016). */
#pragma once
#include "../base/api.h"

RNN_API_BEGIN

#define RNN_CTC_DENOMINATOR_TOKENS 128  /* most of them: work per step grows with their cube */

typedef struct _RnnCtcDenominator RnnCtcDenominator;

RnnCtcDenominator *rnn_ctc_denominator_new (gint n_tokens, gint blank);
void   rnn_ctc_denominator_free (RnnCtcDenominator *denominator);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCtcDenominator, rnn_ctc_denominator_free)

/* A text to learn the trigram from; the next one goes on where it ends, as in a stream.  No token is the blank. */
void   rnn_ctc_denominator_count (RnnCtcDenominator *denominator, gint n, const gint *tokens);
/* After all texts: probabilities, interpolated by Witten and Bell's rule down to equal ones. */
void   rnn_ctc_denominator_estimate (RnnCtcDenominator *denominator);
/* Natural logarithm of the probability of a text that begins a stream. */
gdouble rnn_ctc_denominator_score (const RnnCtcDenominator *denominator, gint n, const gint *tokens);

/* Floats of scratch for T steps of so many tokens. */
gsize  rnn_ctc_denominator_scratch (gint n_tokens, gint T);
/* log of the sum over all texts of CTC's probability times the trigram's, under logits [T] rows of scores, ld apart: at most 0.
 * dlogits (rows ldd apart, or NULL) gets scale times its gradient added.  No allocation. */
gdouble rnn_ctc_denominator_add (const RnnCtcDenominator *denominator, const gfloat *logits, gsize ld, gint T, gfloat scale,
    gfloat *dlogits, gsize ldd, gfloat *scratch);

RNN_API_END
