/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Means of misses, and a budget of changes. */
#include "change.h"
#include "conformal.h"
#include <math.h>
#include <string.h>

#define STEPS RNN_CHANGE_STEPS
#define MEANS 500
#define FEWEST 100              /* means before which nothing is a change */
#define MANY 240                /* means that say well what 99 % of them are */
#define LARGE 1.8               /* times the 99 % quantile of the means; twice that of few */
#define LATE 24                 /* means until one is among those of before: those of a change rise one after the other */
#define EVENT 3                 /* times the steps looked at: what is missed so soon after a change belongs to it */
#define CHANGES 3               /* that there is credit for */
#define RARELY 4                /* horizons that earn the credit for one */

struct _RnnChange {
  guint horizon, steps;         /* steps: min (STEPS, horizon) */
  gfloat scores[STEPS], sums[STEPS];    /* by age */
  gfloat late[LATE];            /* means that are not among those of before yet, in a ring; NAN: never will be */
  guint quiet;                  /* values since one has told of a change, EVENT * steps at most */
  guint n, age, credit;         /* n: up to MANY means there are, and goes on by whole rings; credit: in steps, RARELY * horizon a
                                 * change */
  RnnConformal *means;
};

RnnChange *
rnn_change_new (guint horizon)
{
  RnnChange *c = g_new0 (RnnChange, 1);

  c->horizon = c->age = horizon;
  c->steps = MIN (STEPS, horizon);
  c->credit = CHANGES * RARELY * horizon;
  c->quiet = EVENT * c->steps;
  c->means = rnn_conformal_new (1, MEANS, 0.99, 0);
  return c;
}

void
rnn_change_free (RnnChange *c)
{
  if (c)
    rnn_conformal_free (c->means);
  g_free (c);
}

guint
rnn_change_get_steps (const RnnChange *c)
{
  return c->steps;
}

guint
rnn_change_get_age (const RnnChange *c)
{
  return c->age;
}

static void
push (RnnChange *c, gfloat *list, gfloat value)
{
  memmove (list + 1, list, (c->steps - 1) * sizeof (gfloat));
  list[0] = value;
}

void
rnn_change_issue (RnnChange *c)
{
  push (c, c->sums, 0);
}

/* The largest of the last scores is that of the first value after the change. */
static void
begin (RnnChange *c)
{
  c->age = 0;
  for (guint k = 1; k < c->steps; k++)
    if (c->scores[k] > c->scores[c->age])
      c->age = k;
  for (guint k = 1; k <= c->age; k++)
    c->late[(c->n - k) % LATE] = NAN;
  c->quiet = 0;
  c->credit -= RARELY * c->horizon;
}

/* What forecasts that a change went through miss by is no measure for the next one. */
static void
keep_late (RnnChange *c, gfloat mean)
{
  gfloat *place = &c->late[c->n % LATE];

  if (c->n >= LATE)
    rnn_conformal_count (c->means, 0, *place);
  *place = c->age < c->steps ? NAN : mean;
  c->n = c->n + 1 < MANY + LATE ? c->n + 1 : MANY;
}

static void
judge (RnnChange *c, gfloat mean)
{
  gdouble large = c->n < MANY ? 2 * LARGE : LARGE;

  if (c->n >= FEWEST && c->quiet == EVENT * c->steps && c->credit >= RARELY * c->horizon
      && mean > large * rnn_conformal_get_quantile (c->means, 0, 0.99, INFINITY))
    begin (c);
  keep_late (c, mean);
}

void
rnn_change_observe (RnnChange *c, guint n, const gfloat *misses)
{
  c->age = MIN (c->age + 1, c->horizon);
  c->quiet = MIN (c->quiet + 1, EVENT * c->steps);
  c->credit = MIN (c->credit + 1, CHANGES * RARELY * c->horizon);
  push (c, c->scores, n ? fabsf (misses[0]) : 0);
  for (guint k = 0; k < MIN (n, c->steps); k++)
    c->sums[k] += misses[k];
  if (n >= c->steps)
    judge (c, fabsf (c->sums[c->steps - 1]) / c->steps);
}

void
rnn_change_forget (RnnChange *c)
{
  c->age = c->horizon;
  memset (c->sums, 0, sizeof c->sums);
  memset (c->scores, 0, sizeof c->scores);
}

/* ---- state ---- */

#define NUMBERS (2 * STEPS + LATE + 4)

gsize
rnn_change_get_state_size (RnnChange *c)
{
  return NUMBERS + rnn_conformal_get_state_size (c->means);
}

void
rnn_change_get_state (RnnChange *c, gfloat *state)
{
  gfloat *numbers = state + 2 * STEPS + LATE;

  memcpy (state, c->scores, sizeof c->scores);
  memcpy (state + STEPS, c->sums, sizeof c->sums);
  memcpy (state + 2 * STEPS, c->late, sizeof c->late);
  numbers[0] = (gfloat) c->n;
  numbers[1] = (gfloat) c->age;
  numbers[2] = (gfloat) c->credit;
  numbers[3] = (gfloat) c->quiet;
  rnn_conformal_get_state (c->means, state + NUMBERS);
}

gboolean
rnn_change_set_state (RnnChange *c, const gfloat *state)
{
  const gfloat *numbers = state + 2 * STEPS + LATE;

  if (!(numbers[0] >= 0 && numbers[0] < MANY + LATE) || !(numbers[1] >= 0 && numbers[1] <= c->horizon)
      || !(numbers[2] >= 0 && numbers[2] <= CHANGES * RARELY * c->horizon)
      || !(numbers[3] >= 0 && numbers[3] <= EVENT * c->steps) || !rnn_conformal_set_state (c->means, state + NUMBERS))
    return FALSE;
  memcpy (c->scores, state, sizeof c->scores);
  memcpy (c->sums, state + STEPS, sizeof c->sums);
  memcpy (c->late, state + 2 * STEPS, sizeof c->late);
  c->n = (guint) numbers[0];
  c->age = (guint) numbers[1];
  c->credit = (guint) numbers[2];
  c->quiet = (guint) numbers[3];
  return TRUE;
}
