/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Figures and signs as English reads them out: rows of a pattern and how its match is said, the first ones first. */
#include "rules.h"
#include "numbers.h"
#include <string.h>

#define WHOLE "\\d{1,3}(?:,\\d{3})+(?!\\d)|\\d+"
#define NUMBER "(?:" WHOLE ")(?:\\.\\d+)?|\\.\\d+"
#define MONTH "(jan(?:uary|\\.)?|feb(?:ruary|\\.)?|mar(?:ch|\\.)|apr(?:il|\\.)|may|june?|july?|aug(?:ust|\\.)?|" \
    "sept?(?:ember|\\.)?|oct(?:ober|\\.)?|nov(?:ember|\\.)?|dec(?:ember|\\.)?)"
#define DAY "(0?[1-9]|[12]\\d|3[01])"
#define NO_FIGURE_BEFORE "(?<![\\d.,])"

static const gchar *const months[] = { "january", "february", "march", "april", "may", "june", "july", "august",
  "september", "october", "november", "december"
};

/* ---- parts ---- */

/* Group @i, "" if it took no part.  (transfer full) */
static gchar *
group (const GMatchInfo *match, gint i)
{
  gchar *text = g_match_info_fetch (match, i);

  return text ? text : g_strdup ("");
}

static guint64
value (const gchar *digits)
{
  return g_ascii_strtoull (digits, NULL, 10);
}

/* "1,234" -> "1234" */
static gchar *
without_commas (const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  return g_strjoinv ("", parts);
}

static void
say (GString *out, const gchar *word)
{
  g_string_append_printf (out, " %s ", word);
}

static void
trim_end (GString *out)
{
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
}

/* What is too long, or begins with a zero, digit by digit. */
static void
say_whole (GString *out, const gchar *digits)
{
  gsize n = strlen (digits);

  g_string_append_c (out, ' ');
  if (n > RNN_NUMBER_MAX_DIGITS || (n > 1 && *digits == '0'))
    rnn_number_say_digits (out, digits, n);
  else
    rnn_number_say (out, value (digits));
}

/* "1,234", "3.14", ".5" */
static void
say_number (GString *out, const gchar *written)
{
  g_autofree gchar *plain = without_commas (written);
  gchar *point = strchr (plain, '.');

  if (point)
    *point = '\0';
  if (*plain)
    say_whole (out, plain);
  if (point) {
    say (out, "point");
    rnn_number_say_digits (out, point + 1, strlen (point + 1));
  }
}

/* Four digits alone are a year. */
static void
say_year (GString *out, const gchar *digits)
{
  guint64 year = value (digits);

  if (strlen (digits) != 4 || year < 1000 || year > 2099) {
    say_whole (out, digits);
    return;
  }
  g_string_append_c (out, ' ');
  rnn_number_say_year (out, year);
}

static void
say_month (GString *out, const gchar *written)
{
  for (guint i = 0; i < G_N_ELEMENTS (months); i++)
    if (g_ascii_strncasecmp (months[i], written, 3) == 0)
      say (out, months[i]);
}

static void
say_ordinal (GString *out, guint64 n)
{
  g_string_append_c (out, ' ');
  rnn_number_say_ordinal (out, n);
}

/* ---- rows ---- */

typedef void (*Say) (GString *out, const GMatchInfo *match);

static void
say_iso_date (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *year = group (match, 1), *month = group (match, 2), *day = group (match, 3);

  say (out, months[value (month) - 1]);
  say_ordinal (out, value (day));
  say_year (out, year);
}

static void
say_slashed_date (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *month = group (match, 1), *day = group (match, 2), *year = group (match, 3);

  say (out, months[value (month) - 1]);
  say_ordinal (out, value (day));
  say_year (out, year);
}

static void
say_month_day (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *month = group (match, 1), *day = group (match, 2), *year = group (match, 3);

  say_month (out, month);
  say_ordinal (out, value (day));
  if (*year)
    say_year (out, year);
}

