/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rings of scores, each beside a sorted copy.  State of a step h: level, count, place in the ring, then the ring. */
#include "conformal.h"
#include <math.h>
#include <string.h>

#define FEWEST 10               /* scores that say more than a distribution */

typedef struct {
  gfloat level;                 /* a_h */
  guint count, at;              /* scores kept; where the next one goes */
  gfloat *ring, *sorted;        /* [window] */
} Step;

struct _RnnConformal {
  guint horizon, window;
  gfloat alpha, rate;
  Step *steps;                  /* [horizon] */
  gfloat *room, *radius;        /* radius: [horizon]; NAN while there are few scores */
};

RnnConformal *
rnn_conformal_new (guint horizon, guint window, gdouble coverage, gdouble rate)
{
  RnnConformal *c = g_new0 (RnnConformal, 1);

  c->horizon = horizon;
  c->window = window;
  c->alpha = (gfloat) (1 - coverage);
  c->rate = (gfloat) rate;
  c->steps = g_new0 (Step, horizon);
  c->radius = g_new (gfloat, horizon);
  c->room = g_new0 (gfloat, 2 * (gsize) horizon * window);
  for (guint h = 0; h < horizon; h++) {
    c->steps[h].level = c->alpha;
    c->radius[h] = NAN;
    c->steps[h].ring = c->room + 2 * (gsize) h * window;
    c->steps[h].sorted = c->steps[h].ring + window;
  }
  return c;
}

void
rnn_conformal_free (RnnConformal *c)
{
  if (!c)
    return;
  g_free (c->room);
  g_free (c->radius);
  g_free (c->steps);
  g_free (c);
}

/* How many of sorted[n] are below @score.  Without branches, which nobody could predict. */
static guint
count_below (guint n, const gfloat *sorted, gfloat score)
{
  const gfloat *at = sorted;

  for (; n > 1; n -= n / 2)
    at += at[n / 2 - 1] < score ? n / 2 : 0;
  return (guint) (at - sorted) + (n == 1 && *at < score);
}

static void
insert (Step *s, gfloat score)
{
  guint at = count_below (s->count, s->sorted, score);

  memmove (s->sorted + at + 1, s->sorted + at, (s->count - at) * sizeof (gfloat));
  s->sorted[at] = score;
  s->count++;
}

/* @old goes, @score comes: only what is between them moves. */
static void
replace (Step *s, gfloat old, gfloat score)
{
  guint from = count_below (s->count, s->sorted, old), to = count_below (s->count, s->sorted, score);

  to -= to > from;
  if (to > from)
    memmove (s->sorted + from, s->sorted + from + 1, (to - from) * sizeof (gfloat));
  else
    memmove (s->sorted + to + 1, s->sorted + to, (from - to) * sizeof (gfloat));
  s->sorted[to] = score;
}

/* The rank of the quantile among n scores and the one to come */
static gfloat
get_ranked (const Step *s, gdouble coverage)
{
  guint rank = (guint) ceil (coverage * (s->count + 1));

  return rank == 0 ? 0 : s->sorted[MIN (rank, s->count) - 1];
}

/* Levels below 0 ask for more than was ever seen: as much more. */
static gfloat
choose_radius (const RnnConformal *c, const Step *s)
{
  if (s->count < MIN (FEWEST, c->window))
    return NAN;
  if (s->level <= 0)
    return s->sorted[s->count - 1] * (1 - 2 * s->level);
  return get_ranked (s, 1 - (gdouble) s->level);
}

void
rnn_conformal_add (RnnConformal *c, guint h, gfloat score, gfloat radius)
{
  Step *s = &c->steps[h];

  if (!isfinite (score))
    return;
  if (!isnan (radius))
    s->level = CLAMP (s->level + c->rate * (c->alpha - (score > radius)), -1, 1);
  if (s->count == c->window)
    replace (s, s->ring[s->at], score);
  else
    insert (s, score);
  s->ring[s->at] = score;
  s->at = s->at + 1 == c->window ? 0 : s->at + 1;
  c->radius[h] = choose_radius (c, s);
}

gfloat
rnn_conformal_get_quantile (RnnConformal *c, guint h, gdouble coverage, gfloat fallback)
{
  const Step *s = &c->steps[h];

  return s->count < MIN (FEWEST, c->window) ? fallback : get_ranked (s, coverage);
}

gfloat
rnn_conformal_get_radius (RnnConformal *c, guint h, gfloat fallback)
{
  return isnan (c->radius[h]) ? fallback : c->radius[h];
}

gfloat
rnn_conformal_get_probability (RnnConformal *c, guint h, gfloat score)
{
  const Step *s = &c->steps[h];

  return (gfloat) (s->count - count_below (s->count, s->sorted, score) + 1) / (s->count + 1);
}

gsize
rnn_conformal_get_state_size (RnnConformal *c)
{
  return (gsize) c->horizon * (3 + c->window);
}

void
rnn_conformal_get_state (RnnConformal *c, gfloat *state)
{
  for (guint h = 0; h < c->horizon; h++, state += 3 + c->window) {
    state[0] = c->steps[h].level;
    state[1] = c->steps[h].count;
    state[2] = c->steps[h].at;
    memcpy (state + 3, c->steps[h].ring, c->window * sizeof (gfloat));
  }
}

static gboolean
is_state (RnnConformal *c, const gfloat *state)
{
  for (guint h = 0; h < c->horizon; h++, state += 3 + c->window) {
    if (!(fabsf (state[0]) <= 1) || !(state[1] >= 0 && state[1] <= c->window) || !(state[2] >= 0 && state[2] < c->window)
        || (state[1] < c->window && state[1] != state[2]))
      return FALSE;
    for (guint i = 0; i < (guint) state[1]; i++)
      if (!isfinite (state[3 + i]))
        return FALSE;
  }
  return TRUE;
}

gboolean
rnn_conformal_set_state (RnnConformal *c, const gfloat *state)
{
  if (!is_state (c, state))
    return FALSE;
  for (guint h = 0; h < c->horizon; h++, state += 3 + c->window) {
    Step *s = &c->steps[h];
    guint n = (guint) state[1];

    s->level = state[0];
    s->at = (guint) state[2];
    memcpy (s->ring, state + 3, c->window * sizeof (gfloat));
    for (s->count = 0; s->count < n;)
      insert (s, s->ring[s->count]);
    c->radius[h] = choose_radius (c, s);
  }
  return TRUE;
}
