/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Units of a column, and a model that takes the column's own. */
#include "eval.h"
#include <math.h>

gboolean
eval_measure (const RnnSeries *s, guint c, guint rows, gdouble *mean, gdouble *deviation)
{
  gdouble sum = 0, squares = 0;
  guint n = 0;

  for (guint t = 0; t < rows; t++) {
    gdouble value = s->values[(gsize) t * s->channels + c];

    if (!isnan (value)) {
      sum += value;
      n++;
    }
  }
  *mean = n ? sum / n : 0;
  for (guint t = 0; t < rows; t++) {
    gdouble d = s->values[(gsize) t * s->channels + c] - *mean;

    squares += isnan (d) ? 0 : d * d;
  }
  *deviation = n ? sqrt (squares / n) : 0;
  if (!(*deviation > 1e-6 * fabs (*mean)))
    *deviation = MAX (fabs (*mean), 1);
  return n > 0;
}

RnnModel *
eval_own_units (RnnModel *model, const RnnSeries *s, const gdouble *mean, const gdouble *deviation, GError **error)
{
  json_t *shifts = json_array (), *scales = json_array (), *columns = json_array (), *forecast;
  g_autofree gchar *step = rnn_time_step_format (&s->step);
  RnnModel *copy = rnn_model_copy (model, error);

  for (guint c = 0; c < s->channels; c++) {
    json_array_append_new (shifts, json_real (mean[c]));
    json_array_append_new (scales, json_real (deviation[c]));
    json_array_append_new (columns, json_string (s->names[c]));
  }
  forecast = copy ? json_object_get (rnn_model_get_recipe (copy), "forecast") : NULL;
  json_object_set_new (forecast, "shifts", shifts);
  json_object_set_new (forecast, "scales", scales);
  json_object_set_new (forecast, "columns", columns);
  if (s->start != RNN_TIME_NONE)
    json_object_set_new (forecast, "step", json_string (step));
  return copy;
}
