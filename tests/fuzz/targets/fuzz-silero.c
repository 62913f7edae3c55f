/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what the reader "silero" takes: refused, or tensors.  A header with nothing behind it gets as many zeros as the network has
 * weights, so that no seed is a megabyte. */
#include "../fuzz.h"
#include <string.h>
#include "model/reader.h"

#define WEIGHTS 309633          /* floats */

static GBytes *
complete (const guint8 *data, gsize n)
{
  guint64 header;
  guint8 *whole;

  if (n < 8 || (memcpy (&header, data, 8), header != n - 8))
    return g_bytes_new_static (data, n);
  whole = g_malloc0 (n + WEIGHTS * sizeof (gfloat));
  memcpy (whole, data, n);
  return g_bytes_new_take (whole, n + WEIGHTS * sizeof (gfloat));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = complete (data, n);
  g_auto (RnnImport) import = { .tensors = rnn_tensors_new ("fuzz") };
  const RnnReader *reader = rnn_reader_find ("silero");

  if (reader->is_mine (data, n))
    reader->read (bytes, "fuzz", &import, NULL);
  return 0;
}
