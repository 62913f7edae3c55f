/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnfeatures: audio in, one feature vector per buffer out, as the model's recipe (or the property `features`)
 * says.  Two channels are mixed so that they do not cancel each other.  A step's PTS is the start of its window, counted in samples; its duration is the hop. */
#include "gstrnnfeatures.h"
#include <gst/audio/audio.h>
#include <string.h>
#include <rnncore/features/features-options.h>
#include "gstrnncaps.h"
#include "gstrnnconceal.h"
#include "gstrnngate.h"
#include "gstrnnoptions.h"
#include "gstrnnsamples.h"
#include "gstrnnstage.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_features_debug);
#define GST_CAT_DEFAULT gst_rnn_features_debug

enum { PROP_0, PROP_FEATURES, PROP_STATE, PROP_STATE_INTERVAL, PROP_GATE };

#define CHUNK 256               /* samples that are worked on at once */
#define MAX_CHANNELS 2
#define MAX_LIST 32             /* steps that are pushed at once */

typedef struct {
  GstRnnStage stage;

  /* under the object lock */
  gchar *options;               /* property `features` */
  RnnGateConfig gate_config;

  RnnFeatureConfig config;      /* without a model */
  gint rate;                    /* the model's, or 0: that of the caps */
  GstAudioInfo info;
  RnnInputStream *features;
  gsize dim;                    /* floats of a step */
  gint64 start, hop;            /* samples: of step 0, from step to step */
  guint window;                 /* samples of a step */
  gfloat *steps;                /* [max_steps][dim] of one chunk */
  gint64 n_steps;               /* since the timeline's start */
  guint8 rest[MAX_CHANNELS * sizeof (gfloat)];  /* of a sample that goes on in the next buffer */
  guint n_rest;                 /* bytes */
  RnnDownmix downmix;
  gboolean told;                /* that channels cancel each other */
  GstRnnConceal conceal;
  GstRnnGate gate;
} GstRnnFeatures;

typedef GstRnnStageClass GstRnnFeaturesClass;

#define GST_RNN_FEATURES(obj) ((GstRnnFeatures *) (obj))

G_DEFINE_TYPE (GstRnnFeatures, gst_rnn_features, GST_TYPE_RNN_STAGE)
GST_ELEMENT_REGISTER_DEFINE (rnnfeatures, "rnnfeatures", GST_RANK_NONE, GST_TYPE_RNN_FEATURES);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("audio/x-raw, format=(string){ " GST_AUDIO_NE (F32) ", " GST_AUDIO_NE (S16) " }, "
        "layout=(string)interleaved, rate=(int)[ 1, 2147483647 ], channels=(int)[ 1, 2 ]"));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_TENSORS_CAPS));

/* ---- configuration ---- */

static gboolean
config_from_options (GstRnnFeatures *self, RnnFeatureConfig *config, GError **error)
{
  g_autofree gchar *text = NULL;
  json_t *options;
  gboolean ok;

  rnn_feature_config_init (config);
  GST_OBJECT_LOCK (self);
  text = g_strdup (self->options);
  GST_OBJECT_UNLOCK (self);
  if (!text)
    return TRUE;
  options = json_loads (text, JSON_REJECT_DUPLICATES, NULL);
  if (!options) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "features: not a JSON object: %s", text);
    return FALSE;
  }
  ok = rnn_options_from_json (rnn_feature_options, config, options, NULL, "features", error);
  json_decref (options);
  return ok;
}

static gboolean
gst_rnn_features_check_model (RnnModel *model, GError **error)
{
  const RnnInput *input = rnn_model_get_input (model);

  if (input->klass->source != RNN_SOURCE_AUDIO) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "its input is not audio");
    return FALSE;
  }
  if (rnn_input_needs_stats (input) && !rnn_model_get_input_mean (model)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "it lacks the mean and deviation of its features (input.mean, "
        "input.std), which a recipe gets by training");
    return FALSE;
  }
  return TRUE;
}

