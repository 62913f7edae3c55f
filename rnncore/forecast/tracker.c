/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring of forecasts: that of age k told the last value at its step k.
 *
 * Far steps are alike, so those of a band, an eighth as wide as it is far, have one histogram and one level: of each band one age is
 * scored, at random, or a far step would always be scored at the same hour of the day.  What is learnt of step h comes h steps late, so
 * levels of far bands follow one in 1 + h / 24 scores.
 *
 * State: count, place in the ring, random number, widening, the ring, the change's, the conformal's. */
#include "tracker.h"
#include "change.h"
#include <math.h>
#include <string.h>

#define NEAR 24                 /* steps ahead that are each a band */
#define WIDTH 8                 /* beyond: what part of a step the band that begins there is wide */
#define WIDEN 0.02f             /* rate */
#define WIDEST 1.5f             /* more than that runs away where all steps are missed together */

typedef struct {
  gfloat mean, scale, radius;   /* radius: in scales */
} Said;

struct _RnnTracker {
  guint horizon;
  guint n_bands;
  guint *bands;                 /* [n_bands + 1]: where they begin; horizon */
  guint *band_of;               /* [horizon] */
  RnnConformal *conformal;      /* of bands */
  RnnChange *change;
  guint count, at;              /* forecasts that wait; where the next one goes */
  guint random;                 /* 24 bits */
  gfloat alpha;                 /* 1 - coverage */
  gfloat widening;              /* of steps that no forecast made after the last change has met yet; >= 1 */
  Said *said;                   /* [horizon][horizon], by place in the ring */
  guint *chosen;                /* [n_bands] ages */
  gfloat *radius;               /* of the last forecast, in units of the series */
};

static void
make_bands (RnnTracker *t)
{
  t->bands = g_new (guint, t->horizon + 1);
  t->band_of = g_new (guint, t->horizon);
  for (guint h = 0; h < t->horizon; t->n_bands++) {
    guint end = MIN (h + (h < NEAR ? 1 : h / WIDTH), t->horizon);

    t->bands[t->n_bands] = h;
    while (h < end)
      t->band_of[h++] = t->n_bands;
  }
  t->bands[t->n_bands] = t->horizon;
}

RnnTracker *
rnn_tracker_new (guint horizon, gdouble coverage, guint window, gdouble rate)
{
  RnnTracker *t = g_new0 (RnnTracker, 1);

  t->horizon = horizon;
  make_bands (t);
  t->conformal = rnn_conformal_new (t->n_bands, window, coverage, rate);
  t->alpha = (gfloat) (1 - coverage);
  t->widening = 1;
  t->change = rnn_change_new (horizon);
  t->said = g_new0 (Said, (gsize) horizon * horizon);
  t->chosen = g_new (guint, t->n_bands);
  t->radius = g_new0 (gfloat, horizon);
  return t;
}

void
rnn_tracker_free (RnnTracker *t)
{
  if (!t)
    return;
  rnn_conformal_free (t->conformal);
  rnn_change_free (t->change);
  g_free (t->said);
  g_free (t->bands);
  g_free (t->band_of);
  g_free (t->chosen);
  g_free (t->radius);
  g_free (t);
}

/* What the forecast of age @k said of the step that comes next, or came last. */
static const Said *
get_said (const RnnTracker *t, guint k)
{
  guint row = t->at + (t->at > k ? 0 : t->horizon) - 1 - k;

  return &t->said[(gsize) row * t->horizon + k];
}

static gfloat
get_miss (const Said *said, gfloat value)
{
  return (value - said->mean) / said->scale;
}

static void
watch (RnnTracker *t, gfloat value)
{
  guint n = MIN (t->count, rnn_change_get_steps (t->change));
  gfloat misses[RNN_CHANGE_STEPS];

  for (guint k = 0; k < n; k++)
    misses[k] = get_miss (get_said (t, k), value);
  rnn_change_observe (t->change, n, misses);
}

/* 0 to below n */
static guint
draw (RnnTracker *t, guint n)
{
  t->random = (t->random * 1140671485u + 12820163u) & 0xffffff;
  return (t->random >> 8) * n >> 16;
}

/* Since a change, the farther steps of forecasts made after it tell of those that are farther still: where they are missed too often,
 * these are made wider. */
static void
widen (RnnTracker *t, gfloat value)
{
  guint age = rnn_change_get_age (t->change), first = age / 2;
  gfloat missed = 0;

  if (age == 0 || age >= t->horizon || t->count < age) {
    t->widening = 1;
    return;
  }
  for (guint k = first; k < age; k++)
    missed += fabsf (get_miss (get_said (t, k), value)) > get_said (t, k)->radius;
  t->widening *= expf (WIDEN * (missed / (gfloat) (age - first) - t->alpha));
  t->widening = CLAMP (t->widening, 1, WIDEST);
}

/* Ages to score, one of each band, into `chosen`; returns how many.  What they said lies far apart, so it is asked for early. */
static guint
choose_ages (RnnTracker *t, guint known)
{
  guint n = 0;

  for (; n < t->n_bands && t->bands[n] < known; n++) {
    guint first = t->bands[n], end = MIN (t->bands[n + 1], known);

    t->chosen[n] = end - first > 1 ? first + draw (t, end - first) : first;
    __builtin_prefetch (get_said (t, t->chosen[n]));
  }
  return n;
}

