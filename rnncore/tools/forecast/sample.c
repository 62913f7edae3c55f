/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bands of sampled paths (forecast/paths.h). */
#include "eval.h"
#include "base/error.h"
#include "forecast/paths.h"
#include <math.h>
#include <string.h>

/* The last values of column @c, NAN where there are none so far back */
static gfloat *
take_window (const RnnSeries *s, guint c, guint context)
{
  gfloat *window = g_new (gfloat, context);

  for (guint i = 0; i < context; i++)
    window[i] = i + s->n >= context ? s->values[((gsize) i + s->n - context) * s->channels + c] : NAN;
  return window;
}

gfloat *
eval_sample (const EvalOptions *o, RnnModel *model, const RnnSeries *s, guint n, guint horizon, GError **error)
{
  static const gdouble levels[] = { 0.5, 0.05, 0.95 };
  g_autoptr (RnnCovariates) covariates = rnn_covariates_new (rnn_model_get_recipe (model), rnn_model_get_path (model), error);
  g_autoptr (RnnPaths) paths = covariates ? rnn_paths_new (model, n, error) : NULL;
  g_autoptr (RnnCovariateRows) rows = NULL;
  g_autofree gfloat *samples = NULL;
  gfloat *bands, *at;

  if (!paths)
    return NULL;
  samples = g_new (gfloat, (gsize) n * horizon);
  rows = rnn_covariate_rows_new (covariates, s, horizon - 1 + rnn_paths_get_horizon (paths));
  bands = at = g_new (gfloat, 3 * (gsize) s->channels * horizon);
  for (guint c = 0; c < s->channels; c++) {
    g_autofree gfloat *window = take_window (s, c, rnn_paths_get_context (paths));

    rnn_paths_run_with (paths, c, window, rows, (guint64) o->seed, horizon, samples);
    for (guint h = 0; h < horizon; h++) {
      gfloat *step = samples + (gsize) h * n;

      rnn_crps_ensemble (0, n, step, FALSE);    /* sorts them */
      for (guint k = 0; k < G_N_ELEMENTS (levels); k++)
        *at++ = rnn_quantile_of_sorted (n, step, levels[k]);
    }
  }
  return bands;
}
