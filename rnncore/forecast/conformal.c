/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A histogram and a level for each step.  State of a step: level, the histogram's unit, zeros and origin, the radius,
 * scores since it was looked for, the histogram's bins. */
#include "conformal.h"
#include "histogram.h"
#include <math.h>
#include <string.h>

#define PATIENCE 8              /* scores that change the radius little: none was missed */
#define FEWEST 9.5f             /* scores that say more than a distribution: ten, hardly faded */

typedef struct {
  gfloat level;                 /* a_h */
  gfloat waited;                /* scores since the radius was looked for */
  RnnHistogram scores;
} Step;

struct _RnnConformal {
  guint horizon;
  gfloat alpha, rate, growth, fewest;
  Step *steps;                  /* [horizon] */
  gfloat *radius;               /* [horizon]; NAN while there are few scores */
};

RnnConformal *
rnn_conformal_new (guint horizon, guint window, gdouble coverage, gdouble rate)
{
  RnnConformal *c = g_new0 (RnnConformal, 1);

  c->horizon = horizon;
  c->alpha = (gfloat) (1 - coverage);
  c->rate = (gfloat) rate;
  c->growth = 1 / (1 - 2.f / (gfloat) MAX (window, 4));
  c->fewest = MIN (FEWEST, 0.4f * (gfloat) window);
  c->steps = g_new0 (Step, horizon);
  c->radius = g_new (gfloat, horizon);
  for (guint h = 0; h < horizon; h++) {
    c->steps[h].level = c->alpha;
    c->radius[h] = NAN;
  }
  return c;
}

void
rnn_conformal_free (RnnConformal *c)
{
  if (!c)
    return;
  g_free (c->radius);
  g_free (c->steps);
  g_free (c);
}

static gboolean
is_new (const RnnConformal *c, const Step *s)
{
  return s->scores.unit == 0 || s->scores.from[0] + s->scores.zeros < c->fewest * s->scores.unit;
}

/* Levels below 0 ask for more than was ever seen: as much more. */
static gfloat
choose_radius (const RnnConformal *c, const Step *s)
{
  if (is_new (c, s))
    return NAN;
  return rnn_histogram_find (&s->scores, 1 - s->level) * (s->level < 0 ? 1 - 2 * s->level : 1);
}

void
rnn_conformal_count (RnnConformal *c, guint h, gfloat score)
{
  if (isfinite (score) && score >= 0)
    rnn_histogram_add (&c->steps[h].scores, score, c->growth);
}

void
rnn_conformal_add (RnnConformal *c, guint h, gfloat score, gfloat radius)
{
  Step *s = &c->steps[h];
  gfloat missed = score > radius ? 1 : 0, level = s->level + c->rate * (c->alpha - missed);

  if (!(score >= 0 && score <= G_MAXFLOAT))
    return;
  level = MAX (level, -1);
  level = MIN (level, 1);
  s->level = isnan (radius) ? s->level : level;
  rnn_histogram_add (&s->scores, score, c->growth);
  if (missed > 0 || ++s->waited >= PATIENCE || isnan (c->radius[h])) {
    c->radius[h] = choose_radius (c, s);
    s->waited = 0;
  }
}

gfloat
rnn_conformal_get_quantile (RnnConformal *c, guint h, gdouble coverage, gfloat fallback)
{
  return is_new (c, &c->steps[h]) ? fallback : rnn_histogram_find (&c->steps[h].scores, (gfloat) coverage);
}

gfloat
rnn_conformal_get_radius (RnnConformal *c, guint h, gfloat fallback)
{
  return isnan (c->radius[h]) ? fallback : c->radius[h];
}

const gfloat *
rnn_conformal_get_radii (RnnConformal *c)
{
  return c->radius;
}

gfloat
rnn_conformal_get_probability (RnnConformal *c, guint h, gfloat score)
{
  const RnnHistogram *scores = &c->steps[h].scores;

  return (rnn_histogram_get_tail (scores, score) + 1) / (rnn_histogram_get_total (scores) + 1);
}

/* ---- state ---- */

#define NUMBERS (6 + RNN_HISTOGRAM_BINS)

gsize
rnn_conformal_get_state_size (RnnConformal *c)
{
  return (gsize) c->horizon * NUMBERS;
}

void
rnn_conformal_get_state (RnnConformal *c, gfloat *state)
{
  for (guint h = 0; h < c->horizon; h++, state += NUMBERS) {
    state[0] = c->steps[h].level;
    state[1] = c->steps[h].scores.unit;
    state[2] = c->steps[h].scores.zeros;
    state[3] = (gfloat) c->steps[h].scores.origin;
    state[4] = c->radius[h];
    state[5] = c->steps[h].waited;
    memcpy (state + 6, c->steps[h].scores.from, sizeof c->steps[h].scores.from);
  }
}

static gboolean
read_step (const gfloat *state, Step *s)
{
  *s = (Step) { state[0], state[5], { state[1], state[2], state[3] >= 0 && state[3] < 1024 ? (gint) state[3] : -1, { 0 } } };
  memcpy (s->scores.from, state + 6, sizeof s->scores.from);
  return !(state[4] < 0) && s->waited >= 0 && s->waited <= PATIENCE && fabsf (s->level) <= 1 && rnn_histogram_is_sound (&s->scores);
}

gboolean
rnn_conformal_set_state (RnnConformal *c, const gfloat *state)
{
  Step step;

  for (guint h = 0; h < c->horizon; h++)
    if (!read_step (state + (gsize) h * NUMBERS, &step))
      return FALSE;
  for (guint h = 0; h < c->horizon; h++) {
    read_step (state + (gsize) h * NUMBERS, &c->steps[h]);
    c->radius[h] = state[(gsize) h * NUMBERS + 4];
  }
  return TRUE;
}
