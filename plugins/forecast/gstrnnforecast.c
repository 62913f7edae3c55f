/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rnnforecast
 * @title: rnnforecast
 * @short_description: forecasts time series while they stream
 *
 * After every value (or every N-th, by `every`) leaves a forecast: H steps of, for every column, its mean and the ends of the
 * interval that holds 90 % of the truths.  The intervals learn from what came of earlier forecasts, so they hold after a
 * change, too.  The PTS of a forecast is that of its first step.
 *
 * Values that are missing, and gaps of up to `max-gap` steps, are taken to be what was forecast; longer ones make it begin anew.
 * Values outside of their interval are told of by messages named `rnnforecast` of the type "anomaly".  With `state-file` a
 * pipeline that is started again, even after it was killed, goes on where it was: what it knows already is left out.  The action
 * signals `save-state` and `load-state` take it from one process to another.
 *
 * With `adapt` it learns from the stream: a linear map beside the model, or all its weights.  These count only while their
 * forecasts are better than the model file's own, and are given up where they have become worse.  `state-file` keeps them, too.
 *
 * A model with covariates is told of the calendar by the times of the values, of columns of the past by the stream, of what is known
 * ahead by the table `known-file`, and of categories by tags (of `rnncsvparse`) or by `categories`.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=in.csv ! rnncsvparse ! rnnforecast model-file=m.safetensors ! rnncsvenc ! fdsink
 * ]|
 */
#include "gstrnnforecast-private.h"
#include <math.h>
#include <string.h>

GST_DEBUG_CATEGORY (rnn_forecast_debug);
#define GST_CAT_DEFAULT rnn_forecast_debug

#define PER_COLUMN 3            /* mean, lower, upper */

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_SERIES_CAPS "; " GST_RNN_SERIES_AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_SERIES_CAPS));

G_DEFINE_TYPE (GstRnnForecast, gst_rnn_forecast, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (rnnforecast, "rnnforecast", GST_RANK_NONE, GST_TYPE_RNN_FORECAST)

/* ---- the model ---- */

static gchar **
read_columns (RnnModel *model)
{
  const json_t *list = json_object_get (json_object_get (rnn_model_get_recipe (model), "forecast"), "columns");
  gsize n = json_array_size (list);
  gchar **columns = n ? g_new0 (gchar *, n + 1) : NULL;

  for (gsize i = 0; i < n; i++)
    columns[i] = g_strdup (json_string_value (json_array_get (list, i)) ? json_string_value (json_array_get (list, i)) : "");
  return columns;
}

static gboolean
load_model (GstRnnForecast *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *path = NULL;
  RnnForecaster *trial = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->model_file);
  GST_OBJECT_UNLOCK (self);
  if (!path) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("No model-file is set"), (NULL));
    return FALSE;
  }
  self->model = rnn_model_load_shared (path, &error);
  if (self->model)
    trial = rnn_forecaster_new (self->model, 1, 0.9, &error);
  if (!trial) {
    GST_ELEMENT_ERROR (self, RESOURCE, NOT_FOUND, ("%s", error->message), (NULL));
    g_clear_pointer (&self->model, rnn_model_unref);
    return FALSE;
  }
  rnn_forecaster_free (trial);
  self->columns = read_columns (self->model);
  return TRUE;
}

/* ---- caps ---- */

static gboolean
refuse (GstRnnForecast *self, const gchar *reason)
{
  GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("%s", reason), (NULL));
  return FALSE;
}

/* Which of the stream's columns the model's are: by name, or where one side has no names, by their order. */
static gboolean
find_places (GstRnnForecast *self)
{
  g_auto (GStrv) names = self->series.columns ? g_strsplit (self->series.columns, ",", -1) : NULL;
  gboolean named = self->columns && names && (gint) g_strv_length (names) == self->series.channels;
  g_autofree gchar *reason = NULL;

  self->n_streams = self->columns ? (gint) g_strv_length (self->columns) : self->series.channels;
  self->places = g_renew (gint, self->places, self->n_streams);
  self->row = g_renew (gfloat, self->row, self->n_streams);
  for (gint i = 0; i < self->n_streams; i++) {
    gint at = 0;

    while (named && names[at] && strcmp (names[at], self->columns[i]))
      at++;
    self->places[i] = named ? at : i;
    if (named && !names[at]) {
      reason = g_strdup_printf ("%s: the model is of a column \"%s\"; the stream has %s", rnn_model_get_path (self->model),
          self->columns[i], self->series.columns);
      return refuse (self, reason);
    }
  }
  if (!named && self->n_streams != self->series.channels) {
    reason = g_strdup_printf ("%s: the model is of %d columns, the stream has %d", rnn_model_get_path (self->model),
        self->n_streams, self->series.channels);
    return refuse (self, reason);
  }
  return TRUE;
}

