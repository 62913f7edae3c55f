/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only file that knows OpenBLAS: the weight gradient, a product over all steps and streams at once. */
#include "blas.h"
#include <cblas.h>

void
rnn_blas_outer (gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw)
{
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, rows, cols, n, 1.f, dy, (gint) lddy, x, (gint) ldx, 1.f, dw, cols);
}
