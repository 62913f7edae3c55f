/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grapheme to phoneme: letters of a word into its phones, by an encoder, a decoder and attention.  A word is right when the best
 * translation is one of the ways in which the dictionary says it; phone errors are those to the nearest of them.
 *
 * FILE: a pronouncing dictionary such as that of Debian's pocketsphinx-en-us. */
#include "fit.h"
#include "dictionary.h"
#include "session/translate.h"
#include <math.h>
#include <string.h>
#include <time.h>

#define POOL 64                 /* minibatches that are made of words of like length */
#define BEAM 4

typedef struct {
  const Setting *setting;
  const RnnTrainConfig *config;
  Table *table;
  RnnPairs *pairs;
  clock_t start;
  guint64 update, total;
  guint every;                  /* updates to a row of the learning curve */
  gdouble sum;                  /* of losses since the last row */
} Training;

static gint
compare_length (gconstpointer a, gconstpointer b)
{
  const RnnPair *x = a, *y = b;

  return x->n_source != y->n_source ? x->n_source - y->n_source : x->n_target - y->n_target;
}

static void
shuffle (RnnPair *pairs, guint n, RnnRng *rng)
{
  for (guint i = n; i > 1; i--) {
    guint j = rnn_rng_below (rng, i);
    RnnPair kept = pairs[i - 1];

    pairs[i - 1] = pairs[j];
    pairs[j] = kept;
  }
}

static gdouble
seconds_of (const Training *t)
{
  return (clock () - t->start) / (gdouble) CLOCKS_PER_SEC;
}

/* How far it is: by updates or by time, whichever ends first. */
static gdouble
progress (const Training *t)
{
  gdouble by_updates = (gdouble) t->update / t->total;

  return t->setting->seconds > 0 ? MAX (by_updates, seconds_of (t) / t->setting->seconds) : by_updates;
}

static void
learn_some (Training *t, const RnnPair *pairs, guint n)
{
  gdouble at = MIN (progress (t), 1), warm = MIN (1, (t->update + 1.0) / MAX (t->config->warmup, 1));
  gfloat rate = (gfloat) (warm * t->config->learning_rate * (0.02 + 0.98 * 0.5 * (1 + cos (G_PI * at))));

  t->sum += rnn_pairs_learn (t->pairs, pairs, n, 0, rate);
  if (++t->update % t->every == 0) {
    table_row (t->table, "%" G_GUINT64_FORMAT "\t%.0f\t%.4f", t->update, seconds_of (t), t->sum / t->every);
    t->sum = 0;
  }
}

static void
learn_epoch (Training *t, GArray *all, RnnRng *rng)
{
  guint batch = (guint) t->config->batch_size, pool = batch * POOL;
  RnnPair *pairs = (RnnPair *) all->data;

  shuffle (pairs, all->len, rng);
  for (guint first = 0; first < all->len && progress (t) < 1; first += pool) {
    guint n = MIN (pool, all->len - first), n_batches = (n + batch - 1) / batch;
    g_autofree guint32 *order = g_new (guint32, n_batches);

    qsort (pairs + first, n, sizeof (RnnPair), compare_length);
    for (guint i = 0; i < n_batches; i++)
      order[i] = i;
    rnn_rng_shuffle (rng, order, n_batches);
    for (guint i = 0; i < n_batches && progress (t) < 1; i++)
      learn_some (t, pairs + first + order[i] * batch, MIN (batch, n - order[i] * batch));
  }
}

/* ---- measuring ---- */

/* Levenshtein's distance of phones. */
static guint
distance (const gint *a, guint n_a, const gint *b, guint n_b)
{
  g_autofree guint *row = g_new (guint, n_b + 1);

  for (guint j = 0; j <= n_b; j++)
    row[j] = j;
  for (guint i = 1; i <= n_a; i++) {
    guint before = row[0];

    row[0] = i;
    for (guint j = 1; j <= n_b; j++) {
      guint kept = row[j];

      row[j] = MIN (MIN (row[j], row[j - 1]) + 1, before + (a[i - 1] != b[j - 1]));
      before = kept;
    }
  }
  return row[n_b];
}

typedef struct {
  guint words, wrong, phones, errors;
} Score;

static gboolean
measure (RnnModel *model, const GPtrArray *entries, guint beam, Score *score, GError **error)
{
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, beam, 0, error);

  *score = (Score) { 0 };
  for (guint i = 0; translator && i < entries->len; i++) {
    const Entry *e = entries->pdata[i];
    guint n, least = G_MAXUINT, length = 0;
    const RnnTranslation *best = rnn_translator_run (translator, (const gint *) e->letters->data, e->letters->len - 1, &n,
        error);

    if (!best)
      return FALSE;
    for (guint j = 0; j < e->said->len; j++) {
      const GArray *said = e->said->pdata[j];
      guint errors = distance (best->tokens, best->n, (const gint *) said->data, said->len - 1);

      length = errors < least ? said->len - 1 : length;
      least = MIN (least, errors);
    }
    score->words++;
    score->wrong += least > 0;
    score->errors += least;
    score->phones += length;
  }
  return translator != NULL;
}

