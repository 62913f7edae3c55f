/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A forecasting model at work on streams: a value of each comes, forecasts of all come out, in one batch.
 *
 *   f = rnn_forecaster_new (model, n, &error);
 *   while (there are values) {
 *     rnn_forecaster_push (f, values);
 *     if (rnn_forecaster_is_ready (f))
 *       ... rnn_forecaster_get_mean (f, stream), rnn_forecaster_get_radius (f, stream) ...
 *   }
 *
 * A value that is missing (NAN) is taken to be what was forecast.  Push neither fails nor allocates; memory does not grow.
 *
 * A model with covariates (covariates.h) is to be told of them: with a calendar the time of the first value, before each push what is
 * known of the steps ahead and, with the push, the columns of the past; they are those of all streams.  Each stream has its
 * own categories.  What is missing is what was last told. */
#pragma once
#include "../model/model.h"
#include "config.h"
#include "covariates.h"
#include "tracker.h"

RNN_API_BEGIN

typedef struct _RnnForecaster RnnForecaster;

/* Fails on a model that is no forecaster.  @coverage: of the intervals, as 0.9. */
RnnForecaster *rnn_forecaster_new  (RnnModel *model, guint n_streams, gdouble coverage, GError **error);
void           rnn_forecaster_free (RnnForecaster *forecaster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnForecaster, rnn_forecaster_free)

/* From now on, until the first push, it learns from what comes.  The weights that the model brought count as long as they are the
 * better ones.  Fails on a model whose weights are not floats, and where it needs too much memory. */
gboolean rnn_forecaster_set_adapt (RnnForecaster *forecaster, RnnAdaptKind kind, GError **error);
/* Do learnt weights count now?  @falls (may be NULL): how often they were given up for those that the model brought. */
gboolean rnn_forecaster_is_adapted (RnnForecaster *forecaster, guint64 *falls);

guint rnn_forecaster_get_context (RnnForecaster *forecaster);  /* values that are needed before the first forecast */
guint rnn_forecaster_get_horizon (RnnForecaster *forecaster);
guint rnn_forecaster_get_season  (RnnForecaster *forecaster);  /* 0: unknown */

/* ---- covariates ---- */
const RnnCovariates *rnn_forecaster_get_covariates (RnnForecaster *forecaster); /* those of the model; there may be none */
/* The time of the next value, and the step: to be set at the beginning, and again after a reset or a state was set. */
void     rnn_forecaster_set_clock    (RnnForecaster *forecaster, gint64 next, const RnnTimeStep *step);
/* Known columns of the step that is @ahead, 0 to the horizon, after the next value; may be told again, and then the last counts. */
void     rnn_forecaster_foretell     (RnnForecaster *forecaster, guint ahead, const gfloat *columns);
/* FALSE: training has not seen that value. */
gboolean rnn_forecaster_set_category (RnnForecaster *forecaster, guint stream, guint category, const gchar *value);

/* values[n_streams]; what is not finite is missing. */
void     rnn_forecaster_push     (RnnForecaster *forecaster, const gfloat *values);
/* The same with columns of the past at that step. */
void     rnn_forecaster_push_with (RnnForecaster *forecaster, const gfloat *values, const gfloat *past);
gboolean rnn_forecaster_is_ready (RnnForecaster *forecaster);  /* is there a forecast? */

/* Of the steps after the last value, [horizon]; half the width of the interval that holds so many truths as @coverage says. */
const gfloat *rnn_forecaster_get_mean   (RnnForecaster *forecaster, guint stream);
const gfloat *rnn_forecaster_get_radius (RnnForecaster *forecaster, guint stream);
/* The quantile at @level of step @h. */
gfloat        rnn_forecaster_get_quantile (RnnForecaster *forecaster, guint stream, guint h, gdouble level);

/* What had been forecast of the last value.  @probability: of so large a miss.  FALSE: nothing, or the value was missing. */
gboolean rnn_forecaster_judge (RnnForecaster *forecaster, guint stream, gfloat *mean, gfloat *radius, gfloat *probability);

void     rnn_forecaster_reset (RnnForecaster *forecaster);     /* forgets values and forecasts, but not how well they did */
/* All of it, to go on in another process: floats[size]. */
gsize    rnn_forecaster_get_state_size (RnnForecaster *forecaster);
void     rnn_forecaster_get_state (RnnForecaster *forecaster, gfloat *state);
gboolean rnn_forecaster_set_state (RnnForecaster *forecaster, const gfloat *state);    /* FALSE: that is no such state */

RNN_API_END
