/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a model may be trained with, as caps. */
#include "gstrnnexamples.h"
#include "gstrnncaps.h"

static void
audio_caps (RnnModel *model, GstCaps *caps)
{
  gst_caps_append (caps, gst_caps_from_string ("audio/x-raw, format={ S16LE, F32LE }, layout=interleaved, channels=1"));
  gst_structure_set (gst_caps_get_structure (caps, 0), "rate", G_TYPE_INT, rnn_model_get_rate (model), NULL);
}

static void
series_caps (RnnModel *model, GstCaps *caps)
{
  gst_caps_append (caps, gst_caps_from_string ("audio/x-raw, format={ F32LE, F64LE }, layout=interleaved, rate=[1, MAX]"));
  gst_structure_set (gst_caps_get_structure (caps, 0), "channels", G_TYPE_INT, rnn_model_get_n_in (model), NULL);
}

/* What a source gives beside tensors. */
static void (*const source_caps[RNN_N_SOURCES]) (RnnModel *model, GstCaps *caps) = {
  [RNN_SOURCE_AUDIO] = audio_caps,
  [RNN_SOURCE_SERIES] = series_caps,
};

GstCaps *
gst_rnn_examples_get_data_caps (const GstRnnExamples *examples)
{
  RnnSource source = rnn_model_get_input (examples->model)->klass->source;
  GstCaps *caps = gst_caps_new_empty ();

  if (source_caps[source])
    source_caps[source] (examples->model, caps);
  return gst_caps_merge (caps, gst_caps_from_string (GST_RNN_TENSORS_CAPS));
}

GstCaps *
gst_rnn_examples_get_label_caps (const GstRnnExamples *examples)
{
  return gst_caps_from_string (examples->by_text ? GST_RNN_SUBTITLE_CAPS : GST_RNN_TENSORS_CAPS);
}

static gboolean
refuse (const GstRnnExamples *examples, const GstCaps *caps, const gchar *reason, GError **error)
{
  g_autofree gchar *text = gst_caps_to_string (caps);

  g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s does not take %s: %s", rnn_model_get_path (examples->model), text,
      reason);
  return FALSE;
}

/* Rows as @caps describe them; format, width and rate of @found. */
static gboolean
parse_data_caps (const GstRnnExamples *examples, const GstCaps *caps, GstRnnExamples *found, GError **error)
{
  g_autoptr (GstCaps) allowed = gst_rnn_examples_get_data_caps (examples);
  g_autofree gchar *reason = NULL;
  GstRnnTensors tensors;
  GstAudioInfo info;

  if (!gst_caps_can_intersect (caps, allowed)) {
    g_autofree gchar *wanted = gst_caps_to_string (allowed);

    reason = g_strdup_printf ("a model of %s needs %s%s", rnn_model_get_input (examples->model)->klass->name,
        wanted, examples->features ? "; put audioconvert ! audioresample before it" : "");
    return refuse (examples, caps, reason, error);
  }
  if (gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw")) {
    if (!gst_audio_info_from_caps (&info, caps))
      return refuse (examples, caps, "its format is incomplete", error);
    found->format = GST_AUDIO_INFO_FORMAT (&info);
    found->width = info.channels;
    found->rate_n = info.rate;
    found->rate_d = 1;
    return TRUE;
  }
  if (!gst_rnn_tensors_from_caps (&tensors, caps, error))
    return FALSE;
  if (tensors.fps_n <= 0)
    return refuse (examples, caps, "a framerate is needed", error);
  found->format = GST_AUDIO_FORMAT_F32LE;
  found->width = tensors.n;
  found->rate_n = tensors.fps_n;
  found->rate_d = tensors.fps_d;
  return TRUE;
}

gboolean
gst_rnn_examples_set_data_caps (GstRnnExamples *examples, const GstCaps *caps, GError **error)
{
  GstRnnExamples found = { 0 };
  gint dim;

  if (!parse_data_caps (examples, caps, &found, error))
    return FALSE;
  if (examples->open && (found.format != examples->format || found.width != examples->width ||
          found.rate_n != examples->rate_n || found.rate_d != examples->rate_d))
    return refuse (examples, caps, "caps may not change within an utterance", error);
  if (!gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw"))
    g_clear_pointer (&examples->features, rnn_input_stream_free);   /* they come ready-made */
  dim = examples->features ? rnn_model_get_input (examples->model)->n_frame : found.width;
  if (examples->dataset && dim != examples->dim)
    return refuse (examples, caps, "its width is not that of what came before", error);
  examples->format = found.format;
  examples->width = found.width;
  examples->rate_n = found.rate_n;
  examples->rate_d = found.rate_d;
  gst_rnn_timeline_init (&examples->timeline, found.rate_n, found.rate_d);
  if (!examples->dataset)
    gst_rnn_examples_make_dataset (examples, dim);
  return TRUE;
}

gboolean
gst_rnn_examples_set_label_caps (GstRnnExamples *examples, const GstCaps *caps, GError **error)
{
  GstStructure *s = gst_caps_get_structure (caps, 0);
  GstRnnTensors tensors = { 0 };

  if (gst_structure_has_name (s, "other/tensors") == examples->by_text)
    return refuse (examples, caps, examples->by_text ? "its labels are text" : "its labels are tensors", error);
  if (!examples->by_text && !gst_rnn_tensors_from_caps (&tensors, caps, error))
    return FALSE;
  if (examples->open && tensors.n != examples->n_target)
    return refuse (examples, caps, "caps may not change within an utterance", error);
  examples->n_target = tensors.n;
  examples->form = gst_rnn_subtitle_find (caps);
  examples->markup = g_strcmp0 (gst_structure_get_string (s, "format"), "pango-markup") == 0;
  return TRUE;
}
