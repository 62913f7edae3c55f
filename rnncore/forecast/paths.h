/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sampled futures of a series: the next value is drawn from what a forecaster says of it, joins the window, and so on, n paths in one
 * batch (DeepAR, Salinas et al. 2020).  Unlike intervals, which are of each step by itself, paths tell of sums, maxima and first
 * passages, and a model of a single step gives any horizon.
 *
 * Draws are of the model's distribution; a regression's are Gaussian about what it says, with the deviation it has shown of its
 * first step. */
#pragma once
#include "../model/model.h"
#include "config.h"
#include "covariates.h"

RNN_API_BEGIN

typedef struct _RnnPaths RnnPaths;

/* Fails on a model that is no forecaster.  One with covariates is run with rows of them. */
RnnPaths *rnn_paths_new  (RnnModel *model, guint n_paths, GError **error);
void      rnn_paths_free (RnnPaths *paths);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnPaths, rnn_paths_free)

guint     rnn_paths_get_context (RnnPaths *paths);
guint     rnn_paths_get_horizon (RnnPaths *paths);     /* of one look of the model */

/* values[context]: the last ones of the model's column @channel, NAN: missing.  Fills samples[horizon][n_paths]; the same @seed gives
 * the same ones. */
void      rnn_paths_run  (RnnPaths *paths, guint channel, const gfloat *values, guint64 seed, guint horizon, gfloat *samples);
/* The same with the covariates of the series whose last values these are, of no less steps than the context, and of those to come:
 * rows->ahead is to be horizon - 1 and the model's own horizon, or more.  Past columns stay what they were last. */
void      rnn_paths_run_with (RnnPaths *paths, guint channel, const gfloat *values, const RnnCovariateRows *rows, guint64 seed,
    guint horizon, gfloat *samples);

RNN_API_END