static void
say_day_month (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *day = group (match, 1), *of = group (match, 2), *month = group (match, 3), *year = group (match, 4);

  say_ordinal (out, value (day));
  if (*of)
    say (out, "of");
  say_month (out, month);
  if (*year)
    say_year (out, year);
}

static void
say_time (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *hour = group (match, 1), *minute = group (match, 2), *half = group (match, 3);
  guint64 minutes = value (minute);

  g_string_append_c (out, ' ');
  rnn_number_say (out, value (hour));
  if (minutes > 0 && minutes < 10)
    say (out, "oh");
  if (minutes > 0)
    rnn_number_say (out, minutes);
  else if (*minute && !*half)
    say (out, value (hour) <= 12 ? "o'clock" : "hundred");
  if (*half)
    say (out, g_ascii_tolower (*half) == 'a' ? "a m" : "p m");
  g_string_append_c (out, ' ');
}

static const struct {
  const gchar *sign, *one, *many, *cent, *cents;
} currencies[] = {
  { "$", "dollar", "dollars", "cent", "cents" }, { "\u00a3", "pound", "pounds", "penny", "pence" },
  { "\u20ac", "euro", "euros", "cent", "cents" }, { "\u00a5", "yen", "yen" }, { "\u20b9", "rupee", "rupees" }
};

static const struct {
  const gchar *written, *spoken;
} scales[] = {
  { "k", "thousand" }, { "m", "million" }, { "bn", "billion" }, { "b", "billion" }
};

static const gchar *
scale_of (const gchar *written)
{
  for (guint i = 0; i < G_N_ELEMENTS (scales); i++)
    if (g_ascii_strcasecmp (written, scales[i].written) == 0)
      return scales[i].spoken;
  return written;
}

/* "$3.50" -> "three dollars and fifty cents", "$1.5 million" -> "one point five million dollars" */
static void
say_money (GString *out, const gchar *sign, const gchar *amount, const gchar *scale)
{
  g_autofree gchar *plain = without_commas (amount);
  gchar *point = strchr (plain, '.');
  guint c = 0;
  gboolean cents;

  while (c + 1 < G_N_ELEMENTS (currencies) && !g_str_equal (currencies[c].sign, sign))
    c++;
  cents = point && strlen (point) == 3 && !*scale && currencies[c].cent;
  if (!cents) {
    say_number (out, amount);
    if (*scale)
      say (out, scale_of (scale));
    say (out, g_str_equal (plain, "1") && !*scale ? currencies[c].one : currencies[c].many);
    return;
  }
  *point = '\0';
  if (value (plain) > 0) {
    say_whole (out, plain);
    say (out, value (plain) == 1 ? currencies[c].one : currencies[c].many);
  }
  if (value (point + 1) > 0) {
    if (value (plain) > 0)
      say (out, "and");
    g_string_append_c (out, ' ');
    rnn_number_say (out, value (point + 1));
    say (out, value (point + 1) == 1 ? currencies[c].cent : currencies[c].cents);
  }
}

static void
say_sign_amount (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *sign = group (match, 1), *amount = group (match, 2), *scale = group (match, 3);

  say_money (out, sign, amount, scale);
}

static void
say_amount_sign (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *amount = group (match, 1), *sign = group (match, 2);

  say_money (out, sign, amount, "");
}

static void
say_plural (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = group (match, 1);

  say_year (out, number);
  trim_end (out);
  rnn_number_make_plural (out);
  g_string_append_c (out, ' ');
}

static void
say_ordinal_match (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = group (match, 1), *plain = without_commas (number);

  if (strlen (plain) > RNN_NUMBER_MAX_DIGITS) {
    say_whole (out, plain);
    return;
  }
  say_ordinal (out, value (plain));
  g_string_append_c (out, ' ');
}

