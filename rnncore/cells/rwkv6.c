/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time mixing of RWKV-6 (Peng et al. 2024): RWKV-5.2 whose mixtures and decay depend on the input.
 *
 *   x_j = x + (x' - x) (maa_j + m_j W2_j),  m = tanh ((x + (x' - x) maa_x) W1) in five parts, j = w, k, v, r, g
 *   w = exp (-exp (time_decay + tanh (x_w D1) D2))
 *
 * with x' the last step's input; the rest is rwkv-heads.h.
 *
 * State: last input [E], S [heads][size][size].  Tape, over the whole call, each [T][B]: m [5 rank], tanh (x_w D1),
 * -log w [E], then that of rwkv-heads.c. */
#include "rwkv-heads.h"
#include "rwkv-lora.h"
#include "rwkv-shift.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

enum { W, K, V, R, G, N_PARTS };        /* the five parts, in the order of the tensors */

typedef struct {
  RnnCell cell;
  gint heads, mix_rank, decay_rank;
  gfloat norm_eps;
  RnnRwkvHeads h;
  RnnLora decay;
  RnnParam *maa_x, *maa[N_PARTS], *w1, *w2, *linear[N_PARTS], *first;   /* linear[W]: none */
} Rwkv6;

static const RnnOption options[] = {
  RNN_OPT_INT (Rwkv6, heads, 0, 65536, 0, "heads; 0: one for every 64 values"),
  RNN_OPT_INT (Rwkv6, mix_rank, 1, 4096, 32, "of what the input adds to the mixtures"),
  RNN_OPT_INT (Rwkv6, decay_rank, 1, 4096, 64, "of what it adds to the decay"),
  RNN_OPT_FLOAT (Rwkv6, norm_eps, 1e-12, 1, 64e-5, "of ln_x"),
  {NULL}
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  Rwkv6 *r = (Rwkv6 *) cell;

  r->h.wkv = rnn_wkv_add (cell, cell->n_in, r->heads, r->norm_eps, where, error);
  return r->h.wkv.heads > 0;
}

static void
add_params (Rwkv6 *r)
{
  static const gchar *const mixes[] = { "time_maa_w", "time_maa_k", "time_maa_v", "time_maa_r", "time_maa_g" };
  static const gchar *const weights[] = { NULL, "key.weight", "value.weight", "receptance.weight", "gate.weight" };
  RnnCell *cell = &r->cell;
  gint E = cell->n_in, D = r->mix_rank;
  gfloat bound = 1 / sqrtf (E);

  r->maa_x = rnn_cell_add_channels (cell, "time_maa_x", E, 0.5f);
  for (gint j = 0; j < N_PARTS; j++)
    r->maa[j] = rnn_cell_add_channels (cell, mixes[j], E, 0.5f);
  r->w1 = rnn_cell_add_transposed (cell, "time_maa_w1", E, N_PARTS * D, 0.1f * bound);
  r->w2 = rnn_cell_add_tensor (cell, "time_maa_w2", 3, (const gint[]) { N_PARTS, D, E }, 0.1f / sqrtf (D));
  r->w2->is_matrix = r->w2->transposed = TRUE;
  r->w2->groups = N_PARTS;
  r->decay = rnn_lora (cell, E, r->decay_rank, RNN_ACT_TANH, "time_decay", "time_decay_w1", "time_decay_w2");
  r->first = rnn_cell_add_tensor (cell, "time_faaaa", 2, (const gint[]) { r->h.wkv.heads, r->h.wkv.size }, 0);
  for (gint j = K; j < N_PARTS; j++)
    r->linear[j] = rnn_cell_add_matrix (cell, weights[j], E, E, bound);
  r->h.output = rnn_cell_add_matrix (cell, "output.weight", E, E, bound);
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Rwkv6 *r = (Rwkv6 *) cell;
  guint64 E = (guint64) cell->n_in, low = (guint64) N_PARTS * r->mix_rank + r->decay_rank;

  add_params (r);
  r->h.norm = cell->children->pdata[0];
  r->h.gated = TRUE;
  cell->n_out = cell->n_in;
  rnn_cell_add_state (cell, "x", E);
  rnn_cell_add_state (cell, "S", E * r->h.wkv.size);
  cell->n_tape = low + E + rnn_rwkv_heads_tape (&r->h);
  cell->n_scratch = 2 * low + 6 * E + rnn_rwkv_heads_scratch (&r->h);
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  static const gfloat powers[] = { 0.5f, 0.5f, 0.5f, 0.25f, 0.25f };
  Rwkv6 *r = (Rwkv6 *) cell;

  rnn_shift_init (r->maa_x, FALSE, 0.5f, 0);
  for (gint j = 0; j < N_PARTS; j++)
    rnn_shift_init (r->maa[j], FALSE, powers[j], j == V ? 0.15f : 0);
  rnn_rwkv_init_decay (r->decay.bias, r->first);
}