static gboolean
check_step (GstRnnForecast *self)
{
  const json_t *forecast = json_object_get (rnn_model_get_recipe (self->model), "forecast");
  const gchar *text = json_string_value (json_object_get (forecast, "step"));
  g_autofree gchar *given = self->series.step.n ? rnn_time_step_format (&self->series.step) : NULL, *reason = NULL;
  RnnTimeStep step;

  if (!given || !text || !rnn_time_step_parse (&step, text, NULL)
      || (step.kind == self->series.step.kind && step.n == self->series.step.n))
    return TRUE;
  reason = g_strdup_printf ("%s: the model is of steps of %s, the stream has steps of %s", rnn_model_get_path (self->model), text,
      given);
  return refuse (self, reason);
}

static void
push_caps (GstRnnForecast *self)
{
  GString *columns = g_string_new (NULL);
  GstRnnSeries out = { .channels = PER_COLUMN * self->n_streams, .start = self->series.start, .step = self->series.step,
    .horizon = (gint) rnn_forecaster_get_horizon (self->forecaster) };
  g_auto (GStrv) names = self->series.columns ? g_strsplit (self->series.columns, ",", -1) : NULL;
  g_autoptr (GstCaps) caps = NULL;

  for (gint i = 0; i < self->n_streams; i++) {
    g_autofree gchar *number = g_strdup_printf ("value%d", i + 1);
    const gchar *name = self->columns ? self->columns[i] : names ? names[i] : number;

    g_string_append_printf (columns, "%s%s,%s.lower,%s.upper", i ? "," : "", name, name, name);
  }
  out.columns = columns->str;
  caps = gst_rnn_series_to_caps (&out, "forecast");
  gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  g_string_free (columns, TRUE);
}

void
gst_rnn_forecast_forget (GstRnnForecast *self)
{
  if (self->forecaster)
    rnn_forecaster_reset (self->forecaster);
  self->clocked = FALSE;
  self->next = GST_CLOCK_TIME_NONE;
  self->resume = RNN_TIME_NONE;
  self->untold_state = FALSE;
  self->count = self->pushed = self->told = self->untold = 0;
}

static gboolean
set_caps (GstRnnForecast *self, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  gst_rnn_forecast_save_state (self);
  g_clear_pointer (&self->forecaster, rnn_forecaster_free);
  gst_rnn_series_clear (&self->series);
  if (!gst_rnn_series_from_caps (&self->series, caps, &error))
    return refuse (self, error ? error->message : "these are no series");
  if (self->series.horizon != 1)
    return refuse (self, "forecasts cannot be forecast again: values of one step per buffer are needed");
  if (!find_places (self) || !check_step (self))
    return FALSE;
  GST_OBJECT_LOCK (self);
  self->now = self->settings;
  GST_OBJECT_UNLOCK (self);
  self->forecaster = rnn_forecaster_new (self->model, (guint) self->n_streams, self->now.coverage, &error);
  if (!self->forecaster || !rnn_forecaster_set_adapt (self->forecaster, self->now.adapt, &error))
    return refuse (self, error->message);
  gst_rnn_forecast_forget (self);
  if (!gst_rnn_forecast_negotiate_covariates (self)) {
    g_clear_pointer (&self->forecaster, rnn_forecaster_free);
    return FALSE;
  }
  gst_rnn_forecast_set_categories (self);
  push_caps (self);
  gst_rnn_forecast_load_state (self);
  return TRUE;
}

/* ---- forecasts leave ---- */

static GstClockTime
step_after (GstRnnForecast *self, GstClockTime pts)
{
  gint64 origin = self->series.start == RNN_TIME_NONE ? 0 : self->series.start, time;

  if (!GST_CLOCK_TIME_IS_VALID (pts) || self->series.step.n == 0)
    return GST_CLOCK_TIME_NONE;
  time = rnn_time_step_add (&self->series.step, origin + (gint64) pts, 1);
  return time == RNN_TIME_NONE ? GST_CLOCK_TIME_NONE : (GstClockTime) (time - origin);
}

/* [horizon][n_streams][mean, lower, upper] */
static GstBuffer *
make_forecast (GstRnnForecast *self)
{
  guint H = rnn_forecaster_get_horizon (self->forecaster);
  gsize size = (gsize) H * self->n_streams * PER_COLUMN * sizeof (gfloat);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);
  GstMapInfo map;
  gfloat *out;

  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  out = (gfloat *) (gpointer) map.data;
  for (guint h = 0; h < H; h++)
    for (gint i = 0; i < self->n_streams; i++, out += PER_COLUMN) {
      gfloat mean = rnn_forecaster_get_mean (self->forecaster, (guint) i)[h];
      gfloat radius = rnn_forecaster_get_radius (self->forecaster, (guint) i)[h];

      out[0] = mean;
      out[1] = mean - radius;
      out[2] = mean + radius;
    }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = self->next;
  GST_BUFFER_DURATION (buffer) = GST_CLOCK_TIME_IS_VALID (self->next) ? step_after (self, self->next) - self->next
      : GST_CLOCK_TIME_NONE;
  return buffer;
}

