/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a pronouncing dictionary: refused, or whatever it pronounces is made of the table's tokens. */
#include "../fuzz.h"
#include "text/pronunciations.h"

static const gchar *const phones[] = { "<blank>", "AH", "B", "K", "S", NULL };

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize n)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, n);
  g_autoptr (RnnTokens) tokens = rnn_tokens_new (phones, 0, NULL);
  g_autoptr (RnnPronunciations) p = rnn_pronunciations_parse (bytes, tokens, "fuzz.dict", NULL);
  g_autoptr (GArray) ids = p ? rnn_pronunciations_encode (p, "a bus back") : NULL;

  for (guint i = 0; ids && i < ids->len; i++)
    g_assert (g_array_index (ids, gint, i) > 0 && g_array_index (ids, gint, i) < 5);
  return 0;
}
