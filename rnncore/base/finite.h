/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers that can be trusted. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* Is none of x[n] infinite or no number?  As fast as the memory. */
gboolean rnn_all_finite (gsize n, const gfloat *x);

G_END_DECLS
