/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnndenoise: sound in, the same with less noise out, by the library's RnnDenoiser; of 8, 16 or 48 kHz, whatever the model's rate is.
 * A sample leaves with the time that it came with, later by the latency that is reported. */
#include "gstrnndenoise.h"
#include <string.h>
#include "gstrnncleaner.h"
#include "gstrnnhold.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_denoise_debug);
#define GST_CAT_DEFAULT gst_rnn_denoise_debug

enum { PROP_0, PROP_STRENGTH, PROP_SECOND_MODEL_FILE, PROP_STATE, PROP_STATE_INTERVAL };

typedef struct {
  GstRnnStage stage;

  /* under the object lock */
  gfloat strength;
  gchar *second_model_file;

  /* streaming thread */
  GstRnnCleaner *cleaner;
  GstRnnHold hold;
  guint64 told;                 /* samples of the timeline that have left */
  GArray *out;                  /* gfloat: the first n_out of them are to leave */
  gsize n_out;
} GstRnnDenoise;

typedef GstRnnStageClass GstRnnDenoiseClass;

#define GST_RNN_DENOISE(obj) ((GstRnnDenoise *) (obj))

G_DEFINE_TYPE (GstRnnDenoise, gst_rnn_denoise, GST_TYPE_RNN_STAGE)
GST_ELEMENT_REGISTER_DEFINE (rnndenoise, "rnndenoise", GST_RANK_NONE, GST_TYPE_RNN_DENOISE);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_HOLD_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_HOLD_CAPS));

/* ---- the model ---- */

static gboolean
gst_rnn_denoise_check_model (RnnModel *model, GError **error)
{
  g_autoptr (RnnDenoiser) denoiser = rnn_denoiser_new (model, NULL, error);

  return denoiser != NULL;
}

static gboolean
gst_rnn_denoise_set_model (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (stage);
  g_autoptr (RnnModel) second = NULL;
  g_autofree gchar *path = NULL;
  RnnDenoiser *denoiser;

  GST_OBJECT_LOCK (self);
  path = g_strdup (self->second_model_file);
  GST_OBJECT_UNLOCK (self);
  if ((path && !(second = rnn_model_load_shared (path, error))) || !(denoiser = rnn_denoiser_new (model, second, error)))
    return FALSE;
  g_clear_pointer (&self->cleaner, gst_rnn_cleaner_free);
  self->cleaner = gst_rnn_cleaner_new (denoiser);
  return TRUE;
}

static gboolean
gst_rnn_denoise_set_caps (GstRnnStage *stage, GstCaps *caps, GError **error)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (stage);
  gint rate;

  if (!gst_rnn_hold_set_caps (&self->hold, caps, gst_rnn_cleaner_get_model_rate (self->cleaner), TRUE, error))
    return FALSE;
  rate = GST_AUDIO_INFO_RATE (&self->hold.info);
  gst_rnn_cleaner_set_rate (self->cleaner, rate);
  gst_rnn_timeline_init (&stage->timeline, rate, 1);
  gst_rnn_stage_set_latency (stage, gst_util_uint64_scale_ceil (gst_rnn_cleaner_get_delay (self->cleaner), GST_SECOND, (guint64) rate));
  return gst_rnn_stage_push_caps (stage->srcpad, caps);
}

static void
forget (GstRnnDenoise *self)
{
  gst_rnn_hold_drop (&self->hold);
  self->told = 0;
  self->n_out = 0;
}

static void
gst_rnn_denoise_stop (GstRnnStage *stage)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (stage);

  g_clear_pointer (&self->cleaner, gst_rnn_cleaner_free);
  forget (self);
}

static void
gst_rnn_denoise_reset (GstRnnStage *stage)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (stage);

  if (self->cleaner)
    gst_rnn_cleaner_reset (self->cleaner);
  forget (self);
}

static void
gst_rnn_denoise_keep (GstRnnStage *stage, RnnKeep *keep)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (stage);

  if (!self->cleaner || self->n_out > 0) {
    keep->failed = TRUE;
    return;
  }
  gst_rnn_cleaner_keep (self->cleaner, keep);
  rnn_keep (keep, &self->told, sizeof self->told);
  if (self->told > (guint64) stage->timeline.count)
    keep->failed = TRUE;
}

