/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers one after another: the root of every model, and a container inside others.
 *
 * Behind layers that look L steps ahead, the first L steps of a stream do not exist: a layer there begins with step L,
 * in the state that it was made in, and answers 0 before.
 *
 * State per stream: the children's states, in order; if some child begins late, the number of steps so far.  Tape, over
 * the whole call: for each child its own tape, then (but for the last) its output [T][B][n_out].  Without a tape two
 * scratch areas take turns holding the outputs. */
#include "chain.h"
#include <string.h>

gboolean
rnn_chain_setup (RnnCell *cell, GError **error)
{
  RnnChain *chain = (RnnChain *) cell;
  gsize work = 0;

  for (guint i = 0; i < cell->children->len; i++) {
    RnnCell *child = cell->children->pdata[i];
    gboolean last = i + 1 == cell->children->len;

    cell->n_state += child->n_state;
    cell->n_tape += child->n_tape + (last ? 0 : (gsize) child->n_out);
    if (last)
      chain->delay = cell->latency;
    cell->latency += child->latency;
    cell->n_out = child->n_out;
    work = MAX (work, child->n_scratch);
    cell->n_scratch_once = MAX (cell->n_scratch_once, child->n_scratch_once);
    chain->width = MAX (chain->width, MAX (child->n_out, child->n_in));
  }
  chain->count = cell->n_state;
  cell->n_state += chain->delay > 0;
  cell->n_scratch = work + 2 * (gsize) chain->width;
  return TRUE;
}

/* Splits a run of the chain into one child's: advances state, tape and shift. */
static RnnRun
child_run (const RnnChain *chain, const RnnRun *run, guint i, RnnRun *walk)
{
  const RnnCell *child = chain->cell.children->pdata[i];
  gsize steps = (gsize) run->T * run->B;
  gboolean last = i + 1 == chain->cell.children->len;
  RnnRun c = *walk;

  if (run->tape) {
    c.tape = walk->tape;
    c.y = last ? run->y : walk->tape + steps * child->n_tape;
    walk->tape += steps * (child->n_tape + (last ? 0 : (gsize) child->n_out));
  } else {
    c.y = last ? run->y : run->scratch + (i & 1) * steps * chain->width;
  }
  c.scratch = run->scratch + 2 * steps * chain->width;
  c.seed = run->seed ? run->seed + (i + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) : 0;
  if (run->seed && !c.seed)
    c.seed = 1;
  walk->state += child->n_state;
  walk->shift += child->latency;
  walk->x = c.y;
  return c;
}

/* ---- children that begin late ---- */

static gfloat *
count_of (const RnnChain *chain, const RnnRun *run, gint b)
{
  return RNN_STATE_ROW (run->state, run, b) + chain->count;
}

/* How many of a child's first steps in this call stream b does not have. */
static gint
n_absent (const RnnChain *chain, const RnnRun *run, const RnnRun *child, gint b)
{
  return chain->delay ? CLAMP (child->shift - run->shift - (gint) (*count_of (chain, run, b) + 0.5f), 0, run->T) : 0;
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
forward_begun (const RnnChain *chain, const RnnRun *run, const RnnCell *child, const RnnRun *c, gint t)
{
  for (gint b = 0, end; b < run->B; b = end + 1) {
    for (end = b; end < run->B && n_absent (chain, run, c, end) <= t;)
      end++;
    if (end > b) {
      RnnRun p = part (child, c, t, 1, b, end - b);

      child->klass->forward (child, &p);
    }
  }
}

/* Steps that only some streams have go one by one, then all go together. */
static void
forward_late (const RnnChain *chain, const RnnRun *run, const RnnCell *child, const RnnRun *c)
{
  gint first = run->T, all = 0;

  for (gint b = 0; b < run->B; b++) {
    gint n = n_absent (chain, run, c, b);

    first = MIN (first, n);
    all = MAX (all, n);
  }
  memset (c->y, 0, (gsize) all * run->B * child->n_out * sizeof (gfloat));
  for (gint t = first; t < all; t++)
    forward_begun (chain, run, child, c, t);
  if (all < run->T) {
    RnnRun p = part (child, c, all, run->T - all, 0, run->B);

    child->klass->forward (child, &p);
  }
}

static void
count_steps (const RnnChain *chain, const RnnRun *run)
{
  for (gint b = 0; b < run->B; b++) {
    gfloat *count = count_of (chain, run, b);

    *count = MIN (*count + (gfloat) run->T, (gfloat) chain->delay);
  }
}

/* The streams are equally far, so all have the same steps. */
static void
backward_late (const RnnChain *chain, const RnnRun *run, const RnnCell *child, const RnnRun *c, RnnGrad grad)
{
  gint n = n_absent (chain, run, c, 0);
  gsize rows = (gsize) n * run->B;
  RnnRun p = part (child, c, n, run->T - n, 0, run->B);

  if (grad.dx && n) {
    memset (grad.dx, 0, rows * child->n_in * sizeof (gfloat));
    grad.dx += rows * child->n_in;
  }
  grad.dy += rows * child->n_out;
  if (p.T > 0)
    child->klass->backward (child, &p, &grad);
}

/* ---- the cell ---- */

void
rnn_chain_forward (const RnnCell *cell, const RnnRun *run)
{
  const RnnChain *chain = (const RnnChain *) cell;
  RnnRun walk = *run;

  for (guint i = 0; i < cell->children->len; i++) {
    const RnnCell *child = cell->children->pdata[i];
    RnnRun c = child_run (chain, run, i, &walk);

    if (c.shift == run->shift)
      child->klass->forward (child, &c);
    else
      forward_late (chain, run, child, &c);
  }
  if (chain->delay)
    count_steps (chain, run);
}

void
rnn_chain_backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const RnnChain *chain = (const RnnChain *) cell;
  guint n = cell->children->len;
  gsize steps = (gsize) run->T * run->B;
  g_autofree RnnRun *runs = g_new (RnnRun, n);
  RnnRun walk = *run;
  gsize state = chain->count;
  const gfloat *dy = grad->dy;

  for (guint i = 0; i < n; i++)
    runs[i] = child_run (chain, run, i, &walk);
  for (guint i = n; i-- > 0;) {
    const RnnCell *child = cell->children->pdata[i];
    gfloat *dx = i ? run->scratch + (i & 1) * steps * chain->width : grad->dx;

    state -= child->n_state;
    backward_late (chain, run, child, &runs[i],
        (RnnGrad) { .dy = dy, .dx = dx, .dstate = grad->dstate + state, .dparam = grad->dparam });
    dy = dx;
  }
  for (gint b = 0; chain->delay && b < run->B; b++)
    RNN_STATE_ROW (grad->dstate, run, b)[chain->count] = 0;
}

void
rnn_chain_reset (const RnnCell *cell, gfloat *state)
{
  for (guint i = 0; i < cell->children->len; i++) {
    const RnnCell *child = cell->children->pdata[i];

    rnn_cell_reset_state (child, state);
    state += child->n_state;
  }
}

const RnnCellClass rnn_cell_chain = {
  .name = "chain",
  .summary = "layers one after another",
  .instance_size = sizeof (RnnChain),
  .n_copies = 1,
  .setup = rnn_chain_setup,
  .reset = rnn_chain_reset,
  .forward = rnn_chain_forward,
  .backward = rnn_chain_backward,
};
