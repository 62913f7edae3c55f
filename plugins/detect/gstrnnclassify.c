/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnclassify: sound, series or tensors in, the same out, and what classes or tags come up in them, by the library's RnnSpotter:
 * each a message, and a meta on the buffer in which it was found. */
#include "gstrnnclassify.h"
#include "gstrnnoptions.h"
#include "gstrnnrows.h"
#include "gstrnnstage.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_classify_debug);
#define GST_CAT_DEFAULT gst_rnn_classify_debug

#define CHUNK 1024              /* values that become floats at once */

enum { PROP_0, PROP_POST_MESSAGES, PROP_STATE, PROP_STATE_INTERVAL, PROP_OPTIONS };

typedef struct {
  GstRnnStage stage;

  /* under the object lock */
  RnnSpotterConfig config;
  gboolean post_messages;
  guint64 n_events;
  gint changed;                 /* atomic: the config */

  /* streaming thread */
  RnnSpotter *spotter;
  GstRnnRows rows;
  gfloat *values;               /* of a chunk of rows */
  GstClockTime now;             /* PTS of the buffer at hand, for streams without a rate */
  gboolean post_now;
} GstRnnClassify;

typedef GstRnnStageClass GstRnnClassifyClass;

#define GST_RNN_CLASSIFY(obj) ((GstRnnClassify *) (obj))

G_DEFINE_TYPE (GstRnnClassify, gst_rnn_classify, GST_TYPE_RNN_STAGE)
GST_ELEMENT_REGISTER_DEFINE (rnnclassify, "rnnclassify", GST_RANK_NONE, GST_TYPE_RNN_CLASSIFY);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_ROWS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_ROWS_CAPS));

/* ---- the model ---- */

static RnnSpotter *
new_spotter (GstRnnClassify *self, RnnModel *model, GError **error)
{
  RnnSpotterConfig config;

  GST_OBJECT_LOCK (self);
  config = self->config;
  GST_OBJECT_UNLOCK (self);
  return rnn_spotter_new (model, self->rows.num > 0 ? (gdouble) self->rows.num / self->rows.den : 1, &config, error);
}

static gboolean
gst_rnn_classify_check_model (RnnModel *model, GError **error)
{
  g_autoptr (RnnSpotter) spotter = rnn_spotter_new (model, 1, NULL, error);

  return spotter != NULL;
}

static gboolean
gst_rnn_classify_set_model (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (stage);
  g_autoptr (GstCaps) caps = stage->negotiated ? gst_pad_get_current_caps (stage->sinkpad) : NULL;
  GstRnnRows rows;
  RnnSpotter *spotter;

  if (caps && !gst_rnn_rows_set_caps (&rows, caps, model, error))
    return FALSE;
  if (!(spotter = new_spotter (self, model, error)))
    return FALSE;
  g_clear_pointer (&self->spotter, rnn_spotter_free);
  self->spotter = spotter;
  return TRUE;
}

static gboolean
gst_rnn_classify_set_caps (GstRnnStage *stage, GstCaps *caps, GError **error)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (stage);
  RnnSpotter *spotter;

  if (!gst_rnn_rows_set_caps (&self->rows, caps, stage->model, error))
    return FALSE;
  spotter = new_spotter (self, stage->model, error);    /* times are of this rate */
  if (!spotter)
    return FALSE;
  g_clear_pointer (&self->spotter, rnn_spotter_free);
  self->spotter = spotter;
  g_free (self->values);
  self->values = g_new (gfloat, MAX (CHUNK, self->rows.channels));
  gst_rnn_timeline_init (&stage->timeline, self->rows.num, self->rows.den);
  return gst_rnn_stage_push_caps (stage->srcpad, caps);
}

static void
gst_rnn_classify_stop (GstRnnStage *stage)
{
  g_clear_pointer (&GST_RNN_CLASSIFY (stage)->spotter, rnn_spotter_free);
  g_clear_pointer (&GST_RNN_CLASSIFY (stage)->values, g_free);
}

