/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Channel mixing, the feed-forward half of every RWKV block: y = sigma (W_r x_r) (W_v relu (W_k x_k)^2), where x_k and
 * x_r mix this step's input with the last one (rwkv-shift.h).  Version 7 has no W_r.
 *
 * State: last input [E].  Tape, over the whole call, each [T][B]: W_k x_k [F], W_v (...) [E], sigma (...) [E]. */
#include "activation.h"
#include "rwkv-shift.h"
#include "../kernels/kernels.h"
#include <math.h>

static const struct {
  const gchar *mix_k, *mix_r;   /* names of the tensors; NULL: no W_r */
  gboolean complement;
  gfloat width;                 /* hidden units per input */
} table[] = {                   /* in the order of the names */
  { "time_mix_k", "time_mix_r", TRUE, 4 },
  { "time_mix_k", "time_mix_r", TRUE, 3.5f },
  { "time_mix_k", "time_mix_r", TRUE, 3.5f },
  { "time_maa_k", "time_maa_r", FALSE, 3.5f },
  { "x_k", NULL, FALSE, 4 },
};
static const gchar *const versions[] = { "4", "5.1", "5.2", "6", "7", NULL };

typedef struct {
  RnnCell cell;
  gint version, hidden;
  RnnParam *mix_k, *mix_r, *key, *value, *receptance;
} RwkvFfn;

static const RnnOption options[] = {
  RNN_OPT_ENUM (RwkvFfn, version, versions, 4, "of RWKV: tensor names; 7 has no receptance"),
  RNN_OPT_INT (RwkvFfn, hidden, 0, 1 << 18, 0, "inner width F; 0: 4 times the input, in 5 and 6 3.5 times"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  RwkvFfn *f = (RwkvFfn *) cell;
  gint E = cell->n_in, F = f->hidden = f->hidden ? f->hidden : (gint) (table[f->version].width * (gfloat) E);
  const gchar *mix_r = table[f->version].mix_r;

  f->mix_k = rnn_cell_add_channels (cell, table[f->version].mix_k, E, 0.5f);
  f->mix_r = mix_r ? rnn_cell_add_channels (cell, mix_r, E, 0.5f) : NULL;
  f->key = rnn_cell_add_matrix (cell, "key.weight", F, E, 1 / sqrtf (E));
  f->value = rnn_cell_add_matrix (cell, "value.weight", E, F, 1 / sqrtf (F));
  f->receptance = mix_r ? rnn_cell_add_matrix (cell, "receptance.weight", E, E, 1 / sqrtf (E)) : NULL;
  cell->n_out = E;
  rnn_cell_add_state (cell, "x", E);
  cell->n_tape = (guint64) F + (mix_r ? 2 * (guint64) E : 0);
  cell->n_scratch = cell->n_tape + 2 * (guint64) F + 6 * (guint64) E;
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  RwkvFfn *f = (RwkvFfn *) cell;

  rnn_shift_init (f->mix_k, table[f->version].complement, 0.5f, 0);
  if (f->mix_r)
    rnn_shift_init (f->mix_r, table[f->version].complement, 0.5f, 0);
}

/* Arrays of a call, each [T][B][...]. */
typedef struct {
  gint n;                       /* T B */
  gfloat *key, *value, *r;      /* on the tape: W_k x_k; W_v (...) and sigma (...), with a receptance */
  gfloat *squared;              /* relu (...)^2 */
  RnnShift shift;
  gfloat *dsquared, *dvalue, *dr;
} Areas;

static Areas
begin (const RnnCell *cell, const RnnRun *run)
{
  const RwkvFfn *f = (const RwkvFfn *) cell;
  gsize n = (gsize) run->T * run->B, E = n * cell->n_in, F = n * f->hidden;
  gfloat *tape = run->tape, *work = run->scratch, **keep = tape ? &tape : &work;
  Areas a = { .n = run->T * run->B,
    .shift = { .run = run, .n = cell->n_in, .ld = cell->n_in, .complement = table[f->version].complement } };

  a.key = rnn_take (keep, F);
  a.value = f->receptance ? rnn_take (keep, E) : run->y;
  a.r = f->receptance ? rnn_take (keep, E) : NULL;
  a.squared = rnn_take (&work, F);
  a.shift.delta = rnn_take (&work, E);
  a.shift.mixed = rnn_take (&work, E);
  a.shift.ddelta = rnn_take (&work, E);
  a.shift.dx = rnn_take (&work, E);
  a.dsquared = rnn_take (&work, F);
  a.dvalue = rnn_take (&work, E);
  a.dr = rnn_take (&work, E);
  rnn_shift_begin (&a.shift);
  return a;
}

static const RnnActivation square = { .type = RNN_ACT_SQUARED_RELU };

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const RwkvFfn *f = (const RwkvFfn *) cell;
  const RnnKernels *k = rnn_kernels ();
  gint E = cell->n_in, F = f->hidden;
  Areas a = begin (cell, run);

  rnn_shift_linear (&a.shift, f->mix_k, f->key, a.key, F);
  rnn_activate (&square, a.n * F, a.key, a.squared);
  rnn_linear (f->value, a.n, a.squared, F, a.value, E, FALSE);
  if (f->receptance) {
    rnn_shift_linear (&a.shift, f->mix_r, f->receptance, a.r, E);
    k->sigmoid (a.n * E, a.r, a.r);
    k->mul (a.n * E, a.r, a.value, run->y);
  }
  rnn_shift_advance (&a.shift);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const RwkvFfn *f = (const RwkvFfn *) cell;
  gint E = cell->n_in, F = f->hidden;
  Areas a = begin (cell, run);
  const gfloat *dvalue = f->receptance ? a.dvalue : grad->dy;

  if (grad->dx)
    a.shift.dx = grad->dx;
  for (gsize i = 0; f->receptance && i < (gsize) a.n * E; i++) {
    a.dvalue[i] = grad->dy[i] * a.r[i];
    a.dr[i] = grad->dy[i] * a.value[i] * a.r[i] * (1 - a.r[i]);
  }
  rnn_activate (&square, a.n * F, a.key, a.squared);
  rnn_linear_dw (f->value, a.n, a.squared, F, dvalue, E, grad->dparam);
  rnn_linear_dx (f->value, a.n, dvalue, E, a.dsquared, F, FALSE);
  rnn_activate_grad (&square, a.n * F, a.key, NULL, a.dsquared);
  rnn_shift_grad_begin (&a.shift);
  rnn_shift_linear_grad (&a.shift, f->mix_k, f->key, a.dsquared, F, grad->dparam);
  if (f->receptance)
    rnn_shift_linear_grad (&a.shift, f->mix_r, f->receptance, a.dr, E, grad->dparam);
  rnn_shift_grad_end (&a.shift, grad->dstate);
}

const RnnCellClass rnn_cell_rwkvffn = {
  .name = "rwkvffn",
  .summary = "channel mixing of RWKV",
  .instance_size = sizeof (RwkvFfn),
  .options = options,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
