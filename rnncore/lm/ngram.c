/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scores of a back-off n-gram model:
 *   P (w | h) = p (hw) if the model has hw, else a (h) P (w | h without its first word), a (h) = 1 if it lacks h.
 * State: guint32 [order - 1] (one at least), the places of the last 1, 2, ... words on their levels; NONE where the model lacks them. */
#include "ngram.h"
#include "../base/error.h"
#include "../base/file.h"
#include <string.h>

#define NONE G_MAXUINT32
#define LN10 2.302585092994046f
#define NO_UNKNOWN -100         /* log10, where the model has no <unk>, as in KenLM */

typedef struct {
  RnnScorer base;
  RnnNgramImage image;
} Ngram;

static guint32
ngram_find (RnnScorer *scorer, const gchar *symbol)
{
  const RnnNgramImage *image = &((Ngram *) scorer)->image;
  guint32 word = rnn_ngram_image_find_word (image, symbol);

  return word == image->n_words ? RNN_SCORER_UNKNOWN : word;
}

static void
ngram_start (RnnScorer *scorer, gpointer state)
{
  const RnnNgramImage *image = &((Ngram *) scorer)->image;
  guint32 *places = state;

  for (guint k = 0; k < MAX (image->order - 1, 1); k++)
    places[k] = NONE;
  if (image->order > 1 && image->start < image->n_words)
    places[0] = image->start;
}

/* The place of @word after the n-gram at @place on level k; NONE: the model lacks it. */
static guint32
find_child (const RnnNgramImage *image, guint k, guint32 place, guint32 word)
{
  const RnnNgramLevel *next = &image->levels[k + 1];
  guint32 low = rnn_ngram_level_child (&image->levels[k], place), high = rnn_ngram_level_child (&image->levels[k], place + 1);

  while (low < high) {
    guint32 middle = low + (high - low) / 2, other = rnn_ngram_level_get (next, middle, 0, next->word);

    if (other == word)
      return middle;
    if (other < word)
      low = middle + 1;
    else
      high = middle;
  }
  return NONE;
}

/* log10 P; @next as in the class */
static gfloat
score_word (const RnnNgramImage *image, const guint32 *places, guint32 word, guint32 *next)
{
  gfloat backoff = 0, score = 0;
  gboolean found = FALSE;

  for (guint k = image->order - 1; k-- > 0 && (next || !found);) {
    guint32 child = places[k] == NONE ? NONE : find_child (image, k, places[k], word);

    if (next && k + 2 < image->order)
      next[k + 1] = child;
    if (found)
      continue;
    if (child != NONE) {
      score = backoff + rnn_ngram_level_prob (&image->levels[k + 1], child);
      found = TRUE;
    } else if (places[k] != NONE) {
      backoff += rnn_ngram_level_backoff (&image->levels[k], places[k]);
    }
  }
  if (next)
    next[0] = image->order > 1 ? word : NONE;
  return found ? score : backoff + rnn_ngram_level_prob (&image->levels[0], word);
}

/* A word that even <unk> does not stand for. */
static gfloat
score_nothing (const RnnNgramImage *image, guint32 *next)
{
  for (guint k = 0; next && k < MAX (image->order - 1, 1); k++)
    next[k] = NONE;
  return NO_UNKNOWN * LN10;
}

static gfloat
ngram_score (RnnScorer *scorer, gconstpointer state, guint32 symbol, gpointer next)
{
  const RnnNgramImage *image = &((Ngram *) scorer)->image;
  guint32 word = symbol == RNN_SCORER_UNKNOWN ? image->unknown : symbol;

  return word == image->n_words ? score_nothing (image, next) : LN10 * score_word (image, state, word, next);
}

static gfloat
ngram_end (RnnScorer *scorer, gconstpointer state)
{
  const RnnNgramImage *image = &((Ngram *) scorer)->image;

  return image->end == image->n_words ? 0 : LN10 * score_word (image, state, image->end, NULL);
}

static void
ngram_finalize (RnnScorer *scorer)
{
  rnn_ngram_image_clear (&((Ngram *) scorer)->image);
}

static gboolean
ngram_holds (RnnScorer *scorer, gconstpointer state)
{
  const RnnNgramImage *image = &((Ngram *) scorer)->image;
  const guint32 *places = state;

  for (guint k = 0; k < MAX (image->order - 1, 1); k++)
    if (places[k] != NONE && places[k] >= image->levels[k].n)
      return FALSE;
  return TRUE;
}

static const RnnScorerClass ngram_class = {
  .name = "ngram",
  .instance_size = sizeof (Ngram),
  .find = ngram_find,
  .start = ngram_start,
  .score = ngram_score,
  .end = ngram_end,
  .holds = ngram_holds,
  .finalize = ngram_finalize,
};

#define KENLM "mmap lm http://kheafield.com/code"

/* KenLM's binaries, and the scorers of DeepSpeech and Coqui, which are such ones with a list of words behind them. */
static gboolean
is_kenlm (GBytes *bytes)
{
  gsize n;
  const gchar *data = g_bytes_get_data (bytes, &n);

  return n > strlen (KENLM) && memcmp (data, KENLM, strlen (KENLM)) == 0;
}

/* ARPA text becomes an image with exact values. */
static GBytes *
image_of_text (GBytes *text, const gchar *where, GError **error)
{
  gsize n;
  const gchar *at = g_bytes_get_data (text, &n);
  g_autoptr (RnnNgrams) ngrams = NULL;

  if (is_kenlm (text)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: a binary of KenLM, as DeepSpeech's and Coqui's scorers are, whose layout depends on "
        "KenLM's version: take the ARPA file that it was built from, or count the texts anew with `rnncore ngram`", where);
    return NULL;
  }
  ngrams = rnn_ngrams_parse_arpa (at, n, where, error);
  return ngrams ? rnn_ngram_image_build (ngrams, 32, NULL, error) : NULL;
}

RnnScorer *
rnn_ngram_parse (GBytes *bytes, const gchar *where, GError **error)
{
  g_autoptr (GBytes) image = rnn_ngram_image_is (bytes) ? g_bytes_ref (bytes) : image_of_text (bytes, where, error);
  Ngram *ngram;

  if (!image)
    return NULL;
  ngram = rnn_scorer_alloc (&ngram_class);
  if (!rnn_ngram_image_open (&ngram->image, image, where, error)) {
    rnn_scorer_unref (&ngram->base);
    return NULL;
  }
  ngram->base.state_size = MAX (1, ngram->image.order - 1) * sizeof (guint32);
  return &ngram->base;
}

RnnScorer *
rnn_ngram_load (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  return bytes ? rnn_ngram_parse (bytes, path, error) : NULL;
}

gboolean
rnn_scorer_is_ngram (RnnScorer *scorer)
{
  return scorer->klass == &ngram_class;
}

const RnnNgramImage *
rnn_ngram_get_image (RnnScorer *scorer)
{
  g_return_val_if_fail (rnn_scorer_is_ngram (scorer), NULL);
  return &((Ngram *) scorer)->image;
}
