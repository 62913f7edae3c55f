/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How alike two pictures are. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* The mean structural similarity (Wang et al. 2004) of two pictures of side^2 values from 0 to 1; side at least 11. */
gdouble similarity (const gfloat *a, const gfloat *b, gint side);

G_END_DECLS
