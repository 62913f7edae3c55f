/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Encoder forward, decoder forward over its memory, cross-entropy, and both backward: the memory's gradient is the encoder's.
 *
 * Sources and targets of a minibatch are padded to the longest; attention sees no padding, and padded answers count nothing. */
#include "pairs.h"
#include "dataset.h"
#include "learner.h"
#include "../model/root.h"
#include <math.h>
#include <string.h>

/* A chain at work on the minibatch. */
typedef struct {
  const RnnCell *cell;
  gint T;
  RnnBuffer x, y, dy, entry, state, dstate, tape, scratch;
} Side;

struct _RnnPairs {
  RnnModel *model;
  RnnTrainConfig config;
  RnnOptimizer optimizer;
  Side encoder, decoder;
  RnnEncoded memory;
  gint start, B;
  gint *lengths;                /* [B] of sources */
  gfloat *grad;                 /* [n_params] */
  gfloat *average;              /* [n_params] of the weights, or NULL: off */
  RnnBuffer log_p;              /* [n_out] */
  RnnRng rng;
};

RnnPairs *
rnn_pairs_new (RnnModel *model, const RnnTrainConfig *config, gint start, GError **error)
{
  const RnnCell *encoder = rnn_model_get_encoder (model), *decoder = rnn_model_get_root (model);
  RnnPairs *p;

  if (!encoder || !rnn_cell_can_train (encoder) || !rnn_cell_can_train (decoder) || decoder->n_in != 1 || encoder->n_in != 1) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: no encoder and decoder of tokens that can be trained",
        rnn_model_get_path (model));
    return NULL;
  }
  p = g_new0 (RnnPairs, 1);
  p->model = rnn_model_ref (model);
  p->config = *config;
  p->encoder.cell = encoder;
  p->decoder.cell = decoder;
  p->start = start;
  p->grad = g_new0 (gfloat, rnn_model_get_n_params (model));
  rnn_optimizer_init (&p->optimizer, &p->config, rnn_model_get_n_trained (model));
  if (config->average > 0)
    p->average = g_memdup2 (rnn_model_get_params (model), rnn_model_get_n_params (model) * sizeof (gfloat));
  rnn_rng_seed (&p->rng, (guint64) config->seed, 11);
  rnn_learner_set_precision (rnn_model_get_cells (model), config->precision);
  rnn_model_pack (model, TRUE);
  return p;
}

static void
side_clear (Side *s)
{
  RnnBuffer *all[] = { &s->x, &s->y, &s->dy, &s->entry, &s->state, &s->dstate, &s->tape, &s->scratch };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    rnn_buffer_clear (all[i]);
}

void
rnn_pairs_free (RnnPairs *p)
{
  if (!p)
    return;
  side_clear (&p->encoder);
  side_clear (&p->decoder);
  rnn_optimizer_clear (&p->optimizer);
  rnn_buffer_clear (&p->log_p);
  g_free (p->lengths);
  g_free (p->grad);
  g_free (p->average);
  rnn_learner_set_precision (rnn_model_get_cells (p->model), 0);
  rnn_model_pack (p->model, TRUE);
  rnn_model_unref (p->model);
  g_free (p);
}

/* ---- the minibatch ---- */

static void
side_prepare (Side *s, gint T, gint B)
{
  const RnnCell *c = s->cell;
  gsize rows = (gsize) T * B, n_state = MAX (B * c->n_state, 1);

  s->T = T;
  memset (rnn_buffer_need (&s->x, rows), 0, rows * sizeof (gfloat));
  rnn_buffer_need (&s->y, rows * c->n_out);
  memset (rnn_buffer_need (&s->dy, rows * c->n_out), 0, rows * c->n_out * sizeof (gfloat));
  rnn_buffer_need (&s->entry, n_state);
  rnn_buffer_need (&s->state, n_state);
  memset (rnn_buffer_need (&s->dstate, n_state), 0, n_state * sizeof (gfloat));
  rnn_buffer_need (&s->tape, MAX (rows * c->n_tape, 1));
  rnn_buffer_need (&s->scratch, MAX (rnn_cell_scratch_size (c, T, B), 1));
  for (gint b = 0; b < B; b++)
    rnn_cell_reset_state (c, s->entry.data + (gsize) b * c->n_state);
}

static void
prepare (RnnPairs *p, const RnnPair *pairs, guint n)
{
  gint S = 1, T = 1;

  p->B = (gint) n;
  p->lengths = g_renew (gint, p->lengths, n);
  for (guint b = 0; b < n; b++) {
    S = MAX (S, pairs[b].n_source);
    T = MAX (T, pairs[b].n_target);
    p->lengths[b] = pairs[b].n_source;
  }
  side_prepare (&p->encoder, S, p->B);
  side_prepare (&p->decoder, T, p->B);
  for (guint b = 0; b < n; b++) {
    for (gint t = 0; t < pairs[b].n_source; t++)
      p->encoder.x.data[(gsize) t * n + b] = (gfloat) pairs[b].source[t];
    for (gint t = 0; t < T; t++)
      p->decoder.x.data[(gsize) t * n + b] = (gfloat) (t == 0 ? p->start : pairs[b].target[MIN (t, pairs[b].n_target) - 1]);
  }
}

