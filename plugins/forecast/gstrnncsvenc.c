/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rnncsvenc
 * @title: rnncsvenc
 * @short_description: writes time series and forecasts as CSV
 *
 * A header, then a row per time step: its time, and its numbers.  Times are dates where the caps tell what PTS 0 is
 * (`rnn-start`), else seconds.  Forecasts have a row per step of the horizon, whose second column counts them from 1.  GAPs
 * are rows that are not there; what is no number is an empty field.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=in.csv ! rnncsvparse columns=OT ! rnncsvenc ! filesink location=out.csv
 * ]|
 */
#include "gstrnncsvenc.h"
#include "gstrnnseries.h"
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (rnn_csv_enc_debug);
#define GST_CAT_DEFAULT rnn_csv_enc_debug

enum { PROP_0, PROP_SEPARATOR, PROP_DECIMAL_COMMA };

struct _GstRnnCsvEnc {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* under the object lock */
  gchar *separator;
  gboolean decimal_comma;

  /* streaming thread */
  GstRnnSeries series;          /* channels 0: no caps yet */
  GstSegment segment;
  gchar between;                /* the separator in use */
  gboolean comma;
  gboolean begun;               /* the header is out */
  guint64 bytes;                /* that left */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_SERIES_CAPS "; " GST_RNN_SERIES_AUDIO_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/csv"));

G_DEFINE_TYPE (GstRnnCsvEnc, gst_rnn_csv_enc, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (rnncsvenc, "rnncsvenc", GST_RANK_NONE, GST_TYPE_RNN_CSV_ENC)

/* ---- text ---- */

static void
append_header (GstRnnCsvEnc *self, GString *text)
{
  g_auto (GStrv) names = self->series.columns ? g_strsplit (self->series.columns, ",", -1) : NULL;
  gboolean named = names && (gint) g_strv_length (names) == self->series.channels;

  g_string_append (text, "time");
  if (self->series.horizon > 1)
    g_string_append_printf (text, "%chorizon", self->between);
  for (gint i = 0; i < self->series.channels; i++) {
    g_string_append_c (text, self->between);
    if (named && strpbrk (names[i], "\",;\t\n")) {
      g_autofree gchar *quoted = g_strdelimit (g_strdup (names[i]), "\"\n", '\'');

      g_string_append_printf (text, "\"%s\"", quoted);
    } else if (named) {
      g_string_append (text, names[i]);
    } else {
      g_string_append_printf (text, "value%d", i + 1);
    }
  }
  g_string_append_c (text, '\n');
}

static void
append_time (GstRnnCsvEnc *self, GString *text, GstClockTime pts)
{
  gchar time[RNN_TIME_TEXT];

  if (!GST_CLOCK_TIME_IS_VALID (pts))
    return;
  if (self->series.start != RNN_TIME_NONE)
    g_string_append (text, rnn_time_format (self->series.start + (gint64) pts, time));
  else if (pts % GST_SECOND == 0)
    g_string_append_printf (text, "%" G_GUINT64_FORMAT, pts / GST_SECOND);
  else
    g_string_append_printf (text, "%" G_GUINT64_FORMAT "%c%09" G_GUINT64_FORMAT, pts / GST_SECOND, self->comma ? ',' : '.',
        pts % GST_SECOND);
}

static void
append_row (GstRnnCsvEnc *self, GString *text, GstClockTime pts, gint h, const gfloat *values)
{
  append_time (self, text, pts);
  if (self->series.horizon > 1)
    g_string_append_printf (text, "%c%d", self->between, h + 1);
  for (gint i = 0; i < self->series.channels; i++) {
    gchar number[G_ASCII_DTOSTR_BUF_SIZE];

    rnn_number_format (values[i], number);
    if (self->comma)
      g_strdelimit (number, ".", ',');
    g_string_append_printf (text, "%c%s", self->between, number);
  }
  g_string_append_c (text, '\n');
}

/* Of the k-th step after the buffer's PTS */
static GstClockTime
get_time (GstRnnCsvEnc *self, GstClockTime pts, gint k)
{
  gint64 origin = self->series.start == RNN_TIME_NONE ? 0 : self->series.start, time;

  if (!GST_CLOCK_TIME_IS_VALID (pts) || k == 0)
    return pts;
  if (self->series.step.n == 0)
    return GST_CLOCK_TIME_NONE;
  time = rnn_time_step_add (&self->series.step, origin + (gint64) pts, k);
  return time == RNN_TIME_NONE ? GST_CLOCK_TIME_NONE : (GstClockTime) (time - origin);
}

/* ---- the stream ---- */

static void
begin (GstRnnCsvEnc *self)
{
  g_autoptr (GstCaps) caps = gst_caps_new_empty_simple ("text/csv");

  GST_OBJECT_LOCK (self);
  self->comma = self->decimal_comma;
  self->between = self->separator && *self->separator ? *self->separator : self->comma ? ';' : ',';
  GST_OBJECT_UNLOCK (self);
  gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  gst_pad_push_event (self->srcpad, gst_event_new_segment (&self->segment));
}

static GstFlowReturn
push_text (GstRnnCsvEnc *self, GString *text, GstBuffer *of)
{
  gsize n = text->len;
  GstBuffer *buffer = gst_buffer_new_wrapped (g_string_free (text, FALSE), n);

  gst_buffer_copy_into (buffer, of, GST_BUFFER_COPY_TIMESTAMPS, 0, -1);
  GST_BUFFER_OFFSET (buffer) = self->bytes;
  self->bytes += n;
  GST_BUFFER_OFFSET_END (buffer) = self->bytes;
  return gst_pad_push (self->srcpad, buffer);
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnCsvEnc *self = GST_RNN_CSV_ENC (parent);
  GString *text = g_string_new (NULL);
  gsize row = (gsize) self->series.channels * sizeof (gfloat);
  GstFlowReturn flow = GST_FLOW_NOT_NEGOTIATED;
  GstMapInfo map;

  if (self->series.channels > 0 && gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    if (!self->begun)
      begin (self);
    if (!self->begun)
      append_header (self, text);
    self->begun = TRUE;
    for (gsize k = 0; (k + 1) * row <= map.size; k++)
      append_row (self, text, get_time (self, GST_BUFFER_PTS (buffer), (gint) k), (gint) k,
          (const gfloat *) (gpointer) (map.data + k * row));
    gst_buffer_unmap (buffer, &map);
    flow = push_text (self, g_steal_pointer (&text), buffer);
  } else {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("There are no caps that say what the buffers are"), (NULL));
  }
  if (text)
    g_string_free (text, TRUE);
  gst_buffer_unref (buffer);
  return flow;
}

/* Other columns after the header is out would be told by nobody. */
static gboolean
set_caps (GstRnnCsvEnc *self, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  GstRnnSeries series;
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!gst_rnn_series_from_caps (&series, caps, &error)) {
    GST_ELEMENT_ERROR (self, CORE, NEGOTIATION, ("%s", error ? error->message : "these are no series"), (NULL));
    return FALSE;
  }
  if (self->begun && (series.channels != self->series.channels || (series.horizon > 1) != (self->series.horizon > 1))) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("A table of %d columns cannot go on with %d", self->series.channels,
            series.channels), (NULL));
    gst_rnn_series_clear (&series);
    return FALSE;
  }
  gst_rnn_series_clear (&self->series);
  self->series = series;
  return TRUE;
}

