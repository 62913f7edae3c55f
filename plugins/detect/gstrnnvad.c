/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnvad: sound in, the same sound out, and where somebody speaks in it, by the library's RnnVad.
 *
 *   mark    all buffers leave, a step of the model each; a meta says what they hold
 *   gate    silence leaves as GAP events
 *   split   speech alone leaves, each stretch with a SEGMENT of its own; long silence is told by a GAP now and then
 *
 * What is not decided yet waits in `hold`: a part of the latency. */
#include "gstrnnvad.h"
#include "gstrnnhold.h"
#include "gstrnnoptions.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_vad_debug);
#define GST_CAT_DEFAULT gst_rnn_vad_debug

#define MAX_GAP (250 * GST_MSECOND)     /* of one event of `gate` */
#define MAX_SPLIT_GAP (500 * GST_MSECOND)       /* of `split` */
#define MAX_ROWS 8

enum { PROP_0, PROP_MODE, PROP_LABEL, PROP_POST_MESSAGES, PROP_STATE, PROP_STATE_INTERVAL, PROP_OPTIONS };
typedef enum { MODE_MARK, MODE_GATE, MODE_SPLIT } Mode;

typedef struct {
  GstRnnStage stage;

  /* under the object lock */
  RnnVadConfig config;
  Mode mode;
  gboolean post_messages;
  guint64 n_speech, n_silence;  /* samples */
  gint changed;                 /* atomic: the config */

  /* streaming thread */
  RnnVad *vad;
  GstRnnHold hold;
  Mode mode_now;
  gboolean post_now;
  guint64 gap;                  /* samples up to the last one told that are silence and not told downstream */
  guint64 told;                 /* sample of the timeline that is decided next */
  guint64 since;                /* sample where the stretch under way began */
  gboolean speech;              /* it is speech */
  guint32 seqnum;               /* of the last SEGMENT */
  GstBufferList *ready;         /* or NULL */
} GstRnnVad;

typedef GstRnnStageClass GstRnnVadClass;

#define GST_RNN_VAD(obj) ((GstRnnVad *) (obj))

G_DEFINE_TYPE (GstRnnVad, gst_rnn_vad, GST_TYPE_RNN_STAGE)
GST_ELEMENT_REGISTER_DEFINE (rnnvad, "rnnvad", GST_RANK_NONE, GST_TYPE_RNN_VAD);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_HOLD_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_HOLD_CAPS));

static RnnOption rows[MAX_ROWS];        /* of rnn_vad_options, the numbers */

