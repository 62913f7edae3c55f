/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rows of figures share: parts of a match, numbers as they stand in a text. */
#include "figures.h"
#include "numbers.h"
#include <string.h>

/* Group @i, "" if it took no part.  (transfer full) */
gchar *
rnn_figure_group (const GMatchInfo *match, gint i)
{
  gchar *text = g_match_info_fetch (match, i);

  return text ? text : g_strdup ("");
}

guint64
rnn_figure_value (const gchar *digits)
{
  return g_ascii_strtoull (digits, NULL, 10);
}

/* "1,234" -> "1234" */
gchar *
rnn_figure_without_commas (const gchar *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  return g_strjoinv ("", parts);
}

void
rnn_figure_say (GString *out, const gchar *word)
{
  g_string_append_printf (out, " %s ", word);
}

void
rnn_figure_trim_end (GString *out)
{
  while (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
}

/* What is too long, or begins with a zero, digit by digit. */
void
rnn_figure_say_whole (GString *out, const gchar *digits)
{
  gsize n = strlen (digits);

  g_string_append_c (out, ' ');
  if (n > RNN_NUMBER_MAX_DIGITS || (n > 1 && *digits == '0'))
    rnn_number_say_digits (out, digits, n);
  else
    rnn_number_say (out, rnn_figure_value (digits));
}

/* "1,234", "3.14", ".5" */
void
rnn_figure_say_number (GString *out, const gchar *written)
{
  g_autofree gchar *plain = rnn_figure_without_commas (written);
  gchar *point = strchr (plain, '.');

  if (point)
    *point = '\0';
  if (*plain)
    rnn_figure_say_whole (out, plain);
  if (point) {
    rnn_figure_say (out, "point");
    rnn_number_say_digits (out, point + 1, strlen (point + 1));
  }
}

/* Four digits alone are a year. */
void
rnn_figure_say_year (GString *out, const gchar *digits)
{
  guint64 year = rnn_figure_value (digits);

  if (strlen (digits) != 4 || year < 1000 || year > 2099) {
    rnn_figure_say_whole (out, digits);
    return;
  }
  g_string_append_c (out, ' ');
  rnn_number_say_year (out, year);
}

void
rnn_figure_say_ordinal (GString *out, guint64 n)
{
  g_string_append_c (out, ' ');
  rnn_number_say_ordinal (out, n);
}
