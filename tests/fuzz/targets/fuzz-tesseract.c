/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as what the reader "tesseract" takes: refused, or tensors. */
#include "../fuzz.h"
#include "model/reader.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, n);
  g_auto (RnnImport) import = { .tensors = rnn_tensors_new ("fuzz") };
  const RnnReader *reader = rnn_reader_find ("tesseract");

  if (reader->is_mine (data, n))
    reader->read (bytes, "fuzz", &import, NULL);
  return 0;
}
