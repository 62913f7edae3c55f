/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Text files as sentences, read line by line. */
#include "sentences.h"
#include "../base/error.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LONGEST_LINE (1 << 20)

static gboolean
bad_line (const gchar *path, guint line, const gchar *reason, GError **error)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s:%u: %s", path, line, reason);
  return FALSE;
}

/* Puts the words of @line, which is cut into them, into @words. */
static void
split (gchar *line, GPtrArray *words)
{
  g_ptr_array_set_size (words, 0);
  for (gchar *word = line + strspn (line, " \t\r\n\f\v"); *word;) {
    gsize n = strcspn (word, " \t\r\n\f\v");
    gchar *rest = word + n;

    g_ptr_array_add (words, word);
    if (*rest)
      *rest++ = '\0';
    word = rest + strspn (rest, " \t\r\n\f\v");
  }
}

static gboolean
each_line (const gchar *path, FILE *file, gchar *line, RnnSentenceFunc func, gpointer data, GError **error)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (guint number = 1; fgets (line, LONGEST_LINE, file); number++) {
    if (!strchr (line, '\n') && !feof (file))
      return bad_line (path, number, "a line of a megabyte, or a zero byte: this is no text", error);
    if (!g_utf8_validate (line, -1, NULL))
      return bad_line (path, number, "not UTF-8", error);
    split (line, words);
    func ((gchar **) words->pdata, words->len, data);
  }
  if (ferror (file)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_IO, "%s: cannot be read: %s", path, g_strerror (errno));
    return FALSE;
  }
  return TRUE;
}

gboolean
rnn_sentences_each (const gchar *const *paths, RnnSentenceFunc func, gpointer data, GError **error)
{
  g_autofree gchar *line = g_malloc (LONGEST_LINE);

  for (; *paths; paths++) {
    FILE *file = fopen (*paths, "rb");
    gboolean good;

    if (!file) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: %s", *paths, g_strerror (errno));
      return FALSE;
    }
    good = each_line (*paths, file, line, func, data, error);
    fclose (file);
    if (!good)
      return FALSE;
  }
  return TRUE;
}
