/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: what leaves its pads.
 *
 * src: captions, and gaps where there is nothing to read, both `lateness` later than they were spoken.  unsynced_src:
 * one JSON object per result, partial or final, as soon as it is known; nobody needs to listen.
 *
 * Both tell the stream's time, which is the file's, whatever timestamps its demuxer counts in: the segments that leave
 * begin at their own stream time.
 *
 * When `lateness` is lowered, captions stay behind each other and as long as they were: gaps are left out until the
 * time that was too much is made up for. */
#include "gstrnnctcdec-private.h"
#include <gst/tag/tag.h>
#include <string.h>

#define SHORTEST (300 * GST_MSECOND)    /* that a caption is shown which comes late */

/* A word may begin before the segment that it ends in. */
static GstClockTime
to_stream (GstRnnCtcDec *self, GstClockTime time)
{
  return (gint64) (time - self->offset) > 0 ? time - self->offset : 0;
}

static GstClockTime
shift (GstRnnCtcDec *self, GstClockTime time)
{
  GstClockTime late = to_stream (self, time) + self->lateness;

  return GST_CLOCK_TIME_IS_VALID (self->shown) ? MAX (late, self->shown) : late;
}

/* When what is heard now is shown at best. */
static GstClockTime
now_shown (GstRnnCtcDec *self)
{
  return to_stream (self, rnn_utterance_get_position (self->utterance)) + self->lateness;
}

static GstBuffer *
text_buffer (gchar *text, GstClockTime start, GstClockTime end)
{
  GstBuffer *buffer = gst_buffer_new_wrapped (text, strlen (text));

  GST_BUFFER_PTS (buffer) = start;
  GST_BUFFER_DURATION (buffer) = end - start;
  return buffer;
}

static GstFlowReturn
push (GstRnnCtcDec *self, GstPad *pad, GstBuffer *buffer)
{
  return gst_flow_combiner_update_pad_flow (self->flows, pad, gst_pad_push (pad, buffer));
}

static GstFlowReturn
push_json (GstRnnCtcDec *self, const RnnResult *result)
{
  gchar *json = gst_rnn_ctc_dec_result_to_json (result, self->offset);

  return push (self, self->unsynced, text_buffer (json, to_stream (self, result->start),
          to_stream (self, result->end)));
}

/* In a live pipeline a caption that could only be sent later than the latency allows is never seen, unless captions are shown
 * later than they were spoken. */
static void
note_late (GstRnnCtcDec *self, GstClockTime delay, GstClockTime allowed)
{
  if (self->adapt_lateness) {
    self->lateness += delay - allowed;
    return;
  }
  if (!self->warned)
    GST_ELEMENT_WARNING (self, STREAM, TOO_LAZY, ("Captions come %" G_GUINT64_FORMAT " ms after they began, later than the pipeline "
            "waits for them: set `latency` as high, or `lateness`, or adapt-lateness=true.", delay / GST_MSECOND), (NULL));
  self->warned = TRUE;
}

static void
note_delay (GstRnnCtcDec *self, GstClockTime delay)
{
  GstClockTime allowed = self->lateness;
  gboolean more, live;

  GST_OBJECT_LOCK (self);
  more = delay > self->max_delay;
  self->max_delay = MAX (delay, self->max_delay);
  live = self->stage.live;
  allowed += MAX (self->settings.latency * GST_MSECOND, self->stage.pipeline_latency);
  GST_OBJECT_UNLOCK (self);
  if (live && delay > allowed)
    note_late (self, delay, allowed);
  if (more)
    g_object_notify (G_OBJECT (self), "max-observed-delay");
}

static void
add_words_meta (GstRnnCtcDec *self, GstBuffer *buffer, const RnnResult *caption)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, GST_RNN_WORDS_META);
  GstStructure *words = gst_rnn_ctc_dec_words_to_structure ("words", caption, self->offset);

  gst_structure_set_value (gst_custom_meta_get_structure (meta), "words", gst_structure_get_value (words, "words"));
  gst_structure_free (words);
}

GstFlowReturn
gst_rnn_ctc_dec_push_caption (GstRnnCtcDec *self, const RnnResult *caption)
{
  GstClockTime start, end;
  GstFlowReturn ret;
  GstBuffer *buffer;

  gst_rnn_stage_push_segments (&self->stage, caption->start + self->lateness);
  start = shift (self, caption->start);
  if (self->waits == GST_RNN_WAITS_MUXER)
    start = to_stream (self, caption->start) + self->lateness;
  end = start + (caption->end - caption->start);
  if (self->waits == GST_RNN_WAITS_OTHER && start > to_stream (self, caption->start) + self->lateness)
    end = MIN (end, MAX (now_shown (self) + self->max_hold, start + SHORTEST));
  buffer = text_buffer (self->markup ? rnn_escape_webvtt (caption->text) : g_strdup (caption->text), start, end);
  add_words_meta (self, buffer, caption);
  if (self->stage.discont)
    GST_BUFFER_FLAG_SET (buffer, GST_BUFFER_FLAG_DISCONT);
  self->stage.discont = FALSE;
  note_delay (self, rnn_utterance_get_position (self->utterance) - caption->start);
  GST_OBJECT_LOCK (self);
  self->n_captions++;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_ctc_dec_post_caption (self, caption);
  push_json (self, caption);
  ret = push (self, self->stage.srcpad, buffer);
  self->shown = GST_CLOCK_TIME_IS_VALID (self->shown) ? MAX (self->shown, end) : end;
  if (self->waits == GST_RNN_WAITS_MUXER)       /* the text made it forget how far gaps had told */
    gst_rnn_ctc_dec_run_ahead (self, 0);
  return ret;
}

