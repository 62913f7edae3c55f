/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time mixing of RWKV-5 (Peng et al. 2024): each of r, k, v and g from its own mixture of this step's input with the
 * last one (rwkv-shift.h), then rwkv-heads.h with the fixed decay w = exp (-exp (time_decay)).  5.1, its first release,
 * has one decay and one u = exp (time_first) per head and no gate; 5.2 has them per value.
 *
 * State: last input [E], S [heads][size][size].  Tape: that of rwkv-heads.c. */
#include "rwkv-heads.h"
#include "rwkv-shift.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

enum { V5_1, V5_2 };
static const gchar *const versions[] = { "5.1", "5.2", NULL };

typedef struct {
  RnnCell cell;
  gint version, heads;
  gfloat norm_eps;
  RnnRwkvHeads h;
  RnnParam *mix_k, *mix_v, *mix_r, *mix_g, *key, *value, *receptance, *gate, *decay, *first;
} Rwkv5;

static const RnnOption options[] = {
  RNN_OPT_ENUM (Rwkv5, version, versions, V5_2, "5.1: decay and u per head, no gate"),
  RNN_OPT_INT (Rwkv5, heads, 0, 65536, 0, "heads; 0: one for every 64 values"),
  RNN_OPT_FLOAT (Rwkv5, norm_eps, 0, 1, 64e-5, "of ln_x"),
  {NULL}
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  Rwkv5 *r = (Rwkv5 *) cell;

  r->h.wkv = rnn_wkv_add (cell, cell->n_in, r->heads, r->norm_eps, where, error);
  return r->h.wkv.heads > 0;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Rwkv5 *r = (Rwkv5 *) cell;
  gint E = cell->n_in, dims[] = { r->h.wkv.heads, r->h.wkv.size };
  gint rank = r->version == V5_1 ? 1 : 2;
  gfloat bound = 1 / sqrtf (E);

  r->mix_k = rnn_cell_add_channels (cell, "time_mix_k", E, 0.5f);
  r->mix_v = rnn_cell_add_channels (cell, "time_mix_v", E, 0.5f);
  r->mix_r = rnn_cell_add_channels (cell, "time_mix_r", E, 0.5f);
  r->mix_g = r->version == V5_1 ? NULL : rnn_cell_add_channels (cell, "time_mix_g", E, 0.5f);
  r->decay = rnn_cell_add_tensor (cell, "time_decay", rank, dims, 0);
  r->first = rnn_cell_add_tensor (cell, r->version == V5_1 ? "time_first" : "time_faaaa", rank, dims, 0);
  r->key = rnn_cell_add_matrix (cell, "key.weight", E, E, bound);
  r->value = rnn_cell_add_matrix (cell, "value.weight", E, E, bound);
  r->receptance = rnn_cell_add_matrix (cell, "receptance.weight", E, E, bound);
  r->gate = r->mix_g ? rnn_cell_add_matrix (cell, "gate.weight", E, E, bound) : NULL;
  r->h.output = rnn_cell_add_matrix (cell, "output.weight", E, E, bound);
  r->h.norm = cell->children->pdata[0];
  r->h.gated = r->gate != NULL;
  cell->n_out = E;
  rnn_cell_add_state (cell, "x", E);
  rnn_cell_add_state (cell, "S", (guint64) E * r->h.wkv.size);
  cell->n_tape = rnn_rwkv_heads_tape (&r->h);
  cell->n_scratch = rnn_rwkv_heads_scratch (&r->h) + 4 * (guint64) E;
  cell->n_scratch_once = 4 * (guint64) E;
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  Rwkv5 *r = (Rwkv5 *) cell;

  rnn_shift_init (r->mix_k, TRUE, 0.5f, 0);
  rnn_shift_init (r->mix_v, TRUE, 0.5f, 0.15f);
  rnn_shift_init (r->mix_r, TRUE, 0.25f, 0);
  if (r->mix_g)
    rnn_shift_init (r->mix_g, TRUE, 0.25f, 0);
  rnn_rwkv_init_decay (r->decay, r->first);
  for (gsize i = 0; r->version == V5_1 && i < r->first->size; i++)
    r->first->data[i] = -3;     /* its u is exp of this */
}

/* What a call computes with. */
typedef struct {
  RnnShift shift;
  RnnRwkvArrays a;
  gfloat *w, *u, *dw, *du;      /* [E], of every step */
} Areas;

/* Values of a parameter per head or per value -> [E]. */
static void
spread (const Rwkv5 *r, const gfloat *from, gsize n, gfloat *to)
{
  gsize per = (gsize) r->cell.n_in / n;

  for (gint i = 0; i < r->cell.n_in; i++)
    to[i] = from[i / per];
}

