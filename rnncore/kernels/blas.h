/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include <glib.h>

/* dw[rows][cols] += dy[n][rows]^T x[n][cols] */
void rnn_blas_outer (gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw);
