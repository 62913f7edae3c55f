/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: the scores of a CTC model in, timed captions out: an adapter of the library's RnnUtterance. */
#include "gstrnnctcdec.h"
#include <string.h>
#include "gstrnncaps.h"
#include "gstrnnctcdec-private.h"
#include "gstrnngate.h"

GST_DEBUG_CATEGORY_STATIC (gst_rnn_ctc_dec_debug);
#define GST_CAT_DEFAULT gst_rnn_ctc_dec_debug

G_DEFINE_TYPE (GstRnnCtcDec, gst_rnn_ctc_dec, GST_TYPE_RNN_STAGE)
GST_ELEMENT_REGISTER_DEFINE (rnnctcdec, "rnnctcdec", GST_RANK_NONE, GST_TYPE_RNN_CTC_DEC);

static GstStaticPadTemplate sink_template = GST_STATIC_PAD_TEMPLATE ("sink", GST_PAD_SINK, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_RNN_TENSORS_CAPS));
static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("text/x-raw, format=(string){ utf8, pango-markup }"));
static GstStaticPadTemplate unsynced_template = GST_STATIC_PAD_TEMPLATE ("unsynced_src", GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS ("application/x-json"));

/* ---- the model and caps ---- */

/* Plain text, or with its signs spelled as markup where whoever takes it wants that. */
static GstCaps *
choose_text (GstRnnCtcDec *self, GstPad *pad)
{
  g_autoptr (GstCaps) all = gst_pad_get_pad_template_caps (pad), wanted = gst_pad_peer_query_caps (pad, all);
  GstCaps *text = gst_caps_fixate (gst_caps_is_empty (wanted) ? gst_caps_ref (all) : gst_caps_intersect_full (all, wanted,
          GST_CAPS_INTERSECT_FIRST));

  self->markup = g_str_equal (gst_structure_get_string (gst_caps_get_structure (text, 0), "format"), "pango-markup");
  return text;
}

static GstClockTime
look_of (RnnModel *model, GstClockTime hop)
{
  const RnnFeatureConfig *features = rnn_model_get_features (model);
  GstClockTime window = features ? (features->frame_length + features->frame_shift * (features->stack - 1)) *
      GST_MSECOND : 0;

  return window + rnn_model_get_latency (model) * hop;
}

static void
drop_utterance (GstRnnCtcDec *self)
{
  g_clear_pointer (&self->utterance, rnn_utterance_free);
}

/* With the properties that are set now. */
static RnnUtterance *
new_utterance (GstRnnCtcDec *self, RnnModel *model, GError **error)
{
  const RnnOption *options = rnn_utterance_get_options ();
  RnnUtterance *utterance;
  RnnUtteranceConfig config;

  rnn_options_init (options, &config);
  GST_OBJECT_LOCK (self);
  rnn_options_copy (options, &config, &self->settings.utterance);
  GST_OBJECT_UNLOCK (self);
  utterance = rnn_utterance_new_for_output (rnn_model_get_output (model), &config, error);
  rnn_options_clear (options, &config);
  return utterance;
}

static gboolean
gst_rnn_ctc_dec_check_model (RnnModel *model, GError **error)
{
  if (rnn_output_primary (rnn_model_get_output (model))->klass->label == RNN_LABEL_TEXT)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "its output is not CTC");
  return FALSE;
}

static gboolean
gst_rnn_ctc_dec_set_model (GstRnnStage *stage, RnnModel *model, GError **error)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);
  RnnUtterance *utterance;

  if (!gst_rnn_ctc_dec_check_model (model, error))
    return FALSE;
  if (stage->negotiated && rnn_model_get_n_out (model) != self->n_scores) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "it has %d tokens, the stream has %d scores",
        rnn_model_get_n_out (model), self->n_scores);
    return FALSE;
  }
  utterance = new_utterance (self, model, error);
  if (!utterance)
    return FALSE;
  if (self->utterance)
    rnn_utterance_inherit (utterance, self->utterance);
  drop_utterance (self);
  self->utterance = utterance;
  gst_rnn_ctc_dec_warn (self);
  self->n_scores = rnn_model_get_n_out (model);
  return TRUE;
}

gint
gst_rnn_ctc_dec_get_head (GstElement *decoder, RnnModel *model)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (decoder);

  return self->utterance && self->stage.model == model ? (gint) rnn_utterance_get_head (self->utterance) : -1;
}

/* Scores that have to be in a step: of all heads, or of the one that the caps name. */
static gint
count_scores (GstRnnCtcDec *self, const GstCaps *caps)
{
  guint head = rnn_utterance_get_head (self->utterance);
  gint only;

  self->narrow = gst_structure_get_int (gst_caps_get_structure (caps, 0), "rnn-head", &only) && only == (gint) head;
  return self->narrow ? rnn_output_get_head (rnn_model_get_output (self->stage.model), head)->n : self->n_scores;
}