/* ---- the stream ---- */

/* samples[n] in the format of the caps */
static GstBuffer *
make_buffer (GstRnnDenoise *self, const gfloat *samples, gsize n)
{
  GstBuffer *buffer;
  GstMapInfo map;

  if (GST_AUDIO_INFO_FORMAT (&self->hold.info) == GST_AUDIO_FORMAT_F32)
    return gst_buffer_new_memdup (samples, n * sizeof (gfloat));
  buffer = gst_buffer_new_allocate (NULL, n * sizeof (gint16), NULL);
  gst_buffer_map (buffer, &map, GST_MAP_WRITE);
  for (gsize i = 0; i < n; i++) {
    gfloat value = samples[i] * 32768;

    ((gint16 *) map.data)[i] = (gint16) CLAMP (value < 0 ? value - 0.5f : value + 0.5f, -32768, 32767);
  }
  gst_buffer_unmap (buffer, &map);
  return buffer;
}

static GstFlowReturn
push_out (GstRnnDenoise *self)
{
  GstRnnStage *stage = &self->stage;
  GstClockTime pts = gst_rnn_timeline_at (&stage->timeline, (gint64) self->told);
  GstBuffer *buffer;

  if (self->n_out == 0)
    return GST_FLOW_OK;
  buffer = make_buffer (self, (const gfloat *) self->out->data, self->n_out);
  self->told += self->n_out;
  self->n_out = 0;
  GST_BUFFER_PTS (buffer) = pts;
  GST_BUFFER_DURATION (buffer) = gst_rnn_timeline_at (&stage->timeline, (gint64) self->told) - pts;
  if (stage->discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  stage->discont = FALSE;
  stage->end = pts + GST_BUFFER_DURATION (buffer);
  gst_rnn_stage_push_segments (stage, pts);
  GST_OBJECT_LOCK (self);
  stage->n_steps++;
  GST_OBJECT_UNLOCK (self);
  return gst_pad_push (stage->srcpad, buffer);
}

/* Room for @n more samples that are to leave */
static gfloat *
make_room (GstRnnDenoise *self, gsize n)
{
  if (self->out->len < self->n_out + n)
    g_array_set_size (self->out, (guint) (self->n_out + n));
  return &g_array_index (self->out, gfloat, self->n_out);
}

static GstFlowReturn
hear_all (GstRnnDenoise *self)
{
  guint n, delay = gst_rnn_cleaner_get_delay (self->cleaner);
  gfloat samples[GST_RNN_HOLD_CHUNK];

  GST_OBJECT_LOCK (self);
  gst_rnn_cleaner_set_strength (self->cleaner, self->strength);
  GST_OBJECT_UNLOCK (self);
  while ((n = gst_rnn_hold_hear (&self->hold, samples)) > 0) {
    gst_rnn_hold_skip (&self->hold, n);
    self->stage.timeline.count += n;
    self->n_out += gst_rnn_cleaner_push (self->cleaner, samples, n, make_room (self, n + delay));
  }
  return push_out (self);
}

static GstFlowReturn
gst_rnn_denoise_process (GstRnnStage *stage, GstBuffer *buffer)
{
  gst_rnn_hold_push (&GST_RNN_DENOISE (stage)->hold, buffer);
  return hear_all (GST_RNN_DENOISE (stage));
}

static GstFlowReturn
gst_rnn_denoise_fill (GstRnnStage *stage, guint64 n)
{
  GstFlowReturn ret = GST_FLOW_OK;

  for (guint piece; n > 0 && ret == GST_FLOW_OK; n -= piece) {
    piece = (guint) MIN (n, 16 * GST_RNN_HOLD_CHUNK);
    gst_rnn_hold_push_silence (&GST_RNN_DENOISE (stage)->hold, piece);
    ret = hear_all (GST_RNN_DENOISE (stage));
  }
  return ret;
}

static GstBuffer *
gst_rnn_denoise_clip (GstRnnStage *stage, GstBuffer *buffer)
{
  GstAudioInfo *info = &GST_RNN_DENOISE (stage)->hold.info;

  if (stage->segment.format != GST_FORMAT_TIME)
    return buffer;
  return gst_audio_buffer_clip (buffer, &stage->segment, GST_AUDIO_INFO_RATE (info), GST_AUDIO_INFO_BPF (info));
}

static GstFlowReturn
gst_rnn_denoise_drain (GstRnnStage *stage)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (stage);
  GstFlowReturn ret;

  if (!self->cleaner || !stage->negotiated || !gst_rnn_timeline_started (&stage->timeline))
    return GST_FLOW_OK;
  self->n_out += gst_rnn_cleaner_finish (self->cleaner, make_room (self, 2 * gst_rnn_cleaner_get_delay (self->cleaner)));
  ret = push_out (self);
  forget (self);
  gst_rnn_timeline_start (&stage->timeline, gst_rnn_timeline_next (&stage->timeline));
  return ret;
}

