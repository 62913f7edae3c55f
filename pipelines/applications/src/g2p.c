/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Grapheme to phoneme: letters of a word into its phones, by an encoder, a decoder and attention.  A word is right when the best
 * translation is one of the ways in which the dictionary says it; phone errors are those to the nearest of them.
 *
 * FILE: a pronouncing dictionary such as that of Debian's pocketsphinx-en-us. */
#include "pairfit.h"
#include "dictionary.h"
#include "session/translate.h"

/* ---- measuring ---- */

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
      guint errors = pairs_distance (best->tokens, best->n, (const gint *) said->data, said->len - 1);

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

/* A long word of the test. */
static gboolean
draw (const Setting *setting, RnnModel *model, const Dictionary *d, GError **error)
{
  const Entry *longest = d->test->pdata[0];

  for (guint i = 0; i < MIN (d->test->len, 500); i++)
    if (((Entry *) d->test->pdata[i])->letters->len > longest->letters->len)
      longest = d->test->pdata[i];
  return pairs_draw (setting, "g2p", model, (const gint *) longest->letters->data, longest->letters->len - 1, error);
}

static gboolean
tell (const Setting *setting, RnnModel *model, const Dictionary *d, json_t *figures, GError **error)
{
  Score greedy, beam;

  if (!measure (model, d->test, 1, &greedy, error) || !measure (model, d->test, PAIRS_BEAM, &beam, error))
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
  g_autoptr (RnnModel) model = fit_recipe (&fit, setting, "g2p", NULL, NULL, error);
  g_autoptr (GArray) pairs = NULL;
  json_t *figures = json_object ();
  Dictionary d = { NULL };
  gboolean ok;

  ok = model && dictionary_read (&d, setting->file, model, setting->smoke ? 2000 : G_MAXUINT, error)
      && (pairs = dictionary_pairs (d.train)) != NULL
      && pairs_fit (setting, "g2p", model, &fit.config, pairs, figures, error) && tell (setting, model, &d, figures, error)
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
