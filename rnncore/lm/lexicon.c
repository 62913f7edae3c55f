/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From the ways to say words to a tree of tokens, level by level so that siblings lie together. */
#include "lexicon.h"
#include "../base/error.h"
#include "../base/file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One way to say a word: tokens of `tokens`, from `first` on. */
typedef struct {
  guint32 word, first, n;
} Way;

typedef struct {
  RnnTokens *table;
  const gchar *where;
  GHashTable *ids;              /* a token as given -> its number + 1 */
  GHashTable *words;            /* text -> place in texts + 1 */
  GPtrArray *texts;
  GArray *ways, *tokens;        /* Way; guint16 */
  guint n_left_out;
  gboolean spelled;
} Builder;

static void
builder_init (Builder *b, RnnTokens *table, const gchar *where)
{
  *b = (Builder) { table, where, g_hash_table_new (g_str_hash, g_str_equal), g_hash_table_new (g_str_hash, g_str_equal),
    g_ptr_array_new_with_free_func (g_free), g_array_new (FALSE, FALSE, sizeof (Way)),
    g_array_new (FALSE, FALSE, sizeof (guint16)), 0, TRUE
  };
  for (gint i = 0; i < rnn_tokens_get_n (table); i++)
    if (i != rnn_tokens_get_blank (table))
      g_hash_table_insert (b->ids, (gpointer) rnn_tokens_get (table, i), GINT_TO_POINTER (i + 1));
}

static void
builder_clear (Builder *b)
{
  g_hash_table_unref (b->ids);
  g_hash_table_unref (b->words);
  g_ptr_array_unref (b->texts);
  g_array_unref (b->ways);
  g_array_unref (b->tokens);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Builder, builder_clear)

static guint32
intern (Builder *b, const gchar *text)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (b->words, text));
  gchar *copy;

  if (place)
    return place - 1;
  copy = g_strdup (text);
  g_ptr_array_add (b->texts, copy);
  g_hash_table_insert (b->words, copy, GUINT_TO_POINTER (b->texts->len));
  return b->texts->len - 1;
}

/* The tokens from @first on say @word. */
static void
add_way (Builder *b, const gchar *word, guint first)
{
  Way way = {.first = first,.n = b->tokens->len - first };

  if (way.n == 0 || way.n > RNN_LEXICON_LONGEST) {
    g_array_set_size (b->tokens, first);
    b->n_left_out++;
    return;
  }
  way.word = intern (b, word);
  g_array_append_val (b->ways, way);
}

/* A token that only parts words (flashlight's dictionaries end with one) is no part of a word. */
static gboolean
parts_words (RnnTokens *table, gint token)
{
  const gchar *text = rnn_tokens_get_text (table, token);

  return *text && text[strspn (text, " ")] == '\0';
}

static void
spell (Builder *b, const gchar *word)
{
  g_autoptr (GArray) ids = rnn_tokens_encode (b->table, word, NULL);
  guint first = b->tokens->len;

  for (guint i = 0; ids && i < ids->len; i++) {
    guint16 id = (guint16) g_array_index (ids, gint, i);

    if (!parts_words (b->table, id))
      g_array_append_val (b->tokens, id);
  }
  add_way (b, word, first);
}

/* @fields: a word and its tokens */
static gboolean
say (Builder *b, gchar **fields, guint line, GError **error)
{
  guint first = b->tokens->len;

  b->spelled = FALSE;
  for (gchar **field = fields + 1; *field; field++) {
    gint id = GPOINTER_TO_INT (g_hash_table_lookup (b->ids, *field));
    guint16 token = (guint16) (id - 1);

    if (!**field)
      continue;
    if (!id) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: there is no token \"%.32s\"", b->where, line, *field);
      return FALSE;
    }
    if (!parts_words (b->table, token))
      g_array_append_val (b->tokens, token);
  }
  add_way (b, fields[0], first);
  return TRUE;
}

/* ---- the tree ---- */

static gint
compare_ways (gconstpointer a, gconstpointer b, gpointer tokens)
{
  const Way *x = a, *y = b;
  const guint16 *s = (const guint16 *) tokens + x->first, *t = (const guint16 *) tokens + y->first;

  for (guint i = 0; i < x->n && i < y->n; i++)
    if (s[i] != t[i])
      return s[i] < t[i] ? -1 : 1;
  if (x->n != y->n)
    return x->n < y->n ? -1 : 1;
  return (x->word > y->word) - (x->word < y->word);
}

/* Ways [first, end) begin with the tokens that lead to a node. */
typedef struct {
  guint32 first, end;
} Range;

