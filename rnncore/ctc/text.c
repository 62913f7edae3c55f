/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Folding of white space, which token tables and error rates share. */
#include "text.h"

gchar *
rnn_text_fold_spaces (const gchar *text, const gchar *between)
{
  GString *out = g_string_new (NULL);
  gboolean due = FALSE, begun = FALSE;

  for (const gchar *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (g_unichar_isspace (c)) {
      due = begun;
      continue;
    }
    if (due)
      g_string_append (out, between);
    g_string_append_unichar (out, c);
    due = FALSE;
    begun = TRUE;
  }
  return g_string_free (out, FALSE);
}
