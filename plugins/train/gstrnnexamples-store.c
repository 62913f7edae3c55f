/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Examples in a file beside the checkpoint, so that a corpus may be larger than memory: made while they come in, and read
 * instead of being made again as long as whoever gives the data (rnncorpussrc, which is asked) and the model's input and
 * output say that they would be the same. */
#include "gstrnnexamples.h"
#include "gstrnncorpussrc.h"
#include <glib/gstdio.h>
#include <jansson.h>
#include <string.h>

/* ---- what the examples are made of ---- */

static void
digest_json (GChecksum *sum, const json_t *value)
{
  gchar *text = value ? json_dumps (value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

  g_checksum_update (sum, (const guchar *) (text ? text : ""), -1);
  free (text);
}

/* A dictionary that a head of the output names: when it changes so do the labels. */
static void
digest_files (GChecksum *sum, const json_t *object, const gchar *model)
{
  g_autofree gchar *folder = g_path_get_dirname (model), *path = NULL;
  const gchar *name = json_string_value (json_object_get (object, "dictionary"));
  const json_t *head;
  GStatBuf info;
  size_t i;

  json_array_foreach (json_object_get (object, "heads"), i, head)
    digest_files (sum, head, model);
  path = name ? g_build_filename (g_path_is_absolute (name) ? "/" : folder, name, NULL) : NULL;
  if (path && g_stat (path, &info) == 0) {
    gint64 version[] = { info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec };

    g_checksum_update (sum, (const guchar *) version, sizeof (version));
  }
}

/* What the source of the data says that they are, or NULL. (transfer full) */
static gchar *
ask_corpus (GstRnnExamples *examples)
{
  GstQuery *query = gst_query_new_custom (GST_QUERY_CUSTOM, gst_structure_new_empty (GST_RNN_CORPUS_QUERY));
  gchar *digest = NULL;

  if (gst_pad_peer_query (GST_PAD (examples->label), query))
    digest = g_strdup (gst_structure_get_string (gst_query_get_structure (query), "digest"));
  gst_query_unref (query);
  return digest;
}

/* (transfer full); NULL: nobody knows */
static gchar *
make_digest (GstRnnExamples *examples)
{
  g_autofree gchar *corpus = ask_corpus (examples);
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  const json_t *recipe = rnn_model_get_recipe (examples->model), *output = json_object_get (recipe, "output");

  if (!corpus)
    return NULL;
  g_checksum_update (sum, (const guchar *) corpus, -1);
  g_checksum_update (sum, (const guchar *) &examples->max_length, sizeof (examples->max_length));
  digest_json (sum, json_object_get (recipe, "input"));
  digest_json (sum, output);
  digest_files (sum, output, rnn_model_get_path (examples->model));
  return g_strdup (g_checksum_get_string (sum));
}

/* ---- notes: what was counted while they were made ---- */

static gchar *
write_notes (GstRnnExamples *examples)
{
  json_t *report = json_array (), *groups = json_array (), *notes;
  const gchar *group;
  gchar *text;

  for (guint i = 0; i < examples->report->len; i++)
    json_array_append_new (report, json_string (g_ptr_array_index (examples->report, i)));
  for (guint i = 0; (group = rnn_dataset_get_group (examples->dataset, i)); i++)
    json_array_append_new (groups, json_string (group));
  notes = json_pack ("{s:i, s:o, s:o}", "skipped", (int) examples->n_skipped, "report", report, "groups", groups);
  text = json_dumps (notes, JSON_COMPACT);
  json_decref (notes);
  return text;
}

static void
read_notes (GstRnnExamples *examples, const gchar *text)
{
  json_t *notes = json_loads (text, 0, NULL);
  const json_t *line;
  size_t i;

  json_array_foreach (json_object_get (notes, "report"), i, line)
    if (json_is_string (line))
      g_ptr_array_add (examples->report, g_strdup (json_string_value (line)));
  json_array_foreach (json_object_get (notes, "groups"), i, line)
    rnn_dataset_begin_group (examples->dataset, json_is_string (line) ? json_string_value (line) : "?");
  GST_OBJECT_LOCK (examples->owner);
  examples->n_skipped = (guint) json_integer_value (json_object_get (notes, "skipped"));
  examples->n_examples = rnn_dataset_get_n (examples->dataset);
  examples->n_frames = rnn_dataset_get_frames (examples->dataset);
  GST_OBJECT_UNLOCK (examples->owner);
  json_decref (notes);
}

/* ---- the data set ---- */

static void
warn (GstRnnExamples *examples, const GError *error, const gchar *what)
{
  GST_ELEMENT_WARNING (examples->owner, RESOURCE, WRITE, ("%s: %s", error->message, what), (NULL));
}

static gboolean
load (GstRnnExamples *examples)
{
  g_autofree gchar *notes = NULL;

  examples->dataset = rnn_dataset_load (examples->store, examples->dim, examples->digest, &notes, NULL);
  if (!examples->dataset)
    return FALSE;
  examples->loaded = TRUE;
  read_notes (examples, notes);
  gst_pad_push_event (GST_PAD (examples->label), gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
          gst_structure_new_empty (GST_RNN_CORPUS_KNOWN)));
  return TRUE;
}

