/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnninfer: runs a model along a stream of vectors, one step per tensor or per frame of a raw audio buffer.  Streams of
 * one batch-group run together. */
#include "gstrnninfer.h"
#include "gstrnncaps.h"
#include "gstrnnctcdec.h"
#include "gstrnninfer-private.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_infer_debug);
#define GST_CAT_DEFAULT gst_rnn_infer_debug

enum { PROP_0, PROP_PRECISION, PROP_N_THREADS, PROP_BATCH_GROUP, PROP_BATCH_DEADLINE, PROP_STATE };   /* the last: two of them */

#define DEFAULT_BATCH_DEADLINE 5        /* ms */

G_DEFINE_TYPE (GstRnnInfer, gst_rnn_infer, GST_TYPE_RNN_STAGE)
GST_ELEMENT_REGISTER_DEFINE (rnninfer, "rnninfer", GST_RANK_NONE, GST_TYPE_RNN_INFER);

#define SERIES_CAPS "audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (F64) " }, " \
    "layout=(string)interleaved, rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 2147483647 ]"
static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_TENSORS_CAPS "; " SERIES_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_TENSORS_CAPS));

static GType
gst_rnn_precision_get_type (void)
{
  static const GEnumValue values[] = {
    {RNN_PRECISION_F32, "32-bit floating point", "f32"},
    {RNN_PRECISION_INT8, "8-bit weights", "int8"},
    {RNN_PRECISION_BF16, "16-bit floating-point weights", "bf16"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstRnnPrecision", values));
  return type;
}

/* ---- the model ---- */

/* Both: transfer full */
static void
use_stream (GstRnnInfer *self, RnnStream *stream, RnnModel *running)
{
  RnnStream *old;
  RnnBatchStats stats = { 0, };

  GST_OBJECT_LOCK (self);
  old = self->stream;
  self->stream = stream;
  if (stream)
    rnn_stream_cancel (stream, self->flushing);
  if (old)
    rnn_stream_get_stats (old, &stats);
  self->past.n_runs += stats.n_runs;
  self->past.n_rows += stats.n_rows;
  GST_OBJECT_UNLOCK (self);
  g_clear_pointer (&old, rnn_stream_free);
  g_clear_pointer (&self->running, rnn_model_unref);
  self->running = running;
}

static void
gst_rnn_infer_stop (GstRnnStage *stage)
{
  use_stream (GST_RNN_INFER (stage), NULL, NULL);
}

void
gst_rnn_infer_set_listener (GstElement *infer, GstElement *decoder)
{
  GST_RNN_INFER (infer)->listener = decoder;
}

/* -1: all of them */
static gint
get_wanted_head (GstRnnInfer *self, RnnModel *model)
{
  return self->listener ? gst_rnn_ctc_dec_get_head (self->listener, model) : -1;
}

static gboolean
open_stream (GstRnnInfer *self, RnnModel *model, GError **error)
{
  g_autofree gchar *group = NULL;
  g_autoptr (RnnModel) running = NULL;
  gint head = get_wanted_head (self, model);
  RnnStreamConfig config;
  RnnStream *stream;

  GST_OBJECT_LOCK (self);
  group = g_strdup (self->batch_group);
  config = (RnnStreamConfig) { self->precision, group, self->batch_deadline * 1000 };
  GST_OBJECT_UNLOCK (self);
  running = head < 0 ? rnn_model_ref (model) : rnn_model_narrow (model, (guint) head, config.precision, error);
  stream = running ? rnn_stream_new (running, &config, error) : NULL;
  if (!stream)
    return FALSE;
  self->head = head;
  self->patience = group ? config.deadline * GST_USECOND : 0;
  self->n_out = rnn_model_get_n_out (running);
  use_stream (self, stream, g_steal_pointer (&running));
  return TRUE;
}

static gboolean
gst_rnn_infer_check_model (RnnModel *model, GError **error)
{
  if (!rnn_model_is_offline (model))
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "it needs whole sequences and cannot stream");
  return FALSE;
}

static gboolean
gst_rnn_infer_set_model (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);

  if (stage->negotiated && (gsize) rnn_model_get_n_in (model) != self->n_in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "it takes %d floats per step, the stream has %" G_GSIZE_FORMAT,
        rnn_model_get_n_in (model), self->n_in);
    return FALSE;
  }
  if (!open_stream (self, model, error))
    return FALSE;
  self->n_in = rnn_model_get_n_in (model);
  self->n_missing = 0;
  return TRUE;
}

