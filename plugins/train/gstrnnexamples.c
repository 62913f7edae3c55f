/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What becomes of an example that is complete: text to tokens, samples to frames, into the data set; and of one that
 * is no good: counted and reported. */
#include "gstrnnexamples.h"
#include "gstrnncorpussrc.h"
#include <string.h>

#define MAX_WARNINGS 10
#define MAX_REPORTED 500

/* ---- life ---- */

void
gst_rnn_examples_init (GstRnnExamples *examples, GstElement *owner)
{
  *examples = (GstRnnExamples) {.owner = owner,.max_length = GST_CLOCK_TIME_NONE };
  gst_rnn_timeline_stop (&examples->timeline);
  examples->cue.text = g_string_new (NULL);
  examples->report = g_ptr_array_new_with_free_func (g_free);
  examples->rows = g_array_new (FALSE, FALSE, sizeof (gfloat));
  examples->targets = g_array_new (FALSE, FALSE, sizeof (gfloat));
}

void
gst_rnn_examples_clear (GstRnnExamples *examples)
{
  gst_rnn_examples_close (examples);
  g_string_free (examples->cue.text, TRUE);
  g_ptr_array_unref (examples->report);
  g_array_unref (examples->rows);
  g_array_unref (examples->targets);
}

gboolean
gst_rnn_examples_open (GstRnnExamples *examples, RnnModel *model, RnnTokens *tokens, const gchar *store, GError **error)
{
  examples->store = g_strdup (store);
  examples->model = model;
  examples->tokens = tokens;
  examples->by_text = tokens || rnn_model_get_output (model)->marks;
  if (tokens && !(examples->labeller = rnn_labeller_new (rnn_model_get_output (model), rnn_model_get_path (model), error)))
    return FALSE;
  if (rnn_model_get_input (model)->klass->source != RNN_SOURCE_AUDIO)
    return TRUE;
  examples->features = rnn_input_stream_new_frames (rnn_model_get_input (model), error);
  return examples->features != NULL;
}

void
gst_rnn_examples_close (GstRnnExamples *examples)
{
  gst_rnn_examples_flush (examples);
  g_clear_pointer (&examples->features, rnn_input_stream_free);
  g_clear_pointer (&examples->labeller, rnn_labeller_free);
  g_clear_pointer (&examples->dataset, rnn_dataset_free);
  g_clear_pointer (&examples->store, g_free);
  g_clear_pointer (&examples->digest, g_free);
  examples->loaded = FALSE;
  examples->width = examples->n_target = 0;
  examples->n_examples = examples->n_skipped = examples->n_warned = 0;
  examples->n_frames = 0;
  g_ptr_array_set_size (examples->report, 0);
}

static void
forget_open (GstRnnExamples *examples)
{
  examples->open = FALSE;
  gst_rnn_cue_clear (&examples->cue);
  g_array_set_size (examples->rows, 0);
  g_array_set_size (examples->targets, 0);
}

void
gst_rnn_examples_flush (GstRnnExamples *examples)
{
  forget_open (examples);
  gst_rnn_timeline_stop (&examples->timeline);
  examples->placed = examples->jumped = FALSE;
  examples->cursor = 0;
  examples->known = 0;
}

void
gst_rnn_examples_begin_segment (GstRnnExamples *examples)
{
  gst_rnn_examples_finish (examples);
  gst_rnn_timeline_stop (&examples->timeline);
  examples->placed = examples->jumped = FALSE;
}

/* ---- an example is complete ---- */

/* Which text it is: the file's line, or its time. (transfer full) */
static gchar *
describe_label (GstBuffer *label, const GstStructure *meta)
{
  guint line;

  if (meta && gst_structure_get_uint (meta, "line", &line))
    return g_strdup_printf ("%s:%u: %s", gst_structure_get_string (meta, "manifest"), line,
        gst_structure_get_string (meta, "path"));
  return g_strdup_printf ("text at %" GST_TIME_FORMAT, GST_TIME_ARGS (GST_BUFFER_PTS (label)));
}

static const GstStructure *
get_origin (GstBuffer *label)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (label, GST_RNN_CORPUS_META);

  return meta ? gst_custom_meta_get_structure (meta) : NULL;
}

/* Each is a message for programs; for people the first few are warnings, and all are in the report, but of a character
 * without a token only the first. */
void
gst_rnn_examples_skip (GstRnnExamples *examples, GstBuffer *label, const gchar *reason)
{
  const GstStructure *origin = get_origin (label);
  GstStructure *s = origin ? gst_structure_copy (origin) : gst_structure_new_empty ("s");
  g_autofree gchar *where = describe_label (label, origin);

  if (!examples->familiar && examples->report->len < MAX_REPORTED)
    g_ptr_array_add (examples->report, g_strdup_printf ("%s: %s", where, reason));
  GST_OBJECT_LOCK (examples->owner);
  examples->n_skipped++;
  GST_OBJECT_UNLOCK (examples->owner);
  if (!examples->familiar && examples->n_warned < MAX_WARNINGS) {
    examples->n_warned++;
    GST_ELEMENT_WARNING (examples->owner, STREAM, WRONG_TYPE, ("%s skipped: %s", where, reason), (NULL));
  }
  gst_structure_set_name (s, "rnntrainer");
  gst_structure_set (s, "type", G_TYPE_STRING, "skipped", "reason", G_TYPE_STRING, reason,
      "timestamp", G_TYPE_UINT64, GST_BUFFER_PTS (label), NULL);
  gst_element_post_message (examples->owner, gst_message_new_element (GST_OBJECT (examples->owner), s));
  examples->familiar = FALSE;
}

