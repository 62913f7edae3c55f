/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures and signs as English reads them out: rows of a pattern and how its match is said, the first ones first. */
#include "rules.h"
#include "figures.h"
#include "numbers.h"
#include <string.h>

#define WHOLE "\\d{1,3}(?:,\\d{3})+(?!\\d)|\\d+"
#define NUMBER "(?:" WHOLE ")(?:\\.\\d+)?|\\.\\d+"
#define MONTH "(jan(?:uary|\\.)?|feb(?:ruary|\\.)?|mar(?:ch|\\.)|apr(?:il|\\.)|may|june?|july?|aug(?:ust|\\.)?|" \
    "sept?(?:ember|\\.)?|oct(?:ober|\\.)?|nov(?:ember|\\.)?|dec(?:ember|\\.)?)"
#define DAY "(0?[1-9]|[12]\\d|3[01])"
#define NO_FIGURE_BEFORE "(?<![\\d.,])"

static void
say_plural (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = rnn_figure_group (match, 1);

  rnn_figure_say_year (out, number);
  rnn_figure_trim_end (out);
  rnn_number_make_plural (out);
  g_string_append_c (out, ' ');
}

static void
say_ordinal_match (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = rnn_figure_group (match, 1), *plain = rnn_figure_without_commas (number);

  if (strlen (plain) > RNN_NUMBER_MAX_DIGITS) {
    rnn_figure_say_whole (out, plain);
    return;
  }
  rnn_figure_say_ordinal (out, rnn_figure_value (plain));
  g_string_append_c (out, ' ');
}

/* "3/4" -> "three quarters", "24/7" -> "twenty four seven" */
static void
say_fraction (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *above = rnn_figure_group (match, 1), *below = rnn_figure_group (match, 2);
  guint64 n = rnn_figure_value (above), d = rnn_figure_value (below);

  rnn_figure_say_whole (out, above);
  g_string_append_c (out, ' ');
  if (n == 0 || n >= d) {
    rnn_figure_say_whole (out, below);
    return;
  }
  if (d == 2)
    g_string_append (out, "half");
  else if (d == 4)
    g_string_append (out, "quarter");
  else
    rnn_number_say_ordinal (out, d);
  if (n > 1)
    rnn_number_make_plural (out);
  g_string_append_c (out, ' ');
}

static void
say_vulgar_fraction (GString *out, const GMatchInfo *match)
{
  static const struct {
    const gchar *sign, *alone, *after;
  } fractions[] = {
    { "\u00bd", "one half", "a half" }, { "\u00bc", "one quarter", "a quarter" },
    { "\u00be", "three quarters", "three quarters" }, { "\u2153", "one third", "a third" },
    { "\u2154", "two thirds", "two thirds" }
  };
  g_autofree gchar *whole = rnn_figure_group (match, 1), *sign = rnn_figure_group (match, 2);

  if (*whole) {
    rnn_figure_say_whole (out, whole);
    rnn_figure_say (out, "and");
  }
  for (guint i = 0; i < G_N_ELEMENTS (fractions); i++)
    if (g_str_equal (fractions[i].sign, sign))
      rnn_figure_say (out, *whole ? fractions[i].after : fractions[i].alone);
}

static void
say_digits (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *all = rnn_figure_group (match, 0);

  g_string_append_c (out, ' ');
  rnn_number_say_digits (out, all, strlen (all));
  g_string_append_c (out, ' ');
}

static void
say_range (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *from = rnn_figure_group (match, 1), *to = rnn_figure_group (match, 2);

  rnn_figure_say_year (out, from);
  rnn_figure_say (out, "to");
  rnn_figure_say_year (out, to);
  g_string_append_c (out, ' ');
}

static void
say_year_match (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *digits = rnn_figure_group (match, 0);

  rnn_figure_say_year (out, digits);
  g_string_append_c (out, ' ');
}

static void
say_number_match (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = rnn_figure_group (match, 0);

  rnn_figure_say_number (out, number);
  g_string_append_c (out, ' ');
}

static guint
read_roman (const gchar *roman)
{
  static const gchar digits[] = "IVXLC";
  static const guint values[] = { 1, 5, 10, 50, 100 };
  guint n = 0;

  for (const gchar *p = roman; *p; p++) {
    guint v = values[strchr (digits, *p) - digits], next = p[1] ? values[strchr (digits, p[1]) - digits] : 0;

    n = v < next ? n - v : n + v;
  }
  return n;
}

static void
say_chapter (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *word = rnn_figure_group (match, 1), *roman = rnn_figure_group (match, 2);

  g_string_append_printf (out, "%s ", word);
  rnn_number_say (out, read_roman (roman));
}

static void
say_king (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *name = rnn_figure_group (match, 1), *roman = rnn_figure_group (match, 2);

  g_string_append_printf (out, "%s the ", name);
  rnn_number_say_ordinal (out, read_roman (roman));
}

static void
say_minus (GString *out, const GMatchInfo *match)
{
  rnn_figure_say (out, "minus");
}

static void
say_number_sign (GString *out, const GMatchInfo *match)
{
  rnn_figure_say (out, "number");
}

static void
say_nothing (GString *out, const GMatchInfo *match)
{
  g_string_append_c (out, ' ');
}

/* ---- the table ---- */

#define DIGITS "0123456789"

