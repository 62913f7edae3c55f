/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

/* dw[rows][cols] += dy^T x over n rows of dy [n][rows] and x [n][cols], lddy and ldx floats apart */
void rnn_outer_product (gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw);

G_END_DECLS
