/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Means of misses, and a budget of changes. */
#include "change.h"
#include "conformal.h"
#include <math.h>
#include <string.h>

#define STEPS RNN_CHANGE_STEPS
#define MEANS 500
#define FEWEST 100              /* means before which nothing is a change */
#define LARGE 1.5               /* times the 99 % quantile of the means */
#define CHANGES 2               /* that there is credit for */
#define RARELY 5                /* horizons that earn the credit for one */

struct _RnnChange {
  guint horizon, steps;         /* steps: min (STEPS, horizon) */
  gfloat scores[STEPS], sums[STEPS];    /* by age */
  guint n, age, credit;         /* credit: in steps, RARELY * horizon a change */
  RnnConformal *means;
};

RnnChange *
rnn_change_new (guint horizon)
{
  RnnChange *c = g_new0 (RnnChange, 1);

  c->horizon = c->age = horizon;
  c->steps = MIN (STEPS, horizon);
  c->credit = CHANGES * RARELY * horizon;
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
  c->credit -= RARELY * c->horizon;
}

static void
judge (RnnChange *c, gfloat mean)
{
  if (c->n >= FEWEST && c->credit >= RARELY * c->horizon
      && mean > LARGE * rnn_conformal_get_quantile (c->means, 0, 0.99, INFINITY))
    begin (c);
  rnn_conformal_count (c->means, 0, mean);
  c->n = MIN (c->n + 1, FEWEST);
}

void
rnn_change_observe (RnnChange *c, guint n, const gfloat *misses)
{
  c->age = MIN (c->age + 1, c->horizon);
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

#define NUMBERS (2 * STEPS + 3)

gsize
rnn_change_get_state_size (RnnChange *c)
{
  return NUMBERS + rnn_conformal_get_state_size (c->means);
}

void
rnn_change_get_state (RnnChange *c, gfloat *state)
{
  memcpy (state, c->scores, sizeof c->scores);
  memcpy (state + STEPS, c->sums, sizeof c->sums);
  state[2 * STEPS] = (gfloat) c->n;
  state[2 * STEPS + 1] = (gfloat) c->age;
  state[2 * STEPS + 2] = (gfloat) c->credit;
  rnn_conformal_get_state (c->means, state + NUMBERS);
}

gboolean
rnn_change_set_state (RnnChange *c, const gfloat *state)
{
  const gfloat *numbers = state + 2 * STEPS;

  if (!(numbers[0] >= 0 && numbers[0] <= FEWEST) || !(numbers[1] >= 0 && numbers[1] <= c->horizon)
      || !(numbers[2] >= 0 && numbers[2] <= CHANGES * RARELY * c->horizon)
      || !rnn_conformal_set_state (c->means, state + NUMBERS))
    return FALSE;
  memcpy (c->scores, state, sizeof c->scores);
  memcpy (c->sums, state + STEPS, sizeof c->sums);
  c->n = (guint) numbers[0];
  c->age = (guint) numbers[1];
  c->credit = (guint) numbers[2];
  return TRUE;
}
