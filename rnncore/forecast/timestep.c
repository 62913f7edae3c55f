/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regular steps: guessed, written, counted. */
#include "timestep.h"
#include "../base/error.h"
#include <string.h>

#define MEAN_MONTH (RNN_DAY / 400 * 146097 / 12)

static const struct {
  const gchar *name;
  RnnStepKind kind;
  gint64 size;
} units[] = {                   /* from large to small, for writing */
  { "y", RNN_STEP_MONTHS, 12 }, { "mo", RNN_STEP_MONTHS, 1 }, { "b", RNN_STEP_BUSINESS_DAYS, 1 },
  { "w", RNN_STEP_TIME, 7 * RNN_DAY }, { "d", RNN_STEP_TIME, RNN_DAY }, { "h", RNN_STEP_TIME, RNN_DAY / 24 },
  { "min", RNN_STEP_TIME, 60 * RNN_SECOND }, { "s", RNN_STEP_TIME, RNN_SECOND },
  { "ms", RNN_STEP_TIME, RNN_SECOND / 1000 }, { "us", RNN_STEP_TIME, RNN_SECOND / 1000000 }, { "ns", RNN_STEP_TIME, 1 },
};

static const struct {
  RnnTimeStep step;
  guint season;
} seasons[] = {
  { { RNN_STEP_MONTHS, 1 }, 12 }, { { RNN_STEP_MONTHS, 3 }, 4 }, { { RNN_STEP_BUSINESS_DAYS, 1 }, 5 },
  { { RNN_STEP_TIME, RNN_DAY }, 7 }, { { RNN_STEP_TIME, 7 * RNN_DAY }, 52 },
};

gboolean
rnn_time_step_parse (RnnTimeStep *step, const gchar *text, GError **error)
{
  gchar *end;
  gdouble value = g_ascii_strtod (text, &end);
  const gchar *unit = *end ? end : "s";

  if (end == text)
    value = 1;                  /* "h" is an hour */
  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (*text && !strcmp (unit, units[i].name) && value > 0 && value * (gdouble) units[i].size < 9e18) {
      step->kind = units[i].kind;
      step->n = (gint64) (value * (gdouble) units[i].size + 0.5);
      if (step->n > 0 && (step->kind == RNN_STEP_TIME || step->n == value * (gdouble) units[i].size)
          && (step->kind == RNN_STEP_TIME || step->n <= 1200))
        return TRUE;
    }
  g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "\"%s\" is no time step: 10ms, 5s, 15min, 1h, 1d, 1w, 1mo, 1y or 1b "
      "(business day) are some", text);
  return FALSE;
}

gchar *
rnn_time_step_format (const RnnTimeStep *step)
{
  guint i = 0;

  while (units[i].kind != step->kind || step->n % units[i].size)
    i++;
  return g_strdup_printf ("%" G_GINT64_FORMAT "%s", step->n / units[i].size, units[i].name);
}

/* ---- calendars as numbers: a month since year 0, a business day since Monday 1969-12-29 ---- */

static gboolean
ends_month (const RnnCivil *c)
{
  return c->day == rnn_days_in_month (c->year, c->month);
}

static gint64
month_number (const RnnCivil *c)
{
  return (gint64) c->year * 12 + c->month - 1;
}

static gint64
add_months (gint64 time, gint64 k)
{
  RnnCivil c;
  gboolean last;
  gint64 month;

  rnn_time_to_civil (time, &c);
  last = ends_month (&c);
  month = month_number (&c) + k;
  if (month < 1678 * 12 || month >= 2262 * 12)
    return RNN_TIME_NONE;
  c.year = (gint) (month / 12);
  c.month = (gint) (month % 12) + 1;
  c.day = last ? rnn_days_in_month (c.year, c.month) : MIN (c.day, rnn_days_in_month (c.year, c.month));
  return rnn_time_from_civil (&c);
}

/* Days since a Monday, and the rest of the day */
static gint64
split_days (gint64 time, gint64 *of_day)
{
  RnnCivil c;

  rnn_time_to_civil (time, &c);
  *of_day = c.of_day;
  return (time - c.of_day) / RNN_DAY + 3;
}

static gint64
business_number (gint64 day)
{
  gint64 week = day / 7 - (day % 7 < 0);

  return week * 5 + MIN (day - week * 7, 5);
}

static gint64
add_business_days (gint64 time, gint64 k)
{
  gint64 of_day, number = business_number (split_days (time, &of_day)) + k, week = number / 5 - (number % 5 < 0);

  return (week * 7 + number - week * 5 - 3) * RNN_DAY + of_day;
}

