/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reader of corpus manifests. */
#include "manifest.h"
#include "error.h"
#include "file.h"
#include <string.h>

#define MAX_LINE 65536

static void
row_free (gpointer data)
{
  RnnManifestRow *row = data;

  g_free (row->given);
  g_free (row->path);
  g_free (row->speaker);
  g_free (row->text);
  g_free (row);
}

/* What is wrong with the line, or NULL. */
static const gchar *
find_fault (const gchar *line, gsize n)
{
  if (n > MAX_LINE)
    return "the line is longer than " G_STRINGIFY (MAX_LINE) " bytes";
  if (!g_utf8_validate_len (line, n, NULL))
    return "the line is not UTF-8 text";
  if (*line == '\t')
    return "the path is empty";
  return NULL;
}

static RnnManifestRow *
row_new (gchar **columns, const gchar *folder, guint line)
{
  RnnManifestRow *row = g_new (RnnManifestRow, 1);
  gboolean has_speaker = columns[2] != NULL;

  row->given = g_strdup (columns[0]);
  row->path = g_path_is_absolute (row->given) ? g_strdup (row->given) : g_build_filename (folder, row->given, NULL);
  row->speaker = g_strdup (has_speaker ? columns[1] : "");
  row->text = g_strdup (columns[has_speaker ? 2 : 1]);
  row->line = line;
  return row;
}

/* Adds the row of one line of @n bytes, if it holds one. */
static gboolean
parse_line (GPtrArray *rows, const gchar *bytes, gsize n, const gchar *folder, const gchar *where, guint line,
    GError **error)
{
  const gchar *fault;
  g_autofree gchar *text = NULL;
  g_auto (GStrv) columns = NULL;

  if (n > 0 && bytes[n - 1] == '\r')
    n--;
  if (n == 0 || *bytes == '#')
    return TRUE;
  fault = find_fault (bytes, n);
  if (!fault) {
    guint n_columns;

    text = g_strndup (bytes, n);
    columns = g_strsplit (text, "\t", -1);
    n_columns = g_strv_length (columns);
    if (n_columns < 2 || n_columns > 3)
      fault = "expected path<TAB>text or path<TAB>speaker<TAB>text";
  }
  if (fault) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", where, line, fault);
    return FALSE;
  }
  g_ptr_array_add (rows, row_new (columns, folder, line));
  return TRUE;
}

GPtrArray *
rnn_manifest_parse (const gchar *text, gsize n, const gchar *where, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  g_autofree gchar *folder = g_path_get_dirname (where);
  const gchar *end = text + n;

  if (n >= 3 && !memcmp (text, "\xef\xbb\xbf", 3))     /* byte order mark */
    text += 3;
  for (guint line = 1; text < end; line++) {
    const gchar *newline = memchr (text, '\n', end - text);

    if (!parse_line (rows, text, (newline ? newline : end) - text, folder, where, line, error))
      return NULL;
    text = newline ? newline + 1 : end;
  }
  return g_steal_pointer (&rows);
}

GPtrArray *
rnn_manifest_load (const gchar *path, GError **error)
{
  g_autoptr (GBytes) bytes = rnn_file_map (path, error);
  gconstpointer text;
  gsize n;

  if (!bytes)
    return NULL;
  text = g_bytes_get_data (bytes, &n);
  return rnn_manifest_parse (text ? text : "", n, path, error);
}