static GType
gst_rnn_vad_mode_get_type (void)
{
  static const GEnumValue values[] = {
    {MODE_MARK, "All sound leaves, marked", "mark"},
    {MODE_GATE, "Silence leaves as GAP events", "gate"},
    {MODE_SPLIT, "Speech alone leaves, a segment for each stretch", "split"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstRnnVadMode", values));
  return type;
}

/* ---- the model ---- */

static gboolean
gst_rnn_vad_check_model (RnnModel *model, GError **error)
{
  g_autoptr (RnnVad) vad = rnn_vad_new (model, NULL, error);

  return vad != NULL;
}

static gboolean
gst_rnn_vad_set_model (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnVad *self = GST_RNN_VAD (stage);
  RnnVadConfig config;
  RnnVad *vad;

  if (stage->negotiated && rnn_model_get_rate (model) != GST_AUDIO_INFO_RATE (&self->hold.info)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "it needs %d Hz, the stream has %d Hz", rnn_model_get_rate (model),
        GST_AUDIO_INFO_RATE (&self->hold.info));
    return FALSE;
  }
  rnn_options_init (rnn_vad_options, &config);
  GST_OBJECT_LOCK (self);
  rnn_options_copy (rnn_vad_options, &config, &self->config);
  GST_OBJECT_UNLOCK (self);
  vad = rnn_vad_new (model, &config, error);
  rnn_options_clear (rnn_vad_options, &config);
  if (!vad)
    return FALSE;
  g_clear_pointer (&self->vad, rnn_vad_free);
  self->vad = vad;
  return TRUE;
}

static void
gst_rnn_vad_stop (GstRnnStage *stage)
{
  GstRnnVad *self = GST_RNN_VAD (stage);

  g_clear_pointer (&self->vad, rnn_vad_free);
  gst_rnn_hold_drop (&self->hold);
  g_clear_pointer (&self->ready, gst_buffer_list_unref);
}

static void
tell_latency (GstRnnVad *self)
{
  gst_rnn_stage_set_latency (&self->stage, gst_util_uint64_scale_ceil (rnn_vad_get_delay (self->vad), GST_SECOND,
          rnn_model_get_rate (self->stage.model)));
}

static gboolean
gst_rnn_vad_set_caps (GstRnnStage *stage, GstCaps *caps, GError **error)
{
  GstRnnVad *self = GST_RNN_VAD (stage);

  if (!gst_rnn_hold_set_caps (&self->hold, caps, rnn_model_get_rate (stage->model), FALSE, error))
    return FALSE;
  gst_rnn_timeline_init (&stage->timeline, GST_AUDIO_INFO_RATE (&self->hold.info), 1);
  tell_latency (self);
  return gst_rnn_stage_push_caps (stage->srcpad, caps);
}

/* The properties of now, once a buffer. */
static void
take_settings (GstRnnVad *self)
{
  GST_OBJECT_LOCK (self);
  self->mode_now = self->mode;
  self->post_now = self->post_messages;
  if (self->changed)
    rnn_vad_configure (self->vad, &self->config);
  GST_OBJECT_UNLOCK (self);
  if (g_atomic_int_compare_and_exchange (&self->changed, TRUE, FALSE))
    tell_latency (self);
}

/* ---- out ---- */

static GstClockTime
time_of (GstRnnVad *self, guint64 sample)
{
  return gst_rnn_timeline_at (&self->stage.timeline, (gint64) sample);
}

static GstFlowReturn
push_ready (GstRnnVad *self)
{
  return self->ready ? gst_pad_push_list (self->stage.srcpad, g_steal_pointer (&self->ready)) : GST_FLOW_OK;
}

/* In a segment of its time: what waits has to leave before an event. */
static GstFlowReturn
before_event (GstRnnVad *self, GstClockTime pts)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!g_queue_is_empty (&self->stage.segments))
    ret = push_ready (self);
  gst_rnn_stage_push_segments (&self->stage, pts);
  return ret;
}

static GstFlowReturn
push_event (GstRnnVad *self, GstEvent *event)
{
  GstFlowReturn ret = push_ready (self);

  gst_event_set_seqnum (event, self->seqnum);
  gst_pad_push_event (self->stage.srcpad, event);
  return ret;
}

/* The silence up to `told` that nobody downstream knows of */
static GstFlowReturn
push_gap (GstRnnVad *self)
{
  GstClockTime start, end = time_of (self, self->told);
  GstFlowReturn ret;

  if (self->gap == 0)
    return GST_FLOW_OK;
  start = time_of (self, self->told - self->gap);
  self->gap = 0;
  ret = before_event (self, start);
  self->stage.end = end;
  return ret == GST_FLOW_OK ? push_event (self, gst_event_new_gap (start, end - start)) : ret;
}

/* The same running and stream time as before, but it begins with the speech. */
static GstFlowReturn
push_segment (GstRnnVad *self, GstClockTime start)
{
  GstSegment segment = self->stage.segment;

  if (segment.format != GST_FORMAT_TIME)
    return GST_FLOW_OK;
  segment.base = gst_segment_to_running_time (&self->stage.segment, GST_FORMAT_TIME, start);
  segment.time = gst_segment_to_stream_time (&self->stage.segment, GST_FORMAT_TIME, start);
  segment.start = segment.position = start;
  segment.offset = 0;
  return push_event (self, gst_event_new_segment (&segment));
}

/* What happened at the border before @sample: a message. */
static void
post (GstRnnVad *self, const gchar *type, guint64 sample, gfloat probability)
{
  const GstSegment *segment = &self->stage.segment;
  GstClockTime at = time_of (self, sample), stream = GST_CLOCK_TIME_NONE, running = GST_CLOCK_TIME_NONE;

  if (!self->post_now)
    return;
  if (segment->format == GST_FORMAT_TIME) {
    stream = gst_segment_to_stream_time (segment, GST_FORMAT_TIME, at);
    running = gst_segment_to_running_time (segment, GST_FORMAT_TIME, at);
  }
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self),
          gst_structure_new ("rnnvad", "type", G_TYPE_STRING, type, "timestamp", G_TYPE_UINT64, at,
              "stream-time", G_TYPE_UINT64, stream, "running-time", G_TYPE_UINT64, running,
              "duration", G_TYPE_UINT64, at - time_of (self, self->since),
              "probability", G_TYPE_DOUBLE, (gdouble) probability, NULL)));
}

