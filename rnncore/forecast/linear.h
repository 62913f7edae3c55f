/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Linear maps fitted by least squares: with windows that end in 0 (scaling "last") this is NLinear (Zeng et al. 2023), in closed
 * form.
 *
 *   W = Y X^T (X X^T + lambda m I)^-1        columns of X: [x; 1], of Y: what they should give; m: mean square of x
 *
 * The bias is not shrunk.  Normal equations in double precision; memory (n_in + 1) (n_in + 1 + n_out) doubles. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct _RnnLinearFit RnnLinearFit;

RnnLinearFit *rnn_linear_fit_new  (gint n_in, gint n_out);
void          rnn_linear_fit_free (RnnLinearFit *fit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnLinearFit, rnn_linear_fit_free)

/* One more pair.  All of them finite. */
void     rnn_linear_fit_add   (RnnLinearFit *fit, const gfloat *x, const gfloat *y);
/* The same with @one in the place of the 1 beside x: a pair that weighs w^2 is added as w x, w y and w. */
void     rnn_linear_fit_add_scaled (RnnLinearFit *fit, gfloat one, const gfloat *x, const gfloat *y);
/* weight[n_out][n_in], bias[n_out]; may be asked again with another lambda.  FALSE: the pairs do not determine them. */
gboolean rnn_linear_fit_solve (const RnnLinearFit *fit, gdouble lambda, gfloat *weight, gfloat *bias);

G_END_DECLS
