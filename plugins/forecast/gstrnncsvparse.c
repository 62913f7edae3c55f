/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * SECTION:element-rnncsvparse
 * @title: rnncsvparse
 * @short_description: turns CSV into time series
 *
 * Reads a text table with a header as a stream: a row is a time step, a column a number of it.  PTS is the row's time
 * since the first row's, which the caps name (`rnn-start`); without a time column rows are `step` apart.  Steps that are
 * not there, or have no value, are GAP events; a single value that is missing among others is NaN.
 *
 * With `id-column` the rows of one id are one series, which begins with a segment of its own and a title tag.  What `category-columns`
 * say of a whole series are tags, "COLUMN=VALUE" as extended comments.
 *
 * ## Example
 * |[
 * gst-launch-1.0 filesrc location=ETTh1.csv ! rnncsvparse columns=OT ! fakesink dump=true
 * ]|
 */
/* Rows wait in `rows`, sorted by time, until the step is known and `sort` later ones have come. */
#include "gstrnncsvparse.h"
#include "gstrnnseries.h"
#include <math.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (rnn_csv_parse_debug);
#define GST_CAT_DEFAULT rnn_csv_parse_debug

#define GUESS_FROM 8            /* rows */

enum { PROP_0, PROP_TIME_COLUMN, PROP_COLUMNS, PROP_ID_COLUMN, PROP_CATEGORY_COLUMNS, PROP_STEP, PROP_SEPARATOR, PROP_DECIMAL_COMMA, PROP_HEADER,
  PROP_EPOCH_UNIT, PROP_LENIENT, PROP_SORT };

typedef struct {
  gint64 time;
  guint64 line;
  GstBuffer *buffer;            /* NULL: no value at all */
} Row;

struct _GstRnnCsvParse {
  GstElement parent;
  GstPad *sinkpad, *srcpad;

  /* under the object lock */
  gchar *time_column, *columns, *id_column, *category_columns, *step, *separator;
  gboolean decimal_comma, header, lenient;
  RnnEpochUnit epoch;
  guint sort;

  /* streaming thread */
  RnnSeriesReader *reader;
  gchar *where;
  GArray *rows;                 /* of Row, by time */
  guint hold;                   /* rows that wait for later ones */
  GstRnnSeries series;
  gboolean failed, begun;       /* begun: the series' caps and segment are out */
  gchar *id, **categories;      /* of the series under way, or NULL */
  GHashTable *ids;              /* those that were */
  gint64 last;                  /* time of the row that left last, or RNN_TIME_NONE */
  gint64 count;                 /* steps that left */
  GstClockTime base;            /* running time where the series begins */
};

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/csv"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_SERIES_CAPS));

G_DEFINE_TYPE (GstRnnCsvParse, gst_rnn_csv_parse, GST_TYPE_ELEMENT)
GST_ELEMENT_REGISTER_DEFINE (rnncsvparse, "rnncsvparse", GST_RANK_NONE, GST_TYPE_RNN_CSV_PARSE)

#define TYPE_EPOCH_UNIT (epoch_unit_get_type ())
static GType
epoch_unit_get_type (void)
{
  static const GEnumValue values[] = {
    { RNN_EPOCH_AUTO, "ISO 8601, or a number whose size tells its unit", "auto" },
    { RNN_EPOCH_SECONDS, "Seconds since 1970", "s" },
    { RNN_EPOCH_MILLISECONDS, "Milliseconds since 1970", "ms" },
    { RNN_EPOCH_MICROSECONDS, "Microseconds since 1970", "us" },
    { RNN_EPOCH_NANOSECONDS, "Nanoseconds since 1970", "ns" },
    { 0 }
  };
  static GType type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstRnnEpochUnit", values));
  return type;
}

/* ---- beginning and end ---- */

static void
row_clear (gpointer row)
{
  gst_clear_buffer (&((Row *) row)->buffer);
}

static void
forget (GstRnnCsvParse *self)
{
  g_clear_pointer (&self->reader, rnn_series_reader_free);
  g_clear_pointer (&self->where, g_free);
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->categories, g_strfreev);
  gst_rnn_series_clear (&self->series);
  g_array_set_size (self->rows, 0);
  g_hash_table_remove_all (self->ids);
  self->series.step.n = 0;
  self->failed = self->begun = FALSE;
  self->last = RNN_TIME_NONE;
  self->count = 0;
  self->base = 0;
}