static void
forget (GstRnnCsvEnc *self)
{
  gst_rnn_series_clear (&self->series);
  self->series.channels = 0;
  self->begun = FALSE;
  self->bytes = 0;
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnCsvEnc *self = GST_RNN_CSV_ENC (parent);
  gboolean good = TRUE;

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      good = set_caps (self, event);
      gst_event_unref (event);
      return good;
    case GST_EVENT_SEGMENT:
      gst_event_copy_segment (event, &self->segment);
      if (self->begun)
        break;
      gst_event_unref (event);  /* goes after the caps */
      return TRUE;
    case GST_EVENT_GAP:
      if (self->begun)
        break;
      gst_event_unref (event);
      return TRUE;
    case GST_EVENT_EOS:
      if (!self->begun && self->series.channels > 0) {
        GString *text = g_string_new (NULL);
        g_autoptr (GstBuffer) none = gst_buffer_new ();

        begin (self);
        append_header (self, text);
        push_text (self, text, none);
      }
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstStateChangeReturn ret = GST_ELEMENT_CLASS (gst_rnn_csv_enc_parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    forget (GST_RNN_CSV_ENC (element));
  return ret;
}

/* ---- properties ---- */

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnCsvEnc *self = GST_RNN_CSV_ENC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SEPARATOR) {
    g_free (self->separator);
    self->separator = g_value_dup_string (value);
  } else if (id == PROP_DECIMAL_COMMA) {
    self->decimal_comma = g_value_get_boolean (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnCsvEnc *self = GST_RNN_CSV_ENC (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_SEPARATOR)
    g_value_set_string (value, self->separator);
  else if (id == PROP_DECIMAL_COMMA)
    g_value_set_boolean (value, self->decimal_comma);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
finalize (GObject *object)
{
  GstRnnCsvEnc *self = GST_RNN_CSV_ENC (object);

  forget (self);
  g_free (self->separator);
  G_OBJECT_CLASS (gst_rnn_csv_enc_parent_class)->finalize (object);
}

static void
gst_rnn_csv_enc_class_init (GstRnnCsvEncClass *klass)
{
  static const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (rnn_csv_enc_debug, "rnncsvenc", 0, "time series to CSV");
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  g_object_class_install_property (object_class, PROP_SEPARATOR, g_param_spec_string ("separator", "Separator",
          "What stands between fields; unset: a comma, or a semicolon where numbers have commas", NULL, flags));
  g_object_class_install_property (object_class, PROP_DECIMAL_COMMA, g_param_spec_boolean ("decimal-comma",
          "Decimal comma", "Numbers get a comma before their fraction", FALSE, flags));
  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "CSV encoder", "Codec/Encoder",
      "Writes time series and forecasts as CSV", "gst-rnn");
}

static void
gst_rnn_csv_enc_init (GstRnnCsvEnc *self)
{
  self->sinkpad = gst_rnn_series_add_sinkpad (GST_ELEMENT (self), chain, sink_event);
  self->srcpad = gst_rnn_series_add_srcpad (GST_ELEMENT (self));
  gst_segment_init (&self->segment, GST_FORMAT_TIME);
  self->series.start = RNN_TIME_NONE;
}
