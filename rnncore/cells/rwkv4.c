/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time mixing of RWKV-4 (Peng et al. 2023): y = W_o (sigma (W_r x_r) wkv (W_k x_k, W_v x_v)), where x_r, x_k and x_v
 * mix this step's input with the last one (rwkv-shift.h) and wkv is the cell wkv4.  n_out = n_in = E.
 *
 * State: last input [E], wkv's [3E].  Tape, over the whole call, each [T][B]: k and v [2E], r [E], wkv [E], wkv's
 * own. */
#include "container.h"
#include "rwkv-shift.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  RnnParam *mix_k, *mix_v, *mix_r, *key, *value, *receptance, *output;
} Rwkv4;

static const RnnCell *
wkv_of (const RnnCell *cell)
{
  return cell->children->pdata[0];
}

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  json_t *wkv = json_pack ("{ss}", "cell", "wkv4");
  gboolean ok = rnn_container_add (cell, wkv, 2 * cell->n_in, where, error) != NULL;

  json_decref (wkv);
  return ok;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Rwkv4 *r = (Rwkv4 *) cell;
  gint E = cell->n_in;
  gfloat bound = 1 / sqrtf (E);

  r->mix_k = rnn_cell_add_channels (cell, "time_mix_k", E, 0.5f);
  r->mix_v = rnn_cell_add_channels (cell, "time_mix_v", E, 0.5f);
  r->mix_r = rnn_cell_add_channels (cell, "time_mix_r", E, 0.5f);
  r->key = rnn_cell_add_matrix (cell, "key.weight", E, E, bound);
  r->value = rnn_cell_add_matrix (cell, "value.weight", E, E, bound);
  r->receptance = rnn_cell_add_matrix (cell, "receptance.weight", E, E, bound);
  r->output = rnn_cell_add_matrix (cell, "output.weight", E, E, bound);
  cell->n_out = E;
  cell->n_state = (guint64) E + wkv_of (cell)->n_state;
  cell->n_tape = 4 * (guint64) E + wkv_of (cell)->n_tape;
  cell->n_scratch = 6 * (guint64) E + wkv_of (cell)->n_scratch;
  cell->n_scratch_once = wkv_of (cell)->n_scratch_once;
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  Rwkv4 *r = (Rwkv4 *) cell;

  rnn_shift_init (r->mix_k, TRUE, 0.5f, 0);
  rnn_shift_init (r->mix_v, TRUE, 0.5f, 0.15f);
  rnn_shift_init (r->mix_r, TRUE, 0.25f, 0);
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  rnn_cell_reset_state (wkv_of (cell), state + cell->n_in);
}

/* Arrays of a call, [T][B][...], on the tape or (without one) in the scratch. */
typedef struct {
  gint n;                       /* T B */
  gfloat *kv, *r, *wkv;
  RnnShift shift;
  RnnRun wkv_run;
} Areas;

static Areas
areas (const RnnCell *cell, const RnnRun *run)
{
  gint E = cell->n_in;
  gsize size = (gsize) run->T * run->B * E;
  gfloat *tape = run->tape, *work = run->scratch, **keep = tape ? &tape : &work;
  Areas a = { .n = run->T * run->B, .shift = { .run = run, .n = E, .ld = E, .complement = TRUE } };

  a.kv = rnn_take (keep, 2 * size);
  a.r = rnn_take (keep, size);
  a.wkv = rnn_take (keep, size);
  a.shift.mixed = rnn_take (&work, size);
  a.shift.delta = rnn_take (&work, size);
  a.wkv_run = *run;
  a.wkv_run.x = a.kv;
  a.wkv_run.y = a.wkv;
  a.wkv_run.state += E;
  a.wkv_run.tape = tape;
  a.wkv_run.scratch = work;
  rnn_shift_begin (&a.shift);
  return a;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Rwkv4 *r = (const Rwkv4 *) cell;
  gint E = cell->n_in;
  Areas a = areas (cell, run);

  rnn_shift_linear (&a.shift, r->mix_k, r->key, a.kv, 2 * E);
  rnn_shift_linear (&a.shift, r->mix_v, r->value, a.kv + E, 2 * E);
  rnn_shift_linear (&a.shift, r->mix_r, r->receptance, a.r, E);
  rnn_kernels ()->sigmoid (a.n * E, a.r, a.r);
  wkv_of (cell)->klass->forward (wkv_of (cell), &a.wkv_run);
  rnn_kernels ()->mul (a.n * E, a.r, a.wkv, a.shift.mixed);
  rnn_linear (r->output, a.n, a.shift.mixed, E, run->y, E, FALSE);
  rnn_shift_advance (&a.shift);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Rwkv4 *r = (const Rwkv4 *) cell;
  gint E = cell->n_in;
  gsize size = (gsize) run->T * run->B * E;
  Areas a = areas (cell, run);
  gfloat **work = &a.wkv_run.scratch, *dr = rnn_take (work, size), *dkv = rnn_take (work, 2 * size);
  gfloat *spare = rnn_take (work, size);

  /* mixed: r wkv, then d wkv; dr: d (r wkv), then d loss/d r's pre-activation */
  rnn_kernels ()->mul (a.n * E, a.r, a.wkv, a.shift.mixed);
  rnn_linear_dw (r->output, a.n, a.shift.mixed, E, grad->dy, E, grad->dparam);
  rnn_linear_dx (r->output, a.n, grad->dy, E, dr, E, FALSE);
  rnn_kernels ()->mul (a.n * E, dr, a.r, a.shift.mixed);
  wkv_of (cell)->klass->backward (wkv_of (cell), &a.wkv_run,
      &(RnnGrad) { .dy = a.shift.mixed, .dx = dkv, .dstate = grad->dstate + E, .dparam = grad->dparam });
  for (gsize i = 0; i < size; i++)
    dr[i] *= a.wkv[i] * a.r[i] * (1 - a.r[i]);
  a.shift.ddelta = spare;
  a.shift.dx = grad->dx ? grad->dx : a.wkv;
  rnn_shift_grad_begin (&a.shift);
  rnn_shift_linear_grad (&a.shift, r->mix_k, r->key, dkv, 2 * E, grad->dparam);
  rnn_shift_linear_grad (&a.shift, r->mix_v, r->value, dkv + E, 2 * E, grad->dparam);
  rnn_shift_linear_grad (&a.shift, r->mix_r, r->receptance, dr, E, grad->dparam);
  rnn_shift_grad_end (&a.shift, grad->dstate);
}

const RnnCellClass rnn_cell_rwkv4 = {
  .name = "rwkv4",
  .summary = "time mixing of RWKV-4",
  .instance_size = sizeof (Rwkv4),
  .build = build,
  .setup = setup,
  .init = init,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
