/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spelling: the layers of a model of speech that turn the scores of phones into pieces of words learn from texts alone, which are
 * imagined as the model would have heard them (text injection, Thomas et al. 2022; Sainath et al. 2023), so that millions of written words
 * teach what a few hours of speech do not say; the speech that was heard is learnt from, too.
 *
 * FILE: a folder with model.safetensors, whose recipe ends with a graph of "phones", layers that spell, and "both" of them, and whose
 * heads spell and hear phones; speech.features, the frames that a training of it left beside its checkpoint; words.dict; and texts.txt, a
 * sentence a line, as spoken. */
#include "heard.h"
#include "fit.h"
#include <string.h>

#define HEAD 1
#define HEARD_STEPS 300000
#define AN_EPOCH 10000          /* examples */
#define DEV 400
#define SMOKE 40                /* of either, and so many times fewer steps are heard */
#define LONG_ENOUGH 220         /* steps, for an example */
#define PAUSES 0.06f            /* of words that a pause follows */
#define EPOCHS 10

typedef struct {
  Heard *heard;
  RnnDataset *speech;           /* what was heard, as it was */
  RnnTokens *pieces;
  GHashTable *said;             /* word -> GPtrArray of GArray of gint */
  gchar **lines;
  guint n_lines, n_dev, next;   /* the last n_dev lines are kept from learning */
  guint n_train, n_test;        /* examples */
} Reader;

/* ---- reading ---- */

static void
add_word (Reader *r, gchar *line, RnnTokens *phones)
{
  g_auto (GStrv) parts = g_strsplit (g_strchomp (line), " ", -1);
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint));
  GPtrArray *ways;
  gchar *bracket = parts[0] ? strchr (parts[0], '(') : NULL;

  if (bracket)
    *bracket = '\0';
  for (guint i = 1; parts[0] && parts[i]; i++)
    for (gint id = 1; id < rnn_tokens_get_n (phones); id++)
      if (g_str_equal (parts[i], rnn_tokens_get (phones, id)))
        g_array_append_val (ids, id);
  if (ids->len == 0) {
    g_array_unref (ids);
    return;
  }
  if (!(ways = g_hash_table_lookup (r->said, parts[0]))) {
    ways = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
    g_hash_table_insert (r->said, g_strdup (parts[0]), ways);
  }
  g_ptr_array_add (ways, ids);
}

static gchar **
read_lines (const Setting *setting, const gchar *name, GError **error)
{
  g_autofree gchar *path = g_build_filename (setting->file, name, NULL), *text = NULL;

  return g_file_get_contents (path, &text, NULL, error) ? g_strsplit (text, "\n", -1) : NULL;
}

static gboolean
read_words (Reader *r, const Setting *setting, RnnTokens *phones, GError **error)
{
  g_auto (GStrv) lines = read_lines (setting, "words.dict", error);

  r->said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_ptr_array_unref);
  for (guint i = 0; lines && lines[i]; i++)
    add_word (r, lines[i], phones);
  return lines != NULL;
}

static void
shuffle (gchar **lines, guint n, guint64 seed)
{
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 7);
  for (guint i = n; i > 1; i--) {
    guint j = rnn_rng_below (&rng, i);
    gchar *kept = lines[i - 1];

    lines[i - 1] = lines[j];
    lines[j] = kept;
  }
}

static gboolean
read_texts (Reader *r, const Setting *setting, GError **error)
{
  if (!(r->lines = read_lines (setting, "texts.txt", error)))
    return FALSE;
  r->n_lines = g_strv_length (r->lines);
  if (r->n_lines < 4) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s/texts.txt: too few sentences", setting->file);
    return FALSE;
  }
  shuffle (r->lines, r->n_lines, 1);
  r->n_dev = MIN (DEV * 4, r->n_lines / 2);
  r->n_train = setting->smoke ? SMOKE : AN_EPOCH;
  r->n_test = setting->smoke ? SMOKE : DEV;
  r->next = (guint) setting->seed * 7919u % (r->n_lines - r->n_dev);
  return TRUE;
}

static gboolean
read_speech (Reader *r, const Setting *setting, RnnModel *model, GError **error)
{
  g_autofree gchar *path = g_build_filename (setting->file, "speech.features", NULL), *notes = NULL;
  RnnDataset *speech = rnn_dataset_load (path, rnn_model_get_input (model)->n_frame, NULL, &notes, error);
  RnnTrainConfig augment;
  const json_t *train = json_object_get (rnn_model_get_recipe (model), "train");

  rnn_options_init (rnn_train_options, &augment);
  if (!speech || !rnn_options_from_json (rnn_train_options, &augment, train, NULL, path, error))
    return FALSE;
  r->speech = rnn_dataset_new (rnn_output_get_head (rnn_model_get_output (model), HEAD)->n);
  r->heard = heard_new (model, speech, &augment, HEAD, setting->smoke ? HEARD_STEPS / SMOKE : HEARD_STEPS, r->speech);
  rnn_dataset_free (speech);
  return TRUE;
}

