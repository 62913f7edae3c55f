/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Distributions by torch.distributions: raw.<parameter> [n] -> out.nll, grad.raw.<parameter>; pinball, CRPS and the metrics of
 * forecasts. */
#include "families.h"
#include "forecast/metrics.h"
#include "outputs/head.h"
#include <math.h>
#include <string.h>

#define MAX_PARAMS 3

/* ---- distributions ---- */

static const struct {
  const gchar *name, *kind, *params[MAX_PARAMS + 1];    /* in our order */
} distributions[] = {
  { "gaussian", "gaussian", { "mu", "sigma" } },
  { "laplace", "laplace", { "loc", "b" } },
  { "student_t", "student-t", { "mu", "sigma", "nu" } },
  { "student_t_scaled", "student-t", { "mu", "sigma", "nu" } },
  { "neg_binomial_deepar", "negative-binomial", { "mu", "alpha" } },
  { "poisson", "poisson", { "rate" } },
};

static gboolean
run_head (Case *c, const gchar *kind, const gchar *const *params, GError **error)
{
  const Tensor *y = case_need (c, "in.y", error, 1, -1), *scale = case_find (c, "par.scale");
  gint n_params = (gint) g_strv_length ((gchar **) params), n = y ? y->dims[0] : 0;
  g_autofree gfloat *raw = g_new0 (gfloat, (gsize) n * MAX_PARAMS), *dy = g_new0 (gfloat, (gsize) n * MAX_PARAMS);
  g_autofree gfloat *nll = g_new0 (gfloat, n);
  json_t *object = json_pack ("{sssi}", "kind", kind, "values", 1);
  g_autoptr (RnnOutput) output = y ? rnn_output_new (object, 0, c->path, error) : NULL;

  json_decref (object);
  if (!output)
    return FALSE;
  for (gint p = 0; p < n_params; p++) {
    g_autofree gchar *name = g_strconcat ("raw.", params[p], NULL);
    const Tensor *t = case_need (c, name, error, 1, n);

    if (!t)
      return FALSE;
    for (gint i = 0; i < n; i++)
      raw[i * n_params + p] = t->data[i];
  }
  for (gint i = 0; i < n; i++) {
    gfloat s = scale ? scale->data[i] : 1, truth = y->data[i] / s;
    RnnAnswer answer = { .labels = { .values = &truth, .n_rows = 1, .n_values = 1, .ld = 1, .stride = 1 }, .steps = 1,
      .y = raw + i * n_params, .dy = dy + i * n_params, .ld = n_params, .scale = 1 };

    nll[i] = rnn_output_loss (output, &answer) + logf (s);
  }
  case_compare (c, "out.nll", nll, n);
  for (gint p = 0; p < n_params; p++) {
    g_autofree gchar *name = g_strconcat ("grad.raw.", params[p], NULL);

    for (gint i = 0; i < n; i++)
      nll[i] = dy[i * n_params + p];
    case_compare (c, name, nll, n);
  }
  return TRUE;
}

/* n = softplus (raw.total_count), odds = exp (raw.logits) are ours by alpha = 1 / n, mu = n odds; their gradients by the chain
 * rule. */