static RnnRun
side_run (const RnnPairs *p, const Side *s, gboolean entry, guint64 seed)
{
  return (RnnRun) { .T = s->T, .B = p->B, .x = s->x.data, .y = s->y.data, .state = entry ? s->entry.data : s->state.data,
    .state_stride = s->cell->n_state, .tape = s->tape.data, .scratch = s->scratch.data, .seed = seed,
    .lengths = s == &p->encoder ? p->lengths : NULL, .memory = s == &p->decoder ? &p->memory : NULL };
}

static void
side_forward (RnnPairs *p, Side *s, guint64 seed)
{
  RnnRun run = side_run (p, s, FALSE, seed);

  memcpy (s->state.data, s->entry.data, p->B * s->cell->n_state * sizeof (gfloat));
  rnn_cell_forward (s->cell, &run);
}

static void
side_backward (RnnPairs *p, Side *s, guint64 seed)
{
  RnnRun run = side_run (p, s, TRUE, seed);

  rnn_cell_backward (s->cell, &run, &(RnnGrad) { .dy = s->dy.data, .dstate = s->dstate.data, .dparam = p->grad });
}

/* The encoder's final state is where the decoder's begins; or the gradient the other way. */
static void
carry (const RnnPairs *p, const gfloat *from, gsize from_stride, gfloat *to, gsize to_stride)
{
  gsize n = p->encoder.cell->n_state;

  if (rnn_model_carries (p->model))
    rnn_copy_rows (p->B, (gint) n, from, from_stride, to, to_stride);
}

static void
forward (RnnPairs *p, guint64 seed)
{
  Side *e = &p->encoder, *d = &p->decoder;

  side_forward (p, e, seed);
  p->memory = (RnnEncoded) { .S = e->T, .B = p->B, .n = e->cell->n_out, .data = e->y.data, .lengths = p->lengths,
    .grad = e->dy.data };
  carry (p, e->state.data, e->cell->n_state, d->entry.data, d->cell->n_state);
  side_forward (p, d, seed ? seed + 1 : 0);
}

static void
backward (RnnPairs *p, guint64 seed)
{
  Side *e = &p->encoder, *d = &p->decoder;

  memset (p->grad, 0, rnn_model_get_n_params (p->model) * sizeof (gfloat));
  side_backward (p, d, seed ? seed + 1 : 0);
  carry (p, d->dstate.data, d->cell->n_state, e->dstate.data, e->cell->n_state);
  side_backward (p, e, seed);
}

/* Sum of -log p; and with @scale > 0 its gradient times that. */
static gdouble
cross_entropy (RnnPairs *p, const RnnPair *pairs, gfloat scale)
{
  gint V = p->decoder.cell->n_out;
  gfloat *log_p = rnn_buffer_need (&p->log_p, (gsize) V);
  gdouble sum = 0;

  for (gint b = 0; b < p->B; b++)
    for (gint t = 0; t < pairs[b].n_target; t++) {
      gsize row = ((gsize) t * p->B + b) * V;

      rnn_log_softmax (V, p->decoder.y.data + row, log_p);
      sum -= log_p[pairs[b].target[t]];
      for (gint i = 0; scale > 0 && i < V; i++)
        p->decoder.dy.data[row + i] = scale * (expf (log_p[i]) - (i == pairs[b].target[t]));
    }
  return sum;
}

/* Some of what the decoder hears becomes what it would have said. */
static void
hear_itself (RnnPairs *p, gfloat own)
{
  const Side *d = &p->decoder;
  gint V = d->cell->n_out;

  for (gint i = p->B; i < d->T * p->B; i++) {
    const gfloat *y = d->y.data + (gsize) (i - p->B) * V;
    gint best = 0;

    if (rnn_rng_uniform (&p->rng) >= own)
      continue;
    for (gint k = 1; k < V; k++)
      best = y[k] > y[best] ? k : best;
    d->x.data[i] = (gfloat) best;
  }
}

gdouble
rnn_pairs_learn (RnnPairs *p, const RnnPair *pairs, guint n, gfloat own, gfloat learning_rate)
{
  guint64 seed = rnn_mix_seed ((guint64) p->config.seed, p->optimizer.step, 5);
  gint tokens = 0;
  gdouble loss;

  prepare (p, pairs, n);
  for (guint b = 0; b < n; b++)
    tokens += pairs[b].n_target;
  forward (p, seed);
  if (own > 0) {
    hear_itself (p, own);
    forward (p, seed);
  }
  loss = cross_entropy (p, pairs, 1.0f / tokens) / tokens;
  backward (p, seed);
  rnn_clip_norm (rnn_model_get_n_trained (p->model), p->grad, p->config.clip_norm);
  rnn_optimizer_step (&p->optimizer, rnn_model_get_params (p->model), p->grad, learning_rate);
  rnn_model_pack (p->model, TRUE);
  if (p->average)
    rnn_average_add (p->optimizer.n, rnn_average_share (p->config.average, p->optimizer.step), rnn_model_get_params (p->model),
        p->average);
  return loss;
}

void
rnn_pairs_take_average (RnnPairs *p)
{
  if (!p->average)
    return;
  memcpy (rnn_model_get_params (p->model), p->average, p->optimizer.n * sizeof (gfloat));
  rnn_model_pack (p->model, TRUE);
}

gdouble
rnn_pairs_loss (RnnPairs *p, const RnnPair *pairs, guint n)
{
  prepare (p, pairs, n);
  forward (p, 0);
  return cross_entropy (p, pairs, 0);
}
