/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was not expected: a message and a meta, no more often than `anomaly-interval` steps. */
#include "gstrnnforecast-private.h"
#include <math.h>

#define META "GstRnnAnomalyMeta"

void
gst_rnn_forecast_register_meta (void)
{
  static const gchar *tags[] = { NULL };
  static gsize once = 0;

  if (g_once_init_enter (&once)) {
    gst_meta_register_custom (META, tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

static GstStructure *
describe (GstRnnForecast *self, gint stream, GstClockTime pts, gfloat mean, gfloat radius, gfloat probability)
{
  gchar *column = self->columns ? g_strdup (self->columns[stream]) : g_strdup_printf ("%d", self->places[stream] + 1);
  GstStructure *s = gst_structure_new ("rnnforecast", "type", G_TYPE_STRING, "anomaly",
      "timestamp", G_TYPE_UINT64, pts,
      "stream-time", G_TYPE_UINT64, gst_segment_to_stream_time (&self->segment, GST_FORMAT_TIME, pts),
      "running-time", G_TYPE_UINT64, gst_segment_to_running_time (&self->segment, GST_FORMAT_TIME, pts),
      "column", G_TYPE_STRING, column, "value", G_TYPE_DOUBLE, (gdouble) self->row[stream],
      "expected", G_TYPE_DOUBLE, (gdouble) mean, "lower", G_TYPE_DOUBLE, (gdouble) mean - radius,
      "upper", G_TYPE_DOUBLE, (gdouble) mean + radius, "probability", G_TYPE_DOUBLE, (gdouble) probability,
      "untold", G_TYPE_UINT64, self->untold, NULL);

  g_free (column);
  return s;
}

static void
tell (GstRnnForecast *self, GstStructure *anomaly, GstBuffer *buffer)
{
  if (buffer) {
    GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, META);
    GstStructure *to = meta ? gst_custom_meta_get_structure (meta) : NULL;

    for (gint i = 0; to && i < gst_structure_n_fields (anomaly); i++) {
      const gchar *name = gst_structure_nth_field_name (anomaly, (guint) i);

      gst_structure_set_value (to, name, gst_structure_get_value (anomaly, name));
    }
  }
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), anomaly));
  self->told = self->count;
  self->untold = 0;
}

void
gst_rnn_forecast_judge (GstRnnForecast *self, GstClockTime pts, GstBuffer *buffer)
{
  for (gint i = 0; i < self->n_streams; i++) {
    gfloat mean, radius, probability;

    if (!rnn_forecaster_judge (self->forecaster, (guint) i, &mean, &radius, &probability)
        || fabsf (self->row[i] - mean) <= radius || probability > self->now.anomaly_probability)
      continue;
    GST_OBJECT_LOCK (self);
    self->n_anomalies++;
    GST_OBJECT_UNLOCK (self);
    if (self->now.post_anomalies && (self->told == 0 || self->count - self->told >= self->now.anomaly_interval))
      tell (self, describe (self, i, pts, mean, radius, probability), buffer);
    else
      self->untold++;
  }
}
