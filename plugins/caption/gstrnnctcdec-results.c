/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: what is done with the library's results. */
#include "gstrnnctcdec-private.h"

void
gst_rnn_ctc_dec_configure (GstRnnCtcDec *self)
{
  g_autoptr (GError) error = NULL;
  RnnUtteranceConfig config;

  if (g_atomic_int_compare_and_exchange (&self->changed, TRUE, FALSE)) {
    rnn_options_init (rnn_utterance_get_options (), &config);
    GST_OBJECT_LOCK (self);
    rnn_options_copy (rnn_utterance_get_options (), &config, &self->settings.utterance);
    self->lateness = self->settings.lateness * GST_MSECOND;
    self->adapt_lateness = self->settings.adapt_lateness;
    self->max_hold = self->settings.max_hold * GST_MSECOND;
    self->end_silence = config.endpoint_silence * GST_MSECOND;
    self->post_messages = self->settings.post_messages;
    GST_OBJECT_UNLOCK (self);
    if (!rnn_utterance_configure (self->utterance, &config, &error))
      GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("%s", error->message), (NULL));
    rnn_options_clear (rnn_utterance_get_options (), &config);
    gst_rnn_ctc_dec_drop_ready (self);
    gst_rnn_ctc_dec_warn (self);
  }
}

static void
warn_left_out (GstRnnCtcDec *self)
{
  const gchar *left_out = rnn_utterance_get_left_out (self->utterance);

  if (g_strcmp0 (left_out, self->left_out) == 0)
    return;
  g_free (self->left_out);
  self->left_out = g_strdup (left_out);
  if (left_out)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("Hotwords that cannot be said are left out: %s", left_out), (NULL));
}

static void
warn_foreign (GstRnnCtcDec *self)
{
  const gchar *foreign = rnn_utterance_get_foreign (self->utterance);

  if (foreign && foreign != self->foreign)
    GST_ELEMENT_WARNING (self, LIBRARY, SETTINGS, ("The language model seems to be %s, but the model is English", foreign), (NULL));
  self->foreign = foreign;
}

void
gst_rnn_ctc_dec_warn (GstRnnCtcDec *self)
{
  warn_left_out (self);
  warn_foreign (self);
}

/* Tells the stages upstream, which may begin anew, and this one, which may swap its model. */
static void
announce_endpoint (GstRnnCtcDec *self, gboolean silence)
{
  g_atomic_int_set (&self->stage.endpoint_seen, TRUE);
  gst_pad_push_event (self->stage.sinkpad, gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new ("rnn-endpoint", "silence", G_TYPE_BOOLEAN, silence, NULL)));
}

static void
end_utterance (GstRnnCtcDec *self, const RnnResult *result)
{
  gst_rnn_ctc_dec_post_endpoint (self, result);
  gst_pad_push_event (self->stage.srcpad, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM,
          gst_structure_new_empty ("rstranscribe/final-transcript")));
  announce_endpoint (self, result->silence && rnn_utterance_is_quiet (self->utterance));
  self->asked = FALSE;          /* pads may have been linked since */
}

static GstFlowReturn
take_result (GstRnnCtcDec *self, const RnnResult *result)
{
  switch (result->kind) {
    case RNN_RESULT_PARTIAL:
      return gst_rnn_ctc_dec_push_partial (self, result);
    case RNN_RESULT_FINAL:
      return gst_rnn_ctc_dec_push_caption (self, result);
    case RNN_RESULT_ENDPOINT:
      end_utterance (self, result);
      break;
    case RNN_RESULT_QUIET:
      gst_rnn_ctc_dec_push_gap (self, result->start, result->end);
      break;
  }
  return GST_FLOW_OK;
}

/* All of them are taken, even if nobody wants them any more. */
GstFlowReturn
gst_rnn_ctc_dec_take_results (GstRnnCtcDec *self)
{
  GstFlowReturn ret = GST_FLOW_OK;
  const RnnResult *result;

  while ((result = rnn_utterance_next (self->utterance))) {
    if (ret == GST_FLOW_OK)
      ret = take_result (self, result);
  }
  GST_OBJECT_LOCK (self);
  self->n_words = rnn_utterance_get_n_words (self->utterance);
  GST_OBJECT_UNLOCK (self);
  return ret;
}

/* The text's time begins with the stream, and anew where that goes back. */
static void
advance (GstRnnCtcDec *self, GstClockTime start, GstClockTime end)
{
  GstClockTime before = rnn_utterance_get_position (self->utterance);

  if (GST_CLOCK_TIME_IS_VALID (before) && before > end && before - end > self->stage.now.alignment_threshold)
    self->shown = GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID (self->shown))
    gst_rnn_ctc_dec_push_gap (self, start, start);
}

GstFlowReturn
gst_rnn_ctc_dec_step (GstRnnCtcDec *self, const gfloat *scores, GstClockTime start, GstClockTime end)
{
  GstFlowReturn ret;

  advance (self, start, end);
  (self->narrow ? rnn_utterance_push_head : rnn_utterance_push) (self->utterance, scores, start, end);
  ret = gst_rnn_ctc_dec_take_results (self);
  gst_rnn_ctc_dec_watch (self);
  return ret;
}

void
gst_rnn_ctc_dec_skip (GstRnnCtcDec *self, GstClockTime start, GstClockTime end)
{
  advance (self, start, end);
  rnn_utterance_skip (self->utterance, start, end);
  gst_rnn_ctc_dec_take_results (self);
}

/* A stretch begins: news of it come so late. */
static void
begin_stretch (GstRnnCtcDec *self, GstClockTime start, const GstStructure *news)
{
  GstClockTime delay = 0;

  gst_structure_get_uint64 (news, "delay", &delay);
  GST_OBJECT_LOCK (self);
  self->gate_delay = delay;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_ctc_dec_update_latency (self);
  rnn_utterance_begin_stretch (self->utterance, start);
}

void
gst_rnn_ctc_dec_hear_of_speech (GstRnnCtcDec *self, const GstStructure *news)
{
  GstClockTime at;
  gboolean speech;

  if (!self->utterance || !self->stage.negotiated)
    return;
  if (gst_structure_get_uint64 (news, "start", &at)) {
    begin_stretch (self, at, news);
  } else if (gst_structure_get_uint64 (news, "end", &at) && gst_structure_get_boolean (news, "speech", &speech)) {
    rnn_utterance_tell (self->utterance, at, speech);
    gst_rnn_ctc_dec_take_results (self);
  }
}
