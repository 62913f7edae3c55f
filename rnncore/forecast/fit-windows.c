/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Windows out of tracks. */
#include "fit-private.h"
#include "window.h"
#include <string.h>

#define FAR 30                  /* scaled truths beyond are no example */
#define MOST_FLOATS (1 << 25)   /* of rows with covariates */

/* TRUE: the window that ends before @t is an example. */
static gboolean
make_window (const RnnFitWork *w, const RnnForecastTrack *track, guint t, gfloat *x, gfloat *y)
{
  const RnnForecastConfig *c = &w->config;
  RnnScaling scaling;
  guint known = 0;

  if (!rnn_forecast_window (c, track->values + t - c->context, x, &scaling))
    return FALSE;
  for (gint h = 0; h < c->horizon; h++) {
    y[h] = (track->values[t + h] - scaling.shift) / scaling.scale;
    if (c->scaling != RNN_SCALING_NONE && fabsf (y[h]) > FAR)
      return FALSE;
    known += !isnan (y[h]);
  }
  if (track->covariates)
    rnn_covariate_rows_read (track->covariates, c, t, x + c->context);
  return known > 0;
}

/* Truths of windows begin at @from (and after a context) and end before @to. */
static guint
count_windows (const RnnForecastConfig *c, guint from, guint to)
{
  guint first = MAX (from, (guint) c->context);

  return to >= first + c->horizon ? to - first - c->horizon + 1 : 0;
}

void
rnn_fit_collect (RnnFitWork *w, const RnnForecastTrack *tracks, guint n_tracks, gboolean learn, guint most, RnnFitWindows *windows)
{
  const RnnForecastConfig *c = &w->config;
  guint row = (guint) rnn_forecast_get_row (c), stride, phase = 0;
  guint64 all = 0;

  for (guint i = 0; i < n_tracks; i++)
    all += count_windows (c, learn ? 0 : tracks[i].train, learn ? tracks[i].train : tracks[i].valid);
  if (row > (guint) c->context)
    most = MIN (most, MOST_FLOATS / row + 1);
  stride = (guint) (all / most + 1);
  *windows = (RnnFitWindows) { (gint) row, c->horizon, 0, g_new (gfloat, (all / stride + 1) * row),
    g_new (gfloat, (all / stride + 1) * c->horizon) };
  for (guint i = 0; i < n_tracks; i++) {
    guint from = MAX (learn ? 0 : tracks[i].train, (guint) c->context);
    guint n = count_windows (c, from, learn ? tracks[i].train : tracks[i].valid);

    for (guint k = 0; k < n; k++)
      if (phase++ % stride == 0)
        windows->n += make_window (w, &tracks[i], from + k, windows->x + (gsize) windows->n * row,
            windows->y + (gsize) windows->n * c->horizon);
  }
}

void
rnn_fit_windows_clear (RnnFitWindows *windows)
{
  g_free (windows->x);
  g_free (windows->y);
}


static gfloat *
prepend (gfloat *rows, guint n, const gfloat *more, guint n_more, gint size)
{
  gfloat *all = g_new (gfloat, ((gsize) n + n_more) * size + 1);

  memcpy (all, more, (gsize) n_more * size * sizeof (gfloat));
  memcpy (all + (gsize) n_more * size, rows, (gsize) n * size * sizeof (gfloat));
  g_free (rows);
  return all;
}

void
rnn_fit_lend (RnnFitWork *w)
{
  RnnFitWindows *learn = &w->learn, *choose = &w->choose;
  guint n = learn->n / 3;

  learn->n -= n;
  choose->x = prepend (choose->x, choose->n, learn->x + (gsize) learn->n * learn->n_in, n, learn->n_in);
  choose->y = prepend (choose->y, choose->n, learn->y + (gsize) learn->n * learn->n_out, n, learn->n_out);
  choose->n += n;
}
