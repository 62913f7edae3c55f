/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rnn.Forecaster: an RnnForecaster of librnncore at work on one series. */
#include "model-private.h"
#include <math.h>
#include <string.h>

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
 * Makes a forecaster of one series, whose intervals learn from their own errors how wide to be. A model with covariates is to be told of
 * them; what it is not told is what it was last, or what it was in the mean.
 *
 * Returns: (transfer full): a forecaster that has seen nothing
 */
RnnGiForecaster *
rnn_gi_forecaster_new (RnnGiModel *model, gdouble coverage, GError **error)
{
  RnnForecaster *forecaster = rnn_forecaster_new (rnn_gi_model_peek (model), 1, coverage, error);
  RnnGiForecaster *self;

  if (!forecaster)
    return NULL;
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

/* ---- what is known beside the values ---- */

/**
 * rnn_gi_forecaster_get_known:
 * @self: a forecaster
 *
 * Names columns that the model knows ahead: the order in which rnn_gi_forecaster_foretell() wants them.
 *
 * Returns: (transfer full): names, none for most models
 */
gchar **
rnn_gi_forecaster_get_known (RnnGiForecaster *self)
{
  return g_strdupv (rnn_forecaster_get_covariates (self->forecaster)->known);
}

/**
 * rnn_gi_forecaster_get_past:
 * @self: a forecaster
 *
 * Names columns of which the model knows the past: the order in which rnn_gi_forecaster_push_with() wants them.
 *
 * Returns: (transfer full): names, none for most models
 */
gchar **
rnn_gi_forecaster_get_past (RnnGiForecaster *self)
{
  return g_strdupv (rnn_forecaster_get_covariates (self->forecaster)->past);
}

/**
 * rnn_gi_forecaster_get_categories:
 * @self: a forecaster
 *
 * Names what is to be said once of a whole series, with rnn_gi_forecaster_set_category().
 *
 * Returns: (transfer full): names, none for most models
 */
gchar **
rnn_gi_forecaster_get_categories (RnnGiForecaster *self)
{
  return g_strdupv (rnn_forecaster_get_covariates (self->forecaster)->categories);
}

/**
 * rnn_gi_forecaster_set_clock:
 * @self: a forecaster
 * @time: of the next value, as 2020-01-30T04:00:00Z, or in seconds since 1970
 * @step: how far values are apart, as 15min, 1h, 1d, 1mo
 * @error: what is wrong with either
 *
 * Tells a model with a calendar the time: at the beginning, and again after rnn_gi_forecaster_reset().
 *
 * Returns: whether they can be read
 */
gboolean
rnn_gi_forecaster_set_clock (RnnGiForecaster *self, const gchar *time, const gchar *step, GError **error)
{
  gint64 next = rnn_time_parse (time, strlen (time), RNN_EPOCH_AUTO);
  RnnTimeStep parsed;

  if (!rnn_time_step_parse (&parsed, step, error))
    return FALSE;
  if (next == RNN_TIME_NONE) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "\"%s\" is no time", time);
    return FALSE;
  }
  rnn_forecaster_set_clock (self->forecaster, next, &parsed);
  return TRUE;
}

/**
 * rnn_gi_forecaster_set_category:
 * @self: a forecaster
 * @name: of a category
 * @value: the one of this series; one that training has not seen is any other
 * @error: there is no such category
 *
 * Says something of the series as a whole.
 *
 * Returns: whether there is such a category
 */
gboolean
rnn_gi_forecaster_set_category (RnnGiForecaster *self, const gchar *name, const gchar *value, GError **error)
{
  gchar **categories = rnn_forecaster_get_covariates (self->forecaster)->categories;

  for (guint k = 0; categories[k]; k++)
    if (g_str_equal (categories[k], name)) {
      rnn_forecaster_set_category (self->forecaster, 0, k, value);
      return TRUE;
    }
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "the model has no category \"%s\"", name);
  return FALSE;
}

/* (transfer full) NULL: not as many as there are columns */
static gfloat *
take_columns (const gdouble *columns, gsize n, guint wanted, const gchar *kind, GError **error)
{
  gfloat *taken;

  if (n != wanted) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%" G_GSIZE_FORMAT " columns, but the model has %u that are %s", n, wanted, kind);
    return NULL;
  }
  taken = g_new (gfloat, n + 1);
  for (gsize i = 0; i < n; i++)
    taken[i] = (gfloat) columns[i];
  return taken;
}

/**
 * rnn_gi_forecaster_foretell:
 * @self: a forecaster
 * @ahead: how many steps after the next value, from 0 to the horizon
 * @columns: (array length=n): what is known of that step, by rnn_gi_forecaster_get_known(); not a number: unknown
 * @n: numbers
 * @error: they are not as many as the model has, or too far ahead
 *
 * Tells what is known ahead: of all steps up to the horizon at first, then, before each value, of the one that comes into sight. May be
 * told again, and then the last counts.
 *
 * Returns: whether it was taken
 */
gboolean
rnn_gi_forecaster_foretell (RnnGiForecaster *self, guint ahead, const gdouble *columns, gsize n, GError **error)
{
  guint wanted = rnn_forecaster_get_covariates (self->forecaster)->n_known, horizon = rnn_forecaster_get_horizon (self->forecaster);
  g_autofree gfloat *taken = take_columns (columns, n, wanted, "known ahead", error);

  if (taken && ahead > horizon) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%u steps ahead, but the model looks at %u", ahead, horizon);
    return FALSE;
  }
  if (taken && n > 0)
    rnn_forecaster_foretell (self->forecaster, ahead, taken);
  return taken != NULL;
}

/**
 * rnn_gi_forecaster_push_with:
 * @self: a forecaster
 * @value: as for rnn_gi_forecaster_push()
 * @past: (array length=n): the other columns at that time, by rnn_gi_forecaster_get_past(); not a number: unknown
 * @n: numbers
 * @error: they are not as many as the model has
 *
 * Takes an observation with columns that are not forecast.
 *
 * Returns: whether it was taken
 */
gboolean
rnn_gi_forecaster_push_with (RnnGiForecaster *self, gdouble value, const gdouble *past, gsize n, GError **error)
{
  guint wanted = rnn_forecaster_get_covariates (self->forecaster)->n_past;
  g_autofree gfloat *taken = take_columns (past, n, wanted, "of the past", error);
  gfloat x = (gfloat) value;

  if (taken)
    rnn_forecaster_push_with (self->forecaster, &x, n > 0 ? taken : NULL);
  return taken != NULL;
}

/* ---- values ---- */

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
