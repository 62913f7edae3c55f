/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cells made of cells that C code wires. */
#include "parts.h"

RnnCell *
rnn_parts_add (RnnCell *cell, json_t *layer, gint n_in, GError **error)
{
  RnnCell *part = rnn_container_add (cell, layer, n_in, cell->klass->name, error);

  json_decref (layer);
  return part;
}

/* Floats per step that the busiest part needs of the scratch. */
static gsize
work_size (const RnnCell *cell)
{
  gsize most = 0;

  for (guint i = 0; i < cell->children->len; i++)
    most = MAX (most, RNN_CELL (cell->children->pdata[i])->n_scratch);
  return most;
}

void
rnn_parts_sizes (RnnCell *cell, gsize wires, gsize gradients)
{
  cell->n_tape = wires;
  cell->n_scratch = MAX (wires, gradients) + work_size (cell);
  for (guint i = 0; i < cell->children->len; i++) {
    const RnnCell *part = cell->children->pdata[i];

    cell->n_state += part->n_state;
    cell->n_tape += part->n_tape;
    cell->n_scratch_once = MAX (cell->n_scratch_once, part->n_scratch_once);
  }
}

gfloat *
rnn_parts_wires (const RnnRun *run)
{
  return run->tape ? run->tape : run->scratch;
}

/* @state out: where the part's begins in a stream's row. */
static RnnRun
part_run (const RnnCell *cell, const RnnCell *part, const RnnRun *run, gsize *state)
{
  gsize steps = (gsize) run->T * run->B, later = part->n_tape;
  RnnRun r = *run;
  guint i = 0;

  for (*state = 0; cell->children->pdata[i] != part; i++)
    *state += RNN_CELL (cell->children->pdata[i])->n_state;
  while (++i < cell->children->len)
    later += RNN_CELL (cell->children->pdata[i])->n_tape;
  r.state += *state;
  r.tape = run->tape ? run->tape + steps * (cell->n_tape - later) : NULL;
  r.scratch += steps * (cell->n_scratch - work_size (cell));
  return r;
}

void
rnn_part_forward (const RnnCell *cell, const RnnCell *part, const RnnRun *run, const gfloat *x, gfloat *y)
{
  gsize state;
  RnnRun r = part_run (cell, part, run, &state);

  r.x = x;
  r.y = y;
  part->klass->forward (part, &r);
}

void
rnn_part_backward (const RnnCell *cell, const RnnCell *part, const RnnRun *run, const RnnGrad *grad, const gfloat *x,
    gfloat *y, const gfloat *dy, gfloat *dx)
{
  gsize state;
  RnnRun r = part_run (cell, part, run, &state);

  r.x = x;
  r.y = y;
  part->klass->backward (part, &r,
      &(RnnGrad) { .dy = dy, .dx = dx, .dstate = grad->dstate + state, .dparam = grad->dparam });
}
