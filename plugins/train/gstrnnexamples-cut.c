/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From two timed streams to examples.  Positions are rows counted from the data buffer at the head, found by rounding
 * time differences, so that what begins at a sample's time begins at that very sample. */
#include "gstrnnexamples.h"

#define TOLERANCE (40 * GST_MSECOND)    /* data may be off by less without being a jump or a loss */
#define DISCONT_WAIT 0                  /* no sample is cut out at a time that is not its own, flagged or not */
#define LATEST (10 * GST_SECOND)        /* a text may come so much after it is known that none begins there */

/* ---- rows of the data ---- */

/* The row nearest to a time from the head buffer's start. */
static gint64
row_at (const GstRnnExamples *examples, GstClockTimeDiff time)
{
  guint64 row = gst_util_uint64_scale_round (ABS (time), examples->rate_n, GST_SECOND * examples->rate_d);

  return time < 0 ? -(gint64) row : (gint64) row;
}

static guint
count_rows (const GstRnnExamples *examples, GstBuffer *data)
{
  gsize value = examples->format == GST_AUDIO_FORMAT_S16LE ? 2 : examples->format == GST_AUDIO_FORMAT_F64LE ? 8 : 4;

  return gst_buffer_get_size (data) / (value * examples->width);
}

static void
convert (GstAudioFormat format, gconstpointer in, gfloat *out, gsize n)
{
  for (gsize i = 0; i < n; i++)
    switch (format) {
      case GST_AUDIO_FORMAT_S16LE:
        out[i] = (gint16) GST_READ_UINT16_LE ((const guint8 *) in + 2 * i) / 32768.0f;
        break;
      case GST_AUDIO_FORMAT_F64LE:
        out[i] = (gfloat) GST_READ_DOUBLE_LE ((const guint8 *) in + 8 * i);
        break;
      default:
        out[i] = GST_READ_FLOAT_LE ((const guint8 *) in + 4 * i);
    }
}

static void
take_rows (GstRnnExamples *examples, GstBuffer *data, guint from, guint end)
{
  gsize n = (gsize) (end - from) * examples->width;
  guint old = examples->rows->len;
  gsize row;
  GstMapInfo map;

  if (n == 0 || !gst_buffer_map (data, &map, GST_MAP_READ))
    return;
  row = map.size / count_rows (examples, data);
  g_array_set_size (examples->rows, old + n);
  convert (examples->format, map.data + from * row, &g_array_index (examples->rows, gfloat, old), n);
  gst_buffer_unmap (data, &map);
  examples->open = TRUE;
}

static GstClockTime
running_time (GstAggregatorPad *pad, GstClockTime pts)
{
  return gst_segment_to_running_time (&pad->segment, GST_FORMAT_TIME, pts);
}

/* Looks once at a buffer's place on the timeline: by the rule of all our elements. */
static void
place (GstRnnExamples *examples, GstBuffer *data)
{
  GstRnnTimeline *timeline = &examples->timeline;

  if (examples->placed)
    return;
  examples->placed = TRUE;
  examples->jumped = gst_rnn_timeline_is_elsewhere (timeline, data, TOLERANCE, DISCONT_WAIT);
  if (examples->jumped || !gst_rnn_timeline_started (timeline))
    gst_rnn_timeline_start (timeline, GST_BUFFER_PTS_IS_VALID (data) ? GST_BUFFER_PTS (data) : 0);
}

static void
pop_data (GstRnnExamples *examples, guint n)
{
  gst_aggregator_pad_drop_buffer (examples->data);
  examples->cursor = 0;
  examples->placed = FALSE;
  examples->timeline.count += n;
}

/* ---- one buffer of each ---- */

/* Rows before @time are of no use any more. */
static void
drop_until (GstRnnExamples *examples, GstBuffer *data, GstClockTime start, GstClockTime time)
{
  gint64 n = count_rows (examples, data);

  if (row_at (examples, GST_CLOCK_DIFF (start, time)) >= n)
    pop_data (examples, n);
}

static void
cut_text (GstRnnExamples *examples, GstBuffer *data, GstClockTime start)
{
  const GstRnnCue *cue = &examples->cue;
  gint64 n = count_rows (examples, data), from = row_at (examples, GST_CLOCK_DIFF (start, cue->begin));
  gint64 to = row_at (examples, GST_CLOCK_DIFF (start, cue->end)), first;

  if (!examples->open && from + row_at (examples, TOLERANCE) < examples->cursor) {
    gst_rnn_examples_lose (examples, "its beginning is not in the data");
    return;
  }
  first = CLAMP (from, examples->cursor, n);
  examples->cursor = CLAMP (to, first, n);
  take_rows (examples, data, first, examples->cursor);
  if (to <= n) {
    if (examples->open)
      gst_rnn_examples_finish (examples);
    else
      gst_rnn_examples_lose (examples, "it has no duration");
  }
  if (examples->cursor >= n)
    pop_data (examples, n);
}

/* A target that belongs to no row; the example goes on. */
static void
drop_target (GstRnnExamples *examples)
{
  gst_aggregator_pad_drop_buffer (examples->label);
  GST_OBJECT_LOCK (examples->owner);
  examples->n_skipped++;
  GST_OBJECT_UNLOCK (examples->owner);
}

