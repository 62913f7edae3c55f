/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ARPA text: "\data\", "ngram N=COUNT" lines, then for each order "\N-grams:" and lines of log10 probability, N words,
 * and but for the highest order a log10 back-off weight, 0 where it is left out; "\end\".  What stands before "\data\"
 * does not count. */
#include "ngrams.h"
#include "../base/error.h"
#include "../base/file.h"
#include <math.h>
#include <string.h>

#define LONGEST_LINE 16384

typedef struct {
  const gchar *at, *end, *where;
  guint line;
  gchar text[LONGEST_LINE + 1]; /* of the line, cut into fields */
  gchar *fields[RNN_NGRAM_MAX_ORDER + 3];
  guint n_fields, order;
  guint64 announced[RNN_NGRAM_MAX_ORDER];
} Reader;

static gboolean
fail (const Reader *r, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", r->where, r->line, reason);
  return FALSE;
}

/* Reads the next line that is not empty and cuts it into fields, as many as there is room for.  FALSE: no more, or an
 * error. */
static gboolean
next_line (Reader *r, GError **error)
{
  do {
    const gchar *newline;
    gsize n;

    if (r->at == r->end)
      return fail (r, error, "the file ends before \\end\\");
    newline = memchr (r->at, '\n', (gsize) (r->end - r->at));
    n = (gsize) ((newline ? newline : r->end) - r->at);
    r->line++;
    if (n > LONGEST_LINE || memchr (r->at, '\0', n))
      return fail (r, error, "a line of more than 16 kB, or a zero byte");
    memcpy (r->text, r->at, n);
    r->text[n] = '\0';
    r->at += n + (newline != NULL);
    r->n_fields = 0;
    for (gchar *field = r->text; r->n_fields < G_N_ELEMENTS (r->fields);) {
      field += strspn (field, " \t\r");
      if (!*field)
        break;
      r->fields[r->n_fields++] = field;
      field += strcspn (field, " \t\r");
      if (*field)
        *field++ = '\0';
    }
  } while (r->n_fields == 0);
  return TRUE;
}

static gboolean
read_counts (Reader *r, GError **error)
{
  do {
    if (!next_line (r, error))
      return FALSE;
  } while (strcmp (r->fields[0], "\\data\\") != 0);
  while (next_line (r, error) && g_str_equal (r->fields[0], "ngram") && r->n_fields >= 2) {
    gchar *rest;
    guint64 order = g_ascii_strtoull (r->fields[1], &rest, 10);

    if (order != r->order + 1 || order > RNN_NGRAM_MAX_ORDER || *rest != '=')
      return fail (r, error, "expected \"ngram N=COUNT\" for N = 1, 2, ... 6 at most");
    r->announced[r->order++] = g_ascii_strtoull (rest + 1, NULL, 10);
  }
  return r->n_fields > 0 && (r->order > 0 || fail (r, error, "no orders between \\data\\ and the n-grams"));
}

static gboolean
read_number (const Reader *r, guint field, gfloat *value, GError **error)
{
  gchar *rest;

  *value = (gfloat) g_ascii_strtod (r->fields[field], &rest);
  return (!*rest && isfinite (*value)) || fail (r, error, "not a number where one should be");
}

/* The line at hand is "\N-grams:"; calls @add for each n-gram, until the next line that begins with a backslash. */
static gboolean
read_section (Reader *r, guint order, gboolean (*add) (Reader *r, guint order, gfloat prob, gfloat backoff, gpointer data,
        GError **error), gpointer data, GError **error)
{
  g_autofree gchar *title = g_strdup_printf ("\\%u-grams:", order);
  guint64 n = 0;

  if (strcmp (r->fields[0], title) != 0)
    return fail (r, error, "expected the n-grams of the next order");
  while (next_line (r, error)) {
    gfloat prob, backoff = 0;

    if (r->n_fields == 1 && *r->fields[0] == '\\')
      return n == r->announced[order - 1] || fail (r, error, "another number of n-grams than \\data\\ says");
    if (r->n_fields != order + 1 && r->n_fields != order + 2)
      return fail (r, error, "too few or too many words");
    if (!read_number (r, 0, &prob, error) || (r->n_fields == order + 2 && !read_number (r, order + 1, &backoff, error)))
      return FALSE;
    if (prob > 0)
      return fail (r, error, "a probability above 1");
    if (!add (r, order, prob, backoff, data, error))
      return FALSE;
    n++;
  }
  return FALSE;
}

/* ---- unigrams make the vocabulary ---- */

typedef struct {
  gfloat prob, backoff;
} Unigram;

typedef struct {
  GPtrArray *words;
  GHashTable *unigrams;         /* word, of words -> its Unigram */
} Unigrams;

static gboolean
add_unigram (Reader *r, guint order, gfloat prob, gfloat backoff, gpointer data, GError **error)
{
  Unigrams *u = data;
  Unigram *unigram;
  gchar *word = r->fields[order];

  if (!g_utf8_validate (word, -1, NULL))
    return fail (r, error, "not UTF-8");
  if (g_hash_table_contains (u->unigrams, word))
    return fail (r, error, "the same word again");
  word = g_strdup (word);
  unigram = g_new (Unigram, 1);
  *unigram = (Unigram) { prob, backoff };
  g_ptr_array_add (u->words, word);
  g_hash_table_insert (u->unigrams, word, unigram);
  return TRUE;
}