static gboolean
train (const Setting *setting, RnnModel *model, const RnnTrainConfig *config, const Dictionary *d, json_t *figures,
    GError **error)
{
  g_autoptr (Table) table = table_new (setting, "g2p", "update\tcpu_seconds\tloss", error);
  g_autoptr (GArray) pairs = dictionary_pairs (d->train);
  guint64 total = (guint64) config->epochs * (pairs->len / config->batch_size + 1);
  Training t = { setting, config, table, table ? rnn_pairs_new (model, config, 0, error) : NULL, clock (), 0, total,
    setting->smoke ? 10 : 100, 0 };
  RnnRng rng;

  if (!t.pairs)
    return FALSE;
  rnn_rng_seed (&rng, (guint64) setting->seed, 12);
  for (gint epoch = 0; epoch < config->epochs && progress (&t) < 1; epoch++)
    learn_epoch (&t, pairs, &rng);
  rnn_pairs_free (t.pairs);
  json_object_update_new (figures, json_pack ("{sisfsisf}", "pairs", pairs->len, "minutes", seconds_of (&t) / 60, "parameters",
          (gint) rnn_model_get_n_params (model), "epochs", (gdouble) t.update * config->batch_size / pairs->len));
  return TRUE;
}

/* The attention of a long word's translation, to be drawn. */
static gboolean
draw (const Setting *setting, RnnModel *model, const Dictionary *d, GError **error)
{
  g_autoptr (Table) table = table_new (setting, "g2p-attention", "letter\tphone\tweight\tletter_name\tphone_name", error);
  g_autoptr (RnnTranslator) translator = table ? rnn_translator_new (model, BEAM, 0, error) : NULL;
  const gchar *const *letters = rnn_model_get_source_tokens (model), *const *phones = rnn_model_get_tokens (model);
  const Entry *longest = d->test->pdata[0];
  const RnnTranslation *best;
  g_autofree gfloat *weights = NULL;
  guint n, S;

  for (guint i = 0; i < MIN (d->test->len, 500); i++)
    if (((Entry *) d->test->pdata[i])->letters->len > longest->letters->len)
      longest = d->test->pdata[i];
  best = translator ? rnn_translator_run (translator, (const gint *) longest->letters->data, longest->letters->len - 1, &n, error)
      : NULL;
  weights = best ? rnn_translator_attend (translator, best->tokens, best->n, &S) : NULL;
  for (guint i = 0; weights && i < best->n; i++)
    for (guint s = 0; s + 1 < S; s++)
      table_row (table, "%u\t%u\t%.3f\t%s\t%s", s, i, (gdouble) weights[i * S + s], letters[g_array_index (longest->letters, gint, s)],
          phones[best->tokens[i]]);
  return best != NULL;
}

static gboolean
tell (const Setting *setting, RnnModel *model, const Dictionary *d, json_t *figures, GError **error)
{
  Score greedy, beam;

  if (!measure (model, d->test, 1, &greedy, error) || !measure (model, d->test, BEAM, &beam, error))
    return FALSE;
  json_object_update_new (figures, json_pack ("{sisfsfsfsf}", "test_words", beam.words,
          "greedy_word_errors", 100.0 * greedy.wrong / greedy.words, "greedy_phone_errors", 100.0 * greedy.errors / greedy.phones,
          "word_errors", 100.0 * beam.wrong / beam.words, "phone_errors", 100.0 * beam.errors / beam.phones));
  return TRUE;
}

static gboolean
run (const Setting *setting, GError **error)
{
  Fit fit;
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, "g2p", NULL, error);
  json_t *figures = json_object ();
  Dictionary d = { NULL };
  gboolean ok;

  if (setting->smoke) {
    fit.config.batch_size = 16;
    fit.config.epochs *= 2;
    fit.config.warmup = 20;
  }
  ok = model && dictionary_read (&d, setting->file, model, setting->smoke ? 2000 : G_MAXUINT, error)
      && train (setting, model, &fit.config, &d, figures, error) && tell (setting, model, &d, figures, error)
      && draw (setting, model, &d, error)
      && fit_save (setting, model, error);

  dictionary_clear (&d);
  if (ok)
    report (setting, "g2p", figures);
  else
    json_decref (figures);
  return ok;
}

const Experiment application_g2p = { "g2p", "letters of words into their phones", TRUE, run };
