/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole series in memory, on a regular grid of time. */
#pragma once
#include "../base/api.h"
#include "series-reader.h"
#include "timestep.h"

RNN_API_BEGIN

typedef struct {
  gchar *id;                    /* or NULL */
  guint n, channels;
  gchar **names;                /* [channels], NULL-terminated */
  gfloat *values;               /* [n][channels]; NAN: missing, or no row was there */
  gint64 start;                 /* of values[0]; RNN_TIME_NONE: rows are numbered, not timed */
  RnnTimeStep step;
  guint n_others, n_ahead;      /* columns that are not forecast (covariates.h), and their rows after the last value */
  gfloat *others;               /* [n + n_ahead][n_others] */
  gchar **categories;           /* as the format names them, what the series' first row says; NULL-terminated, or NULL */
} RnnSeries;

typedef struct {
  gboolean sort;                /* rows in any order; of rows of one time the last counts.  Else times must rise */
  const RnnTimeStep *step;      /* NULL: guessed */
} RnnSeriesRules;

/* The series of a file, one after another (transfer full, of RnnSeries).  Errors as of the reader, and: times that do not
 * rise or lie between the steps, and gaps that would make the series more than ten times as long as its rows (and longer than
 * 10^6).  @format and @rules may be NULL. */
GPtrArray *rnn_series_load (const gchar *path, const RnnSeriesFormat *format, const RnnSeriesRules *rules, GError **error);
/* The same from memory; @where stands for the path. */
GPtrArray *rnn_series_parse (const gchar *text, gsize n, const RnnSeriesFormat *format, const RnnSeriesRules *rules,
    const gchar *where, GError **error);
/* Tables with a series per row: id, then its values, then empty fields (the M4 competition's). */
GPtrArray *rnn_series_load_wide (const gchar *path, GError **error);

RnnSeries *rnn_series_new  (const gchar *id, guint n, const gchar *const *names);       /* all NAN */
void       rnn_series_free (RnnSeries *series);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnSeries, rnn_series_free)

RNN_API_END
