/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shift and scale of a window. */
#include "scaling.h"
#include <float.h>
#include <math.h>

#define LANES 4                 /* sums at once: one alone waits for itself */
#define LEAST 1e-5              /* of a scale, relative to the values: a constant window has none of its own */

const gchar *const rnn_scaling_names[] = { "none", "mean", "last", "instance", "robust", NULL };

typedef struct {
  gdouble n, mean, absolute;
} Sums;

static Sums
add_up (guint n, const gfloat *x, guint stride)
{
  Sums s = { 0 };
  gdouble mean[LANES] = { 0 }, absolute[LANES] = { 0 }, known[LANES] = { 0 };

  for (guint i = 0; i < n; i++) {
    gdouble value = x[(gsize) i * stride], counts = !isnan (value);

    value = counts ? value : 0;
    known[i % LANES] += counts;
    mean[i % LANES] += value;
    absolute[i % LANES] += fabs (value);
  }
  for (guint k = 0; k < LANES; k++) {
    s.n += known[k];
    s.mean += mean[k];
    s.absolute += absolute[k];
  }
  if (s.n > 0) {
    s.mean /= s.n;
    s.absolute /= s.n;
  }
  return s;
}

static gdouble
find_last (guint n, const gfloat *x, guint stride)
{
  while (n > 0 && isnan (x[(gsize) (n - 1) * stride]))
    n--;
  return n > 0 ? x[(gsize) (n - 1) * stride] : 0;
}

/* Mean square and mean magnitude of x - mean */
static void
spread (guint n, const gfloat *x, guint stride, const Sums *s, gdouble *square, gdouble *magnitude)
{
  gdouble squares[LANES] = { 0 }, magnitudes[LANES] = { 0 };

  for (guint i = 0; i < n; i++) {
    gdouble d = x[(gsize) i * stride] - s->mean;

    d = isnan (d) ? 0 : d;
    squares[i % LANES] += d * d;
    magnitudes[i % LANES] += fabs (d);
  }
  *square = *magnitude = 0;
  for (guint k = 0; k < LANES && s->n > 0; k++) {
    *square += squares[k] / s->n;
    *magnitude += magnitudes[k] / s->n;
  }
}

RnnScaling
rnn_scaling_measure (RnnScalingKind kind, guint n, const gfloat *x, guint stride)
{
  gdouble shift = 0, scale = 1, least, square = 0, magnitude = 0;
  Sums s = { 0 };

  if (kind != RNN_SCALING_NONE && kind != RNN_SCALING_LAST)
    s = add_up (n, x, stride);
  least = MAX (LEAST * s.absolute, FLT_MIN / FLT_EPSILON);
  if (kind == RNN_SCALING_INSTANCE || kind == RNN_SCALING_ROBUST)
    spread (n, x, stride, &s, &square, &magnitude);
  if (kind == RNN_SCALING_MEAN)
    scale = 1 + s.absolute;
  else if (kind == RNN_SCALING_INSTANCE)
    scale = square > least * least ? sqrt (square) : MAX (s.absolute, 1);
  else if (kind == RNN_SCALING_ROBUST)
    scale = magnitude > least ? magnitude : MAX (s.absolute, 1);
  if (kind == RNN_SCALING_INSTANCE)
    shift = s.mean;
  else if (kind == RNN_SCALING_LAST || kind == RNN_SCALING_ROBUST)
    shift = find_last (n, x, stride);
  return (RnnScaling) { (gfloat) shift, (gfloat) scale };
}
