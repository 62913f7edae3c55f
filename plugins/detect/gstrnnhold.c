/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gstrnnhold.h"
#include "gstrnnsamples.h"

#define MAX_KEPT (1 << 26)      /* samples */

void
gst_rnn_hold_init (GstRnnHold *hold)
{
  gst_audio_info_init (&hold->info);
  hold->adapter = gst_adapter_new ();
  hold->n_heard = 0;
}

void
gst_rnn_hold_clear (GstRnnHold *hold)
{
  g_clear_object (&hold->adapter);
}

static const gint rates[] = { GST_RNN_HOLD_RATES };

static gboolean
takes_rate (gint given, gint rate, gboolean resamples)
{
  gboolean takes = rate == 0 || given == rate;

  for (guint i = 0; resamples && i < G_N_ELEMENTS (rates); i++)
    takes = takes || given == rates[i];
  return takes;
}

/* (g_free) */
static gchar *
describe_rates (gint rate, gboolean resamples)
{
  GString *text = g_string_new (rate ? NULL : "any rate");

  if (rate)
    g_string_append_printf (text, "%d Hz", rate);
  for (guint i = 0; rate && resamples && i < G_N_ELEMENTS (rates); i++)
    if (rates[i] != rate)
      g_string_append_printf (text, " or %d Hz", rates[i]);
  return g_string_free (text, FALSE);
}

gboolean
gst_rnn_hold_set_caps (GstRnnHold *hold, const GstCaps *caps, gint rate, gboolean resamples, GError **error)
{
  g_autofree gchar *wanted = describe_rates (rate, resamples), *text = NULL;
  g_autoptr (GstCaps) possible = gst_caps_from_string (GST_RNN_HOLD_CAPS);

  if (gst_caps_can_intersect (caps, possible) && gst_audio_info_from_caps (&hold->info, caps)
      && takes_rate (GST_AUDIO_INFO_RATE (&hold->info), rate, resamples))
    return TRUE;
  text = gst_caps_to_string (caps);
  g_set_error (error, GST_CORE_ERROR, GST_CORE_ERROR_NEGOTIATION, "Mono audio of %s in F32 or S16 is needed, not %s: "
      "put `audioconvert ! audioresample` in front.", wanted, text);
  return FALSE;
}

void
gst_rnn_hold_drop (GstRnnHold *hold)
{
  gst_adapter_clear (hold->adapter);
  hold->n_heard = 0;
}

void
gst_rnn_hold_push (GstRnnHold *hold, GstBuffer *buffer)
{
  gst_adapter_push (hold->adapter, gst_buffer_ref (buffer));
}

void
gst_rnn_hold_push_silence (GstRnnHold *hold, guint n)
{
  gsize size = (gsize) n * GST_AUDIO_INFO_BPF (&hold->info);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, size, NULL);

  gst_buffer_memset (buffer, 0, 0, size);
  gst_adapter_push (hold->adapter, buffer);
}

guint
gst_rnn_hold_hear (GstRnnHold *hold, gfloat samples[GST_RNN_HOLD_CHUNK])
{
  gsize bpf = GST_AUDIO_INFO_BPF (&hold->info), n = gst_adapter_available (hold->adapter) / bpf - hold->n_heard;
  gfloat room[GST_RNN_HOLD_CHUNK];

  n = MIN (n, GST_RNN_HOLD_CHUNK);
  if (n == 0)
    return 0;
  gst_adapter_copy (hold->adapter, room, hold->n_heard * bpf, n * bpf);
  gst_rnn_samples_read (GST_AUDIO_INFO_FORMAT (&hold->info), room, n, samples);
  hold->n_heard += n;
  return (guint) n;
}

GstBuffer *
gst_rnn_hold_take (GstRnnHold *hold, gsize n)
{
  hold->n_heard -= n;
  return gst_adapter_take_buffer_fast (hold->adapter, n * GST_AUDIO_INFO_BPF (&hold->info));
}

void
gst_rnn_hold_skip (GstRnnHold *hold, gsize n)
{
  hold->n_heard -= n;
  gst_adapter_flush (hold->adapter, n * GST_AUDIO_INFO_BPF (&hold->info));
}

void
gst_rnn_hold_keep (GstRnnHold *hold, RnnKeep *keep)
{
  gsize bpf = GST_AUDIO_INFO_BPF (&hold->info);
  guint n = (guint) (gst_adapter_available (hold->adapter) / bpf);
  g_autofree guint8 *bytes = NULL;

  rnn_keep_same (keep, GST_AUDIO_INFO_FORMAT (&hold->info));
  rnn_keep_count (keep, &n, MAX_KEPT);
  if (keep->failed || (!keep->to && n > keep->left / bpf)) {
    keep->failed = TRUE;
    return;
  }
  bytes = g_malloc (n * bpf + 1);
  if (keep->to)
    gst_adapter_copy (hold->adapter, bytes, 0, n * bpf);
  rnn_keep (keep, bytes, n * bpf);
  if (keep->to)
    return;
  gst_rnn_hold_drop (hold);
  if (n > 0)
    gst_adapter_push (hold->adapter, gst_buffer_new_memdup (bytes, n * bpf));
  hold->n_heard = n;            /* between two buffers nothing is unheard */
}

/* That of the model first: who is free to choose takes it. */
static void
set_rates (GstCaps *caps, gint rate, gboolean resamples)
{
  GValue list = G_VALUE_INIT, one = G_VALUE_INIT;

  g_value_init (&list, GST_TYPE_LIST);
  g_value_init (&one, G_TYPE_INT);
  g_value_set_int (&one, rate);
  gst_value_list_append_value (&list, &one);
  for (guint i = 0; resamples && i < G_N_ELEMENTS (rates); i++) {
    g_value_set_int (&one, rates[i]);
    if (rates[i] != rate)
      gst_value_list_append_value (&list, &one);
  }
  gst_caps_set_value (caps, "rate", resamples ? &list : gst_value_list_get_value (&list, 0));
  g_value_unset (&list);
  g_value_unset (&one);
}

/* What both sides can do. */
static GstCaps *
get_caps (GstRnnStage *stage, GstPad *pad)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  GstPad *other = pad == stage->sinkpad ? stage->srcpad : stage->sinkpad;
  GstCaps *caps = gst_caps_make_writable (gst_pad_get_pad_template_caps (pad)), *both;
  gint rate = 0;

  GST_OBJECT_LOCK (stage);
  if (stage->model)
    rate = klass->get_rate ? klass->get_rate (stage->model) : rnn_model_get_rate (stage->model);
  GST_OBJECT_UNLOCK (stage);
  if (rate)
    set_rates (caps, rate, klass->resamples);
  both = gst_pad_peer_query_caps (other, caps);
  gst_caps_unref (caps);
  return both;
}

gboolean
gst_rnn_hold_query (GstPad *pad, GstObject *parent, GstQuery *query)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);
  GstCaps *caps;

  if (GST_QUERY_TYPE (query) == GST_QUERY_CAPS)
    return gst_rnn_stage_answer_caps (query, get_caps (stage, pad));
  if (pad == stage->srcpad)
    return gst_rnn_stage_src_query (pad, parent, query);
  if (GST_QUERY_TYPE (query) != GST_QUERY_ACCEPT_CAPS)
    return gst_rnn_stage_sink_query (pad, parent, query);
  gst_query_parse_accept_caps (query, &caps);   /* what does not fit is refused in set_caps, which can say why */
  gst_query_set_accept_caps_result (query, gst_structure_has_name (gst_caps_get_structure (caps, 0), "audio/x-raw"));
  return TRUE;
}
