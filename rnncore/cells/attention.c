/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attention: what stands in the memory beside the stream, each step of it as much as the input asks for.
 *
 *   y_t = [x_t, c_t],   c_t = sum over s of w_ts m_s,   w_t by the score (attention-scores.c, attention-monotonic.c)
 *
 * Bahdanau, Cho & Bengio 2015 (additive), Luong, Pham & Manning 2015 (dot, and where in a decoder it stands), Graves 2013
 * (monotonic).  Without a memory c is 0.
 *
 * State: the last step's weights [longest], for who wants to see them, then the score's place [n_place].
 * Tape: weights [longest], query [n_query], place [n_place].  Scratch: query or its gradient; of a stream room for keys and
 * their gradients [longest][n_key], weights' gradient, and the score's. */
#include "attention.h"
#include "../kernels/kernels.h"
#include <string.h>

static const RnnAttentionScore *const scores[] = { &rnn_attention_dot, &rnn_attention_additive, &rnn_attention_monotonic };
static const gchar *const score_names[] = { "dot", "additive", "monotonic", NULL };

static const RnnOption options[] = {
  RNN_OPT_ENUM (Attention, score, score_names, 0, "how the memory's steps are weighed"),
  RNN_OPT_INT (Attention, units, 1, 65536, 128, "additive: of its hidden layer; monotonic: windows"),
  RNN_OPT_INT (Attention, memory, 1, 65536, 128, "floats of a step of the memory"),
  RNN_OPT_INT (Attention, longest, 1, 65536, 64, "steps of the longest memory"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Attention *a = (Attention *) cell;
  gsize room;

  a->klass = scores[a->score];
  a->klass->setup (a);
  cell->n_memory = a->memory;
  cell->max_memory = a->longest;
  cell->n_out = cell->n_in + a->memory;
  rnn_cell_add_state (cell, "weights", (guint64) a->longest);
  if (a->n_place)
    rnn_cell_add_state (cell, "place", (guint64) a->n_place);
  room = (gsize) MAX (a->n_query, a->longest);
  cell->n_tape = (guint64) a->longest + a->n_query + a->n_place;
  cell->n_scratch = (guint64) a->n_query;
  cell->n_scratch_once = 2 * (guint64) a->longest * a->n_key + a->longest + room;
  return TRUE;
}

/* Where things are in a call. */
typedef struct {
  gfloat *weights, *queries, *places;   /* of the tape; weights and places NULL without one */
  gfloat *keys, *dkeys, *dweights, *room;
} Areas;

static Areas
get_areas (const Attention *a, const RnnRun *run)
{
  gsize rows = (gsize) run->T * run->B;
  gfloat *tape = run->tape, *scratch = run->scratch;
  Areas r = { .queries = rnn_take (&scratch, rows * a->n_query) };

  if (tape) {
    r.weights = rnn_take (&tape, rows * a->longest);
    r.queries = rnn_take (&tape, rows * a->n_query);
    r.places = rnn_take (&tape, rows * a->n_place);
  }
  r.keys = rnn_take (&scratch, (gsize) a->longest * a->n_key);
  r.dkeys = rnn_take (&scratch, (gsize) a->longest * a->n_key);
  r.dweights = rnn_take (&scratch, (gsize) a->longest);
  r.room = scratch;
  return r;
}

/* What all steps of stream b read: its memory, and the keys that are made of it. */
static RnnAttentionStep
open_stream (const Attention *a, const RnnRun *run, const Areas *areas, gint b)
{
  RnnAttentionStep s = { .keys = areas->keys, .room = areas->room };
  gsize at;

  s.L = MIN (rnn_run_memory (run, b, &at, &s.stride), a->longest);
  s.memory = s.L ? run->memory->data + at : NULL;
  if (s.L && a->key)
    rnn_linear (a->key, s.L, s.memory, s.stride, areas->keys, (gsize) a->n_key, FALSE);
  return s;
}

static void
sum_memory (const Attention *a, const RnnAttentionStep *s, const gfloat *weights, gfloat *context)
{
  memset (context, 0, (gsize) a->memory * sizeof (gfloat));
  for (gint i = 0; i < s->L; i++)
    rnn_kernels ()->axpy (a->memory, weights[i], s->memory + i * s->stride, context);
}

static void
forward_stream (const Attention *a, const RnnRun *run, const Areas *areas, gint b)
{
  RnnAttentionStep s = open_stream (a, run, areas, b);
  gfloat *seen = RNN_STATE_ROW (run->state, run, b);
  gint n_in = a->cell.n_in;

  s.place = seen + a->longest;
  for (gint t = 0; t < run->T; t++) {
    gsize row = (gsize) t * run->B + b;
    gfloat *y = run->y + row * a->cell.n_out;

    s.query = areas->queries + row * a->n_query;
    memset (seen, 0, (gsize) a->longest * sizeof (gfloat));
    if (s.L)
      a->klass->weigh (a, &s, seen);
    memcpy (y, run->x + row * n_in, (gsize) n_in * sizeof (gfloat));
    sum_memory (a, &s, seen, y + n_in);
    if (areas->weights) {
      memcpy (areas->weights + row * a->longest, seen, (gsize) a->longest * sizeof (gfloat));
      memcpy (areas->places + row * a->n_place, s.place, (gsize) a->n_place * sizeof (gfloat));
    }
  }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Attention *a = (const Attention *) cell;
  Areas areas = get_areas (a, run);
  gint rows = run->T * run->B;

  rnn_linear (a->query, rows, run->x, (gsize) cell->n_in, areas.queries, (gsize) a->n_query, FALSE);
  rnn_bias (a->query_bias, rows, a->n_query, areas.queries, (gsize) a->n_query, TRUE);
  for (gint b = 0; b < run->B; b++)
    forward_stream (a, run, &areas, b);
}

/* ---- backward ---- */

/* d loss/d weights of a step, and what its context leaves in the memory's gradient. */
static void
context_backward (const Attention *a, const RnnAttentionStep *s, const gfloat *weights, const gfloat *dcontext,
    gfloat *dmemory, gfloat *dweights)
{
  const RnnKernels *k = rnn_kernels ();

  for (gint i = 0; i < s->L; i++) {
    dweights[i] += k->dot (a->memory, dcontext, s->memory + i * s->stride);
    if (dmemory)
      k->axpy (a->memory, weights[i], dcontext, dmemory + i * s->stride);
  }
}

/* Queries become their gradients. */
static void
backward_stream (const Attention *a, const RnnRun *run, const RnnGrad *grad, const Areas *areas, gint b)
{
  RnnAttentionStep s = open_stream (a, run, areas, b);
  gfloat *dseen = RNN_STATE_ROW (grad->dstate, run, b), *dqueries = run->scratch;
  gfloat *dmemory = s.L && run->memory->grad ? run->memory->grad + (s.memory - run->memory->data) : NULL;
  RnnAttentionGrad g = { areas->dweights, NULL, areas->dkeys, dmemory, dseen + a->longest, grad->dparam };

  memset (areas->dkeys, 0, (gsize) a->longest * a->n_key * sizeof (gfloat));
  for (gint t = run->T - 1; t >= 0; t--) {
    gsize row = (gsize) t * run->B + b;
    const gfloat *weights = areas->weights + row * a->longest;

    s.query = areas->queries + row * a->n_query;
    s.place = areas->places + row * a->n_place;
    g.query = dqueries + row * a->n_query;
    memset (g.query, 0, (gsize) a->n_query * sizeof (gfloat));
    memcpy (g.weights, dseen, (gsize) a->longest * sizeof (gfloat));
    memset (dseen, 0, (gsize) a->longest * sizeof (gfloat));
    if (!s.L)
      continue;
    context_backward (a, &s, weights, grad->dy + row * a->cell.n_out + a->cell.n_in, dmemory, g.weights);
    a->klass->backward (a, &s, weights, &g);
  }
  if (s.L && a->key) {
    rnn_linear_dw (a->key, s.L, s.memory, s.stride, areas->dkeys, (gsize) a->n_key, grad->dparam);
    if (dmemory)
      rnn_linear_dx (a->key, s.L, areas->dkeys, (gsize) a->n_key, dmemory, s.stride, TRUE);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Attention *a = (const Attention *) cell;
  Areas areas = get_areas (a, run);
  gint rows = run->T * run->B;

  for (gint b = 0; b < run->B; b++)
    backward_stream (a, run, grad, &areas, b);
  rnn_linear_dw (a->query, rows, run->x, (gsize) cell->n_in, run->scratch, (gsize) a->n_query, grad->dparam);
  rnn_bias_dw (a->query_bias, rows, run->scratch, (gsize) a->n_query, grad->dparam);
  if (!grad->dx)
    return;
  rnn_copy_rows (rows, cell->n_in, grad->dy, (gsize) cell->n_out, grad->dx, (gsize) cell->n_in);
  rnn_linear_dx (a->query, rows, run->scratch, (gsize) a->n_query, grad->dx, (gsize) cell->n_in, TRUE);
}

const RnnCellClass rnn_cell_attention = {
  .name = "attention",
  .summary = "what an encoder left in memory, as much of each step as the input asks for",
  .instance_size = sizeof (Attention),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
