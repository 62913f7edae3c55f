/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A language model of pieces of words, for the search of what is said (`lm-file`): one recurrent layer between a table of pieces and the same
 * table (cell `tied`), which reads sentences one after the other and tells the next piece.
 *
 *   loss = - sum log P (piece | all before it in a stretch of sentences)
 *
 * FILE: a folder with tokens.json, pieces as `rnncore tokens` makes them, of which the blank stands for the end of a sentence; and
 * texts.txt, a sentence a line, as spoken.  Every HELD_OUTth stretch is kept from learning. */
#include "fit.h"
#include "text/longest.h"
#include <math.h>
#include <string.h>

#define LENGTH 128              /* pieces of an example */
#define HELD_OUT 200
#define WIDTH 320
#define SMOKE 60                /* examples */

typedef struct {
  gchar **labels;               /* [0]: the end of a sentence; " " begins words */
  guint n_labels;
  GArray *codes;                /* gfloat; all sentences, an end before and behind each */
  gsize n_words;
} Text;

static void
text_clear (Text *text)
{
  g_clear_pointer (&text->labels, g_strfreev);
  g_clear_pointer (&text->codes, g_array_unref);
}

static gboolean
read_labels (const Setting *setting, Text *text, GError **error)
{
  g_autofree gchar *path = g_build_filename (setting->file, "tokens.json", NULL);
  json_error_t reason;
  json_t *list = json_load_file (path, 0, &reason), *entry;
  GPtrArray *labels = g_ptr_array_new ();
  gsize i;

  json_array_foreach (list, i, entry) {
    g_auto (GStrv) parts = g_strsplit (json_is_string (entry) ? json_string_value (entry) : "", "\u2581", -1);

    g_ptr_array_add (labels, i ? g_strjoinv (" ", parts) : g_strdup ("\n"));
  }
  json_decref (list);
  text->n_labels = labels->len;
  g_ptr_array_add (labels, NULL);
  text->labels = (gchar **) g_ptr_array_free (labels, FALSE);
  if (text->n_labels < 2)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: is no list of tokens", path);
  return text->n_labels >= 2;
}

static void
add_code (Text *text, gint code)
{
  gfloat x = (gfloat) code;

  g_array_append_val (text->codes, x);
}

/* As the scorer will spell it: each word by the longest pieces.  FALSE: it cannot be spelled, and nothing is added. */
static gboolean
add_sentence (Text *text, const gchar *line)
{
  g_autofree gchar *spaced = g_strconcat (" ", line, NULL);
  guint before = text->codes->len;
  gsize length;

  for (const gchar *at = spaced; *at; at += length) {
    gint code = rnn_longest_token ((const gchar *const *) text->labels, at, &length);

    if (code <= 0) {
      g_array_set_size (text->codes, before);
      return FALSE;
    }
    text->n_words += *at == ' ';
    add_code (text, code);
  }
  add_code (text, 0);
  return TRUE;
}

static gboolean
read_text (const Setting *setting, Text *text, GError **error)
{
  g_autofree gchar *path = g_build_filename (setting->file, "texts.txt", NULL), *all = NULL;
  g_auto (GStrv) lines = NULL;

  text->codes = g_array_new (FALSE, FALSE, sizeof (gfloat));
  if (!read_labels (setting, text, error) || !g_file_get_contents (path, &all, NULL, error))
    return FALSE;
  lines = g_strsplit (all, "\n", -1);
  add_code (text, 0);
  for (guint i = 0; lines[i] && !(setting->smoke && text->codes->len > SMOKE * LENGTH); i++)
    if (*lines[i])
      add_sentence (text, lines[i]);
  if (text->codes->len <= 2 * LENGTH)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: only %u pieces in its sentences", path, text->codes->len);
  return text->codes->len > 2 * LENGTH;
}

/* Stretches, each piece with the one that follows as its target. */
static void
split (const Text *text, RnnDataset *train, RnnDataset *dev, guint held_out)
{
  const gfloat *codes = (const gfloat *) text->codes->data;

  for (gsize i = 0; (i + 1) * LENGTH < text->codes->len; i++)
    rnn_dataset_add_series (i % held_out == held_out / 2 ? dev : train, codes + i * LENGTH, LENGTH, codes + i * LENGTH + 1, 1);
}

static void
watch (const RnnTrainStats *stats, gpointer data)
{
  (void) data;
  if (stats->update % 500 == 0 || stats->epoch_progress >= 1)
    g_printerr ("epoch %.2f: %.3f nats a piece, %.0f pieces/s; held out %.2f %% of pieces wrong\n", stats->epoch + stats->epoch_progress,
        (gdouble) stats->epoch_loss, stats->frames_per_second, 100 * (gdouble) stats->dev_metric);
}

static void
set_up (Fit *fit, const Setting *setting)
{
  fit_init (fit, setting, RNN_LOSS_CROSS_ENTROPY);
  fit->seconds = setting->seconds;
  fit->config.epochs = 1;        /* of millions of words */
  fit->config.batch_size = 16;
  fit->config.optimizer = RNN_OPTIMIZER_ADAMW;
  fit->config.schedule = RNN_SCHEDULE_COSINE;
  fit->config.learning_rate = 0.003f;
  fit->config.warmup = 200;
  fit->config.average = 0.998f;
  fit->watch = watch;
}

static json_t *
make_output (const Text *text)
{
  json_t *labels = json_array ();

  for (guint i = 0; i < text->n_labels; i++)
    json_array_append_new (labels, json_string (text->labels[i]));
  return json_pack ("{ssso}", "kind", "classes", "labels", labels);
}

static gboolean
learn (const Setting *setting, const Text *text, json_t *figures, GError **error)
{
  gint width = setting->smoke ? 16 : WIDTH;
  g_autoptr (RnnModel) model = model_new (1, setting->seed, error, "[{'cell': 'tied', 'tokens': %u, 'units': %d, 'layers': ["
      "{'cell': 'dropout', 'p': 0.1}, {'cell': 'lstm', 'hidden': %d}, {'cell': 'dropout', 'p': 0.1}]}]", text->n_labels, width, width);
  RnnDataset *train = rnn_dataset_new (1), *dev = rnn_dataset_new (1);
  FitResult result;
  gdouble nats = NAN, wrong;
  Fit fit;
  gboolean ok;

  set_up (&fit, setting);
  split (text, train, dev, setting->smoke ? 4 : HELD_OUT);
  ok = model && fit_run (&fit, model, train, dev, &result, error) && fit_evaluate (&fit, model, dev, &nats, &wrong, error);
  rnn_dataset_free (train);
  rnn_dataset_free (dev);
  if (!ok)
    return FALSE;
  json_object_update_new (figures, json_pack ("{sfsfsI}", "word_perplexity", exp (nats * text->codes->len / text->n_words),
          "minutes", result.seconds / 60, "updates", (json_int_t) result.updates));
  fit_name (model, "sentences", "lstm", make_output (text));
  return fit_save (setting, model, error);
}

static gboolean
run (const Setting *setting, GError **error)
{
  Text text = { NULL };
  json_t *figures = json_object ();
  gboolean ok = read_text (setting, &text, error) && learn (setting, &text, figures, error);

  text_clear (&text);
  if (ok)
    report (setting, "sentences", json_incref (figures));
  json_decref (figures);
  return ok;
}

const Experiment application_sentences = { "sentences", "a language model of pieces of words, for the search", TRUE, run };
