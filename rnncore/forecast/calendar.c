/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Civil dates <-> days, by Hinnant's algorithm: years begin in March, so that the leap day is their last. */
#include "calendar.h"
#include "../base/number.h"
#include <math.h>
#include <string.h>

#define MAX_SECONDS 9.2e9       /* of what 64 bits of ns hold: 291 years */

gint
rnn_days_in_month (gint year, gint month)
{
  static const gint8 days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  return days[month - 1] + (month == 2 && leap);
}

static gint64
days_from_civil (gint64 year, gint month, gint day)
{
  gint64 era, of_era, of_year;

  year -= month <= 2;
  era = (year >= 0 ? year : year - 399) / 400;
  of_era = year - era * 400;
  of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static gint64
floor_divide (gint64 a, gint64 b)
{
  return a / b - (a % b < 0);
}

void
rnn_time_to_civil (gint64 time, RnnCivil *civil)
{
  gint64 days = floor_divide (time, RNN_DAY), shifted = days + 719468;
  gint64 era = floor_divide (shifted, 146097), of_era = shifted - era * 146097;
  gint64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  gint64 of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;

  civil->day = (gint) (of_year - (153 * month + 2) / 5 + 1);
  civil->month = (gint) (month < 10 ? month + 3 : month - 9);
  civil->year = (gint) (year + era * 400 + (civil->month <= 2));
  civil->weekday = (gint) (days + 3 - 7 * floor_divide (days + 3, 7));
  civil->of_day = time - days * RNN_DAY;
}

gint64
rnn_time_from_civil (const RnnCivil *c)
{
  if (c->year < 1678 || c->year > 2261 || c->month < 1 || c->month > 12 || c->day < 1
      || c->day > rnn_days_in_month (c->year, c->month))
    return RNN_TIME_NONE;
  return days_from_civil (c->year, c->month, c->day) * RNN_DAY + c->of_day;
}

/* ---- reading ---- */

typedef struct {
  const gchar *at, *end;
} Cursor;

static gboolean
take (Cursor *c, const gchar *any_of)
{
  if (c->at == c->end || !*c->at || !strchr (any_of, *c->at))
    return FALSE;
  c->at++;
  return TRUE;
}

/* Exactly @n digits, at most @max */
static gboolean
take_number (Cursor *c, gint n, gint max, gint *value)
{
  *value = 0;
  if (c->end - c->at < n)
    return FALSE;
  for (gint i = 0; i < n; i++, c->at++) {
    if (!g_ascii_isdigit (*c->at))
      return FALSE;
    *value = *value * 10 + (*c->at - '0');
  }
  return *value <= max;
}

/* "2016", "2016-07", "2016-07-01", "20160701" */
static gboolean
take_date (Cursor *c, RnnCivil *civil)
{
  gboolean dashes;

  civil->month = civil->day = 1;
  if (!take_number (c, 4, 9999, &civil->year))
    return FALSE;
  if (c->at == c->end)
    return TRUE;
  dashes = take (c, "-/");
  if (!take_number (c, 2, 12, &civil->month))
    return FALSE;
  if (dashes && c->at == c->end)
    return TRUE;
  return (!dashes || take (c, "-/")) && take_number (c, 2, 31, &civil->day);
}

static void
take_fraction (Cursor *c, gint64 *ns)
{
  gint64 unit = RNN_SECOND / 10;

  if (!take (c, ".,"))
    return;
  for (; c->at < c->end && g_ascii_isdigit (*c->at); c->at++, unit /= 10)
    *ns += (*c->at - '0') * unit;
}

/* "05", "05:30", "05:30:00.25", "0530"; 24:00 and leap seconds run into what follows */
static gboolean
take_clock (Cursor *c, gint64 *of_day)
{
  gint hours, minutes = 0, seconds = 0;
  gboolean colons;

  if (!take_number (c, 2, 24, &hours))
    return FALSE;
  colons = take (c, ":");
  if (colons || (c->at < c->end && g_ascii_isdigit (*c->at))) {
    if (!take_number (c, 2, 59, &minutes))
      return FALSE;
    if ((colons ? take (c, ":") : c->at < c->end && g_ascii_isdigit (*c->at)) && !take_number (c, 2, 60, &seconds))
      return FALSE;
  }
  *of_day = (hours * 3600 + minutes * 60 + seconds) * RNN_SECOND;
  take_fraction (c, of_day);
  return hours < 24 || *of_day == RNN_DAY;
}

/* "Z", "UTC", "+02", "+02:00", "+0200", or nothing */
static gboolean
take_zone (Cursor *c, gint64 *offset)
{
  gint hours = 0, minutes = 0, sign;

  *offset = 0;
  take (c, " ");
  if (c->end - c->at == 3 && (!strncmp (c->at, "UTC", 3) || !strncmp (c->at, "GMT", 3))) {
    c->at = c->end;
    return TRUE;
  }
  if (c->at == c->end || take (c, "Zz"))
    return TRUE;
  sign = *c->at == '-' ? -1 : 1;
  if (!take (c, "+-") || !take_number (c, 2, 23, &hours))
    return FALSE;
  take (c, ":");
  if (c->at < c->end && !take_number (c, 2, 59, &minutes))
    return FALSE;
  *offset = sign * (hours * 3600 + minutes * 60) * RNN_SECOND;
  return TRUE;
}

static gint64
parse_iso (const gchar *text, gsize n)
{
  Cursor c = { text, text + n };
  RnnCivil civil = { 0 };
  gint64 offset = 0, time;

  if (!take_date (&c, &civil))
    return RNN_TIME_NONE;
  if (c.at < c.end && (!take (&c, "Tt ") || !take_clock (&c, &civil.of_day) || !take_zone (&c, &offset)))
    return RNN_TIME_NONE;
  time = rnn_time_from_civil (&civil);
  return c.at == c.end && time != RNN_TIME_NONE ? time - offset : RNN_TIME_NONE;
}

static gint64
parse_epoch (const gchar *text, gsize n, RnnEpochUnit unit)
{
  static const gint64 sizes[] = { 0, RNN_SECOND, RNN_SECOND / 1000, RNN_SECOND / 1000000, 1 };
  const gchar *point = memchr (text, '.', n), *end = point ? point : text + n;
  gint64 whole = 0, size;
  gdouble value, fraction = 0;

  if (rnn_number_parse (text, n, '.', &value) != RNN_NUMBER_FINITE)
    return RNN_TIME_NONE;
  if (unit == RNN_EPOCH_AUTO)
    unit = fabs (value) < 1e11 ? RNN_EPOCH_SECONDS : fabs (value) < 1e14 ? RNN_EPOCH_MILLISECONDS
        : fabs (value) < 1e17 ? RNN_EPOCH_MICROSECONDS : RNN_EPOCH_NANOSECONDS;
  size = sizes[unit];
  if (fabs (value) * (gdouble) size > MAX_SECONDS * RNN_SECOND)
    return RNN_TIME_NONE;
  if (memchr (text, 'e', n) || memchr (text, 'E', n))
    return (gint64) (value * (gdouble) size);
  for (const gchar *at = text; at < end; at++)          /* a double has not digits enough for ns */
    whole = g_ascii_isdigit (*at) ? whole * 10 + (*at - '0') : whole;
  if (point)
    rnn_number_parse (point, (gsize) (text + n - point), '.', &fraction);
  whole = whole * size + (isnan (fraction) ? 0 : (gint64) rint (fraction * (gdouble) size));
  return value < 0 ? -whole : whole;
}

gint64
rnn_time_parse (const gchar *text, gsize n, RnnEpochUnit unit)
{
  gint64 time = RNN_TIME_NONE;

  for (; n > 0 && g_ascii_isspace (*text); text++, n--);
  for (; n > 0 && g_ascii_isspace (text[n - 1]); n--);
  if (n == 0 || n > 40)
    return RNN_TIME_NONE;
  if (unit == RNN_EPOCH_AUTO)
    time = parse_iso (text, n);
  return time != RNN_TIME_NONE ? time : parse_epoch (text, n, unit);
}

const gchar *
rnn_time_format (gint64 time, gchar *text)
{
  RnnCivil c;
  gint64 seconds, ns;
  gint n;

  rnn_time_to_civil (time, &c);
  seconds = c.of_day / RNN_SECOND;
  ns = c.of_day % RNN_SECOND;
  n = g_snprintf (text, RNN_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, (gint) (seconds / 3600),
      (gint) (seconds / 60 % 60), (gint) (seconds % 60));
  if (ns > 0) {
    n += g_snprintf (text + n, (gulong) (RNN_TIME_TEXT - n), ".%09d", (gint) ns);
    for (; text[n - 1] == '0'; n--);
  }
  g_strlcpy (text + n, "Z", (gsize) (RNN_TIME_TEXT - n));
  return text;
}
