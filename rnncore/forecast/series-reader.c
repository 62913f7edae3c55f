/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records -> rows: the header says where the columns are, then every row is checked and read. */
#include "series-reader.h"
#include "../base/csv.h"
#include "../base/error.h"
#include "../base/number.h"
#include <math.h>
#include <string.h>

static const gchar *const time_names[] = { "time", "date", "datetime", "timestamp", "ds" };

struct _RnnSeriesReader {
  RnnCsv *csv;
  gchar *time, *id, **values, **categories;     /* as the format has them */
  gchar decimal;
  gboolean no_header, lenient, finished;
  RnnEpochUnit epoch;

  GPtrArray *header;            /* names of all columns; NULL: not read yet */
  gint time_column, id_column;  /* -1: none */
  GArray *columns, *category_columns;   /* gint: of the values, and of the categories */
  GPtrArray *names;             /* of the values, and NULL */
  RnnSeriesRow row;
  gfloat *row_values;
  GString *row_id;
  GHashTable *known;            /* id (or "") -> gchar **: categories of its series */
  guint64 n_rows;
};

RnnSeriesReader *
rnn_series_reader_new (const RnnSeriesFormat *format, const gchar *where)
{
  static const RnnSeriesFormat plain = { NULL };
  const RnnSeriesFormat *f = format ? format : &plain;
  RnnSeriesReader *r = g_new0 (RnnSeriesReader, 1);

  r->time = g_strdup (f->time);
  r->id = g_strdup (f->id);
  r->values = f->values ? g_strsplit (f->values, ",", -1) : NULL;
  r->categories = f->categories ? g_strsplit (f->categories, ",", -1) : NULL;
  r->decimal = f->decimal ? f->decimal : '.';
  r->csv = rnn_csv_new (f->separator, r->decimal, where);
  r->no_header = f->no_header;
  r->lenient = f->lenient;
  r->epoch = f->epoch;
  r->columns = g_array_new (FALSE, FALSE, sizeof (gint));
  r->category_columns = g_array_new (FALSE, FALSE, sizeof (gint));
  r->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_strfreev);
  r->row_id = g_string_new (NULL);
  return r;
}

void
rnn_series_reader_free (RnnSeriesReader *r)
{
  if (!r)
    return;
  rnn_csv_free (r->csv);
  g_free (r->time);
  g_free (r->id);
  g_strfreev (r->values);
  g_strfreev (r->categories);
  g_clear_pointer (&r->header, g_ptr_array_unref);
  g_clear_pointer (&r->names, g_ptr_array_unref);
  g_array_unref (r->columns);
  g_array_unref (r->category_columns);
  g_hash_table_unref (r->known);
  g_string_free (r->row_id, TRUE);
  g_free (r->row_values);
  g_free (r);
}

void
rnn_series_reader_push (RnnSeriesReader *r, const gchar *bytes, gsize n)
{
  rnn_csv_push (r->csv, bytes, n);
}

void
rnn_series_reader_finish (RnnSeriesReader *r)
{
  rnn_csv_finish (r->csv);
  r->finished = TRUE;
}

guint
rnn_series_reader_get_n_values (RnnSeriesReader *r)
{
  return r->columns->len;
}

const gchar *const *
rnn_series_reader_get_names (RnnSeriesReader *r)
{
  return r->names ? (const gchar *const *) r->names->pdata : NULL;
}

static gboolean G_GNUC_PRINTF (3, 4)
fail (RnnSeriesReader *r, GError **error, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%" G_GUINT64_FORMAT ": %s", rnn_csv_get_where (r->csv),
      rnn_csv_get_line (r->csv), reason);
  return FALSE;
}

/* What a message shows of a field */
static gchar *
show (const RnnCsvField *field)
{
  g_autofree gchar *text = g_strndup (field->text, MIN (field->n, 40)), *valid = g_utf8_make_valid (text, -1);

  return g_strescape (valid, NULL);
}

/* ---- the header ---- */