static void
gst_rnn_infer_set_flushing (GstRnnStage *stage, gboolean flushing)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);

  GST_OBJECT_LOCK (self);
  self->flushing = flushing;
  if (self->stream)
    rnn_stream_cancel (self->stream, flushing);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_infer_get_stats (GstRnnStage *stage, GstStructure *stats)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);
  RnnBatchStats now = { 0, };

  if (self->stream)
    rnn_stream_get_stats (self->stream, &now);
  gst_structure_set (stats, "runs", G_TYPE_UINT64, self->past.n_runs + now.n_runs,
      "batched-streams", G_TYPE_UINT64, self->past.n_rows + now.n_rows, NULL);
}

/* ---- caps ---- */

static gboolean
parse_series (GstRnnInfer *self, GstCaps *caps, GstRnnTensors *in, GError **error)
{
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps)) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "incomplete audio caps");
    return FALSE;
  }
  if (rnn_model_get_input (self->stage.model)->klass->source == RNN_SOURCE_AUDIO) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
        "The model takes features of audio, not samples: put `audioconvert ! audioresample ! rnnfeatures` in front.");
    return FALSE;
  }
  self->format = GST_AUDIO_INFO_FORMAT (&info);
  in->n = GST_AUDIO_INFO_CHANNELS (&info);
  in->fps_n = GST_AUDIO_INFO_RATE (&info);
  in->fps_d = 1;
  return TRUE;
}

static const gchar *
output_kind (RnnModel *model)
{
  const gchar *kind = rnn_output_primary (rnn_model_get_output (model))->klass->caps;

  return kind ? kind : rnn_model_get_input (model)->klass->caps;
}

/* The decoder may have changed its mind with its model. */
static gboolean
follow_listener (GstRnnInfer *self, GError **error)
{
  return get_wanted_head (self, self->stage.model) == self->head || open_stream (self, self->stage.model, error);
}

static GstCaps *
make_output_caps (GstRnnInfer *self, GstRnnTensors *tensors)
{
  RnnModel *model = self->stage.model;
  GstCaps *caps;

  tensors->n = (gint) self->n_out;
  caps = gst_rnn_tensors_to_caps (tensors, output_kind (model), rnn_model_get_name (model));
  if (tensors->n < rnn_model_get_n_out (model))
    gst_caps_set_simple (caps, "rnn-head", G_TYPE_INT, self->head, NULL);
  return caps;
}

static gboolean
gst_rnn_infer_set_caps (GstRnnStage *stage, GstCaps *caps, GError **error)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);
  gboolean is_series = gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw");
  g_autoptr (GstCaps) out = NULL;
  GstRnnTensors in;

  self->format = GST_AUDIO_FORMAT_UNKNOWN;
  if (!(is_series ? parse_series (self, caps, &in, error) : gst_rnn_tensors_from_caps (&in, caps, error)))
    return FALSE;
  if ((gsize) in.n != self->n_in) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "The model %s needs %" G_GSIZE_FORMAT
        " floats per step, not %d.", rnn_model_get_path (stage->model), self->n_in, in.n);
    return FALSE;
  }
  if (!follow_listener (self, error))
    return FALSE;
  gst_rnn_timeline_init (&stage->timeline, in.fps_n, in.fps_d);
  if (in.fps_n > 0) {
    gst_rnn_stage_set_latency (stage, self->patience + gst_util_uint64_scale_ceil (rnn_stream_get_latency (self->stream),
            in.fps_d * GST_SECOND, in.fps_n));
  }
  out = make_output_caps (self, &in);
  return gst_rnn_stage_set_output (stage, out, in.n);
}

/* Only a model of series takes raw samples, with as many channels as it has inputs. */
static GstCaps *
get_sink_caps (GstRnnInfer *self)
{
  GstCaps *caps = gst_static_pad_template_get_caps (&sink_template);
  gint n_channels = 0;

  GST_OBJECT_LOCK (self);
  if (self->stage.model && rnn_model_get_input (self->stage.model)->klass->source != RNN_SOURCE_AUDIO)
    n_channels = rnn_model_get_n_in (self->stage.model);
  else if (self->stage.model)
    n_channels = -1;
  GST_OBJECT_UNLOCK (self);
  caps = gst_caps_make_writable (caps);
  if (n_channels > 0)
    gst_structure_set (gst_caps_get_structure (caps, 1), "channels", G_TYPE_INT, n_channels, NULL);
  else if (n_channels < 0)
    gst_caps_remove_structure (caps, 1);
  return caps;
}