static GstBuffer *
take_buffer (GstRnnVad *self, const RnnVadSpan *span, GstClockTime pts)
{
  GstBuffer *buffer = gst_buffer_make_writable (gst_rnn_hold_take (&self->hold, span->end - span->start));
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, GST_RNN_VAD_META);

  gst_structure_set (gst_custom_meta_get_structure (meta), "speech", G_TYPE_BOOLEAN, span->speech,
      "probability", G_TYPE_DOUBLE, (gdouble) span->probability, NULL);
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = time_of (self, span->end) - pts;
  GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_DISCONT);
  if (self->stage.discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->stage.discont = FALSE;
  return buffer;
}

static GstFlowReturn
push_sound (GstRnnVad *self, const RnnVadSpan *span)
{
  GstClockTime pts = time_of (self, span->start);
  GstFlowReturn ret = before_event (self, pts);

  if (ret != GST_FLOW_OK)
    return ret;
  if (!self->ready)
    self->ready = gst_buffer_list_new ();
  gst_buffer_list_insert (self->ready, -1, take_buffer (self, span, pts));
  self->stage.end = time_of (self, span->end);
  return GST_FLOW_OK;
}

static GstFlowReturn
keep_silent (GstRnnVad *self, const RnnVadSpan *span)
{
  GstClockTime most = self->mode_now == MODE_SPLIT ? MAX_SPLIT_GAP : MAX_GAP;

  gst_rnn_hold_skip (&self->hold, span->end - span->start);
  self->gap += span->end - span->start;
  return time_of (self, span->end) - time_of (self, span->end - self->gap) >= most ? push_gap (self) : GST_FLOW_OK;
}

/* A stretch begins with the span. */
static GstFlowReturn
change (GstRnnVad *self, const RnnVadSpan *span)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (span->speech || span->start > 0)
    post (self, span->speech ? "speech" : "silence", span->start, span->probability);
  self->since = span->start;
  self->speech = span->speech;
  if (!span->speech || self->mode_now == MODE_MARK)
    return GST_FLOW_OK;
  if (self->mode_now == MODE_GATE)
    return push_gap (self);
  self->gap = 0;
  ret = before_event (self, time_of (self, span->start));
  self->stage.discont = TRUE;
  return ret == GST_FLOW_OK ? push_segment (self, time_of (self, span->start)) : ret;
}

static GstFlowReturn
tell (GstRnnVad *self, const RnnVadSpan *span)
{
  GstFlowReturn ret = span->begins ? change (self, span) : GST_FLOW_OK;

  if (ret != GST_FLOW_OK)
    return ret;
  GST_OBJECT_LOCK (self);
  *(span->speech ? &self->n_speech : &self->n_silence) += span->end - span->start;
  self->stage.n_steps++;
  GST_OBJECT_UNLOCK (self);
  self->told = span->end;
  return span->speech || self->mode_now == MODE_MARK ? push_sound (self, span) : keep_silent (self, span);
}

/* ---- in ---- */

static GstFlowReturn
tell_all (GstRnnVad *self)
{
  GstFlowReturn ret = GST_FLOW_OK;
  RnnVadSpan span;

  while (ret == GST_FLOW_OK && rnn_vad_next (self->vad, &span))
    ret = tell (self, &span);
  return ret;
}

static GstFlowReturn
hear_all (GstRnnVad *self)
{
  gfloat samples[GST_RNN_HOLD_CHUNK];
  GstFlowReturn ret = GST_FLOW_OK;
  guint n;

  take_settings (self);
  while (ret == GST_FLOW_OK && (n = gst_rnn_hold_hear (&self->hold, samples)) > 0) {
    self->stage.timeline.count += n;
    rnn_vad_push (self->vad, samples, n);
    ret = tell_all (self);
  }
  return ret == GST_FLOW_OK ? push_ready (self) : ret;
}