/* What messages call the table: the file that it comes from, if one can be asked for. */
static gchar *
ask_name (GstRnnCsvParse *self)
{
  GstQuery *query = gst_query_new_uri ();
  g_autofree gchar *uri = NULL;
  gchar *name = NULL;

  if (gst_pad_peer_query (self->sinkpad, query))
    gst_query_parse_uri (query, &uri);
  gst_query_unref (query);
  if (uri)
    name = g_filename_from_uri (uri, NULL, NULL);
  return name ? name : uri ? g_steal_pointer (&uri) : g_strdup ("the table");
}

static gboolean
fail (GstRnnCsvParse *self, const gchar *message)
{
  self->failed = TRUE;
  GST_ELEMENT_ERROR (self, STREAM, DECODE, ("%s", message), (NULL));
  return FALSE;
}

static gboolean
begin (GstRnnCsvParse *self)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *time = NULL, *id = NULL, *columns = NULL, *categories = NULL, *step = NULL;
  RnnSeriesFormat format = { NULL };

  GST_OBJECT_LOCK (self);
  format.time = time = g_strdup (self->time_column);
  format.id = id = g_strdup (self->id_column);
  format.values = columns = g_strdup (self->columns);
  format.categories = categories = g_strdup (self->category_columns);
  format.separator = self->separator ? *self->separator : 0;
  format.decimal = self->decimal_comma ? ',' : '.';
  format.no_header = !self->header;
  format.epoch = self->epoch;
  format.lenient = self->lenient;
  self->hold = self->sort;
  step = g_strdup (self->step);
  GST_OBJECT_UNLOCK (self);

  self->where = ask_name (self);
  self->reader = rnn_series_reader_new (&format, self->where);
  self->series.horizon = 1;
  if (step && !rnn_time_step_parse (&self->series.step, step, &error))
    return fail (self, error->message);
  return TRUE;
}

/* ---- a series begins ---- */

static void
guess_step (GstRnnCsvParse *self)
{
  g_autofree gint64 *times = g_new (gint64, self->rows->len);
  guint n = 0;

  for (guint i = 0; i < self->rows->len; i++) {
    gint64 time = g_array_index (self->rows, Row, i).time;

    if (n == 0 || time > times[n - 1])
      times[n++] = time;
  }
  if (times[0] == RNN_TIME_NONE || !rnn_time_step_guess (&self->series.step, times, n))
    self->series.step = (RnnTimeStep) { RNN_STEP_TIME, GST_SECOND };
}

static void
push_tags (GstRnnCsvParse *self)
{
  g_auto (GStrv) names = g_strsplit (self->categories ? self->category_columns : "", ",", -1);
  GstTagList *tags = gst_tag_list_new_empty ();

  if (self->id)
    gst_tag_list_add (tags, GST_TAG_MERGE_APPEND, GST_TAG_TITLE, self->id, NULL);
  for (guint i = 0; names[i] && self->categories[i]; i++) {
    g_autofree gchar *pair = g_strdup_printf ("%s=%s", g_strstrip (names[i]), self->categories[i]);

    gst_tag_list_add (tags, GST_TAG_MERGE_APPEND, GST_TAG_EXTENDED_COMMENT, pair, NULL);
  }
  if (gst_tag_list_n_tags (tags) > 0)
    gst_pad_push_event (self->srcpad, gst_event_new_tag (tags));
  else
    gst_tag_list_unref (tags);
}

/* Caps, segment and tags, before the first row leaves. */
static void
announce (GstRnnCsvParse *self)
{
  g_autoptr (GstCaps) caps = NULL;
  GstSegment segment;

  self->series.start = g_array_index (self->rows, Row, 0).time;
  self->series.channels = (gint) rnn_series_reader_get_n_values (self->reader);
  if (!self->series.columns)
    self->series.columns = g_strjoinv (",", (gchar **) rnn_series_reader_get_names (self->reader));
  caps = gst_rnn_series_to_caps (&self->series, "series");
  gst_pad_push_event (self->srcpad, gst_event_new_caps (caps));
  gst_segment_init (&segment, GST_FORMAT_TIME);
  segment.base = self->base;
  gst_pad_push_event (self->srcpad, gst_event_new_segment (&segment));
  push_tags (self);
  self->begun = TRUE;
}

/* ---- rows leave ---- */

static gboolean
fail_row (GstRnnCsvParse *self, const Row *row, const gchar *reason)
{
  gchar text[RNN_TIME_TEXT];
  g_autofree gchar *message = g_strdup_printf ("%s:%" G_GUINT64_FORMAT ": %s %s", self->where, row->line,
      rnn_time_format (row->time, text), reason);

  return fail (self, message);
}