static RnnNgrams *
read_unigrams (Reader *r, GError **error)
{
  GPtrArray *words = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) unigrams = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  RnnNgrams *ngrams;

  if (!read_section (r, 1, add_unigram, &(Unigrams) { words, unigrams }, error)) {
    g_ptr_array_unref (words);
    return NULL;
  }
  ngrams = rnn_ngrams_new (r->order, words, error);
  for (guint i = 0; ngrams && i < words->len; i++) {
    const Unigram *unigram = g_hash_table_lookup (unigrams, words->pdata[i]);

    rnn_ngram_table_add (&ngrams->tables[0], (RnnNgramField[4]) { {.word = i}, {.value = unigram->prob},
          {.value = unigram->backoff}, {.value = 0} });
  }
  return ngrams;
}

/* ---- the others ---- */

static gboolean
add_ngram (Reader *r, guint order, gfloat prob, gfloat backoff, gpointer data, GError **error)
{
  RnnNgrams *ngrams = data;
  RnnNgramTable *table = &ngrams->tables[order - 1];
  RnnNgramField record[RNN_NGRAM_MAX_ORDER + 3];

  for (guint i = 0; i < order; i++)
    if ((record[i].word = rnn_ngrams_find_word (ngrams, r->fields[i + 1])) == ngrams->words->len)
      return fail (r, error, "a word that is not among the 1-grams");
  RNN_NGRAM_PROB (table, record) = prob;
  RNN_NGRAM_BACKOFF (table, record) = backoff;
  RNN_NGRAM_COUNT (table, record) = 0;
  rnn_ngram_table_add (table, record);
  return TRUE;
}

static gboolean
read_tables (Reader *r, RnnNgrams *ngrams, GError **error)
{
  for (guint k = 0; k < r->order; k++) {
    gsize twice;

    if (k > 0 && !read_section (r, k + 1, add_ngram, ngrams, error))
      return FALSE;
    if (!rnn_ngram_table_map (&ngrams->tables[k], error))
      return FALSE;
    if (!rnn_ngram_table_sort (&ngrams->tables[k], &twice))
      return fail (r, error, "an n-gram of the order before this line is there twice");
  }
  return strcmp (r->fields[0], "\\end\\") == 0 || fail (r, error, "expected \\end\\");
}

RnnNgrams *
rnn_ngrams_parse_arpa (const gchar *text, gsize n, const gchar *where, GError **error)
{
  g_autofree Reader *r = g_new0 (Reader, 1);
  g_autoptr (RnnNgrams) ngrams = NULL;

  r->at = text;
  r->end = text + n;
  r->where = where;
  if (!read_counts (r, error) || !(ngrams = read_unigrams (r, error)) || !read_tables (r, ngrams, error)
      || !rnn_ngrams_add_prefixes (ngrams, error))
    return NULL;
  return g_steal_pointer (&ngrams);
}

/* ---- writing ---- */

static void
write_line (RnnSpill *out, GString *line, const RnnNgrams *ngrams, const RnnNgramTable *table, const RnnNgramField *record)
{
  gchar number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_assign (line, g_ascii_formatd (number, sizeof number, "%.7g", RNN_NGRAM_PROB (table, record)));
  for (guint i = 0; i < table->order; i++) {
    g_string_append_c (line, i == 0 ? '\t' : ' ');
    g_string_append (line, ngrams->words->pdata[record[i].word]);
  }
  if (table->order < ngrams->order)
    g_string_append_printf (line, "\t%s", g_ascii_formatd (number, sizeof number, "%.7g",
            RNN_NGRAM_BACKOFF (table, record)));
  g_string_append_c (line, '\n');
  rnn_spill_write (out, line->str, line->len);
}

static void G_GNUC_PRINTF (2, 3)
write_format (RnnSpill *out, const gchar *format, ...)
{
  va_list args;
  g_autofree gchar *text = NULL;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  rnn_spill_write (out, text, strlen (text));
}

gboolean
rnn_ngrams_write_arpa (const RnnNgrams *ngrams, const gchar *path, GError **error)
{
  g_autoptr (RnnSpill) out = rnn_spill_new (error);
  GString *line = g_string_new (NULL);
  gchar *bytes = NULL;
  gsize n;

  if (out) {
    write_format (out, "\\data\\\n");
    for (guint k = 0; k < ngrams->order; k++)
      write_format (out, "ngram %u=%" G_GSIZE_FORMAT "\n", k + 1, ngrams->tables[k].n);
    for (guint k = 0; k < ngrams->order; k++) {
      write_format (out, "\n\\%u-grams:\n", k + 1);
      for (gsize i = 0; i < ngrams->tables[k].n; i++)
        write_line (out, line, ngrams, &ngrams->tables[k], rnn_ngram_table_get (&ngrams->tables[k], i));
    }
    write_format (out, "\n\\end\\\n");
    bytes = rnn_spill_map (out, &n, error);
  }
  g_string_free (line, TRUE);
  return bytes && rnn_file_replace (path, bytes, n, error);
}
