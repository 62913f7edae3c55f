/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pooling over an example's own steps, padding left out, and its gradient:
 *
 *   last  out = y[T - 1]                dy[T - 1] = d
 *   mean  out = sum of y[t] / T         dy[t] = d / T
 *   max   out_i = max over t of y_i[t]  dy_i[first t that has it] = d_i */
#include "pooling.h"
#include <string.h>

const gchar *const rnn_pooling_names[] = { "none", "last", "mean", "max", NULL };        /* by RnnPoolingType */

typedef struct {
  void (*pool)   (gint steps, gint n, const gfloat *y, gsize ld, gfloat *out);
  void (*spread) (gint steps, gint n, const gfloat *y, gsize ld, const gfloat *d, gfloat *dy);
} Pooling;

static void
pool_last (gint steps, gint n, const gfloat *y, gsize ld, gfloat *out)
{
  memcpy (out, y + (steps - 1) * ld, n * sizeof (gfloat));
}

static void
spread_last (gint steps, gint n, const gfloat *y, gsize ld, const gfloat *d, gfloat *dy)
{
  memcpy (dy + (steps - 1) * ld, d, n * sizeof (gfloat));
}

static void
pool_mean (gint steps, gint n, const gfloat *y, gsize ld, gfloat *out)
{
  for (gint i = 0; i < n; i++) {
    gdouble sum = 0;

    for (gint t = 0; t < steps; t++)
      sum += y[t * ld + i];
    out[i] = (gfloat) (sum / steps);
  }
}

static void
spread_mean (gint steps, gint n, const gfloat *y, gsize ld, const gfloat *d, gfloat *dy)
{
  for (gint t = 0; t < steps; t++)
    for (gint i = 0; i < n; i++)
      dy[t * ld + i] = d[i] / steps;
}

static gint
find_max (gint steps, const gfloat *y, gsize ld)
{
  gint best = 0;

  for (gint t = 1; t < steps; t++)
    if (y[t * ld] > y[best * ld])
      best = t;
  return best;
}

static void
pool_max (gint steps, gint n, const gfloat *y, gsize ld, gfloat *out)
{
  for (gint i = 0; i < n; i++)
    out[i] = y[find_max (steps, y + i, ld) * ld + i];
}

static void
spread_max (gint steps, gint n, const gfloat *y, gsize ld, const gfloat *d, gfloat *dy)
{
  for (gint i = 0; i < n; i++)
    dy[find_max (steps, y + i, ld) * ld + i] = d[i];
}

static const Pooling poolings[] = {
  [RNN_POOLING_LAST] = { pool_last, spread_last },
  [RNN_POOLING_MEAN] = { pool_mean, spread_mean },
  [RNN_POOLING_MAX] = { pool_max, spread_max },
};

void
rnn_pool_steps (RnnPoolingType type, gint steps, gint n, const gfloat *y, gsize ld, gfloat *out)
{
  poolings[type].pool (steps, n, y, ld, out);
}

/* ---- losses of the one answer ---- */

/* Scratch: y [n], dy [n], then the class's own. */
static RnnAnswer
pool_answer (const RnnOutput *output, const RnnAnswer *answer)
{
  RnnAnswer one = { .labels = rnn_labels_whole (&answer->labels), .steps = 1, .y = answer->scratch,
    .dy = answer->dy ? answer->scratch + output->n : NULL, .ld = output->n, .scale = answer->scale,
    .scratch = answer->scratch + 2 * output->n };

  rnn_pool_steps (output->pooling, answer->steps, output->n, answer->y, answer->ld, answer->scratch);
  memset (answer->scratch + output->n, 0, output->n * sizeof (gfloat));
  return one;
}

gsize
rnn_pooled_scratch (const RnnOutput *output, const RnnLabels *labels)
{
  RnnLabels whole = rnn_labels_whole (labels);

  return 2 * output->n + (output->klass->scratch ? output->klass->scratch (output, &whole, 1) : 0);
}

gfloat
rnn_pooled_loss (const RnnOutput *output, const RnnAnswer *answer)
{
  RnnAnswer one = pool_answer (output, answer);
  gfloat loss = output->klass->loss (output, &one);

  if (answer->dy)
    poolings[output->pooling].spread (answer->steps, output->n, answer->y, answer->ld, one.dy, answer->dy);
  return loss;
}

void
rnn_pooled_measure (const RnnOutput *output, const RnnAnswer *answer, RnnMeasure *measure)
{
  RnnAnswer one;

  if (answer->steps == 0)
    return;
  one = pool_answer (output, answer);
  output->klass->measure (output, &one, measure);
}
