/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Children of a container that begin late: behind layers that look L steps ahead, the first L steps of a stream do not exist.  A child there
 * begins with step L, in the state that it was made in, and answers 0 before. */
#pragma once
#include "cell.h"

G_BEGIN_DECLS

typedef struct {
  const RnnRun *run;            /* of the container */
  gsize count;                  /* where in a stream's state it counts steps, up to `delay` */
  gint delay;                   /* steps after which the last child has begun; 0: all begin at once, and nothing is counted */
} RnnLate;

void rnn_late_forward_absent (const RnnLate *late, const RnnCell *child, const RnnRun *c);

/* @c: the child's own run, whose shift says when it begins. */
static inline void
rnn_late_forward (const RnnLate *late, const RnnCell *child, const RnnRun *c)
{
  if (c->shift == late->run->shift)
    child->klass->forward (child, c);
  else
    rnn_late_forward_absent (late, child, c);
}

/* The streams are equally far, so all have the same steps. */
void rnn_late_backward (const RnnLate *late, const RnnCell *child, const RnnRun *c, RnnGrad grad);
/* After all children; on the way back: the count has no gradient. */
void rnn_late_count    (const RnnLate *late);
void rnn_late_forget   (const RnnLate *late, const RnnGrad *grad);

G_END_DECLS