static GstFlowReturn
push_forecast (GstRnnForecast *self, GstBuffer *buffer)
{
  self->pushed = self->count;
  self->untold_state = FALSE;
  GST_OBJECT_LOCK (self);
  self->n_forecasts++;
  GST_OBJECT_UNLOCK (self);
  return gst_pad_push (self->srcpad, buffer);
}

/* ---- values come ---- */

static void
note_adaptation (GstRnnForecast *self)
{
  guint64 falls;
  gboolean adapted = rnn_forecaster_is_adapted (self->forecaster, &falls);

  GST_OBJECT_LOCK (self);
  self->adapted = adapted;
  self->n_falls = falls;
  GST_OBJECT_UNLOCK (self);
}

/* The row in self->row (NAN: missing) of @pts. */
static GstFlowReturn
step (GstRnnForecast *self, GstClockTime pts, gboolean forecasts)
{
  GstBuffer *buffer = NULL;

  gst_rnn_forecast_foretell (self, pts);
  rnn_forecaster_push_with (self->forecaster, self->row, self->past);
  note_adaptation (self);
  self->count++;
  self->next = step_after (self, pts);
  if (rnn_forecaster_is_ready (self->forecaster) && forecasts && self->count - self->pushed >= self->now.every)
    buffer = make_forecast (self);
  gst_rnn_forecast_judge (self, pts, buffer);
  if (g_get_monotonic_time () - self->saved >= (gint64) self->now.state_interval * 1000)
    gst_rnn_forecast_save_state (self);
  return buffer ? push_forecast (self, buffer) : GST_FLOW_OK;
}

/* Steps without a value; too many of them: begins anew. */
static void
step_over (GstRnnForecast *self, gint64 steps)
{
  if (steps > self->now.max_gap) {
    GST_INFO_OBJECT (self, "a gap of %" G_GINT64_FORMAT " steps: beginning anew", steps);
    GST_OBJECT_LOCK (self);
    self->n_resets++;
    GST_OBJECT_UNLOCK (self);
    gst_rnn_forecast_forget (self);
    return;
  }
  for (gint i = 0; i < self->n_streams; i++)
    self->row[i] = NAN;
  gst_rnn_forecast_take_past (self, NULL);
  for (gint64 k = 0; k < steps; k++)
    step (self, self->next, FALSE);
}

/* Where in time @pts is, seen from what is due.  FALSE: it is known from before the restart. */
static gboolean
align (GstRnnForecast *self, GstClockTime pts)
{
  gint64 origin = self->series.start, steps = 0;

  if (!GST_CLOCK_TIME_IS_VALID (pts) || self->series.step.n == 0)
    return TRUE;
  if (self->resume != RNN_TIME_NONE && origin != RNN_TIME_NONE) {
    gint64 time = origin + (gint64) pts;

    if (time <= self->resume)
      return FALSE;
    steps = rnn_time_step_count (&self->series.step, self->resume, time) - 1;
    self->resume = RNN_TIME_NONE;
    self->next = pts;
    if (steps != 0)
      step_over (self, steps > 0 ? steps : G_MAXINT64);
    return TRUE;
  }
  if (!GST_CLOCK_TIME_IS_VALID (self->next))
    return TRUE;
  origin = origin == RNN_TIME_NONE ? 0 : origin;
  steps = rnn_time_step_count (&self->series.step, origin + (gint64) self->next, origin + (gint64) pts);
  if (steps != 0)
    step_over (self, steps > 0 ? steps : G_MAXINT64);   /* back, or between two steps: a new stretch */
  return TRUE;
}

static GstFlowReturn
take_row (GstRnnForecast *self, const gfloat *values, GstClockTime pts)
{
  if (!align (self, pts))
    return GST_FLOW_OK;
  for (gint i = 0; i < self->n_streams; i++)
    self->row[i] = values[self->places[i]];
  gst_rnn_forecast_take_past (self, values);
  GST_OBJECT_LOCK (self);
  self->n_values++;
  GST_OBJECT_UNLOCK (self);
  return step (self, pts, TRUE);
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnForecast *self = GST_RNN_FORECAST (parent);
  gsize row = (gsize) self->series.channels * sizeof (gfloat);
  GstFlowReturn flow = GST_FLOW_OK;
  GstClockTime pts = GST_BUFFER_PTS (buffer);
  GstMapInfo map;

  if (!self->forecaster || !gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    refuse (self, "There are no caps that say what the buffers are");
    return GST_FLOW_NOT_NEGOTIATED;
  }
  GST_OBJECT_LOCK (self);
  self->now = self->settings;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_forecast_load_if_wanted (self);
  for (gsize k = 0; (k + 1) * row <= map.size && flow == GST_FLOW_OK; k++) {
    flow = take_row (self, (const gfloat *) (gpointer) (map.data + k * row), pts);
    pts = step_after (self, pts);
  }
  gst_rnn_forecast_save_if_wanted (self);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  return flow;
}

