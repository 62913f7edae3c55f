/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time mixing of RWKV-7 (Peng et al. 2025).  From mixtures x_j of this step's input with the last one (rwkv-shift.h):
 *
 *   r, k, v = W_r x_r, W_k x_k, W_v x_v       s = sigma (w0 + tanh (x_w w1) w2)     w = exp (-e^{-1/2} s)
 *   a = sigma (a0 + x_a a1 a2)                g = sigma (x_g g1) g2
 *   kk = k k_k / |k k_k| per head             k' = k (1 + (a - 1) k_a)
 *   o = wkv7 (r, w, k', v, kk, kk a)          y = W_o ((ln_x (o) + (r . k' r_k) v) g)
 *
 * All layers but the first move v towards v_first, the v of the first: v + (v_first - v) sigma (v0 + x_v v1 v2).
 * Option v_first: `none`; `give`: the output is y, v side by side; `take`: the input is x, v_first side by side.
 *
 * State: last x [E], S [heads][size][size].  Tape, over the whole call, each [T][B]: see rwkv7.h. */
#include "rwkv-heads.h"
#include "rwkv7.h"
#include "../kernels/kernels.h"
#include <math.h>

static const gchar *const v_firsts[] = { "none", "give", "take", NULL };

static const RnnOption options[] = {
  RNN_OPT_INT (RnnRwkv7, heads, 0, 65536, 0, "heads; 0: one for every 64 values"),
  RNN_OPT_ENUM (RnnRwkv7, v_first, v_firsts, RNN_V_FIRST_NONE,
      "the first layer's v: give it besides y, take it besides x, or neither"),
  RNN_OPT_INT (RnnRwkv7, decay_rank, 1, 4096, 32, "of w1, w2"),
  RNN_OPT_INT (RnnRwkv7, rate_rank, 1, 4096, 32, "of a1, a2"),
  RNN_OPT_INT (RnnRwkv7, value_rank, 1, 4096, 32, "of v1, v2"),
  RNN_OPT_INT (RnnRwkv7, gate_rank, 1, 4096, 32, "of g1, g2"),
  RNN_OPT_FLOAT (RnnRwkv7, norm_eps, 1e-12, 1, 64e-5, "of ln_x"),
  {NULL}
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  RnnRwkv7 *r = (RnnRwkv7 *) cell;

  r->n = r->v_first == RNN_V_FIRST_TAKE ? cell->n_in / 2 : cell->n_in;
  if (r->v_first == RNN_V_FIRST_TAKE && cell->n_in % 2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: %d inputs are not as many of x as of v_first", where,
        cell->n_in);
    return FALSE;
  }
  r->wkv = rnn_wkv_add (cell, r->n, r->heads, r->norm_eps, where, error);
  return r->wkv.heads > 0;
}

static void
add_params (RnnRwkv7 *r)
{
  RnnCell *cell = &r->cell;
  gint E = r->n;
  gfloat bound = 1 / sqrtf (E);

  r->x_r = rnn_cell_add_channels (cell, "x_r", E, 0.5f);
  r->x_w = rnn_cell_add_channels (cell, "x_w", E, 0.5f);
  r->x_k = rnn_cell_add_channels (cell, "x_k", E, 0.5f);
  r->x_v = rnn_cell_add_channels (cell, "x_v", E, 0.5f);
  r->x_a = rnn_cell_add_channels (cell, "x_a", E, 0.5f);
  r->x_g = rnn_cell_add_channels (cell, "x_g", E, 0.5f);
  r->w = rnn_lora (cell, E, r->decay_rank, RNN_ACT_TANH, "w0", "w1", "w2");
  r->a = rnn_lora (cell, E, r->rate_rank, RNN_ACT_LINEAR, "a0", "a1", "a2");
  if (r->v_first == RNN_V_FIRST_TAKE)
    r->v = rnn_lora (cell, E, r->value_rank, RNN_ACT_LINEAR, "v0", "v1", "v2");
  r->g = rnn_lora (cell, E, r->gate_rank, RNN_ACT_SIGMOID, NULL, "g1", "g2");
  r->k_k = rnn_cell_add_channels (cell, "k_k", E, 0.85f);
  r->k_a = rnn_cell_add_channels (cell, "k_a", E, 1);
  r->r_k = rnn_cell_add_tensor (cell, "r_k", 2, (const gint[]) { r->wkv.heads, r->wkv.size }, 0.1f);
  r->receptance = rnn_cell_add_matrix (cell, "receptance.weight", E, E, bound);
  r->key = rnn_cell_add_matrix (cell, "key.weight", E, E, bound);
  r->value = rnn_cell_add_matrix (cell, "value.weight", E, E, bound);
  r->output = rnn_cell_add_matrix (cell, "output.weight", E, E, bound);
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  RnnRwkv7 *r = (RnnRwkv7 *) cell;
  guint64 E = (guint64) r->n, low;

  add_params (r);
  r->norm = cell->children->pdata[0];
  low = (gsize) r->w.rank + r->a.rank + r->v.rank + r->g.rank;
  cell->n_out = r->v_first == RNN_V_FIRST_GIVE ? 2 * r->n : r->n;
  rnn_cell_add_state (cell, "x", E);
  rnn_cell_add_state (cell, "S", E * r->wkv.size);
  cell->n_tape = 14 * E + low + r->wkv.heads + r->norm->n_tape;
  cell->n_scratch = cell->n_tape + low + 15 * E + MAX (r->norm->n_scratch, (guint64) r->wkv.size);
  return TRUE;
}

