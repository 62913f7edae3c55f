/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Points in time: ns since 1970-01-01T00:00:00Z, from 1678 to 2261, and their calendar (proleptic Gregorian, UTC). */
#pragma once
#include "../base/api.h"
#include <glib.h>

RNN_API_BEGIN

#define RNN_TIME_NONE G_MININT64
#define RNN_SECOND G_GINT64_CONSTANT (1000000000)
#define RNN_DAY (86400 * RNN_SECOND)

typedef enum { RNN_EPOCH_AUTO, RNN_EPOCH_SECONDS, RNN_EPOCH_MILLISECONDS, RNN_EPOCH_MICROSECONDS,
  RNN_EPOCH_NANOSECONDS } RnnEpochUnit;

/* text[n]: ISO 8601 ("2016", "2016-07", "2016-07-01", "2016-07-01T05:30:00.25+02:00", "20160701T0530Z"; a blank for the T,
 * a comma for the point, '/' for '-'; without a zone it is UTC), or a number of @unit since 1970.  AUTO: by its size, as
 * seconds below 10^11, ms below 10^14, us below 10^17.  Returns RNN_TIME_NONE for anything else. */
gint64 rnn_time_parse (const gchar *text, gsize n, RnnEpochUnit unit);

#define RNN_TIME_TEXT 40
/* "2016-07-01T05:30:00Z", with as many decimals as are needed, in @text[RNN_TIME_TEXT]; returns it. */
const gchar *rnn_time_format (gint64 time, gchar *text);

typedef struct {
  gint year, month, day;        /* month and day from 1 */
  gint weekday;                 /* 0 Monday ... 6 Sunday */
  gint64 of_day;                /* ns since midnight */
} RnnCivil;

void   rnn_time_to_civil (gint64 time, RnnCivil *civil);
/* RNN_TIME_NONE: no such date, or too far.  The weekday is not looked at. */
gint64 rnn_time_from_civil (const RnnCivil *civil);
gint   rnn_days_in_month (gint year, gint month);

RNN_API_END
