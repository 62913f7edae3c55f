/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From texts as they come to cues: which part of the data belongs to which text.
 *
 * Subtitles stay on the screen while the next one is spoken, and two people may talk at once.  Of two texts that overlap
 * by at most half of the shorter one, the first ends where the second begins, if it can be said by then; else they are one
 * example, with the texts in their order. */
#include "gstrnnexamples.h"

#define MAX_TEXT 65536          /* bytes */
#define FASTEST 25              /* characters that a second may hold */

void
gst_rnn_cue_clear (GstRnnCue *cue)
{
  gst_clear_buffer (&cue->label);
  g_string_truncate (cue->text, 0);
}

static GstClockTime
running_time (GstRnnExamples *examples, GstClockTime pts)
{
  return gst_segment_to_running_time (&examples->label->segment, GST_FORMAT_TIME, pts);
}

/* What is wrong with the time of a text, or NULL. */
static const gchar *
find_fault (GstRnnExamples *examples, GstBuffer *label, GstClockTime *begin, GstClockTime *end)
{
  *begin = GST_BUFFER_PTS_IS_VALID (label) ? running_time (examples, GST_BUFFER_PTS (label)) : GST_CLOCK_TIME_NONE;
  if (!GST_CLOCK_TIME_IS_VALID (*begin))
    return "it has no time";
  if (!GST_BUFFER_DURATION_IS_VALID (label) || GST_BUFFER_DURATION (label) == 0)
    return "it has no duration";
  *end = *begin + MIN (GST_BUFFER_DURATION (label), G_MAXINT64);
  if (*end - *begin > examples->max_length)
    return "it lasts longer than max-length";
  if (gst_buffer_get_size (label) > MAX_TEXT)
    return "it is longer than " G_STRINGIFY (MAX_TEXT) " bytes";
  return NULL;
}

/* A GAP tells how far the labels have come. */
static gboolean
take_gap (GstRnnExamples *examples, GstBuffer *label)
{
  GstClockTime end = GST_BUFFER_PTS (label);

  if (!GST_BUFFER_FLAG_IS_SET (label, GST_BUFFER_FLAG_GAP) || gst_buffer_get_size (label) > 0)
    return FALSE;
  if (GST_CLOCK_TIME_IS_VALID (end)) {
    if (GST_BUFFER_DURATION_IS_VALID (label))
      end += GST_BUFFER_DURATION (label);
    end = running_time (examples, end);
    if (GST_CLOCK_TIME_IS_VALID (end))
      examples->known = MAX (examples->known, end);
  }
  return TRUE;
}

/* The shortest time in which the cue can be said. */
static GstClockTime
shortest (const GstRnnCue *cue)
{
  return g_utf8_strlen (cue->text->str, -1) * GST_SECOND / FASTEST;
}

/* The text [begin, end) meets the cue: TRUE: it comes after it, which may have been shortened for that. */
static gboolean
part (GstRnnCue *cue, GstClockTime begin, GstClockTime end)
{
  if (begin >= cue->end)
    return TRUE;
  if (begin <= cue->begin || cue->end - begin > MIN (cue->end - cue->begin, end - begin) / 2
      || begin - cue->begin < shortest (cue))
    return FALSE;
  cue->end = begin;
  return TRUE;
}

/* They are said at the same time. */
static const gchar *
join (GstRnnExamples *examples, const gchar *text, GstClockTime begin, GstClockTime end)
{
  GstRnnCue *cue = &examples->cue;

  if (begin < cue->begin)
    return "it comes after a text that begins later";
  if (MAX (end, cue->end) - cue->begin > examples->max_length)
    return "it overlaps the one before it";
  g_string_append_printf (cue->text, " %s", text);
  cue->end = MAX (end, cue->end);
  return NULL;
}

static void
begin_cue (GstRnnCue *cue, GstBuffer *label, const gchar *text, GstClockTime begin, GstClockTime end)
{
  cue->label = gst_buffer_ref (label);
  g_string_assign (cue->text, text);
  cue->begin = begin;
  cue->end = end;
}

/* FALSE: the label at the head waits until the cue has been cut. */
static gboolean
take_text (GstRnnExamples *examples, GstBuffer *label)
{
  GstRnnCue *cue = &examples->cue;
  GstClockTime begin, end;
  const gchar *fault = find_fault (examples, label, &begin, &end);
  g_autofree gchar *text = NULL, *reason = NULL;

  if (!fault && cue->label && part (cue, begin, end))
    return FALSE;
  if (!fault) {
    text = gst_rnn_examples_spell (examples, label, &reason);
    fault = reason;
  }
  if (!fault && cue->label)
    fault = join (examples, text, begin, end);
  else if (!fault)
    begin_cue (cue, label, text, begin, end);
  gst_aggregator_pad_drop_buffer (examples->label);
  if (fault)
    gst_rnn_examples_skip (examples, label, fault);
  return TRUE;
}

void
gst_rnn_examples_take_texts (GstRnnExamples *examples)
{
  for (;;) {
    g_autoptr (GstBuffer) label = gst_aggregator_pad_peek_buffer (examples->label);

    if (!label)
      return;
    if (take_gap (examples, label))
      gst_aggregator_pad_drop_buffer (examples->label);
    else if (!take_text (examples, label))
      return;
  }
}

gboolean
gst_rnn_examples_cue_is_settled (GstRnnExamples *examples)
{
  return gst_aggregator_pad_has_buffer (examples->label) || examples->known >= examples->cue.end ||
      gst_aggregator_pad_is_eos (examples->label);
}
