/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A histogram and a level for each step.  State of a step: level, the histogram's unit, total, zeros and origin, its bins. */
#include "conformal.h"
#include "histogram.h"
#include <math.h>
#include <string.h>

#define FEWEST 9.5f             /* scores that say more than a distribution: ten, hardly faded */

typedef struct {
  gfloat level;                 /* a_h */
  RnnHistogram scores;
} Step;

struct _RnnConformal {
  guint horizon;
  gfloat alpha, rate, keep, fewest;
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
  c->keep = 1 - 2.f / (gfloat) MAX (window, 4);
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

/* The quantile among those that there are and the one to come */
static gfloat
find_quantile (const Step *s, gfloat coverage)
{
  gfloat total = rnn_histogram_get_total (&s->scores);

  return rnn_histogram_find (&s->scores, total - coverage * (total + 1));
}

/* Levels below 0 ask for more than was ever seen: as much more. */
static gfloat
choose_radius (const RnnConformal *c, const Step *s)
{
  if (rnn_histogram_get_total (&s->scores) < c->fewest)
    return NAN;
  if (s->level <= 0)
    return rnn_histogram_find (&s->scores, 0) * (1 - 2 * s->level);
  return find_quantile (s, 1 - s->level);
}

void
rnn_conformal_add (RnnConformal *c, guint h, gfloat score, gfloat radius)
{
  Step *s = &c->steps[h];

  if (!isfinite (score) || score < 0)
    return;
  if (!isnan (radius))
    s->level = CLAMP (s->level + c->rate * (c->alpha - (score > radius)), -1, 1);
  rnn_histogram_add (&s->scores, score, c->keep);
  c->radius[h] = choose_radius (c, s);
}

gfloat
rnn_conformal_get_quantile (RnnConformal *c, guint h, gdouble coverage, gfloat fallback)
{
  return rnn_histogram_get_total (&c->steps[h].scores) < c->fewest ? fallback : find_quantile (&c->steps[h], (gfloat) coverage);
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

#define NUMBERS (5 + RNN_HISTOGRAM_BINS)

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
    state[2] = c->steps[h].scores.total;
    state[3] = c->steps[h].scores.zeros;
    state[4] = (gfloat) c->steps[h].scores.origin;
    memcpy (state + 5, c->steps[h].scores.bins, sizeof c->steps[h].scores.bins);
  }
}

static gboolean
read_step (const gfloat *state, Step *s)
{
  *s = (Step) { state[0], { state[1], state[2], state[3], state[4] >= 0 && state[4] < 1024 ? (gint) state[4] : -1, { 0 } } };
  memcpy (s->scores.bins, state + 5, sizeof s->scores.bins);
  return fabsf (s->level) <= 1 && rnn_histogram_is_sound (&s->scores);
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
    c->radius[h] = choose_radius (c, &c->steps[h]);
  }
  return TRUE;
}
