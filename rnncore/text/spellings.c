/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Spellings in a tree of bytes: a token's id is the character of that number + 1 in UTF-8, so that no id holds a 0 or begins another. */
#include <string.h>
#include "../base/error.h"
#include "fold.h"
#include "spellings.h"
#include "trie.h"

#define MAX_IDS 16              /* of a text */
#define MAX_TEXT 64

struct _RnnSpellings {
  GPtrArray *texts;
  RnnTrie trie;                 /* ids -> index of the text */
};

static gboolean
is_good_text (const gchar *text)
{
  for (const gchar *p = text; *p; p = g_utf8_next_char (p))
    if (rnn_text_is_control (g_utf8_get_char (p)))
      return FALSE;
  return *text && strlen (text) <= MAX_TEXT;
}

static gboolean
add (RnnSpellings *s, const gchar *text, const json_t *ids, gint n_tokens)
{
  gchar bytes[MAX_IDS * 6 + 1] = "", *at = bytes;
  json_t *id;
  gsize i, n = json_array_size (ids);

  if (n < 1 || n > MAX_IDS || !is_good_text (text))
    return FALSE;
  json_array_foreach (ids, i, id) {
    json_int_t number = json_is_integer (id) ? json_integer_value (id) : -1;

    if (number < 0 || number >= n_tokens)
      return FALSE;
    at += g_unichar_to_utf8 ((gunichar) number + 1, at);
  }
  *at = '\0';
  rnn_trie_add (&s->trie, bytes, (gint) s->texts->len);
  g_ptr_array_add (s->texts, g_strdup (text));
  return TRUE;
}

RnnSpellings *
rnn_spellings_new (const json_t *object, gint n_tokens, const gchar *where, GError **error)
{
  RnnSpellings *s = g_new0 (RnnSpellings, 1);
  const gchar *text;
  json_t *ids;
  gboolean good = json_is_object (object);

  s->texts = g_ptr_array_new_with_free_func (g_free);
  rnn_trie_init (&s->trie);
  json_object_foreach ((json_t *) object, text, ids)
    good = good && add (s, text, ids, n_tokens);
  if (good)
    return s;
  rnn_spellings_free (s);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: \"spellings\" must be an object of texts and lists of their tokens' numbers", where);
  return NULL;
}

void
rnn_spellings_free (RnnSpellings *s)
{
  if (!s)
    return;
  g_ptr_array_unref (s->texts);
  rnn_trie_clear (&s->trie);
  g_free (s);
}

const gchar *
rnn_spellings_match (const RnnSpellings *s, const gint *ids, gint n, gint *length)
{
  const gchar *found = NULL;
  gint node = 0;

  for (gint i = 0; i < n; i++) {
    gchar bytes[6];
    gint size = g_unichar_to_utf8 ((gunichar) ids[i] + 1, bytes);

    for (gint k = 0; k < size; k++)
      if ((node = rnn_trie_step (&s->trie, node, (guint8) bytes[k])) == 0)
        return found;
    if (rnn_trie_value (&s->trie, node) >= 0) {
      found = s->texts->pdata[rnn_trie_value (&s->trie, node)];
      *length = i + 1;
    }
  }
  return found;
}