GstFlowReturn
gst_rnn_ctc_dec_push_partial (GstRnnCtcDec *self, const RnnResult *partial)
{
  GST_OBJECT_LOCK (self);
  self->n_partials++;
  GST_OBJECT_UNLOCK (self);
  gst_rnn_ctc_dec_post_caption (self, partial);
  return push_json (self, partial);
}

static void
push_to_both (GstRnnCtcDec *self, GstEvent *event)
{
  gst_pad_push_event (self->unsynced, gst_event_ref (event));
  gst_pad_push_event (self->stage.srcpad, event);
}

/* The first may be empty: it says that the stream is there, and the pipeline prerolls. */
void
gst_rnn_ctc_dec_push_gap (GstRnnCtcDec *self, GstClockTime start, GstClockTime end)
{
  gboolean first = !GST_CLOCK_TIME_IS_VALID (self->shown);
  GstClockTime from, until;

  gst_rnn_stage_push_segments (&self->stage, start + self->lateness);
  from = shift (self, start);
  until = shift (self, end);
  gst_pad_push_event (self->unsynced, gst_event_new_gap (to_stream (self, start), end - start));
  if (until > from || first)
    gst_pad_push_event (self->stage.srcpad, gst_event_new_gap (from, until - from));
  self->shown = until;
}

GstClockTime
gst_rnn_ctc_dec_get_held (GstRnnCtcDec *self)
{
  GstClockTime until;

  if (!GST_CLOCK_TIME_IS_VALID (rnn_utterance_get_position (self->utterance))
      || !GST_CLOCK_TIME_IS_VALID (self->shown))
    return 0;
  until = now_shown (self);
  return until > self->shown ? until - self->shown : 0;
}

void
gst_rnn_ctc_dec_run_ahead (GstRnnCtcDec *self, GstClockTime duration)
{
  gst_pad_push_event (self->stage.srcpad, gst_event_new_gap (self->shown, duration));
  self->shown += duration;
}

void
gst_rnn_ctc_dec_push_tags (GstRnnCtcDec *self)
{
  g_autofree gchar *code = NULL;
  const gchar *iso;
  gboolean due;

  GST_OBJECT_LOCK (self);
  due = self->tag_due;
  self->tag_due = FALSE;
  code = g_strdup (self->language_code);
  GST_OBJECT_UNLOCK (self);
  if (!due || !code || !*code)
    return;
  g_strdelimit (code, "-_", '\0');      /* "en-US": tags name the language only */
  iso = gst_tag_get_language_code (code);
  push_to_both (self, gst_event_new_tag (gst_tag_list_new (GST_TAG_LANGUAGE_CODE, iso ? iso : code, NULL)));
}

static gboolean
push_stream_start (GstRnnCtcDec *self, GstPad *pad, const gchar *name, GstEvent *from)
{
  g_autofree gchar *id = gst_pad_create_stream_id (pad, GST_ELEMENT (self), name);
  GstEvent *event = gst_event_new_stream_start (id);
  guint group;

  if (gst_event_parse_group_id (from, &group))
    gst_event_set_group_id (event, group);
  gst_event_set_seqnum (event, gst_event_get_seqnum (from));
  gst_event_set_stream_flags (event, GST_STREAM_FLAG_SPARSE);
  return gst_pad_push_event (pad, event);
}

static gboolean
is_of_audio (GstEvent *event)
{
  GstTagList *tags;

  gst_event_parse_tag (event, &tags);
  return gst_tag_list_get_scope (tags) == GST_TAG_SCOPE_STREAM;
}

/* The same segment of running time, told in stream time. */
static GstEvent *
to_stream_segment (GstRnnCtcDec *self, GstEvent *event)
{
  GstSegment segment;
  GstEvent *own;

  gst_event_copy_segment (event, &segment);
  if (segment.format != GST_FORMAT_TIME || !GST_CLOCK_TIME_IS_VALID (segment.time))
    return gst_event_ref (event);
  if (self->offset != segment.start - segment.time)
    self->shown = GST_CLOCK_TIME_NONE;
  self->offset = segment.start - segment.time;
  if (self->offset == 0)
    return gst_event_ref (event);
  segment.start = segment.time;
  if (GST_CLOCK_TIME_IS_VALID (segment.stop))
    segment.stop -= self->offset;
  segment.position = segment.start;
  own = gst_event_new_segment (&segment);
  gst_event_set_seqnum (own, gst_event_get_seqnum (event));
  return own;
}

/* A new model is no news to whoever reads text. */
gboolean
gst_rnn_ctc_dec_push_event (GstRnnStage *stage, GstEvent *event)
{
  GstRnnCtcDec *self = GST_RNN_CTC_DEC (stage);

  if (GST_EVENT_TYPE (event) == GST_EVENT_STREAM_START) {
    push_stream_start (self, self->unsynced, "unsynced", event);
    push_stream_start (self, stage->srcpad, "text", event);
  } else if (GST_EVENT_TYPE (event) == GST_EVENT_SEGMENT) {
    push_to_both (self, to_stream_segment (self, event));
  } else if (!gst_event_has_name (event, "rnn-model")
      && (GST_EVENT_TYPE (event) != GST_EVENT_TAG || !is_of_audio (event))) {
    push_to_both (self, gst_event_ref (event));
  }
  gst_event_unref (event);
  return TRUE;
}
