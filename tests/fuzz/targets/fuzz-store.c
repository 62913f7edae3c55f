/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a data set in a file: refused, or every frame can be read.  The check sum is made right first. */
#include "../fuzz.h"
#include "train/store.h"
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER 128
#define N_FEATURE 2

static gchar *
write_file (const guint8 *data, gsize n)
{
  g_autofree guint8 *bytes = g_memdup2 (data, n);
  guint64 index = 0, check = 0;
  gchar *path = NULL;
  gint fd = g_file_open_tmp ("fuzz-store-XXXXXX", &path, NULL);

  if (n >= HEADER) {
    memcpy (&index, bytes + 32, sizeof (index));
    for (gsize i = index; i < n; i++)
      check = (check ^ bytes[i]) * 0x100000001b3u;
    memcpy (bytes + 56, &check, sizeof (check));
  }
  g_assert (write (fd, bytes, n) == (gssize) n);
  close (fd);
  return path;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autofree gchar *path = write_file (data, n), *notes = NULL;
  g_autofree gchar *digest = n >= HEADER ? g_strndup ((gchar *) data + 64, 64) : NULL;
  RnnDataset *dataset = rnn_dataset_load (path, N_FEATURE, digest ? digest : "", &notes, NULL);
  RnnBuffer room = { 0 };
  gdouble sum = 0;

  for (guint i = 0; dataset && i < dataset->examples->len; i++) {
    const RnnExample *example = RNN_EXAMPLE (dataset, i);
    const gfloat *frames = rnn_dataset_read (dataset, example, &room);

    for (gsize j = 0; j < (gsize) example->n_frames * N_FEATURE; j++)
      sum += frames[j];
    for (guint k = 0; k < example->n_texts; k++)
      for (gint j = 0; j < example->texts[k].n; j++)
        sum += example->texts[k].ids[j];
  }
  rnn_buffer_clear (&room);
  rnn_dataset_free (dataset);
  g_unlink (path);
  return sum == -0.5;
}
