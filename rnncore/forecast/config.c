/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a forecaster's recipe to a model's. */
#include "config.h"
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
  return TRUE;
}

gfloat
rnn_forecast_read_number (const json_t *forecast, const gchar *key, gsize i, gfloat fallback)
{
  const json_t *list = json_object_get (forecast, key);
  gsize n = json_array_size (list);
  gdouble value = n ? json_number_value (json_array_get (list, MIN (i, n - 1))) : fallback;

  return isfinite (value) ? (gfloat) value : fallback;
}

static json_t *
dense (const gchar *name, gint units)
{
  return json_pack ("{sssssi}", "cell", "dense", "name", name, "units", units);
}

/* Encoder and head of a member */
static void
add_member (json_t *layers, const json_t *recipe, const RnnForecastConfig *c, gint units, gint i)
{
  g_autofree gchar *net = g_strdup_printf ("net%d", i), *head = g_strdup_printf ("head%d", i);
  json_t *inner = json_object_get (recipe, "layers");

  json_array_append_new (layers, json_pack ("{sssssssisO}", "cell", "window", "name", net, "from", "input", "segment",
          c->segment, "layers", inner));
  json_array_append_new (layers, dense (head, units));
}

static json_t *
make_recipe (const json_t *recipe, const RnnForecastConfig *c, json_t *layers)
{
  json_t *whole = json_copy ((json_t *) recipe), *forecast = json_deep_copy (json_object_get (recipe, "forecast"));

  rnn_options_to_json (rnn_forecast_options, c, forecast);
  json_object_set_new (whole, "format", json_integer (1));
  json_object_set_new (whole, "input", json_pack ("{sssi}", "kind", "tensors", "size", c->context));
  json_object_set_new (whole, "layers", json_pack ("[{sssssO}]", "cell", "graph", "name", "", "layers", layers));
  json_object_set_new (whole, "forecast", forecast);
  json_decref (layers);
  return whole;
}

json_t *
rnn_forecast_expand (const json_t *recipe, const RnnForecastConfig *c, gint n_params)
{
  json_t *layers = json_array (), *sources = json_array ();
  gint units = n_params * c->horizon;

  if (c->linear) {
    json_array_append_new (layers, dense (RNN_FORECAST_LINEAR, units));
    json_array_append_new (sources, json_string (RNN_FORECAST_LINEAR));
  }
  for (gint i = 0; i < c->members; i++) {
    add_member (layers, recipe, c, units, i);
    json_array_append_new (sources, json_sprintf ("head%d", i));
  }
  if (json_array_size (sources) > 1)
    json_array_append_new (layers, json_pack ("{sssssOsi}", "cell", "add", "name", "sum", "from", sources, "parts",
            (gint) json_array_size (sources)));
  json_decref (sources);
  return make_recipe (recipe, c, layers);
}

json_t *
rnn_forecast_expand_member (const json_t *recipe, const RnnForecastConfig *c, gint n_params, gint i)
{
  json_t *layers = json_array ();

  add_member (layers, recipe, c, n_params * c->horizon, i);
  return make_recipe (recipe, c, layers);
}
