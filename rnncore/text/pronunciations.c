/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pronunciations: all phones of all words in one array; a word knows where its own begin. */
#include "pronunciations.h"
#include "fold.h"
#include "../base/error.h"
#include "../base/file.h"
#include <string.h>

#define MAX_PHONES 255          /* of a word */

typedef struct {
  guint first, n;
} Run;

struct _RnnPronunciations {
  GArray *phones;               /* gint */
  GHashTable *words;            /* folded word -> place in runs + 1 */
  GArray *runs;                 /* Run */
};

static GHashTable *
index_tokens (RnnTokens *tokens)
{
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);

  for (gint i = 0; i < rnn_tokens_get_n (tokens); i++)
    g_hash_table_insert (index, (gpointer) rnn_tokens_get (tokens, i), GINT_TO_POINTER (i + 1));
  return index;
}

/* fields: the word, then its phones */
static const gchar *
add_word (RnnPronunciations *p, gchar **fields, GHashTable *index)
{
  Run run = { p->phones->len, g_strv_length (fields) - 1 };
  gchar *word = rnn_text_fold_case (fields[0], RNN_TEXT_CASE_LOWER);

  if (run.n == 0 || run.n > MAX_PHONES)
    return g_free (word), "it has no phones, or too many";
  for (gchar **phone = fields + 1; *phone; phone++) {
    gint id = GPOINTER_TO_INT (g_hash_table_lookup (index, *phone)) - 1;

    if (id < 0)
      return g_free (word), "one of its phones is not among the model's tokens";
    g_array_append_val (p->phones, id);
  }
  if (g_hash_table_contains (p->words, word)) {
    g_free (word);
    return NULL;
  }
  g_array_append_val (p->runs, run);
  g_hash_table_insert (p->words, word, GUINT_TO_POINTER (p->runs->len));
  return NULL;
}

/* @line: without its end */
static const gchar *
add_line (RnnPronunciations *p, const gchar *line, GHashTable *index)
{
  g_auto (GStrv) split = g_strsplit_set (line, " \t\r", -1);
  g_autoptr (GPtrArray) fields = g_ptr_array_new ();

  if (g_str_has_prefix (line, ";;;") || *line == '#')
    return NULL;
  for (gchar **field = split; *field; field++)
    if (**field)
      g_ptr_array_add (fields, *field);
  g_ptr_array_add (fields, NULL);
  if (fields->len == 1 || g_str_has_suffix (fields->pdata[0], ")"))
    return NULL;
  return g_utf8_validate (line, -1, NULL) ? add_word (p, (gchar **) fields->pdata, index) : "it is not UTF-8 text";
}

static gboolean
add_lines (RnnPronunciations *p, GBytes *bytes, RnnTokens *tokens, const gchar *where, GError **error)
{
  g_autoptr (GHashTable) index = index_tokens (tokens);
  gsize n;
  const gchar *at = g_bytes_get_data (bytes, &n), *end = at + n;

  for (guint number = 1; at < end; number++) {
    const gchar *stop = memchr (at, '\n', end - at);
    g_autofree gchar *line = g_strndup (at, (stop ? stop : end) - at);
    const gchar *fault = add_line (p, line, index);

    if (fault) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", where, number, fault);
      return FALSE;
    }
    at = stop ? stop + 1 : end;
  }
  return TRUE;
}

RnnPronunciations *
rnn_pronunciations_parse (GBytes *bytes, RnnTokens *tokens, const gchar *where, GError **error)
{
  g_autoptr (RnnPronunciations) p = g_new0 (RnnPronunciations, 1);

  p->phones = g_array_new (FALSE, FALSE, sizeof (gint));
  p->runs = g_array_new (FALSE, FALSE, sizeof (Run));
  p->words = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return add_lines (p, bytes, tokens, where, error) ? g_steal_pointer (&p) : NULL;
}

RnnPronunciations *
rnn_pronunciations_load (const gchar *path, RnnTokens *tokens, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  return bytes ? rnn_pronunciations_parse (bytes, tokens, path, error) : NULL;
}

void
rnn_pronunciations_free (RnnPronunciations *p)
{
  if (!p)
    return;
  g_array_unref (p->phones);
  g_array_unref (p->runs);
  g_hash_table_unref (p->words);
  g_free (p);
}

GArray *
rnn_pronunciations_encode (RnnPronunciations *p, const gchar *text)
{
  g_autofree gchar *folded = rnn_text_fold_case (text, RNN_TEXT_CASE_LOWER);    /* whatever case the tokens of phones suggest */
  g_auto (GStrv) words = g_strsplit (folded, " ", -1);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint));

  for (gchar **word = words; *word; word++) {
    guint place = GPOINTER_TO_UINT (g_hash_table_lookup (p->words, *word));
    const Run *run;

    if (!**word)
      continue;
    if (place == 0)
      return NULL;
    run = &g_array_index (p->runs, Run, place - 1);
    g_array_append_vals (ids, &g_array_index (p->phones, gint, run->first), run->n);
  }
  return g_steal_pointer (&ids);
}
