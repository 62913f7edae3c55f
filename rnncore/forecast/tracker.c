/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A ring of forecasts: that of age k told the last value at its step k.  State: count, place in the ring, the ring, the
 * conformal's. */
#include "tracker.h"
#include <math.h>
#include <string.h>

struct _RnnTracker {
  guint horizon;
  RnnConformal *conformal;
  guint count, at;              /* forecasts that wait; where the next one goes */
  gfloat *means, *scales, *radii;       /* [horizon][horizon] each, by place in the ring */
  gfloat *radius;               /* of the last forecast, in units of the series */
};

RnnTracker *
rnn_tracker_new (guint horizon, gdouble coverage, guint window, gdouble rate)
{
  RnnTracker *t = g_new0 (RnnTracker, 1);
  gsize n = (gsize) horizon * horizon;

  t->horizon = horizon;
  t->conformal = rnn_conformal_new (horizon, window, coverage, rate);
  t->means = g_new0 (gfloat, 3 * n);
  t->scales = t->means + n;
  t->radii = t->scales + n;
  t->radius = g_new0 (gfloat, horizon);
  return t;
}

void
rnn_tracker_free (RnnTracker *t)
{
  if (!t)
    return;
  rnn_conformal_free (t->conformal);
  g_free (t->means);
  g_free (t->radius);
  g_free (t);
}

/* Where what the forecast of age @k said of the step that comes next, or came last, is. */
static gsize
place (const RnnTracker *t, guint k)
{
  return (gsize) ((t->at + t->horizon - 1 - k) % t->horizon) * t->horizon + k;
}

void
rnn_tracker_observe (RnnTracker *t, gfloat value)
{
  for (guint k = 0; k < t->count && !isnan (value); k++) {
    gsize i = place (t, k);

    rnn_conformal_add (t->conformal, k, fabsf (value - t->means[i]) / t->scales[i], t->radii[i]);
  }
}

void
rnn_tracker_issue (RnnTracker *t, const gfloat *mean, const gfloat *scale, gfloat fallback)
{
  gsize row = (gsize) t->at * t->horizon;

  for (guint h = 0; h < t->horizon; h++) {
    gfloat radius = rnn_conformal_get_radius (t->conformal, h, fallback);

    t->means[row + h] = mean[h];
    t->scales[row + h] = scale[h];
    t->radii[row + h] = radius;
    t->radius[h] = radius * scale[h];
  }
  t->at = (t->at + 1) % t->horizon;
  t->count = MIN (t->count + 1, t->horizon);
}

const gfloat *
rnn_tracker_get_radius (RnnTracker *t)
{
  return t->radius;
}

gfloat
rnn_tracker_get_spread (RnnTracker *t, guint h, gdouble coverage, gfloat fallback)
{
  gsize row = (gsize) ((t->at + t->horizon - 1) % t->horizon) * t->horizon;

  return rnn_conformal_get_quantile (t->conformal, h, coverage, fallback) * t->scales[row + h];
}

gboolean
rnn_tracker_judge (RnnTracker *t, gfloat value, gfloat *mean, gfloat *radius, gfloat *probability)
{
  gsize i = place (t, 0);

  if (t->count == 0 || isnan (value))
    return FALSE;
  *mean = t->means[i];
  *radius = t->radii[i] * t->scales[i];
  *probability = rnn_conformal_get_probability (t->conformal, 0, fabsf (value - t->means[i]) / t->scales[i]);
  return TRUE;
}

void
rnn_tracker_forget (RnnTracker *t)
{
  t->count = t->at = 0;
}

gsize
rnn_tracker_get_state_size (RnnTracker *t)
{
  return 2 + 3 * (gsize) t->horizon * t->horizon + rnn_conformal_get_state_size (t->conformal);
}

void
rnn_tracker_get_state (RnnTracker *t, gfloat *state)
{
  gsize n = 3 * (gsize) t->horizon * t->horizon;

  state[0] = (gfloat) t->count;
  state[1] = (gfloat) t->at;
  memcpy (state + 2, t->means, n * sizeof (gfloat));
  rnn_conformal_get_state (t->conformal, state + 2 + n);
}

static void
restore_radius (RnnTracker *t)
{
  gsize row = (gsize) ((t->at + t->horizon - 1) % t->horizon) * t->horizon;

  for (guint h = 0; t->count > 0 && h < t->horizon; h++)
    t->radius[h] = t->radii[row + h] * t->scales[row + h];
}

gboolean
rnn_tracker_set_state (RnnTracker *t, const gfloat *state)
{
  gsize n = 3 * (gsize) t->horizon * t->horizon;

  if (!(state[0] >= 0 && state[0] <= t->horizon) || !(state[1] >= 0 && state[1] < t->horizon)
      || !rnn_conformal_set_state (t->conformal, state + 2 + n))
    return FALSE;
  t->count = (guint) state[0];
  t->at = (guint) state[1];
  memcpy (t->means, state + 2, n * sizeof (gfloat));
  restore_radius (t);
  return TRUE;
}