static void
count_example (GstRnnExamples *examples, guint n_frames)
{
  GST_OBJECT_LOCK (examples->owner);
  examples->n_examples++;
  examples->n_frames += n_frames;
  GST_OBJECT_UNLOCK (examples->owner);
}

gchar *
gst_rnn_examples_spell (GstRnnExamples *examples, GstBuffer *label, gchar **reason)
{
  g_autoptr (GError) error = NULL;
  g_autofree gchar *raw = NULL;
  gchar *text;
  GstMapInfo map;
  gboolean news = TRUE;

  if (!gst_buffer_map (label, &map, GST_MAP_READ)) {
    *reason = g_strdup ("its buffer cannot be read");
    return NULL;
  }
  raw = examples->form->read (map.size ? (const gchar *) map.data : "", map.size);     /* an empty buffer may have no memory */
  gst_buffer_unmap (label, &map);
  if (!examples->labeller)
    return g_steal_pointer (&raw);
  text = rnn_labeller_spell (examples->labeller, raw, -1, examples->markup, &news, &error);
  examples->familiar = !news;
  if (error)
    *reason = g_strdup (error->message);
  return text;
}

/* Samples -> frames[n][dim] (transfer full) */
static gfloat *
compute_features (GstRnnExamples *examples, guint *n)
{
  RnnInputStream *features = examples->features;
  guint n_samples = examples->rows->len, dim = rnn_model_get_input (examples->model)->n_frame;
  guint most = rnn_input_stream_max_steps (features, n_samples) + rnn_input_stream_max_steps (features, 0);
  gfloat *frames = g_new (gfloat, (gsize) MAX (most, 1) * dim);

  rnn_input_stream_reset (features);
  *n = rnn_input_stream_push (features, (const gfloat *) examples->rows->data, n_samples, frames);
  *n += rnn_input_stream_finish (features, frames + (gsize) *n * dim);
  return frames;
}

/* What every head is to say of the example that was added last: @ids[n], which it takes.  The first is there already. */
static void
add_texts (GstRnnExamples *examples, GArray **ids, guint n)
{
  for (guint i = 1; i < n; i++)
    rnn_dataset_add_text (examples->dataset, ids[i] ? (const gint *) ids[i]->data : NULL, ids[i] ? ids[i]->len : 0);
  for (guint i = 0; i < n; i++)
    g_clear_pointer (&ids[i], g_array_unref);
}

/* The examples of a manifest are a group. */
static void
begin_group (GstRnnExamples *examples)
{
  const GstStructure *origin = get_origin (examples->cue.label);

  rnn_dataset_begin_group (examples->dataset, origin ? gst_structure_get_string (origin, "manifest") : "");
}

static gboolean
add_spoken (GstRnnExamples *examples, const gfloat *frames, guint n, GError **error)
{
  guint n_heads = rnn_labeller_get_n (examples->labeller);
  g_autofree GArray **ids = g_new0 (GArray *, n_heads);

  if (!rnn_labeller_encode (examples->labeller, examples->cue.text->str, ids, error))
    return FALSE;
  begin_group (examples);
  rnn_dataset_add_ctc (examples->dataset, frames, n, (const gint *) ids[0]->data, ids[0]->len);
  add_texts (examples, ids, n_heads);
  return TRUE;
}

static gboolean
add_marked (GstRnnExamples *examples, const gfloat *frames, guint n, GError **error)
{
  const RnnOutput *output = rnn_model_get_output (examples->model);
  g_autofree gfloat *targets = g_new (gfloat, (gsize) n * output->n_values);

  if (!rnn_output_mark (output, examples->cue.text->str, frames, n, examples->dim, targets, error))
    return FALSE;
  begin_group (examples);
  rnn_dataset_add_series (examples->dataset, frames, n, targets, output->n_values);
  return TRUE;
}

static void
keep_text (GstRnnExamples *examples)
{
  g_autoptr (GError) error = NULL;
  g_autofree gfloat *computed = NULL;
  const gfloat *frames = (const gfloat *) examples->rows->data;
  guint n = examples->rows->len / examples->width;

  if (examples->features)
    frames = computed = compute_features (examples, &n);
  if (n == 0) {
    gst_rnn_examples_skip (examples, examples->cue.label, "it is too short for a single frame");
    return;
  }
  if ((examples->labeller ? add_spoken : add_marked) (examples, frames, n, &error))
    count_example (examples, n);
  else
    gst_rnn_examples_skip (examples, examples->cue.label, error->message);
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
  if (examples->n_target)
    keep_tensors (examples);
  else
    keep_text (examples);
  forget_open (examples);
}

void
gst_rnn_examples_lose (GstRnnExamples *examples, const gchar *reason)
{
  GstBuffer *label = examples->n_target ? gst_aggregator_pad_pop_buffer (examples->label) :
      g_steal_pointer (&examples->cue.label);

  if (label)
    gst_rnn_examples_skip (examples, label, reason);
  gst_clear_buffer (&label);
  forget_open (examples);
}
