/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Additive exponential smoothing with given constants: a linear map of a window, that of a method which needs no training.
 *
 *   e = x - l - phi b - s_j,  l += phi b + alpha e,  b = phi b + beta e,  s_j += gamma e       (Hyndman et al. 2008, ETS A,Ad,A)
 *
 * It begins with what the whole window says: the level and slope between the means of its first and last season, and the mean of
 * every season's deviations.  alpha 1 is the naive forecast, gamma 1 and alpha 0 the seasonal one, small constants are the mean, the
 * mean season, the line. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gdouble alpha, beta, phi, gamma;      /* phi 0: no trend */
  guint season;                 /* below 2, or more than half of the window: none */
} RnnSmoother;

/* x[n] -> y[horizon]; room[season + 1]. */
void rnn_smoother_run    (const RnnSmoother *smoother, guint n, const gfloat *x, guint horizon, gfloat *y, gdouble *room);
/* The same as weight[horizon][n]. */
void rnn_smoother_matrix (const RnnSmoother *smoother, guint n, guint horizon, gfloat *weight);
/* The i-th of a grid of them; FALSE: there are not so many. */
gboolean rnn_smoother_get (guint i, guint season, RnnSmoother *smoother);

G_END_DECLS
