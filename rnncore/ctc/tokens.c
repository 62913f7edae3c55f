/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token tables: what a CTC output stands for, and the way from a text to token ids.
 *
 * A token's text is its string with U+2581 (sentencepiece's mark) as a space; everything else works on texts, so the
 * separator " ", "\u2581the", " the" and "the " need no cases of their own. */
#include <string.h>
#include "../base/error.h"
#include "ctc.h"
#include "text.h"

#define MARK "\342\226\201"     /* U+2581 */

struct _RnnTokens {
  gint ref_count;
  gint n, blank;
  gchar **names;                /* [n] as given, NULL-terminated */
  gchar **texts;                /* [n] */
  gint *by_length;              /* [n_matchable] ids with a text, longest text first */
  gint n_matchable;
  gboolean has_upper, has_lower;
  gboolean has_space;           /* some text has one */
  gboolean leading_space;       /* a text starts a word with one: encoding starts with a space too */
};

static gchar *
text_of (const gchar *name)
{
  g_auto (GStrv) parts = g_strsplit (name, MARK, -1);

  return g_strjoinv (" ", parts);
}

static void
note_case (RnnTokens *tokens, const gchar *text)
{
  for (const gchar *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    tokens->has_upper |= g_unichar_isupper (c);
    tokens->has_lower |= g_unichar_islower (c);
  }
}

/* Longest text first; equal ones in the order of the table. */
static gint
compare_length (gconstpointer a, gconstpointer b, gpointer texts)
{
  gint i = *(const gint *) a, j = *(const gint *) b;
  gsize len_i = strlen (((gchar **) texts)[i]), len_j = strlen (((gchar **) texts)[j]);

  return len_i != len_j ? (len_i < len_j ? 1 : -1) : i - j;
}

static void
index_texts (RnnTokens *tokens)
{
  for (gint id = 0; id < tokens->n; id++) {
    const gchar *text = tokens->texts[id];

    if (!*text)
      continue;
    note_case (tokens, text);
    tokens->has_space |= strchr (text, ' ') != NULL;
    tokens->leading_space |= text[0] == ' ' && text[1] != '\0';
    tokens->by_length[tokens->n_matchable++] = id;
  }
  g_qsort_with_data (tokens->by_length, tokens->n_matchable, sizeof (gint), compare_length, tokens->texts);
}

static gboolean
check_table (const gchar *const *names, gint blank, GError **error)
{
  gint n = (gint) g_strv_length ((gchar **) names);

  if (blank < 0 || blank >= n) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "tokens: the blank is number %d of %d tokens", blank, n);
    return FALSE;
  }
  for (gint id = 0; id < n; id++)
    if (!g_utf8_validate (names[id], -1, NULL)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "tokens: token %d is not UTF-8", id);
      return FALSE;
    }
  return TRUE;
}

RnnTokens *
rnn_tokens_new (const gchar *const *names, gint blank, GError **error)
{
  RnnTokens *tokens;

  if (!check_table (names, blank, error))
    return NULL;
  tokens = g_new0 (RnnTokens, 1);
  tokens->ref_count = 1;
  tokens->blank = blank;
  tokens->names = g_strdupv ((gchar **) names);
  tokens->n = (gint) g_strv_length (tokens->names);
  tokens->texts = g_new0 (gchar *, tokens->n + 1);
  tokens->by_length = g_new0 (gint, tokens->n);
  for (gint id = 0; id < tokens->n; id++)
    tokens->texts[id] = id == blank ? g_strdup ("") : text_of (names[id]);
  index_texts (tokens);
  return tokens;
}

RnnTokens *
rnn_tokens_ref (RnnTokens *tokens)
{
  g_atomic_int_inc (&tokens->ref_count);
  return tokens;
}

void
rnn_tokens_unref (RnnTokens *tokens)
{
  if (!tokens || !g_atomic_int_dec_and_test (&tokens->ref_count))
    return;
  g_strfreev (tokens->names);
  g_strfreev (tokens->texts);
  g_free (tokens->by_length);
  g_free (tokens);
}

gint
rnn_tokens_get_n (RnnTokens *tokens)
{
  return tokens->n;
}

gint
rnn_tokens_get_blank (RnnTokens *tokens)
{
  return tokens->blank;
}

gboolean
rnn_tokens_have_spaces (RnnTokens *tokens)
{
  return tokens->has_space;
}

const gchar *
rnn_tokens_get (RnnTokens *tokens, gint id)
{
  return tokens->names[id];
}

const gchar *
rnn_tokens_get_text (RnnTokens *tokens, gint id)
{
  return tokens->texts[id];
}

/* Tables with word-initial spaces want one before the first word too. */
static gchar *
fold_spaces (RnnTokens *tokens, const gchar *text)
{
  g_autofree gchar *folded = rnn_text_fold_spaces (text, tokens->has_space ? " " : "");

  return g_strconcat (tokens->leading_space && *folded ? " " : "", folded, NULL);
}

static gchar *
fold_case (RnnTokens *tokens, gchar *text)
{
  gchar *folded = text;

  if (!tokens->has_upper && tokens->has_lower)
    folded = g_utf8_strdown (text, -1);
  else if (tokens->has_upper && !tokens->has_lower)
    folded = g_utf8_strup (text, -1);
  if (folded != text)
    g_free (text);
  return folded;
}

/* The longest token that @text starts with, or -1. */
static gint
match (RnnTokens *tokens, const gchar *text)
{
  for (gint i = 0; i < tokens->n_matchable; i++)
    if (g_str_has_prefix (text, tokens->texts[tokens->by_length[i]]))
      return tokens->by_length[i];
  return -1;
}

GArray *
rnn_tokens_encode (RnnTokens *tokens, const gchar *text, GError **error)
{
  g_autofree gchar *composed = g_utf8_normalize (text, -1, G_NORMALIZE_DEFAULT_COMPOSE);
  g_autofree gchar *folded = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint));

  if (!composed) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "a text is not UTF-8");
    return NULL;
  }
  folded = fold_case (tokens, fold_spaces (tokens, composed));
  for (const gchar *p = folded; *p;) {
    gint id = match (tokens, p);

    if (id < 0) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "no token for \"%.*s\" (U+%04X) in \"%s\"",
          (gint) (g_utf8_next_char (p) - p), p, g_utf8_get_char (p), text);
      return NULL;
    }
    g_array_append_val (ids, id);
    p += strlen (tokens->texts[id]);
  }
  return g_steal_pointer (&ids);
}

gchar *
rnn_tokens_decode (RnnTokens *tokens, const gint *ids, gint n)
{
  GString *text = g_string_new (NULL);

  for (gint i = 0; i < n; i++)
    g_string_append (text, tokens->texts[ids[i]]);
  if (n > 0 && g_str_has_prefix (tokens->names[ids[0]], MARK))
    g_string_erase (text, 0, 1);
  return g_string_free (text, FALSE);
}
