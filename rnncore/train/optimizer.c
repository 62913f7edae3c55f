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
#include <math.h>

typedef struct {
  gint n_moments;
  void (*step) (RnnOptimizer *o, gfloat *p, gfloat *g, gfloat lr);
} Rule;

static void
add_l2 (const RnnOptimizer *o, const gfloat *p, gfloat *g)
{
  gfloat decay = o->config->weight_decay;

  if (decay != 0)
    for (gsize i = 0; i < o->n; i++)
      g[i] += decay * p[i];
}

static void
step_sgd (RnnOptimizer *o, gfloat *p, gfloat *g, gfloat lr)
{
  gfloat momentum = o->config->momentum, *b = o->moments[0];
  gfloat of_g = o->config->nesterov ? 1 : 0, of_b = o->config->nesterov ? momentum : 1;

  add_l2 (o, p, g);
  for (gsize i = 0; i < o->n; i++) {
    b[i] = momentum * b[i] + g[i];
    p[i] -= lr * (of_g * g[i] + of_b * b[i]);
  }
}

static void
adam_update (RnnOptimizer *o, gfloat *p, const gfloat *g, gfloat lr)
{
  const RnnTrainConfig *c = o->config;
  gfloat beta1 = c->beta1, beta2 = c->beta2, eps = c->epsilon;
  gfloat rate = (gfloat) (lr / (1 - pow (beta1, o->step)));
  gfloat correction = (gfloat) (1 / sqrt (1 - pow (beta2, o->step)));
  gfloat *m = o->moments[0], *v = o->moments[1], *top = o->moments[2];

  for (gsize i = 0; i < o->n; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * g[i];
    v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
  }
  if (c->amsgrad)
    for (gsize i = 0; i < o->n; i++)
      top[i] = MAX (top[i], v[i]);
  else
    top = v;
  for (gsize i = 0; i < o->n; i++)
    p[i] -= rate * m[i] / (sqrtf (top[i]) * correction + eps);
}

static void
step_adam (RnnOptimizer *o, gfloat *p, gfloat *g, gfloat lr)
{
  add_l2 (o, p, g);
  adam_update (o, p, g, lr);
}

static void
step_adamw (RnnOptimizer *o, gfloat *p, gfloat *g, gfloat lr)
{
  gfloat keep = 1 - lr * o->config->weight_decay;

  for (gsize i = 0; i < o->n; i++)
    p[i] *= keep;
  adam_update (o, p, g, lr);
}

static void
step_rmsprop (RnnOptimizer *o, gfloat *p, gfloat *g, gfloat lr)
{
  gfloat alpha = o->config->beta2, eps = o->config->epsilon, momentum = o->config->momentum;
  gfloat *v = o->moments[0], *b = o->moments[1];

  add_l2 (o, p, g);
  for (gsize i = 0; i < o->n; i++) {
    v[i] = alpha * v[i] + (1 - alpha) * g[i] * g[i];
    b[i] = momentum * b[i] + g[i] / (sqrtf (v[i]) + eps);
    p[i] -= lr * b[i];
  }
}

static void
step_adagrad (RnnOptimizer *o, gfloat *p, gfloat *g, gfloat lr)
{
  gfloat eps = o->config->epsilon, *v = o->moments[0];

  add_l2 (o, p, g);
  for (gsize i = 0; i < o->n; i++) {
    v[i] += g[i] * g[i];
    p[i] -= lr * g[i] / (sqrtf (v[i]) + eps);
  }
}

static const Rule rules[] = {   /* by RnnOptimizerType */
  { 1, step_sgd },
  { 2, step_adam },
  { 2, step_adamw },
  { 2, step_rmsprop },
  { 1, step_adagrad },
};

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
rnn_optimizer_step (RnnOptimizer *optimizer, gfloat *params, gfloat *grad, gfloat learning_rate)
{
  optimizer->step++;
  rules[optimizer->config->optimizer].step (optimizer, params, grad, learning_rate);
}
