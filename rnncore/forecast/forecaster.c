/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows slide over rings; one run of the model forecasts all streams; trackers keep what was said.
 *
 * State: the number of values, their place; of each stream how many are from after a change of level, the window, the forecast, the
 * tracker's; the tokens of the categories; what is known beside the values; the adapter's. */
#include "forecaster.h"
#include "adapt.h"
#include "covariates-private.h"
#include "level.h"
#include "window.h"
#include "../outputs/head.h"
#include "../session/session.h"
#include <string.h>

#define SCORES 500              /* remembered for each step of the horizon */
#define RATE 0.02               /* of the intervals' adaptation */
#define SMALLEST 1e-12f         /* deviations of a step, scaled */
#define LARGEST 1e9f
#define MAX_STATE (1 << 28)     /* floats of all trackers */

typedef struct {
  gfloat *ring;                 /* [2][context], twice the same, the oldest at `at`: a window is in one piece */
  gfloat shift, size;           /* of the channel: (value - shift) / size is what the model sees */
  RnnTracker *tracker;
  gfloat *mean;                 /* [horizon] */
  guint since;                  /* values in the window from after a change of level; the context: all */
  gboolean judged;
  gfloat expected, radius, probability; /* of the last value */
} Stream;

struct _RnnForecaster {
  RnnForecastConfig config;
  RnnModel *model;
  RnnSession *session;
  const RnnHead *head;          /* NULL: regression */
  guint n_streams;
  gfloat coverage;
  gfloat *deviations;           /* [horizon] */
  Stream *streams;
  guint64 count;                /* values of each that came */
  guint at;
  gfloat *rings, *means;
  gsize n_row;                  /* of the model's input */
  gfloat *level;                /* [context] */
  gfloat *x, *y;                /* [n_streams][n_row], [n_streams][n_out] */
  RnnCovariates *covariates;
  RnnCovariateRing *beside;    /* NULL: there are none but categories */
  gfloat *tokens;               /* [n_streams][categories] */
  gfloat *scale;                /* [n_streams][horizon] of what the model says, scaled; [horizon] where there is no head */
  RnnScaling *scalings;         /* [n_streams] */
  RnnAdapter *adapter;          /* NULL: off */
  gfloat *said;                 /* [n_streams][horizon] of the model, scaled; y itself where there is no head */
  gfloat *scaled;               /* [n_streams] values, as the windows have them before they are scaled */
};

/* ---- making ---- */

static void
add_stream (RnnForecaster *f, guint i, const json_t *forecast)
{
  Stream *s = &f->streams[i];

  s->ring = f->rings + 2 * (gsize) i * f->config.context;
  s->mean = f->means + (gsize) i * f->config.horizon;
  s->since = (guint) f->config.context;
  s->shift = rnn_forecast_read_number (forecast, "shifts", i, 0);
  s->size = rnn_forecast_read_number (forecast, "scales", i, 1);
  if (!(s->size > 0))
    s->size = 1;
  s->tracker = rnn_tracker_new ((guint) f->config.horizon, f->coverage, SCORES, RATE);
}

static gboolean
check_size (const RnnForecaster *f, const gchar *where, GError **error)
{
  g_autoptr (RnnTracker) tracker = rnn_tracker_new ((guint) f->config.horizon, f->coverage, SCORES, RATE);

  if (rnn_model_get_n_in (f->model) != rnn_forecast_get_row (&f->config) || rnn_model_get_output (f->model)->n_values != f->config.horizon) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: the layers do not turn a context of %d into a horizon of %d", where,
        f->config.context, f->config.horizon);
    return FALSE;
  }
  if (f->n_streams * (guint64) rnn_tracker_get_state_size (tracker) <= MAX_STATE)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: %u streams with a horizon of %d need more than 1 GiB", where, f->n_streams,
      f->config.horizon);
  return FALSE;
}

