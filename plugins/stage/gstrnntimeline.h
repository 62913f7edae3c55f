/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time from counting: units (samples or steps) at a fixed rate since a base PTS, and when to stop believing it. */
#pragma once
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct {
  gint num, den;                /* units per second; 0/1: unknown */
  GstClockTime base;            /* PTS of unit 0; NONE: not started */
  guint64 count;                /* units so far */
  GstClockTime astray;          /* since when timestamps have disagreed, or NONE */
} GstRnnTimeline;

void     gst_rnn_timeline_init (GstRnnTimeline *timeline, gint num, gint den);
void     gst_rnn_timeline_stop (GstRnnTimeline *timeline);
void     gst_rnn_timeline_start (GstRnnTimeline *timeline, GstClockTime base);
#define  gst_rnn_timeline_started(timeline) (GST_CLOCK_TIME_IS_VALID ((timeline)->base))

/* PTS of a unit; before unit 0 there is nothing, so that is the base. */
GstClockTime gst_rnn_timeline_at (const GstRnnTimeline *timeline, gint64 unit);
/* PTS of the unit that comes next. */
GstClockTime gst_rnn_timeline_next (const GstRnnTimeline *timeline);

/* Whether @pts is off by @threshold or more; not if that cannot be known. */
gboolean gst_rnn_timeline_is_off (const GstRnnTimeline *timeline, GstClockTime pts, GstClockTime threshold);
/* Whether a buffer is somewhere else: its PTS is off by @threshold or more, and has been so for @wait or is flagged
 * DISCONT.  No PTS: it follows the last one. */
gboolean gst_rnn_timeline_is_elsewhere (GstRnnTimeline *timeline, GstBuffer *buffer, GstClockTime threshold,
    GstClockTime wait);

G_END_DECLS