/* As RWKV-LM starts a layer in the middle, but with the low-rank products a little off 0. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  RnnRwkv7 *r = (RnnRwkv7 *) cell;
  gfloat *g2 = r->g.b->data;

  rnn_shift_init (r->x_r, FALSE, 0.1f, 0);
  rnn_shift_init (r->x_w, FALSE, 0.45f, 0);
  rnn_shift_init (r->x_k, FALSE, 0.35f, 0);
  rnn_shift_init (r->x_v, FALSE, 0.35f, 0);
  rnn_shift_init (r->x_a, FALSE, 0.45f, 0);
  rnn_shift_init (r->x_g, FALSE, 0.1f, 0);
  for (gint i = 0; i < r->n; i++)
    r->w.bias->data[i] = -6.5f + 5 * powf ((gfloat) i / MAX (r->n - 1, 1), 1.35f);
  for (gint i = 0; r->v.bias && i < r->n; i++)
    r->v.bias->data[i] = 1;
  for (gsize i = 0; i < r->g.b->size; i++)      /* the gate is nothing but this product */
    g2[i] *= 10;
}

static RnnRwkv7Areas
begin (const RnnCell *cell, const RnnRun *run)
{
  const RnnRwkv7 *r = (const RnnRwkv7 *) cell;
  gsize n = (gsize) run->T * run->B, size = n * r->n;
  gfloat *tape = run->tape, *work = run->scratch, **keep = tape ? &tape : &work;
  RnnRwkv7Areas s = { .n = run->T * run->B, .shift = { .run = run, .n = r->n, .ld = cell->n_in } };

  s.rows = rnn_take (keep, 6 * size);
  s.key = rnn_take (keep, size);
  s.a = rnn_take (keep, size);
  s.s = rnn_take (keep, size);
  s.g = rnn_take (keep, size);
  s.own = rnn_take (keep, size);
  s.move = rnn_take (keep, size);
  s.o = rnn_take (keep, size);
  s.normed = rnn_take (keep, size);
  s.len = rnn_take (keep, n * r->wkv.heads);
  s.low_w = rnn_take (keep, n * r->w.rank);
  s.low_a = rnn_take (keep, n * r->a.rank);
  s.low_v = rnn_take (keep, n * r->v.rank);
  s.low_g = rnn_take (keep, n * r->g.rank);
  s.norm_tape = tape ? tape : NULL;
  s.shift.delta = rnn_take (&work, size);
  s.shift.mixed = rnn_take (&work, size);
  s.shift.ddelta = rnn_take (&work, size);
  s.shift.dx = rnn_take (&work, n * cell->n_in);
  s.drows = rnn_take (&work, 6 * size);
  s.dg = rnn_take (&work, size);
  s.dmove = rnn_take (&work, size);
  s.dnormed = rnn_take (&work, size);
  s.product = rnn_take (&work, size);
  s.dlow = rnn_take (&work, n * (r->w.rank + r->a.rank + r->v.rank + r->g.rank));
  s.work = work;
  rnn_shift_begin (&s.shift);
  return s;
}

/* ---- forward ---- */

/* sigma of a low-rank product of the mixture by @mix; only the product without @squash */
static void
low_rank (const RnnRwkv7Areas *s, const RnnParam *mix, const RnnLora *lora, gfloat *mid, gfloat *y, gboolean squash)
{
  rnn_shift_mix (&s->shift, mix);
  rnn_lora_forward (lora, s->n, s->shift.mixed, mid, y, lora->n);
  if (squash)
    rnn_kernels ()->sigmoid (s->n * lora->n, y, y);
}

static RnnRun
norm_run (const RnnRun *run, const RnnRwkv7Areas *s)
{
  return (RnnRun) { .T = run->T, .B = run->B, .x = s->o, .y = s->normed, .tape = s->norm_tape, .scratch = s->work };
}

