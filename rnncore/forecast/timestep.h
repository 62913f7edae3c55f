/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The distance between the values of a regular series: a time, or so many months or business days by the calendar. */
#pragma once
#include "../base/api.h"
#include "calendar.h"

RNN_API_BEGIN

typedef enum { RNN_STEP_TIME, RNN_STEP_MONTHS, RNN_STEP_BUSINESS_DAYS } RnnStepKind;

typedef struct {
  RnnStepKind kind;
  gint64 n;                     /* ns, months or days; > 0 */
} RnnTimeStep;

/* "10ms", "5s", "15min", "1h", "1d", "1w", "1mo", "3mo", "1y", "1b" (business day: Monday to Friday), or a number of
 * seconds. */
gboolean rnn_time_step_parse  (RnnTimeStep *step, const gchar *text, GError **error);
/* The same back; g_free. */
gchar   *rnn_time_step_format (const RnnTimeStep *step);

/* What times[n], rising, are apart mostly.  FALSE: less than two different times. */
gboolean rnn_time_step_guess (RnnTimeStep *step, const gint64 *times, guint n);

/* @k steps from @time on.  Months keep the day, or take the last one of a shorter month; ends of months stay ends. */
gint64   rnn_time_step_add   (const RnnTimeStep *step, gint64 time, gint64 k);
/* How many steps lie between; -1: @to is before @from, or further than a tenth of a step from any. */
gint64   rnn_time_step_count (const RnnTimeStep *step, gint64 from, gint64 to);
/* In ns; of months and business days the mean one. */
gint64   rnn_time_step_duration (const RnnTimeStep *step);

/* Steps of a season that such series tend to have (24 of hours, 7 of days, 12 of months, 5 of business days, ...); 1: none
 * is likely. */
guint    rnn_time_step_season (const RnnTimeStep *step);

RNN_API_END
