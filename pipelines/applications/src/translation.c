/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of programs into another language, beside doing nothing and beside looking up what the training's programs say.
 *
 * FILE: a list of catalogues (messages.h). */
#include "messages.h"
#include "bleu.h"

#define PIECES 600              /* tokens of each language */
#define LONGEST 48
#define TESTED 400              /* sentences */

typedef struct {
  const Setting *setting;
  const gchar *language;
  Table *table;
  Messages messages;
  Vocabulary vocabulary;
  json_t *figures;
} Task;

static void
tell (Task *task, const gchar *what, gdouble value)
{
  g_autofree gchar *key = g_strdup_printf ("%s_%s", task->language, what);

  json_object_set_new (task->figures, key, json_real (value));
}

static void
tell_bleu (Task *task, const gchar *way, const Bleu *bleu)
{
  g_autofree gchar *what = g_strconcat (way, "_bleu", NULL);

  table_row (task->table, "%s\t%s\t%.2f", task->language, way, bleu_score (bleu));
  tell (task, what, bleu_score (bleu));
}

/* By copying, by looking up, by the model: what no program of the training says, for the rest is looked up. */
static gboolean
measure (Task *task, RnnModel *model, GError **error)
{
  const GPtrArray *test = task->messages.test;
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, PAIRS_BEAM, 1, error);
  g_autoptr (GHashTable) phrases = phrases_new (task->messages.train);
  Bleu bleu = { 0 }, copy = { 0 }, lookup = { 0 };
  guint known = 0, n = 0;

  for (guint i = 0; translator && i < test->len && n < TESTED; i++) {
    const Sentence *s = test->pdata[i];
    g_autofree gchar *said = NULL, *found = NULL;

    if (g_hash_table_contains (phrases, s->from)) {
      known++;
      continue;
    }
    if (!(said = vocabulary_translate (&task->vocabulary, translator, s, error)))
      return FALSE;
    found = phrases_translate (phrases, s->from);
    bleu_add (&bleu, said, s->to);
    bleu_add (&copy, s->from, s->to);
    bleu_add (&lookup, found, s->to);
    n++;
  }
  tell (task, "tested", n);
  tell (task, "known", 100.0 * known / MAX (known + n, 1));
  tell_bleu (task, "copy", &copy);
  tell_bleu (task, "lookup", &lookup);
  tell_bleu (task, "network", &bleu);
  return translator != NULL;
}

static gint
compare_hash (gconstpointer a, gconstpointer b)
{
  guint x = g_str_hash ((*(const Sentence *const *) a)->from), y = g_str_hash ((*(const Sentence *const *) b)->from);

  return (x > y) - (x < y);
}

static gboolean
prepare (Task *task, GError **error)
{
  const RnnPiecesKind kind[2] = { RNN_PIECES_BPE, RNN_PIECES_BPE };
  guint size = task->setting->smoke ? 120 : PIECES;

  if (!messages_read (&task->messages, task->setting->file, task->language, error)
      || !vocabulary_make (&task->vocabulary, task->messages.train, kind, (const guint[]) { size, size }, error))
    return FALSE;
  vocabulary_encode (&task->vocabulary, task->messages.train, LONGEST);
  vocabulary_encode (&task->vocabulary, task->messages.test, LONGEST);
  g_ptr_array_sort (task->messages.test, compare_hash);         /* the tested ones are of all programs */
  if (task->messages.train->len && task->messages.test->len)
    return TRUE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: too few short messages in %s", task->setting->file, task->language);
  return FALSE;
}

static gboolean
learn (Task *task, GError **error)
{
  g_autofree gchar *name = g_strconcat ("translation-", task->language, NULL);
  g_autoptr (RnnModel) model = NULL;
  g_autoptr (GArray) pairs = NULL;
  json_t *cost = json_object ();
  const Sentence *longest;
  gboolean ok;
  Fit fit;

  model = fit_recipe (&fit, task->setting, "translation", vocabulary_give, &task->vocabulary, error);
  if (model)
    json_object_set_new (rnn_model_get_recipe (model), "name", json_string (name));
  pairs = bitext_pairs (task->messages.train);
  longest = bitext_longest (task->messages.test, 12);
  ok = model && pairs_fit (task->setting, name, model, &fit.config, pairs, cost, error) && measure (task, model, error)
      && pairs_draw (task->setting, name, model, (const gint *) longest->source->data, longest->source->len - 1, error)
      && fit_save (task->setting, model, error);
  tell (task, "pairs", json_number_value (json_object_get (cost, "pairs")));
  tell (task, "minutes", json_number_value (json_object_get (cost, "minutes")));
  json_decref (cost);
  return ok;
}

static gboolean
run_language (const Setting *setting, const gchar *language, Table *table, json_t *figures, GError **error)
{
  Task task = { .setting = setting, .language = language, .table = table, .figures = figures };
  gboolean ok = prepare (&task, error) && learn (&task, error);

  messages_clear (&task.messages);
  vocabulary_clear (&task.vocabulary);
  return ok;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_auto (GStrv) languages = messages_languages (setting->file, error);
  g_autoptr (Table) table = languages ? table_new (setting, "translation", "language\tway\tbleu", error) : NULL;
  json_t *figures = json_object ();
  gboolean ok = table != NULL;

  for (guint i = 0; ok && languages[i]; i++)
    ok = run_language (setting, languages[i], table, figures, error);
  if (ok)
    report (setting, "translation", figures);
  else
    json_decref (figures);
  return ok;
}

const Experiment application_translation = { "translation", "messages of programs into other languages", TRUE, run };
