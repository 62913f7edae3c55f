/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The only file that knows OpenBLAS: the weight gradient, a product over all steps and streams at once, and the sums of a
 * regression. */
#include "blas.h"
#include <cblas.h>

void
rnn_blas_outer (gint rows, gint cols, gint n, const gfloat *dy, gsize lddy, const gfloat *x, gsize ldx, gfloat *dw)
{
  cblas_sgemm (CblasRowMajor, CblasTrans, CblasNoTrans, rows, cols, n, 1.f, dy, (gint) lddy, x, (gint) ldx, 1.f, dw, cols);
}

void
rnn_blas_gram (gint cols, gint n, const gdouble *x, gdouble *sums)
{
  cblas_dsyrk (CblasRowMajor, CblasLower, CblasTrans, cols, n, 1., x, cols, 1., sums, cols);
}
