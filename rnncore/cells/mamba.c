/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mamba (Gu & Dao 2023), the mixer of state-spaces/mamba, with the names of its tensors:
 *
 *   u, z    = in_proj x                          Di = expand n_in values each
 *   u       = silu (conv1d u)                    causal, each value for itself
 *   d, B, C = x_proj u                           dt_rank, d_state and d_state values
 *   y       = out_proj (scan (u, dt_proj d, B, C) silu (z))
 *
 * State: conv1d's [(d_conv - 1) Di], scan's [d_state][Di].  Wires: see there. */
#include "activation.h"
#include "chain.h"
#include "parts.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gint d_state, d_conv, expand, dt_rank;
  gint inner;                   /* Di */
  RnnCell *conv, *scan;
  RnnParam *in_proj, *x_proj, *dt_proj, *dt_bias, *out_proj;
} Mamba;

static const RnnOption options[] = {
  RNN_OPT_INT (Mamba, d_state, 1, 4096, 16, "states per channel"),
  RNN_OPT_INT (Mamba, d_conv, 1, 64, 4, "steps that the convolution sees"),
  RNN_OPT_INT (Mamba, expand, 1, 16, 2, "channels per input value"),
  RNN_OPT_INT (Mamba, dt_rank, 0, 65536, 0, "rank of delta's projection; 0: a 16th of the input, rounded up"),
  {NULL}
};

static const RnnActivation silu = { RNN_ACT_SILU };

static gboolean
add_parts (Mamba *m, GError **error)
{
  m->conv = rnn_parts_add (&m->cell, json_pack ("{ss ss ss sb si}", "cell", "conv1d", "name", "conv1d", "activation",
          "silu", "depthwise", 1, "kernel", m->d_conv), m->inner, error);
  m->scan = m->conv ? rnn_parts_add (&m->cell, json_pack ("{ss ss si}", "cell", "scan", "name", "", "d_state",
          m->d_state), 2 * m->inner + 2 * m->d_state, error) : NULL;
  return m->scan != NULL;
}

/* Of x_proj's rows. */
static gint
mix_width (const Mamba *m)
{
  return m->dt_rank + 2 * m->d_state;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Mamba *m = (Mamba *) cell;
  gint E = cell->n_in, Di = m->inner = m->expand * E, R;
  gsize wires;

  R = m->dt_rank = m->dt_rank ? m->dt_rank : (E + 15) / 16;
  m->in_proj = rnn_cell_add_matrix (cell, "in_proj.weight", 2 * Di, E, 1 / sqrtf (E));
  m->in_proj->groups = 2;
  m->x_proj = rnn_cell_add_matrix (cell, "x_proj.weight", mix_width (m), Di, 1 / sqrtf (Di));
  m->dt_proj = rnn_cell_add_matrix (cell, "dt_proj.weight", Di, R, 1 / sqrtf (R));
  m->dt_bias = rnn_cell_add_vector (cell, "dt_proj.bias", Di, 0);
  m->out_proj = rnn_cell_add_matrix (cell, "out_proj.weight", E, Di, 1 / sqrtf (Di));
  if (!add_parts (m, error))
    return FALSE;
  cell->n_out = E;
  wires = 5 * (gsize) Di + mix_width (m) + m->scan->n_in;
  rnn_parts_sizes (cell, wires, wires);
  return TRUE;
}

/* Softplus of the bias between 0.001 and 0.1, uniform in its logarithm. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  Mamba *m = (Mamba *) cell;

  for (gint j = 0; j < m->inner; j++)
    m->dt_bias->data[j] = logf (expm1f (expf (logf (0.001f) + rnn_rng_uniform (rng) * logf (100))));
}

/* The wires, or their gradients; each [T][B][...]. */
typedef struct {
  gfloat *in, *z, *u;           /* [Di]: of in_proj, of in_proj, of conv1d */
  gfloat *mix;                  /* [dt_rank + 2 d_state] of x_proj: d, B, C */
  gfloat *scan;                 /* [2 Di + 2 d_state]: what goes into it */
  gfloat *y, *gated;            /* [Di]: of scan, y silu (z) */
} Wires;