static void
make_rows (const RnnRwkv7 *r, const RnnRwkv7Areas *s)
{
  gint E = r->n;

  rnn_shift_linear (&s->shift, r->x_r, r->receptance, s->rows, 6 * E);
  rnn_shift_linear (&s->shift, r->x_k, r->key, s->key, E);
  rnn_shift_linear (&s->shift, r->x_v, r->value, s->rows + 3 * E, 6 * E);
  low_rank (s, r->x_w, &r->w, s->low_w, s->s, TRUE);
  low_rank (s, r->x_a, &r->a, s->low_a, s->a, TRUE);
  low_rank (s, r->x_g, &r->g, s->low_g, s->g, FALSE);
  if (r->v_first == RNN_V_FIRST_TAKE)
    low_rank (s, r->x_v, &r->v, s->low_v, s->move, TRUE);
  rnn_rwkv7_rows (r, s);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const RnnRwkv7 *r = (const RnnRwkv7 *) cell;
  gint E = r->n;
  RnnRwkv7Areas s = begin (cell, run);
  RnnRun norm = norm_run (run, &s);

  make_rows (r, &s);
  rnn_wkv7_forward (&r->wkv, run, s.rows, s.o);
  r->norm->klass->forward (r->norm, &norm);
  rnn_rwkv7_product (r, &s);
  rnn_linear (r->output, s.n, s.product, E, run->y, cell->n_out, FALSE);
  if (r->v_first == RNN_V_FIRST_GIVE)
    rnn_copy_rows (s.n, E, s.rows + 3 * E, 6 * E, run->y + E, 2 * E);
  rnn_shift_advance (&s.shift);
}

/* ---- backward ---- */

static void
low_rank_back (const RnnRwkv7Areas *s, const RnnParam *mix, const RnnLora *lora, const gfloat *mid, const gfloat *dy,
    gsize lddy, gfloat *dparam)
{
  rnn_shift_mix (&s->shift, mix);
  rnn_lora_backward (lora, s->n, s->shift.mixed, mid, dy, lddy, s->dlow, s->shift.mixed, dparam);
  rnn_shift_mix_grad (&s->shift, mix, s->shift.mixed, dparam);
}

static void
inputs_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, gfloat *dparam)
{
  gint E = r->n;

  rnn_shift_linear_grad (&s->shift, r->x_r, r->receptance, s->drows, 6 * E, dparam);
  rnn_shift_linear_grad (&s->shift, r->x_k, r->key, s->drows + 2 * E, 6 * E, dparam);
  rnn_shift_linear_grad (&s->shift, r->x_v, r->value, s->drows + 3 * E, 6 * E, dparam);
  low_rank_back (s, r->x_w, &r->w, s->low_w, s->drows + E, 6 * E, dparam);
  low_rank_back (s, r->x_a, &r->a, s->low_a, s->drows + 5 * E, 6 * E, dparam);
  low_rank_back (s, r->x_g, &r->g, s->low_g, s->dg, E, dparam);
  if (r->v_first == RNN_V_FIRST_TAKE)
    low_rank_back (s, r->x_v, &r->v, s->low_v, s->dmove, E, dparam);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const RnnRwkv7 *r = (const RnnRwkv7 *) cell;
  gint E = r->n;
  RnnRwkv7Areas s = begin (cell, run);
  RnnRun norm = norm_run (run, &s);

  if (grad->dx)
    s.shift.dx = grad->dx;
  rnn_shift_grad_begin (&s.shift);
  rnn_rwkv7_product (r, &s);
  rnn_linear_dw (r->output, s.n, s.product, E, grad->dy, cell->n_out, grad->dparam);
  rnn_linear_dx (r->output, s.n, grad->dy, cell->n_out, s.product, E, FALSE);
  rnn_rwkv7_product_back (r, &s, s.product);
  r->norm->klass->backward (r->norm, &norm,
      &(RnnGrad) { .dy = s.dnormed, .dx = s.product, .dparam = grad->dparam });
  rnn_wkv7_backward (&r->wkv, run, s.rows, s.product, s.drows, grad->dstate, s.work);
  rnn_rwkv7_rows_back (r, &s, grad);
  inputs_back (r, &s, grad->dparam);
  rnn_shift_grad_end (&s.shift, grad->dstate);
}

const RnnCellClass rnn_cell_rwkv7 = {
  .name = "rwkv7",
  .summary = "time mixing of RWKV-7: a matrix memory that is corrected, not only added to",
  .instance_size = sizeof (RnnRwkv7),
  .options = options,
  .build = build,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