/* ---- events ---- */

static GstClockTime
time_of (GstRnnClassify *self, guint64 row)
{
  return self->rows.num > 0 ? gst_rnn_timeline_at (&self->stage.timeline, (gint64) row) : self->now;
}

static GstStructure *
describe (GstRnnClassify *self, const RnnSpotted *event, const gchar *type)
{
  const GstSegment *segment = &self->stage.segment;
  GstClockTime start = time_of (self, event->start), end = time_of (self, event->end);
  GstClockTime stream = GST_CLOCK_TIME_NONE, running = GST_CLOCK_TIME_NONE;

  if (segment->format == GST_FORMAT_TIME && GST_CLOCK_TIME_IS_VALID (start)) {
    stream = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, start);
    running = gst_segment_to_running_time (segment, GST_FORMAT_TIME, start);
  }
  return gst_structure_new ("rnnclassify", "type", G_TYPE_STRING, type, "label", G_TYPE_STRING, event->label,
      "index", G_TYPE_INT, event->index, "score", G_TYPE_DOUBLE, (gdouble) event->score, "timestamp", G_TYPE_UINT64, start,
      "stream-time", G_TYPE_UINT64, stream, "running-time", G_TYPE_UINT64, running, "duration", G_TYPE_UINT64, end - start, NULL);
}

/* @buffer: writable, or NULL */
static void
tell (GstRnnClassify *self, GstStructure *event, GstBuffer *buffer)
{
  GValue array = G_VALUE_INIT, item = G_VALUE_INIT;
  GstCustomMeta *meta = NULL;
  const GValue *before;

  GST_OBJECT_LOCK (self);
  self->n_events++;
  GST_OBJECT_UNLOCK (self);
  if (buffer) {
    meta = gst_buffer_get_custom_meta (buffer, GST_RNN_CLASSIFY_META);
    before = meta ? gst_structure_get_value (gst_custom_meta_get_structure (meta), "events") : NULL;
    gst_value_array_init (&array, 1);
    for (guint i = 0; before && i < gst_value_array_get_size (before); i++)
      gst_value_array_append_value (&array, gst_value_array_get_value (before, i));
    g_value_init (&item, GST_TYPE_STRUCTURE);
    gst_value_set_structure (&item, event);
    gst_value_array_append_and_take_value (&array, &item);
    if (!meta)
      meta = gst_buffer_add_custom_meta (buffer, GST_RNN_CLASSIFY_META);
    gst_structure_take_value (gst_custom_meta_get_structure (meta), "events", &array);
  }
  if (self->post_now)
    gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), event));
  else
    gst_structure_free (event);
}

/* @buffer: the one at hand, which becomes writable when there is something to tell; or NULL */
static void
tell_all (GstRnnClassify *self, GstBuffer **buffer)
{
  const RnnSpotted *event;

  while ((event = rnn_spotter_next (self->spotter))) {
    if (buffer)
      *buffer = gst_buffer_make_writable (*buffer);
    tell (self, describe (self, event, "class"), buffer ? *buffer : NULL);
  }
}

/* ---- the stream ---- */

static void
take_settings (GstRnnClassify *self)
{
  GST_OBJECT_LOCK (self);
  self->post_now = self->post_messages;
  if (g_atomic_int_compare_and_exchange (&self->changed, TRUE, FALSE))
    rnn_spotter_configure (self->spotter, &self->config);
  GST_OBJECT_UNLOCK (self);
}

/* n rows of the caps' format */
static void
hear (GstRnnClassify *self, const guint8 *data, gsize n, GstBuffer **buffer)
{
  gsize most = MAX (CHUNK / self->rows.channels, 1);

  for (gsize i = 0, piece; i < n; i += piece) {
    piece = MIN (n - i, most);
    gst_rnn_rows_read (&self->rows, data + i * self->rows.row, piece, self->values);
    rnn_spotter_push (self->spotter, self->values, piece);
    self->stage.timeline.count += piece;
    tell_all (self, buffer);
  }
}