/* The detector as it is asked for now, for @rate; 0: any */
static gboolean
open_gate (GstRnnFeatures *self, gint rate, GError **error)
{
  RnnGateConfig config;
  gboolean ok;

  rnn_options_init (rnn_gate_options, &config);
  GST_OBJECT_LOCK (self);
  rnn_options_copy (rnn_gate_options, &config, &self->gate_config);
  GST_OBJECT_UNLOCK (self);
  ok = gst_rnn_gate_open (&self->gate, &config, rate, error);
  rnn_options_clear (rnn_gate_options, &config);
  return ok;
}

static gboolean
gst_rnn_features_set_model (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);
  gint rate = model ? rnn_model_get_rate (model) : 0;
  RnnFeatureConfig config = { 0, };

  if (!(model ? gst_rnn_features_check_model (model, error) : config_from_options (self, &config, error)))
    return FALSE;
  if (stage->negotiated && rate && rate != GST_AUDIO_INFO_RATE (&self->info)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "it needs %d Hz, the stream has %d Hz", rate,
        GST_AUDIO_INFO_RATE (&self->info));
    return FALSE;
  }
  if (!stage->negotiated && !open_gate (self, rate, error))
    return FALSE;
  self->config = config;
  self->rate = rate;
  return TRUE;
}

static gboolean
check_caps (GstRnnFeatures *self, GstCaps *caps, GError **error)
{
  g_autofree gchar *rate = self->rate ? g_strdup_printf ("%d Hz", self->rate) : g_strdup ("any rate");
  g_autofree gchar *text = NULL;
  g_autoptr (GstCaps) template = gst_static_pad_template_get_caps (&sink_template);

  if (gst_caps_can_intersect (caps, template) && gst_audio_info_from_caps (&self->info, caps)
      && (self->rate == 0 || GST_AUDIO_INFO_RATE (&self->info) == self->rate))
    return TRUE;
  text = gst_caps_to_string (caps);
  g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "Mono or stereo audio of %s in F32 or S16 is needed, not %s: "
      "put `audioconvert ! audioresample` in front.", rate, text);
  return FALSE;
}

static void
free_front_end (GstRnnFeatures *self)
{
  g_clear_pointer (&self->features, rnn_input_stream_free);
  g_clear_pointer (&self->steps, g_free);
}

static gboolean
make_front_end (GstRnnFeatures *self, GError **error)
{
  RnnModel *model = self->stage.model;
  g_autoptr (RnnInput) own = NULL;
  const RnnInput *input;
  RnnInputStream *features;

  self->config.rate = GST_AUDIO_INFO_RATE (&self->info);
  if (!open_gate (self, self->config.rate, error))
    return FALSE;
  if (!model && !(own = rnn_input_new_acoustic (&self->config, error)))
    return FALSE;
  input = model ? rnn_model_get_input (model) : own;
  features = rnn_input_stream_new (input, model ? rnn_model_get_input_mean (model) : NULL,
      model ? rnn_model_get_input_std (model) : NULL, error);
  if (!features && model)
    g_prefix_error (error, "%s: ", rnn_model_get_path (model));
  if (!features)
    return FALSE;
  free_front_end (self);
  rnn_downmix_init (&self->downmix, GST_AUDIO_INFO_CHANNELS (&self->info), GST_AUDIO_INFO_RATE (&self->info));
  self->features = features;
  self->start = rnn_input_stream_get_start (features);
  self->dim = input->n_in;
  self->hop = input->hop;
  self->window = input->window;
  self->n_steps = 0;
  self->steps = g_new (gfloat, rnn_input_stream_max_steps (features, CHUNK + self->window) * self->dim);
  return TRUE;
}

static gboolean
gst_rnn_features_set_caps (GstRnnStage *stage, GstCaps *caps, GError **error)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);
  g_autoptr (GstCaps) out = NULL;
  GstRnnTensors tensors = { 0, };
  gint rate;

  if (!check_caps (self, caps, error) || !make_front_end (self, error))
    return FALSE;
  rate = GST_AUDIO_INFO_RATE (&self->info);
  gst_rnn_timeline_init (&stage->timeline, rate, 1);
  gst_rnn_stage_set_latency (stage, gst_util_uint64_scale_ceil (self->window, GST_SECOND, rate));
  tensors.n = (gint) self->dim;
  tensors.fps_n = rate;
  tensors.fps_d = self->hop;
  out = gst_rnn_tensors_to_caps (&tensors, "features", stage->model ? rnn_model_get_name (stage->model) : NULL);
  return gst_rnn_stage_set_output (stage, out, tensors.n);
}