static gboolean
take_names (RnnSeriesReader *r, const RnnCsvField *fields, guint n, GError **error)
{
  guint n_numbers = 0;

  r->header = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < n; i++) {
    gdouble number;

    if (!g_utf8_validate_len (fields[i].text, fields[i].n, NULL))
      return fail (r, error, "the header is not UTF-8 text");
    n_numbers += rnn_number_parse (fields[i].text, fields[i].n, r->decimal, &number) == RNN_NUMBER_FINITE;
    g_ptr_array_add (r->header, r->no_header ? g_strdup_printf ("%u", i + 1)
        : g_strstrip (g_strndup (fields[i].text, fields[i].n)));
  }
  if (!r->no_header && 2 * n_numbers >= n && n_numbers > 0)
    return fail (r, error, "a header is expected here, not numbers (or say that there is none)");
  return TRUE;
}

/* -1: there is none, or several, which @error says */
static gint
find_column (RnnSeriesReader *r, const gchar *name, GError **error)
{
  g_autofree gchar *all = NULL;
  gint found = -1;
  guint64 number;

  for (guint i = 0; i < r->header->len; i++)
    if (!strcmp (r->header->pdata[i], name)) {
      if (found >= 0) {
        fail (r, error, "two columns are called \"%s\"; say which one by its number", name);
        return -1;
      }
      found = (gint) i;
    }
  if (found < 0 && g_ascii_string_to_unsigned (name, 10, 1, r->header->len, &number, NULL))
    found = (gint) number - 1;
  if (found < 0) {
    g_ptr_array_add (r->header, NULL);
    all = g_strjoinv (", ", (gchar **) r->header->pdata);
    g_ptr_array_set_size (r->header, (gint) r->header->len - 1);
    fail (r, error, "there is no column \"%s\" among: %.200s", name, all);
  }
  return found;
}

static gint
find_time (RnnSeriesReader *r)
{
  for (guint i = 0; i < r->header->len; i++)
    for (guint j = 0; j < G_N_ELEMENTS (time_names); j++)
      if (!g_ascii_strcasecmp (r->header->pdata[i], time_names[j]))
        return (gint) i;
  return -1;
}

static gboolean
choose_categories (RnnSeriesReader *r, GError **error)
{
  for (gint i = 0; r->categories && r->categories[i]; i++) {
    gint column = find_column (r, g_strstrip (r->categories[i]), error);

    if (column < 0)
      return FALSE;
    g_array_append_val (r->category_columns, column);
  }
  return TRUE;
}

static gboolean
is_category (const RnnSeriesReader *r, gint column)
{
  for (guint i = 0; i < r->category_columns->len; i++)
    if (g_array_index (r->category_columns, gint, i) == column)
      return TRUE;
  return FALSE;
}

static gboolean
choose_values (RnnSeriesReader *r, GError **error)
{
  gint n = (gint) r->header->len;

  for (gint i = 0; r->values ? r->values[i] != NULL : i < n; i++) {
    gint column = r->values ? find_column (r, g_strstrip (r->values[i]), error) : i;

    if (column < 0)
      return FALSE;
    if (r->values || (column != r->time_column && column != r->id_column && !is_category (r, column)))
      g_array_append_val (r->columns, column);
  }
  return r->columns->len > 0 || fail (r, error, "there is no column of values");
}

static gboolean
choose_columns (RnnSeriesReader *r, GError **error)
{
  r->time_column = r->id_column = -1;
  if (r->time && *r->time && (r->time_column = find_column (r, r->time, error)) < 0)
    return FALSE;
  if (!r->time)
    r->time_column = find_time (r);
  if (r->id && (r->id_column = find_column (r, r->id, error)) < 0)
    return FALSE;
  if (!choose_categories (r, error) || !choose_values (r, error))
    return FALSE;
  r->names = g_ptr_array_new ();
  for (guint i = 0; i < r->columns->len; i++)
    g_ptr_array_add (r->names, r->header->pdata[g_array_index (r->columns, gint, i)]);
  g_ptr_array_add (r->names, NULL);
  r->row_values = g_new (gfloat, r->columns->len);
  r->row.values = r->row_values;
  return TRUE;
}

/* ---- rows ---- */

static gboolean
read_value (RnnSeriesReader *r, const RnnCsvField *fields, guint i, GError **error)
{
  static const gchar *const faults[] = { NULL, NULL, "is larger than a float holds", "is no number" };
  gint column = g_array_index (r->columns, gint, i);
  g_autofree gchar *shown = NULL;
  gdouble value;
  RnnNumber kind = rnn_number_parse (fields[column].text, fields[column].n, r->decimal, &value);

  r->row_values[i] = (gfloat) value;
  if (kind == RNN_NUMBER_FINITE || kind == RNN_NUMBER_MISSING || r->lenient)
    return TRUE;
  shown = show (&fields[column]);
  return fail (r, error, "column %s: \"%s\" %s", (gchar *) r->header->pdata[column], shown, faults[kind]);
}

