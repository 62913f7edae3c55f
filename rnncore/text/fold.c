/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters without a locale. */
#include "fold.h"
#include <string.h>

#define SIGMA 0x3a3
#define FINAL_SIGMA 0x3c2
#define SHARP_S 0xdf

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

/* @before: the character before it, 0 at the beginning */
static gunichar
lower (gunichar before, const gchar *p)
{
  gunichar c = g_utf8_get_char (p);

  if (c == SIGMA && g_unichar_isalpha (before) && !g_unichar_isalpha (g_utf8_get_char (g_utf8_next_char (p))))
    return FINAL_SIGMA;
  return g_unichar_tolower (c);
}

gchar *
rnn_text_fold_case (const gchar *text, RnnTextCase wanted)
{
  GString *out;
  gunichar before = 0;

  if (wanted == RNN_TEXT_CASE_ANY)
    return g_strdup (text);
  out = g_string_sized_new (strlen (text));
  for (const gchar *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (wanted == RNN_TEXT_CASE_UPPER && c == SHARP_S)
      g_string_append (out, "SS");
    else
      g_string_append_unichar (out, wanted == RNN_TEXT_CASE_UPPER ? g_unichar_toupper (c) : lower (before, p));
    before = c;
  }
  return g_string_free (out, FALSE);
}

const gchar *
rnn_text_next_unit (const gchar *p)
{
  if (!*p)
    return p;
  do
    p = g_utf8_next_char (p);
  while (g_unichar_ismark (g_utf8_get_char (p)));
  return p;
}

gchar *
rnn_text_excerpt (const gchar *text, const gchar *at, gsize room)
{
  const gchar *from = text, *to = text + strlen (text);

  if ((gsize) (to - text) <= room)
    return g_strdup (text);
  if ((gsize) (at - text) > room / 2)
    from = at - room / 2;
  if ((gsize) (to - from) > room)
    to = from + room;
  while ((*from & 0xc0) == 0x80)
    from++;
  while ((*to & 0xc0) == 0x80)
    to--;
  return g_strdup_printf ("%s%.*s%s", from > text ? "\u2026" : "", (gint) (to - from), from, *to ? "\u2026" : "");
}

gboolean
rnn_text_is_control (gunichar c)
{
  return g_unichar_iscntrl (c) || c == 0x2028 || c == 0x2029   /* line and paragraph separator */
      || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

gchar *
rnn_text_escape (const gchar *text)
{
  g_autofree gchar *valid = g_utf8_make_valid (text, -1);
  GString *out = g_string_sized_new (strlen (valid));

  for (const gchar *p = valid; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p);

    if (rnn_text_is_control (c))
      g_string_append_printf (out, "\\u{%X}", c);
    else
      g_string_append_unichar (out, c);
  }
  return g_string_free (out, FALSE);
}