static GstFlowReturn
gst_rnn_classify_process (GstRnnStage *stage, GstBuffer *buffer)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (stage);
  GstBuffer *out = gst_buffer_ref (buffer);
  GstMapInfo map;

  take_settings (self);
  self->now = GST_BUFFER_PTS (buffer);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ)) {
    gst_buffer_unref (out);
    return GST_FLOW_ERROR;
  }
  hear (self, map.data, map.size / self->rows.row, &out);
  gst_buffer_unmap (buffer, &map);
  gst_rnn_stage_push_segments (stage, GST_BUFFER_PTS (out));
  GST_OBJECT_LOCK (self);
  stage->n_steps++;
  GST_OBJECT_UNLOCK (self);
  return gst_pad_push (stage->srcpad, out);
}

/* What was lost is heard as zeros, and told on as a gap. */
static GstFlowReturn
gst_rnn_classify_fill (GstRnnStage *stage, guint64 n)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (stage);
  GstClockTime start = gst_rnn_timeline_next (&stage->timeline);
  gsize most = MAX (CHUNK / self->rows.channels, 1);
  g_autofree guint8 *silence = g_malloc0 (most * self->rows.row);

  take_settings (self);
  for (guint64 i = 0; i < n; i += most)
    hear (self, silence, MIN (n - i, most), NULL);
  gst_rnn_stage_push_segments (stage, start);
  gst_pad_push_event (stage->srcpad, gst_event_new_gap (start, gst_rnn_timeline_next (&stage->timeline) - start));
  return GST_FLOW_OK;
}

static GstBuffer *
gst_rnn_classify_clip (GstRnnStage *stage, GstBuffer *buffer)
{
  GstRnnRows *rows = &GST_RNN_CLASSIFY (stage)->rows;

  if (stage->segment.format != GST_FORMAT_TIME || rows->den != 1 || rows->num == 0)
    return buffer;
  return gst_audio_buffer_clip (buffer, &stage->segment, rows->num, (gint) rows->row);
}

static GstFlowReturn
gst_rnn_classify_drain (GstRnnStage *stage)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (stage);
  RnnSpotted whole;

  if (!self->spotter || !stage->negotiated || !gst_rnn_timeline_started (&stage->timeline))
    return GST_FLOW_OK;
  take_settings (self);
  if (rnn_output_primary (rnn_model_get_output (stage->model))->pooling && rnn_spotter_get_whole (self->spotter, &whole))
    tell (self, describe (self, &whole, "whole"), NULL);
  rnn_spotter_finish (self->spotter);
  tell_all (self, NULL);
  rnn_spotter_reset (self->spotter);
  gst_rnn_timeline_start (&stage->timeline, gst_rnn_timeline_next (&stage->timeline));
  return GST_FLOW_OK;
}

static void
gst_rnn_classify_reset (GstRnnStage *stage)
{
  if (GST_RNN_CLASSIFY (stage)->spotter)
    rnn_spotter_reset (GST_RNN_CLASSIFY (stage)->spotter);
}

static void
gst_rnn_classify_keep (GstRnnStage *stage, RnnKeep *keep)
{
  if (GST_RNN_CLASSIFY (stage)->spotter)
    rnn_spotter_keep (GST_RNN_CLASSIFY (stage)->spotter, keep);
  else
    keep->failed = TRUE;
}

static void
gst_rnn_classify_get_stats (GstRnnStage *stage, GstStructure *stats)
{
  gst_structure_set (stats, "events", G_TYPE_UINT64, GST_RNN_CLASSIFY (stage)->n_events, NULL);
}

/* ---- negotiation ---- */

