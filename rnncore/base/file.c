/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files as bytes. */
#include "file.h"
#include "error.h"
#include <stdlib.h>

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

gboolean
rnn_file_replace (const gchar *path, const gchar *bytes, gsize n, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gchar *target = realpath (path, NULL);
  gboolean good = FALSE;

  if (target && !g_file_test (target, G_FILE_TEST_IS_REGULAR))
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: not written: it is no file", path);
  else if (!(good = g_file_set_contents_full (target ? target : path, bytes, (gssize) n,
              G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666, &reason)))
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be written: %s", path, reason->message);
  free (target);
  return good;
}
