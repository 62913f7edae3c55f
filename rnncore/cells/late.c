/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that a child does not have, stream by stream. */
#include "late.h"
#include <string.h>

static gfloat *
count_of (const RnnLate *late, gint b)
{
  return RNN_STATE_ROW (late->run->state, late->run, b) + late->count;
}

/* How many of a child's first steps in this call stream b does not have. */
static gint
n_absent (const RnnLate *late, const RnnRun *c, gint b)
{
  return late->delay ? CLAMP (c->shift - late->run->shift - (gint) (*count_of (late, b) + 0.5f), 0, late->run->T) : 0;
}

/* T steps from t on of n streams from b on. */
static RnnRun
part (const RnnCell *child, const RnnRun *run, gint t, gint T, gint b, gint n)
{
  gsize row = (gsize) t * run->B + b;
  RnnRun p = *run;

  p.T = T;
  p.B = n;
  p.x += row * child->n_in;
  p.y += row * child->n_out;
  p.state += (gsize) b * run->state_stride;
  p.tape = run->tape ? run->tape + row * child->n_tape : NULL;
  p.lengths = run->lengths ? run->lengths + b : NULL;
  p.memory_first += b;
  p.shift -= t;
  return p;
}

/* Step t, by those streams that have begun. */
static void
forward_begun (const RnnLate *late, const RnnCell *child, const RnnRun *c, gint t)
{
  for (gint b = 0, end; b < c->B; b = end + 1) {
    for (end = b; end < c->B && n_absent (late, c, end) <= t;)
      end++;
    if (end > b) {
      RnnRun p = part (child, c, t, 1, b, end - b);

      child->klass->forward (child, &p);
    }
  }
}

/* Steps that only some streams have go one by one, then all go together. */
void
rnn_late_forward_absent (const RnnLate *late, const RnnCell *child, const RnnRun *c)
{
  gint first = c->T, all = 0;

  for (gint b = 0; b < c->B; b++) {
    gint n = n_absent (late, c, b);

    first = MIN (first, n);
    all = MAX (all, n);
  }
  memset (c->y, 0, (gsize) all * c->B * child->n_out * sizeof (gfloat));
  for (gint t = first; t < all; t++)
    forward_begun (late, child, c, t);
  if (all < c->T) {
    RnnRun p = part (child, c, all, c->T - all, 0, c->B);

    child->klass->forward (child, &p);
  }
}

void
rnn_late_backward (const RnnLate *late, const RnnCell *child, const RnnRun *c, RnnGrad grad)
{
  gint n = n_absent (late, c, 0);
  gsize rows = (gsize) n * c->B;
  RnnRun p = part (child, c, n, c->T - n, 0, c->B);

  if (grad.dx && n) {
    memset (grad.dx, 0, rows * child->n_in * sizeof (gfloat));
    grad.dx += rows * child->n_in;
  }
  grad.dy += rows * child->n_out;
  if (p.T > 0)
    child->klass->backward (child, &p, &grad);
}

void
rnn_late_count (const RnnLate *late)
{
  for (gint b = 0; late->delay && b < late->run->B; b++) {
    gfloat *count = count_of (late, b);

    *count = MIN (*count + (gfloat) late->run->T, (gfloat) late->delay);
  }
}

void
rnn_late_forget (const RnnLate *late, const RnnGrad *grad)
{
  for (gint b = 0; late->delay && b < late->run->B; b++)
    RNN_STATE_ROW (grad->dstate, late->run, b)[late->count] = 0;
}
