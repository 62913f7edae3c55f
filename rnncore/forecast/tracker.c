/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring of the values to come, and with each what it will be scored by: a forecast of age k tells the next value at its step k.
 *
 * Far steps are alike, so those of a band, a quarter as wide as it is far, have one histogram and one level, and of each band one
 * forecast waits for a value.  Which one is settled when it is made: 2^s forecasts in a row wait for as many values in a row, about
 * the middle of the band away, the i-th for the value (i + r) mod 2^s, with another r for the next 2^s, or a far step would always be
 * scored at the same hour of the day.  So a forecast leaves one number in a band, and a value finds all that it needs in one row.
 * What is learnt of step h comes h steps late, so levels of far bands follow one in 1 + h / 24 scores.
 *
 * State: count, how many were made, place in the ring, random number, widening, the ring, radius and scale of the last forecast, the
 * change's, the conformal's. */
#include "tracker.h"
#include "change.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define NEAR 16                 /* steps ahead that are each a band */
#define WIDTH 4                 /* beyond: what part of a step the band that begins there is wide */
#define DAY 24                  /* steps ahead that take a far band's level twice as long to follow, and so on */
#define WIDEN 0.02f             /* rate */
#define WIDEST 1.5f             /* more than that runs away where all steps are missed together */
#define LAST 0xffffff           /* forecasts are counted modulo 2^24, which floats hold */

typedef struct {
  gfloat ahead;                 /* of the value; age + 1 of the forecast when it comes; 0: there is none */
  gfloat mean, scale, radius;   /* radius: in scales */
} Said;

typedef struct {
  guint first;                  /* step where it begins */
  guint middle;                 /* of the steps that are scored, 2^s - 1 on both sides of it */
  guint mask;                   /* 2^s - 1 */
} Band;

struct _RnnTracker {
  guint horizon;
  guint n_bands;
  Band *bands;                  /* [n_bands + 1]: the last one begins at the horizon */
  guint *band_of;               /* [horizon] */
  RnnConformal *conformal;      /* of bands */
  RnnChange *change;
  guint count;                  /* forecasts that wait */
  guint made;                   /* forecasts in all, modulo LAST + 1 */
  guint at;                     /* row of the next value */
  guint random;                 /* 24 bits */
  gfloat alpha;                 /* 1 - coverage */
  gfloat widening;              /* of steps that no forecast made after the last change has met yet; >= 1 */
  Said *waiting;                /* [horizon][n_bands], by place of the value in the ring */
  gfloat *radius, *scale;       /* [horizon] of the last forecast, in units of the series */
  gfloat *width;                /* [horizon] in scales, that of a step's band */
  gfloat *misses, *scores, *radii;      /* [n_bands] of the value that came */
  gboolean *follows;            /* [n_bands] */
};

/* Scored are 2 * 2^s - 1 steps of it. */
static void
add_band (RnnTracker *t, guint first, guint end)
{
  guint mask = 0;

  while (4 * mask + 3 <= end - first)   /* twice as many */
    mask = 2 * mask + 1;
  t->bands[t->n_bands] = (Band) { first, (first + end - 1) / 2, mask };
  for (guint h = first; h < end; h++)
    t->band_of[h] = t->n_bands;
  t->n_bands++;
}

static void
make_bands (RnnTracker *t)
{
  t->bands = g_new (Band, t->horizon + 1);
  t->band_of = g_new (guint, t->horizon);
  for (guint h = 0; h < t->horizon; h = t->bands[t->n_bands].first) {
    guint end = MIN (h + (h < NEAR ? 1 : h / WIDTH), t->horizon);

    add_band (t, h, end);
    t->bands[t->n_bands].first = end;
  }
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
  t->waiting = g_new0 (Said, (gsize) horizon * t->n_bands);
  t->radius = g_new0 (gfloat, horizon);
  t->scale = g_new0 (gfloat, horizon);
  t->width = g_new0 (gfloat, horizon);
  t->misses = g_new0 (gfloat, t->n_bands);
  t->scores = g_new0 (gfloat, t->n_bands);
  t->radii = g_new0 (gfloat, t->n_bands);
  t->follows = g_new0 (gboolean, t->n_bands);
  return t;
}

