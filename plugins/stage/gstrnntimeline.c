/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rules for a jump are those of audiobuffersplit (alignment-threshold, discont-wait), for any rate, also under
 * 1 Hz, and with one difference: a DISCONT flag on a buffer that is where it should be means nothing. */
#include "gstrnntimeline.h"

void
gst_rnn_timeline_init (GstRnnTimeline *timeline, gint num, gint den)
{
  timeline->num = num;
  timeline->den = den;
  gst_rnn_timeline_stop (timeline);
}

void
gst_rnn_timeline_stop (GstRnnTimeline *timeline)
{
  gst_rnn_timeline_start (timeline, GST_CLOCK_TIME_NONE);
}

void
gst_rnn_timeline_start (GstRnnTimeline *timeline, GstClockTime base)
{
  timeline->base = base;
  timeline->count = 0;
  timeline->astray = GST_CLOCK_TIME_NONE;
}

GstClockTime
gst_rnn_timeline_at (const GstRnnTimeline *timeline, gint64 unit)
{
  if (unit <= 0 || timeline->num == 0)
    return timeline->base;
  return timeline->base + gst_util_uint64_scale (unit, timeline->den * GST_SECOND, timeline->num);
}

GstClockTime
gst_rnn_timeline_next (const GstRnnTimeline *timeline)
{
  return gst_rnn_timeline_at (timeline, timeline->count);
}

gboolean
gst_rnn_timeline_is_off (const GstRnnTimeline *timeline, GstClockTime pts, GstClockTime threshold)
{
  GstClockTime next = gst_rnn_timeline_next (timeline);

  if (!gst_rnn_timeline_started (timeline) || !GST_CLOCK_TIME_IS_VALID (pts) || timeline->num == 0)
    return FALSE;
  return (pts > next ? pts - next : next - pts) >= MAX (threshold, 1);
}

gboolean
gst_rnn_timeline_is_elsewhere (GstRnnTimeline *timeline, GstBuffer *buffer, GstClockTime threshold, GstClockTime wait)
{
  GstClockTime next = gst_rnn_timeline_next (timeline);

  if (!gst_rnn_timeline_is_off (timeline, GST_BUFFER_PTS (buffer), threshold)) {
    if (GST_BUFFER_PTS_IS_VALID (buffer))
      timeline->astray = GST_CLOCK_TIME_NONE;
    return FALSE;
  }
  if (GST_BUFFER_IS_DISCONT (buffer) || wait == 0)
    return TRUE;
  if (!GST_CLOCK_TIME_IS_VALID (timeline->astray))
    timeline->astray = next;
  return next - timeline->astray >= wait;
}