static gboolean
reader_init (Reader *r, const Setting *setting, RnnModel *model, GError **error)
{
  const RnnOutput *spelled = rnn_output_get_head (rnn_model_get_output (model), 0);
  const RnnOutput *heard = rnn_output_get_head (rnn_model_get_output (model), HEAD);

  if (!heard || !heard->tokens || !spelled->tokens) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: its model has no head that spells and another that hears phones", setting->file);
    return FALSE;
  }
  r->pieces = rnn_tokens_ref (spelled->tokens);
  return read_words (r, setting, heard->tokens, error) && read_texts (r, setting, error) && read_speech (r, setting, model, error);
}

static void
reader_clear (Reader *r)
{
  g_clear_pointer (&r->heard, heard_free);
  g_clear_pointer (&r->speech, rnn_dataset_free);
  g_clear_pointer (&r->pieces, rnn_tokens_unref);
  g_clear_pointer (&r->said, g_hash_table_unref);
  g_clear_pointer (&r->lines, g_strfreev);
}

/* ---- imagining ---- */

/* FALSE: it holds a word that nobody can say. */
static gboolean
imagine_line (Reader *r, guint voice, const gchar *line, RnnRng *rng, GArray *steps)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  g_autoptr (GArray) phones = g_array_new (FALSE, FALSE, sizeof (gint));

  for (guint i = 0; words[i]; i++)
    if (!g_hash_table_contains (r->said, words[i]))
      return FALSE;
  for (guint i = 0; words[i]; i++) {
    const GPtrArray *ways = g_hash_table_lookup (r->said, words[i]);
    const GArray *way = ways->pdata[rnn_rng_below (rng, ways->len)];
    gboolean paused = rnn_rng_uniform (rng) < PAUSES;

    g_array_append_vals (phones, way->data, way->len);
    if (!paused && words[i + 1])
      continue;
    heard_imagine (r->heard, voice, (const gint *) phones->data, phones->len, rng, steps);
    g_array_set_size (phones, 0);
    if (paused)
      heard_pause (r->heard, voice, 2 + rnn_rng_below (rng, 15), rng, steps);
  }
  return words[0] != NULL;
}

/* Lines from @at on, below @end and again from @begin on; returns the one that follows. */
static guint
add_example (Reader *r, RnnDataset *dataset, guint at, guint begin, guint end, RnnRng *rng)
{
  g_autoptr (GArray) steps = g_array_new (FALSE, FALSE, sizeof (gfloat));
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GArray) ids = NULL;
  guint voice = rnn_rng_u32 (rng), n = (guint) heard_get_n (r->heard);

  heard_pause (r->heard, voice, rnn_rng_below (rng, 12), rng, steps);
  for (guint tried = 0; tried < 20 && steps->len < LONG_ENOUGH * n; tried++, at = at + 1 < end ? at + 1 : begin) {
    if (!imagine_line (r, voice, r->lines[at], rng, steps))
      continue;
    g_string_append_printf (text, "%s%s", text->len ? " " : "", r->lines[at]);
    heard_pause (r->heard, voice, 4 + rnn_rng_below (rng, 20), rng, steps);
  }
  if ((ids = rnn_tokens_encode (r->pieces, text->str, NULL)) && ids->len)
    rnn_dataset_add_ctc (dataset, (const gfloat *) steps->data, steps->len / n, (const gint *) ids->data, ids->len);
  return at;
}

/* The speech itself, as it was heard. */
static void
repeat (const Reader *r, RnnDataset *dataset)
{
  RnnBuffer room = { NULL, 0 };

  for (guint i = 0; i < rnn_dataset_get_n (r->speech); i++) {
    const RnnExample *e = RNN_EXAMPLE (r->speech, i);

    rnn_dataset_add_ctc (dataset, rnn_dataset_read (r->speech, e, &room), e->n_frames, e->texts->ids, e->texts->n);
  }
  rnn_buffer_clear (&room);
}

static void
imagine (RnnDataset *dataset, guint64 seed, gpointer data)
{
  Reader *r = data;
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 5);
  rnn_dataset_empty (dataset);
  repeat (r, dataset);
  for (guint i = 0; i < r->n_train; i++)
    r->next = add_example (r, dataset, r->next, 0, r->n_lines - r->n_dev, &rng);
}

