/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of time series out of text tables: which columns, what they mean.  A stream: bytes in, rows out. */
#pragma once
#include "../base/api.h"
#include "calendar.h"

RNN_API_BEGIN

/* Columns are given by their name in the header or by their number, from 1. */
typedef struct {
  const gchar *time;            /* NULL: the column called time, date, datetime, timestamp or ds, if there is one; "": none */
  const gchar *id;              /* of the series that a row belongs to; NULL: all rows are one series */
  const gchar *values;          /* "OT" or "HUFL,HULL"; NULL: all that are left */
  const gchar *categories;      /* "shop,region": texts that are the same in all rows of a series; NULL: none */
  gchar separator;              /* 0: found in the first line */
  gchar decimal;                /* 0: '.' */
  gboolean no_header;
  RnnEpochUnit epoch;
  gboolean lenient;             /* what is no finite float is missing, not an error */
} RnnSeriesFormat;

typedef struct {
  gint64 time;                  /* RNN_TIME_NONE: there is no such column */
  const gchar *id;              /* or NULL */
  const gfloat *values;         /* [n_values], NAN: missing */
  const gchar *const *categories;       /* as the format lists them, NULL-terminated; or NULL */
  guint64 line;                 /* from 1 */
} RnnSeriesRow;

typedef struct _RnnSeriesReader RnnSeriesReader;

/* @format may be NULL.  @where names the table in messages. */
RnnSeriesReader *rnn_series_reader_new  (const RnnSeriesFormat *format, const gchar *where);
void             rnn_series_reader_free (RnnSeriesReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSeriesReader, rnn_series_reader_free)

void rnn_series_reader_push   (RnnSeriesReader *reader, const gchar *bytes, gsize n);
void rnn_series_reader_finish (RnnSeriesReader *reader);        /* no more bytes will come */

/* The next row, valid until the next call.  NULL: bytes are needed, after finish no row is left, or @error is set
 * ("FILE:LINE: column OT: ..."): a column that is not there, a row with more or fewer fields than the header, a field that is
 * no number or no time, a category that changes within a series; after finish also a table without rows. */
const RnnSeriesRow *rnn_series_reader_next (RnnSeriesReader *reader, GError **error);

/* Known once there was a row, or the header has been read; transfer none. */
guint               rnn_series_reader_get_n_values (RnnSeriesReader *reader);
const gchar *const *rnn_series_reader_get_names (RnnSeriesReader *reader);      /* [n_values], NULL-terminated, or NULL */

RNN_API_END
