/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A forecaster's options and numbers. */
#include "config.h"
#include "covariates.h"
#include <math.h>

#define INT(f, lo, hi, def, blurb) RNN_OPT_INT (RnnForecastConfig, f, lo, hi, def, blurb)

const RnnOption rnn_forecast_options[] = {
  INT (context, 1, 65536, 168, "values that a forecast looks at"),
  INT (horizon, 1, 65536, 24, "steps that are forecast"),
  INT (segment, 1, 65536, 24, "values that the encoder reads in one step; divides the context"),
  INT (season, 0, 65536, 0, "steps of a season; 0: unknown"),
  RNN_OPT_ENUM (RnnForecastConfig, scaling, rnn_scaling_names, RNN_SCALING_LAST, "how a window is brought to one size"),
  RNN_OPT_BOOL (RnnForecastConfig, linear, TRUE, "beside the encoders, a linear map of the window, fitted in closed form"),
  INT (members, 0, 16, 1, "encoders whose mean counts; 0: the linear part alone"),
  { NULL }
};

static gboolean
count_covariates (RnnForecastConfig *c, const json_t *recipe, const gchar *where, GError **error)
{
  g_autoptr (RnnCovariates) covariates = rnn_covariates_new (recipe, where, error);

  if (!covariates)
    return FALSE;
  c->known = (gint) rnn_covariates_count_known (covariates);
  c->past = (gint) covariates->n_past;
  c->categories = (gint) covariates->n_categories;
  if (c->members > 0 || c->known + c->past + c->categories == 0)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: covariates are read by members, of which there are none", where);
  return FALSE;
}

gint
rnn_forecast_get_row (const RnnForecastConfig *c)
{
  return c->context * (1 + c->known + c->past) + c->known * c->horizon + c->categories;
}

gboolean
rnn_forecast_config_read (RnnForecastConfig *c, const json_t *recipe, const gchar *where, GError **error)
{
  static const gchar *const ours[] = { "scales", "shifts", "deviations", "columns", "step", NULL };     /* of trained models */
  const json_t *object = json_object_get (recipe, "forecast");
  g_autofree gchar *here = g_strdup_printf ("%s: forecast", where);

  rnn_options_init (rnn_forecast_options, c);
  if (!json_is_object (object)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: this is no forecaster: it has no \"forecast\"", where);
    return FALSE;
  }
  if (!rnn_options_from_json (rnn_forecast_options, c, object, ours, here, error))
    return FALSE;
  if (c->members > 0 && c->context % c->segment) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: a context of %d is no whole number of segments of %d", here,
        c->context, c->segment);
    return FALSE;
  }
  if (c->members == 0 && !c->linear) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: neither a linear part nor members", here);
    return FALSE;
  }
  return count_covariates (c, recipe, where, error);
}

gfloat
rnn_forecast_read_number (const json_t *forecast, const gchar *key, gsize i, gfloat fallback)
{
  const json_t *list = json_object_get (forecast, key);
  gsize n = json_array_size (list);
  gdouble value = n ? json_number_value (json_array_get (list, MIN (i, n - 1))) : fallback;

  return isfinite (value) ? (gfloat) value : fallback;
}
