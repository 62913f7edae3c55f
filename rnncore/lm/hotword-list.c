/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists of hotwords, as people write them: texts into phrases. */
#include "hotwords.h"
#include "../base/error.h"
#include "../base/file.h"
#include "../text/fold.h"
#include <string.h>

#define LARGEST_BOOST 1000

static void
phrase_clear (gpointer data)
{
  RnnHotPhrase *phrase = data;

  g_free (phrase->text);
  g_strfreev (phrase->words);
}

/* (g_strfreev) */
static gchar **
split_phrase (const gchar *phrase)
{
  gchar **words = g_strsplit_set (phrase, " \t", -1);
  guint n = 0;

  for (guint i = 0; words[i]; i++)
    if (*words[i])
      words[n++] = words[i];
    else
      g_free (words[i]);
  words[n] = NULL;
  return words;
}

/* "phrase" or "phrase:boost" */
static gboolean
parse_phrase (GArray *phrases, gchar *text, gfloat boost, const gchar *where, GError **error)
{
  gchar *colon = strrchr (text, ':'), *rest;
  RnnHotPhrase phrase;

  if (colon) {
    boost = (gfloat) g_ascii_strtod (colon + 1, &rest);
    if (rest == colon + 1 || *g_strchug (rest) || !(boost >= 0 && boost <= LARGEST_BOOST)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s: \"%.64s\" is no boost from 0 to %d", where, colon + 1,
          LARGEST_BOOST);
      return FALSE;
    }
    *colon = '\0';
  }
  phrase = (RnnHotPhrase) { g_strdup (g_strstrip (text)), split_phrase (text), boost };
  g_array_append_val (phrases, phrase);
  return TRUE;
}

static gboolean
parse (GArray *phrases, const gchar *text, const gchar *separator, gfloat boost, const gchar *where, GError **error)
{
  g_auto (GStrv) list = g_strsplit (text, separator, -1);

  for (gchar **phrase = list; *phrase; phrase++)
    if (*g_strstrip (*phrase) && **phrase != '#' && !parse_phrase (phrases, *phrase, boost, where, error))
      return FALSE;
  return TRUE;
}

/* A list that must be a path: nobody says a slash. */
static gboolean
is_missing_file (const gchar *list, GError **error)
{
  if (g_file_test (list, G_FILE_TEST_EXISTS) || !strchr (list, G_DIR_SEPARATOR) || strpbrk (list, ",:"))
    return FALSE;
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "hotwords: there is no file \"%s\"", list);
  return TRUE;
}

static gboolean
read_file (GArray *phrases, const gchar *path, gfloat boost, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  g_autofree gchar *text = bytes ? g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) : NULL;

  return bytes && parse (phrases, text, "\n", boost, path, error);
}

GArray *
rnn_hotwords_read (const gchar *list, gfloat boost, GError **error)
{
  g_autoptr (GArray) phrases = g_array_new (FALSE, FALSE, sizeof (RnnHotPhrase));

  g_array_set_clear_func (phrases, phrase_clear);
  if (g_file_test (list, G_FILE_TEST_IS_REGULAR) ? !read_file (phrases, list, boost, error)
      : is_missing_file (list, error) || !parse (phrases, list, ",", boost, "hotwords", error))
    return NULL;
  return g_steal_pointer (&phrases);
}

gchar *
rnn_hotwords_fold (const gchar *word)
{
  return g_utf8_validate (word, -1, NULL) ? rnn_text_fold_case (word, RNN_TEXT_CASE_LOWER) : g_strdup (word);
}

guint32
rnn_hotwords_find (const RnnLexicon *lexicon, const gchar *word)
{
  guint32 found = rnn_lexicon_find (lexicon, word);
  g_autofree gchar *folded = found == RNN_LEXICON_NONE ? rnn_hotwords_fold (word) : NULL;

  return folded ? rnn_lexicon_find (lexicon, folded) : found;
}
