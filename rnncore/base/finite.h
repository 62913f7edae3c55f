/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that can be trusted. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Of a value of a stream or an example; a larger one is missing: sums of products of such are not finite any more. */
#define RNN_LARGEST 1e18f

/* Is none of x[n] infinite or no number?  As fast as the memory. */
gboolean rnn_all_finite (gsize n, const gfloat *x);

G_END_DECLS
