/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings of what is known beside a stream.  Those of what is known ahead hold the window's steps, the next one and H after it. */
#include "covariates-private.h"
#include <math.h>
#include <string.h>

struct _RnnCovariateRing {
  RnnCovariates *covariates;    /* borrowed */
  guint context, horizon;
  guint n_known, n_past, n_turns;       /* numbers of a step; n_turns of the known ones are the calendar's */
  guint size, at;               /* of the rings of what is known; the place of the next step */
  guint past_at;                /* the oldest one of the past */
  gfloat *known, *past;         /* [n_known][size], [n_past][context] */
  gfloat *numbers;              /* room: [n_known + n_past] */
  RnnTimeStep step;             /* n 0: there is no clock */
  gint64 start, steps;          /* the time of the next step is `steps` after it */
};

RnnCovariateRing *
rnn_covariate_ring_new (const RnnCovariates *covariates, const RnnForecastConfig *config)
{
  RnnCovariateRing *r = g_new0 (RnnCovariateRing, 1);

  r->covariates = (RnnCovariates *) covariates;
  r->context = (guint) config->context;
  r->horizon = (guint) config->horizon;
  r->n_known = (guint) config->known;
  r->n_past = (guint) config->past;
  r->n_turns = RNN_CALENDAR_NUMBERS * covariates->n_calendar;
  r->size = r->context + r->horizon + 1;
  r->known = g_new (gfloat, (gsize) r->n_known * r->size + 1);
  r->past = g_new (gfloat, (gsize) r->n_past * r->context + 1);
  r->numbers = g_new (gfloat, r->n_known + r->n_past + 1);
  rnn_covariate_ring_reset (r);
  return r;
}

void
rnn_covariate_ring_free (RnnCovariateRing *r)
{
  if (!r)
    return;
  g_free (r->known);
  g_free (r->past);
  g_free (r->numbers);
  g_free (r);
}

void
rnn_covariate_ring_reset (RnnCovariateRing *r)
{
  for (gsize i = 0; i < (gsize) r->n_known * r->size; i++)
    r->known[i] = NAN;
  for (gsize i = 0; i < (gsize) r->n_past * r->context; i++)
    r->past[i] = NAN;
  r->at = r->past_at = 0;
  r->step.n = 0;
}

/* Known numbers [first, first + n) of the step @ahead of the next one */
static void
put (RnnCovariateRing *r, guint ahead, guint first, guint n, const gfloat *numbers)
{
  guint place = (r->at + ahead) % r->size;

  for (guint k = 0; k < n; k++)
    r->known[(gsize) (first + k) * r->size + place] = numbers[k];
}

static void
look_up (RnnCovariateRing *r, guint ahead)
{
  gint64 time = r->step.n > 0 ? rnn_time_step_add (&r->step, r->start, r->steps + ahead) : RNN_TIME_NONE;

  rnn_covariates_look_up (r->covariates, time, r->numbers);
  put (r, ahead, 0, r->n_turns, r->numbers);
}

void
rnn_covariate_ring_set_clock (RnnCovariateRing *r, gint64 next, const RnnTimeStep *step)
{
  r->start = next;
  r->steps = 0;
  r->step = *step;
  for (guint h = 0; r->n_turns && h <= r->horizon; h++)
    look_up (r, h);
}

void
rnn_covariate_ring_foretell (RnnCovariateRing *r, guint ahead, const gfloat *columns)
{
  if (ahead > r->horizon)
    return;
  rnn_covariates_scale (r->covariates, 0, r->n_known - r->n_turns, columns, r->numbers);
  put (r, ahead, r->n_turns, r->n_known - r->n_turns, r->numbers);
}

void
rnn_covariate_ring_push (RnnCovariateRing *r, const gfloat *columns)
{
  guint n_columns = r->n_known - r->n_turns;

  for (guint k = 0; k < r->n_past; k++)
    r->numbers[k] = NAN;
  if (columns)
    rnn_covariates_scale (r->covariates, n_columns, r->n_past, columns, r->numbers);
  for (guint k = 0; k < r->n_past; k++)
    r->past[(gsize) k * r->context + r->past_at] = r->numbers[k];
  r->past_at = (r->past_at + 1) % r->context;
  r->at = (r->at + 1) % r->size;
  r->steps++;
  for (guint k = 0; k < n_columns; k++)
    r->numbers[k] = NAN;
  put (r, r->horizon, r->n_turns, n_columns, r->numbers);
  if (r->n_turns)
    look_up (r, r->horizon);
}

/* n values of a ring from @from on */
static void
copy (const gfloat *ring, guint size, guint from, guint n, gfloat *to)
{
  guint first = MIN (n, size - from);

  memcpy (to, ring + from, first * sizeof (gfloat));
  memcpy (to + first, ring, (n - first) * sizeof (gfloat));
}

void
rnn_covariate_ring_read (const RnnCovariateRing *r, gfloat *rest)
{
  guint from = (r->at + r->size - r->context) % r->size;
  gfloat *past = rest + (gsize) r->n_known * r->context, *ahead = past + (gsize) r->n_past * r->context;

  for (guint k = 0; k < r->n_known; k++) {
    const gfloat *ring = r->known + (gsize) k * r->size;
    gfloat *steps = rest + (gsize) k * r->context, *to_come = ahead + (gsize) k * r->horizon;

    copy (ring, r->size, from, r->context, steps);
    copy (ring, r->size, r->at, r->horizon, to_come);
    rnn_covariate_rows_hold (r->horizon, to_come, rnn_covariate_rows_hold (r->context, steps, 0));
  }
  for (guint k = 0; k < r->n_past; k++) {
    copy (r->past + (gsize) k * r->context, r->context, r->past_at, r->context, past + (gsize) k * r->context);
    rnn_covariate_rows_hold (r->context, past + (gsize) k * r->context, 0);
  }
}

/* ---- state ---- */

gsize
rnn_covariate_ring_get_state_size (const RnnCovariateRing *r)
{
  return 2 + (gsize) r->n_known * r->size + (gsize) r->n_past * r->context;
}

void
rnn_covariate_ring_get_state (const RnnCovariateRing *r, gfloat *state)
{
  gsize n = (gsize) r->n_known * r->size;

  state[0] = (gfloat) r->at;
  state[1] = (gfloat) r->past_at;
  memcpy (state + 2, r->known, n * sizeof (gfloat));
  memcpy (state + 2 + n, r->past, (gsize) r->n_past * r->context * sizeof (gfloat));
}

gboolean
rnn_covariate_ring_set_state (RnnCovariateRing *r, const gfloat *state)
{
  gsize n = (gsize) r->n_known * r->size;

  if (!(state[0] >= 0 && state[0] < r->size) || !(state[1] >= 0 && state[1] < r->context))
    return FALSE;
  r->at = (guint) state[0];
  r->past_at = (guint) state[1];
  memcpy (r->known, state + 2, n * sizeof (gfloat));
  memcpy (r->past, state + 2 + n, (gsize) r->n_past * r->context * sizeof (gfloat));
  return TRUE;
}
