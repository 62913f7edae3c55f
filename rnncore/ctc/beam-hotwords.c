/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hotwords of a search.  Words of theirs that a lexicon of sounds lacks are said by a model of letters and phones, and the search gets them beside
 * the lexicon, which others share. */
#include "beam.h"
#include <string.h>

#define BOOST 6                 /* where a list gives none: halves errors of rare words (tests/bench/hotwords), 7 hears what nobody says */

/* ---- words that the lexicon lacks ---- */

typedef struct {
  GHashTable *ids;              /* the name of a token -> its number + 1 */
  GPtrArray *texts;
  GArray *ways;                 /* RnnLexiconWay */
} Added;

static void
way_clear (gpointer way)
{
  g_free (((RnnLexiconWay *) way)->tokens);
}

static void
added_init (Added *added, RnnTokens *tokens)
{
  *added = (Added) { g_hash_table_new (g_str_hash, g_str_equal), g_ptr_array_new_with_free_func (g_free),
    g_array_new (FALSE, FALSE, sizeof (RnnLexiconWay))
  };
  g_array_set_clear_func (added->ways, way_clear);
  for (gint i = 0; i < rnn_tokens_get_n (tokens); i++)
    if (i != rnn_tokens_get_blank (tokens))
      g_hash_table_insert (added->ids, (gpointer) rnn_tokens_get (tokens, i), GINT_TO_POINTER (i + 1));
}

static void
added_clear (Added *added)
{
  g_hash_table_unref (added->ids);
  g_ptr_array_unref (added->texts);
  g_array_unref (added->ways);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Added, added_clear)

/* A way with a token that the search lacks is none. */
static void
add_way (Added *added, const gchar *text, const gchar *said)
{
  g_auto (GStrv) names = g_strsplit (said, " ", -1);
  RnnLexiconWay way = { text, g_new (guint16, g_strv_length (names)), 0 };

  for (; names[way.n]; way.n++) {
    gint id = GPOINTER_TO_INT (g_hash_table_lookup (added->ids, names[way.n]));

    if (!id || way.n == RNN_LEXICON_LONGEST) {
      g_free (way.tokens);
      return;
    }
    way.tokens[way.n] = (guint16) (id - 1);
  }
  g_array_append_val (added->ways, way);
}

static void
add_word (Added *added, RnnPronouncer *pronouncer, const gchar *word)
{
  gchar *text = rnn_hotwords_fold (word);
  g_auto (GStrv) said = rnn_pronouncer_say (pronouncer, text);

  g_ptr_array_add (added->texts, text);
  for (gchar **way = said; *way; way++)
    add_way (added, text, *way);
}

/* The words of the phrases that the lexicon lacks, each once. (transfer container) */
static GPtrArray *
find_lacking (const RnnLexicon *lexicon, const GArray *phrases)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *words = g_ptr_array_new ();

  for (guint i = 0; i < phrases->len; i++)
    for (gchar **word = g_array_index (phrases, RnnHotPhrase, i).words; *word; word++)
      if (rnn_hotwords_find (lexicon, *word) == RNN_LEXICON_NONE && g_hash_table_add (seen, *word))
        g_ptr_array_add (words, *word);
  return words;
}

/* @language with the words that it lacks, or itself; NULL: no such model. (transfer full) */
static RnnBeamLanguage *
add_words (RnnBeamLanguage *language, RnnTokens *tokens, const GArray *phrases, const gchar *g2p_model, RnnPronouncer **pronouncer,
    GError **error)
{
  gboolean sounds = language->lexicon && !language->lexicon->spelled;
  g_autoptr (GPtrArray) words = sounds && g2p_model && *g2p_model ? find_lacking (language->lexicon, phrases) : g_ptr_array_new ();
  g_auto (Added) added;

  added_init (&added, tokens);
  if (words->len > 0 && !(*pronouncer = rnn_pronouncer_load (g2p_model, error)))
    return NULL;
  for (guint i = 0; i < words->len; i++)
    add_word (&added, *pronouncer, words->pdata[i]);
  if (added.ways->len == 0)
    return rnn_beam_language_ref (language);
  return rnn_beam_language_extend (language, (const RnnLexiconWay *) (gpointer) added.ways->data, added.ways->len);
}

/* ---- the search ---- */

/* Takes the references. */
static void
change (RnnBeam *beam, RnnBeamLanguage *language, RnnHotwords *hotwords, RnnPronouncer *pronouncer)
{
  gboolean other_words = language != beam->language;

  if (other_words)
    rnn_beam_settle_words (beam);
  rnn_beam_take_back (beam);
  rnn_beam_language_unref (beam->language);
  rnn_hotwords_free (beam->hotwords);
  rnn_pronouncer_unref (beam->pronouncer);
  beam->language = language;
  beam->hotwords = hotwords;
  beam->pronouncer = pronouncer;
  if (other_words)
    rnn_beam_resume (beam, FALSE);
  else
    rnn_beam_follow_hotwords (beam);
}

gboolean
rnn_beam_set_hotwords (RnnBeam *beam, const gchar *list, const gchar *g2p_model, GError **error)
{
  g_autoptr (GArray) phrases = list && *list ? rnn_hotwords_read (list, BOOST, error) : NULL;
  RnnPronouncer *pronouncer = NULL;
  RnnBeamLanguage *language;
  RnnHotwords *hotwords = NULL;
  gchar *left_out = NULL;

  if (list && *list && !phrases)
    return FALSE;
  language = phrases ? add_words (beam->files, beam->base.tokens, phrases, g2p_model, &pronouncer, error) : rnn_beam_language_ref (beam->files);
  if (!language)
    return FALSE;
  if (phrases)
    hotwords = rnn_hotwords_new (phrases, beam->base.tokens, language->lexicon, &left_out);
  g_free (beam->base.left_out);
  beam->base.left_out = left_out;
  change (beam, language, hotwords, pronouncer);
  return TRUE;
}