/* ---- GObject ---- */

static void
gst_rnn_denoise_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_STRENGTH) {
    self->strength = g_value_get_float (value);
  } else if (id >= PROP_STATE) {
    gst_rnn_stage_set_state_property (&self->stage, id - PROP_STATE, value);
  } else {
    g_free (self->second_model_file);
    self->second_model_file = g_value_dup_string (value);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_denoise_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (object);

  GST_OBJECT_LOCK (self);
  if (id == PROP_STRENGTH)
    g_value_set_float (value, self->strength);
  else if (id >= PROP_STATE)
    gst_rnn_stage_get_state_property (&self->stage, id - PROP_STATE, value);
  else
    g_value_set_string (value, self->second_model_file);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_denoise_finalize (GObject *object)
{
  GstRnnDenoise *self = GST_RNN_DENOISE (object);

  g_free (self->second_model_file);
  gst_rnn_hold_clear (&self->hold);
  g_array_unref (self->out);
  G_OBJECT_CLASS (gst_rnn_denoise_parent_class)->finalize (object);
}

static void
gst_rnn_denoise_class_init (GstRnnDenoiseClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_denoise_debug, "rnndenoise", 0, "noise suppression");
  object_class->set_property = gst_rnn_denoise_set_property;
  object_class->get_property = gst_rnn_denoise_get_property;
  object_class->finalize = gst_rnn_denoise_finalize;
  g_object_class_install_property (object_class, PROP_STRENGTH,
      g_param_spec_float ("strength", "Strength", "How much of the model's answer is taken; 0: the sound stays as it is", 0, 1, 1,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING | GST_PARAM_CONTROLLABLE));
  g_object_class_install_property (object_class, PROP_SECOND_MODEL_FILE,
      g_param_spec_string ("second-model-file", "Second model file", "Of models that come as two (DTLN), the one that takes samples",
          NULL, G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));

  gst_rnn_stage_install_state (G_OBJECT_CLASS (klass), PROP_STATE, NULL, NULL);

  klass->is_first = TRUE;
  klass->get_rate = rnn_denoiser_find_rate;
  klass->resamples = TRUE;
  klass->check_model = gst_rnn_denoise_check_model;
  klass->set_model = gst_rnn_denoise_set_model;
  klass->set_caps = gst_rnn_denoise_set_caps;
  klass->clip = gst_rnn_denoise_clip;
  klass->process = gst_rnn_denoise_process;
  klass->fill = gst_rnn_denoise_fill;
  klass->drain = gst_rnn_denoise_drain;
  klass->reset = gst_rnn_denoise_reset;
  klass->keep = gst_rnn_denoise_keep;
  klass->stop = gst_rnn_denoise_stop;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_set_static_metadata (element_class, "Noise suppressor", "Filter/Effect/Audio",
      "Takes noise out of speech with a recurrent network", "gst-rnn");
}

static void
gst_rnn_denoise_init (GstRnnDenoise *self)
{
  gst_rnn_hold_init (&self->hold);
  self->out = g_array_new (FALSE, FALSE, sizeof (gfloat));
  self->strength = 1;
  gst_rnn_stage_add_pads (&self->stage);
  gst_pad_set_query_function (self->stage.sinkpad, gst_rnn_hold_query);
  gst_pad_set_query_function (self->stage.srcpad, gst_rnn_hold_query);
}