static gboolean
sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS)
    return gst_rnn_stage_answer_caps (query, get_sink_caps (GST_RNN_INFER (parent)));
  return gst_rnn_stage_sink_query (pad, parent, query);
}

/* ---- GObject ---- */

void
gst_rnn_infer_install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_PRECISION,
      g_param_spec_enum ("precision", "Precision", "Numbers that the weights are kept in",
          gst_rnn_precision_get_type (), RNN_PRECISION_F32,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, PROP_N_THREADS,
      g_param_spec_uint ("n-threads", "Threads",
          "Threads that run the model: a step of one stream is too short to share", 1, 1, 1,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, PROP_BATCH_GROUP,
      g_param_spec_string ("batch-group", "Batch group",
          "Streams of this process with the same group, model and precision run as one batch; NULL: alone", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, PROP_BATCH_DEADLINE,
      g_param_spec_uint ("batch-deadline", "Batch deadline",
          "How long a step waits at most for those of other streams of the group (ms)", 0, 10000,
          DEFAULT_BATCH_DEADLINE, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
}

static void
gst_rnn_infer_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnInfer *self = GST_RNN_INFER (object);

  GST_OBJECT_LOCK (object);
  switch (id) {
    case PROP_PRECISION:
      self->precision = g_value_get_enum (value);
      break;
    case PROP_BATCH_GROUP:
      g_free (self->batch_group);
      self->batch_group = g_value_dup_string (value);
      break;
    case PROP_BATCH_DEADLINE:
      self->batch_deadline = g_value_get_uint (value);
      break;
    default:
      gst_rnn_stage_set_state_property (&self->stage, id - PROP_STATE, value);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_rnn_infer_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnInfer *self = GST_RNN_INFER (object);

  GST_OBJECT_LOCK (object);
  switch (id) {
    case PROP_PRECISION:
      g_value_set_enum (value, self->precision);
      break;
    case PROP_N_THREADS:
      g_value_set_uint (value, 1);
      break;
    case PROP_BATCH_GROUP:
      g_value_set_string (value, self->batch_group);
      break;
    case PROP_BATCH_DEADLINE:
      g_value_set_uint (value, self->batch_deadline);
      break;
    default:
      gst_rnn_stage_get_state_property (&self->stage, id - PROP_STATE, value);
      break;
  }
  GST_OBJECT_UNLOCK (object);
}

static void
gst_rnn_infer_finalize (GObject *object)
{
  g_free (GST_RNN_INFER (object)->batch_group);
  G_OBJECT_CLASS (gst_rnn_infer_parent_class)->finalize (object);
}

static void
gst_rnn_infer_class_init (GstRnnInferClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_infer_debug, "rnninfer", 0, "recurrent inference");
  object_class->set_property = gst_rnn_infer_set_property;
  object_class->get_property = gst_rnn_infer_get_property;
  object_class->finalize = gst_rnn_infer_finalize;
  gst_rnn_infer_install_properties (object_class);
  gst_rnn_stage_install_state (G_OBJECT_CLASS (klass), PROP_STATE, NULL, NULL);

  klass->check_model = gst_rnn_infer_check_model;
  klass->set_model = gst_rnn_infer_set_model;
  klass->set_caps = gst_rnn_infer_set_caps;
  klass->process = gst_rnn_infer_process;
  klass->run = gst_rnn_infer_run;
  klass->fill = gst_rnn_infer_fill;
  klass->drain = gst_rnn_infer_drain;
  klass->drains_midway = TRUE;
  klass->reset = gst_rnn_infer_reset;
  klass->keep = gst_rnn_infer_keep;
  klass->stop = gst_rnn_infer_stop;
  klass->endpoint = gst_rnn_infer_endpoint;
  klass->set_flushing = gst_rnn_infer_set_flushing;
  klass->get_stats = gst_rnn_infer_get_stats;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Recurrent network", "Filter",
      "Runs a recurrent network along a stream of features or samples", "gst-rnn");
  gst_type_mark_as_plugin_api (gst_rnn_precision_get_type (), 0);
}

static void
gst_rnn_infer_init (GstRnnInfer *self)
{
  self->batch_deadline = DEFAULT_BATCH_DEADLINE;
  self->head = -1;
  gst_rnn_stage_add_pads (&self->stage);
  gst_pad_set_query_function (self->stage.sinkpad, sink_query);
  /* what does not fit is refused in set_caps, which can say why */
  GST_PAD_SET_ACCEPT_TEMPLATE (self->stage.sinkpad);
}
