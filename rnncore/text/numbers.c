/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* English numbers. */
#include "numbers.h"
#include <string.h>

static const gchar *const ones[] = { "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"
};

static const gchar *const tens[] = { NULL, NULL, "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty",
  "ninety"
};

static const struct {
  guint64 value;
  const gchar *word;
} scales[] = {
  { 1000000000000, "trillion" }, { 1000000000, "billion" }, { 1000000, "million" }, { 1000, "thousand" },
  { 100, "hundred" }
};

/* Those that are not the number and "th". */
static const struct {
  const gchar *cardinal, *ordinal;
} ordinals[] = {
  { "one", "first" }, { "two", "second" }, { "three", "third" }, { "five", "fifth" }, { "eight", "eighth" },
  { "nine", "ninth" }, { "twelve", "twelfth" }
};

/* ---- said ---- */

static void
add_word (GString *out, const gchar *word)
{
  if (out->len > 0 && out->str[out->len - 1] != ' ')
    g_string_append_c (out, ' ');
  g_string_append (out, word);
}

void
rnn_number_say (GString *out, guint64 n)
{
  if (n < G_N_ELEMENTS (ones)) {
    add_word (out, ones[n]);
    return;
  }
  for (guint i = 0; i < G_N_ELEMENTS (scales); i++)
    if (n >= scales[i].value) {
      rnn_number_say (out, n / scales[i].value);
      add_word (out, scales[i].word);
      n %= scales[i].value;
      if (n == 0)
        return;
    }
  if (n >= 20) {
    add_word (out, tens[n / 10]);
    n %= 10;
  }
  if (n > 0)
    add_word (out, ones[n]);
}

/* Cuts the last word off @out. (transfer full) */
static gchar *
take_last_word (GString *out)
{
  const gchar *space = strrchr (out->str, ' ');
  gchar *word = g_strdup (space ? space + 1 : out->str);

  g_string_truncate (out, out->len - strlen (word));
  return word;
}

void
rnn_number_say_ordinal (GString *out, guint64 n)
{
  g_autofree gchar *last = NULL;

  rnn_number_say (out, n);
  last = take_last_word (out);
  for (guint i = 0; i < G_N_ELEMENTS (ordinals); i++)
    if (g_str_equal (last, ordinals[i].cardinal)) {
      g_string_append (out, ordinals[i].ordinal);
      return;
    }
  if (g_str_has_suffix (last, "y"))
    g_string_append_printf (out, "%.*sieth", (gint) strlen (last) - 1, last);
  else
    g_string_append_printf (out, "%sth", last);
}

void
rnn_number_say_year (GString *out, guint64 n)
{
  if (n < 1010 || n % 1000 < 10) {      /* 1066 is "ten sixty six", but nobody says "twenty oh five" */
    rnn_number_say (out, n);
    return;
  }
  rnn_number_say (out, n / 100);
  if (n % 100 == 0) {
    add_word (out, "hundred");
    return;
  }
  if (n % 100 < 10)
    add_word (out, "oh");
  rnn_number_say (out, n % 100);
}

void
rnn_number_say_digits (GString *out, const gchar *digits, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (g_ascii_isdigit (digits[i]))
      add_word (out, ones[digits[i] - '0']);
}

void
rnn_number_make_plural (GString *out)
{
  if (out->len > 0 && out->str[out->len - 1] == 'y') {
    g_string_truncate (out, out->len - 1);
    g_string_append (out, "ies");
  } else {
    g_string_append (out, out->len > 0 && out->str[out->len - 1] == 'x' ? "es" : "s");
  }
}

/* ---- read ---- */

/* Its place in @words[n], or -1. */
static gint
find_word (const gchar *const *words, guint from, guint n, const gchar *word)
{
  for (guint i = from; word && i < n; i++)
    if (words[i] && g_str_equal (words[i], word))
      return (gint) i;
  return -1;
}

gint
rnn_number_read_digit (const gchar *word)
{
  if (word && (g_str_equal (word, "oh") || g_str_equal (word, "o")))
    return 0;
  return find_word (ones, 0, 10, word);
}

