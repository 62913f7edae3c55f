/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A histogram and a level for each step.  State of a step: level, the histogram's unit, zeros and origin, the radius,
 * scores since it was looked for, the histogram's bins. */
#include "conformal.h"
#include "histogram.h"
#include <math.h>
#include <string.h>

#define PATIENCE 8              /* scores that change the radius little: none was missed */
#define FEWEST 9.5f             /* scores that say more than a distribution: ten, hardly faded */

struct _RnnConformal {
  guint horizon;
  gfloat alpha, rate, growth, fewest;
  gfloat *level;                /* [horizon] a_h */
  gfloat *waited;               /* [horizon] scores since the radius was looked for */
  gfloat *radius;               /* [horizon]; NAN while there are few scores */
  RnnHistograms *scores;
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
  c->level = g_new (gfloat, horizon);
  c->waited = g_new0 (gfloat, horizon);
  c->radius = g_new (gfloat, horizon);
  c->scores = rnn_histograms_new (horizon);
  for (guint h = 0; h < horizon; h++) {
    c->level[h] = c->alpha;
    c->radius[h] = NAN;
  }
  return c;
}

void
rnn_conformal_free (RnnConformal *c)
{
  if (!c)
    return;
  g_free (c->level);
  g_free (c->waited);
  g_free (c->radius);
  rnn_histograms_free (c->scores);
  g_free (c);
}

static gboolean
is_new (const RnnConformal *c, guint h)
{
  return c->scores->unit[h] == 0 || rnn_histograms_get_sum (c->scores, h) < c->fewest * c->scores->unit[h];
}

/* Levels below 0 ask for more than was ever seen: as much more. */
static gfloat
choose_radius (const RnnConformal *c, guint h)
{
  gfloat level = c->level[h];

  if (is_new (c, h))
    return NAN;
  return rnn_histograms_find (c->scores, h, 1 - level) * (level < 0 ? 1 - 2 * level : 1);
}

void
rnn_conformal_count (RnnConformal *c, guint h, gfloat score)
{
  rnn_histograms_add (c->scores, h, 1, &score, c->growth);
}

/* Whether they are now to be looked for is left in waited[]. */
static void
follow (RnnConformal *c, guint first, guint n, const gfloat *scores, const gfloat *radii, const gboolean *follows)
{
  gfloat *levels = c->level + first, *waited = c->waited + first, *radius = c->radius + first;

  for (guint i = 0; i < n; i++) {
    gfloat score = scores[i], missed = score > radii[i] ? 1 : 0, level = levels[i] + c->rate * (c->alpha - missed);
    gfloat counts = score >= 0 && score <= G_MAXFLOAT ? (gfloat) follows[i] : 0;

    level = level > -1 ? level : -1;
    level = level < 1 ? level : 1;
    level = radii[i] == radii[i] ? level : levels[i];
    levels[i] = counts > 0 ? level : levels[i];
    missed = radius[i] == radius[i] ? missed : 1;
    waited[i] += counts + PATIENCE * counts * missed;
  }
}

static void
add (RnnConformal *c, guint first, guint n, const gfloat *scores, const gfloat *radii, const gboolean *follows)
{
  rnn_histograms_add (c->scores, first, n, scores, c->growth);
  follow (c, first, n, scores, radii, follows);
  for (guint h = first; h < first + n; h++)
    if (c->waited[h] >= PATIENCE) {
      c->radius[h] = choose_radius (c, h);
      c->waited[h] = 0;
    }
}

void
rnn_conformal_add (RnnConformal *c, guint h, gfloat score, gfloat radius)
{
  add (c, h, 1, &score, &radius, &(gboolean) { TRUE });
}

void
rnn_conformal_add_all (RnnConformal *c, const gfloat *scores, const gfloat *radii, const gboolean *follows)
{
  add (c, 0, c->horizon, scores, radii, follows);
}

gfloat
rnn_conformal_get_quantile (RnnConformal *c, guint h, gdouble coverage, gfloat fallback)
{
  return is_new (c, h) ? fallback : rnn_histograms_find (c->scores, h, (gfloat) coverage);
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
  return (rnn_histograms_get_tail (c->scores, h, score) + 1) / (rnn_histograms_get_tail (c->scores, h, 0) + 1);
}

/* ---- state ---- */

#define NUMBERS (6 + RNN_BINS)

gsize
rnn_conformal_get_state_size (RnnConformal *c)
{
  return (gsize) c->horizon * NUMBERS;
}

void
rnn_conformal_get_state (RnnConformal *c, gfloat *state)
{
  for (guint h = 0; h < c->horizon; h++, state += NUMBERS) {
    state[0] = c->level[h];
    state[4] = c->radius[h];
    state[5] = c->waited[h];
    rnn_histograms_get_state (c->scores, h, state + 1, state + 6);
  }
}

static gboolean
is_sound (const gfloat *state)
{
  return fabsf (state[0]) <= 1 && !(state[4] < 0) && state[5] >= 0 && state[5] <= PATIENCE
      && rnn_histograms_is_sound (state + 1, state + 6);
}

gboolean
rnn_conformal_set_state (RnnConformal *c, const gfloat *state)
{
  for (guint h = 0; h < c->horizon; h++)
    if (!is_sound (state + (gsize) h * NUMBERS))
      return FALSE;
  for (guint h = 0; h < c->horizon; h++, state += NUMBERS) {
    c->level[h] = state[0];
    c->radius[h] = state[4];
    c->waited[h] = state[5];
    rnn_histograms_set_state (c->scores, h, state + 1, state + 6);
  }
  return TRUE;
}