/* Adds the children and words of the node whose ways are @range, which lies @depth tokens deep. */
static void
grow (RnnLexicon *lexicon, const Builder *b, GArray *ranges, GArray *tokens, GArray *words, Range range, guint depth)
{
  const Way *ways = (const Way *) (gpointer) b->ways->data;
  const guint16 *all = (const guint16 *) (gpointer) b->tokens->data;

  for (; range.first < range.end && ways[range.first].n == depth; range.first++)
    if (words->len == lexicon->ends[lexicon->n_nodes]
        || g_array_index (words, guint32, words->len - 1) != ways[range.first].word)
      g_array_append_val (words, ways[range.first].word);
  while (range.first < range.end) {
    guint16 token = all[ways[range.first].first + depth];
    Range child = { range.first, range.first };

    while (child.end < range.end && all[ways[child.end].first + depth] == token)
      child.end++;
    g_array_append_val (ranges, child);
    g_array_append_val (tokens, token);
    range.first = child.end;
  }
}

static RnnLexicon *
plant (Builder *b)
{
  RnnLexicon *lexicon = g_new0 (RnnLexicon, 1);
  GArray *ranges = g_array_new (FALSE, FALSE, sizeof (Range)), *tokens = g_array_new (FALSE, FALSE, sizeof (guint16));
  GArray *words = g_array_new (FALSE, FALSE, sizeof (guint32));
  GArray *children = g_array_new (FALSE, FALSE, sizeof (guint32)), *ends = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint16 no_token = 0;
  guint level_end = 1;

  g_atomic_ref_count_init (&lexicon->refs);
  g_qsort_with_data (b->ways->data, (gint) b->ways->len, sizeof (Way), compare_ways, b->tokens->data);
  g_array_append_val (ranges, ((Range) { 0, b->ways->len }));
  g_array_append_val (tokens, no_token);
  for (guint i = 0, depth = 0; i < ranges->len; i++) {
    if (i == level_end) {
      depth++;
      level_end = ranges->len;
    }
    g_array_append_val (children, ranges->len);
    g_array_append_val (ends, words->len);
    lexicon->ends = (guint32 *) (gpointer) ends->data;
    lexicon->n_nodes = i;
    grow (lexicon, b, ranges, tokens, words, g_array_index (ranges, Range, i), depth);
  }
  g_array_append_val (children, ranges->len);
  g_array_append_val (ends, words->len);
  lexicon->n_nodes = ranges->len;
  lexicon->children = (guint32 *) (gpointer) g_array_free (children, FALSE);
  lexicon->tokens = (guint16 *) (gpointer) g_array_free (tokens, FALSE);
  lexicon->ends = (guint32 *) (gpointer) g_array_free (ends, FALSE);
  lexicon->words = (guint32 *) (gpointer) g_array_free (words, FALSE);
  g_array_unref (ranges);
  return lexicon;
}

static gint
compare_texts (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const gchar *const *) a, *(const gchar *const *) b);
}

/* Words get their numbers in the order of their texts. */
static void
number_words (Builder *b)
{
  g_autofree guint32 *numbers = g_new (guint32, b->texts->len + 1);
  g_autofree gpointer *before = g_memdup2 (b->texts->pdata, b->texts->len * sizeof (gpointer));

  g_ptr_array_sort (b->texts, compare_texts);
  for (guint i = 0; i < b->texts->len; i++)
    g_hash_table_insert (b->words, b->texts->pdata[i], GUINT_TO_POINTER (i + 1));
  for (guint i = 0; i < b->texts->len; i++)
    numbers[i] = GPOINTER_TO_UINT (g_hash_table_lookup (b->words, before[i])) - 1;
  for (guint i = 0; i < b->ways->len; i++)
    g_array_index (b->ways, Way, i).word = numbers[g_array_index (b->ways, Way, i).word];
}

static RnnLexicon *
finish (Builder *b, guint *n_left_out, GError **error)
{
  RnnLexicon *lexicon;

  if (n_left_out)
    *n_left_out = b->n_left_out;
  if (b->ways->len == 0) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no word that the tokens can say", b->where);
    return NULL;
  }
  number_words (b);
  lexicon = plant (b);
  lexicon->spelled = b->spelled;
  lexicon->n_words = b->texts->len;
  lexicon->used = g_new0 (gboolean, rnn_tokens_get_n (b->table));
  for (guint i = 1; i < lexicon->n_nodes; i++)
    lexicon->used[lexicon->tokens[i]] = TRUE;
  g_ptr_array_set_free_func (b->texts, NULL);
  lexicon->texts = (gchar **) g_ptr_array_free (g_steal_pointer (&b->texts), FALSE);
  b->texts = g_ptr_array_new ();
  return lexicon;
}