RnnForecaster *
rnn_forecaster_new (RnnModel *model, guint n_streams, gdouble coverage, GError **error)
{
  RnnForecaster *f = g_new0 (RnnForecaster, 1);
  const gchar *where = rnn_model_get_path (model);
  const json_t *forecast = json_object_get (rnn_model_get_recipe (model), "forecast");

  f->model = rnn_model_ref (model);
  f->n_streams = n_streams;
  f->coverage = (gfloat) coverage;
  if (!rnn_forecast_config_read (&f->config, rnn_model_get_recipe (model), where, error) || !check_size (f, where, error)
      || !(f->covariates = rnn_covariates_new (rnn_model_get_recipe (model), where, error))
      || !(f->session = rnn_session_new (model, n_streams, 1, RNN_PRECISION_F32, error))) {
    rnn_forecaster_free (f);
    return NULL;
  }
  f->head = rnn_head_from_output (rnn_model_get_output (model));
  f->rings = g_new0 (gfloat, 2 * (gsize) n_streams * f->config.context);
  f->level = g_new (gfloat, f->config.context);
  f->means = g_new0 (gfloat, (gsize) n_streams * f->config.horizon);
  f->n_row = (gsize) rnn_forecast_get_row (&f->config);
  f->x = g_new0 (gfloat, n_streams * f->n_row);
  f->tokens = g_new0 (gfloat, (gsize) n_streams * f->config.categories + 1);
  if (f->config.known + f->config.past > 0)
    f->beside = rnn_covariate_ring_new (f->covariates, &f->config);
  f->y = g_new0 (gfloat, (gsize) n_streams * rnn_model_get_n_out (model));
  f->scale = g_new (gfloat, (gsize) (f->head ? n_streams : 1) * f->config.horizon);
  f->deviations = g_new (gfloat, f->config.horizon);
  f->scalings = g_new0 (RnnScaling, n_streams);
  f->said = f->head ? g_new0 (gfloat, (gsize) n_streams * f->config.horizon) : f->y;
  f->scaled = g_new0 (gfloat, n_streams);
  f->streams = g_new0 (Stream, n_streams);
  for (gint h = 0; h < f->config.horizon; h++)
    f->deviations[h] = CLAMP (rnn_forecast_read_number (forecast, "deviations", (gsize) h, 1), 1e3f * SMALLEST, LARGEST);
  for (guint i = 0; i < n_streams; i++)
    add_stream (f, i, forecast);
  return f;
}

void
rnn_forecaster_free (RnnForecaster *f)
{
  if (!f)
    return;
  for (guint i = 0; f->streams && i < f->n_streams; i++)
    rnn_tracker_free (f->streams[i].tracker);
  rnn_adapter_free (f->adapter);
  rnn_covariate_ring_free (f->beside);
  rnn_covariates_free (f->covariates);
  rnn_session_free (f->session);
  rnn_model_unref (f->model);
  g_free (f->deviations);
  g_free (f->streams);
  g_free (f->rings);
  g_free (f->means);
  g_free (f->level);
  g_free (f->x);
  g_free (f->y);
  g_free (f->scale);
  g_free (f->scalings);
  if (f->head)
    g_free (f->said);
  g_free (f->scaled);
  g_free (f->tokens);
  g_free (f);
}

gboolean
rnn_forecaster_set_adapt (RnnForecaster *f, RnnAdaptKind kind, GError **error)
{
  g_clear_pointer (&f->adapter, rnn_adapter_free);
  return kind == RNN_ADAPT_OFF
      || (f->adapter = rnn_adapter_new (f->model, &f->config, kind, f->n_streams, error)) != NULL;
}

gboolean
rnn_forecaster_is_adapted (RnnForecaster *f, guint64 *falls)
{
  if (falls)
    *falls = 0;
  return f->adapter && rnn_adapter_counts (f->adapter, falls);
}

guint
rnn_forecaster_get_context (RnnForecaster *f)
{
  return (guint) f->config.context;
}

guint
rnn_forecaster_get_horizon (RnnForecaster *f)
{
  return (guint) f->config.horizon;
}

guint
rnn_forecaster_get_season (RnnForecaster *f)
{
  return (guint) f->config.season;
}

/* ---- covariates ---- */

const RnnCovariates *
rnn_forecaster_get_covariates (RnnForecaster *f)
{
  return f->covariates;
}

void
rnn_forecaster_set_clock (RnnForecaster *f, gint64 next, const RnnTimeStep *step)
{
  if (f->beside)
    rnn_covariate_ring_set_clock (f->beside, next, step);
}

void
rnn_forecaster_foretell (RnnForecaster *f, guint ahead, const gfloat *columns)
{
  if (f->beside)
    rnn_covariate_ring_foretell (f->beside, ahead, columns);
}

gboolean
rnn_forecaster_set_category (RnnForecaster *f, guint stream, guint category, const gchar *value)
{
  guint token = rnn_covariates_find_token (f->covariates, category, value);

  f->tokens[(gsize) stream * f->config.categories + category] = (gfloat) token;
  return token > 0;
}

/* What all streams know stands behind the window of the first; the others take it from there. */
static void
add_covariates (RnnForecaster *f)
{
  gsize n = f->n_row - f->config.context - f->config.categories;

  if (f->beside)
    rnn_covariate_ring_read (f->beside, f->x + f->config.context);
  for (guint i = 0; i < f->n_streams; i++) {
    gfloat *rest = f->x + i * f->n_row + f->config.context;

    if (i > 0)
      memcpy (rest, f->x + f->config.context, n * sizeof (gfloat));
    memcpy (rest + n, f->tokens + (gsize) i * f->config.categories, f->config.categories * sizeof (gfloat));
  }
}

