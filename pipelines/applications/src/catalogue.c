/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A .mo file: words of 32 bits: magic, revision, n, offsets of two tables of n (length, offset), one of messages, one of their
 * translations; each text is followed by a 0, and may hold others: behind a 0 the plural, before a 4 its context. */
#include "catalogue.h"
#include <string.h>

#define MAGIC 0x950412de

typedef struct {
  const gchar *bytes;
  gsize size;
  gboolean swapped;
} File;

static guint32
word_at (const File *f, gsize offset)
{
  guint32 word;

  memcpy (&word, f->bytes + offset, sizeof (word));
  return f->swapped ? GUINT32_SWAP_LE_BE (word) : word;
}

/* Text i of the table, or NULL if that is not whole. */
static const gchar *
text_at (const File *f, gsize table, guint32 i)
{
  gsize entry = table + (gsize) i * 8, length, offset;

  if (entry + 8 > f->size)
    return NULL;
  length = word_at (f, entry);
  offset = word_at (f, entry + 4);
  if (offset >= f->size || length >= f->size - offset || f->bytes[offset + length])
    return NULL;
  return f->bytes + offset;
}

gboolean
catalogue_read (const gchar *path, void (*found) (const gchar *message, const gchar *translation, gpointer data), gpointer data,
    GError **error)
{
  g_autofree gchar *bytes = NULL;
  File f = { NULL };

  if (!g_file_get_contents (path, &bytes, &f.size, error))
    return FALSE;
  f.bytes = bytes;
  f.swapped = f.size >= 20 && word_at (&f, 0) == GUINT32_SWAP_LE_BE (MAGIC);
  if (f.size < 20 || word_at (&f, 0) != MAGIC) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: no catalogue of messages (.mo)", path);
    return FALSE;
  }
  for (guint32 i = 0, n = word_at (&f, 8); i < n; i++) {
    const gchar *message = text_at (&f, word_at (&f, 12), i), *translation = text_at (&f, word_at (&f, 16), i);
    const gchar *context = message ? strchr (message, 4) : NULL;

    if (!message || !translation) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: message %u is not whole", path, i);
      return FALSE;
    }
    /* the empty one has the header; some old catalogues are in other charsets */
    if (*message && *translation && g_utf8_validate (message, -1, NULL) && g_utf8_validate (translation, -1, NULL))
      found (context ? context + 1 : message, translation, data);
  }
  return TRUE;
}