/* ---- the stream ---- */

static GstBuffer *
gst_rnn_features_clip (GstRnnStage *stage, GstBuffer *buffer)
{
  GstAudioInfo *info = &GST_RNN_FEATURES (stage)->info;

  if (stage->segment.format != GST_FORMAT_TIME)
    return buffer;
  return gst_audio_buffer_clip (buffer, &stage->segment, GST_AUDIO_INFO_RATE (info), GST_AUDIO_INFO_BPF (info));
}

/* The first @n of steps */
static void
add_steps (GstRnnFeatures *self, guint n)
{
  const GstRnnTimeline *timeline = &self->stage.timeline;
  guint i;

  for (i = 0; i < n; i++, self->n_steps++) {
    gint64 sample = self->start + self->n_steps * self->hop;
    GstClockTime pts = gst_rnn_timeline_at (timeline, sample);

    gst_rnn_stage_add_frame (&self->stage, self->steps + i * self->dim, pts,
        gst_rnn_timeline_at (timeline, sample + self->hop) - pts);
  }
}

/* Once a stream: what made of it one channel elsewhere would be silence there. */
static void
tell_cancelled (GstRnnFeatures *self)
{
  if (self->told || self->downmix.share < 1)
    return;
  self->told = TRUE;
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), gst_structure_new ("rnnfeatures",
              "type", G_TYPE_STRING, "opposite-phases", "channel", G_TYPE_UINT, self->downmix.loudest, NULL)));
}

/* data[n] of the caps' format and channels, which begin anywhere after half a sample -> mono floats in +-1, in place or in
 * samples[n * channels] */
static const gfloat *
to_mono (GstRnnFeatures *self, const guint8 *data, guint n, gfloat *samples)
{
  guint channels = GST_AUDIO_INFO_CHANNELS (&self->info);
  GstAudioFormat format = GST_AUDIO_INFO_FORMAT (&self->info);
  const gfloat *floats = samples;

  if (format == GST_AUDIO_FORMAT_F32 && (gsize) data % sizeof (gfloat) == 0)
    floats = (const gfloat *) data;
  else
    gst_rnn_samples_read (format, data, n * channels, samples);
  if (channels == 1)
    return floats;
  rnn_downmix (&self->downmix, floats, n, samples);
  tell_cancelled (self);
  return samples;
}

/* samples[n], n <= CHUNK */
static GstFlowReturn
push_samples (GstRnnFeatures *self, const gfloat *samples, guint n)
{
  GstRnnStage *stage = &self->stage;

  gst_rnn_gate_hear (&self->gate, stage, samples, n);
  stage->timeline.count += n;
  add_steps (self, rnn_input_stream_push (self->features, samples, n, self->steps));
  return gst_rnn_stage_get_n_frames (stage) >= MAX_LIST ? gst_rnn_stage_push_frames (stage) : GST_FLOW_OK;
}

/* data[n] in the format of the caps */
static GstFlowReturn
hear_all (GstRnnFeatures *self, const guint8 *data, gsize n)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  GstFlowReturn ret = GST_FLOW_OK;
  gfloat samples[CHUNK * MAX_CHANNELS];
  const gfloat *heard;
  gsize i, piece;

  for (i = 0; i < n && ret == GST_FLOW_OK; i += piece) {
    piece = MIN (n - i, CHUNK);
    heard = gst_rnn_conceal_hear (&self->conceal, to_mono (self, data + i * bpf, piece, samples), piece, samples);
    ret = push_samples (self, heard, piece);
  }
  return ret;
}