static void
take_target (GstRnnExamples *examples, GstBuffer *label)
{
  guint old = examples->targets->len;

  g_array_set_size (examples->targets, old + examples->n_target);
  gst_buffer_extract (label, 0, &g_array_index (examples->targets, gfloat, old), examples->n_target * sizeof (gfloat));
}

static void
pair_tensor (GstRnnExamples *examples, GstBuffer *data, GstClockTime start, GstBuffer *label)
{
  GstClockTime begin = running_time (examples->label, GST_BUFFER_PTS (label));
  gint64 n = count_rows (examples, data), row = row_at (examples, GST_CLOCK_DIFF (start, begin));

  if (row < examples->cursor || gst_buffer_get_size (label) != examples->n_target * sizeof (gfloat)) {
    drop_target (examples);
    return;
  }
  if (row > examples->cursor)
    gst_rnn_examples_finish (examples);
  examples->cursor = MIN (row, n);
  if (row < n) {
    take_rows (examples, data, row, row + 1);
    take_target (examples, label);
    gst_aggregator_pad_drop_buffer (examples->label);
    examples->cursor++;
  }
  if (examples->cursor >= n)
    pop_data (examples, n);
}

/* A buffer of data without rows or outside of its segment is of no use.  TRUE: @start is its running time. */
static gboolean
begin_data (GstRnnExamples *examples, GstBuffer *data, GstClockTime *start)
{
  if (GST_BUFFER_FLAG_IS_SET (data, GST_BUFFER_FLAG_GAP) && gst_buffer_get_size (data) == 0) {
    pop_data (examples, 0);     /* a GAP event: what follows it has not jumped */
    gst_rnn_timeline_stop (&examples->timeline);
    return FALSE;
  }
  place (examples, data);
  *start = running_time (examples->data, gst_rnn_timeline_next (&examples->timeline));
  if (!GST_CLOCK_TIME_IS_VALID (*start))
    pop_data (examples, count_rows (examples, data));
  return GST_CLOCK_TIME_IS_VALID (*start);
}

/* The data jump within an example: it is lost. */
static gboolean
has_jumped (GstRnnExamples *examples)
{
  gboolean jumped = examples->jumped && examples->open;

  examples->jumped = FALSE;
  if (jumped)
    gst_rnn_examples_lose (examples, "the data jump within it");
  return jumped;
}

/* ---- texts ---- */

/* The data are over; a cue that ends a hair later is complete. */
static void
end_cue (GstRnnExamples *examples)
{
  GstClockTime end = running_time (examples->data, gst_rnn_timeline_next (&examples->timeline));

  if (examples->open && GST_CLOCK_TIME_IS_VALID (end) && examples->cue.end <= end + TOLERANCE)
    gst_rnn_examples_finish (examples);
  else
    gst_rnn_examples_lose (examples, "the data end before it does");
}

/* FALSE: nothing can be done before more labels come. */
static gboolean
step_text (GstRnnExamples *examples, GstBuffer *data)
{
  GstClockTime start, kept = examples->known > LATEST ? examples->known - LATEST : 0;

  if (!begin_data (examples, data, &start) || has_jumped (examples))
    return TRUE;
  if (examples->cue.label) {
    if (!gst_rnn_examples_cue_is_settled (examples))
      return FALSE;
    cut_text (examples, data, start);
    return TRUE;
  }
  if (gst_aggregator_pad_is_eos (examples->label))
    kept = G_MAXINT64;
  drop_until (examples, data, start, kept);
  return !examples->placed;
}

static gboolean
advance_text (GstRnnExamples *examples)
{
  for (;;) {
    g_autoptr (GstBuffer) data = gst_aggregator_pad_peek_buffer (examples->data);

    if (data && !examples->width)
      return FALSE;
    gst_rnn_examples_take_texts (examples);
    if (data ? !step_text (examples, data) : !gst_aggregator_pad_is_eos (examples->data) || !examples->cue.label ||
        !gst_rnn_examples_cue_is_settled (examples))
      return TRUE;
    if (!data)
      end_cue (examples);
  }
}

/* ---- tensors ---- */

static void
step_tensor (GstRnnExamples *examples, GstBuffer *data, GstBuffer *label)
{
  GstClockTime start;

  if (!begin_data (examples, data, &start) || has_jumped (examples))
    return;
  if (!GST_BUFFER_PTS_IS_VALID (label) ||
      !GST_CLOCK_TIME_IS_VALID (running_time (examples->label, GST_BUFFER_PTS (label))))
    gst_rnn_examples_lose (examples, "it has no time");
  else
    pair_tensor (examples, data, start, label);
}

static gboolean
advance_tensor (GstRnnExamples *examples)
{
  for (;;) {
    g_autoptr (GstBuffer) data = gst_aggregator_pad_peek_buffer (examples->data);
    g_autoptr (GstBuffer) label = gst_aggregator_pad_peek_buffer (examples->label);

    if ((data && !examples->width) || (label && !examples->n_target))
      return FALSE;
    if (data && label)
      step_tensor (examples, data, label);
    else if (data && gst_aggregator_pad_is_eos (examples->label))
      pop_data (examples, count_rows (examples, data));
    else if (label && gst_aggregator_pad_is_eos (examples->data))
      drop_target (examples);
    else
      return TRUE;
  }
}

gboolean
gst_rnn_examples_advance (GstRnnExamples *examples)
{
  if (examples->loaded) {
    gst_rnn_examples_drop (examples);
    return TRUE;
  }
  return examples->by_text ? advance_text (examples) : advance_tensor (examples);
}