/* "3/4" -> "three quarters", "24/7" -> "twenty four seven" */
static void
say_fraction (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *above = group (match, 1), *below = group (match, 2);
  guint64 n = value (above), d = value (below);

  say_whole (out, above);
  g_string_append_c (out, ' ');
  if (n == 0 || n >= d) {
    say_whole (out, below);
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
  g_autofree gchar *whole = group (match, 1), *sign = group (match, 2);

  if (*whole) {
    say_whole (out, whole);
    say (out, "and");
  }
  for (guint i = 0; i < G_N_ELEMENTS (fractions); i++)
    if (g_str_equal (fractions[i].sign, sign))
      say (out, *whole ? fractions[i].after : fractions[i].alone);
}

static void
say_digits (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *all = group (match, 0);

  g_string_append_c (out, ' ');
  rnn_number_say_digits (out, all, strlen (all));
  g_string_append_c (out, ' ');
}

static void
say_range (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *from = group (match, 1), *to = group (match, 2);

  say_year (out, from);
  say (out, "to");
  say_year (out, to);
  g_string_append_c (out, ' ');
}

static const struct {
  const gchar *written, *one, *many;
} units[] = {
  { "km/h", "kilometer per hour", "kilometers per hour" }, { "mph", "mile per hour", "miles per hour" },
  { "kg", "kilogram", "kilograms" }, { "km", "kilometer", "kilometers" }, { "cm", "centimeter", "centimeters" },
  { "mm", "millimeter", "millimeters" }, { "ml", "milliliter", "milliliters" }, { "lb", "pound", "pounds" },
  { "lbs", "pound", "pounds" }, { "oz", "ounce", "ounces" }, { "ft", "foot", "feet" }, { "yd", "yard", "yards" },
  { "Hz", "hertz", "hertz" }, { "kHz", "kilohertz", "kilohertz" }, { "MHz", "megahertz", "megahertz" },
  { "GHz", "gigahertz", "gigahertz" }, { "kB", "kilobyte", "kilobytes" }, { "MB", "megabyte", "megabytes" },
  { "GB", "gigabyte", "gigabytes" }, { "TB", "terabyte", "terabytes" }, { "min", "minute", "minutes" },
  { "sec", "second", "seconds" }, { "hrs", "hour", "hours" }, { "\u00b0C", "degree celsius", "degrees celsius" },
  { "\u00b0F", "degree fahrenheit", "degrees fahrenheit" }, { "\u00b0", "degree", "degrees" }, { "%", "percent", "percent" },
  { "\u00a2", "cent", "cents" }
};

static void
say_unit (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = group (match, 1), *unit = group (match, 2);

  say_number (out, number);
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (units[i].written, unit))
      say (out, g_str_equal (number, "1") ? units[i].one : units[i].many);
}

static void
say_year_match (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *digits = group (match, 0);

  say_year (out, digits);
  g_string_append_c (out, ' ');
}

static void
say_number_match (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *number = group (match, 0);

  say_number (out, number);
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
  g_autofree gchar *word = group (match, 1), *roman = group (match, 2);

  g_string_append_printf (out, "%s ", word);
  rnn_number_say (out, read_roman (roman));
}

static void
say_king (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *name = group (match, 1), *roman = group (match, 2);

  g_string_append_printf (out, "%s the ", name);
  rnn_number_say_ordinal (out, read_roman (roman));
}

/* ---- signs ---- */

static const struct {
  const gchar *sign, *spoken;
} signs[] = {
  { "&", "and" }, { "@", "at" }, { "+", "plus" }, { "=", "equals" }, { "%", "percent" }, { "\u00d7", "times" },
  { "\u00f7", "divided by" }, { "\u00b0", "degrees" }, { "\u20ac", "euros" }, { "\u00a3", "pounds" }, { "\u00b1", "plus or minus" }
};

static void
say_sign (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *sign = group (match, 0);

  for (guint i = 0; i < G_N_ELEMENTS (signs); i++)
    if (g_str_equal (signs[i].sign, sign))
      say (out, signs[i].spoken);
}

static void
say_minus (GString *out, const GMatchInfo *match)
{
  say (out, "minus");
}

