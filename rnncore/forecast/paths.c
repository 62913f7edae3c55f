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
  gfloat *windows, *x, *y;      /* [n][context] in what the model sees, scaled; [n][n_out] */
  RnnScaling *scalings;         /* [n] */
};

static gboolean
check_covariates (const RnnPaths *p, const gchar *where, GError **error)
{
  if (rnn_forecast_get_row (&p->config) == p->config.context)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: paths of models with covariates cannot be sampled", where);
  return FALSE;
}

RnnPaths *
rnn_paths_new (RnnModel *model, guint n_paths, GError **error)
{
  RnnPaths *p = g_new0 (RnnPaths, 1);
  const gchar *where = rnn_model_get_path (model);

  p->model = rnn_model_ref (model);
  p->n = n_paths;
  if (!rnn_forecast_config_read (&p->config, rnn_model_get_recipe (model), where, error) || !check_covariates (p, where, error)
      || !(p->session = rnn_session_new (model, n_paths, 1, RNN_PRECISION_F32, error))) {
    rnn_paths_free (p);
    return NULL;
  }
  p->head = rnn_head_from_output (rnn_model_get_output (model));
  p->windows = g_new (gfloat, (gsize) n_paths * p->config.context);
  p->x = g_new (gfloat, (gsize) n_paths * p->config.context);
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

static void
look (RnnPaths *p)
{
  gsize n = (gsize) p->config.context;

  for (guint i = 0; i < p->n; i++)
    if (!rnn_forecast_window (&p->config, p->windows + i * n, p->x + i * n, &p->scalings[i]))
      memset (p->x + i * n, 0, n * sizeof (gfloat));
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
  const json_t *forecast = json_object_get (rnn_model_get_recipe (p->model), "forecast");
  gfloat shift = rnn_forecast_read_number (forecast, "shifts", channel, 0);
  gfloat size = rnn_forecast_read_number (forecast, "scales", channel, 1);
  gfloat deviation = rnn_forecast_read_number (forecast, "deviations", 0, 1);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, channel);
  for (gsize i = 0; i < (gsize) p->n * p->config.context; i++)
    p->windows[i] = (values[i % p->config.context] - shift) / size;
  for (guint h = 0; h < horizon; h++) {
    look (p);
    for (guint i = 0; i < p->n; i++) {
      gfloat value = draw (p, i, deviation, &rng);

      append (p, i, value);
      samples[(gsize) h * p->n + i] = value * size + shift;
    }
  }
}
