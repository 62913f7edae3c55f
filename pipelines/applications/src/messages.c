/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages as words in lower case, each sign a word of its own, "%s" and its like too; without mnemonics ("_File", "&File").  What has
 * several lines, markup or more than MOST words is left out. */
#include "messages.h"
#include "catalogue.h"
#include <string.h>

#define MOST 12
#define WORD "%[-+0-9.$*#]*(l|ll|z|h)?[a-zA-Z]|[\\p{L}\\p{N}]+|[^\\s]"

typedef struct {
  GRegex *word;
  GPtrArray *into;
  GHashTable *seen;             /* messages of this part */
} Reading;

/* Words with single spaces, or NULL. */
static gchar *
normalise (const Reading *r, const gchar *text)
{
  g_autofree gchar *small = g_utf8_strdown (text, -1);
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (GMatchInfo) match = NULL;
  guint n = 0;

  if (strpbrk (text, "<>\n") || strlen (text) > 100)
    return NULL;
  g_strdelimit (small, "&\t", ' ');
  for (gchar *at = small; (at = strchr (at, '_')) != NULL;)
    memmove (at, at + 1, strlen (at));
  for (g_regex_match (r->word, small, 0, &match); g_match_info_matches (match) && n <= MOST; g_match_info_next (match, NULL), n++) {
    g_autofree gchar *word = g_match_info_fetch (match, 0);

    g_string_append_printf (out, "%s%s", n ? " " : "", word);
  }
  return n && n <= MOST ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

static gboolean
has_letters (const gchar *text)
{
  guint n = 0;

  for (; *text; text++)
    n += g_ascii_isalpha (*text) != 0;
  return n >= 2;
}

static void
add_message (const gchar *message, const gchar *translation, gpointer data)
{
  Reading *r = data;
  gchar *from = normalise (r, message), *to = normalise (r, translation);

  if (from && to && has_letters (from) && strcmp (from, to) && g_hash_table_add (r->seen, g_strdup (from))) {
    g_ptr_array_add (r->into, sentence_new (from, to));
    return;
  }
  g_free (from);
  g_free (to);
}

/* The letters that its name begins with: gtk+2.0 and gtk4 say the same. */
static guint
hash_family (const gchar *package)
{
  g_autofree gchar *family = g_strndup (package, strspn (package, "abcdefghijklmnopqrstuvwxyz"));

  return g_str_hash (family);
}

/* Lines of the list, or NULL; each of them has three parts. */
static gchar **
read_list (const gchar *path, GError **error)
{
  g_autofree gchar *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  return g_strsplit (g_strchomp (text), "\n", -1);
}

gboolean
messages_read (Messages *m, const gchar *path, const gchar *language, GError **error)
{
  g_auto (GStrv) lines = read_list (path, error);
  g_autoptr (GRegex) word = g_regex_new (WORD, G_REGEX_OPTIMIZE, 0, NULL);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) tested = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gboolean ok = lines != NULL;

  m->train = g_ptr_array_new_with_free_func (sentence_free);
  m->test = g_ptr_array_new_with_free_func (sentence_free);
  for (guint i = 0; ok && lines[i]; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], "\t", 3);
    gboolean test;

    if (g_strv_length (parts) < 3 || strcmp (parts[0], language))
      continue;
    test = hash_family (parts[1]) % 6 == 0;
    ok = catalogue_read (parts[2], add_message, &(Reading) { word, test ? m->test : m->train, test ? tested : known }, error);
  }
  if (!ok || (m->train->len && m->test->len))
    return ok;
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: too few packages with messages in %s to learn and to test", path, language);
  return FALSE;
}

void
messages_clear (Messages *m)
{
  g_clear_pointer (&m->train, g_ptr_array_unref);
  g_clear_pointer (&m->test, g_ptr_array_unref);
}

gchar **
messages_languages (const gchar *path, GError **error)
{
  g_auto (GStrv) lines = read_list (path, error);
  g_autoptr (GPtrArray) found = g_ptr_array_new ();

  for (guint i = 0; lines && lines[i]; i++) {
    g_auto (GStrv) parts = g_strsplit (lines[i], "\t", 3);

    if (g_strv_length (parts) == 3 && !g_ptr_array_find_with_equal_func (found, parts[0], g_str_equal, NULL))
      g_ptr_array_add (found, g_strdup (parts[0]));
  }
  if (lines && !found->len)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no lines LANGUAGE, PACKAGE, CATALOGUE", path);
  g_ptr_array_add (found, NULL);
  return lines && found->len > 1 ? (gchar **) g_ptr_array_free (g_steal_pointer (&found), FALSE) : NULL;
}

/* ---- what needs no network ---- */

GHashTable *
phrases_new (const GPtrArray *sentences)
{
  GHashTable *phrases = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < sentences->len; i++) {
    const Sentence *s = sentences->pdata[i];

    g_hash_table_insert (phrases, s->from, s->to);
  }
  return phrases;
}

/* Words from @first on that are a message, as many as can be; its translation. */
static const gchar *
look_up (GHashTable *phrases, gchar **words, guint first, guint *n)
{
  g_autoptr (GString) run = g_string_new (NULL);
  const gchar *best = NULL, *found;

  *n = 1;
  for (guint i = first; words[i]; i++) {
    g_string_append_printf (run, "%s%s", i > first ? " " : "", words[i]);
    if ((found = g_hash_table_lookup (phrases, run->str))) {
      best = found;
      *n = i - first + 1;
    }
  }
  return best ? best : words[first];
}

gchar *
phrases_translate (GHashTable *phrases, const gchar *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  GString *out = g_string_new (NULL);

  for (guint i = 0, n; words[i]; i += n)
    g_string_append_printf (out, "%s%s", i ? " " : "", look_up (phrases, words, i, &n));
  return g_string_free (out, FALSE);
}