/* Completes the sample that the last buffer ended in; returns how many bytes of data[size] that takes. */
static gsize
complete_sample (GstRnnFeatures *self, const guint8 *data, gsize size, GstFlowReturn *ret)
{
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  gsize taken = self->n_rest ? MIN (bpf - self->n_rest, size) : 0;

  memcpy (self->rest + self->n_rest, data, taken);
  self->n_rest += taken;
  if (self->n_rest == bpf) {
    *ret = hear_all (self, self->rest, 1);
    self->n_rest = 0;
  }
  return taken;
}

static GstFlowReturn
gst_rnn_features_process (GstRnnStage *stage, GstBuffer *buffer)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);
  guint bpf = GST_AUDIO_INFO_BPF (&self->info);
  GstFlowReturn ret = GST_FLOW_OK;
  GstMapInfo map;
  gsize first, n;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  first = complete_sample (self, map.data, map.size, &ret);
  n = (map.size - first) / bpf;
  if (ret == GST_FLOW_OK)
    ret = hear_all (self, map.data + first, n);
  if (first + n * bpf < map.size) {
    self->n_rest = map.size - first - n * bpf;
    memcpy (self->rest, map.data + first + n * bpf, self->n_rest);
  }
  gst_buffer_unmap (buffer, &map);
  return ret == GST_FLOW_OK ? gst_rnn_stage_push_frames (stage) : ret;
}

static GstFlowReturn
gst_rnn_features_fill (GstRnnStage *stage, guint64 n)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);
  GstFlowReturn ret = GST_FLOW_OK;
  gfloat lost[CHUNK];
  guint piece;

  self->n_rest = 0;
  for (; n > 0 && ret == GST_FLOW_OK; n -= piece) {
    piece = (guint) MIN (n, CHUNK);
    gst_rnn_conceal_lose (&self->conceal, piece, lost);
    ret = push_samples (self, lost, piece);
  }
  return ret == GST_FLOW_OK ? gst_rnn_stage_push_frames (stage) : ret;
}

static GstFlowReturn
gst_rnn_features_drain (GstRnnStage *stage)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);

  if (!self->features || !gst_rnn_timeline_started (&stage->timeline))
    return GST_FLOW_OK;
  gst_rnn_gate_finish (&self->gate, stage);
  add_steps (self, rnn_input_stream_finish (self->features, self->steps));
  self->n_steps = 0;
  self->n_rest = 0;
  gst_rnn_conceal_reset (&self->conceal);
  return gst_rnn_stage_push_frames (stage);
}

static void
gst_rnn_features_reset (GstRnnStage *stage)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);

  if (self->features)
    rnn_input_stream_reset (self->features);
  gst_rnn_gate_reset (&self->gate);
  rnn_downmix_reset (&self->downmix);
  self->told = FALSE;
  self->n_steps = 0;
  self->n_rest = 0;
  gst_rnn_conceal_reset (&self->conceal);
}

static void
gst_rnn_features_keep (GstRnnStage *stage, RnnKeep *keep)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (stage);

  if (!self->features) {
    keep->failed = TRUE;
    return;
  }
  rnn_input_stream_keep (self->features, keep);
  rnn_keep (keep, &self->n_steps, sizeof self->n_steps);
  rnn_downmix_keep (&self->downmix, keep);
  rnn_keep_count (keep, &self->n_rest, sizeof self->rest - 1);
  rnn_keep (keep, self->rest, sizeof self->rest);
  gst_rnn_gate_keep (&self->gate, keep);
}

static void
gst_rnn_features_stop (GstRnnStage *stage)
{
  free_front_end (GST_RNN_FEATURES (stage));
  gst_rnn_gate_close (&GST_RNN_FEATURES (stage)->gate);
}

/* ---- negotiation ---- */

static GstCaps *
get_sink_caps (GstRnnFeatures *self)
{
  GstCaps *caps = gst_caps_make_writable (gst_static_pad_template_get_caps (&sink_template));
  gint rate = 0;

  GST_OBJECT_LOCK (self);
  if (self->stage.model)
    rate = rnn_model_get_rate (self->stage.model);
  GST_OBJECT_UNLOCK (self);
  if (rate)
    gst_caps_set_simple (caps, "rate", G_TYPE_INT, rate, NULL);
  return caps;
}