/* How many steps after the last row this one is; <= 0: none. */
static gint64
count_steps (GstRnnCsvParse *self, const Row *row)
{
  if (row->time == RNN_TIME_NONE || self->last == RNN_TIME_NONE)
    return 1;
  return row->time <= self->last ? 0 : rnn_time_step_count (&self->series.step, self->last, row->time);
}

static void
refuse_row (GstRnnCsvParse *self, const Row *row)
{
  g_autofree gchar *step = rnn_time_step_format (&self->series.step);
  g_autofree gchar *between = g_strdup_printf ("is no whole number of steps of %s after the row above", step);

  fail_row (self, row, row->time == self->last ? "is the time of the row before, too" : row->time > self->last ? between
      : "is before the row above: times must rise; the property sort=N lets rows come N rows late");
}

static void
push_gap (GstRnnCsvParse *self, gint64 from, gint64 to)
{
  GstClockTime start = gst_rnn_series_get_pts (&self->series, from), end = gst_rnn_series_get_pts (&self->series, to);

  if (end > start && GST_CLOCK_TIME_IS_VALID (end))
    gst_pad_push_event (self->srcpad, gst_event_new_gap (start, end - start));
}

/* Rows that are ready leave together. */
static GstFlowReturn
push_list (GstRnnCsvParse *self, GstBufferList *list)
{
  guint n = gst_buffer_list_length (list);
  GstFlowReturn flow;

  if (n == 0)
    return GST_FLOW_OK;
  flow = gst_pad_push_list (self->srcpad, gst_buffer_list_copy (list));
  gst_buffer_list_remove (list, 0, n);
  return flow;
}

static GstFlowReturn
push_row (GstRnnCsvParse *self, Row *row, GstBufferList *list)
{
  gint64 steps = count_steps (self, row), at = self->count + steps - 1;
  GstFlowReturn flow = steps != 1 || !row->buffer ? push_list (self, list) : GST_FLOW_OK;

  if (flow != GST_FLOW_OK)
    return flow;
  if (steps <= 0) {
    refuse_row (self, row);
    return GST_FLOW_ERROR;
  }
  if (steps > 1 || !row->buffer)
    push_gap (self, self->count, row->buffer ? at : at + 1);
  self->last = row->time;
  self->count = at + 1;
  if (!row->buffer)
    return GST_FLOW_OK;
  GST_BUFFER_PTS (row->buffer) = gst_rnn_series_get_pts (&self->series, at);
  GST_BUFFER_DURATION (row->buffer) = gst_rnn_series_get_pts (&self->series, at + 1) - GST_BUFFER_PTS (row->buffer);
  GST_BUFFER_OFFSET (row->buffer) = (guint64) at;
  if (at == 0)
    GST_BUFFER_FLAG_SET (row->buffer, GST_BUFFER_FLAG_DISCONT);
  gst_buffer_list_add (list, g_steal_pointer (&row->buffer));
  return GST_FLOW_OK;
}

/* Rows leave but for the last @hold. */
static GstFlowReturn
push_rows (GstRnnCsvParse *self, guint hold)
{
  guint ready = self->rows->len > hold ? self->rows->len - hold : 0;
  GstBufferList *list;
  GstFlowReturn flow = GST_FLOW_OK;

  if (ready == 0)
    return GST_FLOW_OK;
  if (self->series.step.n == 0)
    guess_step (self);
  if (!self->begun)
    announce (self);
  list = gst_buffer_list_new_sized (ready);
  for (guint i = 0; i < ready && flow == GST_FLOW_OK; i++)
    flow = push_row (self, &g_array_index (self->rows, Row, i), list);
  g_array_remove_range (self->rows, 0, ready);
  if (flow == GST_FLOW_OK)
    flow = push_list (self, list);
  gst_buffer_list_unref (list);
  return flow;
}

/* ---- rows come ---- */

/* Another id begins another series. */
static GstFlowReturn
change_series (GstRnnCsvParse *self, const RnnSeriesRow *row)
{
  GstFlowReturn flow;

  if (!g_strcmp0 (row->id, self->id))
    return GST_FLOW_OK;
  flow = push_rows (self, 0);
  if (!g_hash_table_add (self->ids, g_strdup (row->id))) {
    g_autofree gchar *message = g_strdup_printf ("%s:%" G_GUINT64_FORMAT ": series \"%s\" goes on after another one has "
        "begun: sort the table by id", self->where, row->line, row->id);

    fail (self, message);
    return GST_FLOW_ERROR;
  }
  if (self->begun)
    self->base += gst_rnn_series_get_pts (&self->series, self->count);
  g_free (self->id);
  self->id = g_strdup (row->id);
  g_clear_pointer (&self->categories, g_strfreev);
  self->begun = FALSE;
  self->last = RNN_TIME_NONE;
  self->count = 0;
  return flow;
}