void
rnn_tracker_free (RnnTracker *t)
{
  if (!t)
    return;
  rnn_conformal_free (t->conformal);
  rnn_change_free (t->change);
  g_free (t->waiting);
  g_free (t->bands);
  g_free (t->band_of);
  g_free (t->radius);
  g_free (t->scale);
  g_free (t->width);
  g_free (t->misses);
  g_free (t->scores);
  g_free (t->radii);
  g_free (t->follows);
  g_free (t);
}

/* What is said of the value that comes next, or came last: one of each band */
static Said *
get_row (const RnnTracker *t)
{
  return t->waiting + (gsize) t->at * t->n_bands;
}

static gfloat
get_miss (const Said *said, gfloat value)
{
  return (value - said->mean) / said->scale;
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
widen (RnnTracker *t)
{
  guint age = rnn_change_get_age (t->change), n = 0;
  const Said *row = get_row (t);
  gfloat missed = 0;

  if (age == 0 || age >= t->horizon || t->count < age) {
    t->widening = 1;
    return;
  }
  for (guint b = 0; b < t->n_bands; b++)
    if (row[b].ahead > age / 2 && row[b].ahead <= age) {
      missed += fabsf (t->misses[b]) > row[b].radius;
      n++;
    }
  if (n > 0)
    t->widening = CLAMP (t->widening * expf (WIDEN * (missed / (gfloat) n - t->alpha)), 1, WIDEST);
}

/* Scores are of forecasts that were made after the last change. */
static void
score (RnnTracker *t)
{
  gfloat age = (gfloat) MIN (t->count, rnn_change_get_age (t->change));
  const Said *row = get_row (t);

  for (guint b = 0; b < t->n_bands; b++) {
    t->scores[b] = row[b].ahead > 0 && row[b].ahead <= age ? fabsf (t->misses[b]) : NAN;
    t->radii[b] = row[b].radius;
    t->follows[b] = TRUE;
  }
  for (guint b = NEAR; b < t->n_bands; b++)
    if (t->scores[b] == t->scores[b])
      t->follows[b] = draw (t, 1 + (guint) row[b].ahead / DAY) == 0;
}

void
rnn_tracker_observe (RnnTracker *t, gfloat value)
{
  const Said *row = get_row (t);

  if (isnan (value))
    return;
  for (guint b = 0; b < t->n_bands; b++)
    t->misses[b] = get_miss (&row[b], value);
  rnn_change_observe (t->change, MIN (t->count, rnn_change_get_steps (t->change)), t->misses);
  widen (t);
  score (t);
  rnn_conformal_add_all (t->conformal, t->scores, t->radii, t->follows);
}

/* Which step of the forecast that is made is to be scored in a band */
static guint
choose_step (const RnnTracker *t, guint band)
{
  const Band *b = &t->bands[band];
  guint i = t->made & b->mask, turn = (t->made - i) * 0x9e3779b1u + band * 0x85ebca77u;

  return b->middle + ((i + (turn * 0xc2b2ae3du >> 16)) & b->mask) - i;
}

/* What forecast step @h says waits for its value. */
static inline void
wait_for (RnnTracker *t, guint b, guint h, const gfloat *mean, guint age)
{
  guint row = t->at + h - (t->at + h < t->horizon ? 0 : t->horizon);
  gfloat radius = h < age ? t->width[h] : t->width[h] * t->widening;

  t->waiting[(gsize) row * t->n_bands + b] = (Said) { (gfloat) (h + 1), mean[h], t->scale[h], radius };
}

/* Steps of a band have one radius in scales, but for the widening from @age on.  Of one of them the value is to be scored.  Near ones
 * are bands by themselves. */
static void
issue_bands (RnnTracker *t, const gfloat *mean, gfloat fallback, guint age)
{
  const gfloat *radii = rnn_conformal_get_radii (t->conformal);
  guint near = MIN (NEAR, t->n_bands);

  for (guint h = 0; h < near; h++)
    t->width[h] = radii[h] == radii[h] ? radii[h] : fallback;
  for (guint h = 0; h < near; h++)
    wait_for (t, h, h, mean, age);
  for (guint b = near; b < t->n_bands; b++) {
    gfloat radius = radii[b] == radii[b] ? radii[b] : fallback;

    if (t->width[t->bands[b].first] != radius)
      for (guint h = t->bands[b].first; h < t->bands[b + 1].first; h++)
        t->width[h] = radius;
    wait_for (t, b, choose_step (t, b), mean, age);
  }
}

void
rnn_tracker_issue (RnnTracker *t, const gfloat *mean, const gfloat *scale, gfloat fallback)
{
  guint age = rnn_change_get_age (t->change);

  memcpy (t->scale, scale, t->horizon * sizeof (gfloat));
  t->at = t->at + 1 == t->horizon ? 0 : t->at + 1;
  issue_bands (t, mean, fallback, age);
  rnn_kernels ()->mul ((gint) t->horizon, t->width, scale, t->radius);
  for (guint h = age; h < t->horizon; h++)
    t->radius[h] *= t->widening;
  rnn_change_issue (t->change);
  t->made = (t->made + 1) & LAST;
  t->count = MIN (t->count + 1, t->horizon);
}

gint
rnn_tracker_get_since (const RnnTracker *t)
{
  guint age = rnn_change_get_age (t->change);

  return age < t->horizon ? (gint) age + 1 : -1;
}

const gfloat *
rnn_tracker_get_radius (RnnTracker *t)
{
  return t->radius;
}

gfloat
rnn_tracker_get_spread (RnnTracker *t, guint h, gdouble coverage, gfloat fallback)
{
  return rnn_conformal_get_quantile (t->conformal, t->band_of[h], coverage, fallback) * t->scale[h];
}

gboolean
rnn_tracker_judge (RnnTracker *t, gfloat value, gfloat *mean, gfloat *radius, gfloat *probability)
{
  const Said *said = get_row (t);

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
  t->count = 0;
  memset (t->waiting, 0, (gsize) t->horizon * t->n_bands * sizeof (Said));
  rnn_change_forget (t->change);
}

/* ---- state ---- */

#define NUMBERS 5               /* before the ring */

static gsize
get_ring_size (const RnnTracker *t)
{
  return sizeof (Said) / sizeof (gfloat) * t->horizon * t->n_bands;
}

gsize
rnn_tracker_get_state_size (RnnTracker *t)
{
  return NUMBERS + get_ring_size (t) + 2 * t->horizon + rnn_change_get_state_size (t->change)
      + rnn_conformal_get_state_size (t->conformal);
}

void
rnn_tracker_get_state (RnnTracker *t, gfloat *state)
{
  gfloat *last = state + NUMBERS + get_ring_size (t), *rest = last + 2 * t->horizon;
  const gfloat numbers[NUMBERS] = { (gfloat) t->count, (gfloat) t->made, (gfloat) t->at, (gfloat) t->random, t->widening };

  memcpy (state, numbers, sizeof numbers);
  memcpy (state + NUMBERS, t->waiting, get_ring_size (t) * sizeof (gfloat));
  memcpy (last, t->radius, t->horizon * sizeof (gfloat));
  memcpy (last + t->horizon, t->scale, t->horizon * sizeof (gfloat));
  rnn_change_get_state (t->change, rest);
  rnn_conformal_get_state (t->conformal, rest + rnn_change_get_state_size (t->change));
}

static gboolean
is_sound (const RnnTracker *t, const gfloat *state)
{
  for (gsize i = NUMBERS; i < NUMBERS + get_ring_size (t); i += sizeof (Said) / sizeof (gfloat))
    if (!(state[i] >= 0 && state[i] <= t->horizon))     /* ahead */
      return FALSE;
  return state[0] >= 0 && state[0] <= t->horizon && state[1] >= 0 && state[1] <= LAST && state[2] >= 0 && state[2] < t->horizon
      && state[3] >= 0 && state[3] <= 0xffffff && state[4] >= 1 && state[4] <= WIDEST;
}

gboolean
rnn_tracker_set_state (RnnTracker *t, const gfloat *state)
{
  const gfloat *last = state + NUMBERS + get_ring_size (t), *rest = last + 2 * t->horizon;

  if (!is_sound (t, state) || !rnn_change_set_state (t->change, rest)
      || !rnn_conformal_set_state (t->conformal, rest + rnn_change_get_state_size (t->change)))
    return FALSE;
  t->count = (guint) state[0];
  t->made = (guint) state[1];
  t->at = (guint) state[2];
  t->random = (guint) state[3];
  t->widening = state[4];
  memcpy (t->waiting, state + NUMBERS, get_ring_size (t) * sizeof (gfloat));
  memcpy (t->radius, last, t->horizon * sizeof (gfloat));
  memcpy (t->scale, last + t->horizon, t->horizon * sizeof (gfloat));
  return TRUE;
}
