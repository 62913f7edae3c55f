/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a table that comes in pieces, and any text up to the first NUL as the names of its columns: a line of values, one of categories,
 * the series' id.  Rows or an error, and the same rows whatever the pieces. */
#include "../fuzz.h"
#include <string.h>
#include "base/digest.h"
#include "forecast/series-reader.h"

#define MOST 4096               /* bytes: longer tables only cost time here */

static guint64
take_text (guint64 digest, const gchar *text)
{
  return text ? rnn_digest_bytes (digest, text, strlen (text) + 1) : digest;
}

static guint64
take (RnnSeriesReader *reader, guint64 digest, gboolean *good)
{
  const RnnSeriesRow *row;
  GError *error = NULL;

  while (*good && (row = rnn_series_reader_next (reader, &error))) {
    digest = rnn_digest_bytes (digest, &row->time, sizeof (row->time));
    digest = rnn_digest_bytes (digest, row->values, rnn_series_reader_get_n_values (reader) * sizeof (gfloat));
    digest = take_text (digest, row->id);
    for (guint i = 0; row->categories && row->categories[i]; i++)
      digest = take_text (digest, row->categories[i]);
    digest = take_text (digest, *rnn_series_reader_get_names (reader));
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

/* NULL: it is not there, or empty */
static const gchar *
line_of (GStrv lines, guint i)
{
  return i < g_strv_length (lines) && *lines[i] ? lines[i] : NULL;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  const guint8 *end = n ? memchr (data, 0, n) : NULL;
  g_autofree gchar *text = end ? g_strndup ((const gchar *) data, (gsize) (end - data)) : g_strdup ("");
  g_auto (GStrv) lines = g_strsplit (text, "\n", 3);
  const RnnSeriesFormat format = { .values = line_of (lines, 0), .categories = line_of (lines, 1), .id = line_of (lines, 2), .lenient = n % 2 };
  const gchar *table = (const gchar *) (end ? end + 1 : data);
  gsize size = n - (gsize) ((const guint8 *) table - data);

  if (n && size <= MOST)
    g_assert (read_in_pieces (&format, table, size, MOST) == read_in_pieces (&format, table, size, 3));
  return 0;
}
