/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Dates and times of day. */
#include "figures.h"
#include "numbers.h"

static const gchar *const months[] = { "january", "february", "march", "april", "may", "june", "july", "august",
  "september", "october", "november", "december"
};

static void
say_month (GString *out, const gchar *written)
{
  for (guint i = 0; i < G_N_ELEMENTS (months); i++)
    if (g_ascii_strncasecmp (months[i], written, 3) == 0)
      rnn_figure_say (out, months[i]);
}

/* All of them figures. */
static void
say_date (GString *out, const gchar *month, const gchar *day, const gchar *year)
{
  rnn_figure_say (out, months[rnn_figure_value (month) - 1]);
  rnn_figure_say_ordinal (out, rnn_figure_value (day));
  rnn_figure_say_year (out, year);
}

void
rnn_figure_say_iso_date (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *year = rnn_figure_group (match, 1), *month = rnn_figure_group (match, 2);
  g_autofree gchar *day = rnn_figure_group (match, 3);

  say_date (out, month, day, year);
}

void
rnn_figure_say_slashed_date (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *month = rnn_figure_group (match, 1), *day = rnn_figure_group (match, 2);
  g_autofree gchar *year = rnn_figure_group (match, 3);

  say_date (out, month, day, year);
}

void
rnn_figure_say_month_day (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *month = rnn_figure_group (match, 1), *day = rnn_figure_group (match, 2);
  g_autofree gchar *year = rnn_figure_group (match, 3);

  say_month (out, month);
  rnn_figure_say_ordinal (out, rnn_figure_value (day));
  if (*year)
    rnn_figure_say_year (out, year);
}

void
rnn_figure_say_day_month (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *day = rnn_figure_group (match, 1), *of = rnn_figure_group (match, 2);
  g_autofree gchar *month = rnn_figure_group (match, 3), *year = rnn_figure_group (match, 4);

  rnn_figure_say_ordinal (out, rnn_figure_value (day));
  if (*of)
    rnn_figure_say (out, "of");
  say_month (out, month);
  if (*year)
    rnn_figure_say_year (out, year);
}

void
rnn_figure_say_time (GString *out, const GMatchInfo *match)
{
  g_autofree gchar *hour = rnn_figure_group (match, 1), *minute = rnn_figure_group (match, 2);
  g_autofree gchar *half = rnn_figure_group (match, 3);
  guint64 minutes = rnn_figure_value (minute);

  g_string_append_c (out, ' ');
  rnn_number_say (out, rnn_figure_value (hour));
  if (minutes > 0 && minutes < 10)
    rnn_figure_say (out, "oh");
  if (minutes > 0)
    rnn_number_say (out, minutes);
  else if (*minute && !*half)
    rnn_figure_say (out, rnn_figure_value (hour) <= 12 ? "o'clock" : "hundred");
  if (*half)
    rnn_figure_say (out, g_ascii_tolower (*half) == 'a' ? "a m" : "p m");
  g_string_append_c (out, ' ');
}