static GstFlowReturn
gst_rnn_vad_process (GstRnnStage *stage, GstBuffer *buffer)
{
  gst_rnn_hold_push (&GST_RNN_VAD (stage)->hold, buffer);
  return hear_all (GST_RNN_VAD (stage));
}

static GstFlowReturn
gst_rnn_vad_fill (GstRnnStage *stage, guint64 n)
{
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint piece; n > 0 && ret == GST_FLOW_OK; n -= piece) {
    piece = (guint) MIN (n, 16 * GST_RNN_HOLD_CHUNK);
    gst_rnn_hold_push_silence (&GST_RNN_VAD (stage)->hold, piece);
    ret = hear_all (GST_RNN_VAD (stage));
  }
  return ret;
}

static GstBuffer *
gst_rnn_vad_clip (GstRnnStage *stage, GstBuffer *buffer)
{
  GstAudioInfo *info = &GST_RNN_VAD (stage)->hold.info;

  if (stage->segment.format != GST_FORMAT_TIME)
    return buffer;
  return gst_audio_buffer_clip (buffer, &stage->segment, GST_AUDIO_INFO_RATE (info), GST_AUDIO_INFO_BPF (info));
}

/* All of the stretch is decided; a new one begins with the next sample. */
static void
forget (GstRnnVad *self)
{
  gst_rnn_hold_drop (&self->hold);
  g_clear_pointer (&self->ready, gst_buffer_list_unref);
  self->gap = self->told = self->since = 0;
  self->speech = FALSE;
}

static GstFlowReturn
gst_rnn_vad_drain (GstRnnStage *stage)
{
  GstRnnVad *self = GST_RNN_VAD (stage);
  GstFlowReturn ret;

  if (!self->vad || !stage->negotiated || !gst_rnn_timeline_started (&stage->timeline))
    return GST_FLOW_OK;
  take_settings (self);
  rnn_vad_finish (self->vad);
  ret = tell_all (self);
  if (self->speech)
    post (self, "silence", self->told, 0);
  if (ret == GST_FLOW_OK)
    ret = push_gap (self);
  if (ret == GST_FLOW_OK)
    ret = push_ready (self);
  rnn_vad_reset (self->vad);
  forget (self);
  gst_rnn_timeline_start (&stage->timeline, gst_rnn_timeline_next (&stage->timeline));
  return ret;
}

static void
gst_rnn_vad_reset (GstRnnStage *stage)
{
  GstRnnVad *self = GST_RNN_VAD (stage);

  if (self->vad)
    rnn_vad_reset (self->vad);
  forget (self);
}

static void
gst_rnn_vad_keep (GstRnnStage *stage, RnnKeep *keep)
{
  GstRnnVad *self = GST_RNN_VAD (stage);

  if (!self->vad || self->ready) {
    keep->failed = TRUE;
    return;
  }
  rnn_vad_keep (self->vad, keep);
  gst_rnn_hold_keep (&self->hold, keep);
  rnn_keep (keep, &self->gap, sizeof self->gap);
  rnn_keep (keep, &self->told, sizeof self->told);
  rnn_keep (keep, &self->since, sizeof self->since);
  rnn_keep (keep, &self->speech, sizeof self->speech);
  if (self->gap > self->told || self->told + self->hold.n_heard != stage->timeline.count)
    keep->failed = TRUE;
}

static gboolean
gst_rnn_vad_push_event (GstRnnStage *stage, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT)
    GST_RNN_VAD (stage)->seqnum = gst_event_get_seqnum (event);
  return gst_pad_push_event (stage->srcpad, event);
}

static void
gst_rnn_vad_get_stats (GstRnnStage *stage, GstStructure *stats)
{
  GstRnnVad *self = GST_RNN_VAD (stage);
  guint64 rate = (guint64) MAX (GST_AUDIO_INFO_RATE (&self->hold.info), 1);

  gst_structure_set (stats, "speech", G_TYPE_UINT64, gst_util_uint64_scale (self->n_speech, GST_SECOND, rate),
      "silence", G_TYPE_UINT64, gst_util_uint64_scale (self->n_silence, GST_SECOND, rate), NULL);
}

/* ---- GObject ---- */

