/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ridge regression of a linear readout, in closed form: how echo state networks are trained (Lukosevicius & Jaeger
 * 2009).
 *
 *   W = Y E^T (E E^T + lambda I)^-1        columns of E: [1; what the readout sees], of Y: targets
 *
 * In double precision, whatever the rows are. */
#pragma once
#include "train.h"

G_BEGIN_DECLS

typedef struct _RnnRidge RnnRidge;

/* @n_in: values that the readout sees, without the 1. */
RnnRidge *rnn_ridge_new   (gint n_in, gint n_out);
void      rnn_ridge_free  (RnnRidge *ridge);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnRidge, rnn_ridge_free)

/* One more row: x[n_in], y[n_out]. */
void      rnn_ridge_add   (RnnRidge *ridge, const gfloat *x, const gfloat *y);
/* weight[n_out][n_in], bias[n_out] of the rows so far: once, at the end.  Fails where the rows do not determine them: a
 * larger lambda does. */
gboolean  rnn_ridge_solve (RnnRidge *ridge, gdouble lambda, gfloat *weight, gfloat *bias, GError **error);

/* Fits the last layer of @model, a linear "dense" one, to the data set's targets, as all layers before it answer its
 * examples from a fresh state on; the first @washout steps of each do not count.  The model must be private. */
gboolean  rnn_ridge_fit   (RnnModel *model, RnnDataset *dataset, guint washout, gdouble lambda, GError **error);

G_END_DECLS
