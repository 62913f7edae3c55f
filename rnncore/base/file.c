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
  else
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: %s", path, reason->message);
  return NULL;
}
