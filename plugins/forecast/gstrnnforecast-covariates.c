/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rnnforecast tells a model beside the values: the time, what `known-file` knows ahead, columns of the past, categories. */
#include "gstrnnforecast-private.h"
#include <math.h>
#include <string.h>

GST_DEBUG_CATEGORY_EXTERN (rnn_forecast_debug);
#define GST_CAT_DEFAULT rnn_forecast_debug

static gboolean G_GNUC_PRINTF (2, 3)
refuse (GstRnnForecast *self, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("%s: %s", rnn_model_get_path (self->model), reason), (NULL));
  return FALSE;
}

void
gst_rnn_forecast_clear_covariates (GstRnnForecast *self)
{
  g_clear_pointer (&self->known, rnn_series_free);
  g_clear_pointer (&self->past_places, g_free);
  g_clear_pointer (&self->past, g_free);
}

/* ---- negotiation ---- */

static gboolean
find_past (GstRnnForecast *self, const RnnCovariates *c)
{
  g_auto (GStrv) names = g_strsplit (self->series.columns ? self->series.columns : "", ",", -1);

  self->past_places = g_new (gint, c->n_past + 1);
  self->past = g_new (gfloat, c->n_past + 1);
  for (guint i = 0; i < c->n_past; i++) {
    gint at = 0;

    while (names[at] && strcmp (names[at], c->past[i]))
      at++;
    if (!names[at] || at >= self->series.channels)
      return refuse (self, "the model reads the past of a column \"%s\"; the stream has %s", c->past[i],
          self->series.columns ? self->series.columns : "no names");
    self->past_places[i] = at;
  }
  return TRUE;
}

static gboolean
load_known (GstRnnForecast *self, const RnnCovariates *c, const gchar *path)
{
  g_autofree gchar *columns = g_strjoinv (",", c->known);
  const RnnSeriesFormat format = { .values = columns };
  const RnnSeriesRules rules = { .step = &self->series.step };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = NULL;

  if (!path)
    return refuse (self, "the model looks at column %s of the steps ahead, which no stream has: known-file has to name a table "
        "with its times", c->known[0]);
  all = rnn_series_load (path, &format, &rules, &error);
  if (!all)
    return refuse (self, "known-file: %s", error->message);
  if (((RnnSeries *) all->pdata[0])->start == RNN_TIME_NONE)
    return refuse (self, "known-file: %s has no column of times", path);
  self->known = g_ptr_array_steal_index (all, 0);
  return TRUE;
}

gboolean
gst_rnn_forecast_negotiate_covariates (GstRnnForecast *self)
{
  const RnnCovariates *c = rnn_forecaster_get_covariates (self->forecaster);
  g_autofree gchar *path = NULL;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->known_file);
  GST_OBJECT_UNLOCK (self);
  gst_rnn_forecast_clear_covariates (self);
  if (c->n_calendar + c->n_known > 0 && (self->series.start == RNN_TIME_NONE || self->series.step.n == 0))
    return refuse (self, "the model asks for the %s of every step, and the stream's caps have no rnn-start that says when it begins",
        c->n_calendar ? c->calendar[0] : c->known[0]);
  return find_past (self, c) && (c->n_known == 0 || load_known (self, c, path));
}

/* ---- categories ---- */

static void
set_category (GstRnnForecast *self, const gchar *name, const gchar *value)
{
  const RnnCovariates *c = rnn_forecaster_get_covariates (self->forecaster);

  for (guint k = 0; k < c->n_categories; k++) {
    gboolean seen = TRUE;

    if (name && strcmp (c->categories[k], name))
      continue;
    for (gint i = 0; i < self->n_streams; i++)
      seen = rnn_forecaster_set_category (self->forecaster, (guint) i, k, value) && seen;
    if (name && !seen)
      GST_ELEMENT_WARNING (self, STREAM, FORMAT, ("%s: training has not seen %s=%s; it is forecast as something unknown",
              rnn_model_get_path (self->model), name, value), (NULL));
  }
}

static void
set_pair (GstRnnForecast *self, const gchar *pair)
{
  g_auto (GStrv) halves = g_strsplit (pair, "=", 2);

  if (halves[0] && halves[1])
    set_category (self, g_strstrip (halves[0]), g_strstrip (halves[1]));
}

void
gst_rnn_forecast_set_categories (GstRnnForecast *self)
{
  g_autofree gchar *text = NULL;
  g_auto (GStrv) pairs = NULL;

  GST_OBJECT_LOCK (self);
  text = g_strdup (self->categories);
  GST_OBJECT_UNLOCK (self);
  pairs = g_strsplit (text ? text : "", ",", -1);
  for (gchar **pair = pairs; *pair; pair++)
    set_pair (self, *pair);
}

/* "column=value", as rnncsvparse tells what its category-columns say of a series */
void
gst_rnn_forecast_take_tags (GstRnnForecast *self, const GstTagList *tags)
{
  gchar *pair;

  for (guint i = 0; gst_tag_list_get_string_index (tags, GST_TAG_EXTENDED_COMMENT, i, &pair); i++) {
    set_pair (self, pair);
    g_free (pair);
  }
}

/* ---- values come ---- */

static void
warn_of_end (GstRnnForecast *self, gint64 time)
{
  gchar text[RNN_TIME_TEXT];

  if (self->known_ended)
    return;
  self->known_ended = TRUE;
  GST_ELEMENT_WARNING (self, RESOURCE, READ, ("known-file: says nothing of %s; what it said last is taken for it",
          rnn_time_format (time, text)), (NULL));
}

/* Columns of the step @ahead of the one at @time */
static void
foretell (GstRnnForecast *self, gint64 time, guint ahead)
{
  gint64 then = rnn_time_step_add (&self->series.step, time, ahead);
  gint64 row = then == RNN_TIME_NONE ? -1 : rnn_time_step_count (&self->known->step, self->known->start, then);

  if (row >= 0 && row < self->known->n)
    rnn_forecaster_foretell (self->forecaster, ahead, self->known->values + (gsize) row * self->known->channels);
  else
    warn_of_end (self, then);
}

void
gst_rnn_forecast_foretell (GstRnnForecast *self, GstClockTime pts)
{
  guint H = rnn_forecaster_get_horizon (self->forecaster);
  gint64 time;

  if (self->series.start == RNN_TIME_NONE || self->series.step.n == 0 || !GST_CLOCK_TIME_IS_VALID (pts))
    return;
  time = self->series.start + (gint64) pts;
  if (!self->clocked)
    rnn_forecaster_set_clock (self->forecaster, time, &self->series.step);
  for (guint h = self->clocked ? H : 0; self->known && h <= H; h++)
    foretell (self, time, h);
  self->clocked = TRUE;
}

void
gst_rnn_forecast_take_past (GstRnnForecast *self, const gfloat *values)
{
  guint n = rnn_forecaster_get_covariates (self->forecaster)->n_past;

  for (guint i = 0; i < n; i++)
    self->past[i] = values ? values[self->past_places[i]] : NAN;
}
