/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows, linear part, members, and the deviations of the whole. */
#include "fit-private.h"
#include "../model/root.h"
#include "../outputs/head.h"
#include "../session/session.h"
#include <math.h>
#include <string.h>

#define MAX_WINDOWS 20000
#define CHOOSE_WINDOWS 2000
#define FEW_WINDOWS 16          /* to choose by, below which some are taken from those to learn from */

void
rnn_fit_report (const RnnFitWork *w, const gchar *format, ...)
{
  g_autofree gchar *line = NULL;
  va_list args;

  if (!w->fit->report)
    return;
  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);
  w->fit->report (line, w->fit->data);
}

gboolean
rnn_fit_surely (gdouble errors, guint n, const gdouble *before, const gdouble *after)
{
  gdouble gain[RNN_FIT_BLOCKS] = { 0 }, mean = 0, variance = 0;

  if (n < RNN_FIT_BLOCKS)
    return FALSE;
  for (guint i = 0; i < n; i++)
    gain[(gsize) i * RNN_FIT_BLOCKS / n] += before[i] - after[i];
  for (guint k = 0; k < RNN_FIT_BLOCKS; k++)
    mean += gain[k] / RNN_FIT_BLOCKS;
  for (guint k = 0; k < RNN_FIT_BLOCKS; k++)
    variance += (gain[k] - mean) * (gain[k] - mean) / (RNN_FIT_BLOCKS - 1);
  return mean > errors * sqrt (variance / RNN_FIT_BLOCKS);
}

gint
rnn_fit_count_params (const json_t *recipe, const gchar *where, gboolean *median, GError **error)
{
  const gchar *kind = json_string_value (json_object_get (json_object_get (recipe, "output"), "kind"));
  const RnnOutputClass *klass = rnn_output_class_find (kind ? kind : "regression");
  g_autoptr (RnnOutput) output = NULL;
  json_t *object;

  *median = FALSE;
  if (klass && g_str_equal (klass->name, "regression"))
    return 1;
  if (!klass || klass->loss != rnn_head_loss) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: a forecaster's output is regression or a distribution", where);
    return 0;
  }
  *median = !g_str_equal (klass->name, "gaussian");
  object = json_copy (json_object_get (recipe, "output"));
  json_object_set_new (object, "values", json_integer (1));
  output = rnn_output_new (object, 0, where, error);
  json_decref (object);
  return output ? ((const RnnHead *) output)->n_params : 0;
}

static void
set_linear (RnnFitWork *w)
{
  gsize n_weight, n_bias;
  gfloat *weight = rnn_model_get_weight (w->model, RNN_FORECAST_LINEAR ".weight", &n_weight);
  gfloat *bias = rnn_model_get_weight (w->model, RNN_FORECAST_LINEAR ".bias", &n_bias);

  memset (weight, 0, n_weight * sizeof (gfloat));
  memset (bias, 0, n_bias * sizeof (gfloat));
  memcpy (weight, w->weight, (gsize) w->config.context * w->config.horizon * sizeof (gfloat));
  memcpy (bias, w->bias, w->config.horizon * sizeof (gfloat));
}

/* Root mean square of what the whole model misses, step by step, into its recipe. */
static gboolean
measure_deviations (RnnFitWork *w, GError **error)
{
  const RnnFitWindows *windows = w->choose.n ? &w->choose : &w->learn;
  g_autoptr (RnnSession) session = rnn_session_new (w->model, 1, 1, RNN_PRECISION_F32, error);
  const RnnHead *head = rnn_head_from_output (rnn_model_get_output (w->model));
  g_autofree gfloat *y = g_new (gfloat, rnn_model_get_n_out (w->model));
  g_autofree gdouble *sums = g_new0 (gdouble, windows->n_out);
  json_t *list = json_array ();
  guint n = MIN (windows->n, CHOOSE_WINDOWS);

  for (guint i = 0; session && i < n; i++) {
    rnn_session_run (session, 1, windows->x + (gsize) i * windows->n_in, y);
    for (gint h = 0; h < windows->n_out; h++) {
      gdouble e = (head ? rnn_head_mean (head, y, h) : y[h]) - windows->y[(gsize) i * windows->n_out + h];

      sums[h] += isnan (e) ? 0 : e * e / n;
    }
  }
  for (gint h = 0; h < windows->n_out; h++)
    json_array_append_new (list, json_real (sqrt (sums[h]) + 1e-6));
  json_object_set_new (json_object_get (rnn_model_get_recipe (w->model), "forecast"), "deviations", list);
  return session != NULL;
}