/* Arrays of a call, each [T][B]. */
typedef struct {
  gint n;                       /* T B */
  RnnShift shift;
  RnnRwkvArrays a;
  gfloat *m, *low, *rate;       /* on the tape: m, tanh (x_w D1), -log w */
  gfloat *z, *dm, *dlow;        /* m_j W2_j; work */
} Areas;

static Areas
begin (const RnnCell *cell, const RnnRun *run)
{
  const Rwkv6 *r = (const Rwkv6 *) cell;
  gsize n = (gsize) run->T * run->B, size = n * cell->n_in;
  gfloat *tape = run->tape, *work = run->scratch, **keep = tape ? &tape : &work;
  Areas s = { .n = run->T * run->B, .shift = { .run = run, .n = cell->n_in, .ld = cell->n_in } };

  s.m = rnn_take (keep, n * N_PARTS * r->mix_rank);
  s.low = rnn_take (keep, n * r->decay_rank);
  s.rate = rnn_take (keep, size);
  s.shift.delta = rnn_take (&work, size);
  s.shift.mixed = rnn_take (&work, size);
  s.shift.ddelta = rnn_take (&work, size);
  s.shift.dx = rnn_take (&work, size);
  s.z = rnn_take (&work, size);
  s.dm = rnn_take (&work, n * N_PARTS * r->mix_rank);
  s.dlow = rnn_take (&work, n * r->decay_rank);
  s.a = rnn_rwkv_heads_begin (&r->h, run, &tape, &work);
  rnn_shift_begin (&s.shift);
  return s;
}

/* x_j -> shift.mixed, maa_j + m_j W2_j -> z */
static void
mix (const Rwkv6 *r, gint j, const Areas *s)
{
  gint E = r->cell.n_in, D = r->mix_rank;
  const gfloat *x = s->shift.run->x;

  rnn_bias (r->maa[j], s->n, E, s->z, E, FALSE);
  rnn_linear_group (r->w2, j, s->n, s->m + (gsize) j * D, N_PARTS * D, s->z, E, TRUE);
  for (gsize i = 0; i < (gsize) s->n * E; i++)
    s->shift.mixed[i] = x[i] + s->shift.delta[i] * s->z[i];
}

/* Where part j goes: its rows are ld floats apart. */
static gfloat *
target (const Rwkv6 *r, gint j, gfloat *rows, gfloat *gate, gint *ld)
{
  static const gint place[] = { [R] = 0, [K] = 1, [V] = 2, [W] = 3 };   /* in rows of rwkv-heads.h */
  gint E = r->cell.n_in;

  *ld = j == G ? E : 4 * E;
  return j == G ? gate : rows + place[j] * E;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Rwkv6 *r = (const Rwkv6 *) cell;
  const RnnKernels *k = rnn_kernels ();
  gint E = cell->n_in, ld;
  Areas s = begin (cell, run);

  rnn_shift_linear (&s.shift, r->maa_x, r->w1, s.m, N_PARTS * r->mix_rank);
  k->tanh (s.n * N_PARTS * r->mix_rank, s.m, s.m);
  for (gint j = K; j < N_PARTS; j++) {
    gfloat *to = target (r, j, s.a.rows, s.a.gate, &ld);

    mix (r, j, &s);
    rnn_linear (r->linear[j], s.n, s.shift.mixed, E, to, ld, FALSE);
  }
  mix (r, W, &s);
  rnn_lora_forward (&r->decay, s.n, s.shift.mixed, s.low, s.rate, E);
  k->exp (s.n * E, s.rate, s.rate);
  for (gint row = 0; row < s.n; row++) {
    gfloat *w = target (r, W, s.a.rows, NULL, &ld) + (gsize) row * ld;

    memcpy (w, s.rate + (gsize) row * E, (gsize) E * sizeof (gfloat));
    k->scale (E, -1, w);
    k->exp (E, w, w);
  }
  rnn_rwkv_heads_forward (&r->h, run, &s.a, r->first->data);
  rnn_shift_advance (&s.shift);
}