static void
say_number_sign (GString *out, const GMatchInfo *match)
{
  say (out, "number");
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
  Say say;
} Row;

static const Row rows[] = {
  { DIGITS, "\\b(\\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])\\b", say_iso_date },
  { DIGITS, "\\b(0?[1-9]|1[0-2])/" DAY "/(\\d{4})\\b", say_slashed_date },
  { DIGITS, "(?i)\\b" MONTH "\\s+" DAY "(?:st|nd|rd|th)?\\b(?![:.]\\d|,\\d{3}(?!\\d))(?:,?\\s+(\\d{4})\\b)?", say_month_day },
  { DIGITS, "(?i)\\b" DAY "(?:st|nd|rd|th)?\\s+(of\\s+)?" MONTH "(?!\\w)(?:,?\\s+(\\d{4})\\b)?", say_day_month },
  { DIGITS, "(?i)\\b([01]?\\d|2[0-3])[:.]([0-5]\\d)\\s*([ap])\\s?\\.?\\s?m\\b\\.?", say_time },
  { DIGITS, "(?i)\\b([01]?\\d|2[0-3])()\\s*([ap])\\s?\\.?\\s?m\\b\\.?", say_time },
  { DIGITS, "\\b([01]?\\d|2[0-3]):([0-5]\\d)\\b()", say_time },
  { DIGITS "$", "(?<!\\d)([$\u00a3\u20ac\u00a5\u20b9])\\s?(" NUMBER ")(?:[\\s-]?(hundred|thousand|million|billion|trillion|bn|[kKmMbB])(?!\\w))?",
      say_sign_amount },
  { DIGITS "\u20ac", "(" NUMBER ")\\s?([\u20ac])", say_amount_sign },
  { "\u00bd", NO_FIGURE_BEFORE "(\\d+)?\\s?([\u00bd\u00bc\u00be\u2153\u2154])", say_vulgar_fraction },
  { DIGITS, "'?\\b(1\\d\\d0|20\\d0|\\d{1,3})'?s\\b", say_plural },
  { DIGITS, "\\b(" WHOLE ")(?:st|nd|rd|th|ST|ND|RD|TH)\\b", say_ordinal_match },
  { DIGITS, "\\b(\\d{1,2})/(\\d{1,3})\\b", say_fraction },
  { DIGITS, "(?<!\\d)(?:\\(\\d{3}\\)\\s?|\\d{3}[-. ])\\d{3}[-. ]\\d{4}(?!\\d)", say_digits },
  { DIGITS, "(?<![\\d-])\\d{3}-\\d{4}(?![\\d-])", say_digits },
  { DIGITS, "(?<![\\d.,-])(\\d{1,4})-(\\d{1,4})(?![\\d-])", say_range },
  { DIGITS, "(?:(?<=\\s)|^)-(?=\\.?\\d)", say_minus },
  { DIGITS, "#(?=\\d)", say_number_sign },
  { DIGITS "%", "(" NUMBER ")\\s?(km/h|mph|kg|km|cm|mm|ml|lbs?|oz|ft|yd|[kMG]?Hz|[kMGT]B|min|sec|hrs|\u00b0[CF]?|%|\u00a2)(?!\\w)",
      say_unit },
  { DIGITS, "(?<![\\d.,])(?:1[1-9]\\d\\d|20\\d\\d)(?![\\d]|[.,]\\d|\\w)", say_year_match },
  { DIGITS, NUMBER, say_number_match },
  { "IV", "\\b(Chapter|Book|Part|Volume|Act|Scene|Section|War) ([IVXLC]+)\\b", say_chapter },
  { "IV", "\\b(Henry|Louis|Charles|James|George|Edward|William|Richard|Pius|John|Paul|Philip|Frederick|Elizabeth)"
      " ([IVX]+)\\b(?!')", say_king },
  { "&@+=%", "[&@+=%\u00d7\u00f7\u00b0\u20ac\u00a3\u00b1]", say_sign },
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
