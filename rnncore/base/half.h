/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Half floats (IEEE 754 binary16): a sign, 5 bits of exponent, 10 of mantissa. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

#define RNN_HALF_MAX 65504.0f

/* Rounded to the nearest, ties to even; beyond +-65504 these, what is no number becomes 0. */
void rnn_half_from_float (gsize n, const gfloat *x, guint16 *half);
/* Of any bits: infinities and what is no number read as numbers beyond RNN_HALF_MAX. */
void rnn_half_to_float (gsize n, const guint16 *half, gfloat *x);

G_END_DECLS