void
rnn_tracker_observe (RnnTracker *t, gfloat value)
{
  guint n;

  if (isnan (value))
    return;
  watch (t, value);
  widen (t, value);
  n = choose_ages (t, MIN (t->count, rnn_change_get_age (t->change)));
  for (guint b = 0; b < n; b++) {
    const Said *said = get_said (t, t->chosen[b]);
    gboolean follows = t->chosen[b] < NEAR || draw (t, 1 + t->chosen[b] / NEAR) == 0;

    rnn_conformal_add (t->conformal, b, fabsf (get_miss (said, value)), follows ? said->radius : NAN);
  }
}

/* In scales, into `radius`. */
static void
choose_radii (RnnTracker *t, const gfloat *radii, gfloat fallback)
{
  for (guint b = 0; b < t->n_bands; b++) {
    gfloat radius = radii[b] == radii[b] ? radii[b] : fallback;

    for (guint h = t->bands[b]; h < t->bands[b + 1]; h++)
      t->radius[h] = radius;
  }
  for (guint h = rnn_change_get_age (t->change); h < t->horizon; h++)
    t->radius[h] *= t->widening;
}

void
rnn_tracker_issue (RnnTracker *t, const gfloat *mean, const gfloat *scale, gfloat fallback)
{
  Said *row = t->said + (gsize) t->at * t->horizon;

  choose_radii (t, rnn_conformal_get_radii (t->conformal), fallback);
  for (guint h = 0; h < t->horizon; h++)
    row[h] = (Said) { mean[h], scale[h], t->radius[h] };
  for (guint h = 0; h < t->horizon; h++)
    t->radius[h] *= scale[h];
  rnn_change_issue (t->change);
  t->at = t->at + 1 == t->horizon ? 0 : t->at + 1;
  t->count = MIN (t->count + 1, t->horizon);
}

/* The last forecast */
static const Said *
get_last (const RnnTracker *t)
{
  return t->said + (gsize) (t->at ? t->at - 1 : t->horizon - 1) * t->horizon;
}

const gfloat *
rnn_tracker_get_radius (RnnTracker *t)
{
  return t->radius;
}

gfloat
rnn_tracker_get_spread (RnnTracker *t, guint h, gdouble coverage, gfloat fallback)
{
  return rnn_conformal_get_quantile (t->conformal, t->band_of[h], coverage, fallback) * get_last (t)[h].scale;
}

gboolean
rnn_tracker_judge (RnnTracker *t, gfloat value, gfloat *mean, gfloat *radius, gfloat *probability)
{
  const Said *said = get_last (t);

  if (t->count == 0 || isnan (value))
    return FALSE;
  *mean = said->mean;
  *radius = said->radius * said->scale;
  *probability = rnn_conformal_get_probability (t->conformal, 0, fabsf (get_miss (said, value)));
  return TRUE;
}

void
rnn_tracker_forget (RnnTracker *t)
{
  t->count = t->at = 0;
  rnn_change_forget (t->change);
}

#define NUMBERS 4               /* before the ring */

static gsize
get_ring_size (const RnnTracker *t)
{
  return sizeof (Said) / sizeof (gfloat) * t->horizon * t->horizon;
}

gsize
rnn_tracker_get_state_size (RnnTracker *t)
{
  return NUMBERS + get_ring_size (t) + rnn_change_get_state_size (t->change) + rnn_conformal_get_state_size (t->conformal);
}

void
rnn_tracker_get_state (RnnTracker *t, gfloat *state)
{
  gfloat *rest = state + NUMBERS + get_ring_size (t);

  state[0] = (gfloat) t->count;
  state[1] = (gfloat) t->at;
  state[2] = (gfloat) t->random;
  state[3] = t->widening;
  memcpy (state + NUMBERS, t->said, get_ring_size (t) * sizeof (gfloat));
  rnn_change_get_state (t->change, rest);
  rnn_conformal_get_state (t->conformal, rest + rnn_change_get_state_size (t->change));
}

gboolean
rnn_tracker_set_state (RnnTracker *t, const gfloat *state)
{
  const gfloat *rest = state + NUMBERS + get_ring_size (t);

  if (!(state[0] >= 0 && state[0] <= t->horizon) || !(state[1] >= 0 && state[1] < t->horizon)
      || !(state[2] >= 0 && state[2] <= 0xffffff) || !(state[3] >= 1 && state[3] <= WIDEST) || !rnn_change_set_state (t->change, rest)
      || !rnn_conformal_set_state (t->conformal, rest + rnn_change_get_state_size (t->change)))
    return FALSE;
  t->count = (guint) state[0];
  t->at = (guint) state[1];
  t->random = (guint) state[2];
  t->widening = state[3];
  memcpy (t->said, state + NUMBERS, get_ring_size (t) * sizeof (gfloat));
  for (guint h = 0; t->count > 0 && h < t->horizon; h++)
    t->radius[h] = get_last (t)[h].radius * get_last (t)[h].scale;
  return TRUE;
}
