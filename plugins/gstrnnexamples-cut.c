/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From two timed streams to examples.  Positions are rows counted from the data buffer at the head, found by rounding
 * time differences, so that what begins at a sample's time begins at that very sample. */
#include "gstrnnexamples.h"

#define TOLERANCE (40 * GST_MSECOND)    /* data may be off by less without being a jump or a loss */

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

/* Of the data buffer at the head; without a PTS it follows the last one. */
static GstClockTime
data_time (GstRnnExamples *examples, GstBuffer *data)
{
  if (GST_BUFFER_PTS_IS_VALID (data))
    return running_time (examples->data, GST_BUFFER_PTS (data));
  return GST_CLOCK_TIME_IS_VALID (examples->expected) ? examples->expected : 0;
}

static void
pop_data (GstRnnExamples *examples, GstClockTime start, guint n)
{
  gst_aggregator_pad_drop_buffer (examples->data);
  examples->cursor = 0;
  examples->expected = start + gst_util_uint64_scale_round (n, GST_SECOND * examples->rate_d, examples->rate_n);
}

static gboolean
has_jumped (const GstRnnExamples *examples, GstBuffer *data, GstClockTime start)
{
  if (examples->cursor > 0)
    return FALSE;
  return GST_BUFFER_FLAG_IS_SET (data, GST_BUFFER_FLAG_DISCONT) || (GST_CLOCK_TIME_IS_VALID (examples->expected) &&
      ABS (GST_CLOCK_DIFF (examples->expected, start)) > (GstClockTimeDiff) TOLERANCE);
}

/* ---- one buffer of each ---- */

/* A GAP label has a time, too: there the data are silent and thrown away. */
static void
cut_text (GstRnnExamples *examples, GstBuffer *data, GstClockTime start, GstBuffer *label)
{
  gboolean gap = GST_BUFFER_FLAG_IS_SET (label, GST_BUFFER_FLAG_GAP);
  GstClockTime begin = running_time (examples->label, GST_BUFFER_PTS (label));
  GstClockTime end = begin + (GST_BUFFER_DURATION_IS_VALID (label) ? GST_BUFFER_DURATION (label) : 0);
  gint64 n = count_rows (examples, data), from = row_at (examples, GST_CLOCK_DIFF (start, begin));
  gint64 to = row_at (examples, GST_CLOCK_DIFF (start, end)), first;

  if (!examples->open && !gap && from + row_at (examples, TOLERANCE) < examples->cursor) {
    gst_rnn_examples_lose (examples, "its beginning is not in the data");
    return;
  }
  first = CLAMP (from, examples->cursor, n);
  examples->cursor = CLAMP (to, first, n);
  if (!gap)
    take_rows (examples, data, first, examples->cursor);
  if (to <= n) {
    if (examples->open)
      gst_rnn_examples_finish (examples);
    else
      gst_rnn_examples_lose (examples, "it has no duration");
  }
  if (examples->cursor >= n)
    pop_data (examples, start, n);
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
    pop_data (examples, start, n);
}

static void
step (GstRnnExamples *examples, GstBuffer *data, GstBuffer *label)
{
  GstClockTime start = data_time (examples, data);

  if (GST_BUFFER_FLAG_IS_SET (data, GST_BUFFER_FLAG_GAP) && gst_buffer_get_size (data) == 0) {
    gst_aggregator_pad_drop_buffer (examples->data);    /* a GAP event: what follows it has not jumped */
    examples->expected = GST_CLOCK_TIME_NONE;
  } else if (!GST_CLOCK_TIME_IS_VALID (start)) {
    gst_aggregator_pad_drop_buffer (examples->data);    /* outside of its segment */
  } else if (!GST_BUFFER_PTS_IS_VALID (label) ||
      !GST_CLOCK_TIME_IS_VALID (running_time (examples->label, GST_BUFFER_PTS (label)))) {
    gst_rnn_examples_lose (examples, "it has no time");
  } else if (examples->open && has_jumped (examples, data, start)) {
    gst_rnn_examples_lose (examples, "the data jump within it");
    examples->expected = start;
  } else if (examples->n_target) {
    pair_tensor (examples, data, start, label);
  } else {
    cut_text (examples, data, start, label);
  }
}

/* The data are over; a label that ends a hair later is complete. */
static void
end_label (GstRnnExamples *examples, GstBuffer *label)
{
  GstClockTime end = running_time (examples->label, GST_BUFFER_PTS (label) + GST_BUFFER_DURATION (label));

  if (examples->n_target)
    drop_target (examples);
  else if (examples->open && GST_CLOCK_TIME_IS_VALID (end) && end <= examples->expected + TOLERANCE)
    gst_rnn_examples_finish (examples);
  else
    gst_rnn_examples_lose (examples, "the data end before it does");
}

gboolean
gst_rnn_examples_advance (GstRnnExamples *examples)
{
  for (;;) {
    g_autoptr (GstBuffer) data = gst_aggregator_pad_peek_buffer (examples->data);
    g_autoptr (GstBuffer) label = gst_aggregator_pad_peek_buffer (examples->label);

    if ((data && !examples->width) || (label && !examples->tokens && !examples->n_target))
      return FALSE;
    if (data && label)
      step (examples, data, label);
    else if (data && gst_aggregator_pad_is_eos (examples->label))
      pop_data (examples, data_time (examples, data), count_rows (examples, data));
    else if (label && gst_aggregator_pad_is_eos (examples->data))
      end_label (examples, label);
    else
      return TRUE;
  }
}
