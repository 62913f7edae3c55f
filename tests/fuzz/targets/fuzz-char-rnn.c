/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what the reader "char-rnn" takes: refused, or tensors.  Beside them are files of 1 to 128 floats, called by their number, and
 * the names of five characters. */
#include "../fuzz.h"
#include <glib/gstdio.h>
#include <stdlib.h>
#include "model/reader.h"

#define FILES 128

static gchar *folder;

static void
write_file (const gchar *name, const gchar *bytes, gsize n)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, bytes, (gssize) n, NULL));
}

static void
each_file (void (*what) (const gchar *name, gsize n))
{
  for (gsize i = 1; i <= FILES; i++) {
    g_autofree gchar *name = g_strdup_printf ("%" G_GSIZE_FORMAT, i);

    what (name, i);
  }
}

static void
write_floats (const gchar *name, gsize n)
{
  static const gchar zeros[FILES * sizeof (gfloat)];

  write_file (name, zeros, n * sizeof (gfloat));
}

static void
remove_file (const gchar *name, gsize n)
{
  g_autofree gchar *path = g_build_filename (folder, name, NULL);

  g_unlink (path);
}

static void
remove_folder (void)
{
  each_file (remove_file);
  remove_file ("vocab.json", 0);
  g_rmdir (folder);
  g_free (folder);
}

static void
make_folder (void)
{
  static const gchar vocabulary[] = "{\"a\": 0, \"\": 1, \"  \": 2, \"b\": 3, \"c\": 4, \"d\": -1}";

  folder = g_dir_make_tmp ("rnn-fuzz-XXXXXX", NULL);
  g_assert_nonnull (folder);
  each_file (write_floats);
  write_file ("vocab.json", vocabulary, sizeof vocabulary - 1);
  atexit (remove_folder);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, n);
  g_auto (RnnImport) import = { .tensors = rnn_tensors_new ("fuzz") };
  const RnnReader *reader = rnn_reader_find ("char-rnn");
  g_autofree gchar *where = NULL;

  if (!folder)
    make_folder ();
  where = g_build_filename (folder, "manifest.json", NULL);
  if (reader->is_mine (data, n))
    reader->read (bytes, where, &import, NULL);
  return 0;
}
