/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as bytes. */
#include "file.h"
#include "error.h"

GBytes *
rnn_file_map (const gchar *path, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autoptr (GMappedFile) mapped = g_mapped_file_new (path, FALSE, &reason);

  if (mapped)
    return g_mapped_file_get_bytes (mapped);
  if (g_error_matches (reason, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: there is no such file", path);
  else if (g_file_test (path, G_FILE_TEST_IS_DIR))
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: it is a directory", path);
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: %s", path, reason->message);
  return NULL;
}

#define MAX_LINKS 40

gchar *
rnn_file_resolve (const gchar *path)
{
  gchar *target = g_strdup (path);

  for (gint i = 0; i < MAX_LINKS; i++) {
    g_autofree gchar *link = g_file_read_link (target, NULL), *folder = g_path_get_dirname (target);
    gchar *next;

    if (!link)
      break;
    next = g_path_is_absolute (link) ? g_steal_pointer (&link) : g_build_filename (folder, link, NULL);
    g_free (target);
    target = next;
  }
  return target;
}

gboolean
rnn_file_replace (const gchar *path, const gchar *bytes, gsize n, GError **error)
{
  g_autoptr (GError) reason = NULL;
  g_autofree gchar *target = rnn_file_resolve (path);

  if (g_file_test (target, G_FILE_TEST_EXISTS) && !g_file_test (target, G_FILE_TEST_IS_REGULAR))
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: not written: it is no file", path);
  else if (g_file_set_contents_full (target, bytes, (gssize) n,
          G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &reason))
    return TRUE;
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be written: %s", path, reason->message);
  return FALSE;
}