/* In its place by time; a row of a time that is there already takes its place where rows are sorted. */
static void
add_row (GstRnnCsvParse *self, const RnnSeriesRow *from)
{
  guint n = rnn_series_reader_get_n_values (self->reader), known = 0, at = self->rows->len;
  Row row = { from->time, from->line, NULL };

  if (!self->categories)
    self->categories = g_strdupv ((gchar **) from->categories);
  for (guint i = 0; i < n; i++)
    known += !isnan (from->values[i]);
  if (known > 0)
    row.buffer = gst_buffer_new_memdup (from->values, n * sizeof (gfloat));
  while (self->hold > 0 && at > 0 && g_array_index (self->rows, Row, at - 1).time > row.time)
    at--;
  if (self->hold > 0 && at > 0 && row.time != RNN_TIME_NONE && g_array_index (self->rows, Row, at - 1).time == row.time)
    g_array_remove_index (self->rows, --at);
  g_array_insert_val (self->rows, at, row);
}

static GstFlowReturn
read_rows (GstRnnCsvParse *self)
{
  g_autoptr (GError) error = NULL;
  GstFlowReturn flow = GST_FLOW_OK;
  const RnnSeriesRow *row;

  while (flow == GST_FLOW_OK && (row = rnn_series_reader_next (self->reader, &error))) {
    flow = change_series (self, row);
    if (flow == GST_FLOW_OK)
      add_row (self, row);
  }
  if (flow == GST_FLOW_OK)
    flow = push_rows (self, MAX (self->hold, self->series.step.n > 0 ? 0 : GUESS_FROM - 1));
  if (error && flow == GST_FLOW_OK) {
    flow = push_rows (self, 0); /* what came before it is good */
    if (!self->failed)
      fail (self, error->message);
    return GST_FLOW_ERROR;
  }
  return flow;
}

static GstFlowReturn
chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnCsvParse *self = GST_RNN_CSV_PARSE (parent);
  GstMapInfo map;

  if (self->failed || (!self->reader && !begin (self)) || !gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_buffer_unref (buffer);
    return GST_FLOW_ERROR;
  }
  rnn_series_reader_push (self->reader, (const gchar *) map.data, map.size);
  gst_buffer_unmap (buffer, &map);
  gst_buffer_unref (buffer);
  return read_rows (self);
}

