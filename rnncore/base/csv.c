/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bytes -> records -> fields.
 *
 * A record ends at the first line end with an even number of quotes before it, so it is cut off before its fields are
 * looked at; quoted fields are then unquoted in place. */
#include "csv.h"
#include "error.h"
#include <string.h>

#define MAX_RECORD (1 << 20)    /* bytes */
#define MAX_FIELDS 65536

struct _RnnCsv {
  gchar *where;
  gchar separator;              /* 0: not found yet */
  gchar decimal;
  gboolean begun, finished;
  gchar *bytes;
  gsize capacity, start, end;   /* of bytes: [start, end) is to be read */
  gsize scanned;                /* [start, scanned) holds no whole record ... */
  gboolean in_quotes;           /* ... and an odd number of quotes */
  guint64 line, next_line;      /* of the last record, and of bytes[start] */
  GArray *fields;               /* of RnnCsvField */
};

RnnCsv *
rnn_csv_new (gchar separator, gchar decimal, const gchar *where)
{
  RnnCsv *csv = g_new0 (RnnCsv, 1);

  csv->where = g_strdup (where);
  csv->separator = separator;
  csv->decimal = decimal;
  csv->next_line = 1;
  csv->fields = g_array_new (FALSE, FALSE, sizeof (RnnCsvField));
  return csv;
}

void
rnn_csv_free (RnnCsv *csv)
{
  if (!csv)
    return;
  g_array_unref (csv->fields);
  g_free (csv->where);
  g_free (csv->bytes);
  g_free (csv);
}

guint64
rnn_csv_get_line (const RnnCsv *csv)
{
  return csv->line;
}

const gchar *
rnn_csv_get_where (const RnnCsv *csv)
{
  return csv->where;
}

void
rnn_csv_push (RnnCsv *csv, const gchar *bytes, gsize n)
{
  gsize left = csv->end - csv->start;

  if (csv->start > 0) {
    memmove (csv->bytes, csv->bytes + csv->start, left);
    csv->scanned -= csv->start;
    csv->start = 0;
    csv->end = left;
  }
  if (left + n > csv->capacity) {
    csv->capacity = MAX (left + n, 2 * csv->capacity);
    csv->bytes = g_realloc (csv->bytes, csv->capacity);
  }
  if (n > 0)
    memcpy (csv->bytes + left, bytes, n);
  csv->end += n;
}

void
rnn_csv_finish (RnnCsv *csv)
{
  csv->finished = TRUE;
}

static RnnCsvState
fail (RnnCsv *csv, GError **error, const gchar *reason)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%" G_GUINT64_FORMAT ": %s", csv->where, csv->line, reason);
  csv->start = csv->scanned = csv->end;
  return RNN_CSV_ERROR;
}

static gsize
count (const gchar *bytes, gsize n, gchar byte)
{
  gsize found = 0;

  for (const gchar *at = bytes; (at = memchr (at, byte, (gsize) (bytes + n - at))); at++)
    found++;
  return found;
}

/* Where the record that begins at start ends; FALSE: that has not come yet. */
static gboolean
find_end (RnnCsv *csv, gsize *end)
{
  while (csv->scanned < csv->end) {
    const gchar *at = csv->bytes + csv->scanned;
    gsize left = csv->end - csv->scanned;
    const gchar *newline = memchr (at, '\n', left);
    gsize n = newline ? (gsize) (newline - at) : left;

    csv->in_quotes ^= count (at, n, '"') & 1;
    csv->scanned += n + (newline != NULL);
    if (newline && !csv->in_quotes) {
      *end = csv->scanned - 1;
      return TRUE;
    }
  }
  *end = csv->end;
  return csv->finished && csv->start < csv->end;
}

static void
find_separator (RnnCsv *csv, const gchar *record, gsize n)
{
  static const gchar candidates[] = { ',', ';', '\t' };
  gsize most = 0;

  csv->separator = csv->decimal == ',' ? ';' : ',';
  for (guint i = 0; i < G_N_ELEMENTS (candidates); i++) {
    gsize found = count (record, n, candidates[i]);

    if (found > most && candidates[i] != csv->decimal) {
      most = found;
      csv->separator = candidates[i];
    }
  }
}

/* The quoted field at @at, just after its quote: unquoted in place.  Returns where it ends, or NULL. */
static gchar *
take_quoted (gchar *at, gchar *end, gchar separator, RnnCsvField *field)
{
  gchar *to = at;

  field->text = at;
  for (; at < end; at++) {
    if (*at == '"' && (at + 1 == end || at[1] != '"'))
      break;
    at += *at == '"';
    *to++ = *at;
  }
  field->n = (gsize) (to - field->text);
  if (at == end)                /* not closed: the quote is another field's */
    return NULL;
  at++;
  return at == end || *at == separator ? at : NULL;
}

/* What is wrong with the record, or NULL. */
static const gchar *
split (RnnCsv *csv, gchar *at, gchar *end)
{
  g_array_set_size (csv->fields, 0);
  for (;; at++) {
    RnnCsvField field;

    if (at < end && *at == '"') {
      at = take_quoted (at + 1, end, csv->separator, &field);
      if (!at)
        return "something follows the quote that closes a field";
    } else {
      field.text = at;
      for (; at < end && *at != csv->separator; at++);
      field.n = (gsize) (at - field.text);
    }
    if (csv->fields->len == MAX_FIELDS)
      return "more than " G_STRINGIFY (MAX_FIELDS) " fields";
    g_array_append_val (csv->fields, field);
    if (at == end)
      return NULL;
  }
}

/* Cuts the record [start, end) off. */
static void
take_record (RnnCsv *csv, gsize end, gchar **record, gsize *n)
{
  *record = csv->bytes + csv->start;
  *n = end - csv->start;
  csv->line = csv->next_line;
  csv->next_line += count (*record, MIN (*n + 1, csv->end - csv->start), '\n');
  csv->start = csv->scanned;
  csv->in_quotes = FALSE;
  if (!csv->begun && *n >= 3 && !memcmp (*record, "\xef\xbb\xbf", 3)) {
    *record += 3;
    *n -= 3;
  }
  csv->begun = TRUE;
  if (*n > 0 && (*record)[*n - 1] == '\r')
    (*n)--;
}

RnnCsvState
rnn_csv_next (RnnCsv *csv, const RnnCsvField **fields, guint *n_fields, GError **error)
{
  const gchar *fault;
  gboolean open;
  gchar *record;
  gsize end, n;

  do {
    if (!find_end (csv, &end)) {
      csv->line = csv->next_line;
      return csv->end - csv->start <= MAX_RECORD ? RNN_CSV_MORE
          : fail (csv, error, csv->in_quotes ? "a quote is not closed within 1 MiB" : "the line is longer than 1 MiB");
    }
    open = csv->in_quotes;
    take_record (csv, end, &record, &n);
  } while (n == 0);
  if (open)
    return fail (csv, error, "a quote is never closed");
  if (n > MAX_RECORD)
    return fail (csv, error, "the line is longer than 1 MiB");
  if (memchr (record, 0, n))
    return fail (csv, error, "a zero byte: this is no text");
  if (!csv->separator)
    find_separator (csv, record, n);
  if ((fault = split (csv, record, record + n)))
    return fail (csv, error, fault);
  *fields = (const RnnCsvField *) (gpointer) csv->fields->data;
  *n_fields = csv->fields->len;
  return RNN_CSV_RECORD;
}