static Wires
wires_at (const Mamba *m, const RnnRun *run, gfloat *at)
{
  gsize n = (gsize) run->T * run->B, size = n * m->inner;
  gfloat *in = rnn_take (&at, size), *z = rnn_take (&at, size), *u = rnn_take (&at, size);
  gfloat *y = rnn_take (&at, size), *gated = rnn_take (&at, size), *mix = rnn_take (&at, n * mix_width (m));

  return (Wires) { in, z, u, mix, at, y, gated };
}

/* u, delta, B, C side by side, for scan */
static void
join (const Mamba *m, gint n, const Wires *w)
{
  gint Di = m->inner, R = m->dt_rank, W = mix_width (m), ld = m->scan->n_in;

  rnn_copy_rows (n, Di, w->u, Di, w->scan, ld);
  rnn_bias (m->dt_bias, n, Di, w->scan + Di, ld, FALSE);
  rnn_linear (m->dt_proj, n, w->mix, W, w->scan + Di, ld, TRUE);
  rnn_copy_rows (n, 2 * m->d_state, w->mix + R, W, w->scan + 2 * Di, ld);
}

static void
join_back (const Mamba *m, gint n, const Wires *w, const Wires *d, gfloat *dparam)
{
  gint Di = m->inner, R = m->dt_rank, W = mix_width (m), ld = m->scan->n_in;

  rnn_copy_rows (n, Di, d->scan, ld, d->u, Di);
  rnn_bias_dw (m->dt_bias, n, d->scan + Di, ld, dparam);
  rnn_linear_dw (m->dt_proj, n, w->mix, W, d->scan + Di, ld, dparam);
  rnn_linear_dx (m->dt_proj, n, d->scan + Di, ld, d->mix, W, FALSE);
  rnn_copy_rows (n, 2 * m->d_state, d->scan + 2 * Di, ld, d->mix + R, W);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Mamba *m = (const Mamba *) cell;
  gint E = cell->n_in, Di = m->inner, n = run->T * run->B;
  Wires w = wires_at (m, run, rnn_parts_wires (run));

  rnn_linear_group (m->in_proj, 0, n, run->x, E, w.in, Di, FALSE);
  rnn_linear_group (m->in_proj, 1, n, run->x, E, w.z, Di, FALSE);
  rnn_part_forward (cell, m->conv, run, w.in, w.u);
  rnn_linear (m->x_proj, n, w.u, Di, w.mix, mix_width (m), FALSE);
  join (m, n, &w);
  rnn_part_forward (cell, m->scan, run, w.scan, w.y);
  rnn_gate (&silu, n * Di, w.y, w.z, w.gated);
  rnn_linear (m->out_proj, n, w.gated, Di, run->y, E, FALSE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Mamba *m = (const Mamba *) cell;
  gint E = cell->n_in, Di = m->inner, W = mix_width (m), n = run->T * run->B;
  Wires w = wires_at (m, run, run->tape), d = wires_at (m, run, run->scratch);
  gfloat *halves[] = { d.in, d.z };

  rnn_linear_dw (m->out_proj, n, w.gated, Di, grad->dy, E, grad->dparam);
  rnn_linear_dx (m->out_proj, n, grad->dy, E, d.gated, Di, FALSE);
  rnn_gate_grad (&silu, n * Di, w.y, w.z, d.gated, d.y, d.z);
  rnn_part_backward (cell, m->scan, run, grad, w.scan, w.y, d.y, d.scan);
  join_back (m, n, &w, &d, grad->dparam);
  rnn_linear_dw (m->x_proj, n, w.u, Di, d.mix, W, grad->dparam);
  rnn_linear_dx (m->x_proj, n, d.mix, W, d.u, Di, TRUE);
  rnn_part_backward (cell, m->conv, run, grad, w.in, w.u, d.u, d.in);
  for (gint g = 0; g < 2; g++) {
    rnn_linear_group_dw (m->in_proj, g, n, run->x, E, halves[g], Di, grad->dparam);
    if (grad->dx)
      rnn_linear_group_dx (m->in_proj, g, n, halves[g], Di, grad->dx, E, g > 0);
  }
}

const RnnCellClass rnn_cell_mamba = {
  .name = "mamba",
  .summary = "selective state space mixer (Gu & Dao 2023)",
  .instance_size = sizeof (Mamba),
  .options = options,
  .setup = setup,
  .init = init,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
