/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Caps of series, written and read. */
#include "gstrnnseries.h"
#include <string.h>

/* Steps of one length as a rate; others have none. */
static void
step_to_rate (const RnnTimeStep *step, gint *n, gint *d)
{
  gint64 divisor = step->n > 0 ? (gint64) gst_util_greatest_common_divisor_int64 (GST_SECOND, step->n) : 1;

  *n = 0;
  *d = 1;
  if (step->kind != RNN_STEP_TIME || step->n <= 0 || step->n / divisor > G_MAXINT)
    return;
  *n = (gint) ((gint64) GST_SECOND / divisor);
  *d = (gint) (step->n / divisor);
}

GstCaps *
gst_rnn_series_to_caps (const GstRnnSeries *s, const gchar *kind)
{
  g_autofree gchar *dimensions = s->horizon == 1 ? g_strdup_printf ("%d:1", s->channels)
      : g_strdup_printf ("%d:%d:1", s->channels, s->horizon);
  gint n, d;
  GstCaps *caps;

  step_to_rate (&s->step, &n, &d);
  caps = gst_caps_new_simple ("other/tensors", "format", G_TYPE_STRING, "static", "num_tensors", G_TYPE_INT, 1,
      "types", G_TYPE_STRING, "float32", "dimensions", G_TYPE_STRING, dimensions,
      "framerate", GST_TYPE_FRACTION, n, d, "rnn-kind", G_TYPE_STRING, kind, NULL);
  if (s->step.n > 0) {
    g_autofree gchar *step = rnn_time_step_format (&s->step);

    gst_caps_set_simple (caps, "rnn-step", G_TYPE_STRING, step, NULL);
  }
  if (s->start != RNN_TIME_NONE) {
    gchar text[RNN_TIME_TEXT];

    gst_caps_set_simple (caps, "rnn-start", G_TYPE_STRING, rnn_time_format (s->start, text), NULL);
  }
  if (s->columns)
    gst_caps_set_simple (caps, "rnn-columns", G_TYPE_STRING, s->columns, NULL);
  return caps;
}

/* "C", "C:1", "C:H", "C:H:1:1" */
static gboolean
parse_dimensions (const gchar *text, gint *channels, gint *horizon)
{
  g_auto (GStrv) parts = g_strsplit (text, ":", -1);
  guint64 sizes[2] = { 0, 1 };

  for (guint i = 0; parts[i]; i++)
    if (!g_ascii_string_to_unsigned (parts[i], 10, 1, i < 2 ? 1 << 20 : 1, i < 2 ? &sizes[i] : NULL, NULL))
      return FALSE;
  *channels = (gint) sizes[0];
  *horizon = (gint) sizes[1];
  return sizes[0] > 0 && sizes[0] * sizes[1] <= G_MAXINT / sizeof (gfloat);
}

static void
read_hints (GstRnnSeries *series, const GstStructure *s)
{
  const gchar *start = gst_structure_get_string (s, "rnn-start"), *step = gst_structure_get_string (s, "rnn-step");
  gint n, d;

  series->columns = g_strdup (gst_structure_get_string (s, "rnn-columns"));
  series->start = start ? rnn_time_parse (start, strlen (start), RNN_EPOCH_AUTO) : RNN_TIME_NONE;
  if (step && rnn_time_step_parse (&series->step, step, NULL))
    return;
  series->step = (RnnTimeStep) { RNN_STEP_TIME, 0 };
  if (gst_structure_get_fraction (s, "framerate", &n, &d) && n > 0)
    series->step.n = (gint64) gst_util_uint64_scale (GST_SECOND, (guint64) d, (guint64) n);
}

gboolean
gst_rnn_series_from_caps (GstRnnSeries *series, const GstCaps *caps, GError **error)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *dimensions = gst_structure_get_string (s, "dimensions");
  gint rate;

  *series = (GstRnnSeries) { .horizon = 1, .start = RNN_TIME_NONE };
  if (gst_structure_has_name (s, "audio/x-raw")) {
    if (!gst_structure_get_int (s, "channels", &series->channels) || !gst_structure_get_int (s, "rate", &rate))
      return FALSE;
    series->step = (RnnTimeStep) { RNN_STEP_TIME, (gint64) GST_SECOND / rate };
    return TRUE;
  }
  if (!dimensions || !parse_dimensions (dimensions, &series->channels, &series->horizon)) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
        "dimensions=%s: a vector of C floats (\"3:1\"), or H of them (\"3:24\"), is needed", dimensions ? dimensions : "(none)");
    return FALSE;
  }
  read_hints (series, s);
  return TRUE;
}

void
gst_rnn_series_clear (GstRnnSeries *series)
{
  g_clear_pointer (&series->columns, g_free);
}

GstClockTime
gst_rnn_series_get_pts (const GstRnnSeries *s, gint64 k)
{
  gint64 start = s->start == RNN_TIME_NONE ? 0 : s->start, time = rnn_time_step_add (&s->step, start, k);

  return time == RNN_TIME_NONE ? GST_CLOCK_TIME_NONE : (GstClockTime) (time - start);
}

/* ---- pads ---- */

static GstPad *
new_pad (GstElement *element, const gchar *name)
{
  return gst_pad_new_from_template (gst_element_get_pad_template (element, name), name);
}

GstPad *
gst_rnn_series_add_sinkpad (GstElement *element, GstPadChainFunction chain, GstPadEventFunction event)
{
  GstPad *pad = new_pad (element, "sink");

  gst_pad_set_chain_function (pad, chain);
  gst_pad_set_event_function (pad, event);
  gst_element_add_pad (element, pad);
  return pad;
}

GstPad *
gst_rnn_series_add_srcpad (GstElement *element)
{
  GstPad *pad = new_pad (element, "src");

  gst_pad_use_fixed_caps (pad);
  gst_element_add_pad (element, pad);
  return pad;
}
