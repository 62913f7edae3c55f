/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstrnnrows.h"
#include <string.h>
#include "gstrnncaps.h"
#include "gstrnnsamples.h"

static gboolean
parse_audio (GstRnnRows *rows, const GstCaps *caps, GError **error)
{
  GstAudioInfo info;

  if (!gst_audio_info_from_caps (&info, caps)) {
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "incomplete audio caps");
    return FALSE;
  }
  *rows = (GstRnnRows) { GST_AUDIO_INFO_FORMAT (&info), GST_AUDIO_INFO_CHANNELS (&info), GST_AUDIO_INFO_RATE (&info), 1,
    GST_AUDIO_INFO_BPF (&info) };
  return TRUE;
}

static gboolean
parse_tensors (GstRnnRows *rows, const GstCaps *caps, GError **error)
{
  GstRnnTensors tensors;

  if (!gst_rnn_tensors_from_caps (&tensors, caps, error))
    return FALSE;
  *rows = (GstRnnRows) { GST_AUDIO_FORMAT_F32, tensors.n, tensors.fps_n, MAX (tensors.fps_d, 1), tensors.n * sizeof (gfloat) };
  return TRUE;
}

gboolean
gst_rnn_rows_set_caps (GstRnnRows *rows, const GstCaps *caps, RnnModel *model, GError **error)
{
  const RnnInput *input = rnn_model_get_input (model);
  gboolean is_audio = gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw");
  g_autoptr (GstCaps) possible = gst_rnn_rows_get_caps (model);
  g_autofree gchar *text = gst_caps_to_string (caps);

  if (gst_caps_can_intersect (caps, possible))
    return is_audio ? parse_audio (rows, caps, error) : parse_tensors (rows, caps, error);
  if (input->klass->source == RNN_SOURCE_AUDIO)
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "Mono audio of %d Hz is needed, not %s: put "
        "`audioconvert ! audioresample` in front.", input->rate, text);
  else
    g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "The model %s needs %d values per step, not %s.",
        rnn_model_get_path (model), input->channels, text);
  return FALSE;
}

GstCaps *
gst_rnn_rows_get_caps (RnnModel *model)
{
  GstCaps *caps = gst_caps_make_writable (gst_caps_from_string (GST_RNN_ROWS_CAPS));
  const RnnInput *input = model ? rnn_model_get_input (model) : NULL;

  if (!input)
    return caps;
  if (input->klass->source == RNN_SOURCE_AUDIO)
    gst_caps_remove_structure (caps, 0);
  if (input->klass->source == RNN_SOURCE_TENSORS)
    gst_caps_remove_structure (caps, 1);
  else
    gst_structure_set (gst_caps_get_structure (caps, gst_caps_get_size (caps) - 1), "channels", G_TYPE_INT, input->channels, NULL);
  if (input->rate)
    gst_caps_set_simple (caps, "rate", G_TYPE_INT, input->rate, NULL);
  return caps;
}

void
gst_rnn_rows_read (const GstRnnRows *rows, gconstpointer data, gsize n, gfloat *floats)
{
  gst_rnn_samples_read (rows->format, data, n * (gsize) rows->channels, floats);
}
