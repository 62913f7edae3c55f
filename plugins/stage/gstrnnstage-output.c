/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GstRnnStage: frames out; several that are ready together go as one list.
 *
 * A frame is allocated for itself and not taken from a pool: a GstBufferPool costs more memory (4 KB, and two file
 * descriptors) than all frames of a live stream that are under way. */
#include "gstrnnstage.h"

/* A pad that flushes keeps caps for later and yet calls that a failure. */
gboolean
gst_rnn_stage_push_caps (GstPad *srcpad, GstCaps *caps)
{
  return gst_pad_push_event (srcpad, gst_event_new_caps (caps)) || GST_PAD_IS_FLUSHING (srcpad);
}

gboolean
gst_rnn_stage_set_output (GstRnnStage *stage, GstCaps *caps, gint n)
{
  stage->frame_size = n * sizeof (gfloat);
  return gst_rnn_stage_push_caps (stage->srcpad, caps);
}

static GstBuffer *
make_frame (GstRnnStage *stage, const gfloat *data, GstClockTime pts, GstClockTime duration)
{
  GstBuffer *frame = gst_buffer_new_memdup (data, stage->frame_size);

  GST_BUFFER_PTS (frame) = pts;
  GST_BUFFER_DURATION (frame) = duration;
  stage->end = GST_CLOCK_TIME_IS_VALID (pts) && GST_CLOCK_TIME_IS_VALID (duration) ? pts + duration :
      GST_CLOCK_TIME_NONE;
  if (stage->discont)
    GST_BUFFER_FLAG_SET (frame, GST_BUFFER_FLAG_DISCONT);
  stage->discont = FALSE;
  return frame;
}

void
gst_rnn_stage_add_frame (GstRnnStage *stage, const gfloat *data, GstClockTime pts, GstClockTime duration)
{
  if (stage->frame && !stage->frames) {
    stage->frames = gst_buffer_list_new ();
    gst_buffer_list_add (stage->frames, g_steal_pointer (&stage->frame));
  }
  if (stage->frames)
    gst_buffer_list_insert (stage->frames, -1, make_frame (stage, data, pts, duration));
  else
    stage->frame = make_frame (stage, data, pts, duration);
}

guint
gst_rnn_stage_get_n_frames (GstRnnStage *stage)
{
  return stage->frames ? gst_buffer_list_length (stage->frames) : stage->frame != NULL;
}

void
gst_rnn_stage_push_segments (GstRnnStage *stage, GstClockTime start)
{
  const GstSegment *segment;
  GstEvent *event;

  while ((event = g_queue_peek_head (&stage->segments))) {
    gst_event_parse_segment (event, &segment);
    if (segment->start > start)
      return;
    GST_RNN_STAGE_GET_CLASS (stage)->push_event (stage, g_queue_pop_head (&stage->segments));
  }
}

/* @frame: transfer full */
static GstFlowReturn
push_frame (GstRnnStage *stage, GstBuffer *frame)
{
  gst_rnn_stage_push_segments (stage, GST_BUFFER_PTS (frame));
  return gst_pad_push (stage->srcpad, frame);
}

/* A list is taken apart only while a segment waits, which may have to leave in its midst.  @frames: transfer full */
static GstFlowReturn
push_list (GstRnnStage *stage, GstBufferList *frames)
{
  GstFlowReturn ret = GST_FLOW_OK;
  guint i, n = gst_buffer_list_length (frames);

  if (g_queue_is_empty (&stage->segments))
    return gst_pad_push_list (stage->srcpad, frames);
  for (i = 0; i < n && ret == GST_FLOW_OK; i++)
    ret = push_frame (stage, gst_buffer_ref (gst_buffer_list_get (frames, i)));
  gst_buffer_list_unref (frames);
  return ret;
}

GstFlowReturn
gst_rnn_stage_push_frames (GstRnnStage *stage)
{
  guint n = gst_rnn_stage_get_n_frames (stage);

  if (n == 0)
    return GST_FLOW_OK;
  GST_OBJECT_LOCK (stage);
  stage->n_steps += n;
  GST_OBJECT_UNLOCK (stage);
  if (stage->frames)
    return push_list (stage, g_steal_pointer (&stage->frames));
  return push_frame (stage, g_steal_pointer (&stage->frame));
}
