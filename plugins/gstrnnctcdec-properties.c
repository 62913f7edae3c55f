/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: its properties.  Numbers are rows of a table: id, name, where it is kept, range. */
#include "gstrnnctcdec.h"
#include "gstrnnctcdec-private.h"

enum { PROP_0, PROP_LANGUAGE_CODE, PROP_DECODER, PROP_OUTPUT_MODE, PROP_POST_MESSAGES, PROP_MAX_OBSERVED_DELAY,
  PROP_FIRST_NUMBER };

#define FLAGS (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_PLAYING)
#define FIELD(f) G_STRUCT_OFFSET (GstRnnCtcDecSettings, f)

typedef struct {
  const gchar *name, *nick, *blurb;
  gsize offset;
  guint min, max, def;
} Number;

static const Number numbers[] = {
  {"latency", "Latency", "Time that a live pipeline gives to the transcription, at least what the model needs: lines "
        "and segments need as long as they last (ms)", FIELD (latency), 0, G_MAXINT, 500},
  {"lateness", "Lateness", "How much later than they were spoken captions are shown (ms)", FIELD (lateness),
      0, G_MAXINT, 0},
  {"columns", "Columns", "Characters per line; 0: lines do not end", FIELD (columns), 0, 1000, 0},
  {"lines", "Lines", "Lines per caption, in segments; 0: any number", FIELD (lines), 0, 100, 2},
  {"partial-interval", "Partial interval", "How often partial results are sent (ms of the stream); 0: never",
      FIELD (partial_interval), 0, G_MAXINT, 0},
  {"endpoint-silence", "Endpoint silence", "Silence after speech that ends an utterance (ms)",
      FIELD (endpoint_silence), 100, 60000, 1200},
  {"initial-silence", "Initial silence", "Silence without speech before it after which listening starts anew (ms)",
      FIELD (initial_silence), 100, 60000, 2400},
  {"max-utterance", "Longest utterance", "An utterance ends with the first word that ends later than this (ms)",
      FIELD (max_utterance), 1000, 600000, 20000},
};

static GType
gst_rnn_decoder_get_type (void)
{
  static const GEnumValue values[] = {
    {0, "The best token of each step", "greedy"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstRnnDecoderType", values));
  return type;
}

static GType
gst_rnn_output_mode_get_type (void)
{
  static const GEnumValue values[] = {
    {RNN_CAPTION_WORDS, "Every word is a caption", "words"},
    {RNN_CAPTION_SEGMENTS, "Captions of several lines", "segments"},
    {RNN_CAPTION_LINES, "Every line is a caption", "lines"},
    {0, NULL, NULL}
  };
  static gsize type = 0;

  if (g_once_init_enter (&type))
    g_once_init_leave (&type, g_enum_register_static ("GstRnnOutputMode", values));
  return type;
}

void
gst_rnn_ctc_dec_install_properties (GObjectClass *klass)
{
  guint i;

  g_object_class_install_property (klass, PROP_LANGUAGE_CODE,
      g_param_spec_string ("language-code", "Language code", "Language of the model, for the stream's tags", "en-US",
          FLAGS));
  g_object_class_install_property (klass, PROP_DECODER,
      g_param_spec_enum ("decoder", "Decoder", "How tokens are searched", gst_rnn_decoder_get_type (), 0,
          G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | GST_PARAM_MUTABLE_READY));
  g_object_class_install_property (klass, PROP_OUTPUT_MODE,
      g_param_spec_enum ("output-mode", "Output mode", "What one caption is", gst_rnn_output_mode_get_type (),
          RNN_CAPTION_WORDS, FLAGS));
  g_object_class_install_property (klass, PROP_POST_MESSAGES,
      g_param_spec_boolean ("post-messages", "Post messages", "Post an element message for every result", TRUE,
          FLAGS));
  g_object_class_install_property (klass, PROP_MAX_OBSERVED_DELAY,
      g_param_spec_uint ("max-observed-delay", "Largest delay",
          "Longest time from the start of a caption to when it could be sent (ms of the stream)", 0, G_MAXUINT, 0,
          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS));
  for (i = 0; i < G_N_ELEMENTS (numbers); i++) {
    const Number *n = &numbers[i];

    g_object_class_install_property (klass, PROP_FIRST_NUMBER + i,
        g_param_spec_uint (n->name, n->nick, n->blurb, n->min, n->max, n->def, FLAGS));
  }
  gst_type_mark_as_plugin_api (gst_rnn_decoder_get_type (), 0);
  gst_type_mark_as_plugin_api (gst_rnn_output_mode_get_type (), 0);
}

void
gst_rnn_ctc_dec_init_settings (GstRnnCtcDecSettings *settings)
{
  guint i;

  settings->output_mode = RNN_CAPTION_WORDS;
  settings->post_messages = TRUE;
  for (i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (guint, settings, numbers[i].offset) = numbers[i].def;
}

void
gst_rnn_ctc_dec_update_latency (GstRnnCtcDec *self)
{
  GstClockTime wanted, look;

  GST_OBJECT_LOCK (self);
  wanted = self->settings.latency * GST_MSECOND;
  look = self->look;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_stage_set_latency (&self->stage, wanted > look ? wanted - look : 0);
}

void
gst_rnn_ctc_dec_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (object);
  GstRnnCtcDecSettings *settings = &self->settings;

  GST_OBJECT_LOCK (self);
  switch (id) {
    case PROP_LANGUAGE_CODE:
      g_free (self->language_code);
      self->language_code = g_value_dup_string (value);
      self->tag_due = TRUE;
      break;
    case PROP_DECODER:
      settings->decoder = g_value_get_enum (value);
      break;
    case PROP_OUTPUT_MODE:
      settings->output_mode = g_value_get_enum (value);
      break;
    case PROP_POST_MESSAGES:
      settings->post_messages = g_value_get_boolean (value);
      break;
    default:
      G_STRUCT_MEMBER (guint, settings, numbers[id - PROP_FIRST_NUMBER].offset) = g_value_get_uint (value);
  }
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
    case PROP_DECODER:
      g_value_set_enum (value, settings->decoder);
      break;
    case PROP_OUTPUT_MODE:
      g_value_set_enum (value, settings->output_mode);
      break;
    case PROP_POST_MESSAGES:
      g_value_set_boolean (value, settings->post_messages);
      break;
    case PROP_MAX_OBSERVED_DELAY:
      g_value_set_uint (value, self->max_delay / GST_MSECOND);
      break;
    default:
      g_value_set_uint (value, G_STRUCT_MEMBER (guint, settings, numbers[id - PROP_FIRST_NUMBER].offset));
  }
  GST_OBJECT_UNLOCK (self);
}
