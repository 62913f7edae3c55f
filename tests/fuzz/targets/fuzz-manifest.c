/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a manifest: refused, or every row is whole and valid text. */
#include "../fuzz.h"
#include "base/manifest.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GPtrArray) rows = rnn_manifest_parse ((const gchar *) data, n, "fuzz/m.tsv", NULL);

  for (guint i = 0; rows && i < rows->len; i++) {
    const RnnManifestRow *row = rows->pdata[i];

    g_assert (*row->path && *row->given && row->line > 0);
    g_assert (g_utf8_validate (row->speaker, -1, NULL) && g_utf8_validate (row->text, -1, NULL));
  }
  return 0;
}
