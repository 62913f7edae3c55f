/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rnn.Forecaster: an RnnForecaster of librnncore at work on one series. */
#include "model-private.h"
#include <math.h>

struct _RnnGiForecaster {
  GObject parent;
  RnnForecaster *forecaster;
};

G_DEFINE_FINAL_TYPE (RnnGiForecaster, rnn_gi_forecaster, G_TYPE_OBJECT)

static void
finalize (GObject *object)
{
  rnn_forecaster_free (RNN_GI_FORECASTER (object)->forecaster);
  G_OBJECT_CLASS (rnn_gi_forecaster_parent_class)->finalize (object);
}

static void
rnn_gi_forecaster_class_init (RnnGiForecasterClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = finalize;
}

static void
rnn_gi_forecaster_init (RnnGiForecaster *self)
{
}

/**
 * rnn_gi_forecaster_new:
 * @model: a model of series that forecasts
 * @coverage: share of the truths that an interval is to hold, as 0.9
 * @error: what is wrong with the model
 *
 * Makes a forecaster of one series, whose intervals learn from their own errors how wide to be.
 *
 * Returns: (transfer full): a forecaster that has seen nothing
 */
RnnGiForecaster *
rnn_gi_forecaster_new (RnnGiModel *model, gdouble coverage, GError **error)
{
  RnnForecaster *forecaster = rnn_forecaster_new (rnn_gi_model_peek (model), 1, coverage, error);
  const RnnCovariates *covariates;
  RnnGiForecaster *self;

  if (!forecaster)
    return NULL;
  covariates = rnn_forecaster_get_covariates (forecaster);
  if (rnn_covariates_count_known (covariates) + covariates->n_past + covariates->n_categories > 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a model with covariates, which Rnn.Forecaster cannot be told of",
        rnn_model_get_path (rnn_gi_model_peek (model)));
    rnn_forecaster_free (forecaster);
    return NULL;
  }
  self = g_object_new (RNN_GI_TYPE_FORECASTER, NULL);
  self->forecaster = forecaster;
  return self;
}

/**
 * rnn_gi_forecaster_get_context:
 * @self: a forecaster
 *
 * How long it waits at first: the context that the recipe asks for.
 *
 * Returns: values that are needed before the first forecast
 */
guint
rnn_gi_forecaster_get_context (RnnGiForecaster *self)
{
  return rnn_forecaster_get_context (self->forecaster);
}

/**
 * rnn_gi_forecaster_get_horizon:
 * @self: a forecaster
 *
 * How far it looks ahead.
 *
 * Returns: steps that a forecast covers
 */
guint
rnn_gi_forecaster_get_horizon (RnnGiForecaster *self)
{
  return rnn_forecaster_get_horizon (self->forecaster);
}

/**
 * rnn_gi_forecaster_push:
 * @self: a forecaster
 * @value: the next observation; not a number: it is missing, and taken to be what was forecast
 *
 * Takes an observation, and forecasts anew what comes after it.
 */
void
rnn_gi_forecaster_push (RnnGiForecaster *self, gdouble value)
{
  gfloat x = (gfloat) value;

  rnn_forecaster_push (self->forecaster, &x);
}

/**
 * rnn_gi_forecaster_is_ready:
 * @self: a forecaster
 *
 * Asks for a forecast: there is none before the context is full.
 *
 * Returns: whether there is a forecast
 */
gboolean
rnn_gi_forecaster_is_ready (RnnGiForecaster *self)
{
  return rnn_forecaster_is_ready (self->forecaster);
}

static GArray *
copy_steps (RnnGiForecaster *self, const gfloat *(*get) (RnnForecaster *, guint))
{
  guint n = rnn_forecaster_is_ready (self->forecaster) ? rnn_forecaster_get_horizon (self->forecaster) : 0;
  GArray *steps = g_array_sized_new (FALSE, FALSE, sizeof (gdouble), n);

  for (guint h = 0; h < n; h++) {
    gdouble value = get (self->forecaster, 0)[h];

    g_array_append_val (steps, value);
  }
  return steps;
}

/**
 * rnn_gi_forecaster_get_mean:
 * @self: a forecaster
 *
 * The forecast itself.
 *
 * Returns: (transfer full) (element-type gdouble): what is forecast of the steps after the last value; none before it is ready
 */
GArray *
rnn_gi_forecaster_get_mean (RnnGiForecaster *self)
{
  return copy_steps (self, rnn_forecaster_get_mean);
}

/**
 * rnn_gi_forecaster_get_radius:
 * @self: a forecaster
 *
 * How far truths may lie from the mean on either side, at the coverage that was asked for.
 *
 * Returns: (transfer full) (element-type gdouble): half the width of the interval of each step
 */
GArray *
rnn_gi_forecaster_get_radius (RnnGiForecaster *self)
{
  return copy_steps (self, rnn_forecaster_get_radius);
}

/**
 * rnn_gi_forecaster_get_quantile:
 * @self: a forecaster
 * @step: from 0, below the horizon
 * @level: above 0 and below 1, as 0.5
 *
 * Reads a step's distribution.
 *
 * Returns: the value that so large a share of truths lies below; not a number before it is ready, or past the horizon
 */
gdouble
rnn_gi_forecaster_get_quantile (RnnGiForecaster *self, guint step, gdouble level)
{
  if (!rnn_forecaster_is_ready (self->forecaster) || step >= rnn_forecaster_get_horizon (self->forecaster) ||
      !(level > 0 && level < 1))
    return NAN;
  return rnn_forecaster_get_quantile (self->forecaster, 0, step, level);
}

/**
 * rnn_gi_forecaster_reset:
 * @self: a forecaster
 *
 * Forgets values and forecasts, but not how well they did.
 */
void
rnn_gi_forecaster_reset (RnnGiForecaster *self)
{
  rnn_forecaster_reset (self->forecaster);
}
