/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bins by bits of floats. */
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
  gfloat out = 0;

  for (gint i = 0; i < by; i++)
    out += g->bins[i];
  memmove (g->bins, g->bins + by, (BINS - by) * sizeof (gfloat));
  memset (g->bins + BINS - by, 0, by * sizeof (gfloat));
  g->bins[0] += out;
  g->origin += by;
}

static void
move_up (RnnHistogram *g, gint by)
{
  gfloat out = 0;

  for (gint i = BINS - by; i < BINS; i++)
    out += g->bins[i];
  memmove (g->bins + by, g->bins, (BINS - by) * sizeof (gfloat));
  memset (g->bins, 0, by * sizeof (gfloat));
  g->bins[BINS - 1] += out;
  g->origin -= by;
}

static gfloat
sum_bins (const RnnHistogram *g, gint from)
{
  gfloat sum = 0;

  for (gint i = from; i < BINS; i++)
    sum += g->bins[i];
  return sum;
}

/* The bin of a number, after the bins have moved where they lie badly */
static gint
find_bin (RnnHistogram *g, gfloat value)
{
  gint code = get_code (value);

  if (g->total == g->zeros)
    g->origin = CLAMP (code - FIRST, 0, LAST_ORIGIN);
  if (code >= g->origin + BINS && g->bins[BINS - 1] >= MANY * g->total && g->origin + MOVE <= LAST_ORIGIN)
    move_down (g, MOVE);
  else if (code < g->origin && g->bins[0] > MOST * (g->total - g->zeros) && g->origin >= MOVE
      && sum_bins (g, BINS - MOVE) < MANY * g->total)
    move_up (g, MOVE);
  return CLAMP (code - g->origin, 0, BINS - 1);
}

static void
make_smaller (RnnHistogram *g)
{
  gfloat factor = 1 / g->unit;

  for (gint i = 0; i < BINS; i++)
    g->bins[i] *= factor;
  g->zeros *= factor;
  g->total *= factor;
  g->unit = 1;
}

void
rnn_histogram_add (RnnHistogram *g, gfloat value, gfloat keep)
{
  gfloat *place = value > 0 ? &g->bins[find_bin (g, value)] : &g->zeros;

  g->unit = g->unit > 0 ? g->unit / keep : 1;
  *place += g->unit;
  g->total += g->unit;
  if (g->unit > LARGEST)
    make_smaller (g);
}

gfloat
rnn_histogram_find (const RnnHistogram *g, gfloat tail)
{
  gfloat above = 0, hardly = HARDLY * g->unit;
  gint i = BINS - 1;

  tail = MAX (tail * g->unit, hardly);
  while (i >= 0 && above + g->bins[i] < tail)
    above += g->bins[i--];
  if (i < 0)
    return 0;
  if (g->bins[i] < hardly)
    return get_edge (g, i);
  return get_edge (g, i) + (get_edge (g, i + 1) - get_edge (g, i)) * CLAMP (1 - (tail - above) / g->bins[i], 0, 1);
}

gfloat
rnn_histogram_get_tail (const RnnHistogram *g, gfloat value)
{
  gint bin = CLAMP (get_code (value) - g->origin, 0, BINS - 1);
  gfloat from = get_edge (g, bin), to = get_edge (g, bin + 1);

  if (!(g->unit > 0 && value > 0))
    return rnn_histogram_get_total (g);
  return (g->bins[bin] * CLAMP ((to - value) / (to - from), 0, 1) + sum_bins (g, bin + 1)) / g->unit;
}

gboolean
rnn_histogram_is_sound (const RnnHistogram *g)
{
  for (gint i = 0; i < BINS; i++)
    if (!(g->bins[i] >= 0 && g->bins[i] <= g->total + g->unit))
      return FALSE;
  return g->unit >= 0 && g->unit <= LARGEST && g->zeros >= 0 && g->zeros <= g->total + g->unit && g->total >= 0 && isfinite (g->total)
      && g->origin >= 0 && g->origin <= LAST_ORIGIN;
}
