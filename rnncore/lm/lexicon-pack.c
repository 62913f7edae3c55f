/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A lexicon in few bytes, for words that an n-gram model has: it lies behind the model in one file.
 *
 *   the names of its tokens, each with its end; an empty one ends them
 *   ways to say words, by ascending number of the word:
 *     varint: how many words on from the word before (0: another way to say it); number of tokens (1 to 255)
 *     a token each, its place among the names: one byte, or two when there are more than 256 names
 *   varint: 7 bits a byte, the lowest first, all but the last with the highest bit set */
#include "lexicon.h"
#include "../base/error.h"
#include <string.h>

RnnTokens *
rnn_lexicon_list_tokens (const gchar *text, gsize n, const gchar *where, GError **error)
{
  g_autofree gchar *copy = g_strndup (text, n);
  g_auto (GStrv) lines = g_strsplit (copy, "\n", -1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  g_ptr_array_add (names, (gpointer) "<blank>");
  for (gchar **line = lines; *line; line++) {
    g_auto (GStrv) fields = g_strsplit_set (g_strstrip (*line), " \t", -1);

    for (guint i = 1; fields[0] && *fields[0] != '#' && !g_str_has_prefix (fields[0], ";;;") && fields[i]; i++)
      if (*fields[i] && !g_hash_table_contains (seen, fields[i])) {
        gchar *name = g_strdup (fields[i]);

        g_hash_table_add (seen, name);
        g_ptr_array_add (names, name);
      }
  }
  if (names->len == 1) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: its lines name no tokens", where);
    return NULL;
  }
  g_ptr_array_add (names, NULL);
  return rnn_tokens_new ((const gchar *const *) names->pdata, 0, error);
}

/* ---- packing ---- */

static void
put_varint (GByteArray *out, guint32 value)
{
  do {
    guint8 byte = (guint8) (value & 0x7f) | (value > 0x7f ? 0x80 : 0);

    g_byte_array_append (out, &byte, 1);
    value >>= 7;
  } while (value);
}

typedef struct {
  GByteArray *out;
  GHashTable *places;           /* token -> place + 1 */
  gboolean wide;
  guint32 last;
} Packer;

static gint
compare_words (gconstpointer a, gconstpointer b)
{
  guint32 x = **(const guint32 *const *) a, y = **(const guint32 *const *) b;

  return (x > y) - (x < y);
}

/* @way: word, n, tokens[n] */
static void
pack_way (Packer *p, const guint32 *way)
{
  guint8 n = (guint8) way[1];

  put_varint (p->out, way[0] - p->last);
  g_byte_array_append (p->out, &n, 1);
  for (guint i = 0; i < n; i++) {
    guint place = GPOINTER_TO_UINT (g_hash_table_lookup (p->places, GUINT_TO_POINTER (way[2 + i] + 1))) - 1;
    guint8 bytes[2] = { (guint8) place, (guint8) (place >> 8) };

    g_byte_array_append (p->out, bytes, p->wide ? 2 : 1);
  }
  p->last = way[0];
}

/* Every way of @lexicon that ends at or below @node, tokens[depth] leading to it, whose word the model has. */
static void
collect (const RnnLexicon *lexicon, const RnnNgrams *ngrams, guint32 node, guint32 *tokens, guint depth, GPtrArray *ways)
{
  for (guint32 w = lexicon->ends[node]; w < lexicon->ends[node + 1]; w++) {
    guint32 word = rnn_ngrams_find_word (ngrams, lexicon->texts[lexicon->words[w]]);
    guint32 *way;

    if (word == ngrams->words->len || depth > 255)
      continue;
    way = g_new (guint32, 2 + depth);
    way[0] = word;
    way[1] = depth;
    memcpy (way + 2, tokens, depth * sizeof *tokens);
    g_ptr_array_add (ways, way);
  }
  for (guint32 child = lexicon->children[node]; child < lexicon->children[node + 1]; child++) {
    tokens[depth] = lexicon->tokens[child];
    collect (lexicon, ngrams, child, tokens, depth + 1, ways);
  }
}

