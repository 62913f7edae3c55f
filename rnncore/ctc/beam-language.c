/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the search knows of tokens and words: kinds of tokens, lexicon, language model.  One copy a process for the same
 * files and tokens. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include "../base/error.h"
#include "../lm/ngram.h"
#include "../text/guess.h"
#include "beam.h"

#define SPELLED "spelled"       /* instead of a file: the model's words by their letters, whatever lexicon it holds */
#define LN10 2.302585092994046f
#define ADDED -8.f              /* see rnn_beam_language_weigh_added () */

static GMutex lock;
static GHashTable *shared;      /* key -> RnnBeamLanguage, not referenced */

/* ---- tokens ---- */

static RnnBeamKind
kind_of (RnnTokens *tokens, gint token)
{
  const gchar *text = rnn_tokens_get_text (tokens, token);
  gsize spaces = strspn (text, " ");

  return spaces == 0 ? RNN_BEAM_INSIDE : text[spaces] ? RNN_BEAM_BEGINS : RNN_BEAM_PARTS;
}

static void
find_kinds (RnnBeamLanguage *language, RnnTokens *tokens)
{
  language->V = rnn_tokens_get_n (tokens);
  language->kinds = g_new0 (guint8, language->V);
  for (gint v = 0; v < language->V; v++)
    if (v != rnn_tokens_get_blank (tokens)) {
      language->kinds[v] = (guint8) kind_of (tokens, v);
      language->parted |= language->kinds[v] != RNN_BEAM_INSIDE;
    }
}

/* ---- what a language is made of, as text ---- */

static gboolean
add_file (GString *key, const gchar *path, GError **error)
{
  struct stat st;

  if (path && stat (path, &st) != 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: %s", path, g_strerror (errno));
    return FALSE;
  }
  if (path)
    g_string_append_printf (key, "%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT ":%" G_GINT64_FORMAT ".%09ld;",
        (guint64) st.st_dev, (guint64) st.st_ino, (gint64) st.st_mtim.tv_sec, (glong) st.st_mtim.tv_nsec);
  g_string_append_c (key, '|');
  return TRUE;
}

/* A list of files and weights. */
static gboolean
add_models (GString *key, const gchar *files, GError **error)
{
  g_autofree gfloat *weights = NULL;
  g_auto (GStrv) paths = files ? rnn_scorer_split_files (files, &weights, error) : NULL;

  for (guint i = 0; paths && paths[i]; i++) {
    if (!add_file (key, paths[i], error))
      return FALSE;
    g_string_append_printf (key, "%g", weights[i]);
  }
  g_string_append_c (key, '|');
  return paths || !files;
}

/* The language models: those of another language of the same files, or read. */
static RnnScorer *
load_scorer (const gchar *lm_file, RnnScorer **ngram, GError **error)
{
  g_autoptr (GString) files = g_string_new (NULL);
  RnnScorer *found = NULL;
  GHashTableIter iter;
  gpointer other;

  if (!add_models (files, lm_file, error))
    return NULL;
  g_mutex_lock (&lock);
  if (shared)
    g_hash_table_iter_init (&iter, shared);
  while (shared && !found && g_hash_table_iter_next (&iter, NULL, &other))
    if (g_str_has_prefix (((RnnBeamLanguage *) other)->key, files->str)) {
      found = rnn_scorer_ref (((RnnBeamLanguage *) other)->scorer);
      *ngram = ((RnnBeamLanguage *) other)->ngram;
    }
  g_mutex_unlock (&lock);
  return found ? found : rnn_scorer_load (lm_file, ngram, error);
}

/* ---- words ---- */

static gboolean
is_special (const RnnNgramImage *image, guint32 word)
{
  return word == image->unknown || word == image->start || word == image->end;
}

/* The words of the model, spelled. */
static RnnLexicon *
spell_model (const RnnNgramImage *image, RnnTokens *tokens, const gchar *where, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (guint32 w = 0; w < image->n_words; w++)
    if (!is_special (image, w))
      g_ptr_array_add (words, (gpointer) rnn_ngram_image_get_word (image, w));
  return rnn_lexicon_spell ((const gchar *const *) words->pdata, words->len, tokens, where, NULL, error);
}

