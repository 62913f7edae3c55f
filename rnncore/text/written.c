/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words to figures: rows of readers, the first one that takes any word wins. */
#include "written.h"
#include "numbers.h"
#include <string.h>

#define SMALL 10                /* numbers below it stay words */
#define FIRST_YEAR 1500         /* "twelve thirty" is no year */

/* How many of @words it takes; what they mean is appended to @out. */
typedef guint (*Reader) (const gchar *const *words, GString *out);

/* ---- parts ---- */

static gboolean
is (const gchar *word, const gchar *other)
{
  return word && g_str_equal (word, other);
}

/* With commas from a thousand on. */
static void
append_whole (GString *out, guint64 n)
{
  if (n >= 1000) {
    append_whole (out, n / 1000);
    g_string_append_printf (out, ",%03u", (guint) (n % 1000));
  } else {
    g_string_append_printf (out, "%u", (guint) n);
  }
}

/* "three", "three point one four" */
static guint
read_decimal (const gchar *const *words, GString *out)
{
  guint64 n;
  guint used = rnn_number_read (words, &n), digits = 0;

  if (used == 0)
    return 0;
  append_whole (out, n);
  if (!is (words[used], "point"))
    return used;
  for (; rnn_number_read_digit (words[used + 1 + digits]) >= 0; digits++)
    g_string_append_printf (out, "%s%d", digits ? "" : ".", rnn_number_read_digit (words[used + 1 + digits]));
  return digits ? used + 1 + digits : used;
}

/* "million": what may stand between a number and what it counts */
static gboolean
is_scale (const gchar *word)
{
  return is (word, "thousand") || is (word, "million") || is (word, "billion") || is (word, "trillion");
}

/* ---- readers ---- */

static const gchar *const months[] = { "january", "february", "march", "april", "may", "june", "july", "august", "september",
  "october", "november", "december", NULL
};

static guint
read_date (const gchar *const *words, GString *out)
{
  guint64 day, year;
  guint used, more;

  if (!g_strv_contains (months, words[0]) || (used = rnn_number_read_ordinal (words + 1, &day)) == 0 || day < 1 || day > 31)
    return 0;
  g_string_append_printf (out, "%c%s %u", g_ascii_toupper (words[0][0]), words[0] + 1, (guint) day);
  more = rnn_number_read_year (words + 1 + used, &year);
  if (more > 0)
    g_string_append_printf (out, ", %u", (guint) year);
  return 1 + used + more;
}

/* 1 to 12, one word */
static guint
read_hour (const gchar *const *words, guint64 *hour)
{
  const gchar *const one[] = { words[0], NULL };

  return rnn_number_read (one, hour) == 1 && *hour >= 1 && *hour <= 12 ? 1 : 0;
}

/* 1 to 59: "oh five", "thirty", "forty five" */
static guint
read_minute (const gchar *const *words, guint64 *minute)
{
  guint used;

  if (is (words[0], "oh")) {
    gint digit = rnn_number_read_digit (words[1]);

    *minute = (guint64) MAX (digit, 0);
    return digit > 0 ? 2 : 0;
  }
  used = rnn_number_read (words, minute);
  return used <= 2 && *minute >= 10 && *minute <= 59 ? used : 0;
}

static guint
read_time (const gchar *const *words, GString *out)
{
  guint64 hour, minute = 0;
  guint used = read_hour (words, &hour), more;
  const gchar *half;

  if (used == 0)
    return 0;
  more = words[1] ? read_minute (words + 1, &minute) : 0;
  used += more;
  if (more == 0 && is (words[used], "o'clock")) {
    g_string_append_printf (out, "%u o'clock", (guint) hour);
    return used + 1;
  }
  half = words[used];
  if (!(is (half, "a") || is (half, "p")) || !is (words[used + 1], "m"))
    return 0;
  g_string_append_printf (out, "%u", (guint) hour);
  if (more)
    g_string_append_printf (out, ":%02u", (guint) minute);
  g_string_append_printf (out, " %s.m.", half);
  return used + 2;
}

static const struct {
  const gchar *one, *many, *sign;
} currencies[] = {
  { "dollar", "dollars", "$" }, { "euro", "euros", "\u20ac" }
};

static gboolean
is_cents (const gchar *word)
{
  return is (word, "cents") || is (word, "cent");
}

static guint
read_money (const gchar *const *words, GString *out)
{
  g_autoptr (GString) amount = g_string_new (NULL);
  guint used = read_decimal (words, amount), cents_used = 0;
  const gchar *scale = used && is_scale (words[used]) ? words[used] : NULL;
  guint64 cents = 0;

  if (used == 0)
    return 0;
  used += scale != NULL;
  for (guint c = 0; c < G_N_ELEMENTS (currencies); c++)
    if (is (words[used], currencies[c].one) || is (words[used], currencies[c].many)) {
      g_string_append_printf (out, "%s%s", currencies[c].sign, amount->str);
      used++;
      if (scale) {
        g_string_append_printf (out, " %s", scale);
        return used;
      }
      if (is (words[used], "and") && !strchr (amount->str, '.'))
        cents_used = rnn_number_read (words + used + 1, &cents);
      if (cents_used == 0 || cents > 99 || !is_cents (words[used + 1 + cents_used]))
        return used;
      g_string_append_printf (out, ".%02u", (guint) cents);
      return used + 2 + cents_used;
    }
  return 0;
}

