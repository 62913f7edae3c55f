/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Update rules with the semantics of torch.optim.  g: gradient, t: number of the update, from 1.
 *
 * sgd      g += wd p;  b = momentum b + g;  p -= lr (nesterov ? g + momentum b : b)
 * adam     g += wd p;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;
 *          p -= lr / (1 - beta1^t)  m / (sqrt (v / (1 - beta2^t)) + eps);  amsgrad: the largest v so far instead of v
 * adamw    p -= lr wd p;  then adam without wd            (Loshchilov and Hutter 2019)
 * rmsprop  g += wd p;  v = alpha v + (1 - alpha) g^2;  b = momentum b + g / (sqrt (v) + eps);  p -= lr b
 * adagrad  g += wd p;  v += g^2;  p -= lr g / (sqrt (v) + eps) */
#include "optimizer.h"
#include "../kernels/kernels.h"
#include <math.h>

#define BLOCK 1024              /* floats of each array that stay in the first cache from loop to loop */

/* A part of the parameters: n <= BLOCK of each array. */
typedef struct {
  const RnnTrainConfig *config;
  const RnnOptimizer *o;
  gsize n;
  gfloat *p, *g, *m[RNN_OPTIMIZER_MAX_MOMENTS];
} Part;

typedef struct {
  gint n_moments;
  guint squares;                /* bit i: moment i is one of squares */
  void (*step) (const Part *part);
} Rule;

static void
add_l2 (const Part *a)
{
  gfloat decay = a->config->weight_decay;

  if (decay != 0)
    for (gsize i = 0; i < a->n; i++)
      a->g[i] += decay * a->p[i];
}

static void
step_sgd (const Part *a)
{
  gfloat momentum = a->config->momentum, lr = a->o->learning_rate;
  gfloat of_g = a->config->nesterov ? 1 : 0, of_b = a->config->nesterov ? momentum : 1;
  gfloat *restrict p = a->p, *restrict g = a->g, *restrict b = a->m[0];

  add_l2 (a);
  for (gsize i = 0; i < a->n; i++) {
    b[i] = momentum * b[i] + g[i];
    p[i] -= lr * (of_g * g[i] + of_b * b[i]);
  }
}

static void
adam_update (const Part *a)
{
  const RnnTrainConfig *c = a->config;
  gfloat beta1 = c->beta1, beta2 = c->beta2, eps = c->epsilon;
  gfloat rate = a->o->adam_rate, correction = a->o->adam_correction;
  gfloat *restrict p = a->p, *restrict g = a->g, *restrict m = a->m[0], *restrict v = a->m[1], *restrict top = a->m[2];

  for (gsize i = 0; i < a->n; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
  }
  if (c->amsgrad)
    for (gsize i = 0; i < a->n; i++)
      top[i] = MAX (top[i], v[i]);
  else
    top = v;
  for (gsize i = 0; i < a->n; i++)
    p[i] -= rate * m[i] / (sqrtf (top[i]) * correction + eps);
}

static void
step_adam (const Part *a)
{
  add_l2 (a);
  adam_update (a);
}

static void
step_adamw (const Part *a)
{
  gfloat keep = 1 - a->o->learning_rate * a->config->weight_decay;

  for (gsize i = 0; i < a->n; i++)
    a->p[i] *= keep;
  adam_update (a);
}

static void
step_rmsprop (const Part *a)
{
  gfloat alpha = a->config->beta2, eps = a->config->epsilon, momentum = a->config->momentum, lr = a->o->learning_rate;
  gfloat *restrict p = a->p, *restrict g = a->g, *restrict v = a->m[0], *restrict b = a->m[1];

  add_l2 (a);
  for (gsize i = 0; i < a->n; i++) {
    v[i] = alpha * v[i] + (1 - alpha) * g[i] * g[i];
    b[i] = momentum * b[i] + g[i] / (sqrtf (v[i]) + eps);
    p[i] -= lr * b[i];
  }
}

static void
step_adagrad (const Part *a)
{
  gfloat eps = a->config->epsilon, lr = a->o->learning_rate;
  gfloat *restrict p = a->p, *restrict g = a->g, *restrict v = a->m[0];

  add_l2 (a);
  for (gsize i = 0; i < a->n; i++) {
    v[i] += g[i] * g[i];
    p[i] -= lr * g[i] / (sqrtf (v[i]) + eps);
  }
}

static const Rule rules[] = {   /* by RnnOptimizerType */
  { 1, 0, step_sgd },
  { 2, 1 << 1 | 1 << 2, step_adam },
  { 2, 1 << 1 | 1 << 2, step_adamw },
  { 2, 1 << 0, step_rmsprop },
  { 1, 1 << 0, step_adagrad },
};

gboolean
rnn_optimizer_is_square (const RnnTrainConfig *config, gint i)
{
  return rules[config->optimizer].squares >> i & 1;
}

void
rnn_optimizer_init (RnnOptimizer *optimizer, const RnnTrainConfig *config, gsize n)
{
  gboolean is_adam = config->optimizer == RNN_OPTIMIZER_ADAM || config->optimizer == RNN_OPTIMIZER_ADAMW;

  optimizer->config = config;
  optimizer->n = n;
  optimizer->n_moments = rules[config->optimizer].n_moments + (is_adam && config->amsgrad);
  optimizer->step = 0;
  for (gint i = 0; i < RNN_OPTIMIZER_MAX_MOMENTS; i++)
    optimizer->moments[i] = i < optimizer->n_moments ? g_new0 (gfloat, n) : NULL;
}

void
rnn_optimizer_clear (RnnOptimizer *optimizer)
{
  for (gint i = 0; i < RNN_OPTIMIZER_MAX_MOMENTS; i++)
    g_clear_pointer (&optimizer->moments[i], g_free);
}

void
rnn_optimizer_begin (RnnOptimizer *o, gfloat learning_rate, gfloat grad_scale)
{
  o->step++;
  o->learning_rate = learning_rate;
  o->grad_scale = grad_scale;
  o->adam_rate = (gfloat) (learning_rate / (1 - pow (o->config->beta1, o->step)));
  o->adam_correction = (gfloat) (1 / sqrt (1 - pow (o->config->beta2, o->step)));
}

void
rnn_optimizer_run (const RnnOptimizer *o, gsize first, gsize n, gfloat *params, gfloat *grad)
{
  for (gsize at = first; at < first + n; at += BLOCK) {
    Part part = {.config = o->config,.o = o,.n = MIN (BLOCK, first + n - at),.p = params + at,.g = grad + at };

    for (gint i = 0; i < o->n_moments; i++)
      part.m[i] = o->moments[i] + at;
    if (o->grad_scale != 1)
      rnn_kernels ()->scale ((gint) part.n, o->grad_scale, part.g);
    rules[o->config->optimizer].step (&part);
  }
}

void
rnn_optimizer_step (RnnOptimizer *optimizer, gfloat *params, gfloat *grad, gfloat learning_rate)
{
  rnn_optimizer_begin (optimizer, learning_rate, 1);
  rnn_optimizer_run (optimizer, 0, optimizer->n, params, grad);
}
