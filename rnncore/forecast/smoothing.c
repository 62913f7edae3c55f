/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Exponential smoothing.
 *
 * For given alpha, beta and phi the errors are linear in the first level and trend, so these follow from two normal
 * equations; the others are searched on a grid that is refined around its best point. */
#include "baselines.h"
#include <math.h>
#include <string.h>

#define GRID 5                  /* points a side */

typedef struct {
  gdouble alpha, share, phi;    /* beta = share alpha */
} Point;

typedef struct {
  Point low, high;
  guint rounds;                 /* of refining; more parameters cost more and are less certain */
} Box;

/* What R's forecast package searches in */
static const Box boxes[] = {
  { { 1e-4, 0, 1 }, { 0.9999, 0, 1 }, 16 },
  { { 1e-4, 1e-4, 1 }, { 0.9999, 0.9999, 1 }, 10 },
  { { 1e-4, 1e-4, 0.8 }, { 0.9999, 0.9999, 0.98 }, 6 },
};

/* Runs over y from @level and @trend on; errors (or NULL) [n].  Leaves the last level and trend. */
static void
run (const Point *p, guint n, const gdouble *y, gdouble *level, gdouble *trend, gdouble *errors)
{
  gdouble beta = p->share * p->alpha;

  for (guint t = 0; t < n; t++) {
    gdouble step = p->phi * *trend, e = y[t] - *level - step;

    *level += step + p->alpha * e;
    *trend = step + beta * e;
    if (errors)
      errors[t] = e;
  }
}

/* Least squares of errors + dl by_level + db by_trend */
static void
solve (guint n, gboolean has_trend, const gdouble *errors, const gdouble *by_level, const gdouble *by_trend,
    gdouble *level, gdouble *trend)
{
  gdouble a = 0, b = 0, c = 0, u = 0, v = 0, determinant;

  for (guint t = 0; t < n; t++) {
    a += by_level[t] * by_level[t];
    b += by_level[t] * by_trend[t];
    c += by_trend[t] * by_trend[t];
    u -= errors[t] * by_level[t];
    v -= errors[t] * by_trend[t];
  }
  determinant = a * c - b * b;
  if (!has_trend || determinant <= 1e-9 * a * c) {
    *level += a > 0 ? u / a : 0;
    return;
  }
  *level += (c * u - b * v) / determinant;
  *trend += (a * v - b * u) / determinant;
}

typedef struct {
  guint n;
  const gdouble *y;
  gboolean has_trend;
  gdouble *zeros, *errors, *by_level, *by_trend;        /* [n] each */
} Fit;

/* The best first level and trend for @p, and the sum of squares that they leave. */
static gdouble
fit_start (const Fit *f, const Point *p, gdouble *level, gdouble *trend)
{
  gdouble l = f->y[0], b = 0, l1 = 1, b0 = 0, l0 = 0, b1 = 1, sum = 0;

  *level = l;
  *trend = b;
  run (p, f->n, f->y, &l, &b, f->errors);
  run (p, f->n, f->zeros, &l1, &b0, f->by_level);
  run (p, f->n, f->zeros, &l0, &b1, f->by_trend);
  solve (f->n, f->has_trend, f->errors, f->by_level, f->by_trend, level, trend);
  l = *level;
  b = *trend;
  run (p, f->n, f->y, &l, &b, f->errors);
  for (guint t = 0; t < f->n; t++)
    sum += f->errors[t] * f->errors[t];
  return sum;
}

static gdouble
on_grid (gdouble low, gdouble high, guint i)
{
  return low + (high - low) * i / (GRID - 1);
}

/* A side of the box, half as long around @best, kept within the outer one. */
static void
shrink (gdouble *low, gdouble *high, gdouble best, gdouble least, gdouble most)
{
  gdouble half = (*high - *low) / 4;

  *low = MAX (best - half, least);
  *high = MIN (best + half, most);
}

static Point
search (const Fit *f, const Box *outer)
{
  Box box = *outer;
  Point best = box.low;
  gdouble least = INFINITY, level, trend;

  for (guint round = 0; round < outer->rounds; round++) {
    for (guint i = 0; i < GRID * GRID * GRID; i++) {
      Point p = { on_grid (box.low.alpha, box.high.alpha, i % GRID), on_grid (box.low.share, box.high.share,
            i / GRID % GRID), on_grid (box.low.phi, box.high.phi, i / GRID / GRID) };
      gdouble sum;

      if ((i / GRID % GRID && box.low.share == box.high.share) || (i / GRID / GRID && box.low.phi == box.high.phi))
        continue;               /* the side is a point */
      sum = fit_start (f, &p, &level, &trend);
      if (sum < least) {
        least = sum;
        best = p;
      }
    }
    shrink (&box.low.alpha, &box.high.alpha, best.alpha, outer->low.alpha, outer->high.alpha);
    shrink (&box.low.share, &box.high.share, best.share, outer->low.share, outer->high.share);
    shrink (&box.low.phi, &box.high.phi, best.phi, outer->low.phi, outer->high.phi);
  }
  return best;
}

void
rnn_smoothing_fit (RnnSmoothing *s, RnnSmoothingKind kind, guint n, const gdouble *y)
{
  g_autofree gdouble *room = g_new0 (gdouble, 4 * (gsize) n);
  Fit fit = { n, y, kind != RNN_SMOOTHING_LEVEL, room, room + n, room + 2 * (gsize) n, room + 3 * (gsize) n };
  Point best = search (&fit, &boxes[kind]);

  s->alpha = best.alpha;
  s->beta = best.share * best.alpha;
  s->phi = best.phi;
  fit_start (&fit, &best, &s->level, &s->trend);
  run (&best, n, y, &s->level, &s->trend, NULL);
}
