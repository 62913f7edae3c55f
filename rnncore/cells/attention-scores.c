/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Scores of attention that look at what the memory holds; weights are their softmax over the memory's steps.
 *
 *   dot       e_s = (W x) . m_s / sqrt (memory)            (Luong et al. 2015, general; scaled as in Vaswani et al. 2017)
 *   additive  e_s = v . tanh (W x + b + K m_s)             (Bahdanau et al. 2015) */
#include "attention.h"
#include "../kernels/kernels.h"
#include <math.h>

/* e[L] -> weights */
static void
normalise (gint L, gfloat *e)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat max = k->max (L, e);

  for (gint i = 0; i < L; i++)
    e[i] -= max;
  k->exp (L, e, e);
  k->scale (L, 1 / k->sum (L, e), e);
}

/* d loss/d weights -> d loss/d e */
static void
normalise_backward (gint L, const gfloat *weights, gfloat *d)
{
  gfloat mean = rnn_kernels ()->dot (L, weights, d);

  for (gint i = 0; i < L; i++)
    d[i] = weights[i] * (d[i] - mean);
}

/* ---- dot ---- */

static void
dot_setup (Attention *a)
{
  a->n_query = a->memory;
  a->query = rnn_cell_add_matrix (&a->cell, "query.weight", a->memory, a->cell.n_in, 1 / sqrtf (a->cell.n_in));
}

static void
dot_weigh (const Attention *a, const RnnAttentionStep *s, gfloat *weights)
{
  gfloat scale = 1 / sqrtf (a->memory);

  for (gint i = 0; i < s->L; i++)
    weights[i] = scale * rnn_kernels ()->dot (a->memory, s->query, s->memory + i * s->stride);
  normalise (s->L, weights);
}

static void
dot_backward (const Attention *a, const RnnAttentionStep *s, const gfloat *weights, const RnnAttentionGrad *g)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat scale = 1 / sqrtf (a->memory);

  normalise_backward (s->L, weights, g->weights);
  for (gint i = 0; i < s->L; i++) {
    k->axpy (a->memory, scale * g->weights[i], s->memory + i * s->stride, g->query);
    if (g->memory)
      k->axpy (a->memory, scale * g->weights[i], s->query, g->memory + i * s->stride);
  }
}

const RnnAttentionScore rnn_attention_dot = { "dot", dot_setup, dot_weigh, dot_backward };

/* ---- additive ---- */

static void
additive_setup (Attention *a)
{
  RnnCell *cell = &a->cell;

  a->n_query = a->n_key = a->units;
  a->query = rnn_cell_add_matrix (cell, "query.weight", a->units, cell->n_in, 1 / sqrtf (cell->n_in));
  a->query_bias = rnn_cell_add_vector (cell, "query.bias", a->units, 1 / sqrtf (cell->n_in));
  a->key = rnn_cell_add_matrix (cell, "key.weight", a->units, a->memory, 1 / sqrtf (a->memory));
  a->v = rnn_cell_add_tensor (cell, "score.weight", 2, (const gint[]) { 1, a->units }, 1 / sqrtf (a->units));
}

/* tanh (query + key) -> room[units] */
static void
hide (const Attention *a, const RnnAttentionStep *s, gint i)
{
  const gfloat *key = s->keys + (gsize) i * a->units;

  for (gint u = 0; u < a->units; u++)
    s->room[u] = s->query[u] + key[u];
  rnn_kernels ()->tanh (a->units, s->room, s->room);
}

static void
additive_weigh (const Attention *a, const RnnAttentionStep *s, gfloat *weights)
{
  for (gint i = 0; i < s->L; i++) {
    hide (a, s, i);
    weights[i] = rnn_kernels ()->dot (a->units, a->v->data, s->room);
  }
  normalise (s->L, weights);
}

static void
additive_backward (const Attention *a, const RnnAttentionStep *s, const gfloat *weights, const RnnAttentionGrad *g)
{
  const RnnKernels *k = rnn_kernels ();

  normalise_backward (s->L, weights, g->weights);
  for (gint i = 0; i < s->L; i++) {
    hide (a, s, i);
    k->axpy (a->units, g->weights[i], s->room, g->dparam + a->v->offset);
    for (gint u = 0; u < a->units; u++)
      s->room[u] = g->weights[i] * a->v->data[u] * (1 - s->room[u] * s->room[u]);
    k->add (a->units, s->room, g->query);
    k->add (a->units, s->room, g->keys + (gsize) i * a->units);
  }
}

const RnnAttentionScore rnn_attention_additive = { "additive", additive_setup, additive_weigh, additive_backward };
