/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables with covariates, and forecasters that are told of them. */
#include "eval.h"
#include <string.h>

/* The target's columns and those of covariates; NULL: all. (transfer full) */
static gchar *
join_columns (const gchar *target, const RnnCovariates *c)
{
  GString *all = target ? g_string_new (target) : NULL;

  for (guint i = 0; all && i < c->n_known; i++)
    g_string_append_printf (all, ",%s", c->known[i]);
  for (guint i = 0; all && i < c->n_past; i++)
    g_string_append_printf (all, ",%s", c->past[i]);
  return all ? g_string_free (all, FALSE) : NULL;
}

GPtrArray *
eval_load_table (const EvalOptions *o, const RnnCovariates *c, const gchar *path, GError **error)
{
  g_autofree gchar *columns = join_columns (o->target, c);
  g_autofree gchar *categories = c->n_categories ? g_strjoinv (",", c->categories) : NULL;
  RnnSeriesFormat format = { .time = o->time, .values = columns, .id = o->id, .categories = categories };
  g_autoptr (GPtrArray) all = NULL;
  RnnSeriesRules rules = { 0 };
  RnnTimeStep step;

  if (o->step) {
    if (!rnn_time_step_parse (&step, o->step, error))
      return NULL;
    rules.step = &step;
  }
  all = rnn_series_load (path, &format, &rules, error);
  for (guint i = 0; all && i < all->len; i++)
    if (!rnn_covariates_split (c, all->pdata[i], path, error))
      return NULL;
  return g_steal_pointer (&all);
}

static void
foretell (RnnForecaster *f, const RnnSeries *s, guint t, guint ahead)
{
  if (t + ahead < s->n + s->n_ahead)
    rnn_forecaster_foretell (f, ahead, s->others + (gsize) (t + ahead) * s->n_others);
}

void
eval_begin (RnnForecaster *f, const RnnSeries *s, guint t)
{
  const RnnCovariates *c = rnn_forecaster_get_covariates (f);

  if (c->n_calendar)
    rnn_forecaster_set_clock (f, rnn_time_step_add (&s->step, s->start, t), &s->step);
  for (guint i = 0; i < s->channels; i++)
    for (guint k = 0; k < c->n_categories; k++)
      rnn_forecaster_set_category (f, i, k, s->categories[k]);
  for (guint h = 0; c->n_known && h < rnn_forecaster_get_horizon (f); h++)
    foretell (f, s, t, h);
}

void
eval_push (RnnForecaster *f, const RnnSeries *s, guint t, const gfloat *values)
{
  const RnnCovariates *c = rnn_forecaster_get_covariates (f);

  if (c->n_known)
    foretell (f, s, t, rnn_forecaster_get_horizon (f));
  rnn_forecaster_push_with (f, values, c->n_past ? s->others + (gsize) t * s->n_others + c->n_known : NULL);
}