static gboolean
run_torch_counts (Case *c, GError **error)
{
  const Tensor *y = case_need (c, "in.y", error, 1, -1);
  const Tensor *count = y ? case_need (c, "raw.total_count", error, 1, y->dims[0]) : NULL;
  const Tensor *logits = count ? case_need (c, "raw.logits", error, 1, y->dims[0]) : NULL;
  gint size = logits ? y->dims[0] : 0;
  g_autofree gfloat *results = g_new0 (gfloat, 3 * (gsize) size);
  json_t *object = json_pack ("{sssi}", "kind", "negative-binomial", "values", 1);
  g_autoptr (RnnOutput) output = logits ? rnn_output_new (object, 0, c->path, error) : NULL;
  const RnnHead *head = output ? rnn_head_from_output (output) : NULL;

  json_decref (object);
  if (!output)
    return FALSE;
  for (gint i = 0; i < size; i++) {
    gdouble n = rnn_softplus (count->data[i]), mu = n * exp (logits->data[i]), raw[2], draw[2], by_mu, by_alpha;

    raw[0] = log (expm1 (mu));
    raw[1] = log (expm1 (1 / n));
    results[i] = (gfloat) head->head->loss (head, raw, y->data[i], draw);
    by_mu = draw[0] / rnn_softplus_slope (raw[0]);
    by_alpha = draw[1] / rnn_softplus_slope (raw[1]);
    results[size + i] = (gfloat) (by_mu * mu);
    results[2 * size + i] = (gfloat) ((by_mu * mu / n - by_alpha / (n * n)) * rnn_softplus_slope (count->data[i]));
  }
  case_compare (c, "out.nll", results, size);
  case_compare (c, "grad.raw.logits", results + size, size);
  case_compare (c, "grad.raw.total_count", results + 2 * size, size);
  return TRUE;
}

static gboolean
run_distribution (Case *c, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (distributions); i++)
    if (g_str_equal (case_get (c, "case"), distributions[i].name))
      return run_head (c, distributions[i].kind, distributions[i].params, error);
  case_skip (c, "no distribution here is parametrised like %s", case_get (c, "case"));
  return TRUE;
}

/* ---- pinball, CRPS ---- */

/* A lone level makes a head whose loss is twice the pinball. */
static gboolean
run_quantile (Case *c, GError **error)
{
  const Tensor *y = case_need (c, "in.y", error, 1, -1), *levels = y ? case_need (c, "in.quantiles", error, 1, -1) : NULL;
  const Tensor *q = levels ? case_need (c, "in.pred", error, 2, y->dims[0], levels->dims[0]) : NULL;
  gint n = q ? q->dims[0] : 0, K = q ? q->dims[1] : 0;
  g_autofree gfloat *loss = g_new0 (gfloat, (gsize) n * K), *grad = g_new0 (gfloat, (gsize) n * K);

  if (!q)
    return FALSE;
  for (gint k = 0; k < K; k++) {
    json_t *object = json_pack ("{sss[f]si}", "kind", "quantiles", "levels", levels->data[k], "values", 1);
    g_autoptr (RnnOutput) output = rnn_output_new (object, 0, c->path, error);

    json_decref (object);
    if (!output)
      return FALSE;
    for (gint i = 0; i < n; i++) {
      RnnAnswer answer = { .labels = { .values = y->data + i, .n_rows = 1, .n_values = 1, .ld = 1, .stride = 1 },
        .steps = 1, .y = q->data + i * K + k, .dy = grad + i * K + k, .ld = 1, .scale = 0.5f };

      loss[i * K + k] = rnn_output_loss (output, &answer) / 2;
    }
  }
  case_compare (c, "out.loss", loss, (gsize) n * K);
  case_compare (c, "grad.in.pred", grad, (gsize) n * K);
  return TRUE;
}

static gboolean
run_crps (Case *c, GError **error)
{
  const Tensor *y = case_need (c, "in.y", error, 1, -1), *samples = y ? case_need (c, "in.samples", error, 2, y->dims[0], -1)
      : NULL;
  const Tensor *mu = samples ? case_need (c, "in.mu", error, 1, y->dims[0]) : NULL;
  const Tensor *sigma = mu ? case_need (c, "in.sigma", error, 1, y->dims[0]) : NULL;
  gint n = sigma ? y->dims[0] : 0, m = sigma ? samples->dims[1] : 0;
  g_autofree gfloat *quantiles = g_new0 (gfloat, (gsize) n * 9), *results = g_new0 (gfloat, (gsize) n * 4);
  gfloat levels[9];

  if (!sigma)
    return FALSE;
  for (gint i = 0; i < n; i++) {
    gfloat *x = samples->data + (gsize) i * m;

    results[i] = (gfloat) rnn_crps_gaussian (y->data[i], mu->data[i], sigma->data[i]);
    results[n + i] = (gfloat) rnn_crps_ensemble (y->data[i], m, x, FALSE);
    results[2 * n + i] = (gfloat) rnn_crps_ensemble (y->data[i], m, x, TRUE);
    for (gint k = 0; k < 9; k++) {
      levels[k] = (k + 1) / 10.f;
      quantiles[i * 9 + k] = rnn_quantile_of_sorted (m, x, (k + 1) / 10.0);
    }
    results[3 * n + i] = (gfloat) rnn_crps_quantiles (y->data[i], 9, quantiles + i * 9, levels);
  }
  case_compare (c, "out.crps_gaussian", results, n);
  case_compare (c, "out.crps_ensemble", results + n, n);
  case_compare (c, "out.crps_fair", results + 2 * n, n);
  case_compare (c, "out.crps_from_9_quantiles", results + 3 * n, n);
  case_compare (c, "out.sample_quantiles_linear", quantiles, (gsize) n * 9);
  return TRUE;
}

