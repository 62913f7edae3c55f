/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model of a table's own units among standardised values. */
#include "eval.h"
#include "base/error.h"

/* Which of the model's columns the series' column @c is; -1: none. */
static gint
find_column (const json_t *forecast, const RnnSeries *s, guint c)
{
  const json_t *columns = json_object_get (forecast, "columns");

  if (!columns)
    return (gint) c;
  for (gsize i = 0; i < json_array_size (columns); i++)
    if (!g_strcmp0 (json_string_value (json_array_get (columns, i)), s->names[c]))
      return (gint) i;
  return -1;
}

static gdouble
get_number (const json_t *forecast, const gchar *key, gint i, gdouble fallback)
{
  const json_t *list = json_object_get (forecast, key);
  gsize n = json_array_size (list);

  return n ? json_number_value (json_array_get (list, MIN ((gsize) i, n - 1))) : fallback;
}

RnnModel *
eval_standard_units (RnnModel *model, const RnnSeries *s, const gdouble *mean, const gdouble *deviation, GError **error)
{
  json_t *shifts = json_array (), *scales = json_array (), *columns = json_array ();
  g_autoptr (RnnModel) copy = rnn_model_copy (model, error);
  json_t *forecast = copy ? json_object_get (rnn_model_get_recipe (copy), "forecast") : NULL;
  gboolean good = forecast != NULL;

  if (copy && !forecast)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: this is no forecaster", rnn_model_get_path (model));
  for (guint c = 0; good && c < s->channels; c++) {
    gint i = find_column (forecast, s, c);

    good = i >= 0;
    if (!good)
      g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the model is not of a column \"%s\"", rnn_model_get_path (model),
          s->names[c]);
    json_array_append_new (shifts, json_real ((get_number (forecast, "shifts", i, 0) - mean[c]) / deviation[c]));
    json_array_append_new (scales, json_real (get_number (forecast, "scales", i, 1) / deviation[c]));
    json_array_append_new (columns, json_string (s->names[c]));
  }
  if (forecast) {
    json_object_set (forecast, "shifts", shifts);
    json_object_set (forecast, "scales", scales);
    json_object_set (forecast, "columns", columns);
  }
  json_decref (shifts);
  json_decref (scales);
  json_decref (columns);
  return good ? g_steal_pointer (&copy) : NULL;
}
