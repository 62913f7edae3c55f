/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Learning rate of an update: a linear rise over the first `warmup` updates, then a curve over the rest, with p from 0
 * to 1 and hi, lo = learning_rate, min_learning_rate:
 * constant hi | cosine lo + (hi - lo) (1 + cos (pi p)) / 2 | linear hi + (lo - hi) p | exponential hi (lo / hi)^p */
#include "optimizer.h"
#include <math.h>

static gdouble
constant (gdouble p, gdouble hi, gdouble lo)
{
  return hi;
}

static gdouble
cosine (gdouble p, gdouble hi, gdouble lo)
{
  return lo + (hi - lo) * 0.5 * (1 + cos (G_PI * p));
}

static gdouble
linear (gdouble p, gdouble hi, gdouble lo)
{
  return hi + (lo - hi) * p;
}

/* never reaches 0: without a lower end it falls to a thousandth */
static gdouble
exponential (gdouble p, gdouble hi, gdouble lo)
{
  return hi * pow (lo > 0 ? lo / hi : 1e-3, p);
}

static gdouble (*const curves[]) (gdouble p, gdouble hi, gdouble lo) = {       /* by RnnScheduleType */
  constant, cosine, linear, exponential
};

gfloat
rnn_schedule_get (const RnnTrainConfig *config, guint64 update, guint64 total)
{
  guint64 warmup = config->warmup;
  gdouble hi = config->learning_rate, p;

  if (update < warmup)
    return (gfloat) (hi * (update + 1) / warmup);
  if (hi <= 0)
    return 0;
  p = total > warmup ? (gdouble) (update - warmup) / (gdouble) (total - warmup) : 1;
  return (gfloat) curves[config->schedule] (MIN (p, 1), hi, config->min_learning_rate);
}