static gboolean
sink_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstCaps *caps;

  switch (GST_QUERY_TYPE (query)) {
    case GST_QUERY_CAPS:
      return gst_rnn_stage_answer_caps (query, get_sink_caps (GST_RNN_FEATURES (parent)));
    case GST_QUERY_ACCEPT_CAPS:        /* what does not fit is refused in set_caps, which can say why */
      gst_query_parse_accept_caps (query, &caps);
      gst_query_set_accept_caps_result (query, gst_structure_has_name (gst_caps_get_structure (caps, 0),
              "audio/x-raw"));
      return TRUE;
    default:
      return gst_rnn_stage_sink_query (pad, parent, query);
  }
}

/* ---- GObject ---- */

void
gst_rnn_features_install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_FEATURES,
      g_param_spec_string ("features", "Features",
          "Without a model-file: feature options as a JSON object, e.g. {\"type\": \"fbank\", \"n_mels\": 80}", NULL,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  gst_rnn_features_install_gate (klass, PROP_GATE);
}

void
gst_rnn_features_install_gate (GObjectClass *klass, guint first_id)
{
  gst_rnn_options_install (klass, rnn_gate_options, first_id, GST_PARAM_MUTABLE_READY);
}

static void
gst_rnn_features_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnFeatures *self = GST_RNN_FEATURES (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_FEATURES) {
    g_free (self->options);
    self->options = g_value_dup_string (value);
  } else if (id >= PROP_GATE) {
    gst_rnn_options_set (rnn_gate_options, id - PROP_GATE, &self->gate_config, value);
  } else {
    gst_rnn_stage_set_state_property (&self->stage, id - PROP_STATE, value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_features_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GST_OBJECT_LOCK (object);
  if (id == PROP_FEATURES)
    g_value_set_string (value, GST_RNN_FEATURES (object)->options);
  else if (id >= PROP_GATE)
    gst_rnn_options_get (rnn_gate_options, id - PROP_GATE, &GST_RNN_FEATURES (object)->gate_config, value);
  else
    gst_rnn_stage_get_state_property (GST_RNN_STAGE (object), id - PROP_STATE, value);
  GST_OBJECT_UNLOCK (object);
}

static void
gst_rnn_features_finalize (GObject *object)
{
  g_free (GST_RNN_FEATURES (object)->options);
  rnn_options_clear (rnn_gate_options, &GST_RNN_FEATURES (object)->gate_config);
  G_OBJECT_CLASS (gst_rnn_features_parent_class)->finalize (object);
}

static void
gst_rnn_features_class_init (GstRnnFeaturesClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_features_debug, "rnnfeatures", 0, "acoustic features");
  object_class->set_property = gst_rnn_features_set_property;
  object_class->get_property = gst_rnn_features_get_property;
  object_class->finalize = gst_rnn_features_finalize;
  gst_rnn_features_install_properties (object_class);
  gst_rnn_stage_install_state (G_OBJECT_CLASS (klass), PROP_STATE, NULL, NULL);

  klass->works_without_model = TRUE;
  klass->is_first = TRUE;
  klass->check_model = gst_rnn_features_check_model;
  klass->set_model = gst_rnn_features_set_model;
  klass->set_caps = gst_rnn_features_set_caps;
  klass->clip = gst_rnn_features_clip;
  klass->process = gst_rnn_features_process;
  klass->fill = gst_rnn_features_fill;
  klass->drain = gst_rnn_features_drain;
  klass->reset = gst_rnn_features_reset;
  klass->keep = gst_rnn_features_keep;
  klass->stop = gst_rnn_features_stop;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Acoustic features", "Converter/Audio",
      "Turns audio into feature vectors for a recurrent network", "gst-rnn");
}

static void
gst_rnn_features_init (GstRnnFeatures *self)
{
  rnn_options_init (rnn_gate_options, &self->gate_config);
  gst_rnn_stage_add_pads (&self->stage);
  gst_pad_set_query_function (self->stage.sinkpad, sink_query);
}
