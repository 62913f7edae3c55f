/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The best few of many scores. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* best[k]: where the @k largest of x[n] are, the largest first, of equals the first one first; NaN comes last.
 * 0 <= k <= n. */
void rnn_top_k (gint n, const gfloat *x, gint k, gint *best);

G_END_DECLS
