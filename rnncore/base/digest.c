/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FNV-1a over words of eight bytes, with the upper bits folded back: d = (d ^ w) p; d ^= d >> 29.  Each step is one-to-one in
 * the digest and in the word, so a change of one word is never missed. */
#include "digest.h"
#include <stdlib.h>
#include <string.h>

#define PRIME G_GUINT64_CONSTANT (0x100000001b3)

static inline guint64
take (guint64 digest, guint64 word)
{
  digest = (digest ^ word) * PRIME;
  return digest ^ (digest >> 29);
}

guint64
rnn_digest_bytes (guint64 digest, gconstpointer data, gsize n)
{
  const guint8 *p = data;
  guint64 word;

  for (; n >= sizeof (word); n -= sizeof (word), p += sizeof (word)) {
    memcpy (&word, p, sizeof (word));
    digest = take (digest, word);
  }
  for (; n > 0; n--)
    digest = take (digest, *p++);
  return digest;
}

guint64
rnn_digest_json (guint64 digest, const json_t *json)
{
  gchar *text = json ? json_dumps (json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;

  digest = text ? rnn_digest_bytes (digest, text, strlen (text)) : take (digest, 0);
  free (text);
  return digest;
}

gchar *
rnn_digest_to_text (guint64 digest)
{
  return g_strdup_printf ("%016" G_GINT64_MODIFIER "x", digest);
}
