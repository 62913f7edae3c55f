/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnninfer: steps in, answers out.
 *
 * A model that looks L steps ahead answers x[t - L] with y[t]: times wait in a queue until their answer comes, and at
 * the end of a stretch its last step, repeated L times, fetches the last ones: a jump to anything else would be heard.
 *
 * Steps run in blocks that begin at multiples of GST_RNN_INFER_BLOCK since the start or the last reset, and an endpoint
 * resets the state between two blocks.  So where the state begins anew does not depend on how many steps came at
 * once. */
#include "gstrnninfer-private.h"
#include <string.h>

void
gst_rnn_infer_align (GstRnnInfer *self)
{
  self->n_waiting = self->n_block = 0;
  self->n_skip = self->n_ahead;
  self->n_run = 0;
}

/* Runs the steps in x and pushes the answers among what comes out. */
static GstFlowReturn
run_block (GstRnnInfer *self)
{
  guint i, n = self->n_block, skip = MIN (n, self->n_skip), n_answers = n - skip;
  GstFlowReturn ret;

  if (!rnn_batch_stream_run (self->stream, n, self->x, self->y))
    return GST_FLOW_FLUSHING;
  self->last = n - 1;
  self->n_block = 0;
  self->n_run += n;
  self->n_skip -= skip;
  for (i = 0; i < n_answers; i++)
    gst_rnn_stage_add_frame (&self->stage, self->y + (skip + i) * self->n_out, self->times[i][0], self->times[i][1]);
  ret = gst_rnn_stage_push_frames (&self->stage);
  self->n_waiting -= n_answers;
  memmove (self->times, self->times + n_answers, self->n_waiting * sizeof (*self->times));
  return ret;
}

GstFlowReturn
gst_rnn_infer_run (GstRnnStage *stage)
{
  return GST_RNN_INFER (stage)->n_block ? run_block (GST_RNN_INFER (stage)) : GST_FLOW_OK;
}

/* Where the next step goes */
static gfloat *
next_row (GstRnnInfer *self)
{
  if (self->n_block == self->n_room) {
    self->n_room = MIN (2 * self->n_room, GST_RNN_INFER_BLOCK);
    self->x = g_renew (gfloat, self->x, self->n_room * self->n_in);
  }
  return self->x + self->n_block * self->n_in;
}

/* The newest step in every row of x. */
static void
repeat_last (GstRnnInfer *self)
{
  guint i;

  for (i = 0; i < self->n_room; i++)
    if (i != self->last)
      memcpy (self->x + i * self->n_in, self->x + self->last * self->n_in, self->n_in * sizeof (gfloat));
}

GstFlowReturn
gst_rnn_infer_drain (GstRnnStage *stage)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);
  GstFlowReturn ret;
  guint left, n;

  if (!self->stream || !stage->negotiated)
    return GST_FLOW_OK;
  ret = gst_rnn_infer_run (stage);
  if (self->n_waiting)
    repeat_last (self);
  for (left = self->n_waiting ? self->n_ahead : 0; left > 0 && ret == GST_FLOW_OK; left -= n) {
    self->n_block = n = MIN (left, self->n_room);
    ret = run_block (self);
  }
  gst_rnn_infer_align (self);
  return ret;
}

void
gst_rnn_infer_reset (GstRnnStage *stage)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);

  g_atomic_int_set (&self->endpoint_due, FALSE);
  if (!self->stream)
    return;
  rnn_batch_stream_reset (self->stream);
  gst_rnn_infer_align (self);
}

/* Between two blocks: the state begins anew if an utterance has ended. */
static GstFlowReturn
reset_at_endpoint (GstRnnInfer *self)
{
  GstRnnStage *stage = &self->stage;
  GstFlowReturn ret;

  if (!g_atomic_int_compare_and_exchange (&self->endpoint_due, TRUE, FALSE)
      || !(stage->now.reset_on & GST_RNN_RESET_ENDPOINT))
    return GST_FLOW_OK;
  ret = gst_rnn_infer_drain (stage);
  gst_rnn_infer_reset (stage);
  GST_OBJECT_LOCK (stage);
  stage->n_resets++;
  GST_OBJECT_UNLOCK (stage);
  return ret;
}

