/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include "kernels.h"

G_BEGIN_DECLS

/* dw[rows][cols] += dy^T x over n rows of dy [n][rows] and x [n][cols], lddy and ldx floats apart.  @dtype: of x, floats or
 * bf16; kernels that round inputs to it do so with dy. */
void rnn_outer_product (RnnPackType dtype, gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x,
    gsize ldx, gfloat *dw);

G_END_DECLS