/* Log energies have digits to spare. */
static gboolean
fits_half (GstRnnExamples *examples)
{
  const RnnFeatureConfig *features = rnn_model_get_features (examples->model);

  return examples->features && features && features->use_log;
}

void
gst_rnn_examples_make_dataset (GstRnnExamples *examples, gint dim)
{
  g_autoptr (GError) error = NULL;

  examples->dim = dim;
  examples->digest = examples->store ? make_digest (examples) : NULL;
  if (examples->digest && load (examples))
    return;
  examples->dataset = rnn_dataset_new (dim);
  if (examples->store && !rnn_dataset_store (examples->dataset, examples->store, fits_half (examples), &error))
    warn (examples, error, "examples stay in memory");
}

void
gst_rnn_examples_seal (GstRnnExamples *examples)
{
  g_autoptr (GError) error = NULL;
  gchar *notes;

  if (examples->loaded || !examples->dataset)
    return;
  notes = write_notes (examples);
  if (!rnn_dataset_seal (examples->dataset, examples->digest, notes, &error))
    warn (examples, error, "the examples are not kept, but have to be read again when training goes on");
  free (notes);
}

void
gst_rnn_examples_drop (GstRnnExamples *examples)
{
  while (gst_aggregator_pad_drop_buffer (examples->data));
  while (gst_aggregator_pad_drop_buffer (examples->label));
}

/* The groups whose manifest is called @name, path and all, or its folder and file, or any of them. */
static gboolean
weigh (RnnDataset *dataset, const gchar *name, gfloat weight)
{
  gboolean found = FALSE;
  const gchar *group;

  for (guint i = 0; (group = rnn_dataset_get_group (dataset, i)); i++)
    if (strstr (group, name)) {
      rnn_dataset_weigh_group (dataset, i, weight);
      found = TRUE;
    }
  return found;
}

gboolean
gst_rnn_examples_weigh (GstRnnExamples *examples, const gchar *weights, GError **error)
{
  g_auto (GStrv) pairs = g_strsplit (weights ? weights : "", ",", -1);

  for (gchar **pair = pairs; *pair; pair++) {
    g_auto (GStrv) halves = g_strsplit (g_strstrip (*pair), "=", 2);
    gchar *end = NULL;
    gdouble weight = halves[0] && halves[1] ? g_ascii_strtod (halves[1], &end) : -1;

    if (!halves[0])
      continue;
    if (!(weight >= 0 && weight <= 1000) || end == halves[1] || *end) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "weights: \"%s\" is not NAME=NUMBER with a number from 0 to 1000", *pair);
      return FALSE;
    }
    if (!weigh (examples->dataset, halves[0], (gfloat) weight)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "weights: no manifest is called \"%s\"", halves[0]);
      return FALSE;
    }
  }
  return TRUE;
}