static void
imagine_dev (Reader *r, RnnDataset *dataset)
{
  guint at = r->n_lines - r->n_dev;
  RnnRng rng;

  rnn_rng_seed (&rng, 1, 6);
  for (guint i = 0; i < r->n_test; i++)
    at = add_example (r, dataset, at, r->n_lines - r->n_dev, r->n_lines, &rng);
}

/* ---- the application ---- */

/* The layers that spell, as a model of their own. */
static RnnModel *
cut_out (const Setting *setting, RnnModel *whole, GError **error)
{
  const json_t *recipe = rnn_model_get_recipe (whole), *layers = json_object_get (recipe, "layers");
  const json_t *graph = json_array_get (layers, json_array_size (layers) - 1), *inner = json_object_get (graph, "layers");
  const RnnOutput *heard = rnn_output_get_head (rnn_model_get_output (whole), HEAD);
  json_t *spelling = json_array (), *part;
  RnnModel *model;

  for (gsize i = 1; i + 1 < json_array_size (inner); i++)
    json_array_append (spelling, json_array_get (inner, i));
  part = json_pack ("{sisss{sssi}sosO}", "format", 1, "name", "spelling", "input", "kind", "tensors", "size", heard->n, "layers", spelling,
      "output", json_array_get (json_object_get (json_object_get (recipe, "output"), "heads"), 0));
  model = rnn_model_new (part, (guint64) setting->seed, setting->file, error);
  json_decref (part);
  return model;
}

static void
copy_param (RnnParam *to, const gchar *name, gpointer data)
{
  const RnnParam *from = model_find_param (data, name);

  if (from && from->size == to->size)
    memcpy (to->data, from->data, to->size * sizeof (gfloat));
}

/* The parameters of @to that @from has by the same name. */
static void
copy_weights (RnnModel *to, RnnModel *from)
{
  rnn_cell_foreach_param (rnn_model_get_root (to), copy_param, from);
  rnn_model_pack (to, TRUE);
}

static void
watch (const RnnTrainStats *stats, gpointer data)
{
  (void) data;
  if (stats->update % 100 == 0 || stats->epoch_progress >= 1)
    g_printerr ("epoch %.2f: loss %.2f, %.0f steps/s, %.2f %% of words wrong\n", stats->epoch + stats->epoch_progress,
        (gdouble) stats->epoch_loss, stats->frames_per_second, 100 * (gdouble) stats->dev_metric);
}

static void
set_up (Fit *fit, const Setting *setting, Reader *r)
{
  fit_init (fit, setting, RNN_LOSS_OUTPUT);
  fit->seconds = setting->seconds;
  fit->config.epochs = setting->smoke ? 1 : EPOCHS;
  fit->config.batch_size = 16;
  fit->config.optimizer = RNN_OPTIMIZER_ADAMW;
  fit->config.schedule = RNN_SCHEDULE_COSINE;
  fit->config.learning_rate = 0.002f;
  fit->config.min_learning_rate = 0.00002f;
  fit->config.beta2 = 0.98f;
  fit->config.weight_decay = 0.01f;
  fit->config.warmup = 200;
  fit->config.average = 0.998f;
  fit->config.per_label = TRUE;
  fit->refresh = imagine;
  fit->watch = watch;
  fit->data = r;
}

static gboolean
learn (Reader *r, const Setting *setting, RnnModel *whole, json_t *figures, GError **error)
{
  Fit fit;
  FitResult result;
  g_autoptr (RnnModel) model = cut_out (setting, whole, error);
  RnnDataset *train, *dev;
  gboolean ok;

  if (!model)
    return FALSE;
  copy_weights (model, whole);
  set_up (&fit, setting, r);
  train = rnn_dataset_new (heard_get_n (r->heard));
  dev = rnn_dataset_new (heard_get_n (r->heard));
  imagine (train, (guint64) setting->seed, r);
  imagine_dev (r, dev);
  ok = fit_run (&fit, model, train, dev, &result, error);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  if (ok)
    copy_weights (whole, model);
  if (ok)
    json_object_update_new (figures, json_pack ("{sfsfsI}", "imagined_words_wrong", 100 * (gdouble) result.best, "minutes",
            result.seconds / 60, "updates", (json_int_t) result.updates));
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autofree gchar *path = g_build_filename (setting->file, "model.safetensors", NULL);
  g_autoptr (RnnModel) whole = rnn_model_load (path, error);
  json_t *figures = json_object ();
  Reader reader = { NULL };
  gboolean ok = whole && reader_init (&reader, setting, whole, error) && learn (&reader, setting, whole, figures, error)
      && fit_save (setting, whole, error);

  reader_clear (&reader);
  if (ok)
    report (setting, "spelling", json_incref (figures));
  json_decref (figures);
  return ok;
}

const Experiment application_spelling = { "spelling", "how a model that hears phones spells them, learnt from texts", TRUE, run };
