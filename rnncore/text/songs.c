/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is sung in subtitles, and nobody speaks: from a note (or several) to the next.  Where songs are never closed, every line
 * has a note of its own, or the first one alone; another speaker ends them.  British subtitles have number signs: "# La la #". */
#include "rules.h"
#include <string.h>

static const gchar *const notes[] = { "\u2669", "\u266a", "\u266b", "\u266c" };

/* "# La" begins a line and a song, " #" ends both; "#1", "C#" and "# 1" are something else. */
static const gchar *
skip_number_sign (const gchar *p, const gchar *line, gboolean singing)
{
  const gchar *past = p + 1;

  if (*p != '#')
    return NULL;
  if (p == line && *past == ' ' && !g_ascii_isdigit (past[1]))
    return past;
  past += strspn (past, " .\r");
  return singing && p > line && p[-1] == ' ' && (*past == '\n' || !*past) ? past : NULL;
}

static const gchar *
skip_note (const RnnSpeller *speller, const gchar *p)
{
  for (guint i = 0; i < G_N_ELEMENTS (notes); i++)
    if (g_str_has_prefix (p, notes[i]) && !rnn_speller_has (speller, notes[i]))
      return p + strlen (notes[i]);
  return NULL;
}

/* Past the sign of music at @p in @line, or NULL. */
static const gchar *
skip_sign (const RnnSpeller *speller, const gchar *p, const gchar *line, gboolean singing)
{
  const gchar *next = skip_note (speller, p), *past;

  if (!next)
    return rnn_speller_has (speller, "#") ? NULL : skip_number_sign (p, line, singing);
  while ((past = skip_note (speller, next)))
    next = past;
  return next;
}

/* What is spoken of [line, end), and whether the song goes on after it. */
static gboolean
take_line (const RnnSpeller *speller, const gchar *line, const gchar *end, gboolean singing, GString *out)
{
  for (const gchar *p = line, *next; p < end; p = next) {
    next = skip_sign (speller, p, line, singing);
    if (next) {
      g_string_append_c (out, ' ');
      singing = !singing || p == line;
    } else {
      next = p + 1;
      if (!singing || *p == '\n')
        g_string_append_c (out, *p);
    }
  }
  return singing;
}

gchar *
rnn_text_rule_songs (const RnnSpeller *speller, const gchar *text)
{
  GString *out = g_string_sized_new (strlen (text));
  gboolean singing = FALSE;

  for (const gchar *line = text, *end; *line; line = end) {
    const gchar *said = rnn_text_skip_speaker (line);

    end = strchr (line, '\n');
    end = end ? end + 1 : line + strlen (line);
    singing = singing && said == line + strspn (line, " \t");
    g_string_append_len (out, line, said - line);
    singing = take_line (speller, said, end, singing, out);
  }
  return g_string_free (out, FALSE);
}
