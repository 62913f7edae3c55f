/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calendars and columns as numbers of every step of a series. */
#include "covariates-private.h"
#include <math.h>
#include <string.h>

/* ---- calendars ---- */

static gdouble
turn_second (const RnnCivil *c)
{
  return (gdouble) (c->of_day / RNN_SECOND % 60) / 60;
}

static gdouble
turn_minute (const RnnCivil *c)
{
  return (gdouble) (c->of_day / (60 * RNN_SECOND) % 60) / 60;
}

static gdouble
turn_hour (const RnnCivil *c)
{
  return (gdouble) (c->of_day / (3600 * RNN_SECOND)) / 24;
}

static gdouble
turn_weekday (const RnnCivil *c)
{
  return c->weekday / 7.0;
}

static gdouble
turn_day (const RnnCivil *c)
{
  return (c->day - 1.0) / rnn_days_in_month (c->year, c->month);
}

static gdouble
turn_month (const RnnCivil *c)
{
  return (c->month - 1) / 12.0;
}

/* A 29th of February is half a day after the 28th, so that every other date is where it is in all years. */
static gdouble
turn_yearday (const RnnCivil *c)
{
  gdouble day = c->month == 2 && c->day == 29 ? 27.5 : c->day - 1;

  for (gint month = 1; month < c->month; month++)
    day += rnn_days_in_month (2001, month);
  return day / 365;
}

static const RnnCalendar calendars[] = {
  { "second", turn_second },    /* of the minute */
  { "minute", turn_minute },    /* of the hour */
  { "hour", turn_hour },        /* of the day */
  { "weekday", turn_weekday },
  { "day", turn_day },          /* of the month */
  { "month", turn_month },
  { "yearday", turn_yearday },
};

const RnnCalendar *
rnn_calendar_find (const gchar *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (calendars); i++)
    if (g_str_equal (calendars[i].name, name))
      return &calendars[i];
  return NULL;
}

gchar *
rnn_calendar_list (void)
{
  GString *all = g_string_new (calendars[0].name);

  for (guint i = 1; i < G_N_ELEMENTS (calendars); i++)
    g_string_append_printf (all, ", %s", calendars[i].name);
  return g_string_free (all, FALSE);
}

void
rnn_covariates_look_up (const RnnCovariates *c, gint64 time, gfloat *numbers)
{
  RnnCivil civil;

  if (time == RNN_TIME_NONE) {
    memset (numbers, 0, RNN_CALENDAR_NUMBERS * c->n_calendar * sizeof (gfloat));
    return;
  }
  rnn_time_to_civil (time, &civil);
  for (guint i = 0; i < c->n_calendar; i++) {
    gdouble angle = 2 * G_PI * rnn_calendar_find (c->calendar[i])->turn (&civil);

    numbers[2 * i] = (gfloat) sin (angle);
    numbers[2 * i + 1] = (gfloat) cos (angle);
  }
}

void
rnn_covariates_scale (const RnnCovariates *c, guint first, guint n, const gfloat *columns, gfloat *numbers)
{
  for (guint i = 0; i < n; i++) {
    gfloat value = (columns[i] - c->shifts[first + i]) / c->scales[first + i];

    numbers[i] = isfinite (value) ? value : NAN;
  }
}

/* ---- of a series ---- */

static void
make_step (const RnnCovariates *c, const RnnSeries *s, guint t, RnnCovariateRows *f, gfloat *room)
{
  gint64 time = c->n_calendar ? rnn_time_step_add (&s->step, s->start, t) : RNN_TIME_NONE;
  guint n_turns = RNN_CALENDAR_NUMBERS * c->n_calendar, n_known = n_turns + c->n_known;

  rnn_covariates_look_up (c, time, room);
  for (guint k = 0; k < s->n_others; k++)
    room[n_turns + k] = NAN;
  if (t < s->n + s->n_ahead)
    rnn_covariates_scale (c, 0, s->n_others, s->others + (gsize) t * s->n_others, room + n_turns);
  for (guint k = 0; k < n_known; k++)
    f->known[(gsize) k * f->n + t] = room[k];
  for (guint k = 0; k < c->n_past; k++)
    f->past[(gsize) k * f->n + t] = t < s->n ? room[n_known + k] : NAN;
}

RnnCovariateRows *
rnn_covariate_rows_new (const RnnCovariates *c, const RnnSeries *s, guint ahead)
{
  RnnCovariateRows *f = g_new0 (RnnCovariateRows, 1);
  guint n_known = rnn_covariates_count_known (c);
  g_autofree gfloat *room = g_new (gfloat, n_known + c->n_past + 1);

  f->n = s->n + ahead;
  f->ahead = ahead;
  f->known = g_new (gfloat, (gsize) n_known * f->n + 1);
  f->past = g_new (gfloat, (gsize) c->n_past * f->n + 1);
  f->tokens = g_new0 (gfloat, c->n_categories + 1);
  for (guint t = 0; t < f->n; t++)
    make_step (c, s, t, f, room);
  for (guint k = 0; k < c->n_categories; k++)
    f->tokens[k] = (gfloat) rnn_covariates_find_token (c, k, s->categories[k]);
  return f;
}

void
rnn_covariate_rows_free (RnnCovariateRows *f)
{
  if (!f)
    return;
  g_free (f->known);
  g_free (f->past);
  g_free (f->tokens);
  g_free (f);
}

gfloat
rnn_covariate_rows_hold (guint n, gfloat *row, gfloat last)
{
  for (guint i = 0; i < n; i++)
    last = row[i] = isnan (row[i]) ? last : row[i];
  return last;
}

void
rnn_covariate_rows_read (const RnnCovariateRows *f, const RnnForecastConfig *c, guint t, gfloat *rest)
{
  guint context = (guint) c->context, H = (guint) c->horizon;
  gfloat *past = rest + (gsize) c->known * context, *ahead = past + (gsize) c->past * context;

  for (gint k = 0; k < c->known; k++) {
    const gfloat *row = f->known + (gsize) k * f->n + t;
    gfloat *steps = rest + (gsize) k * context, *to_come = ahead + (gsize) k * H;

    memcpy (steps, row - context, context * sizeof (gfloat));
    memcpy (to_come, row, H * sizeof (gfloat));
    rnn_covariate_rows_hold (H, to_come, rnn_covariate_rows_hold (context, steps, 0));
  }
  for (gint k = 0; k < c->past; k++) {
    memcpy (past + (gsize) k * context, f->past + (gsize) k * f->n + t - context, context * sizeof (gfloat));
    rnn_covariate_rows_hold (context, past + (gsize) k * context, 0);
  }
  memcpy (ahead + (gsize) c->known * H, f->tokens, c->categories * sizeof (gfloat));
}
