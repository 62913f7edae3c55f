/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* rnnctcdec: results as element messages and as JSON. */
#include "gstrnnctcdec-private.h"
#include <jansson.h>

#define OVERLOAD_INTERVAL GST_SECOND

/* A structure with one field `words`: an array of structures (text, start, end, confidence) */
GstStructure *
gst_rnn_ctc_dec_words_to_structure (const gchar *name, const RnnResult *result, GstClockTime offset)
{
  GstStructure *s = gst_structure_new_empty (name);
  GValue array = G_VALUE_INIT, item = G_VALUE_INIT;
  guint i;

  gst_value_array_init (&array, result->n_words);
  for (i = 0; i < result->n_words; i++) {
    const RnnWord *w = &result->words[i];

    g_value_init (&item, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&item, gst_structure_new ("word", "text", G_TYPE_STRING, w->text,
            "start", G_TYPE_UINT64, w->start - offset, "end", G_TYPE_UINT64, w->end - offset,
            "confidence", G_TYPE_DOUBLE, (gdouble) w->confidence, NULL));
    gst_value_array_append_and_take_value (&array, &item);
  }
  gst_structure_take_value (s, "words", &array);
  return s;
}

gchar *
gst_rnn_ctc_dec_result_to_json (const RnnResult *result, GstClockTime offset)
{
  json_t *words = json_array (), *object;
  gchar *text;
  guint i;

  for (i = 0; i < result->n_words; i++) {
    const RnnWord *w = &result->words[i];

    json_array_append_new (words, json_pack ("{s:s, s:I, s:I, s:f}", "text", w->text, "start",
            (json_int_t) (w->start - offset), "end", (json_int_t) (w->end - offset), "confidence", (double) w->confidence));
  }
  object = json_pack ("{s:s, s:s, s:i, s:f, s:I, s:I, s:o}", "type", rnn_result_kind_get_name (result->kind),
      "text", result->text, "stable-length", (int) result->stable_length, "confidence", (double) result->confidence,
      "start", (json_int_t) (result->start - offset), "end", (json_int_t) (result->end - offset), "words", words);
  text = json_dumps (object, JSON_COMPACT | JSON_REAL_PRECISION (9));
  json_decref (object);
  return text;
}

/* A word may begin before the segment that it ends in. */
static void
set_times (GstRnnCtcDec *self, GstStructure *s, GstClockTime start, GstClockTime end)
{
  const GstSegment *segment = &self->stage.segment;
  GstClockTime stream = GST_CLOCK_TIME_NONE, running = GST_CLOCK_TIME_NONE;

  if (segment->format == GST_FORMAT_TIME) {
    if (gst_segment_to_stream_time_full (segment, GST_FORMAT_TIME, start, &stream) < 0)
      stream = GST_CLOCK_TIME_NONE;
    if (gst_segment_to_running_time_full (segment, GST_FORMAT_TIME, start, &running) < 0)
      running = GST_CLOCK_TIME_NONE;
  }
  gst_structure_set (s, "timestamp", G_TYPE_UINT64, start, "stream-time", G_TYPE_UINT64, stream,
      "running-time", G_TYPE_UINT64, running, "duration", G_TYPE_UINT64, end - start, NULL);
}

static void
post (GstRnnCtcDec *self, GstStructure *s)
{
  gst_element_post_message (GST_ELEMENT (self), gst_message_new_element (GST_OBJECT (self), s));
}

void
gst_rnn_ctc_dec_post_caption (GstRnnCtcDec *self, const RnnResult *caption)
{
  GstStructure *s;

  if (!self->post_messages)
    return;
  s = gst_rnn_ctc_dec_words_to_structure ("rnnctcdec", caption, 0);
  gst_structure_set (s, "type", G_TYPE_STRING, rnn_result_kind_get_name (caption->kind),
      "text", G_TYPE_STRING, caption->text, "stable-length", G_TYPE_UINT, caption->stable_length,
      "confidence", G_TYPE_DOUBLE, (gdouble) caption->confidence, NULL);
  set_times (self, s, caption->start, caption->end);
  post (self, s);
}

/* `n-best`: an array of structures (text, score), best first */
static void
add_readings (GstStructure *s, const RnnResult *endpoint)
{
  GValue array = G_VALUE_INIT, item = G_VALUE_INIT;
  guint i;

  gst_value_array_init (&array, endpoint->n_readings);
  for (i = 0; i < endpoint->n_readings; i++) {
    g_value_init (&item, GST_TYPE_STRUCTURE);
    g_value_take_boxed (&item, gst_structure_new ("reading", "text", G_TYPE_STRING, endpoint->readings[i].text,
            "score", G_TYPE_DOUBLE, endpoint->readings[i].score, NULL));
    gst_value_array_append_and_take_value (&array, &item);
  }
  gst_structure_take_value (s, "n-best", &array);
}

void
gst_rnn_ctc_dec_post_endpoint (GstRnnCtcDec *self, const RnnResult *endpoint)
{
  GstStructure *s;

  GST_OBJECT_LOCK (self);
  self->n_endpoints++;
  GST_OBJECT_UNLOCK (self);
  if (!self->post_messages)
    return;
  s = gst_structure_new ("rnnctcdec", "type", G_TYPE_STRING, "endpoint", "text", G_TYPE_STRING, endpoint->text, NULL);
  if (endpoint->n_readings > 0)
    add_readings (s, endpoint);
  set_times (self, s, endpoint->start, endpoint->end);
  post (self, s);
}

void
gst_rnn_ctc_dec_check_overload (GstRnnCtcDec *self)
{
  GstRnnStage *stage = &self->stage;
  GstClockTime now, due, allowed, position = rnn_utterance_get_position (self->utterance);
  GstStructure *s;
  gboolean live;

  GST_OBJECT_LOCK (self);
  live = stage->live;
  allowed = stage->pipeline_latency;
  GST_OBJECT_UNLOCK (self);
  if (!live || stage->segment.format != GST_FORMAT_TIME || (GST_CLOCK_TIME_IS_VALID (self->last_overload)
          && position < self->last_overload + OVERLOAD_INTERVAL))
    return;
  now = gst_element_get_current_running_time (GST_ELEMENT (self));
  due = gst_segment_to_running_time (&stage->segment, GST_FORMAT_TIME, position);
  if (!GST_CLOCK_TIME_IS_VALID (now) || !GST_CLOCK_TIME_IS_VALID (due) || now <= due + allowed)
    return;
  self->last_overload = position;
  GST_OBJECT_LOCK (self);
  self->n_overloads++;
  GST_OBJECT_UNLOCK (self);
  s = gst_structure_new ("rnnctcdec", "type", G_TYPE_STRING, "overload", "delay", G_TYPE_UINT64, now - due,
      "latency", G_TYPE_UINT64, allowed, NULL);
  set_times (self, s, position, position);
  post (self, s);
}
