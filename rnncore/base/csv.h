/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of text as a stream: bytes are pushed, records pulled, memory is that of the longest record.
 *
 * RFC 4180 with `,`, `;` or tab between fields: "quoted fields" may hold separators, line ends and "" for a quote.  Lines
 * end with LF or CR LF, a byte order mark and empty lines do not count. */
#pragma once
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const gchar *text;            /* not terminated */
  gsize n;
} RnnCsvField;

typedef struct _RnnCsv RnnCsv;

typedef enum { RNN_CSV_RECORD, RNN_CSV_MORE, RNN_CSV_ERROR } RnnCsvState;

/* @separator 0: that of `,`, `;` and tab which is most frequent in the first record, but not @decimal, which stands in
 * numbers.  @where names the table in messages. */
RnnCsv *rnn_csv_new  (gchar separator, gchar decimal, const gchar *where);
void    rnn_csv_free (RnnCsv *csv);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnCsv, rnn_csv_free)

/* @bytes are copied.  What rnn_csv_next() returned is gone. */
void    rnn_csv_push   (RnnCsv *csv, const gchar *bytes, gsize n);
void    rnn_csv_finish (RnnCsv *csv);           /* no more bytes will come: the last line needs no end */

/* The next record (valid until the next call); MORE: bytes are needed, or after finish there are no more records.  Errors
 * name the line: bytes that are no text, a record over 1 MiB or 65536 fields, a quote that is never closed. */
RnnCsvState rnn_csv_next (RnnCsv *csv, const RnnCsvField **fields, guint *n_fields, GError **error);
guint64 rnn_csv_get_line (const RnnCsv *csv);   /* of the last record's beginning, from 1 */
const gchar *rnn_csv_get_where (const RnnCsv *csv);

G_END_DECLS
