/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a table that comes in pieces, and any text as the names of its columns (up to the first NUL): rows or an error,
 * and the same rows whatever the pieces. */
#include "../fuzz.h"
#include <string.h>
#include "base/digest.h"
#include "forecast/series-reader.h"

#define MOST 4096               /* bytes: longer tables only cost time here */

static guint64
take (RnnSeriesReader *reader, guint64 digest, gboolean *good)
{
  const RnnSeriesRow *row;
  GError *error = NULL;

  while (*good && (row = rnn_series_reader_next (reader, &error))) {
    digest = rnn_digest_bytes (digest, &row->time, sizeof (row->time));
    digest = rnn_digest_bytes (digest, row->values, rnn_series_reader_get_n_values (reader) * sizeof (gfloat));
  }
  *good &= !error;
  g_clear_error (&error);
  return digest;
}

static guint64
read_in_pieces (const RnnSeriesFormat *format, const gchar *bytes, gsize n, gsize piece)
{
  g_autoptr (RnnSeriesReader) reader = rnn_series_reader_new (format, "fuzz.csv");
  guint64 digest = RNN_DIGEST_START;
  gboolean good = TRUE;

  for (gsize at = 0; at < n && good; at += piece) {
    rnn_series_reader_push (reader, bytes + at, MIN (piece, n - at));
    digest = take (reader, digest, &good);
  }
  rnn_series_reader_finish (reader);
  digest = take (reader, digest, &good);
  return good ? digest : 0;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  const guint8 *end = n ? memchr (data, 0, n) : NULL;
  g_autofree gchar *columns = end ? g_strndup ((const gchar *) data, (gsize) (end - data)) : NULL;
  const RnnSeriesFormat format = { .values = columns && *columns ? columns : NULL, .lenient = n % 2 };
  const gchar *table = (const gchar *) (end ? end + 1 : data);
  gsize size = n - (gsize) ((const guint8 *) table - data);

  if (n && size <= MOST)
    g_assert (read_in_pieces (&format, table, size, MOST) == read_in_pieces (&format, table, size, 3));
  return 0;
}
