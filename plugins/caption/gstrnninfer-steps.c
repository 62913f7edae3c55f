/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnninfer: steps in, answers out, by the library's RnnStream.  An endpoint resets the state between two blocks, so that
 * where it begins anew does not depend on how many steps came at once. */
#include "gstrnninfer-private.h"
#include <string.h>

/* Said once of a stream: what is missing is stepped over, but somebody should know. */
static void
warn_if_missing (GstRnnInfer *self)
{
  guint64 n = rnn_stream_get_n_missing (self->stream);

  if (n > 0 && self->n_missing == 0)
    GST_ELEMENT_WARNING (self, STREAM, FORMAT, ("A value of the stream is no finite number: such values are taken as "
            "missing, the last one before them is used."), (NULL));
  self->n_missing = n;
}

/* Pushes the answers that there are, together. */
static GstFlowReturn
push_answers (GstRnnInfer *self)
{
  const RnnStreamAnswer *answer;

  while ((answer = rnn_stream_next (self->stream)))
    gst_rnn_stage_add_frame (&self->stage, answer->y, answer->start, answer->duration);
  warn_if_missing (self);
  return rnn_stream_was_cancelled (self->stream) ? GST_FLOW_FLUSHING : gst_rnn_stage_push_frames (&self->stage);
}

GstFlowReturn
gst_rnn_infer_run (GstRnnStage *stage)
{
  rnn_stream_flush (GST_RNN_INFER (stage)->stream);
  return push_answers (GST_RNN_INFER (stage));
}

GstFlowReturn
gst_rnn_infer_drain (GstRnnStage *stage)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);

  if (!self->stream || !stage->negotiated)
    return GST_FLOW_OK;
  rnn_stream_finish (self->stream);
  return push_answers (self);
}

void
gst_rnn_infer_reset (GstRnnStage *stage)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);

  g_atomic_int_set (&self->endpoint_due, FALSE);
  if (self->stream)
    rnn_stream_reset (self->stream);
}

void
gst_rnn_infer_keep (GstRnnStage *stage, RnnKeep *keep)
{
  if (GST_RNN_INFER (stage)->stream)
    rnn_stream_keep (GST_RNN_INFER (stage)->stream, keep);
  else
    keep->failed = TRUE;
}

/* Between two blocks: the state begins anew if an utterance has ended, and nothing of the next one was heard. */
static GstFlowReturn
reset_at_endpoint (GstRnnInfer *self)
{
  GstRnnStage *stage = &self->stage;
  gboolean is_text = rnn_output_primary (rnn_model_get_output (self->running))->klass->label == RNN_LABEL_TEXT;

  if (!g_atomic_int_compare_and_exchange (&self->endpoint_due, TRUE, FALSE)
      || !(stage->now.reset_on & GST_RNN_RESET_ENDPOINT)
      || !rnn_stream_restart (self->stream, is_text ? rnn_model_get_blank (self->running) : -1))
    return GST_FLOW_OK;
  GST_OBJECT_LOCK (stage);
  stage->n_resets++;
  GST_OBJECT_UNLOCK (stage);
  return push_answers (self);
}

/* The step that was just written to the stream's row */
static GstFlowReturn
add_step (GstRnnInfer *self, GstClockTime pts, GstClockTime duration)
{
  GstFlowReturn ret;

  rnn_stream_push (self->stream, pts, duration);
  ret = push_answers (self);
  return ret == GST_FLOW_OK && rnn_stream_is_between_blocks (self->stream) ? reset_at_endpoint (self) : ret;
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
  memcpy (rnn_stream_get_row (self->stream), map->data, map->size);
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
    gfloat *x = rnn_stream_get_row (self->stream);
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

/* Lost steps are taken as the last one. */
GstFlowReturn
gst_rnn_infer_fill (GstRnnStage *stage, guint64 n)
{
  GstRnnInfer *self = GST_RNN_INFER (stage);
  GstRnnTimeline *timeline = &stage->timeline;
  GstFlowReturn ret = GST_FLOW_OK;

  for (; n > 0 && ret == GST_FLOW_OK; n--) {
    GstClockTime pts = gst_rnn_timeline_next (timeline);

    rnn_stream_repeat (self->stream);
    timeline->count++;
    ret = add_step (self, pts, gst_rnn_timeline_next (timeline) - pts);
  }
  return ret == GST_FLOW_OK ? gst_rnn_infer_run (stage) : ret;
}

void
gst_rnn_infer_endpoint (GstRnnStage *stage, const GstStructure *endpoint)
{
  gboolean silence = TRUE;

  gst_structure_get_boolean (endpoint, "silence", &silence);
  if (silence)
    g_atomic_int_set (&GST_RNN_INFER (stage)->endpoint_due, TRUE);
}