static guint
read_percent (const gchar *const *words, GString *out)
{
  gsize before = out->len;
  guint used = read_decimal (words, out);

  if (used > 0 && is (words[used], "percent")) {
    g_string_append_c (out, '%');
    return used + 1;
  }
  g_string_truncate (out, before);
  return 0;
}

static guint
read_point (const gchar *const *words, GString *out)
{
  g_autoptr (GString) number = g_string_new (NULL);
  guint used = read_decimal (words, number);

  if (!strchr (number->str, '.'))
    return 0;
  g_string_append (out, number->str);
  return used;
}

static const gchar *
ordinal_suffix (guint64 n)
{
  static const gchar *const suffixes[] = { "th", "st", "nd", "rd" };

  return n % 100 / 10 == 1 || n % 10 > 3 ? "th" : suffixes[n % 10];
}

static guint
read_ordinal (const gchar *const *words, GString *out)
{
  guint64 n;
  guint used = rnn_number_read_ordinal (words, &n);

  if (used == 0 || n < SMALL)
    return 0;
  append_whole (out, n);
  g_string_append (out, ordinal_suffix (n));
  return used;
}

/* "nineteen eighty seven", which is no one cardinal */
static guint
read_year (const gchar *const *words, GString *out)
{
  guint64 year, n;
  guint used = rnn_number_read_year (words, &year);

  if (used == 0 || year < FIRST_YEAR || (year < 2000 && year % 100 == 0) || rnn_number_read (words, &n) >= used)
    return 0;
  g_string_append_printf (out, "%u", (guint) year);
  return used;
}

/* Three digits and more, telephone numbers with their dashes; a number that goes on is none of them. */
static guint
read_digits (const gchar *const *words, GString *out)
{
  gsize begin = out->len;
  guint used = 0;
  guint64 n;

  for (; rnn_number_read_digit (words[used]) >= 0; used++) {
    if (!is (words[used], "oh") && rnn_number_read (words + used, &n) > 1)
      break;
    g_string_append_printf (out, "%d", rnn_number_read_digit (words[used]));
  }
  if (used < 3) {
    g_string_truncate (out, begin);
    return 0;
  }
  if (used == 7 || used == 10)
    g_string_insert_c (out, (gssize) (out->len - 4), '-');
  if (used == 10)
    g_string_insert_c (out, (gssize) begin + 3, '-');
  return used;
}

static guint
read_cardinal (const gchar *const *words, GString *out)
{
  guint64 n;
  guint used = rnn_number_read (words, &n);

  if (used == 0 || n < SMALL)
    return 0;
  if (n >= 1100 && n <= 1900 && n % 100 == 0 && used == 2 && is (words[1], "hundred"))
    g_string_append_printf (out, "%u", (guint) n);      /* "twelve hundred" */
  else
    append_whole (out, n);
  return used;
}

static gboolean
is_letter (const gchar *word)
{
  return word && g_ascii_isalpha (word[0]) && !word[1];
}

/* Spelled letters: three of them and more, or two that are no words. */
static guint
read_letters (const gchar *const *words, GString *out)
{
  guint n = 0, names = 0;

  for (; is_letter (words[n]); n++)
    names += !strchr ("aio", words[n][0]);
  if (n < 2 || names < 2)
    return 0;
  for (guint i = 0; i < n; i++)
    g_string_append_c (out, g_ascii_toupper (words[i][0]));
  return n;
}

static const Reader readers[] = { read_date, read_time, read_money, read_percent, read_point, read_ordinal, read_year,
  read_digits, read_cardinal, read_letters
};

guint
rnn_text_write_words (const gchar *const *words, GString *out)
{
  for (guint i = 0; i < G_N_ELEMENTS (readers); i++) {
    guint used = readers[i] (words, out);

    if (used > 0)
      return used;
  }
  g_string_append (out, words[0]);
  return 1;
}

gboolean
rnn_text_may_begin (const gchar *word)
{
  const gchar *const words[] = { word, NULL };
  guint64 n;

  return g_strv_contains (months, word) || is_letter (word) || rnn_number_read (words, &n) > 0
      || rnn_number_read_ordinal (words, &n) > 0 || rnn_number_read_digit (word) >= 0;
}

gchar *
rnn_text_write (const gchar *spoken)
{
  g_auto (GStrv) words = g_strsplit (spoken, " ", -1);
  GString *out = g_string_new (NULL);

  for (guint i = 0; words[i];) {
    if (i > 0)
      g_string_append_c (out, ' ');
    i += rnn_text_write_words ((const gchar *const *) words + i, out);
  }
  return g_string_free (out, FALSE);
}