static GstCaps *
get_caps (GstRnnStage *stage, GstPad *pad)
{
  GstPad *other = pad == stage->sinkpad ? stage->srcpad : stage->sinkpad;
  g_autoptr (GstCaps) own = NULL;
  RnnModel *model;

  GST_OBJECT_LOCK (stage);
  model = stage->model ? rnn_model_ref (stage->model) : NULL;
  GST_OBJECT_UNLOCK (stage);
  own = gst_rnn_rows_get_caps (model);
  g_clear_pointer (&model, rnn_model_unref);
  return gst_pad_peer_query_caps (other, own);
}

static gboolean
query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);

  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS)
    return gst_rnn_stage_answer_caps (query, get_caps (stage, pad));
  if (pad == stage->srcpad)
    return gst_rnn_stage_src_query (pad, parent, query);
  if (GST_QUERY_TYPE (query) != GST_QUERY_ACCEPT_CAPS)
    return gst_rnn_stage_sink_query (pad, parent, query);
  gst_query_set_accept_caps_result (query, TRUE);       /* set_caps refuses, and says why */
  return TRUE;
}

/* ---- GObject ---- */

static void
gst_rnn_classify_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_POST_MESSAGES) {
    self->post_messages = g_value_get_boolean (value);
  } else if (id < PROP_OPTIONS) {
    gst_rnn_stage_set_state_property (&self->stage, id - PROP_STATE, value);
  } else {
    gst_rnn_options_set (rnn_spotter_options, id - PROP_OPTIONS, &self->config, value);
    g_atomic_int_set (&self->changed, TRUE);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_classify_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnClassify *self = GST_RNN_CLASSIFY (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_POST_MESSAGES)
    g_value_set_boolean (value, self->post_messages);
  else if (id < PROP_OPTIONS)
    gst_rnn_stage_get_state_property (&self->stage, id - PROP_STATE, value);
  else
    gst_rnn_options_get (rnn_spotter_options, id - PROP_OPTIONS, &self->config, value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_classify_class_init (GstRnnClassifyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  static const gchar *tags[] = { NULL };

  GST_DEBUG_CATEGORY_INIT (gst_rnn_classify_debug, "rnnclassify", 0, "classes in a stream");
  gst_meta_register_custom (GST_RNN_CLASSIFY_META, tags, NULL, NULL, NULL);
  object_class->set_property = gst_rnn_classify_set_property;
  object_class->get_property = gst_rnn_classify_get_property;
  g_object_class_install_property (object_class, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages", "Post an element message for what was found", TRUE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  gst_rnn_options_install (object_class, rnn_spotter_options, PROP_OPTIONS, GST_PARAM_MUTABLE_PLAYING);
  gst_rnn_stage_install_state (G_OBJECT_CLASS (klass), PROP_STATE, NULL, NULL);

  klass->is_first = TRUE;
  klass->check_model = gst_rnn_classify_check_model;
  klass->set_model = gst_rnn_classify_set_model;
  klass->set_caps = gst_rnn_classify_set_caps;
  klass->clip = gst_rnn_classify_clip;
  klass->process = gst_rnn_classify_process;
  klass->fill = gst_rnn_classify_fill;
  klass->drain = gst_rnn_classify_drain;
  klass->reset = gst_rnn_classify_reset;
  klass->keep = gst_rnn_classify_keep;
  klass->stop = gst_rnn_classify_stop;
  klass->get_stats = gst_rnn_classify_get_stats;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Classifier", "Filter/Analyzer",
      "Says what classes or tags come up in sound, series or tensors", "gst-rnn");
}

static void
gst_rnn_classify_init (GstRnnClassify *self)
{
  rnn_options_init (rnn_spotter_options, &self->config);
  self->post_messages = TRUE;
  gst_rnn_stage_add_pads (&self->stage);
  gst_pad_set_query_function (self->stage.sinkpad, query);
  gst_pad_set_query_function (self->stage.srcpad, query);
}
