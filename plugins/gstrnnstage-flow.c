/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: buffers and events in. */
#include "gstrnnstage.h"

/* A new stretch */
static void
stop_timeline (GstRnnStage *stage)
{
  gst_rnn_timeline_stop (&stage->timeline);
  stage->end = GST_CLOCK_TIME_NONE;
  stage->discont = TRUE;
}

void
gst_rnn_stage_reset (GstRnnStage *stage)
{
  GST_RNN_STAGE_GET_CLASS (stage)->reset (stage);
  gst_rnn_stage_push_segments (stage, GST_CLOCK_TIME_NONE);
  stop_timeline (stage);
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

static GstFlowReturn
drain (GstRnnStage *stage)
{
  GstFlowReturn ret = GST_RNN_STAGE_GET_CLASS (stage)->drain (stage);

  gst_rnn_stage_push_segments (stage, GST_CLOCK_TIME_NONE);
  return ret;
}

/* The stream goes on elsewhere: sends what is pending, and forgets if @reason is one to do so. */
static GstFlowReturn
leave (GstRnnStage *stage, GstRnnResetOn reason)
{
  GstFlowReturn ret = GST_FLOW_OK;

  if (!gst_rnn_timeline_started (&stage->timeline))
    return ret;
  ret = drain (stage);
  stop_timeline (stage);
  if (stage->now.reset_on & reason)
    gst_rnn_stage_reset (stage);
  return ret;
}

static void
take_snapshot (GstRnnStage *stage)
{
  GST_OBJECT_LOCK (stage);
  stage->now = stage->settings;
  GST_OBJECT_UNLOCK (stage);
}

static void
start_timeline (GstRnnStage *stage, GstClockTime pts)
{
  if (gst_rnn_timeline_started (&stage->timeline))
    return;
  if (!GST_CLOCK_TIME_IS_VALID (pts))
    pts = stage->segment.format == GST_FORMAT_TIME ? stage->segment.start : 0;
  gst_rnn_timeline_start (&stage->timeline, pts);
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
    if (gst_rnn_timeline_is_elsewhere (&stage->timeline, buffer, stage->now.alignment_threshold,
            stage->now.discont_wait))
      ret = leave (stage, GST_RNN_RESET_DISCONT);
    start_timeline (stage, GST_BUFFER_PTS (buffer));
    if (ret == GST_FLOW_OK)
      ret = klass->process (stage, buffer);
  }
  gst_buffer_unref (buffer);
  return ret;
}

static GstFlowReturn
begin (GstRnnStage *stage)
{
  take_snapshot (stage);
  if (g_atomic_int_compare_and_exchange (&stage->reset_wanted, TRUE, FALSE))
    gst_rnn_stage_reset (stage);
  gst_rnn_stage_swap_if_due (stage);
  if (stage->untold)
    return GST_FLOW_FLUSHING;
  return stage->negotiated ? GST_FLOW_OK : GST_FLOW_NOT_NEGOTIATED;
}

static GstFlowReturn
run (GstRnnStage *stage)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);

  return klass->run && stage->negotiated ? klass->run (stage) : GST_FLOW_OK;
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

static gboolean
take_caps (GstRnnStage *stage, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) old = gst_pad_get_current_caps (stage->sinkpad);
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!stage->negotiated || !old || !gst_caps_is_equal (old, caps)) {
    leave (stage, 0);
    stage->negotiated = GST_RNN_STAGE_GET_CLASS (stage)->set_caps (stage, caps, &error);
  }
  if (!stage->negotiated && error)
    GST_ELEMENT_ERROR (stage, CORE, NEGOTIATION, ("%s", error->message), ("caps %" GST_PTR_FORMAT, caps));
  gst_event_unref (event);
  return stage->negotiated;
}

/* A segment continues the last one if it gives the next timestamp the same running time. */
static gboolean
continues (GstRnnStage *stage, const GstSegment *segment)
{
  guint64 next, before, now;

  if (!gst_rnn_timeline_started (&stage->timeline))
    return TRUE;
  next = gst_rnn_timeline_next (&stage->timeline);      /* maybe before the new start, where a window began */
  return segment->rate == stage->segment.rate
      && gst_segment_to_running_time_full (&stage->segment, GST_FORMAT_TIME, next, &before) ==
      gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, next, &now) && before == now;
}

