/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a forecast step does beside its model: windows and forecasts between a series' units and the model's, and histograms. */
#pragma once
#include "kernels-vector.h"
#include <float.h>

/* Four of them are counted at once: one alone waits for itself. */
static gint
k_centre (gint n, gfloat shift, gfloat scale, const gfloat *x, gfloat *y)
{
  VI missing[4] = { { 0 } };
  gint count = 0;

  for (gint i = 0; i < n; i += LANES) {
    V v = load (x + i, n - i);

    missing[i / LANES % 4] += v != v;
    store (y + i, (v - splat (shift)) / splat (scale), n - i);
  }
  missing[0] += missing[1] + missing[2] + missing[3];
  for (gint j = 0; j < LANES; j++)
    count -= missing[0][j];
  return count;
}

static void
k_uncentre (gint n, gfloat shift, gfloat scale, const gfloat *x, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES) {
    V v = load (x + i, n - i) * splat (scale) + splat (shift);

    store (y + i, blend (V_MAX (v, -v) <= splat (FLT_MAX), v, splat (shift)), n - i);
  }
}

static void
k_bound (gint n, gfloat a, const gfloat *least, gfloat most, gfloat scale, const gfloat *x, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES) {
    V v = load (x + i, n - i), low = splat (a) * load (least + i, n - i);

    v = blend (v > low, v, low);
    store (y + i, blend (v < splat (most), v, splat (most)) * splat (scale), n - i);
  }
}

/* 0, 1, 2, ... */
INLINE VI
v_places (void)
{
  VI at;

  for (gint j = 0; j < LANES; j++)
    at[j] = j;
  return at;
}

static void
k_add_steps (gint n, const gint *last, const gfloat *step, gfloat *from)
{
  VI at = v_places ();

  for (gint b = 0; b < n; b++, from += RNN_BINS)
    for (gint i = 0; i < RNN_BINS; i += LANES)
      store (from + i, load (from + i, LANES) + blend (at + i <= last[b], splat (step[b]), splat (0.f)), LANES);
}

static gint
k_count_above (gfloat least, const gfloat *from)
{
  VI sum = { 0 };
  gint count = 0;

  for (gint i = 0; i < RNN_BINS; i += LANES)
    sum += load (from + i, LANES) >= splat (least);
  for (gint j = 0; j < LANES; j++)
    count -= sum[j];
  return count;
}

#define SERIES_ROW \
  .centre = k_centre, .uncentre = k_uncentre, .bound = k_bound, .add_steps = k_add_steps, .count_above = k_count_above