static gboolean
gst_rnn_ctc_dec_set_caps (GstRnnStage *stage, GstCaps *caps, GError **error)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);
  g_autoptr (GstCaps) text = NULL;
  g_autoptr (GstCaps) json = gst_static_pad_template_get_caps (&unsynced_template);
  GstRnnTensors in;
  GstClockTime hop;
  gint n = count_scores (self, caps);

  if (!gst_rnn_tensors_from_caps (&in, caps, error))
    return FALSE;
  hop = in.fps_n > 0 ? gst_util_uint64_scale (in.fps_d, GST_SECOND, in.fps_n) : 0;
  if (in.n != n || hop == 0) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION,
        "The model %s needs %d scores a step, at a known framerate, 1 GHz at most, not %d at "
        "%d/%d.", rnn_model_get_path (stage->model), n, in.n, in.fps_n, in.fps_d);
    return FALSE;
  }
  self->step_size = (gsize) n * sizeof (gfloat);
  gst_rnn_timeline_init (&stage->timeline, in.fps_n, in.fps_d);
  self->hop = hop;
  GST_OBJECT_LOCK (self);
  self->look = look_of (stage->model, self->hop);
  GST_OBJECT_UNLOCK (self);
  gst_rnn_ctc_dec_update_latency (self);
  gst_rnn_stage_push_caps (self->unsynced, json);
  text = choose_text (self, stage->srcpad);
  return gst_rnn_stage_push_caps (stage->srcpad, text);
}

/* ---- the stream ---- */

static GstFlowReturn
gst_rnn_ctc_dec_process (GstRnnStage *stage, GstBuffer *buffer)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);
  GstClockTime start = GST_BUFFER_PTS (buffer), next = gst_rnn_timeline_next (&stage->timeline), end;
  gboolean off = gst_rnn_timeline_is_off (&stage->timeline, start, stage->now.alignment_threshold);
  GstFlowReturn ret;
  GstMapInfo map;

  gst_rnn_ctc_dec_configure (self);
  gst_rnn_ctc_dec_push_tags (self);
  stage->timeline.count++;
  if (!GST_CLOCK_TIME_IS_VALID (start) || off)
    start = next;
  end = start + (gst_rnn_timeline_next (&stage->timeline) - next);
  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  if (map.size == self->step_size) {
    ret = gst_rnn_ctc_dec_step (self, (const gfloat *) map.data, start, end);
  } else {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("A tensor has %" G_GSIZE_FORMAT " bytes instead of %"
            G_GSIZE_FORMAT ".", map.size, self->step_size), (NULL));
    ret = GST_FLOW_ERROR;
  }
  gst_buffer_unmap (buffer, &map);
  gst_rnn_ctc_dec_check_overload (self);
  return ret;
}

static GstFlowReturn
gst_rnn_ctc_dec_drain (GstRnnStage *stage)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  if (!self->utterance || !stage->negotiated)
    return GST_FLOW_OK;
  rnn_utterance_finish (self->utterance);
  return gst_rnn_ctc_dec_take_results (self);
}

static void
gst_rnn_ctc_dec_reset (GstRnnStage *stage)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  gst_rnn_ctc_dec_disarm (self);
  if (self->utterance)
    rnn_utterance_jump (self->utterance);
  gst_flow_combiner_reset (self->flows);
  self->shown = self->last_overload = GST_CLOCK_TIME_NONE;
}

/* A short gap is heard as silence; one that lasts as long as an endpoint ends the utterance. */
static gboolean
gst_rnn_ctc_dec_gap (GstRnnStage *stage, GstEvent *event, GstClockTime start, GstClockTime duration)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  gst_event_unref (event);
  gst_rnn_ctc_dec_configure (self);
  gst_rnn_ctc_dec_push_tags (self);
  gst_rnn_ctc_dec_skip (self, start, start + duration);
  return TRUE;
}

static gboolean
sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  if (GST_EVENT_TYPE (event) == GST_EVENT_TAG)
    return gst_rnn_ctc_dec_push_event (GST_RNN_STAGE (parent), event);
  if (GST_EVENT_TYPE (event) == GST_EVENT_FLUSH_STOP && GST_RNN_CTC_DEC (parent)->utterance)
    rnn_utterance_reset (GST_RNN_CTC_DEC (parent)->utterance);  /* what was told of what comes next, too */
  if (gst_event_has_name (event, GST_RNN_SPEECH_EVENT)) {
    gst_rnn_ctc_dec_hear_of_speech (GST_RNN_CTC_DEC (parent), gst_event_get_structure (event));
    gst_event_unref (event);
    return TRUE;
  }
  if (gst_event_has_name (event, "rnn-drain")) {
    gst_rnn_ctc_dec_end_utterance (GST_RNN_CTC_DEC (parent));
    gst_event_unref (event);
    return TRUE;
  }
  return gst_rnn_stage_sink_event (pad, parent, event);
}