/* 0 to 99 */
static guint
read_below_100 (const gchar *const *words, guint64 *n)
{
  gint ten = find_word (tens, 2, G_N_ELEMENTS (tens), words[0]);
  gint one = find_word (ones, ten < 0 ? 0 : 1, ten < 0 ? G_N_ELEMENTS (ones) : 10, words[ten < 0 ? 0 : 1]);

  if (ten < 0 && one < 0)
    return 0;
  *n = (guint64) (ten < 0 ? 0 : 10 * ten) + (guint64) MAX (one, 0);
  return ten >= 0 && one >= 0 ? 2 : 1;
}

static gint
find_scale (const gchar *word)
{
  for (guint i = 0; word && i < G_N_ELEMENTS (scales); i++)
    if (g_str_equal (word, scales[i].word))
      return (gint) i;
  return -1;
}

/* 0 to 999: "two hundred [and] five"; "a hundred" is left to who reads articles. */
static guint
read_below_1000 (const gchar *const *words, guint64 *n)
{
  guint used = read_below_100 (words, n), and, more;
  guint64 rest;

  if (used == 0 || *n == 0 || *n > 99 || !words[used] || !g_str_equal (words[used], "hundred"))
    return used;
  *n *= 100;
  used++;
  and = words[used] && g_str_equal (words[used], "and") ? 1 : 0;
  more = words[used] ? read_below_100 (words + used + and, &rest) : 0;
  if (more == 0 || rest == 0)
    return used;
  *n += rest;
  return used + and + more;
}

guint
rnn_number_read (const gchar *const *words, guint64 *n)
{
  guint used = 0;
  guint64 part, limit = G_MAXUINT64;

  *n = 0;
  for (;;) {
    guint and = used > 0 && words[used] && g_str_equal (words[used], "and") ? 1 : 0;
    guint more = words[used] ? read_below_1000 (words + used + and, &part) : 0;
    gint scale = more > 0 ? find_scale (words[used + and + more]) : -1;

    if (more == 0 || (used > 0 && part == 0) || (scale >= 0 && scales[scale].value >= limit) || (scale >= 0 && part > 999))
      return used;
    if (scale < 0) {
      if (part >= limit)
        return used;
      *n += part;
      return used + and + more;
    }
    limit = scales[scale].value;
    *n += part * limit;
    used += and + more + 1;
  }
}

/* The cardinal whose ordinal @word is, or NULL. (transfer full) */
static gchar *
cardinal_of (const gchar *word)
{
  for (guint i = 0; i < G_N_ELEMENTS (ordinals); i++)
    if (g_str_equal (word, ordinals[i].ordinal))
      return g_strdup (ordinals[i].cardinal);
  if (g_str_has_suffix (word, "ieth"))
    return g_strdup_printf ("%.*sy", (gint) strlen (word) - 4, word);
  return g_str_has_suffix (word, "th") ? g_strndup (word, strlen (word) - 2) : NULL;
}

/* The longest run of words that, its last one made a cardinal, is one number. */
guint
rnn_number_read_ordinal (const gchar *const *words, guint64 *n)
{
  g_autoptr (GPtrArray) run = g_ptr_array_new ();

  for (guint i = 0; words[i] && i < 24; i++) {
    g_autofree gchar *cardinal = cardinal_of (words[i]);

    g_ptr_array_add (run, cardinal ? cardinal : (gpointer) words[i]);
    g_ptr_array_add (run, NULL);
    if (cardinal)
      return rnn_number_read ((const gchar *const *) run->pdata, n) == i + 1 ? i + 1 : 0;
    g_ptr_array_set_size (run, (gint) i + 1);
  }
  return 0;
}

/* "nineteen eighty seven", "nineteen oh five", "nineteen hundred", "two thousand [and] five", "twenty twenty four" */
guint
rnn_number_read_year (const gchar *const *words, guint64 *n)
{
  guint64 century, rest = 0;
  gint digit;
  guint used = read_below_100 (words, &century), more;

  if (used == 1 && century >= 11 && century <= 20 && words[1]) {
    if (century < 20 && g_str_equal (words[1], "hundred") && read_below_100 (words + 2, &rest) == 0) {
      *n = century * 100;
      return 2;
    }
    if (g_str_equal (words[1], "oh") && (digit = rnn_number_read_digit (words[2])) > 0) {
      *n = century * 100 + (guint64) digit;
      return 3;
    }
    more = read_below_100 (words + 1, &rest);
    if (more > 0 && rest >= 10) {
      *n = century * 100 + rest;
      return 1 + more;
    }
  }
  used = rnn_number_read (words, n);
  return used >= 2 && *n >= 2000 && *n <= 2099 ? used : 0;
}
