/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plain forms of typographic signs, punctuation that makes no sound, letters that a table lacks. */
#include "rules.h"
#include "tokens-private.h"
#include <string.h>

typedef struct {
  const gchar *from, *to;
} Form;

static const Form signs[] = {
  { "\u2018", "'" }, { "\u2019", "'" }, { "\u201b", "'" }, { "\u02bc", "'" }, { "\u2032", "'" }, { "\u00b4", "'" },
  { "`", "'" }, { "\u201c", "\"" }, { "\u201d", "\"" }, { "\u201e", "\"" }, { "\u201f", "\"" }, { "\u00ab", "\"" },
  { "\u00bb", "\"" }, { "\u2039", "\"" }, { "\u203a", "\"" }, { "\u2010", "-" }, { "\u2011", "-" },
  { "\u2012", "-" }, { "\u2013", "-" }, { "\u2014", " - " }, { "\u2015", " - " }, { "\u2212", "-" },
  { "\u2026", "..." }, { "\u00a0", " " }, { "\u2009", " " }, { "\u202f", " " }, { "\u2002", " " }, { "\u2003", " " },
  { "\u00ad", "" }, { "\u200b", "" }, { "\u2060", "" }, { "\ufeff", "" }, { "\uff0c", "," }, { "\uff0e", "." }
};

/* Letters that are no other letter with a mark, by lower case; the rest is left to Unicode's decompositions. */
static const Form letters[] = {
  { "\u00df", "ss" }, { "\u00e6", "ae" }, { "\u0153", "oe" }, { "\u00f8", "o" }, { "\u0142", "l" }, { "\u0111", "d" },
  { "\u00f0", "d" }, { "\u00fe", "th" }, { "\u0131", "i" }, { "\u014b", "ng" }, { "\u0127", "h" }, { "\u0167", "t" },
  { "\u03c2", "\u03c3" }
};

static const gchar *
find (const Form *forms, guint n, const gchar *unit)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (forms[i].from, unit))
      return forms[i].to;
  return NULL;
}

/* Calls @map for every character with its marks; what it appends to the result is its form. */
static gchar *
map_units (const RnnSpeller *speller, const gchar *text, void (*map) (const RnnSpeller *, const gchar *, GString *))
{
  GString *out = g_string_sized_new (strlen (text));
  g_autoptr (GString) unit = g_string_new (NULL);

  for (const gchar *p = text, *next; *p; p = next) {
    next = rnn_text_next_unit (p);
    g_string_truncate (unit, 0);
    g_string_append_len (unit, p, next - p);
    if (next - p == 1 && (g_ascii_isspace (*p) || (g_ascii_isalpha (*p) && rnn_speller_has (speller, unit->str))))
      g_string_append_c (out, *p);
    else
      map (speller, unit->str, out);
  }
  return g_string_free (out, FALSE);
}

/* ---- typography ---- */

static void
map_sign (const RnnSpeller *speller, const gchar *unit, GString *out)
{
  const gchar *to = find (signs, G_N_ELEMENTS (signs), unit);

  g_string_append (out, to && !(speller->tokens && rnn_speller_has (speller, unit)) ? to : unit);
}

gchar *
rnn_text_rule_typography (const RnnSpeller *speller, const gchar *text)
{
  return map_units (speller, text, map_sign);
}

/* ---- punctuation ---- */

static gboolean
is_word (gunichar c)
{
  return g_unichar_isalnum (c) || g_unichar_ismark (c);
}

/* 'tis, 'em and the like begin with an apostrophe; any other that does not follow a letter opens a quotation. */
static gboolean
is_elision (const gchar *p)
{
  static const gchar *const words[] = { "tis", "twas", "twere", "twill", "em", "cause", "til", "till", "bout", "round",
    "gainst", "neath", "cos", "coz", "n"
  };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_ascii_strncasecmp (p + 1, words[i], strlen (words[i])) == 0
        && !is_word (g_utf8_get_char (p + 1 + strlen (words[i]))))
      return TRUE;
  return FALSE;
}

/* @text without apostrophes that are quotation marks: those that open one, and for each of them the next that ends a
 * word. */
