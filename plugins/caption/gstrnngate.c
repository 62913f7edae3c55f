/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnfeatures: the detector of speech that listens, too. */
#include "gstrnngate.h"

gboolean
gst_rnn_gate_open (GstRnnGate *gate, const RnnGateConfig *config, gint rate, GError **error)
{
  if (gate->vad && gate->rate == rate)
    return TRUE;
  gst_rnn_gate_close (gate);
  if (!config->vad_model)
    return TRUE;
  gate->vad = rnn_gate_new_detector (config, rate, error);
  gate->rate = rate;
  if (gate->vad && rate > 0)
    gate->delay = gst_util_uint64_scale_ceil (rnn_vad_get_delay (gate->vad), GST_SECOND, (guint64) rate);
  return gate->vad != NULL;
}

void
gst_rnn_gate_close (GstRnnGate *gate)
{
  g_clear_pointer (&gate->vad, rnn_vad_free);
  gate->begun = FALSE;
}

static void
push (GstRnnStage *stage, GstStructure *news)
{
  GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, gst_event_new_custom (GST_EVENT_CUSTOM_DOWNSTREAM, news));
}

static void
tell_of_start (GstRnnGate *gate, GstRnnStage *stage)
{
  gate->begun = TRUE;
  push (stage, gst_structure_new (GST_RNN_SPEECH_EVENT, "start", G_TYPE_UINT64, gst_rnn_timeline_next (&stage->timeline),
          "delay", G_TYPE_UINT64, gate->delay, NULL));
}

static void
tell_of_span (GstRnnStage *stage, const RnnVadSpan *span)
{
  push (stage, gst_structure_new (GST_RNN_SPEECH_EVENT, "end", G_TYPE_UINT64, gst_rnn_timeline_at (&stage->timeline, (gint64) span->end),
          "speech", G_TYPE_BOOLEAN, span->speech, NULL));
}

/* Spans of one kind that are known together are told of together. */
static void
tell_all (GstRnnGate *gate, GstRnnStage *stage)
{
  RnnVadSpan all, next;
  gboolean more = rnn_vad_next (gate->vad, &all);

  while (more) {
    while ((more = rnn_vad_next (gate->vad, &next)) && next.speech == all.speech)
      all.end = next.end;
    tell_of_span (stage, &all);
    all = next;
  }
}

void
gst_rnn_gate_hear (GstRnnGate *gate, GstRnnStage *stage, const gfloat *samples, guint n)
{
  if (!gate->vad)
    return;
  if (!gate->begun)
    tell_of_start (gate, stage);
  rnn_vad_push (gate->vad, samples, n);
  tell_all (gate, stage);
}

void
gst_rnn_gate_finish (GstRnnGate *gate, GstRnnStage *stage)
{
  if (!gate->begun)
    return;
  rnn_vad_finish (gate->vad);
  tell_all (gate, stage);
  gate->begun = FALSE;
}

void
gst_rnn_gate_reset (GstRnnGate *gate)
{
  if (gate->vad)
    rnn_vad_reset (gate->vad);
  gate->begun = FALSE;
}

void
gst_rnn_gate_keep (GstRnnGate *gate, RnnKeep *keep)
{
  rnn_keep_same (keep, gate->vad != NULL);
  rnn_keep (keep, &gate->begun, sizeof gate->begun);
  if (gate->vad)
    rnn_vad_keep (gate->vad, keep);
}
