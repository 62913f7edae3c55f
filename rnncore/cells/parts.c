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
static guint64
work_size (const RnnCell *cell)
{
  guint64 most = 0;

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
    RnnCell *part = cell->children->pdata[i];

    part->part_state = cell->n_state;
    part->part_tape = cell->n_tape;
    part->part_scratch = MAX (wires, gradients);
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

RnnRun
rnn_part_run (const RnnCell *part, const RnnRun *run)
{
  gsize steps = (gsize) run->T * run->B;
  RnnRun r = *run;

  r.state += part->part_state;
  r.tape = run->tape ? run->tape + steps * part->part_tape : NULL;
  r.scratch += steps * part->part_scratch;
  return r;
}

void
rnn_part_forward (const RnnCell *cell, const RnnCell *part, const RnnRun *run, const gfloat *x, gfloat *y)
{
  RnnRun r = rnn_part_run (part, run);

  r.x = x;
  r.y = y;
  part->klass->forward (part, &r);
}

void
rnn_part_backward (const RnnCell *cell, const RnnCell *part, const RnnRun *run, const RnnGrad *grad, const gfloat *x,
    gfloat *y, const gfloat *dy, gfloat *dx)
{
  RnnRun r = rnn_part_run (part, run);

  r.x = x;
  r.y = y;
  part->klass->backward (part, &r,
      &(RnnGrad) { .dy = dy, .dx = dx, .dstate = grad->dstate + part->part_state, .dparam = grad->dparam });
}
