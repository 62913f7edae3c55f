/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The temporary folder of a test program. */
#pragma once
#include <glib/gstdio.h>

/* With the files in it; frees the name. */
static inline void
remove_folder (gchar *folder)
{
  GDir *dir = g_dir_open (folder, 0, NULL);
  const gchar *name;

  while ((name = g_dir_read_name (dir))) {
    g_autofree gchar *path = g_build_filename (folder, name, NULL);

    g_unlink (path);
  }
  g_dir_close (dir);
  g_rmdir (folder);
  g_free (folder);
}