static void
put_names (Packer *p, const RnnLexicon *lexicon, RnnTokens *tokens)
{
  guint n = 0;

  for (gint v = 0; v < rnn_tokens_get_n (tokens); v++)
    if (lexicon->used[v]) {
      const gchar *name = rnn_tokens_get (tokens, v);

      g_byte_array_append (p->out, (const guint8 *) name, (guint) strlen (name) + 1);
      g_hash_table_insert (p->places, GINT_TO_POINTER (v + 1), GUINT_TO_POINTER (++n));
    }
  g_byte_array_append (p->out, (const guint8 *) "", 1);
  p->wide = n > 256;
}

GBytes *
rnn_lexicon_pack (const RnnLexicon *lexicon, const RnnNgrams *ngrams, RnnTokens *tokens)
{
  g_autoptr (GPtrArray) ways = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) places = g_hash_table_new (NULL, NULL);
  guint32 way[RNN_LEXICON_LONGEST + 1];
  Packer p = { g_byte_array_new (), places };

  put_names (&p, lexicon, tokens);
  collect (lexicon, ngrams, 0, way, 0, ways);
  g_ptr_array_sort (ways, compare_words);
  for (guint i = 0; i < ways->len; i++)
    pack_way (&p, ways->pdata[i]);
  return g_byte_array_free_to_bytes (p.out);
}

/* ---- unpacking: to the text that rnn_lexicon_parse() reads ---- */

typedef struct {
  const guint8 *at, *end;
} Reader;

static gboolean
get_varint (Reader *r, guint32 *value)
{
  *value = 0;
  for (guint shift = 0; shift < 32 && r->at < r->end; shift += 7) {
    guint8 byte = *r->at++;

    *value |= (guint32) (byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return TRUE;
  }
  return FALSE;
}

static gboolean
get_names (Reader *r, GPtrArray *names)
{
  for (;;) {
    const guint8 *end = memchr (r->at, 0, (gsize) (r->end - r->at));
    const gchar *name = (const gchar *) r->at;

    if (!end || !g_utf8_validate (name, end - r->at, NULL) || strpbrk (name, " \t\r\n"))
      return FALSE;
    r->at = end + 1;
    if (!*name)
      return TRUE;
    g_ptr_array_add (names, (gpointer) name);
  }
}

/* Before anything is unpacked: a model's other heads have other tokens, and every transcriber asks for them first. */
static gboolean
are_tokens (const GPtrArray *names, RnnTokens *tokens, const gchar *where, GError **error)
{
  g_autoptr (GHashTable) known = g_hash_table_new (g_str_hash, g_str_equal);

  for (gint v = 0; v < rnn_tokens_get_n (tokens); v++)
    g_hash_table_add (known, (gpointer) rnn_tokens_get (tokens, v));
  for (guint i = 0; i < names->len; i++)
    if (!g_hash_table_contains (known, names->pdata[i])) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: there is no token \"%.32s\"", where, (const gchar *) names->pdata[i]);
      return FALSE;
    }
  return TRUE;
}

static gboolean
get_way (Reader *r, const RnnNgramImage *image, const GPtrArray *names, guint32 *word, GString *text)
{
  gboolean wide = names->len > 256;
  guint32 on, n;

  if (!get_varint (r, &on) || on >= image->n_words - *word || r->at == r->end || (n = *r->at++) == 0
      || (gsize) (r->end - r->at) < (wide ? 2 * n : n))
    return FALSE;
  *word += on;
  g_string_append (text, rnn_ngram_image_get_word (image, *word));
  for (; n > 0; n--) {
    guint place = *r->at++;

    if (wide)
      place |= (guint) *r->at++ << 8;
    if (place >= names->len)
      return FALSE;
    g_string_append_printf (text, " %s", (const gchar *) names->pdata[place]);
  }
  g_string_append_c (text, '\n');
  return TRUE;
}

RnnLexicon *
rnn_lexicon_unpack (const guint8 *bytes, gsize n, const RnnNgramImage *image, RnnTokens *tokens, const gchar *where,
    GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  Reader r = { bytes, bytes + n };
  g_autoptr (GString) text = g_string_new (NULL);
  guint32 word = 0;
  RnnLexicon *lexicon = NULL;
  gboolean good = get_names (&r, names);

  if (good && !are_tokens (names, tokens, where, error))
    return NULL;
  while (good && r.at < r.end)
    good = get_way (&r, image, names, &word, text);
  if (good)
    lexicon = rnn_lexicon_parse (text->str, text->len, tokens, where, NULL, error);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: its lexicon is damaged", where);
  return lexicon;
}