static void
gst_rnn_vad_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnVad *self = GST_RNN_VAD (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODE:
      self->mode = g_value_get_enum (value);
      break;
    case PROP_LABEL:
      g_free (self->config.label);
      self->config.label = g_value_dup_string (value);
      break;
    case PROP_POST_MESSAGES:
      self->post_messages = g_value_get_boolean (value);
      break;
    case PROP_STATE:
    case PROP_STATE_INTERVAL:
      gst_rnn_stage_set_state_property (&self->stage, id - PROP_STATE, value);
      break;
    default:
      gst_rnn_options_set (rows, id - PROP_OPTIONS, &self->config, value);
      g_atomic_int_set (&self->changed, TRUE);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_vad_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnVad *self = GST_RNN_VAD (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_MODE:
      g_value_set_enum (value, self->mode);
      break;
    case PROP_LABEL:
      g_value_set_string (value, self->config.label);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, self->post_messages);
      break;
    case PROP_STATE:
    case PROP_STATE_INTERVAL:
      gst_rnn_stage_get_state_property (&self->stage, id - PROP_STATE, value);
      break;
    default:
      gst_rnn_options_get (rows, id - PROP_OPTIONS, &self->config, value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_vad_finalize (GObject *object)
{
  GstRnnVad *self = GST_RNN_VAD (object);

  rnn_options_clear (rnn_vad_options, &self->config);
  gst_rnn_hold_clear (&self->hold);
  G_OBJECT_CLASS (gst_rnn_vad_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_MODE,
      g_param_spec_enum ("mode", "Mode", "What leaves where nobody speaks", gst_rnn_vad_mode_get_type (), MODE_MARK,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, PROP_LABEL,
      g_param_spec_string ("label", "Label", "Which of the model's numbers tells of speech; NULL: \"speech\", or the last one",
          NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages", "Post an element message where speech or silence begins", TRUE,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING));
  for (guint i = 0, n = 0; rnn_vad_options[i].name; i++)
    if (rnn_vad_options[i].type != RNN_OPTION_STRING)
      rows[n++] = rnn_vad_options[i];
  gst_rnn_options_install (klass, rows, PROP_OPTIONS, GST_PARAM_MUTABLE_PLAYING);
}

static void
gst_rnn_vad_class_init (GstRnnVadClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);
  static const gchar *tags[] = { NULL };

  GST_DEBUG_CATEGORY_INIT (gst_rnn_vad_debug, "rnnvad", 0, "voice activity");
  gst_meta_register_custom (GST_RNN_VAD_META, tags, NULL, NULL, NULL);
  object_class->set_property = gst_rnn_vad_set_property;
  object_class->get_property = gst_rnn_vad_get_property;
  object_class->finalize = gst_rnn_vad_finalize;
  install_properties (object_class);
  gst_rnn_stage_install_state (G_OBJECT_CLASS (klass), PROP_STATE, NULL, NULL);
  gst_type_mark_as_plugin_api (gst_rnn_vad_mode_get_type (), 0);

  klass->is_first = TRUE;
  klass->default_model = "vad";
  klass->check_model = gst_rnn_vad_check_model;
  klass->set_model = gst_rnn_vad_set_model;
  klass->set_caps = gst_rnn_vad_set_caps;
  klass->clip = gst_rnn_vad_clip;
  klass->process = gst_rnn_vad_process;
  klass->fill = gst_rnn_vad_fill;
  klass->drain = gst_rnn_vad_drain;
  klass->reset = gst_rnn_vad_reset;
  klass->keep = gst_rnn_vad_keep;
  klass->stop = gst_rnn_vad_stop;
  klass->push_event = gst_rnn_vad_push_event;
  klass->get_stats = gst_rnn_vad_get_stats;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Voice activity detector", "Filter/Analyzer/Audio",
      "Says where somebody speaks, and leaves out the rest if wanted", "gst-rnn");
}

static void
gst_rnn_vad_init (GstRnnVad *self)
{
  gst_rnn_hold_init (&self->hold);
  rnn_options_init (rnn_vad_options, &self->config);
  self->post_messages = TRUE;
  gst_rnn_stage_add_pads (&self->stage);
  gst_pad_set_query_function (self->stage.sinkpad, gst_rnn_hold_query);
  gst_pad_set_query_function (self->stage.srcpad, gst_rnn_hold_query);
}