static gboolean
load (RnnBeamLanguage *language, RnnTokens *tokens, const gchar *lm_file, const gchar *lexicon_file, GError **error)
{
  gboolean spelled = g_strcmp0 (lexicon_file, SPELLED) == 0;
  const RnnNgramImage *image;

  if (lm_file && !(language->scorer = load_scorer (lm_file, &language->ngram, error)))
    return FALSE;
  if (lexicon_file && !spelled)
    return (language->lexicon = rnn_lexicon_load (lexicon_file, tokens, NULL, error)) != NULL;
  if (!language->ngram)
    return TRUE;
  image = rnn_ngram_get_image (language->ngram);
  language->lexicon = image->lexicon_size > 0 && !spelled
      ? rnn_lexicon_unpack (image->lexicon, image->lexicon_size, image, tokens, lm_file, error)
      : spell_model (image, tokens, lm_file, error);
  return language->lexicon != NULL;
}

/* log P of a word by itself. */
static gfloat
weigh_alone (const RnnBeamLanguage *language, const gchar *text)
{
  const RnnNgramImage *image = rnn_ngram_get_image (language->ngram);
  guint32 number = rnn_scorer_find (language->ngram, text);

  number = number == RNN_SCORER_UNKNOWN ? image->unknown : number;
  return number < image->n_words ? LN10 * rnn_ngram_level_prob (&image->levels[0], number) : -100 * LN10;
}

/* The scorer's numbers of the lexicon's own words. */
static void
number_words (RnnBeamLanguage *language)
{
  const RnnLexicon *lexicon = language->lexicon;
  guint first = rnn_lexicon_count_base (lexicon);

  language->numbers = g_new (guint32, lexicon->n_words - first);
  for (guint32 w = first; w < lexicon->n_words; w++)
    language->numbers[w - first] = rnn_scorer_find (language->scorer, rnn_lexicon_get_text (lexicon, w));
}

/* The most that a word can be worth before it is known. */
static void
look_ahead (RnnBeamLanguage *language)
{
  const RnnLexicon *lexicon = language->lexicon;
  g_autofree gfloat *best = g_new (gfloat, lexicon->n_words);

  for (guint32 w = 0; w < lexicon->n_words; w++)
    best[w] = weigh_alone (language, lexicon->texts[w]);
  language->ahead = rnn_lexicon_look_ahead (lexicon, best);
}

static gdouble
get_share (gpointer language, const gchar *word)
{
  guint32 number = rnn_scorer_find (((RnnBeamLanguage *) language)->ngram, word);

  return number == RNN_SCORER_UNKNOWN ? 0 : exp (weigh_alone (language, word));
}

static RnnBeamLanguage *
make (RnnTokens *tokens, const gchar *lm_file, const gchar *lexicon_file, GError **error)
{
  RnnBeamLanguage *language = g_new0 (RnnBeamLanguage, 1);

  g_atomic_ref_count_init (&language->refs);
  find_kinds (language, tokens);
  if (!load (language, tokens, lm_file, lexicon_file, error)) {
    rnn_beam_language_unref (language);
    return NULL;
  }
  if (language->lexicon && language->ngram) {
    number_words (language);
    look_ahead (language);
  }
  if (language->ngram)
    language->foreign = rnn_guess_foreign (get_share, language);
  return language;
}

/* ---- more words ---- */

gfloat
rnn_beam_language_weigh_added (const RnnBeamLanguage *language, guint32 word)
{
  if (!language->base || !language->numbers || word == RNN_BEAM_NONE || word < language->base->lexicon->n_words)
    return 0;
  return rnn_beam_language_number (language, word) == RNN_SCORER_UNKNOWN ? ADDED : 0;
}