typedef struct {
  const gchar *spelled;         /* a table with all of these leaves the row alone */
  const gchar *pattern;
  RnnFigureSay say;
} Row;

static const Row rows[] = {
  { DIGITS, "\\b(\\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])\\b", rnn_figure_say_iso_date },
  { DIGITS, "\\b(0?[1-9]|1[0-2])/" DAY "/(\\d{4})\\b", rnn_figure_say_slashed_date },
  { DIGITS, "(?i)\\b" MONTH "\\s+" DAY "(?:st|nd|rd|th)?\\b(?![:.]\\d|,\\d{3}(?!\\d))(?:,?\\s+(\\d{4})\\b)?",
      rnn_figure_say_month_day },
  { DIGITS, "(?i)\\b" DAY "(?:st|nd|rd|th)?\\s+(of\\s+)?" MONTH "(?!\\w)(?:,?\\s+(\\d{4})\\b)?",
      rnn_figure_say_day_month },
  { DIGITS, "(?i)\\b([01]?\\d|2[0-3])[:.]([0-5]\\d)\\s*([ap])\\s?\\.?\\s?m\\b\\.?", rnn_figure_say_time },
  { DIGITS, "(?i)\\b([01]?\\d|2[0-3])()\\s*([ap])\\s?\\.?\\s?m\\b\\.?", rnn_figure_say_time },
  { DIGITS, "\\b([01]?\\d|2[0-3]):([0-5]\\d)\\b()", rnn_figure_say_time },
  { DIGITS "$", "(?<!\\d)([$\u00a3\u20ac\u00a5\u20b9])\\s?(" NUMBER ")"
      "(?:[\\s-]?(hundred|thousand|million|billion|trillion|bn|[kKmMbB])(?!\\w))?",
      rnn_figure_say_sign_amount },
  { DIGITS "\u20ac", "(" NUMBER ")\\s?([\u20ac])", rnn_figure_say_amount_sign },
  { "\u00bd", NO_FIGURE_BEFORE "(\\d+)?\\s?([\u00bd\u00bc\u00be\u2153\u2154])", say_vulgar_fraction },
  { DIGITS, "'?\\b(1\\d\\d0|20\\d0|\\d{1,3})'?s\\b", say_plural },
  { DIGITS, "\\b(" WHOLE ")(?:st|nd|rd|th|ST|ND|RD|TH)\\b", say_ordinal_match },
  { DIGITS, "\\b(\\d{1,2})/(\\d{1,3})\\b", say_fraction },
  { DIGITS, "(?<!\\d)(?:\\(\\d{3}\\)\\s?|\\d{3}[-. ])\\d{3}[-. ]\\d{4}(?!\\d)", say_digits },
  { DIGITS, "(?<![\\d-])\\d{3}-\\d{4}(?![\\d-])", say_digits },
  { DIGITS, "(?<![\\d.,-])(\\d{1,4})-(\\d{1,4})(?![\\d-])", say_range },
  { DIGITS, "(?:(?<=\\s)|^)-(?=\\.?\\d)", say_minus },
  { DIGITS, "#(?=\\d)", say_number_sign },
  { DIGITS "%", "(" NUMBER ")\\s?"
      "(km/h|mph|kg|km|cm|mm|ml|lbs?|oz|ft|yd|[kMG]?Hz|[kMGT]B|min|sec|hrs|\u00b0[CF]?|%|\u00a2)(?!\\w)",
      rnn_figure_say_unit },
  { DIGITS, "(?<![\\d.,])(?:1[1-9]\\d\\d|20\\d\\d)(?![\\d]|[.,]\\d|\\w)", say_year_match },
  { DIGITS, NUMBER, say_number_match },
  { "IV", "\\b(Chapter|Book|Part|Volume|Act|Scene|Section|War) ([IVXLC]+)\\b", say_chapter },
  { "IV", "\\b(Henry|Louis|Charles|James|George|Edward|William|Richard|Pius|John|Paul|Philip|Frederick|Elizabeth)"
      " ([IVX]+)\\b(?!')", say_king },
  { "&@+=%", "[&@+=%\u00d7\u00f7\u00b0\u20ac\u00a3\u00b1]", rnn_figure_say_sign },
  { "$", "\\$", say_nothing }   /* without an amount nobody knows */
};

static GRegex *
get_regex (guint i)
{
  static GRegex *compiled[G_N_ELEMENTS (rows)];

  if (g_once_init_enter (&compiled[i]))
    g_once_init_leave (&compiled[i], g_regex_new (rows[i].pattern, G_REGEX_OPTIMIZE, 0, NULL));
  return compiled[i];
}

static gboolean
say_match (const GMatchInfo *match, GString *out, gpointer row)
{
  ((const Row *) row)->say (out, match);
  return FALSE;
}

gchar *
rnn_text_rule_figures (const RnnSpeller *speller, const gchar *text)
{
  gchar *said = g_strdup (text);
  gboolean has_digits = text[strcspn (text, DIGITS)] != '\0';

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if ((has_digits || *rows[i].spelled != '0') && !rnn_speller_has_all (speller, rows[i].spelled)) {
      gchar *next = g_regex_replace_eval (get_regex (i), said, -1, 0, 0, say_match, (gpointer) &rows[i], NULL);

      if (next) {               /* NULL: the text is too much for the matcher's memory, and stays */
        g_free (said);
        said = next;
      }
    }
  return said;
}
