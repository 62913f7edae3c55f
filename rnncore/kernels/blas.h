/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <glib.h>

/* dw[rows][cols] += dy[n][rows]^T x[n][cols] */
/* FALSE: this OpenBLAS took the CPU for an old one and uses a quarter of it, so the project's own kernels are faster. */
gboolean rnn_blas_is_fast (void);
void rnn_blas_outer (gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw);

/* y[n][outputs] = (add ? y : 0) + x[n][inputs] W^T, with element (output o, input i) of W at w[o * ldw + i], or
 * w[i * ldw + o] if @transposed. */
void rnn_blas_product (gint outputs, gint inputs, gint n, const gfloat *w, gsize ldw, gboolean transposed, const gfloat *x,
    gsize ldx, gfloat *y, gsize ldy, gboolean add);
