/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A window per path, all of them one batch. */
#include "paths.h"
#include "window.h"
#include "../base/rng.h"
#include "../outputs/head.h"
#include "../session/session.h"
#include <string.h>

struct _RnnPaths {
  RnnForecastConfig config;
  RnnModel *model;
  RnnSession *session;          /* a stream per path */
  const RnnHead *head;          /* NULL: regression */
  guint n;
  gsize n_row;                  /* of the model's input: a window, and what is known beside it */
  gfloat *windows, *x, *y;      /* [n][context] in what the model sees, [n][n_row] scaled; [n][n_out] */
  RnnScaling *scalings;         /* [n] */
};

RnnPaths *
rnn_paths_new (RnnModel *model, guint n_paths, GError **error)
{
  RnnPaths *p = g_new0 (RnnPaths, 1);
  const gchar *where = rnn_model_get_path (model);

  p->model = rnn_model_ref (model);
  p->n = n_paths;
  if (!rnn_forecast_config_read (&p->config, rnn_model_get_recipe (model), where, error)
      || !(p->session = rnn_session_new (model, n_paths, 1, RNN_PRECISION_F32, error))) {
    rnn_paths_free (p);
    return NULL;
  }
  p->head = rnn_head_from_output (rnn_model_get_output (model));
  p->windows = g_new (gfloat, (gsize) n_paths * p->config.context);
  p->n_row = (gsize) rnn_forecast_get_row (&p->config);
  p->x = g_new0 (gfloat, n_paths * p->n_row);
  p->y = g_new (gfloat, (gsize) n_paths * rnn_model_get_n_out (model));
  p->scalings = g_new (RnnScaling, n_paths);
  return p;
}

void
rnn_paths_free (RnnPaths *p)
{
  if (!p)
    return;
  rnn_session_free (p->session);
  rnn_model_unref (p->model);
  g_free (p->windows);
  g_free (p->x);
  g_free (p->y);
  g_free (p->scalings);
  g_free (p);
}

guint
rnn_paths_get_context (RnnPaths *p)
{
  return (guint) p->config.context;
}

guint
rnn_paths_get_horizon (RnnPaths *p)
{
  return (guint) p->config.horizon;
}

/* What all paths know of the windows that end before step @t */
static void
read_covariates (RnnPaths *p, const RnnCovariateRows *rows, guint t)
{
  gfloat *rest = p->x + p->config.context;

  rnn_covariate_rows_read (rows, &p->config, t, rest);
  for (guint i = 1; i < p->n; i++)
    memcpy (rest + i * p->n_row, rest, (p->n_row - p->config.context) * sizeof (gfloat));
}

static void
look (RnnPaths *p)
{
  gsize n = (gsize) p->config.context;

  for (guint i = 0; i < p->n; i++)
    if (!rnn_forecast_window (&p->config, p->windows + i * n, p->x + i * p->n_row, &p->scalings[i]))
      memset (p->x + i * p->n_row, 0, n * sizeof (gfloat));
  rnn_session_reset (p->session, -1);
  rnn_session_run (p->session, 1, p->x, p->y);
}

/* The next value of path @i, as the model sees values */
static gfloat
draw (const RnnPaths *p, guint i, gfloat deviation, RnnRng *rng)
{
  const gfloat *y = p->y + (gsize) i * rnn_model_get_n_out (p->model);
  gdouble value = p->head ? rnn_head_sample (p->head, y, 0, rng) : y[0] + deviation * rnn_rng_normal (rng);
  gfloat drawn = (gfloat) value * p->scalings[i].scale + p->scalings[i].shift;

  return isfinite (drawn) ? drawn : p->scalings[i].shift;
}

static void
append (RnnPaths *p, guint i, gfloat value)
{
  gfloat *window = p->windows + (gsize) i * p->config.context;

  memmove (window, window + 1, (p->config.context - 1) * sizeof (gfloat));
  window[p->config.context - 1] = value;
}

void
rnn_paths_run (RnnPaths *p, guint channel, const gfloat *values, guint64 seed, guint horizon, gfloat *samples)
{
  rnn_paths_run_with (p, channel, values, NULL, seed, horizon, samples);
}

void
rnn_paths_run_with (RnnPaths *p, guint channel, const gfloat *values, const RnnCovariateRows *rows, guint64 seed, guint horizon,
    gfloat *samples)
{
  const json_t *forecast = json_object_get (rnn_model_get_recipe (p->model), "forecast");
  gfloat shift = rnn_forecast_read_number (forecast, "shifts", channel, 0);
  gfloat size = rnn_forecast_read_number (forecast, "scales", channel, 1);
  gfloat deviation = rnn_forecast_read_number (forecast, "deviations", 0, 1);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, channel);
  for (gsize i = 0; i < (gsize) p->n * p->config.context; i++)
    p->windows[i] = (values[i % p->config.context] - shift) / size;
  for (guint h = 0; h < horizon; h++) {
    if (rows && p->n_row > (gsize) p->config.context)
      read_covariates (p, rows, rows->n - rows->ahead + h);
    look (p);
    for (guint i = 0; i < p->n; i++) {
      gfloat value = draw (p, i, deviation, &rng);

      append (p, i, value);
      samples[(gsize) h * p->n + i] = value * size + shift;
    }
  }
}
