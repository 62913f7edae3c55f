/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: events in. */
#include "gstrnnstage.h"

/* An event that is refused comes again with every buffer: what is wrong with it is said once. */
static gboolean
is_news (GstRnnStage *stage, GstEvent *event)
{
  guint32 before = stage->refused;

  stage->refused = gst_event_get_seqnum (event);
  return stage->refused != before;
}

static gboolean
take_caps (GstRnnStage *stage, GstEvent *event)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GstCaps) old = gst_pad_get_current_caps (stage->sinkpad);
  GstCaps *caps;

  gst_event_parse_caps (event, &caps);
  if (!stage->negotiated || !old || !gst_caps_is_equal (old, caps)) {
    gst_rnn_stage_leave (stage, 0);
    stage->negotiated = GST_RNN_STAGE_GET_CLASS (stage)->set_caps (stage, caps, &error);
  }
  if (!stage->negotiated && error && is_news (stage, event))
    GST_ELEMENT_ERROR (stage, CORE, NEGOTIATION, ("%s", error->message), ("caps %" GST_PTR_FORMAT, caps));
  gst_event_unref (event);
  return stage->negotiated;
}

/* A segment continues the last one if it gives the next timestamp the same running time. */
static gboolean
continues (GstRnnStage *stage, const GstSegment *segment)
{
  guint64 before, now, next = gst_rnn_stage_get_position (stage);      /* maybe before the new start, in mid-window */

  if (!GST_CLOCK_TIME_IS_VALID (next))
    return TRUE;
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
    if (is_news (stage, event))
      GST_ELEMENT_ERROR (stage, STREAM, FORMAT, ("Only streams in time that play forward can be understood."),
          ("segment %" GST_SEGMENT_FORMAT, segment));
    gst_event_unref (event);
    return FALSE;
  }
  if (!continues (stage, segment)) {
    gst_rnn_stage_leave (stage, GST_RNN_RESET_SEGMENT);
    stage->position = GST_CLOCK_TIME_NONE;
  }
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

  gst_rnn_stage_drain (stage);
  from = MIN (stage->end, start);       /* NONE is the largest */
  stage->end = start + duration;
  gap = gst_event_new_gap (from, stage->end - from);
  gst_event_set_seqnum (gap, gst_event_get_seqnum (event));
  gst_event_unref (event);
  return GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, gap);
}

/* A gap in the midst of the input that is too short to mean anything, with those right before it: units that were lost up to
 * @end; else -1. */
static gint64
n_lost (GstRnnStage *stage, GstClockTime end)
{
  const GstRnnTimeline *timeline = &stage->timeline;
  GstClockTime next = gst_rnn_timeline_next (timeline);

  if (!GST_RNN_STAGE_GET_CLASS (stage)->fill || !gst_rnn_timeline_started (timeline) || timeline->num == 0
      || (end > next && end - MIN (next, stage->silent_since) >= stage->now.discont_wait))
    return -1;
  return end > next ? gst_util_uint64_scale_round (end - next, timeline->num, timeline->den * GST_SECOND) : 0;
}

static gboolean
take_gap (GstRnnStage *stage, GstEvent *event)
{
  GstRnnStageClass *klass = GST_RNN_STAGE_GET_CLASS (stage);
  GstClockTime start, duration;
  gboolean ret;
  gint64 lost;

  if (!stage->negotiated)
    return klass->push_event (stage, event);
  gst_event_parse_gap (event, &start, &duration);
  duration = GST_CLOCK_TIME_IS_VALID (duration) ? MIN (duration, GST_CLOCK_TIME_NONE - 1 - start) : 0;
  if (gst_rnn_timeline_is_off (&stage->timeline, start, stage->now.alignment_threshold))
    gst_rnn_stage_leave (stage, GST_RNN_RESET_DISCONT);
  lost = n_lost (stage, start + duration);
  stage->silent_since = MIN (stage->silent_since, start);
  if (lost >= 0) {
    gst_event_unref (event);
    return klass->fill (stage, lost) == GST_FLOW_OK;
  }
  ret = (klass->gap ? klass->gap : forward_gap) (stage, event, start, duration);
  stage->position = start + duration;
  if (gst_rnn_timeline_started (&stage->timeline))
    gst_rnn_timeline_start (&stage->timeline, stage->position);
  return ret;
}

/* Another stream, or the end of a segment: what is pending belongs before it.  The time goes on where the next buffer says: what was
 * drained may have been longer than the sound. */
static gboolean
take_boundary (GstRnnStage *stage, GstEvent *event)
{
  gst_rnn_stage_drain (stage);
  stage->position = gst_rnn_stage_get_position (stage);
  stage->seam |= gst_rnn_timeline_started (&stage->timeline);
  gst_rnn_timeline_stop (&stage->timeline);
  return GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, event);
}

static gboolean
take_eos (GstRnnStage *stage, GstEvent *event)
{
  gst_rnn_stage_leave (stage, 0);
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
  stage->position = GST_CLOCK_TIME_NONE;
  ret = gst_pad_event_default (stage->sinkpad, GST_OBJECT (stage), event);
  gst_rnn_stage_tell_if_due (stage);
  return ret;
}

gboolean
gst_rnn_stage_sink_event (GstPad *pad, GstObject *parent, GstEvent *event)
{
  GstRnnStage *stage = GST_RNN_STAGE (parent);

  if (GST_EVENT_IS_SERIALIZED (event))
    gst_rnn_stage_take_snapshot (stage);
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