/* ---- events ---- */

static void
take_gap (GstRnnForecast *self, GstEvent *event)
{
  GstClockTime start, duration;

  gst_event_parse_gap (event, &start, &duration);
  if (self->forecaster && self->series.step.n > 0 && GST_CLOCK_TIME_IS_VALID (duration) && self->count > 0
      && self->resume == RNN_TIME_NONE && start == self->next) {
    gint64 origin = self->series.start == RNN_TIME_NONE ? 0 : self->series.start;
    gint64 steps = rnn_time_step_count (&self->series.step, origin + (gint64) start, origin + (gint64) (start + duration));

    if (steps > 0)
      step_over (self, steps);
  }
}

static gboolean
take_segment (GstRnnForecast *self, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME || segment->rate < 0) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("A segment of time that runs forwards is needed"), (NULL));
    return FALSE;
  }
  gst_event_copy_segment (event, &self->segment);
  return TRUE;
}

static void
take_tags (GstRnnForecast *self, GstEvent *event)
{
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  if (self->forecaster)
    gst_rnn_forecast_take_tags (self, tags);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnForecast *self = GST_RNN_FORECAST (parent);
  gboolean good;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      good = set_caps (self, event);
      gst_event_unref (event);
      return good;
    case GST_EVENT_SEGMENT:
      if (!take_segment (self, event)) {
        gst_event_unref (event);
        return FALSE;
      }
      break;
    case GST_EVENT_TAG:
      take_tags (self, event);
      break;
    case GST_EVENT_GAP:
      gst_rnn_forecast_load_if_wanted (self);
      take_gap (self, event);
      break;
    case GST_EVENT_EOS:
      if (self->forecaster && rnn_forecaster_is_ready (self->forecaster)
          && (self->pushed != self->count || self->untold_state))
        push_forecast (self, make_forecast (self));
      gst_rnn_forecast_save_state (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      gst_rnn_forecast_forget (self);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstRnnForecast *self = GST_RNN_FORECAST (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !load_model (self))
    return GST_STATE_CHANGE_FAILURE;
  ret = GST_ELEMENT_CLASS (gst_rnn_forecast_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY) {
    gst_rnn_forecast_save_state (self);
    g_clear_pointer (&self->forecaster, rnn_forecaster_free);
    gst_rnn_series_clear (&self->series);
    gst_rnn_forecast_clear_covariates (self);
    gst_rnn_forecast_forget (self);
  } else if (transition == GST_STATE_CHANGE_READY_TO_NULL) {
    g_clear_pointer (&self->model, rnn_model_unref);
    g_clear_pointer (&self->columns, g_strfreev);
  }
  return ret;
}

/* ---- the element ---- */

static void
finalize (GObject *object)
{
  GstRnnForecast *self = GST_RNN_FORECAST (object);

  g_free (self->model_file);
  g_free (self->state_file);
  g_free (self->known_file);
  g_free (self->categories);
  g_free (self->save_wanted);
  g_free (self->load_wanted);
  g_free (self->places);
  g_free (self->row);
  G_OBJECT_CLASS (gst_rnn_forecast_parent_class)->finalize (object);
}

static void
gst_rnn_forecast_class_init (GstRnnForecastClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (rnn_forecast_debug, "rnnforecast", 0, "forecasts of time series");
  gst_rnn_forecast_register_meta ();
  object_class->finalize = finalize;
  gst_rnn_forecast_install_properties (object_class);
  gst_rnn_forecast_install_signals (object_class);
  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Forecaster", "Filter/Analyzer",
      "Forecasts time series while they stream", "gst-rnn");
}

static void
gst_rnn_forecast_init (GstRnnForecast *self)
{
  self->sinkpad = gst_rnn_series_add_sinkpad (GST_ELEMENT (self), chain, sink_event);
  self->srcpad = gst_rnn_series_add_srcpad (GST_ELEMENT (self));

  self->settings = (GstRnnForecastSettings) { .coverage = 0.9, .anomaly_probability = 0.01, .every = 1, .max_gap = 24,
    .anomaly_interval = 24, .post_anomalies = TRUE, .state_interval = 1000 };
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->series.start = RNN_TIME_NONE;
  self->next = GST_CLOCK_TIME_NONE;
  self->resume = RNN_TIME_NONE;
}