static gboolean
run_crps_json (Case *c, GError **error)
{
  json_t *list, *row;
  gsize i;

  json_array_foreach (json_object_get (c->json, "ensemble"), i, row) {
    gfloat x[16], got, expected = (gfloat) json_number_value (json_array_get (row, 2));
    g_autofree gchar *name = g_strdup_printf ("ensemble %" G_GSIZE_FORMAT, i);
    guint n = 0;

    list = json_array_get (row, 1);
    for (; n < json_array_size (list) && n < G_N_ELEMENTS (x); n++)
      x[n] = (gfloat) json_number_value (json_array_get (list, n));
    got = (gfloat) rnn_crps_ensemble (json_number_value (json_array_get (row, 0)), n, x, FALSE);
    case_check (c, name, &got, &expected, 1, TOLERANCE_FORWARD);
  }
  case_skip (c, "ensembles with weights");
  return TRUE;
}

/* ---- metrics ---- */

typedef struct {
  gdouble mase, smape;
  RnnErrorSums sums;
} Scores;

/* Of rows of known[n_known] then truth[horizon] */
static void
score (Scores *s, guint n_known, guint horizon, guint season, const gfloat *series, const gfloat *forecast, gdouble *mase,
    gdouble *seasonal_error)
{
  RnnErrorSums one = { 0 };

  rnn_error_sums_add (&one, horizon, series + n_known, forecast);
  rnn_error_sums_merge (&s->sums, &one);
  *seasonal_error = rnn_seasonal_error (n_known, series, season);
  *mase = rnn_mase (horizon, series + n_known, forecast, *seasonal_error);
  s->mase += *mase;
  s->smape += rnn_error_sums_smape (&one);
}

static void
compare_number (Case *c, const gchar *name, gdouble value)
{
  gfloat got = (gfloat) value;

  case_compare (c, name, &got, 1);
}

static void
compare_quantiles (Case *c, const Tensor *series, const Tensor *quantiles, const Tensor *levels, gint horizon)
{
  gint n = series->dims[0], length = series->dims[1], K = levels->dims[0];
  g_autofree gfloat *wql = g_new0 (gfloat, K), *coverage = g_new0 (gfloat, K);
  gdouble truths = 0, mean = 0;

  for (gint i = 0; i < n; i++)
    for (gint h = 0; h < horizon; h++) {
      gfloat y = series->data[i * length + length - horizon + h];

      truths += fabs (y);
      for (gint k = 0; k < K; k++) {
        gfloat q = quantiles->data[(i * horizon + h) * K + k];

        wql[k] += (gfloat) (2 * rnn_pinball (y, q, levels->data[k]));
        coverage[k] += (y < q) / (gfloat) (n * horizon);
      }
    }
  for (gint k = 0; k < K; k++) {
    wql[k] = (gfloat) (wql[k] / truths);
    mean += wql[k] / K;
  }
  case_compare (c, "out.wQL", wql, K);
  case_compare (c, "out.coverage", coverage, K);
  compare_number (c, "out.mean_wQL", mean);
}

