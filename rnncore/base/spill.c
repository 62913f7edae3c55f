/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A temporary file, unlinked as soon as it is open. */
#include "spill.h"
#include "error.h"
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

struct _RnnSpill {
  FILE *file;
  gpointer map;                 /* NULL: nothing mapped */
  gsize n_mapped, n;
  gint failure;                 /* errno of the first write that failed */
};

RnnSpill *
rnn_spill_new (GError **error)
{
  g_autofree gchar *path = g_build_filename (g_get_tmp_dir (), "rnncore-XXXXXX", NULL);
  gint fd = g_mkstemp (path);
  FILE *file = fd >= 0 ? fdopen (fd, "w+b") : NULL;
  RnnSpill *spill;

  if (!file) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: no temporary file: %s", path, g_strerror (errno));
    return NULL;
  }
  unlink (path);
  spill = g_new0 (RnnSpill, 1);
  spill->file = file;
  return spill;
}

static void
unmap (RnnSpill *spill)
{
  if (spill->map)
    munmap (spill->map, spill->n_mapped);
  spill->map = NULL;
}

void
rnn_spill_free (RnnSpill *spill)
{
  if (!spill)
    return;
  unmap (spill);
  fclose (spill->file);
  g_free (spill);
}

void
rnn_spill_write (RnnSpill *spill, gconstpointer bytes, gsize n)
{
  if (fwrite (bytes, 1, n, spill->file) != n && !spill->failure)
    spill->failure = errno;
  spill->n += n;
}

gpointer
rnn_spill_map (RnnSpill *spill, gsize *n, GError **error)
{
  static gchar nothing[1];

  if (fflush (spill->file) != 0 && !spill->failure)
    spill->failure = errno;
  if (n)
    *n = spill->n;
  unmap (spill);
  if (!spill->failure && spill->n == 0)
    return nothing;
  if (!spill->failure) {
    spill->map = mmap (NULL, spill->n, PROT_READ | PROT_WRITE, MAP_SHARED, fileno (spill->file), 0);
    spill->n_mapped = spill->n;
    if (spill->map != MAP_FAILED)
      return spill->map;
    spill->failure = errno;
    spill->map = NULL;
  }
  g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "temporary file in %s: %s", g_get_tmp_dir (),
      g_strerror (spill->failure));
  return NULL;
}
