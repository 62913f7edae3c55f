/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From two timed streams to examples.  Positions are rows counted from the data buffer at the head, found by rounding
 * time differences, so that what begins at a sample's time begins at that very sample. */
#include "gstrnnexamples.h"
#include "gstrnncorpussrc.h"
#include "gstrnnplaintext.h"

#define TOLERANCE (40 * GST_MSECOND)    /* data may be off by less without being a jump or a loss */

/* ---- life ---- */

void
gst_rnn_examples_init (GstRnnExamples *examples, GstElement *owner)
{
  *examples = (GstRnnExamples) {.owner = owner,.expected = GST_CLOCK_TIME_NONE };
  examples->rows = g_array_new (FALSE, FALSE, sizeof (gfloat));
  examples->targets = g_array_new (FALSE, FALSE, sizeof (gfloat));
}

void
gst_rnn_examples_clear (GstRnnExamples *examples)
{
  gst_rnn_examples_close (examples);
  g_array_unref (examples->rows);
  g_array_unref (examples->targets);
}

gboolean
gst_rnn_examples_open (GstRnnExamples *examples, RnnModel *model, RnnTokens *tokens, GError **error)
{
  examples->model = model;
  examples->tokens = tokens;
  if (rnn_model_get_input_kind (model) == RNN_INPUT_AUDIO) {
    RnnFeatureConfig config = *rnn_model_get_features (model);

    config.cmvn = RNN_CMVN_NONE;        /* the trainer augments, then normalises, then stacks */
    config.stack = config.stride = 1;
    examples->features = rnn_features_new (&config, NULL, NULL, error);
    return examples->features != NULL;
  }
  return TRUE;
}

void
gst_rnn_examples_close (GstRnnExamples *examples)
{
  gst_rnn_examples_flush (examples);
  g_clear_pointer (&examples->features, rnn_features_free);
  g_clear_pointer (&examples->dataset, rnn_dataset_free);
  examples->width = examples->n_target = 0;
  examples->n_examples = examples->n_skipped = 0;
  examples->n_frames = 0;
}

static void
forget_open (GstRnnExamples *examples)
{
  examples->open = FALSE;
  g_array_set_size (examples->rows, 0);
  g_array_set_size (examples->targets, 0);
}

void
gst_rnn_examples_flush (GstRnnExamples *examples)
{
  forget_open (examples);
  examples->cursor = 0;
  examples->expected = GST_CLOCK_TIME_NONE;
}

/* ---- an example is complete ---- */

static void
skip_label (GstRnnExamples *examples, GstBuffer *label, const gchar *reason)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (label, GST_RNN_CORPUS_META);
  GstStructure *s = meta ? gst_structure_copy (gst_custom_meta_get_structure (meta)) : gst_structure_new_empty ("s");
  g_autofree gchar *where = NULL;
  guint line = 0;

  if (gst_structure_get_uint (s, "line", &line))
    where = g_strdup_printf ("%s:%u: %s", gst_structure_get_string (s, "manifest"), line,
        gst_structure_get_string (s, "path"));
  else
    where = g_strdup_printf ("text at %" GST_TIME_FORMAT, GST_TIME_ARGS (GST_BUFFER_PTS (label)));
  GST_OBJECT_LOCK (examples->owner);
  examples->n_skipped++;
  GST_OBJECT_UNLOCK (examples->owner);
  GST_ELEMENT_WARNING (examples->owner, STREAM, WRONG_TYPE, ("%s skipped: %s", where, reason), (NULL));
  gst_structure_set_name (s, "rnntrainer");
  gst_structure_set (s, "type", G_TYPE_STRING, "skipped", "reason", G_TYPE_STRING, reason,
      "timestamp", G_TYPE_UINT64, GST_BUFFER_PTS (label), NULL);
  gst_element_post_message (examples->owner, gst_message_new_element (GST_OBJECT (examples->owner), s));
}

static void
count_example (GstRnnExamples *examples, guint n_frames)
{
  GST_OBJECT_LOCK (examples->owner);
  examples->n_examples++;
  examples->n_frames += n_frames;
  GST_OBJECT_UNLOCK (examples->owner);
}