/* Own nodes' children of their own come after them. */
static void
look_ahead_own (RnnBeamLanguage *language)
{
  const RnnLexicon *lexicon = language->lexicon;
  guint others = language->base->lexicon->n_nodes, n_own = lexicon->n_nodes - others + 1;

  language->ahead = g_new (gfloat, n_own);
  for (guint32 i = n_own; i-- > 0;) {
    gfloat *ahead = &language->ahead[i];

    *ahead = -INFINITY;
    for (guint32 at = lexicon->ends[i]; at < lexicon->ends[i + 1]; at++)
      *ahead = MAX (*ahead, weigh_alone (language, rnn_lexicon_get_text (lexicon, lexicon->words[at]))
          + rnn_beam_language_weigh_added (language, lexicon->words[at]));
    for (guint32 place = lexicon->children[i]; place < lexicon->children[i + 1]; place++)
      *ahead = MAX (*ahead, rnn_beam_language_look_ahead (language, lexicon->nodes[place]));
  }
}

RnnBeamLanguage *
rnn_beam_language_extend (RnnBeamLanguage *base, const RnnLexiconWay *ways, guint n)
{
  RnnBeamLanguage *language = g_memdup2 (base, sizeof *base);

  g_atomic_ref_count_init (&language->refs);
  language->key = NULL;
  language->base = rnn_beam_language_ref (base);
  language->lexicon = rnn_lexicon_extend (base->lexicon, ways, n);
  language->scorer = base->scorer ? rnn_scorer_ref (base->scorer) : NULL;
  language->ahead = NULL;
  language->numbers = NULL;
  if (base->numbers)
    number_words (language);
  if (base->ahead)
    look_ahead_own (language);
  return language;
}

/* ---- life ---- */

static gchar *
make_key (RnnTokens *tokens, const gchar *lm_file, const gchar *lexicon_file, GError **error)
{
  GString *key = g_string_new (NULL);
  gboolean spelled = g_strcmp0 (lexicon_file, SPELLED) == 0;
  gboolean good = add_models (key, lm_file, error) && add_file (key, spelled ? NULL : lexicon_file, error);

  if (spelled)
    g_string_append (key, SPELLED);
  g_string_append_printf (key, "%d", rnn_tokens_get_blank (tokens));
  for (gint v = 0; v < rnn_tokens_get_n (tokens); v++)
    g_string_append_printf (key, "|%s", rnn_tokens_get (tokens, v));
  return g_string_free (key, !good);
}

static RnnBeamLanguage *
look_up (const gchar *key)
{
  RnnBeamLanguage *found;

  g_mutex_lock (&lock);
  found = shared ? g_hash_table_lookup (shared, key) : NULL;
  if (found)
    rnn_beam_language_ref (found);
  g_mutex_unlock (&lock);
  return found;
}

/* Two threads may have made the same at once: each keeps its own. */
static void
share (RnnBeamLanguage *language, gchar *key)
{
  g_mutex_lock (&lock);
  if (!shared)
    shared = g_hash_table_new (g_str_hash, g_str_equal);
  if (!g_hash_table_contains (shared, key)) {
    language->key = g_steal_pointer (&key);
    g_hash_table_insert (shared, language->key, language);
  }
  g_mutex_unlock (&lock);
  g_free (key);
}

RnnBeamLanguage *
rnn_beam_language_new (RnnTokens *tokens, const gchar *lm_file, const gchar *lexicon_file, GError **error)
{
  gchar *key = make_key (tokens, lm_file, lexicon_file, error);
  RnnBeamLanguage *language = key ? look_up (key) : NULL;

  if (!key || language || !(language = make (tokens, lm_file, lexicon_file, error))) {
    g_free (key);
    return language;
  }
  share (language, key);
  return language;
}

RnnBeamLanguage *
rnn_beam_language_ref (RnnBeamLanguage *language)
{
  g_atomic_ref_count_inc (&language->refs);
  return language;
}

void
rnn_beam_language_unref (RnnBeamLanguage *language)
{
  gboolean last;

  if (!language)
    return;
  g_mutex_lock (&lock);
  last = g_atomic_ref_count_dec (&language->refs);
  if (last && language->key)
    g_hash_table_remove (shared, language->key);
  g_mutex_unlock (&lock);
  if (!last)
    return;
  rnn_lexicon_unref (language->lexicon);
  rnn_scorer_unref (language->scorer);
  g_free (language->key);
  if (!language->base)
    g_free (language->kinds);
  rnn_beam_language_unref (language->base);
  g_free (language->ahead);
  g_free (language->numbers);
  g_free (language);
}
