/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Episodes through train/unroll, whose next input is what the world shows after the action that was drawn from the last answer.
 *
 * Loss of a step: -log p (action) A - entropy + (value - return)^2 / 2, with A = sum over l of (gamma lambda)^l delta,
 * delta = reward + gamma value' - value. */
#include "policy.h"
#include "ctc/ctc.h"
#include <math.h>
#include <string.h>

#define GAMMA 0.99f
#define LAMBDA 0.95f
#define ENTROPY 0.01f
#define VALUE 0.5f

/* ---- acting ---- */

static gint
draw (Policy *p, const gfloat *scores)
{
  gint n = p->klass->n_actions, best = 0;
  gfloat sum = rnn_log_sum_exp (n, scores), at = p->greedy ? 0 : rnn_rng_uniform (&p->rng);

  for (gint i = 1; i < n; i++)
    best = scores[i] > scores[best] ? i : best;
  for (gint i = 0; i < n && !p->greedy; i++) {
    at -= expf (scores[i] - sum);
    if (at < 0)
      return i;
  }
  return best;
}

/* The actions that follow from the answers to step t, and what the worlds show then. */
static void
feed (guint t, guint B, const gfloat *y, gfloat *x, gpointer data)
{
  Policy *p = data;
  gsize row = (gsize) (t - 1) * B;
  gint n_out = p->klass->n_actions + 1, n_in = p->klass->n_observed;

  for (guint b = 0; b < B; b++) {
    p->actions[row + b] = -1;
    p->rewards[row + b] = 0;
    if (!p->over[b]) {
      p->actions[row + b] = draw (p, y + (gsize) b * n_out);
      p->rewards[row + b] = p->klass->act (&p->worlds[b], p->actions[row + b], &p->over[b]);
    }
    p->klass->observe (&p->worlds[b], x + (gsize) b * n_in);
  }
}

void
policy_init (Policy *p, const WorldClass *klass, RnnModel *model, const RnnTrainConfig *config, gint longest,
    gboolean forgets)
{
  gsize rows;

  memset (p, 0, sizeof (Policy));
  p->klass = klass;
  p->model = model;
  p->config = *config;
  p->most = klass->longest (longest) + 1;
  rows = (gsize) p->most * config->batch_size;
  rnn_model_pack (model, TRUE);
  rnn_unroll_init (&p->unroll, model, p->most, (guint) config->batch_size);
  p->unroll.forgets = forgets;
  p->unroll.feed = feed;
  p->unroll.data = p;
  for (guint t = 1; t < p->most; t++)
    p->unroll.own[t] = TRUE;
  rnn_optimizer_init (&p->optimizer, &p->config, rnn_model_get_n_params (model));
  rnn_rng_seed (&p->rng, (guint64) config->seed, 7);
  p->worlds = g_new0 (World, config->batch_size);
  p->over = g_new0 (gboolean, config->batch_size);
  p->actions = g_new0 (gint, rows);
  p->rewards = g_new0 (gfloat, rows);
}

void
policy_clear (Policy *p)
{
  rnn_unroll_clear (&p->unroll);
  rnn_optimizer_clear (&p->optimizer);
  g_free (p->worlds);
  g_free (p->over);
  g_free (p->actions);
  g_free (p->rewards);
}

/* The last reward of stream b. */
static gfloat
last_reward (const Policy *p, guint b)
{
  return p->rewards[(gsize) (p->worlds[b].steps - 1) * p->unroll.B + b];
}

gdouble
policy_play (Policy *p, gint shortest, gint longest)
{
  guint B = p->unroll.B, solved = 0;

  p->unroll.T = MIN (p->klass->longest (longest) + 1, p->most);
  for (guint b = 0; b < B; b++) {
    gint length = shortest + (gint) rnn_rng_below (&p->rng, (guint32) (longest - shortest + 1));

    p->klass->begin (&p->worlds[b], length, &p->rng);
    p->klass->observe (&p->worlds[b], p->unroll.x + (gsize) b * p->klass->n_observed);
    p->over[b] = FALSE;
  }
  rnn_unroll_forward (&p->unroll);
  for (guint b = 0; b < B; b++)
    solved += p->klass->solved (&p->worlds[b], last_reward (p, b));
  return (gdouble) solved / B;
}

