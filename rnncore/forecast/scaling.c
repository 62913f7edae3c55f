/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shift and scale of a window. */
#include "scaling.h"
#include <float.h>
#include <math.h>

#define LEAST 1e-5              /* of a scale, relative to the values: a constant window has none of its own */

const gchar *const rnn_scaling_names[] = { "none", "mean", "last", "instance", "robust", NULL };

typedef struct {
  gdouble n, mean, absolute, last;
} Sums;

static Sums
add_up (guint n, const gfloat *x, guint stride)
{
  Sums s = { 0 };

  for (guint i = 0; i < n; i++) {
    gdouble value = x[(gsize) i * stride];

    if (isnan (value))
      continue;
    s.n++;
    s.mean += value;
    s.absolute += fabs (value);
    s.last = value;
  }
  if (s.n > 0) {
    s.mean /= s.n;
    s.absolute /= s.n;
  }
  return s;
}

/* Mean square and mean magnitude of x - mean */
static void
spread (guint n, const gfloat *x, guint stride, const Sums *s, gdouble *square, gdouble *magnitude)
{
  *square = *magnitude = 0;
  for (guint i = 0; i < n; i++) {
    gdouble d = x[(gsize) i * stride] - s->mean;

    *square += isnan (d) ? 0 : d * d / s->n;
    *magnitude += isnan (d) ? 0 : fabs (d) / s->n;
  }
}

RnnScaling
rnn_scaling_measure (RnnScalingKind kind, guint n, const gfloat *x, guint stride)
{
  Sums s = add_up (n, x, stride);
  gdouble shift = 0, scale = 1, least = MAX (LEAST * s.absolute, FLT_MIN / FLT_EPSILON), square, magnitude;

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
    shift = s.last;
  return (RnnScaling) { (gfloat) shift, (gfloat) scale };
}