/* ---- a value comes ---- */

gboolean
rnn_forecaster_is_ready (RnnForecaster *f)
{
  return f->count >= (guint64) f->config.context;
}

/* Which may be the one that tells of a change: then the number of values since it is smaller than it was. */
static void
observe (Stream *s, gfloat value)
{
  gint before = rnn_tracker_get_since (s->tracker), since;

  rnn_tracker_observe (s->tracker, value);
  since = rnn_tracker_get_since (s->tracker);
  if (since > 0 && (before < 0 || since <= before))
    s->since = MIN (s->since, (guint) since);
}

/* In what the model sees; what is missing is what was forecast. */
static void
take_value (RnnForecaster *f, guint i, gfloat value)
{
  Stream *s = &f->streams[i];
  gboolean known = isfinite (value);
  gboolean ready = rnn_forecaster_is_ready (f);

  s->judged = ready && known && rnn_tracker_judge (s->tracker, value, &s->expected, &s->radius, &s->probability);
  s->since = MIN (s->since + 1, (guint) f->config.context);
  if (ready && known)
    observe (s, value);
  f->scaled[i] = known ? (value - s->shift) / s->size : NAN;
  s->ring[f->at] = s->ring[f->at + f->config.context] = known ? f->scaled[i] : ready ? (s->mean[0] - s->shift) / s->size : NAN;
}

static void
make_input (RnnForecaster *f, guint i)
{
  const Stream *s = &f->streams[i];
  const gfloat *window = s->ring + f->at;
  gfloat *x = f->x + i * f->n_row;

  if (s->since < (guint) f->config.context) {
    rnn_level_mend ((guint) f->config.context, s->since, (guint) f->config.season, window, f->level);
    window = f->level;
  }
  if (!rnn_forecast_window (&f->config, window, x, &f->scalings[i]))
    memset (x, 0, f->config.context * sizeof (gfloat));
}

/* What the distributions say of each step, scaled */
static void
read_heads (RnnForecaster *f, guint i)
{
  gsize at = (gsize) i * f->config.horizon;

  rnn_head_spread (f->head, f->y + (gsize) i * rnn_model_get_n_out (f->model), f->said + at, f->scale + at);
}

/* Into the units of the series.  No scale is far below what is known of its step; of few counts distributions are too sure. */
static void
issue (RnnForecaster *f, guint i)
{
  Stream *s = &f->streams[i];
  gint H = f->config.horizon;
  RnnScaling to = f->scalings[i];
  gfloat *scale = f->head ? f->scale + (gsize) i * H : f->scale, least = f->head && !f->head->head->counts ? 1e-3f : 1;
  gfloat factor = CLAMP (to.scale * s->size, G_MINFLOAT / SMALLEST, G_MAXFLOAT / LARGEST);

  rnn_kernels ()->uncentre (H, to.shift * s->size + s->shift, factor, f->said + (gsize) i * H, s->mean);
  rnn_kernels ()->bound (H, least, f->deviations, LARGEST, factor, f->head ? scale : f->deviations, scale);
  rnn_tracker_issue (s->tracker, s->mean, scale, 1.645f);
}

void
rnn_forecaster_push (RnnForecaster *f, const gfloat *values)
{
  rnn_forecaster_push_with (f, values, NULL);
}

void
rnn_forecaster_push_with (RnnForecaster *f, const gfloat *values, const gfloat *past)
{
  for (guint i = 0; i < f->n_streams; i++)
    take_value (f, i, values[i]);
  if (f->adapter && rnn_forecaster_is_ready (f))
    rnn_adapter_observe (f->adapter, f->scaled);
  f->at = (f->at + 1) % (guint) f->config.context;
  f->count++;
  if (f->beside)
    rnn_covariate_ring_push (f->beside, past);
  if (!rnn_forecaster_is_ready (f))
    return;
  for (guint i = 0; i < f->n_streams; i++)
    make_input (f, i);
  if (f->n_row > (gsize) f->config.context)
    add_covariates (f);
  rnn_session_reset (f->session, -1);
  rnn_session_run (f->session, 1, f->x, f->y);
  for (guint i = 0; f->head && i < f->n_streams; i++)
    read_heads (f, i);
  if (f->adapter)
    rnn_adapter_forecast (f->adapter, f->x, f->scalings, f->said);
  for (guint i = 0; i < f->n_streams; i++)
    issue (f, i);
}

/* ---- what is known ---- */

const gfloat *
rnn_forecaster_get_mean (RnnForecaster *f, guint stream)
{
  return f->streams[stream].mean;
}

