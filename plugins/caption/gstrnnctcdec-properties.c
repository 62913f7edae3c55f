/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: its properties.  Those of the recogniser are the library's option rows. */
#include "gstrnnctcdec.h"
#include "gstrnnctcdec-private.h"
#include "gstrnnoptions.h"

enum { PROP_0, PROP_LANGUAGE_CODE, PROP_POST_MESSAGES, PROP_MAX_OBSERVED_DELAY, PROP_LATENCY, PROP_LATENESS, PROP_ADAPT_LATENESS,
  PROP_MAX_HOLD, PROP_STATE, PROP_STATE_INTERVAL, PROP_FIRST_OPTION };

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)

void
gst_rnn_ctc_dec_install_properties (GObjectClass *klass)
{
  g_object_class_install_property (klass, PROP_LANGUAGE_CODE,
      g_param_spec_string ("language-code", "Language code", "Language of the model, for the stream's tags", "en-US",
          FLAGS));
  g_object_class_install_property (klass, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages", "Post an element message for every result", TRUE,
          FLAGS));
  g_object_class_install_property (klass, PROP_MAX_OBSERVED_DELAY,
      g_param_spec_uint ("max-observed-delay", "Largest delay",
          "Longest time from the start of a caption to when it could be sent (ms of the stream)", 0, G_MAXUINT, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  g_object_class_install_property (klass, PROP_LATENCY,
      g_param_spec_uint ("latency", "Latency", "Time that a live pipeline gives to the transcription, at least what the "
          "model needs: lines and segments need as long as they last (ms)", 0, G_MAXINT, 500, FLAGS));
  g_object_class_install_property (klass, PROP_LATENESS,
      g_param_spec_uint ("lateness", "Lateness", "How much later than they were spoken captions are shown (ms)", 0,
          G_MAXINT, 0, FLAGS));
  g_object_class_install_property (klass, PROP_ADAPT_LATENESS,
      g_param_spec_boolean ("adapt-lateness", "Adapt lateness", "In a live pipeline lateness grows when captions come later than "
          "latency and lateness allow, so that none is missed", FALSE, FLAGS));
  g_object_class_install_property (klass, PROP_MAX_HOLD,
      g_param_spec_uint ("max-hold", "Longest hold", "How long text under way may hold back an element that has other inputs, less than "
          "the queues before these can hold; what takes longer is shown late (ms)", 100, G_MAXINT, 700, FLAGS));
  gst_rnn_options_install (klass, rnn_utterance_get_options (), PROP_FIRST_OPTION, GST_PARAM_MUTABLE_PLAYING);
}

void
gst_rnn_ctc_dec_init_settings (GstRnnCtcDecSettings *settings)
{
  rnn_options_init (rnn_utterance_get_options (), &settings->utterance);
  settings->latency = 500;
  settings->max_hold = 700;
  settings->post_messages = TRUE;
}

void
gst_rnn_ctc_dec_update_latency (GstRnnCtcDec *self)
{
  GstClockTime wanted, look;

  GST_OBJECT_LOCK (self);
  wanted = MAX (self->settings.latency * GST_MSECOND, self->gate_delay);
  look = self->look;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_stage_set_latency (&self->stage, wanted > look ? wanted - look : 0);
}

/* @ready: transfer full */
static void
replace_ready (GstRnnCtcDec *self, RnnUtterance *ready)
{
  RnnUtterance *old;

  GST_OBJECT_LOCK (self);
  old = self->ready;
  self->ready = ready;
  GST_OBJECT_UNLOCK (self);
  rnn_utterance_free (old);
}

void
gst_rnn_ctc_dec_drop_ready (GstRnnCtcDec *self)
{
  replace_ready (self, NULL);
}

/* Files that a running stream will need, and how new hotwords are said, are read in the thread that sets them: the streaming thread shares
 * them.  What is wrong with them it tells itself. */
static void
read_ahead (GstRnnCtcDec *self, guint option, const GValue *value)
{
  const RnnOption *options = rnn_utterance_get_options ();
  g_autoptr (RnnModel) model = NULL;
  RnnUtteranceConfig config;

  if (options[option].type != RNN_OPTION_STRING)
    return;
  rnn_options_init (options, &config);
  GST_OBJECT_LOCK (self);
  if (self->stage.active && self->stage.model)
    model = rnn_model_ref (self->stage.model);
  rnn_options_copy (options, &config, &self->settings.utterance);
  GST_OBJECT_UNLOCK (self);
  gst_rnn_options_set (options, option, &config, value);
  if (model)
    replace_ready (self, rnn_utterance_new_for_output (rnn_model_get_output (model), &config, NULL));
  rnn_options_clear (options, &config);
}

void
gst_rnn_ctc_dec_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (object);
  GstRnnCtcDecSettings *settings = &self->settings;

  if (id >= PROP_FIRST_OPTION)
    read_ahead (self, id - PROP_FIRST_OPTION, value);
  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LANGUAGE_CODE:
      g_free (self->language_code);
      self->language_code = g_value_dup_string (value);
      self->tag_due = TRUE;
      break;
    case PROP_POST_MESSAGES:
      settings->post_messages = g_value_get_boolean (value);
      break;
    case PROP_LATENCY:
      settings->latency = g_value_get_uint (value);
      break;
    case PROP_LATENESS:
      settings->lateness = g_value_get_uint (value);
      break;
    case PROP_MAX_HOLD:
      settings->max_hold = g_value_get_uint (value);
      break;
    case PROP_ADAPT_LATENESS:
      settings->adapt_lateness = g_value_get_boolean (value);
      break;
    case PROP_STATE:
    case PROP_STATE_INTERVAL:
      gst_rnn_stage_set_state_property (&self->stage, id - PROP_STATE, value);
      break;
    default:
      gst_rnn_options_set (rnn_utterance_get_options (), id - PROP_FIRST_OPTION, &settings->utterance, value);
  }
  g_atomic_int_set (&self->changed, TRUE);
  GST_OBJECT_UNLOCK (self);
  gst_rnn_ctc_dec_update_latency (self);
}

void
gst_rnn_ctc_dec_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (object);
  GstRnnCtcDecSettings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LANGUAGE_CODE:
      g_value_set_string (value, self->language_code);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, settings->post_messages);
      break;
    case PROP_MAX_OBSERVED_DELAY:
      g_value_set_uint (value, self->max_delay / GST_MSECOND);
      break;
    case PROP_LATENCY:
      g_value_set_uint (value, settings->latency);
      break;
    case PROP_LATENESS:
      g_value_set_uint (value, settings->lateness);
      break;
    case PROP_MAX_HOLD:
      g_value_set_uint (value, settings->max_hold);
      break;
    case PROP_ADAPT_LATENESS:
      g_value_set_boolean (value, settings->adapt_lateness);
      break;
    case PROP_STATE:
    case PROP_STATE_INTERVAL:
      gst_rnn_stage_get_state_property (&self->stage, id - PROP_STATE, value);
      break;
    default:
      gst_rnn_options_get (rnn_utterance_get_options (), id - PROP_FIRST_OPTION, &settings->utterance, value);
  }
  GST_OBJECT_UNLOCK (self);
}

void
gst_rnn_ctc_dec_install_state (GstRnnCtcDecClass *klass)
{
  gst_rnn_stage_install_state (G_OBJECT_CLASS (klass), PROP_STATE, NULL, NULL);
}