static gboolean
read_time (RnnSeriesReader *r, const RnnCsvField *fields, GError **error)
{
  g_autofree gchar *shown = NULL;

  r->row.time = RNN_TIME_NONE;
  if (r->time_column < 0)
    return TRUE;
  r->row.time = rnn_time_parse (fields[r->time_column].text, fields[r->time_column].n, r->epoch);
  if (r->row.time != RNN_TIME_NONE)
    return TRUE;
  shown = show (&fields[r->time_column]);
  return fail (r, error, "column %s: \"%s\" is no time", (gchar *) r->header->pdata[r->time_column], shown);
}

static gboolean
read_id (RnnSeriesReader *r, const RnnCsvField *fields, GError **error)
{
  if (r->id_column < 0)
    return TRUE;
  g_string_truncate (r->row_id, 0);
  g_string_append_len (r->row_id, fields[r->id_column].text, (gssize) fields[r->id_column].n);
  r->row.id = r->row_id->str;
  return g_utf8_validate_len (r->row_id->str, r->row_id->len, NULL) || fail (r, error, "column %s is not UTF-8 text",
      (gchar *) r->header->pdata[r->id_column]);
}

/* Of a series' first row */
static gchar **
take_categories (RnnSeriesReader *r, const RnnCsvField *fields)
{
  gchar **all = g_new0 (gchar *, r->category_columns->len + 1);

  for (guint i = 0; i < r->category_columns->len; i++) {
    const RnnCsvField *field = &fields[g_array_index (r->category_columns, gint, i)];
    g_autofree gchar *text = g_strndup (field->text, field->n);

    all[i] = g_utf8_make_valid (text, -1);
  }
  return all;
}

static gboolean
read_categories (RnnSeriesReader *r, const RnnCsvField *fields, GError **error)
{
  const gchar *id = r->row.id ? r->row.id : "";
  gchar **known = r->category_columns->len ? g_hash_table_lookup (r->known, id) : NULL;
  g_auto (GStrv) all = NULL;

  if (r->category_columns->len == 0)
    return TRUE;
  all = take_categories (r, fields);
  for (guint i = 0; known && known[i]; i++)
    if (strcmp (known[i], all[i])) {
      g_autofree gchar *shown = g_strescape (all[i], NULL), *before = g_strescape (known[i], NULL);

      return fail (r, error, "column %s: \"%.40s\", but \"%.40s\" in the series' first row: a category is of a whole series",
          (gchar *) r->header->pdata[g_array_index (r->category_columns, gint, i)], shown, before);
    }
  if (!known) {
    known = g_steal_pointer (&all);
    g_hash_table_insert (r->known, g_strdup (id), known);
  }
  r->row.categories = (const gchar *const *) known;
  return TRUE;
}

static gboolean
read_row (RnnSeriesReader *r, const RnnCsvField *fields, guint n, GError **error)
{
  if (n != r->header->len)
    return fail (r, error, "%u fields, but %u columns", n, r->header->len);
  if (!read_time (r, fields, error) || !read_id (r, fields, error) || !read_categories (r, fields, error))
    return FALSE;
  for (guint i = 0; i < r->columns->len; i++)
    if (!read_value (r, fields, i, error))
      return FALSE;
  r->row.line = rnn_csv_get_line (r->csv);
  r->n_rows++;
  return TRUE;
}

const RnnSeriesRow *
rnn_series_reader_next (RnnSeriesReader *r, GError **error)
{
  const RnnCsvField *fields;
  RnnCsvState state;
  guint n;

  while ((state = rnn_csv_next (r->csv, &fields, &n, error)) == RNN_CSV_RECORD) {
    gboolean is_header = !r->header && !r->no_header;

    if (!r->header && (!take_names (r, fields, n, error) || !choose_columns (r, error)))
      return NULL;
    if (!is_header)
      return read_row (r, fields, n, error) ? &r->row : NULL;
  }
  if (state == RNN_CSV_MORE && r->finished && r->n_rows == 0)
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: there are no rows of values", rnn_csv_get_where (r->csv));
  return NULL;
}