/* What was shown stays so: captions and gaps go on behind it. */
static void
gst_rnn_ctc_dec_keep (GstRnnStage *stage, RnnKeep *keep)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  if (!self->utterance) {
    keep->failed = TRUE;
    return;
  }
  if (!keep->to)
    gst_rnn_ctc_dec_configure (self);
  rnn_utterance_keep (self->utterance, keep);
  rnn_keep (keep, &self->offset, sizeof self->offset);
  rnn_keep (keep, &self->shown, sizeof self->shown);
}

/* ---- GObject ---- */

static void
gst_rnn_ctc_dec_stop (GstRnnStage *stage)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  gst_rnn_ctc_dec_disarm (self);
  drop_utterance (self);
  gst_rnn_ctc_dec_drop_ready (self);
  g_clear_pointer (&self->left_out, g_free);
  self->foreign = NULL;
  self->asked = self->warned = FALSE;
  GST_OBJECT_LOCK (self);
  self->tag_due = TRUE;
  GST_OBJECT_UNLOCK (self);
}

static void
gst_rnn_ctc_dec_get_stats (GstRnnStage *stage, GstStructure *stats)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  gst_structure_set (stats, "words", G_TYPE_UINT64, self->n_words, "captions", G_TYPE_UINT64, self->n_captions,
      "partials", G_TYPE_UINT64, self->n_partials, "endpoints", G_TYPE_UINT64, self->n_endpoints,
      "overloads", G_TYPE_UINT64, self->n_overloads, NULL);
}

static void
gst_rnn_ctc_dec_finalize (GObject *object)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (object);

  gst_flow_combiner_free (self->flows);
  rnn_options_clear (rnn_utterance_get_options (), &self->settings.utterance);
  gst_rnn_ctc_dec_drop_ready (self);
  g_free (self->language_code);
  g_free (self->left_out);
  G_OBJECT_CLASS (gst_rnn_ctc_dec_parent_class)->finalize (object);
}

static void
gst_rnn_ctc_dec_class_init (GstRnnCtcDecClass *klass)
{
  static const gchar *no_tags[] = { NULL };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GstElementClass *element_class = GST_ELEMENT_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (gst_rnn_ctc_dec_debug, "rnnctcdec", 0, "CTC decoding");
  gst_meta_register_custom (GST_RNN_WORDS_META, no_tags, NULL, NULL, NULL);
  object_class->set_property = gst_rnn_ctc_dec_set_property;
  object_class->get_property = gst_rnn_ctc_dec_get_property;
  object_class->finalize = gst_rnn_ctc_dec_finalize;
  gst_rnn_ctc_dec_install_properties (object_class);
  gst_rnn_ctc_dec_install_state (klass);

  klass->check_model = gst_rnn_ctc_dec_check_model;
  klass->set_model = gst_rnn_ctc_dec_set_model;
  klass->set_caps = gst_rnn_ctc_dec_set_caps;
  klass->process = gst_rnn_ctc_dec_process;
  klass->gap = gst_rnn_ctc_dec_gap;
  klass->drain = gst_rnn_ctc_dec_drain;
  klass->reset = gst_rnn_ctc_dec_reset;
  klass->keep = gst_rnn_ctc_dec_keep;
  klass->stop = gst_rnn_ctc_dec_stop;
  klass->push_event = gst_rnn_ctc_dec_push_event;
  klass->get_stats = gst_rnn_ctc_dec_get_stats;

  gst_element_class_add_static_pad_template (element_class, &sink_template);
  gst_element_class_add_static_pad_template (element_class, &src_template);
  gst_element_class_add_static_pad_template (element_class, &unsynced_template);
  gst_element_class_set_static_metadata (element_class, "CTC decoder", "Decoder/Text",
      "Turns the scores of a CTC model into timed captions", "gst-rnn");
}

static void
gst_rnn_ctc_dec_init (GstRnnCtcDec *self)
{
  gst_rnn_stage_add_pads (&self->stage);
  gst_pad_set_event_function (self->stage.sinkpad, sink_event);

  self->unsynced = gst_pad_new_from_static_template (&unsynced_template, "unsynced_src");
  gst_pad_set_query_function (self->unsynced, gst_rnn_stage_src_query);
  gst_pad_set_event_function (self->unsynced, gst_rnn_stage_src_event);
  gst_pad_use_fixed_caps (self->unsynced);
  gst_element_add_pad (GST_ELEMENT (self), self->unsynced);

  self->flows = gst_flow_combiner_new ();
  gst_flow_combiner_add_pad (self->flows, self->stage.srcpad);
  gst_flow_combiner_add_pad (self->flows, self->unsynced);
  self->language_code = g_strdup ("en-US");
  self->tag_due = self->changed = TRUE;
  gst_rnn_ctc_dec_init_settings (&self->settings);
}
