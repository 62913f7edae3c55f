/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What was said as people write it, learnt from examples: a rival of the rules (text/written.h), and of the same style.
 *
 * Sentences with figures are made up, and spoken by the library's speller; a figure is either in those to learn from or in those to be
 * tested on (by a hash). */
#include "bitext.h"
#include "text/speller.h"
#include "text/written.h"
#include <string.h>

#define LEARNT 20000
#define TESTED 400
#define LONGEST 62              /* tokens */

static const gchar *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December" };
static const gchar *const before[] = { "we had", "they said", "it was about", "she wrote", "more than", "the first of them had",
  "one of us saw", "and then", "he asked for", "nobody knew of", "there were", "at least" };
static const gchar *const after[] = { "in all", "of them", "for the two of us", "last time", "and no more", "as before", "or so",
  "at the second house", "with her", "this year", "again", "once" };

#define PICK(rng, list) list[rnn_rng_below (rng, G_N_ELEMENTS (list))]

/* ---- figures, as they are written ---- */

typedef gchar *(*Figure) (RnnRng *rng);

static guint
between (RnnRng *rng, guint least, guint most)
{
  return least + rnn_rng_below (rng, most - least + 1);
}

static gchar *
whole (RnnRng *rng)
{
  guint n = between (rng, 0, 1) ? between (rng, 10, 999) : between (rng, 1000, 999999);

  return n < 1000 ? g_strdup_printf ("%u", n) : g_strdup_printf ("%u,%03u", n / 1000, n % 1000);
}

static gchar *
year (RnnRng *rng)
{
  return g_strdup_printf ("%u", between (rng, 1901, 2049));
}

static gchar *
date (RnnRng *rng)
{
  const gchar *month = PICK (rng, months);
  guint day = between (rng, 1, 28);

  return between (rng, 0, 1) ? g_strdup_printf ("%s %u", month, day) : g_strdup_printf ("%s %u, %u", month, day, between (rng, 1901, 2049));
}

static gchar *
money (RnnRng *rng)
{
  return between (rng, 0, 1) ? g_strdup_printf ("$%u", between (rng, 2, 999))
      : g_strdup_printf ("$%u.%02u", between (rng, 2, 99), between (rng, 10, 99));
}

static gchar *
hour (RnnRng *rng)
{
  return g_strdup_printf ("%u:%02u %c.m.", between (rng, 1, 12), between (rng, 1, 59), between (rng, 0, 1) ? 'a' : 'p');
}

static gchar *
percent (RnnRng *rng)
{
  return between (rng, 0, 1) ? g_strdup_printf ("%u%%", between (rng, 2, 100))
      : g_strdup_printf ("%u.%u%%", between (rng, 1, 99), between (rng, 1, 9));
}

static gchar *
fraction (RnnRng *rng)
{
  return g_strdup_printf ("%u.%02u", between (rng, 1, 99), between (rng, 11, 99));
}

static gchar *
ordinal (RnnRng *rng)
{
  guint n = between (rng, 20, 99), last = n % 10;

  return g_strdup_printf ("the %u%s", n, last == 1 ? "st" : last == 2 ? "nd" : last == 3 ? "rd" : "th");
}

static const Figure figures[] = { whole, year, date, money, hour, percent, fraction, ordinal };

/* ---- sentences ---- */

static gchar *
choose_figure (RnnRng *rng, gboolean test)
{
  gchar *figure;

  while ((g_str_hash (figure = PICK (rng, figures) (rng)) % 10 == 0) != test)
    g_free (figure);
  return figure;
}

static GPtrArray *
make (RnnSpeller *speller, guint64 seed, guint n, gboolean test)
{
  GPtrArray *sentences = g_ptr_array_new_with_free_func (sentence_free);
  RnnRng rng;

  rnn_rng_seed (&rng, seed, 41);
  while (sentences->len < n) {
    g_autofree gchar *figure = choose_figure (&rng, test);
    gchar *written = g_strjoin (" ", PICK (&rng, before), figure, PICK (&rng, after), NULL);

    g_ptr_array_add (sentences, sentence_new (rnn_speller_speak (speller, written, -1, FALSE), written));
  }
  return sentences;
}

/* ---- measuring ---- */

static gboolean
measure (const Setting *setting, const Vocabulary *v, RnnModel *model, const GPtrArray *test, json_t *figures_told, GError **error)
{
  g_autoptr (RnnTranslator) translator = rnn_translator_new (model, PAIRS_BEAM, 0, error);
  g_autoptr (Table) table = translator ? table_new (setting, "written-test", "spoken\tlearnt\trules\twritten", error) : NULL;
  guint learnt = 0, rules = 0;

  for (guint i = 0; table && i < test->len; i++) {
    const Sentence *s = test->pdata[i];
    g_autofree gchar *said = vocabulary_translate (v, translator, s, error), *ruled = rnn_text_write (s->from);

    if (!said)
      return FALSE;
    learnt += !strcmp (said, s->to);
    rules += !strcmp (ruled, s->to);
    if (i < 20 || strcmp (said, s->to) || strcmp (ruled, s->to))
      table_row (table, "%s\t%s\t%s\t%s", s->from, said, ruled, s->to);
  }
  json_object_update_new (figures_told, json_pack ("{sisfsf}", "tested", test->len, "learnt_right", 100.0 * learnt / test->len,
          "rules_right", 100.0 * rules / test->len));
  return table != NULL;
}

static gboolean
prepare (const Setting *setting, Vocabulary *v, GPtrArray *train, GPtrArray *test, GError **error)
{
  const RnnPiecesKind kind[2] = { RNN_PIECES_BPE, RNN_PIECES_CHARACTERS };

  if (!vocabulary_make (v, train, kind, (const guint[]) { setting->smoke ? 120 : 220, 80 }, error))
    return FALSE;
  vocabulary_encode (v, train, LONGEST);
  vocabulary_encode (v, test, LONGEST);
  return TRUE;
}

static gboolean
run (const Setting *setting, GError **error)
{
  g_autoptr (RnnSpeller) speller = rnn_speller_new (NULL, NULL);
  g_autoptr (GPtrArray) train = make (speller, (guint64) setting->seed, setting->smoke ? 200 : LEARNT, FALSE);
  g_autoptr (GPtrArray) test = make (speller, 1000000, setting->smoke ? 20 : TESTED, TRUE);
  g_autoptr (GArray) pairs = NULL;
  g_autoptr (RnnModel) model = NULL;
  Vocabulary v = { { NULL }, { NULL } };
  json_t *told = json_object ();
  gboolean ok = prepare (setting, &v, train, test, error);
  Fit fit;

  model = ok ? fit_recipe (&fit, setting, "written", vocabulary_give, &v, error) : NULL;
  pairs = model ? bitext_pairs (train) : NULL;
  ok = model && pairs_fit (setting, "written", model, &fit.config, pairs, told, error) && measure (setting, &v, model, test, told, error)
      && fit_save (setting, model, error);
  if (ok) {
    const Sentence *longest = bitext_longest (test, 8);

    ok = pairs_draw (setting, "written", model, (const gint *) longest->source->data, longest->source->len - 1, error);
  }
  if (ok)
    report (setting, "written", told);
  else
    json_decref (told);
  vocabulary_clear (&v);
  return ok;
}

const Experiment application_written = { "written", "what was said as people write it, beside the rules", FALSE, run };