gdouble
policy_get_mean_steps (const Policy *p)
{
  gdouble sum = 0;

  for (guint b = 0; b < p->unroll.B; b++)
    sum += p->worlds[b].steps;
  return sum / p->unroll.B;
}

gdouble
policy_get_mean_reward (const Policy *p)
{
  gdouble sum = 0;

  for (gsize i = 0; i < (gsize) (p->unroll.T - 1) * p->unroll.B; i++)
    sum += p->rewards[i];
  return sum / p->unroll.B;
}

/* ---- learning ---- */

static gfloat
value_of (const Policy *p, guint t, guint b)
{
  gint n = p->klass->n_actions;

  return p->unroll.y[((gsize) t * p->unroll.B + b) * (n + 1) + n];
}

/* advantages[T - 1][B] -> mean 0 and variance 1 for the policy; returns[T - 1][B] for the value; the number of steps */
static guint
judge (const Policy *p, gfloat *advantages, gfloat *returns)
{
  gsize B = p->unroll.B, rows = (p->unroll.T - 1) * B;
  gdouble sum = 0, squares = 0;
  gfloat mean, deviation;
  guint n = 0;

  for (gsize b = 0; b < B; b++) {
    gfloat ahead = 0, next = 0;

    for (guint t = p->unroll.T - 1; t-- > 0;) {
      gsize i = t * B + b;
      gfloat value = value_of (p, t, (guint) b);

      if (p->actions[i] < 0)
        continue;
      ahead = p->rewards[i] / p->klass->unit + GAMMA * next - value + GAMMA * LAMBDA * ahead;
      next = value;
      advantages[i] = ahead;
      returns[i] = ahead + value;
      sum += ahead;
      squares += ahead * ahead;
      n++;
    }
  }
  mean = (gfloat) (sum / n);
  deviation = sqrtf ((gfloat) MAX (squares / n - mean * mean, 0)) + 1e-4f;
  for (gsize i = 0; i < rows; i++)
    advantages[i] = (advantages[i] - mean) / deviation;
  return n;
}

/* dy of one step, times @scale: scores and value. */
static void
step_gradient (gint n, const gfloat *y, gint action, gfloat advantage, gfloat ret, gfloat scale, gfloat *dy)
{
  gfloat log_p[WORLD_MAX_ACTIONS], entropy = 0;

  rnn_log_softmax (n, y, log_p);
  for (gint i = 0; i < n; i++)
    entropy -= expf (log_p[i]) * log_p[i];
  for (gint i = 0; i < n; i++)
    dy[i] = scale * ((expf (log_p[i]) - (i == action)) * advantage + ENTROPY * expf (log_p[i]) * (log_p[i] + entropy));
  dy[n] = scale * VALUE * (y[n] - ret);
}

void
policy_learn (Policy *p, guint update)
{
  RnnUnroll *u = &p->unroll;
  gsize rows = (gsize) (u->T - 1) * u->B;
  gint n = p->klass->n_actions;
  g_autofree gfloat *advantages = g_new0 (gfloat, rows), *returns = g_new0 (gfloat, rows);
  guint steps = judge (p, advantages, returns);

  memset (u->dy, 0, (rows + u->B) * (n + 1) * sizeof (gfloat));
  for (gsize i = 0; i < rows; i++)
    if (p->actions[i] >= 0)
      step_gradient (n, u->y + i * (n + 1), p->actions[i], advantages[i], returns[i], 1.0f / steps,
          u->dy + i * (n + 1));
  rnn_unroll_backward (u);
  rnn_clip_norm (rnn_model_get_n_params (p->model), u->grad, p->config.clip_norm);
  rnn_optimizer_step (&p->optimizer, rnn_model_get_params (p->model), u->grad,
      rnn_schedule_get (&p->config, update, (guint64) p->config.epochs));
  rnn_model_pack (p->model, TRUE);
}