/* The step that was just written to x */
static GstFlowReturn
add_step (GstRnnInfer *self, GstClockTime pts, GstClockTime duration)
{
  GstFlowReturn ret;

  self->times[self->n_waiting][0] = pts;
  self->times[self->n_waiting++][1] = duration;
  self->n_block++;
  if ((self->n_run + self->n_block) % GST_RNN_INFER_BLOCK != 0)
    return GST_FLOW_OK;
  ret = run_block (self);
  return ret == GST_FLOW_OK ? reset_at_endpoint (self) : ret;
}

static GstFlowReturn
add_tensor (GstRnnInfer *self, GstBuffer *buffer, const GstMapInfo *map)
{
  GstRnnTimeline *timeline = &self->stage.timeline;
  GstClockTime pts = GST_BUFFER_PTS (buffer), duration = GST_BUFFER_DURATION (buffer);
  GstClockTime next = gst_rnn_timeline_next (timeline);

  if (map->size != self->n_in * sizeof (gfloat)) {
    GST_ELEMENT_ERROR (self, STREAM, FORMAT, ("A tensor has %" G_GSIZE_FORMAT " bytes instead of %" G_GSIZE_FORMAT
            ".", map->size, self->n_in * sizeof (gfloat)), (NULL));
    return GST_FLOW_ERROR;
  }
  timeline->count++;
  if (!GST_CLOCK_TIME_IS_VALID (pts) && timeline->num > 0)      /* without a rate, what is unknown stays so */
    pts = next;
  if (!GST_CLOCK_TIME_IS_VALID (duration) && timeline->num > 0)
    duration = gst_rnn_timeline_next (timeline) - next;
  memcpy (next_row (self), map->data, map->size);
  return add_step (self, pts, duration);
}

static GstFlowReturn
add_series (GstRnnInfer *self, const GstMapInfo *map)
{
  GstRnnTimeline *timeline = &self->stage.timeline;
  gboolean f64 = self->format == GST_AUDIO_FORMAT_F64;
  gsize i, j, n = map->size / (self->n_in * (f64 ? sizeof (gdouble) : sizeof (gfloat)));
  GstFlowReturn ret = GST_FLOW_OK;

  for (i = 0; i < n && ret == GST_FLOW_OK; i++) {
    gfloat *x = next_row (self);
    GstClockTime pts = gst_rnn_timeline_next (timeline);

    for (j = 0; j < self->n_in; j++) {
      x[j] = f64 ? (gfloat) ((const gdouble *) map->data)[i * self->n_in + j] :
          ((const gfloat *) map->data)[i * self->n_in + j];
    }
    timeline->count++;
    ret = add_step (self, pts, gst_rnn_timeline_next (timeline) - pts);
  }
  return ret;
}

GstFlowReturn
gst_rnn_infer_process (GstRnnStage *stage, GstBuffer *buffer)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);
  GstFlowReturn ret;
  GstMapInfo map;

  if (!gst_buffer_map (buffer, &map, GST_MAP_READ))
    return GST_FLOW_ERROR;
  ret = self->format == GST_AUDIO_FORMAT_UNKNOWN ? add_tensor (self, buffer, &map) : add_series (self, &map);
  gst_buffer_unmap (buffer, &map);
  return ret;
}

void
gst_rnn_infer_endpoint (GstRnnStage *stage, const GstStructure *endpoint)
{
  gboolean silence = TRUE;

  gst_structure_get_boolean (endpoint, "silence", &silence);
  if (silence)
    g_atomic_int_set (&GST_RNN_INFER (stage)->endpoint_due, TRUE);
}