static void
finish (GstRnnCsvParse *self)
{
  if (self->failed || (!self->reader && !begin (self)))
    return;
  rnn_series_reader_finish (self->reader);
  if (read_rows (self) == GST_FLOW_OK)
    push_rows (self, 0);
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnCsvParse *self = GST_RNN_CSV_PARSE (parent);

  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
    case GST_EVENT_SEGMENT:    /* of bytes: ours are of time */
      gst_event_unref (event);
      return TRUE;
    case GST_EVENT_EOS:
      finish (self);
      break;
    case GST_EVENT_FLUSH_STOP:
      forget (self);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
change_state (GstElement *element, GstStateChange transition)
{
  GstRnnCsvParse *self = GST_RNN_CSV_PARSE (element);
  GstStateChangeReturn ret = GST_ELEMENT_CLASS (gst_rnn_csv_parse_parent_class)->change_state (element, transition);

  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    forget (self);
  return ret;
}

/* ---- properties ---- */

/* NULL: it is no text */
static gchar **
text_property (GstRnnCsvParse *self, guint id)
{
  gchar **texts[] = { &self->time_column, &self->columns, &self->id_column, &self->category_columns, &self->step, &self->separator };

  return id >= PROP_TIME_COLUMN && id - PROP_TIME_COLUMN < G_N_ELEMENTS (texts) ? texts[id - PROP_TIME_COLUMN] : NULL;
}

static void
set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnCsvParse *self = GST_RNN_CSV_PARSE (object);
  gchar **text = text_property (self, id);

  GST_OBJECT_LOCK (self);
  if (text) {
    g_free (*text);
    *text = g_value_dup_string (value);
  } else if (id == PROP_DECIMAL_COMMA) {
    self->decimal_comma = g_value_get_boolean (value);
  } else if (id == PROP_HEADER) {
    self->header = g_value_get_boolean (value);
  } else if (id == PROP_LENIENT) {
    self->lenient = g_value_get_boolean (value);
  } else if (id == PROP_EPOCH_UNIT) {
    self->epoch = g_value_get_enum (value);
  } else if (id == PROP_SORT) {
    self->sort = g_value_get_uint (value);
  } else {
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnCsvParse *self = GST_RNN_CSV_PARSE (object);
  gchar **text = text_property (self, id);

  GST_OBJECT_LOCK (self);
  if (text)
    g_value_set_string (value, *text);
  else if (id == PROP_DECIMAL_COMMA)
    g_value_set_boolean (value, self->decimal_comma);
  else if (id == PROP_HEADER)
    g_value_set_boolean (value, self->header);
  else if (id == PROP_LENIENT)
    g_value_set_boolean (value, self->lenient);
  else if (id == PROP_EPOCH_UNIT)
    g_value_set_enum (value, self->epoch);
  else if (id == PROP_SORT)
    g_value_set_uint (value, self->sort);
  else
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  GST_OBJECT_UNLOCK (self);
}

static void
finalize (GObject *object)
{
  GstRnnCsvParse *self = GST_RNN_CSV_PARSE (object);

  forget (self);
  for (guint id = PROP_TIME_COLUMN; text_property (self, id) || id <= PROP_SORT; id++)
    if (text_property (self, id))
      g_free (*text_property (self, id));
  g_array_unref (self->rows);
  g_hash_table_unref (self->ids);
  G_OBJECT_CLASS (gst_rnn_csv_parse_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  static const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY;
  static const struct {
    const gchar *name, *nick, *blurb;
  } texts[] = {                 /* by id, from PROP_TIME_COLUMN on */
    { "time-column", "Time column", "Name or number of the column of times; empty: there is none; unset: the one called "
          "time, date, datetime, timestamp or ds" },
    { "columns", "Columns", "Names or numbers of the columns of values, joined by commas; unset: all others" },
    { "id-column", "Id column", "Name or number of the column that says which series a row belongs to" },
    { "category-columns", "Category columns", "Names or numbers of columns that say one thing of a whole series, joined by commas" },
    { "step", "Step", "How far rows are apart: 10ms, 5s, 15min, 1h, 1d, 1mo, 1b (business day); unset: as most rows are" },
    { "separator", "Separator", "What stands between fields; unset: comma, semicolon or tab, by the first line" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    g_object_class_install_property (klass, PROP_TIME_COLUMN + i,
        g_param_spec_string (texts[i].name, texts[i].nick, texts[i].blurb, NULL, flags));
  g_object_class_install_property (klass, PROP_DECIMAL_COMMA, g_param_spec_boolean ("decimal-comma", "Decimal comma",
          "Numbers have a comma before their fraction", FALSE, flags));
  g_object_class_install_property (klass, PROP_HEADER, g_param_spec_boolean ("header", "Header",
          "The first line names the columns", TRUE, flags));
  g_object_class_install_property (klass, PROP_EPOCH_UNIT, g_param_spec_enum ("epoch-unit", "Epoch unit",
          "What times that are numbers count", TYPE_EPOCH_UNIT, RNN_EPOCH_AUTO, flags));
  g_object_class_install_property (klass, PROP_LENIENT, g_param_spec_boolean ("lenient", "Lenient",
          "A value that is no number, infinite or too large is missing instead of an error", FALSE, flags));
  g_object_class_install_property (klass, PROP_SORT, g_param_spec_uint ("sort", "Sort",
          "How many rows late a row may come; of rows of one time the last one counts then", 0, 1 << 20, 0, flags));
}

static void
gst_rnn_csv_parse_class_init (GstRnnCsvParseClass *klass)
{
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (rnn_csv_parse_debug, "rnncsvparse", 0, "CSV to time series");
  object_class->set_property = set_property;
  object_class->get_property = get_property;
  object_class->finalize = finalize;
  install_properties (object_class);
  element_class->change_state = GST_DEBUG_FUNCPTR (change_state);
  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "CSV parser", "Codec/Parser",
      "Turns CSV into time series", "gst-rnn");
  gst_type_mark_as_plugin_api (TYPE_EPOCH_UNIT, 0);
}

static void
gst_rnn_csv_parse_init (GstRnnCsvParse *self)
{
  self->sinkpad = gst_rnn_series_add_sinkpad (GST_ELEMENT (self), chain, sink_event);
  self->srcpad = gst_rnn_series_add_srcpad (GST_ELEMENT (self));

  self->header = TRUE;
  self->rows = g_array_new (FALSE, FALSE, sizeof (Row));
  g_array_set_clear_func (self->rows, row_clear);
  self->ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->last = RNN_TIME_NONE;
}
