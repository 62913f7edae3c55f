/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bins by bits of floats, sums from above: a number is added to all of them up to its own, a quantile is how many are large enough, and
 * neither has a branch that nobody could guess.  Arrays by what they hold, so that vectors go through all histograms. */
#include "histogram.h"
#include <math.h>
#include <string.h>

#define BINS RNN_BINS
#define BITS 21                 /* of a float below what a bin's number is */
#define LAST_ORIGIN ((255 << 2) - BINS - 1)     /* beyond are infinities */
#define MOVE 8                  /* bins, two octaves */
#define FIRST 20                /* where the first number goes: larger ones are rarer */
#define MANY 0.01f              /* share of the last bin that is too much for it */
#define MOST 0.5f               /* of the first bin */
#define HARDLY 0.02f            /* a weight that no longer counts */
#define LARGEST 1e6f            /* unit, before all are made smaller after all */

RnnHistograms *
rnn_histograms_new (guint n)
{
  RnnHistograms *g = g_new0 (RnnHistograms, 1);

  g->unit = g_new0 (gfloat, n);
  g->zeros = g_new0 (gfloat, n);
  g->origin = g_new0 (gint, n);
  g->from = g_malloc0_n (n, sizeof *g->from);
  g->bins = g_new0 (gint, n);
  g->steps = g_new0 (gfloat, n);
  return g;
}

void
rnn_histograms_free (RnnHistograms *g)
{
  g_free (g->unit);
  g_free (g->zeros);
  g_free (g->origin);
  g_free (g->from);
  g_free (g->bins);
  g_free (g->steps);
  g_free (g);
}

static inline gint
get_code (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return (gint) (bits >> BITS);
}

/* Where bin @k begins; the first one at 0 */
static gfloat
get_edge (const RnnHistograms *g, guint i, gint k)
{
  guint32 bits = (guint32) (g->origin[i] + k) << BITS;
  gfloat edge;

  memcpy (&edge, &bits, sizeof edge);
  return k <= 0 ? 0 : edge;
}

/* Bins @by places down, those that fall out into the first */
static void
move_down (RnnHistograms *g, guint i, gint by)
{
  gfloat *from = g->from[i];

  memmove (from + 1, from + 1 + by, (BINS - 1 - by) * sizeof (gfloat));
  memset (from + BINS - by, 0, by * sizeof (gfloat));
  g->origin[i] += by;
}

/* Those that fall out into the last */
static void
move_up (RnnHistograms *g, guint i, gint by)
{
  gfloat *from = g->from[i];

  memmove (from + by, from, (BINS - by) * sizeof (gfloat));
  for (gint k = 0; k < by; k++)
    from[k] = from[by];
  g->origin[i] -= by;
}

static inline gboolean
counts (gfloat value)
{
  return value >= 0 && value <= G_MAXFLOAT;
}

/* The bin of a number outside of them, after these have moved where they lie badly */
static gint
find_bin (RnnHistograms *g, guint i, gfloat value)
{
  const gfloat *from = g->from[i];
  gint code = get_code (value);

  if (!(counts (value) && value > 0))
    return 0;
  if (from[0] == 0)
    g->origin[i] = CLAMP (code - FIRST, 0, LAST_ORIGIN);
  if (code >= g->origin[i] + BINS && from[BINS - 1] >= MANY * from[0] && g->origin[i] + MOVE <= LAST_ORIGIN)
    move_down (g, i, MOVE);
  else if (code < g->origin[i] && from[0] - from[1] > MOST * from[0] && g->origin[i] >= MOVE && from[BINS - MOVE] < MANY * from[0])
    move_up (g, i, MOVE);
  return CLAMP (code - g->origin[i], 0, BINS - 1);
}

static void
find_bins (RnnHistograms *g, guint first, guint n, const gfloat *values)
{
  const gint *origin = g->origin + first;
  gint *bins = g->bins + first, outside = 0;

  for (guint i = 0; i < n; i++) {
    bins[i] = get_code (values[i]) - origin[i];
    outside |= bins[i] & ~(BINS - 1);
  }
  for (guint i = 0; outside && i < n; i++)
    if (bins[i] & ~(BINS - 1))
      bins[i] = find_bin (g, first + i, values[i]);
}