/* The vector of values of a category that nobody has seen is the mean of the others. */
static void
fill_unseen (RnnParam *param, const gchar *name, gpointer data)
{
  gsize n = (gsize) param->dims[0], units = param->size / n;

  if (!g_str_has_prefix (name, "embedding"))
    return;
  for (gsize j = 0; j < units && n > 1; j++) {
    gdouble sum = 0;

    for (gsize i = 1; i < n; i++)
      sum += param->data[i * units + j];
    param->data[j] = (gfloat) (sum / (n - 1));
  }
}

static gboolean
fit_all (RnnFitWork *w, const json_t *recipe, GError **error)
{
  json_t *whole = rnn_forecast_expand (recipe, &w->config, w->n_params);

  w->model = rnn_model_new (whole, 1, w->where, error);
  json_decref (whole);
  if (!w->model)
    return FALSE;
  for (gint i = 0; w->config.linear && i < w->config.members; i++)
    rnn_fit_silence (w->model, i);
  if (w->config.linear) {
    rnn_fit_linear (w);
    set_linear (w);
  }
  if (!rnn_fit_members (w, recipe, error))
    return FALSE;
  rnn_cell_foreach_param (rnn_model_get_root (w->model), fill_unseen, NULL);
  rnn_model_pack (w->model, FALSE);
  return measure_deviations (w, error);
}

static gboolean
check_covariates (const RnnFitWork *w, const RnnForecastTrack *tracks, guint n_tracks, GError **error)
{
  for (guint i = 0; rnn_forecast_get_row (&w->config) > w->config.context && i < n_tracks; i++)
    if (!tracks[i].covariates) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the recipe asks for covariates, which these series do not have", w->where);
      return FALSE;
    }
  return TRUE;
}

RnnModel *
rnn_forecast_fit (const json_t *recipe, const RnnForecastTrack *tracks, guint n_tracks, const RnnForecastFit *fit,
    const gchar *where, GError **error)
{
  RnnFitWork w = { .fit = fit, .where = where };
  gboolean good;

  if (!rnn_forecast_config_read (&w.config, recipe, where, error)
      || !(w.n_params = rnn_fit_count_params (recipe, where, &w.median, error)) || !check_covariates (&w, tracks, n_tracks, error))
    return NULL;
  rnn_fit_collect (&w, tracks, n_tracks, TRUE, fit->windows ? fit->windows : MAX_WINDOWS, &w.learn);
  rnn_fit_collect (&w, tracks, n_tracks, FALSE, CHOOSE_WINDOWS, &w.choose);
  if (w.choose.n < FEW_WINDOWS)
    rnn_fit_lend (&w);
  w.weight = g_new0 (gfloat, (gsize) w.config.context * w.config.horizon);
  w.bias = g_new0 (gfloat, w.config.horizon);
  good = w.learn.n > 0;
  if (!good)
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: a context of %d and a horizon of %d do not fit into what there is to "
        "learn from", where, w.config.context, w.config.horizon);
  good = good && fit_all (&w, recipe, error);
  if (!good)
    g_clear_pointer (&w.model, rnn_model_unref);
  rnn_fit_windows_clear (&w.learn);
  rnn_fit_windows_clear (&w.choose);
  g_free (w.weight);
  g_free (w.bias);
  return w.model;
}