static Areas
begin (const RnnCell *cell, const RnnRun *run)
{
  const Rwkv5 *r = (const Rwkv5 *) cell;
  const RnnKernels *k = rnn_kernels ();
  gint E = cell->n_in;
  gsize size = (gsize) run->T * run->B * E;
  gfloat *tape = run->tape, *work = run->scratch;
  Areas s = { .shift = { .run = run, .n = E, .ld = E, .complement = TRUE } };

  s.w = rnn_take (&work, E);
  s.u = rnn_take (&work, E);
  s.dw = rnn_take (&work, E);
  s.du = rnn_take (&work, E);
  s.shift.delta = rnn_take (&work, size);
  s.shift.mixed = rnn_take (&work, size);
  s.shift.ddelta = rnn_take (&work, size);
  s.shift.dx = rnn_take (&work, size);
  s.a = rnn_rwkv_heads_begin (&r->h, run, &tape, &work);
  rnn_shift_begin (&s.shift);
  spread (r, r->decay->data, r->decay->size, s.w);
  k->exp (E, s.w, s.w);
  k->scale (E, -1, s.w);
  k->exp (E, s.w, s.w);
  spread (r, r->first->data, r->first->size, s.u);
  if (r->version == V5_1)
    k->exp (E, s.u, s.u);
  return s;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Rwkv5 *r = (const Rwkv5 *) cell;
  gint E = cell->n_in;
  Areas s = begin (cell, run);

  rnn_shift_linear (&s.shift, r->mix_r, r->receptance, s.a.rows, 4 * E);
  rnn_shift_linear (&s.shift, r->mix_k, r->key, s.a.rows + E, 4 * E);
  rnn_shift_linear (&s.shift, r->mix_v, r->value, s.a.rows + 2 * E, 4 * E);
  if (r->gate)
    rnn_shift_linear (&s.shift, r->mix_g, r->gate, s.a.gate, E);
  rnn_copy_rows (run->T * run->B, E, s.w, 0, s.a.rows + 3 * E, 4 * E);
  rnn_rwkv_heads_forward (&r->h, run, &s.a, s.u);
  rnn_shift_advance (&s.shift);
}

/* From the gradients of w and u to those of the parameters. */
static void
decay_back (const Rwkv5 *r, gint rows, const Areas *s, gfloat *dparam)
{
  gint E = r->cell.n_in;
  gsize per_decay = (gsize) E / r->decay->size, per_first = (gsize) E / r->first->size;

  for (gint row = 0; row < rows; row++)
    rnn_kernels ()->add (E, s->a.drows + (gsize) row * 4 * E + 3 * E, s->dw);
  for (gint i = 0; i < E; i++) {
    gfloat rate = expf (r->decay->data[i / per_decay]);         /* w = exp (-rate) */

    dparam[r->decay->offset + i / per_decay] -= s->w[i] > 0 ? s->dw[i] * s->w[i] * rate : 0;
    dparam[r->first->offset + i / per_first] += s->du[i] * (r->version == V5_1 ? s->u[i] : 1);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Rwkv5 *r = (const Rwkv5 *) cell;
  gint E = cell->n_in;
  Areas s = begin (cell, run);

  if (grad->dx)
    s.shift.dx = grad->dx;
  memset (s.dw, 0, 2 * (gsize) E * sizeof (gfloat));
  rnn_rwkv_heads_backward (&r->h, run, grad, &s.a, s.u, s.du);
  decay_back (r, run->T * run->B, &s, grad->dparam);
  rnn_shift_grad_begin (&s.shift);
  rnn_shift_linear_grad (&s.shift, r->mix_r, r->receptance, s.a.drows, 4 * E, grad->dparam);
  rnn_shift_linear_grad (&s.shift, r->mix_k, r->key, s.a.drows + E, 4 * E, grad->dparam);
  rnn_shift_linear_grad (&s.shift, r->mix_v, r->value, s.a.drows + 2 * E, 4 * E, grad->dparam);
  if (r->gate)
    rnn_shift_linear_grad (&s.shift, r->mix_g, r->gate, s.a.dgate, E, grad->dparam);
  rnn_shift_grad_end (&s.shift, grad->dstate);
}

const RnnCellClass rnn_cell_rwkv5 = {
  .name = "rwkv5",
  .summary = "time mixing of RWKV-5: linear attention with fixed decays",
  .instance_size = sizeof (Rwkv5),
  .options = options,
  .build = build,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