static void
make_smaller (RnnHistograms *g, guint i)
{
  for (gint k = 0; k < BINS; k++)
    g->from[i][k] /= g->unit[i];
  g->zeros[i] /= g->unit[i];
  g->unit[i] = 1;
}

void
rnn_histograms_add (RnnHistograms *g, guint first, guint n, const gfloat *values, gfloat growth)
{
  gfloat *unit = g->unit + first, *zeros = g->zeros + first, *steps = g->steps + first, largest = 0;

  find_bins (g, first, n, values);
  for (guint i = 0; i < n; i++) {
    gfloat grown = unit[i] > 0 ? unit[i] * growth : 1, step = counts (values[i]) ? grown : 0;

    unit[i] = step > 0 ? step : unit[i];
    zeros[i] += values[i] == 0 ? step : 0;
    steps[i] = values[i] == 0 ? 0 : step;
    largest = largest > step ? largest : step;
  }
  rnn_kernels ()->add_steps ((gint) n, g->bins + first, steps, g->from[first]);
  for (guint i = first; largest > LARGEST && i < first + n; i++)
    if (g->unit[i] > LARGEST)
      make_smaller (g, i);
}

gfloat
rnn_histograms_find (const RnnHistograms *g, guint i, gfloat coverage)
{
  const gfloat *from = g->from[i];
  gfloat total = rnn_histograms_get_sum (g, i), hardly = HARDLY * g->unit[i], edge, beyond, inside;
  gfloat tail = MAX (total - coverage * (total + g->unit[i]), hardly);
  gint k = rnn_kernels ()->count_above (tail, from) - 1;        /* the last one from which there is as much */

  if (k < 0)
    return 0;
  beyond = k + 1 < BINS ? from[k + 1] : 0;
  inside = from[k] - beyond;
  edge = get_edge (g, i, k);
  if (inside < hardly)
    return edge;
  return edge + (get_edge (g, i, k + 1) - edge) * CLAMP (1 - (tail - beyond) / inside, 0, 1);
}

gfloat
rnn_histograms_get_tail (const RnnHistograms *g, guint i, gfloat value)
{
  const gfloat *from = g->from[i];
  gint k = CLAMP (get_code (value) - g->origin[i], 0, BINS - 1);
  gfloat left = get_edge (g, i, k), right = get_edge (g, i, k + 1), beyond = k + 1 < BINS ? from[k + 1] : 0;

  if (!(g->unit[i] > 0))
    return 0;
  if (!(value > 0))
    return rnn_histograms_get_sum (g, i) / g->unit[i];
  return ((from[k] - beyond) * CLAMP ((right - value) / (right - left), 0, 1) + beyond) / g->unit[i];
}

/* ---- state ---- */

void
rnn_histograms_get_state (const RnnHistograms *g, guint i, gfloat *numbers, gfloat *bins)
{
  numbers[0] = g->unit[i];
  numbers[1] = g->zeros[i];
  numbers[2] = (gfloat) g->origin[i];
  memcpy (bins, g->from[i], sizeof g->from[i]);
}

gboolean
rnn_histograms_is_sound (const gfloat *numbers, const gfloat *bins)
{
  for (gint k = 0; k < BINS; k++)
    if (!(bins[k] >= 0 && bins[k] <= (k > 0 ? bins[k - 1] : G_MAXFLOAT)))
      return FALSE;
  return numbers[0] >= 0 && numbers[0] <= LARGEST && numbers[1] >= 0 && isfinite (numbers[1])
      && numbers[2] >= 0 && numbers[2] <= LAST_ORIGIN;
}

void
rnn_histograms_set_state (RnnHistograms *g, guint i, const gfloat *numbers, const gfloat *bins)
{
  g->unit[i] = numbers[0];
  g->zeros[i] = numbers[1];
  g->origin[i] = (gint) numbers[2];
  memcpy (g->from[i], bins, sizeof g->from[i]);
}
