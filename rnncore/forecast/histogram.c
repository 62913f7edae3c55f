/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bins by bits of floats, sums from above: a number is added to all of them up to its own, a quantile is how many are large enough, and
 * neither has a branch that nobody could guess. */
#include "histogram.h"
#include <math.h>
#include <string.h>

#define BINS RNN_HISTOGRAM_BINS
#define BITS 21                 /* of a float below what a bin's number is */
#define LAST_ORIGIN ((255 << 2) - BINS - 1)     /* beyond are infinities */
#define MOVE 8                  /* bins, two octaves */
#define FIRST 20                /* where the first number goes: larger ones are rarer */
#define MANY 0.01f              /* share of the last bin that is too much for it */
#define MOST 0.5f               /* of the first bin */
#define HARDLY 0.02f            /* a weight that no longer counts */
#define LARGEST 1e6f            /* unit, before all are made smaller after all */

static gint
get_code (gfloat value)
{
  guint32 bits;

  memcpy (&bits, &value, sizeof bits);
  return (gint) (bits >> BITS);
}

/* Where bin @i begins; the first one at 0 */
static gfloat
get_edge (const RnnHistogram *g, gint i)
{
  guint32 bits = (guint32) (g->origin + i) << BITS;
  gfloat edge;

  memcpy (&edge, &bits, sizeof edge);
  return i <= 0 ? 0 : edge;
}

/* Bins @by places down, those that fall out into the first */
static void
move_down (RnnHistogram *g, gint by)
{
  memmove (g->from + 1, g->from + 1 + by, (BINS - 1 - by) * sizeof (gfloat));
  memset (g->from + BINS - by, 0, by * sizeof (gfloat));
  g->origin += by;
}

/* Those that fall out into the last */
static void
move_up (RnnHistogram *g, gint by)
{
  memmove (g->from + by, g->from, (BINS - by) * sizeof (gfloat));
  for (gint i = 0; i < by; i++)
    g->from[i] = g->from[by];
  g->origin -= by;
}

/* The bin of a number, after the bins have moved where they lie badly */
static gint
find_bin (RnnHistogram *g, gfloat value)
{
  gint code = get_code (value);

  if (g->from[0] == 0)
    g->origin = CLAMP (code - FIRST, 0, LAST_ORIGIN);
  if (code >= g->origin + BINS && g->from[BINS - 1] >= MANY * g->from[0] && g->origin + MOVE <= LAST_ORIGIN)
    move_down (g, MOVE);
  else if (code < g->origin && g->from[0] - g->from[1] > MOST * g->from[0] && g->origin >= MOVE
      && g->from[BINS - MOVE] < MANY * g->from[0])
    move_up (g, MOVE);
  return CLAMP (code - g->origin, 0, BINS - 1);
}

static void
make_smaller (RnnHistogram *g)
{
  for (gint i = 0; i < BINS; i++)
    g->from[i] /= g->unit;
  g->zeros /= g->unit;
  g->unit = 1;
}

void
rnn_histogram_add (RnnHistogram *g, gfloat value, gfloat growth)
{
  gint bin = value > 0 ? find_bin (g, value) : -1;

  g->unit = g->unit > 0 ? g->unit * growth : 1;
  for (gint i = 0; i < BINS; i++)
    g->from[i] += i <= bin ? g->unit : 0;
  g->zeros += bin < 0 ? g->unit : 0;
  if (g->unit > LARGEST)
    make_smaller (g);
}

gfloat
rnn_histogram_find (const RnnHistogram *g, gfloat coverage)
{
  gfloat total = g->from[0] + g->zeros, hardly = HARDLY * g->unit, tail = MAX (total - coverage * (total + g->unit), hardly);
  gfloat beyond, inside;
  gint i = -1;

  for (gint k = 0; k < BINS; k++)       /* the last one from which there is as much */
    i += g->from[k] >= tail;
  if (i < 0)
    return 0;
  beyond = i + 1 < BINS ? g->from[i + 1] : 0;
  inside = g->from[i] - beyond;
  if (inside < hardly)
    return get_edge (g, i);
  return get_edge (g, i) + (get_edge (g, i + 1) - get_edge (g, i)) * CLAMP (1 - (tail - beyond) / inside, 0, 1);
}

gfloat
rnn_histogram_get_tail (const RnnHistogram *g, gfloat value)
{
  gint bin = CLAMP (get_code (value) - g->origin, 0, BINS - 1);
  gfloat from = get_edge (g, bin), to = get_edge (g, bin + 1), beyond = bin + 1 < BINS ? g->from[bin + 1] : 0;

  if (!(g->unit > 0 && value > 0))
    return rnn_histogram_get_total (g);
  return ((g->from[bin] - beyond) * CLAMP ((to - value) / (to - from), 0, 1) + beyond) / g->unit;
}

gboolean
rnn_histogram_is_sound (const RnnHistogram *g)
{
  for (gint i = 0; i < BINS; i++)
    if (!(g->from[i] >= 0 && g->from[i] <= (i > 0 ? g->from[i - 1] : G_MAXFLOAT)))
      return FALSE;
  return g->unit >= 0 && g->unit <= LARGEST && g->zeros >= 0 && isfinite (g->zeros) && g->origin >= 0 && g->origin <= LAST_ORIGIN;
}
