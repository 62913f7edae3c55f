/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Update rules, learning-rate schedules and clipping: what happens between a gradient and new weights. */
#pragma once
#include "train.h"

G_BEGIN_DECLS

#define RNN_OPTIMIZER_MAX_MOMENTS 3

typedef struct {
  const RnnTrainConfig *config; /* borrowed */
  gsize n;                      /* parameters that move: the first n */
  gint n_moments;
  gfloat *moments[RNN_OPTIMIZER_MAX_MOMENTS];   /* [n] each, start at 0 */
  guint64 step;                 /* updates so far */
  /* of the update under way */
  gfloat learning_rate, grad_scale;
  gfloat adam_rate, adam_correction;    /* lr / (1 - beta1^t), 1 / sqrt (1 - beta2^t) */
} RnnOptimizer;

void rnn_optimizer_init (RnnOptimizer *optimizer, const RnnTrainConfig *config, gsize n);
void rnn_optimizer_clear (RnnOptimizer *optimizer);
/* Is moment @i a mean or sum of squares? */
gboolean rnn_optimizer_is_square (const RnnTrainConfig *config, gint i);
/* An update: begin, then run on every part of the parameters, [first, first + n) of params and grad, in any order and by
 * any thread.  params -= what the rule makes of grad * grad_scale; grad may be overwritten. */
void rnn_optimizer_begin (RnnOptimizer *optimizer, gfloat learning_rate, gfloat grad_scale);
void rnn_optimizer_run (const RnnOptimizer *optimizer, gsize first, gsize n, gfloat *params, gfloat *grad);
/* All of it. */
void rnn_optimizer_step (RnnOptimizer *optimizer, gfloat *params, gfloat *grad, gfloat learning_rate);

/* Of update @update (from 0) out of @total. */
gfloat rnn_schedule_get (const RnnTrainConfig *config, guint64 update, guint64 total);

#define RNN_NORM_BLOCK 4096     /* floats summed in float before they join the double */

/* What a gradient of this norm is multiplied with. */
gfloat rnn_clip_factor (gdouble norm, gfloat max);
/* Scales grad[n] down to a Euclidean norm of @max (0: leaves it); returns the norm before. */
gfloat rnn_clip_norm (gsize n, gfloat *grad, gfloat max);

G_END_DECLS
