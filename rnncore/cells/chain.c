/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers one after another: the root of every model, and a container inside others.
 *
 * Layers behind one that looks ahead begin late (late.h).
 *
 * State per stream: the children's states, in order; if some child begins late, the number of steps so far.  Tape, over
 * the whole call: for each child its own tape, then (but for the last) its output [T][B][n_out].  Without a tape two
 * scratch areas take turns holding the outputs. */
#include "chain.h"
#include "late.h"
#include <string.h>

gboolean
rnn_chain_setup (RnnCell *cell, GError **error)
{
  RnnChain *chain = (RnnChain *) cell;
  guint64 work = 0;

  for (guint i = 0; i < cell->children->len; i++) {
    RnnCell *child = cell->children->pdata[i];
    gboolean last = i + 1 == cell->children->len;

    cell->n_state += child->n_state;
    cell->n_tape += child->n_tape + (last ? 0 : (guint64) child->n_out);
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
  cell->n_scratch = work + 2 * (guint64) chain->width;
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

/* ---- the cell ---- */

void
rnn_chain_forward (const RnnCell *cell, const RnnRun *run)
{
  const RnnChain *chain = (const RnnChain *) cell;
  const RnnLate late = { run, chain->count, chain->delay };
  RnnRun walk = *run;

  for (guint i = 0; i < cell->children->len; i++) {
    RnnRun c = child_run (chain, run, i, &walk);

    rnn_late_forward (&late, cell->children->pdata[i], &c);
  }
  rnn_late_count (&late);
}

void
rnn_chain_backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const RnnChain *chain = (const RnnChain *) cell;
  guint n = cell->children->len;
  gsize steps = (gsize) run->T * run->B;
  g_autofree RnnRun *runs = g_new (RnnRun, n);
  const RnnLate late = { run, chain->count, chain->delay };
  RnnRun walk = *run;
  gsize state = chain->count;
  const gfloat *dy = grad->dy;

  for (guint i = 0; i < n; i++)
    runs[i] = child_run (chain, run, i, &walk);
  for (guint i = n; i-- > 0;) {
    const RnnCell *child = cell->children->pdata[i];
    gfloat *dx = i ? run->scratch + (i & 1) * steps * chain->width : grad->dx;

    state -= child->n_state;
    rnn_late_backward (&late, child, &runs[i],
        (RnnGrad) { .dy = dy, .dx = dx, .dstate = grad->dstate + state, .dparam = grad->dparam });
    dy = dx;
  }
  rnn_late_forget (&late, grad);
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