const gfloat *
rnn_forecaster_get_radius (RnnForecaster *f, guint stream)
{
  return rnn_tracker_get_radius (f->streams[stream].tracker);
}

gfloat
rnn_forecaster_get_quantile (RnnForecaster *f, guint stream, guint h, gdouble level)
{
  const Stream *s = &f->streams[stream];
  gdouble coverage = fabs (2 * level - 1);
  gfloat spread = level == 0.5 ? 0 : rnn_tracker_get_spread (s->tracker, h, coverage, 1.645f * (gfloat) (coverage / 0.9));

  return s->mean[h] + (level < 0.5 ? -spread : spread);
}

gboolean
rnn_forecaster_judge (RnnForecaster *f, guint stream, gfloat *mean, gfloat *radius, gfloat *probability)
{
  const Stream *s = &f->streams[stream];

  *mean = s->expected;
  *radius = s->radius;
  *probability = s->probability;
  return s->judged;
}

/* ---- state ---- */

void
rnn_forecaster_reset (RnnForecaster *f)
{
  f->count = 0;
  f->at = 0;
  if (f->adapter)
    rnn_adapter_forget (f->adapter);
  if (f->beside)
    rnn_covariate_ring_reset (f->beside);
  for (guint i = 0; i < f->n_streams; i++) {
    rnn_tracker_forget (f->streams[i].tracker);
    f->streams[i].judged = FALSE;
    f->streams[i].since = (guint) f->config.context;
  }
}

static gsize
get_tokens_size (const RnnForecaster *f)        /* bytes */
{
  return f->n_streams * f->config.categories * sizeof (gfloat);
}

static gsize
get_beside_size (const RnnForecaster *f)
{
  return f->beside ? rnn_covariate_ring_get_state_size (f->beside) : 0;
}

gsize
rnn_forecaster_get_state_size (RnnForecaster *f)
{
  return 2 + f->n_streams * (1 + (gsize) f->config.context + f->config.horizon + f->config.categories
      + rnn_tracker_get_state_size (f->streams[0].tracker)) + get_beside_size (f) + (f->adapter ? rnn_adapter_get_state_size (f->adapter) : 0);
}

void
rnn_forecaster_get_state (RnnForecaster *f, gfloat *state)
{
  gsize context = (gsize) f->config.context, horizon = (gsize) f->config.horizon;

  *state++ = (gfloat) MIN (f->count, context);
  *state++ = (gfloat) f->at;
  for (guint i = 0; i < f->n_streams; i++) {
    *state++ = (gfloat) f->streams[i].since;
    memcpy (state, f->streams[i].ring, context * sizeof (gfloat));
    memcpy (state + context, f->streams[i].mean, horizon * sizeof (gfloat));
    rnn_tracker_get_state (f->streams[i].tracker, state + context + horizon);
    state += context + horizon + rnn_tracker_get_state_size (f->streams[i].tracker);
  }
  memcpy (state, f->tokens, get_tokens_size (f));
  state += get_tokens_size (f) / sizeof (gfloat);
  if (f->beside)
    rnn_covariate_ring_get_state (f->beside, state);
  if (f->adapter)
    rnn_adapter_get_state (f->adapter, state + get_beside_size (f));
}

gboolean
rnn_forecaster_set_state (RnnForecaster *f, const gfloat *state)
{
  gsize context = (gsize) f->config.context, horizon = (gsize) f->config.horizon;
  gfloat count = state[0], at = state[1];

  if (!(count >= 0 && count <= context) || !(at >= 0 && at < context))
    return FALSE;
  state += 2;
  for (guint i = 0; i < f->n_streams; i++) {
    gfloat since = *state++;

    if (!(since >= 1 && since <= context) || !rnn_tracker_set_state (f->streams[i].tracker, state + context + horizon))
      return FALSE;
    f->streams[i].since = (guint) since;
    memcpy (f->streams[i].ring, state, context * sizeof (gfloat));
    memcpy (f->streams[i].ring + context, state, context * sizeof (gfloat));
    memcpy (f->streams[i].mean, state + context, horizon * sizeof (gfloat));
    f->streams[i].judged = FALSE;
    state += context + horizon + rnn_tracker_get_state_size (f->streams[i].tracker);
  }
  memcpy (f->tokens, state, get_tokens_size (f));
  state += get_tokens_size (f) / sizeof (gfloat);
  if (f->beside && !rnn_covariate_ring_set_state (f->beside, state))
    return FALSE;
  if (f->adapter && !rnn_adapter_set_state (f->adapter, state + get_beside_size (f)))
    return FALSE;
  f->count = (guint64) count;
  f->at = (guint) at;
  return TRUE;
}