/* Part j, of which shift.mixed holds d loss/d x_j and z what mix left there. */
static void
mix_back (const Rwkv6 *r, gint j, const Areas *s, gfloat *dparam)
{
  const RnnKernels *k = rnn_kernels ();
  gint E = r->cell.n_in, D = r->mix_rank, size = s->n * E;
  gfloat *dx_j = s->shift.mixed;

  k->add (size, dx_j, s->shift.dx);
  k->fma (size, dx_j, s->z, s->shift.ddelta);
  k->mul (size, dx_j, s->shift.delta, s->z);    /* now d loss/d z */
  rnn_bias_dw (r->maa[j], s->n, s->z, E, dparam);
  rnn_linear_group_dw (r->w2, j, s->n, s->m + (gsize) j * D, N_PARTS * D, s->z, E, dparam);
  rnn_linear_group_dx (r->w2, j, s->n, s->z, E, s->dm + (gsize) j * D, N_PARTS * D, FALSE);
}

/* From w to what the low-rank product gave. */
static void
decay_back (const Rwkv6 *r, const Areas *s)
{
  gint E = r->cell.n_in, ld;
  const gfloat *w = target (r, W, s->a.rows, NULL, &ld), *rate = s->rate;
  gfloat *dw = target (r, W, s->a.drows, NULL, &ld);

  for (gint row = 0; row < s->n; row++, w += ld, dw += ld, rate += E)
    for (gint i = 0; i < E; i++)
      dw[i] = w[i] > 0 ? -dw[i] * w[i] * rate[i] : 0;
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Rwkv6 *r = (const Rwkv6 *) cell;
  gint E = cell->n_in, ld;
  Areas s = begin (cell, run);

  if (grad->dx)
    s.shift.dx = grad->dx;
  rnn_rwkv_heads_backward (&r->h, run, grad, &s.a, r->first->data, grad->dparam + r->first->offset);
  decay_back (r, &s);
  rnn_shift_grad_begin (&s.shift);
  for (gint j = W; j < N_PARTS; j++) {
    const gfloat *dy = target (r, j, s.a.drows, s.a.dgate, &ld);

    mix (r, j, &s);
    if (j == W) {
      rnn_lora_backward (&r->decay, s.n, s.shift.mixed, s.low, dy, ld, s.dlow, s.shift.mixed, grad->dparam);
    } else {
      rnn_linear_dw (r->linear[j], s.n, s.shift.mixed, E, dy, ld, grad->dparam);
      rnn_linear_dx (r->linear[j], s.n, dy, ld, s.shift.mixed, E, FALSE);
    }
    mix_back (r, j, &s, grad->dparam);
  }
  rnn_activate_grad (&(const RnnActivation) { .type = RNN_ACT_TANH }, s.n * N_PARTS * r->mix_rank, NULL, s.m, s.dm);
  rnn_shift_linear_grad (&s.shift, r->maa_x, r->w1, s.dm, N_PARTS * r->mix_rank, grad->dparam);
  rnn_shift_grad_end (&s.shift, grad->dstate);
}

const RnnCellClass rnn_cell_rwkv6 = {
  .name = "rwkv6",
  .summary = "time mixing of RWKV-6: decays and mixtures that depend on the input",
  .instance_size = sizeof (Rwkv6),
  .options = options,
  .build = build,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
