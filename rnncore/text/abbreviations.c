/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* English abbreviations, as they are read out.  They end where the sentence may end, too, so their full stop goes with
 * them; a table with full stops keeps them all. */
#include "rules.h"
#include <string.h>

typedef struct {
  const gchar *written, *spoken;        /* without the full stop */
  gboolean bare;                /* also known without it, with a capital: "Mr Smith" */
} Abbreviation;

static const Abbreviation abbreviations[] = {
  { "mr", "mister", TRUE }, { "mrs", "missus", TRUE }, { "ms", "miz", TRUE }, { "dr", "doctor", TRUE },
  { "messrs", "messieurs", TRUE }, { "mme", "madame", TRUE }, { "mlle", "mademoiselle", TRUE },
  { "prof", "professor" }, { "jr", "junior" }, { "sr", "senior" }, { "capt", "captain" }, { "lt", "lieutenant" },
  { "sgt", "sergeant" }, { "maj", "major" }, { "col", "colonel" }, { "gen", "general" }, { "gov", "governor" },
  { "sen", "senator" }, { "rep", "representative" }, { "rev", "reverend" }, { "hon", "honorable" },
  { "pres", "president" }, { "mt", "mount" }, { "ft", "fort" }, { "ave", "avenue" }, { "blvd", "boulevard" },
  { "rd", "road" }, { "apt", "apartment" }, { "dept", "department" }, { "approx", "approximately" }, { "vs", "versus" },
  { "etc", "et cetera" }, { "inc", "incorporated" }, { "ltd", "limited" }, { "co", "company" },
  { "corp", "corporation" }, { "bros", "brothers" }, { "vol", "volume" }, { "chap", "chapter" }, { "fig", "figure" },
  { "e.g", "for example" }, { "i.e", "that is" }
};

static const Abbreviation *
find (const gchar *written)
{
  for (guint i = 0; i < G_N_ELEMENTS (abbreviations); i++)
    if (g_ascii_strcasecmp (written, abbreviations[i].written) == 0)
      return &abbreviations[i];
  return NULL;
}

/* "St. John", "Baker St.": a saint has a name after it; a street has one before it, and what follows is no name or a new
 * sentence. */
static const gchar *
saint_or_street (const gchar *text, const gchar *from, const gchar *to)
{
  const gchar *before = from;
  gboolean named = *to == ' ' && g_ascii_isalpha (to[1]) && !g_ascii_islower (to[1]);

  while (before > text && before[-1] == ' ')
    before--;
  while (before > text && g_ascii_isalpha (before[-1]))
    before--;
  if (!named && *to == ' ' && g_ascii_islower (to[1]) && before == from)
    return "saint";
  return named ? "saint" : "street";
}

/* Letters and full stops from @p: "U.S.", "a.m.", "Mr" */
static const gchar *
end_of_word (const gchar *p, gboolean *dotted, guint *n_dots)
{
  *n_dots = 0;
  while (g_ascii_isalpha (*p) || (*p == '.' && g_ascii_isalpha (p[-1]))) {
    *n_dots += *p == '.';
    p++;
  }
  *dotted = p[-1] == '.';
  return p;
}

/* "U.S.A.", "p.m.": letters each with a full stop */
static gboolean
is_initials (const gchar *from, const gchar *to)
{
  if (to - from < 4)
    return FALSE;
  for (; from < to; from += 2)
    if (!g_ascii_isalpha (from[0]) || from[1] != '.')
      return FALSE;
  return TRUE;
}

static void
append_initials (GString *out, const gchar *from, const gchar *to)
{
  for (; from < to; from += 2)
    g_string_append_printf (out, "%c ", from[0]);
}

/* The word from @p on, read out if it is an abbreviation; past it. */
static const gchar *
take_word (GString *out, const gchar *text, const gchar *p)
{
  gboolean dotted;
  guint n_dots;
  const gchar *end = end_of_word (p, &dotted, &n_dots);
  g_autofree gchar *written = g_strndup (p, end - p - dotted);
  const Abbreviation *known = find (written);

  if (dotted && g_ascii_strcasecmp (written, "st") == 0)
    g_string_append (out, saint_or_street (text, p, end));
  else if (known && (dotted || (known->bare && g_ascii_isupper (*p))))
    g_string_append (out, known->spoken);
  else if (g_ascii_strcasecmp (written, "no") == 0 && dotted && end[0] == ' ' && g_ascii_isdigit (end[1]))
    g_string_append (out, "number");
  else if (is_initials (p, end))
    append_initials (out, p, end);
  else
    g_string_append_len (out, p, end - p);
  return end;
}

gchar *
rnn_text_rule_abbreviations (const RnnSpeller *speller, const gchar *text)
{
  GString *out;
  gunichar before = ' ';

  if (rnn_speller_has (speller, "."))
    return g_strdup (text);
  out = g_string_sized_new (strlen (text));
  for (const gchar *p = text, *next; *p; p = next) {
    if (g_ascii_isalpha (*p) && !g_unichar_isalnum (before) && before != '\'' && before != '.') {
      next = take_word (out, text, p);
    } else {
      next = g_utf8_next_char (p);
      g_string_append_len (out, p, next - p);
    }
    before = g_utf8_get_char (g_utf8_prev_char (next));
  }
  return g_string_free (out, FALSE);
}
