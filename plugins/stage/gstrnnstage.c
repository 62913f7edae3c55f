/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: class, properties, states, latency. */
#include "gstrnnstage.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_stage_debug);
#define GST_CAT_DEFAULT gst_rnn_stage_debug

enum { PROP_0, PROP_MODEL_FILE, PROP_RESET_ON, PROP_ALIGNMENT_THRESHOLD, PROP_DISCONT_WAIT, PROP_STATS };

#define DEFAULT_RESET_ON (GST_RNN_RESET_SEGMENT | GST_RNN_RESET_DISCONT)
#define DEFAULT_ALIGNMENT_THRESHOLD (40 * GST_MSECOND)
#define DEFAULT_DISCONT_WAIT (1 * GST_SECOND)

G_DEFINE_ABSTRACT_TYPE (GstRnnStage, gst_rnn_stage, GST_TYPE_ELEMENT)

GType
gst_rnn_reset_on_get_type (void)
{
  static const GFlagsValue values[] = {
    {GST_RNN_RESET_SEGMENT, "A segment that does not continue the last one", "segment"},
    {GST_RNN_RESET_DISCONT, "A jump in the timestamps", "discont"},
    {GST_RNN_RESET_ENDPOINT, "The end of an utterance", "endpoint"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_flags_register_static ("GstRnnResetOn", values));
  return type;
}

void
gst_rnn_stage_install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_MODEL_FILE,
      g_param_spec_string ("model-file", "Model file",
          "Model (.safetensors) or recipe (.json); in PLAYING it is loaded aside and swapped in at the next endpoint",
          NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (klass, PROP_RESET_ON,
      g_param_spec_flags ("reset-on", "Reset on", "What makes the recurrent state start anew (a flush always does)",
          GST_TYPE_RNN_RESET_ON, DEFAULT_RESET_ON,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (klass, PROP_ALIGNMENT_THRESHOLD,
      g_param_spec_uint64 ("alignment-threshold", "Alignment threshold",
          "Timestamps that are off by less follow the count of samples (ns)", 0, G_MAXUINT64 - 1,
          DEFAULT_ALIGNMENT_THRESHOLD, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (klass, PROP_DISCONT_WAIT,
      g_param_spec_uint64 ("discont-wait", "Discont wait",
          "For how long timestamps must be off, without a DISCONT flag, to count as a jump (ns)", 0, G_MAXUINT64 - 1,
          DEFAULT_DISCONT_WAIT, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  g_object_class_install_property (klass, PROP_STATS,
      g_param_spec_boxed ("stats", "Statistics", "Counters since the element was made", GST_TYPE_STRUCTURE,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
}

static void
gst_rnn_stage_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnStage *stage = GST_RNN_STAGE (object);

  if (id == PROP_MODEL_FILE) {
    gst_rnn_stage_set_model_file (stage, g_value_get_string (value));
    return;
  }
  GST_OBJECT_LOCK (stage);
  switch (id) {
    case PROP_RESET_ON:
      stage->settings.reset_on = g_value_get_flags (value);
      break;
    case PROP_ALIGNMENT_THRESHOLD:
      stage->settings.alignment_threshold = g_value_get_uint64 (value);
      break;
    case PROP_DISCONT_WAIT:
      stage->settings.discont_wait = g_value_get_uint64 (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (stage);
}

static GstStructure *
get_stats (GstRnnStage *stage)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  GstStructure *stats = gst_structure_new ("stats", "steps", G_TYPE_UINT64, stage->n_steps,
      "resets", G_TYPE_UINT64, stage->n_resets, "model-swaps", G_TYPE_UINT64, stage->n_swaps, NULL);

  if (klass->get_stats)
    klass->get_stats (stage, stats);
  return stats;
}

static void
gst_rnn_stage_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnStage *stage = GST_RNN_STAGE (object);

  GST_OBJECT_LOCK (stage);
  switch (id) {
    case PROP_MODEL_FILE:
      g_value_set_string (value, stage->model_file);
      break;
    case PROP_RESET_ON:
      g_value_set_flags (value, stage->settings.reset_on);
      break;
    case PROP_ALIGNMENT_THRESHOLD:
      g_value_set_uint64 (value, stage->settings.alignment_threshold);
      break;
    case PROP_DISCONT_WAIT:
      g_value_set_uint64 (value, stage->settings.discont_wait);
      break;
    case PROP_STATS:
      g_value_take_boxed (value, get_stats (stage));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
  GST_OBJECT_UNLOCK (stage);
}

void
gst_rnn_stage_set_latency (GstRnnStage *stage, GstClockTime latency)
{
  gboolean changed;

  GST_OBJECT_LOCK (stage);
  changed = latency != stage->latency;
  stage->latency = latency;
  GST_OBJECT_UNLOCK (stage);
  if (changed)
    gst_element_post_message (GST_ELEMENT (stage), gst_message_new_latency (GST_OBJECT (stage)));
}

static gboolean
query_latency (GstRnnStage *stage, GstQuery *query)
{
  GstClockTime min, max, own;
  gboolean live;

  if (!gst_pad_peer_query (stage->sinkpad, query))
    return FALSE;
  gst_query_parse_latency (query, &live, &min, &max);
  GST_OBJECT_LOCK (stage);
  own = stage->latency;
  stage->live = live;
  GST_OBJECT_UNLOCK (stage);
  if (GST_CLOCK_TIME_IS_VALID (max))
    max += own;
  gst_query_set_latency (query, live, min + own, max);
  return TRUE;
}

gboolean
gst_rnn_stage_src_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_LATENCY)
    return query_latency (GST_RNN_STAGE (parent), query);
  return gst_pad_query_default (pad, parent, query);
}

gboolean
gst_rnn_stage_answer_caps (GstQuery *query, GstCaps *caps)
{
  GstCaps *filter, *all = caps;

  gst_query_parse_caps (query, &filter);
  if (filter) {
    caps = gst_caps_intersect_full (filter, all, GST_CAPS_INTERSECT_FIRST);
    gst_caps_unref (all);
  }
  gst_query_set_caps_result (query, caps);
  gst_caps_unref (caps);
  return TRUE;
}

/* Nothing more comes for now, says a stage downstream, in a thread that no stage's stream runs in: it gets all that is pending, and the same
 * event after it. */
static void
drain_midway (GstRnnStage *stage, GstEvent *event)
{
  GST_PAD_STREAM_LOCK (stage->sinkpad);
  if (GST_PAD_IS_ACTIVE (stage->sinkpad) && !GST_PAD_IS_FLUSHING (stage->sinkpad)) {
    gst_rnn_stage_drain (stage);
    gst_pad_push_event (stage->srcpad, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
            gst_structure_copy (gst_event_get_structure (event))));
  }
  GST_PAD_STREAM_UNLOCK (stage->sinkpad);
}

gboolean
gst_rnn_stage_src_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);
  GstClockTime latency;

  if (GST_EVENT_TYPE (event) == GST_EVENT_LATENCY) {
    gst_event_parse_latency (event, &latency);
    GST_OBJECT_LOCK (stage);
    stage->pipeline_latency = latency;
    GST_OBJECT_UNLOCK (stage);
  } else if (gst_event_has_name (event, "rnn-endpoint")) {
    g_atomic_int_set (&stage->endpoint_seen, TRUE);
    if (GST_RNN_STAGE_GET_CLASS (stage)->endpoint)
      GST_RNN_STAGE_GET_CLASS (stage)->endpoint (stage, gst_event_get_structure (event));
    if (GST_RNN_STAGE_GET_CLASS (stage)->is_first) {
      gst_event_unref (event);
      return TRUE;
    }
  } else if (gst_event_has_name (event, "rnn-drain") && GST_RNN_STAGE_GET_CLASS (stage)->drains_midway) {
    drain_midway (stage, event);
    gst_event_unref (event);
    return TRUE;
  }
  return gst_pad_event_default (pad, parent, event);
}

static GstStateChangeReturn
gst_rnn_stage_change_state (GstElement *element, GstStateChange transition)
{
  GstRnnStage *stage = GST_RNN_STAGE (element);
  GstStateChangeReturn ret;

  if (transition == GST_STATE_CHANGE_NULL_TO_READY && !gst_rnn_stage_load_model (stage))
    return GST_STATE_CHANGE_FAILURE;
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY)
    gst_rnn_stage_set_flushing (stage, TRUE);
  if (transition == GST_STATE_CHANGE_READY_TO_PAUSED) {
    gst_rnn_stage_set_flushing (stage, FALSE);
    if (!gst_rnn_stage_load_model (stage) || !gst_rnn_stage_prepare_model (stage))
      return GST_STATE_CHANGE_FAILURE;
    gst_segment_init (&stage->segment, GST_FORMAT_UNDEFINED);
    gst_rnn_timeline_init (&stage->timeline, 0, 1);
    gst_rnn_stage_reset (stage);
    stage->position = stage->silent_since = GST_CLOCK_TIME_NONE;
    stage->state_due = TRUE;
    stage->state_saved = g_get_monotonic_time ();
  }

  ret = GST_ELEMENT_CLASS (gst_rnn_stage_parent_class)->change_state (element, transition);
  if (transition == GST_STATE_CHANGE_PAUSED_TO_READY || (transition == GST_STATE_CHANGE_READY_TO_PAUSED
          && ret == GST_STATE_CHANGE_FAILURE)) {
    GST_OBJECT_LOCK (stage);
    stage->active = FALSE;
    GST_OBJECT_UNLOCK (stage);
    gst_rnn_stage_save_state_if_due (stage, TRUE);
    stage->negotiated = stage->untold = FALSE;
    g_queue_clear_full (&stage->segments, (GDestroyNotify) gst_event_unref);
    GST_RNN_STAGE_GET_CLASS (stage)->stop (stage);
  }
  if (transition == GST_STATE_CHANGE_READY_TO_NULL)
    gst_rnn_stage_drop_model (stage);
  return ret;
}

static void
reset_signal (GstRnnStage *stage)
{
  g_atomic_int_set (&stage->reset_wanted, TRUE);
}

static void
gst_rnn_stage_finalize (GObject *object)
{
  gst_rnn_stage_drop_model (GST_RNN_STAGE (object));
  g_free (GST_RNN_STAGE (object)->model_file);
  gst_rnn_stage_free_state (GST_RNN_STAGE (object));
  G_OBJECT_CLASS (gst_rnn_stage_parent_class)->finalize (object);
}

static gboolean
gst_rnn_stage_push_event (GstRnnStage *stage, GstEvent *event)
{
  return gst_pad_push_event (stage->srcpad, event);
}

static void
gst_rnn_stage_class_init (GstRnnStageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_stage_debug, "rnnstage", 0, "recurrent networks: common to all stages");
  object_class->set_property = gst_rnn_stage_set_property;
  object_class->get_property = gst_rnn_stage_get_property;
  object_class->finalize = gst_rnn_stage_finalize;
  gst_rnn_stage_install_properties (object_class);
  /* action signal: forget the stream so far, state and pending output, before the next buffer */
  g_signal_new_class_handler ("reset", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST | G_SIGNAL_ACTION,
      G_CALLBACK (reset_signal), NULL, NULL, NULL, G_TYPE_NONE, 0);
  GST_ELEMENT_CLASS (klass)->change_state = gst_rnn_stage_change_state;
  klass->push_event = gst_rnn_stage_push_event;
  gst_type_mark_as_plugin_api (GST_TYPE_RNN_STAGE, 0);
  gst_type_mark_as_plugin_api (GST_TYPE_RNN_RESET_ON, 0);
}

static void
gst_rnn_stage_init (GstRnnStage *stage)
{
  gst_rnn_stage_init_state (stage);
  stage->settings.reset_on = DEFAULT_RESET_ON;
  stage->settings.alignment_threshold = DEFAULT_ALIGNMENT_THRESHOLD;
  stage->settings.discont_wait = DEFAULT_DISCONT_WAIT;
}

void
gst_rnn_stage_add_pads (GstRnnStage *stage)
{
  GstElementClass *klass = GST_ELEMENT_GET_CLASS (stage);

  stage->sinkpad = gst_pad_new_from_template (gst_element_class_get_pad_template (klass, "sink"), "sink");
  gst_pad_set_chain_function (stage->sinkpad, gst_rnn_stage_chain);
  gst_pad_set_chain_list_function (stage->sinkpad, gst_rnn_stage_chain_list);
  gst_pad_set_event_function (stage->sinkpad, gst_rnn_stage_sink_event);
  gst_pad_set_query_function (stage->sinkpad, gst_rnn_stage_sink_query);
  gst_element_add_pad (GST_ELEMENT (stage), stage->sinkpad);

  stage->srcpad = gst_pad_new_from_template (gst_element_class_get_pad_template (klass, "src"), "src");
  gst_pad_set_query_function (stage->srcpad, gst_rnn_stage_src_query);
  gst_pad_set_event_function (stage->srcpad, gst_rnn_stage_src_event);
  gst_pad_use_fixed_caps (stage->srcpad);
  gst_element_add_pad (GST_ELEMENT (stage), stage->srcpad);
}