gint64
rnn_time_step_add (const RnnTimeStep *step, gint64 time, gint64 k)
{
  gint64 way, sum;

  if (step->kind != RNN_STEP_TIME && ABS (k) > 1000000)
    return RNN_TIME_NONE;
  if (step->kind == RNN_STEP_MONTHS)
    return add_months (time, k * step->n);
  if (step->kind == RNN_STEP_BUSINESS_DAYS)
    return add_business_days (time, k * step->n);
  return __builtin_mul_overflow (k, step->n, &way) || __builtin_add_overflow (time, way, &sum) ? RNN_TIME_NONE : sum;
}

static gint64
estimate (const RnnTimeStep *step, gint64 from, gint64 to)
{
  gint64 unused;
  RnnCivil a, b;

  if (step->kind == RNN_STEP_BUSINESS_DAYS)
    return (business_number (split_days (to, &unused)) - business_number (split_days (from, &unused))) / step->n;
  if (step->kind == RNN_STEP_TIME)
    return (gint64) (((gdouble) to - (gdouble) from) / (gdouble) step->n + 0.5);
  rnn_time_to_civil (from, &a);
  rnn_time_to_civil (to, &b);
  return (month_number (&b) - month_number (&a) + step->n / 2) / step->n;
}

gint64
rnn_time_step_count (const RnnTimeStep *step, gint64 from, gint64 to)
{
  gint64 guess, room = step->kind == RNN_STEP_TIME ? step->n / 10 : step->kind == RNN_STEP_MONTHS ? 3 * RNN_DAY : 0;

  if (to < from)
    return -1;
  guess = estimate (step, from, to);
  for (gint64 k = MAX (guess - 1, 0); k <= guess + 1; k++) {
    gint64 at = rnn_time_step_add (step, from, k);

    if (at != RNN_TIME_NONE && ABS (at - to) <= room)
      return k;
  }
  return -1;
}

gint64
rnn_time_step_duration (const RnnTimeStep *step)
{
  return step->kind == RNN_STEP_TIME ? step->n
      : step->kind == RNN_STEP_MONTHS ? step->n * MEAN_MONTH : step->n * RNN_DAY / 5 * 7;
}

guint
rnn_time_step_season (const RnnTimeStep *step)
{
  for (guint i = 0; i < G_N_ELEMENTS (seasons); i++)
    if (step->kind == seasons[i].step.kind && step->n == seasons[i].step.n)
      return seasons[i].season;
  if (step->kind != RNN_STEP_TIME || step->n >= RNN_DAY)
    return 1;
  if (RNN_DAY % step->n == 0 && step->n >= 5 * 60 * RNN_SECOND)
    return (guint) (RNN_DAY / step->n);
  return step->n == 60 * RNN_SECOND ? 60 : 1;
}

/* ---- guessing ---- */

/* Months, if all distances are that long; 0: no */
static gint64
guess_months (const gint64 *times, guint n)
{
  gint64 least = G_MAXINT64;

  for (guint i = 1; i < n; i++) {
    RnnCivil a, b;
    gint64 months;

    rnn_time_to_civil (times[i - 1], &a);
    rnn_time_to_civil (times[i], &b);
    months = month_number (&b) - month_number (&a);
    if (months <= 0 || a.of_day != b.of_day || (a.day != b.day && !(ends_month (&a) && ends_month (&b))))
      return 0;
    least = MIN (least, months);
  }
  return n > 1 ? least : 0;
}

static gboolean
are_business_days (const gint64 *times, guint n)
{
  gboolean weekend = FALSE;

  for (guint i = 0; i < n; i++) {
    gint64 of_day, of_first, day = split_days (times[i], &of_day), step = i ? times[i] - times[i - 1] : RNN_DAY;

    split_days (times[0], &of_first);
    weekend |= step == 3 * RNN_DAY;
    if ((day % 7 + 7) % 7 > 4 || of_day != of_first || step > 5 * RNN_DAY)
      return FALSE;
  }
  return weekend;
}

/* The most frequent distance; the shorter of two as frequent */
static gint64
guess_distance (const gint64 *times, guint n)
{
  gint64 best = 0;
  guint most = 0;

  for (guint i = 1; i < n; i++) {
    gint64 distance = times[i] - times[i - 1];
    guint votes = 0;

    for (guint j = 1; j < n; j++)
      votes += ABS (times[j] - times[j - 1] - distance) <= distance / 20;
    if (distance > 0 && (votes > most || (votes == most && distance < best))) {
      most = votes;
      best = distance;
    }
  }
  return best;
}

gboolean
rnn_time_step_guess (RnnTimeStep *step, const gint64 *times, guint n)
{
  gint64 months = guess_months (times, n), distance = guess_distance (times, n);

  if (distance == 0)
    return FALSE;
  step->kind = RNN_STEP_TIME;
  step->n = distance;
  if (months > 0) {
    step->kind = RNN_STEP_MONTHS;
    step->n = months;
  } else if (distance == RNN_DAY && are_business_days (times, n)) {
    step->kind = RNN_STEP_BUSINESS_DAYS;
    step->n = 1;
  }
  return TRUE;
}
