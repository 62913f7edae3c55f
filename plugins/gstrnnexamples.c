/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of an example that is complete: text to tokens, samples to frames, into the data set; and of one that
 * is no good: counted and reported. */
#include "gstrnnexamples.h"
#include "gstrnncorpussrc.h"

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
  examples->speller = tokens ? rnn_model_new_speller (model, tokens) : NULL;
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
  g_clear_pointer (&examples->speller, rnn_speller_free);
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
  GstMapInfo map;
  GArray *ids;

  if (!gst_buffer_map (label, &map, GST_MAP_READ)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "its buffer cannot be read");
    return NULL;
  }
  ids = rnn_speller_encode (examples->speller, (const gchar *) map.data, map.size, examples->markup, NULL, error);
  gst_buffer_unmap (label, &map);
  return ids;
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

void
gst_rnn_examples_lose (GstRnnExamples *examples, const gchar *reason)
{
  g_autoptr (GstBuffer) label = gst_aggregator_pad_pop_buffer (examples->label);

  if (label && !GST_BUFFER_FLAG_IS_SET (label, GST_BUFFER_FLAG_GAP))
    skip_label (examples, label, reason);
  forget_open (examples);
}