static GArray *
encode (GstRnnExamples *examples, GstBuffer *label, GError **error)
{
  g_autofree gchar *text = NULL;
  GstMapInfo map;

  if (!gst_buffer_map (label, &map, GST_MAP_READ)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "its buffer cannot be read");
    return NULL;
  }
  text = gst_rnn_plain_text ((const gchar *) map.data, map.size, examples->markup,
      rnn_model_get_tokens (examples->model));
  gst_buffer_unmap (label, &map);
  return rnn_tokens_encode (examples->tokens, text, error);
}

/* Samples -> frames[n][dim] (transfer full) */
static gfloat *
compute_features (GstRnnExamples *examples, guint *n)
{
  RnnFeatures *features = examples->features;
  guint n_samples = examples->rows->len, dim = rnn_features_get_dim (features);
  guint most = rnn_features_max_steps (features, n_samples) + rnn_features_max_steps (features, 0);
  gfloat *frames = g_new (gfloat, (gsize) MAX (most, 1) * dim);

  rnn_features_reset (features);
  *n = rnn_features_push (features, (const gfloat *) examples->rows->data, n_samples, frames);
  *n += rnn_features_finish (features, frames + (gsize) *n * dim);
  return frames;
}

static void
keep_text (GstRnnExamples *examples, GstBuffer *label)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GArray) ids = encode (examples, label, &error);
  g_autofree gfloat *computed = NULL;
  const gfloat *frames = (const gfloat *) examples->rows->data;
  guint n = examples->rows->len / examples->width;

  if (!ids) {
    skip_label (examples, label, error->message);
    return;
  }
  if (examples->features)
    frames = computed = compute_features (examples, &n);
  if (n == 0) {
    skip_label (examples, label, "it is too short for a single frame");
    return;
  }
  rnn_dataset_add_ctc (examples->dataset, frames, n, (const gint *) ids->data, ids->len);
  count_example (examples, n);
}

static void
keep_tensors (GstRnnExamples *examples)
{
  guint n = examples->rows->len / examples->width;

  rnn_dataset_add_series (examples->dataset, (const gfloat *) examples->rows->data, n,
      (const gfloat *) examples->targets->data, examples->n_target);
  count_example (examples, n);
}

void
gst_rnn_examples_finish (GstRnnExamples *examples)
{
  if (!examples->open)
    return;
  if (examples->n_target) {
    keep_tensors (examples);
  } else {
    g_autoptr (GstBuffer) label = gst_aggregator_pad_pop_buffer (examples->label);

    if (label)
      keep_text (examples, label);
  }
  forget_open (examples);
}

/* The example of the label at the head, open or not, is lost. */
static void
lose_label (GstRnnExamples *examples, const gchar *reason)
{
  g_autoptr (GstBuffer) label = gst_aggregator_pad_pop_buffer (examples->label);

  if (label && !GST_BUFFER_FLAG_IS_SET (label, GST_BUFFER_FLAG_GAP))
    skip_label (examples, label, reason);
  forget_open (examples);
}

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
    lose_label (examples, "its beginning is not in the data");
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
      lose_label (examples, "it has no duration");
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
    lose_label (examples, "it has no time");
  } else if (examples->open && has_jumped (examples, data, start)) {
    lose_label (examples, "the data jump within it");
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
    lose_label (examples, "the data end before it does");
}

void
gst_rnn_examples_advance (GstRnnExamples *examples)
{
  for (;;) {
    g_autoptr (GstBuffer) data = gst_aggregator_pad_peek_buffer (examples->data);
    g_autoptr (GstBuffer) label = gst_aggregator_pad_peek_buffer (examples->label);

    if (data && label)
      step (examples, data, label);
    else if (data && gst_aggregator_pad_is_eos (examples->label))
      pop_data (examples, data_time (examples, data), count_rows (examples, data));
    else if (label && gst_aggregator_pad_is_eos (examples->data))
      end_label (examples, label);
    else
      return;
  }
}
