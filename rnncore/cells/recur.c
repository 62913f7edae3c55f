/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that are given what they answered last: [y_t; s_t] = f ([x_t; s_{t-1}]), with `states` values in s.  Any recurrence that
 * is a graph of other layers; models whose caches are inputs and outputs become streams by it.
 *
 * One step at a time.  State: s, then the layers' own.  Tape of a step: [x; s] [B][in], f's answer [B][out], the layers' states at
 * entry [B], the layers' tape.  Scratch, once: the same two, and their gradients, then what the layers need for a step. */
#include "chain.h"
#include "container.h"
#include <string.h>

typedef struct {
  RnnChain chain;
  gint states;
  gint in, out;                 /* of the layers: with the states */
  guint64 state, tape, work;    /* the layers' own; work: scratch of one step and stream */
} Recur;

static const RnnOption options[] = {
  RNN_OPT_INT (Recur, states, 1, 1 << 22, 1, "of the layers' answers, the last so many are given back"),
  { NULL }
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  gint n_in = cell->n_in;
  gboolean good;

  cell->n_in += ((Recur *) cell)->states;
  good = rnn_container_add_layers (cell, json_object_get (layer, "layers"), where, error);
  cell->n_in = n_in;
  return good;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Recur *r = (Recur *) cell;

  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->latency || cell->offline || cell->n_out <= r->states) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "recur: its layers may not look ahead, and must answer more than the %d states",
        r->states);
    return FALSE;
  }
  r->in = cell->n_in + r->states;
  r->out = cell->n_out;
  r->state = cell->n_state;
  r->tape = cell->n_tape;
  r->work = cell->n_scratch + cell->n_scratch_once;
  cell->n_out -= r->states;
  cell->n_state += (guint64) r->states;
  cell->n_tape += (guint64) r->in + r->out + r->state;
  cell->n_scratch = 0;
  cell->n_scratch_once = 2 * ((guint64) r->in + r->out) + r->state + r->work;
  return TRUE;
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  const Recur *r = (const Recur *) cell;

  memset (state, 0, (gsize) r->states * sizeof (gfloat));
  rnn_chain_reset (cell, state + r->states);
}

typedef struct {
  RnnRun run;                   /* of the layers */
  gfloat *entry;                /* their states at entry [B][state], if there is a tape */
  gfloat *dx, *dy;              /* [B][in], [B][out] */
} Step;

static Step
step_of (const Recur *r, const RnnRun *run, gint t)
{
  gsize B = (gsize) run->B;
  gfloat *tape = run->tape ? run->tape + t * B * r->chain.cell.n_tape : NULL, *scratch = run->scratch;
  gfloat **area = tape ? &tape : &scratch;
  Step s = { .run = *run };

  s.run.T = 1;
  s.run.shift -= t;
  s.run.lengths = NULL;
  s.run.state += r->states;
  s.run.x = rnn_take (area, B * r->in);
  s.run.y = rnn_take (area, B * r->out);
  if (tape)
    s.entry = rnn_take (area, B * r->state);
  s.run.tape = tape;
  s.dx = rnn_take (&scratch, B * r->in);
  s.dy = rnn_take (&scratch, B * r->out);
  s.run.scratch = scratch;
  return s;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Recur *r = (const Recur *) cell;
  gint B = run->B, n_in = cell->n_in, n_out = cell->n_out;

  for (gint t = 0; t < run->T; t++) {
    Step s = step_of (r, run, t);

    rnn_copy_rows (B, n_in, run->x + (gsize) t * B * n_in, n_in, (gfloat *) s.run.x, r->in);
    rnn_copy_rows (B, r->states, run->state, run->state_stride, (gfloat *) s.run.x + n_in, r->in);
    if (s.entry)
      rnn_copy_rows (B, (gint) r->state, s.run.state, run->state_stride, s.entry, r->state);
    rnn_chain_forward (cell, &s.run);
    rnn_copy_rows (B, n_out, s.run.y, r->out, run->y + (gsize) t * B * n_out, n_out);
    rnn_copy_rows (B, r->states, s.run.y + n_out, r->out, run->state, run->state_stride);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Recur *r = (const Recur *) cell;
  gint B = run->B, n_in = cell->n_in, n_out = cell->n_out;
  gfloat *dstate = run->scratch;        /* of the layers' own states [B][state] */
  RnnRun rest = *run;

  rest.scratch += (gsize) B * r->state;
  rnn_copy_rows (B, (gint) r->state, grad->dstate + r->states, run->state_stride, dstate, r->state);
  for (gint t = run->T - 1; t >= 0; t--) {
    Step s = step_of (r, &rest, t);

    s.run.state = s.entry;
    s.run.state_stride = r->state;
    rnn_copy_rows (B, n_out, grad->dy + (gsize) t * B * n_out, n_out, s.dy, r->out);
    rnn_copy_rows (B, r->states, grad->dstate, run->state_stride, s.dy + n_out, r->out);
    rnn_chain_backward (cell, &s.run, &(RnnGrad) { .dy = s.dy, .dx = s.dx, .dparam = grad->dparam,
          .dstate = dstate });
    if (grad->dx)
      rnn_copy_rows (B, n_in, s.dx, r->in, grad->dx + (gsize) t * B * n_in, n_in);
    rnn_copy_rows (B, r->states, s.dx + n_in, r->in, grad->dstate, run->state_stride);
  }
  rnn_copy_rows (B, (gint) r->state, dstate, r->state, grad->dstate + r->states, run->state_stride);
}

const RnnCellClass rnn_cell_recur = {
  .name = "recur",
  .summary = "layers that are given what they answered last",
  .instance_size = sizeof (Recur),
  .options = options,
  .n_copies = 1,
  .build = build,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
