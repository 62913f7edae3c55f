/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: buffers in. */
#include "gstrnnstage.h"

GstClockTime
gst_rnn_stage_get_position (GstRnnStage *stage)
{
  return gst_rnn_timeline_started (&stage->timeline) ? gst_rnn_timeline_next (&stage->timeline) : stage->position;
}

/* A new stretch */
static void
stop_timeline (GstRnnStage *stage)
{
  stage->position = gst_rnn_stage_get_position (stage);
  gst_rnn_timeline_stop (&stage->timeline);
  stage->end = stage->silent_since = GST_CLOCK_TIME_NONE;
  stage->discont = TRUE;
  stage->seam = FALSE;
}

void
gst_rnn_stage_reset (GstRnnStage *stage)
{
  GST_RNN_STAGE_GET_CLASS (stage)->reset (stage);
  gst_rnn_stage_push_segments (stage, GST_CLOCK_TIME_NONE);
  stop_timeline (stage);
  stage->refused = GST_SEQNUM_INVALID;
  GST_OBJECT_LOCK (stage);
  stage->n_resets++;
  GST_OBJECT_UNLOCK (stage);
}

void
gst_rnn_stage_set_flushing (GstRnnStage *stage, gboolean flushing)
{
  if (GST_RNN_STAGE_GET_CLASS (stage)->set_flushing)
    GST_RNN_STAGE_GET_CLASS (stage)->set_flushing (stage, flushing);
}

GstFlowReturn
gst_rnn_stage_drain (GstRnnStage *stage)
{
  GstFlowReturn ret = GST_RNN_STAGE_GET_CLASS (stage)->drain (stage);

  gst_rnn_stage_push_segments (stage, GST_CLOCK_TIME_NONE);
  return ret;
}

GstFlowReturn
gst_rnn_stage_leave (GstRnnStage *stage, GstRnnResetOn reason)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!gst_rnn_timeline_started (&stage->timeline))
    return ret;
  ret = gst_rnn_stage_drain (stage);
  stop_timeline (stage);
  if (stage->now.reset_on & reason)
    gst_rnn_stage_reset (stage);
  return ret;
}

void
gst_rnn_stage_take_snapshot (GstRnnStage *stage)
{
  GST_OBJECT_LOCK (stage);
  stage->now = stage->settings;
  GST_OBJECT_UNLOCK (stage);
}

/* A stream after another that begins where nothing drained could have led to. */
static void
cross_seam (GstRnnStage *stage, GstClockTime pts)
{
  GstClockTime at = stage->position;
  gboolean jumps = stage->seam && GST_CLOCK_TIME_IS_VALID (at) && GST_CLOCK_TIME_IS_VALID (pts)
      && MAX (at, pts) - MIN (at, pts) >= stage->now.discont_wait;

  stage->seam = FALSE;
  if (jumps && (stage->now.reset_on & GST_RNN_RESET_DISCONT))
    gst_rnn_stage_reset (stage);
}

/* Without timestamps a stream goes on where it was. */
static void
start_timeline (GstRnnStage *stage, GstClockTime pts)
{
  if (gst_rnn_timeline_started (&stage->timeline))
    return;
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = stage->position;
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = stage->segment.format == GST_FORMAT_TIME ? stage->segment.start : 0;
  gst_rnn_timeline_start (&stage->timeline, pts);
}

/* Part of another buffer may begin anywhere; numbers do not. @buffer: transfer full */
static GstBuffer *
align (GstBuffer *buffer)
{
  GstBuffer *copy = NULL;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return buffer;
  if ((gsize) map.data % sizeof (gdouble))
    copy = gst_buffer_copy_deep (buffer);
  gst_buffer_unmap (buffer, &map);
  if (copy)
    gst_buffer_unref (buffer);
  return copy ? copy : buffer;
}

/* @buffer: transfer full */
static GstFlowReturn
take_buffer (GstRnnStage *stage, GstBuffer *buffer)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  GstFlowReturn ret = GST_FLOW_OK;

  if (klass->clip)
    buffer = klass->clip (stage, buffer);
  if (!buffer)
    return GST_FLOW_OK;
  if (gst_buffer_get_size (buffer) > 0) {
    buffer = align (buffer);
    if (gst_rnn_timeline_is_elsewhere (&stage->timeline, buffer, stage->now.alignment_threshold,
            stage->now.discont_wait))
      ret = gst_rnn_stage_leave (stage, GST_RNN_RESET_DISCONT);
    cross_seam (stage, GST_BUFFER_PTS (buffer));
    start_timeline (stage, GST_BUFFER_PTS (buffer));
    stage->silent_since = GST_CLOCK_TIME_NONE;
    if (ret == GST_FLOW_OK)
      ret = klass->process (stage, buffer);
  }
  gst_buffer_unref (buffer);
  return ret;
}

static GstFlowReturn
begin (GstRnnStage *stage)
{
  gst_rnn_stage_take_snapshot (stage);
  if (g_atomic_int_compare_and_exchange (&stage->reset_wanted, TRUE, FALSE))
    gst_rnn_stage_reset (stage);
  gst_rnn_stage_swap_if_due (stage);
  if (stage->untold)
    return GST_FLOW_FLUSHING;
  gst_rnn_stage_load_state_if_due (stage);
  return stage->negotiated ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED;
}

static GstFlowReturn
run (GstRnnStage *stage)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);

  GstFlowReturn ret = klass->run && stage->negotiated ? klass->run (stage) : GST_FLOW_OK;

  if (ret == GST_FLOW_OK)
    gst_rnn_stage_save_state_if_due (stage, FALSE);
  return ret;
}

GstFlowReturn
gst_rnn_stage_chain (GstPad *pad, GstObject *parent, GstBuffer *buffer)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);
  GstFlowReturn ret = begin (stage);

  if (ret != GST_FLOW_OK) {
    gst_buffer_unref (buffer);
    return ret;
  }
  ret = take_buffer (stage, buffer);
  return ret == GST_FLOW_OK ? run (stage) : ret;
}

GstFlowReturn
gst_rnn_stage_chain_list (GstPad *pad, GstObject *parent, GstBufferList *list)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);
  GstFlowReturn ret = begin (stage);
  guint i, n = gst_buffer_list_length (list);

  for (i = 0; i < n && ret == GST_FLOW_OK; i++)
    ret = take_buffer (stage, gst_buffer_ref (gst_buffer_list_get (list, i)));
  gst_buffer_list_unref (list);
  return ret == GST_FLOW_OK ? run (stage) : ret;
}