/* ---- sources ---- */

/* "word(2)" -> "word" */
static void
cut_variant (gchar *word)
{
  gchar *open = strrchr (word, '(');

  if (open && open > word && g_ascii_isdigit (open[1]) && open[1 + strspn (open + 1, "0123456789")] == ')'
      && word[strlen (word) - 1] == ')')
    *open = '\0';
}

static gboolean
parse_line (Builder *b, gchar *line, guint number, GError **error)
{
  g_auto (GStrv) fields = g_strsplit_set (g_strstrip (line), " \t", 2 * RNN_LEXICON_LONGEST);

  if (!fields[0] || !*fields[0] || *fields[0] == '#' || g_str_has_prefix (fields[0], ";;;"))
    return TRUE;
  if (!fields[1]) {
    spell (b, fields[0]);
    return TRUE;
  }
  cut_variant (fields[0]);
  return say (b, fields, number, error);
}

RnnLexicon *
rnn_lexicon_parse (const gchar *text, gsize n, RnnTokens *tokens, const gchar *where, guint *n_left_out, GError **error)
{
  g_auto (Builder) b;
  guint number = 1;

  builder_init (&b, tokens, where);
  for (const gchar *at = text, *end = text + n; at < end; number++) {
    const gchar *newline = memchr (at, '\n', (gsize) (end - at));
    gsize length = (gsize) ((newline ? newline : end) - at);
    g_autofree gchar *line = g_strndup (at, length);

    if (length > 65536 || !g_utf8_validate (at, (gssize) length, NULL)) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", where, number,
          length > 65536 ? "a line of more than 64 kB" : "not UTF-8");
      return NULL;
    }
    if (!parse_line (&b, line, number, error))
      return NULL;
    at += length + 1;
  }
  return finish (&b, n_left_out, error);
}

RnnLexicon *
rnn_lexicon_load (const gchar *path, RnnTokens *tokens, guint *n_left_out, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);

  return bytes ? rnn_lexicon_parse (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), tokens, path, n_left_out,
      error) : NULL;
}

RnnLexicon *
rnn_lexicon_spell (const gchar *const *words, guint n, RnnTokens *tokens, const gchar *where, guint *n_left_out,
    GError **error)
{
  g_auto (Builder) b;

  builder_init (&b, tokens, where);
  for (guint i = 0; i < n; i++)
    spell (&b, words[i]);
  return finish (&b, n_left_out, error);
}

RnnLexicon *
rnn_lexicon_ref (RnnLexicon *lexicon)
{
  g_atomic_ref_count_inc (&lexicon->refs);
  return lexicon;
}

void
rnn_lexicon_unref (RnnLexicon *lexicon)
{
  if (!lexicon || !g_atomic_ref_count_dec (&lexicon->refs))
    return;
  for (guint i = 0; i < lexicon->n_words - rnn_lexicon_count_base (lexicon); i++)
    g_free (lexicon->texts[i]);
  rnn_lexicon_unref (lexicon->base);
  g_free (lexicon->nodes);
  g_free (lexicon->texts);
  g_free (lexicon->children);
  g_free (lexicon->tokens);
  g_free (lexicon->ends);
  g_free (lexicon->words);
  g_free (lexicon->used);
  g_free (lexicon);
}

static gint
compare_with (gconstpointer text, gconstpointer other)
{
  return strcmp (text, *(const gchar *const *) other);
}

guint32
rnn_lexicon_find (const RnnLexicon *lexicon, const gchar *text)
{
  guint first = rnn_lexicon_count_base (lexicon);
  gchar **found = bsearch (text, lexicon->texts, lexicon->n_words - first, sizeof (gchar *), compare_with);

  if (found)
    return first + (guint32) (found - lexicon->texts);
  return lexicon->base ? rnn_lexicon_find (lexicon->base, text) : RNN_LEXICON_NONE;
}

gfloat *
rnn_lexicon_look_ahead (const RnnLexicon *lexicon, const gfloat *best)
{
  gfloat *ahead = g_new (gfloat, lexicon->n_nodes);

  for (guint i = lexicon->n_nodes; i-- > 0;) {  /* children come after their parents */
    ahead[i] = -INFINITY;
    for (guint32 w = lexicon->ends[i]; w < lexicon->ends[i + 1]; w++)
      ahead[i] = MAX (ahead[i], best[lexicon->words[w]]);
    for (guint32 child = lexicon->children[i]; child < lexicon->children[i + 1]; child++)
      ahead[i] = MAX (ahead[i], ahead[child]);
  }
  return ahead;
}