static gboolean
run_metrics (Case *c, GError **error)
{
  const Tensor *series = case_need (c, "in.series", error, 2, -1, -1);
  const Tensor *forecast = series ? case_need (c, "in.forecast", error, 2, series->dims[0], -1) : NULL;
  const Tensor *levels = forecast ? case_need (c, "in.quantiles", error, 1, -1) : NULL;
  const Tensor *quantiles = levels ? case_need (c, "in.quantile_forecast", error, 3, series->dims[0], forecast->dims[1],
      levels->dims[0]) : NULL;
  gint n, horizon, length;
  gfloat mase[64], seasonal[64];
  Scores s = { 0 };

  if (!quantiles)
    return FALSE;
  n = MIN (series->dims[0], 64);
  horizon = forecast->dims[1];
  length = series->dims[1];
  for (gint i = 0; i < n; i++) {
    gdouble one, error_of_season;

    score (&s, length - horizon, horizon, (guint) case_get_number (c, "seasonality", 1), series->data + i * length,
        forecast->data + i * horizon, &one, &error_of_season);
    mase[i] = (gfloat) one;
    seasonal[i] = (gfloat) error_of_season;
  }
  case_compare (c, "out.MASE_item", mase, n);
  case_compare (c, "out.seasonal_error", seasonal, n);
  compare_number (c, "out.MASE", s.mase / n);
  compare_number (c, "out.sMAPE", s.smape / n);
  compare_number (c, "out.ND", rnn_error_sums_nd (&s.sums));
  compare_number (c, "out.NRMSE", rnn_error_sums_nrmse (&s.sums));
  compare_number (c, "out.RMSE", sqrt (rnn_error_sums_mse (&s.sums)));
  compare_quantiles (c, series, quantiles, levels, horizon);
  return TRUE;
}

/* GluonTS's evaluator, over a naive forecast */
static gboolean
run_gluonts (Case *c, GError **error)
{
  const json_t *expected = json_object_get (c->json, "recomputed"), *all = json_object_get (c->json, "series");
  guint horizon = (guint) json_integer_value (json_object_get (c->json, "horizon")), n_series = (guint) json_array_size (all);
  guint season = (guint) json_integer_value (json_object_get (c->json, "seasonality"));
  static const gchar *const names[] = { "MSE", "ND", "NRMSE", "MASE", "sMAPE" };
  gdouble results[G_N_ELEMENTS (names)];
  Scores s = { 0 };

  for (guint i = 0; i < n_series; i++) {
    const json_t *row = json_array_get (all, i);
    gfloat y[64], f[64];
    guint n = (guint) MIN (json_array_size (row), 64);
    gdouble unused;

    if (horizon == 0 || horizon >= n)
      return case_wrong (error, "a horizon of %u of %u values", horizon, n);
    for (guint t = 0; t < n; t++)
      y[t] = (gfloat) json_number_value (json_array_get (row, t));
    for (guint h = 0; h < horizon; h++)
      f[h] = y[n - horizon - 1];
    score (&s, n - horizon, horizon, season, y, f, &unused, &unused);
  }
  results[0] = rnn_error_sums_mse (&s.sums);
  results[1] = rnn_error_sums_nd (&s.sums);
  results[2] = rnn_error_sums_nrmse (&s.sums);
  results[3] = s.mase / n_series;
  results[4] = s.smape / n_series;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    gfloat got = (gfloat) results[i], want = (gfloat) json_number_value (json_object_get (expected, names[i]));

    case_check (c, names[i], &got, &want, 1, (Tolerance) { 1e-5, 1e-6 });
  }
  return TRUE;
}

const CaseKind cases_forecast[] = {
  { "case", "gluonts_*", NULL, run_gluonts },
  { "case", "crps_properscoring", NULL, run_crps_json },
  { "case", "metrics_random", NULL, run_metrics },
  { "case", "crps", NULL, run_crps },
  { "case", "quantile", NULL, run_quantile },
  { "case", "neg_binomial_torch", NULL, run_torch_counts },
  { "case", "*", "out.nll", run_distribution },
  { NULL }
};