static gboolean
take_segment (GstRnnStage *stage, GstEvent *event)
{
  const GstSegment *segment;

  gst_event_parse_segment (event, &segment);
  if (segment->format != GST_FORMAT_TIME || segment->rate < 0) {
    GST_ELEMENT_ERROR (stage, STREAM, FORMAT, ("Only streams in time that play forward can be understood."),
        ("segment %" GST_SEGMENT_FORMAT, segment));
    gst_event_unref (event);
    return FALSE;
  }
  if (!continues (stage, segment))
    leave (stage, GST_RNN_RESET_SEGMENT);
  gst_segment_copy_into (segment, &stage->segment);
  g_queue_push_tail (&stage->segments, event);
  if (!gst_rnn_timeline_started (&stage->timeline))
    gst_rnn_stage_push_segments (stage, GST_CLOCK_TIME_NONE);
  return TRUE;
}

/* No window crosses a gap.  The steps before it end earlier than the input, so the gap that leaves begins there. */
static gboolean
forward_gap (GstRnnStage *stage, GstEvent *event, GstClockTime start, GstClockTime duration)
{
  GstClockTime from;
  GstEvent *gap;

  drain (stage);
  from = MIN (stage->end, start);       /* NONE is the largest */
  stage->end = start + duration;
  gap = gst_event_new_gap (from, stage->end - from);
  gst_event_set_seqnum (gap, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, gap);
}

static gboolean
take_gap (GstRnnStage *stage, GstEvent *event)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  GstClockTime start, duration;
  gboolean ret;

  if (!stage->negotiated)
    return klass->push_event (stage, event);
  gst_event_parse_gap (event, &start, &duration);
  duration = GST_CLOCK_TIME_IS_VALID (duration) ? MIN (duration, GST_CLOCK_TIME_NONE - 1 - start) : 0;
  if (gst_rnn_timeline_is_off (&stage->timeline, start, stage->now.alignment_threshold))
    leave (stage, GST_RNN_RESET_DISCONT);
  ret = (klass->gap ? klass->gap : forward_gap) (stage, event, start, duration);
  if (gst_rnn_timeline_started (&stage->timeline))
    gst_rnn_timeline_start (&stage->timeline, start + duration);
  return ret;
}

/* Another stream, or the end of a segment: what is pending belongs before it.  The time goes on. */
static gboolean
take_boundary (GstRnnStage *stage, GstEvent *event)
{
  drain (stage);
  if (gst_rnn_timeline_started (&stage->timeline))
    gst_rnn_timeline_start (&stage->timeline, gst_rnn_timeline_next (&stage->timeline));
  return GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, event);
}

static gboolean
take_eos (GstRnnStage *stage, GstEvent *event)
{
  leave (stage, 0);
  gst_rnn_stage_reset (stage);
  return GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, event);
}

static gboolean
take_flush_stop (GstRnnStage *stage, GstEvent *event)
{
  gboolean ret;

  gst_rnn_stage_set_flushing (stage, FALSE);
  g_queue_clear_full (&stage->segments, (GDestroyNotify) gst_event_unref);
  gst_rnn_stage_reset (stage);
  gst_segment_init (&stage->segment, GST_FORMAT_UNDEFINED);
  ret = gst_pad_event_default (stage->sinkpad, GST_OBJECT (stage), event);
  gst_rnn_stage_tell_if_due (stage);
  return ret;
}

gboolean
gst_rnn_stage_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);

  if (GST_EVENT_IS_SERIALIZED (event))
    take_snapshot (stage);
  switch (GST_EVENT_TYPE (event)) {
    case GST_EVENT_CAPS:
      return take_caps (stage, event);
    case GST_EVENT_SEGMENT:
      return take_segment (stage, event);
    case GST_EVENT_GAP:
      return take_gap (stage, event);
    case GST_EVENT_STREAM_START:
    case GST_EVENT_SEGMENT_DONE:
      return take_boundary (stage, event);
    case GST_EVENT_EOS:
      return take_eos (stage, event);
    case GST_EVENT_FLUSH_START:
      gst_rnn_stage_set_flushing (stage, TRUE);
      break;
    case GST_EVENT_FLUSH_STOP:
      return take_flush_stop (stage, event);
    case GST_EVENT_CUSTOM_DOWNSTREAM:
      if (gst_event_has_name (event, "rnn-model"))
        return gst_rnn_stage_take_model_event (stage, event);
      break;
    default:
      break;
  }
  return gst_pad_event_default (pad, parent, event);
}