static gchar *
without_quotes (const gchar *text)
{
  GString *out = g_string_sized_new (strlen (text));
  gunichar before = ' ';
  guint open = 0;

  for (const gchar *p = text; *p; p = g_utf8_next_char (p)) {
    gunichar c = g_utf8_get_char (p), after = g_utf8_get_char (g_utf8_next_char (p));
    gboolean quote = FALSE;

    if (c == '\'' && !is_word (before) && (!is_word (after) || !is_elision (p))) {
      quote = TRUE;
      open += is_word (after);
    } else if (c == '\'' && !is_word (after) && open > 0) {
      quote = TRUE;
      open--;
    }
    g_string_append_unichar (out, quote ? ' ' : c);
    before = c;
  }
  return g_string_free (out, FALSE);
}

/* What a sign without a token leaves: a gap, nothing, or itself since it is spoken. */
static void
map_punctuation (const RnnSpeller *speller, const gchar *unit, GString *out)
{
  gunichar c = g_utf8_get_char (unit);
  GUnicodeType type = g_unichar_type (c);

  if (rnn_speller_has (speller, unit))
    g_string_append (out, unit);
  else if (c == '\'' || type == G_UNICODE_FORMAT)
    return;
  else if (is_word (c) || c == 0xfffd || type == G_UNICODE_CURRENCY_SYMBOL || strchr ("%&@+=", (gint) MIN (c, 127))
      || (type == G_UNICODE_MATH_SYMBOL && !strchr ("~|<>", (gint) MIN (c, 127))))
    g_string_append (out, unit);
  else
    g_string_append_c (out, ' ');
}

gchar *
rnn_text_rule_punctuation (const RnnSpeller *speller, const gchar *text)
{
  g_autofree gchar *unquoted = rnn_speller_has (speller, "'") ? without_quotes (text) : g_strdup (text);

  return map_units (speller, unquoted, map_punctuation);
}

/* ---- accents ---- */

/* Marks that a letter can go without: Latin, Greek and Cyrillic accents, vowel points of Hebrew and Arabic. */
static gboolean
is_dispensable (gunichar c)
{
  return (c >= 0x300 && c <= 0x36f) || (c >= 0x591 && c <= 0x5c7) || (c >= 0x64b && c <= 0x652) || c == 0x670;
}

/* All characters of @text without the marks, if the table has every one of them then. */
static gboolean
append_bare (const RnnSpeller *speller, const gchar *text, GNormalizeMode mode, GString *out)
{
  g_autofree gchar *decomposed = g_utf8_normalize (text, -1, mode);
  g_autoptr (GString) bare = g_string_new (NULL);

  for (const gchar *p = decomposed; *p; p = g_utf8_next_char (p))
    if (!is_dispensable (g_utf8_get_char (p)))
      g_string_append_unichar (bare, g_utf8_get_char (p));
  if (!rnn_speller_has_all (speller, bare->str))
    return FALSE;
  g_string_append_len (out, bare->str, (gssize) bare->len);
  return TRUE;
}

/* Of a capital and in a table of capitals, capitals. */
static gboolean
append_letters (const RnnSpeller *speller, const gchar *unit, GString *out)
{
  g_autofree gchar *lower = rnn_text_fold_case (unit, RNN_TEXT_CASE_LOWER);
  g_autofree gchar *composed = g_utf8_normalize (lower, -1, G_NORMALIZE_DEFAULT_COMPOSE);
  const gchar *to = find (letters, G_N_ELEMENTS (letters), composed);
  g_autofree gchar *upper = to ? rnn_text_fold_case (to, RNN_TEXT_CASE_UPPER) : NULL;

  if (!to)
    return FALSE;
  if (!g_str_equal (lower, unit) || !rnn_speller_has_all (speller, to))
    to = upper;
  if (!rnn_speller_has_all (speller, to))
    return FALSE;
  g_string_append (out, to);
  return TRUE;
}

static void
map_accent (const RnnSpeller *speller, const gchar *unit, GString *out)
{
  if (rnn_speller_has (speller, unit)
      || (!append_letters (speller, unit, out) && !append_bare (speller, unit, G_NORMALIZE_DEFAULT, out)
          && !append_bare (speller, unit, G_NORMALIZE_ALL, out)))
    g_string_append (out, unit);
}

gchar *
rnn_text_rule_accents (const RnnSpeller *speller, const gchar *text)
{
  g_autofree gchar *folded = speller->tokens ? rnn_text_fold_case (text, rnn_tokens_get_case (speller->tokens)) :
      g_strdup (text);

  return map_units (speller, folded, map_accent);
}
