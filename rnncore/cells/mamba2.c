/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mamba-2 (Dao & Gu 2024), the mixer of state-spaces/mamba, with the names of its tensors:
 *
 *   z, u, d = in_proj x                          Di = expand n_in, Di + 2 groups d_state, heads values
 *   x, B, C = silu (conv1d u)                    causal, each value for itself
 *   y       = out_proj (norm (ssd (x, B, C, d) silu (z)))        RMS norm, each group for itself
 *
 * State: conv1d's [d_conv - 1][Di + 2 groups d_state], ssd's [heads][d_state][headdim].  Wires: see there. */
#include "activation.h"
#include "chain.h"
#include "parts.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gint d_state, d_conv, expand, headdim, ngroups;
  gfloat delta_min, delta_max, eps;
  gint inner, heads, mixed, wide;       /* Di, heads, Di + 2 groups d_state, rows of in_proj */
  RnnCell *conv, *ssd, *norm;
  RnnParam *in_proj, *out_proj;
} Mamba2;

static const RnnOption options[] = {
  RNN_OPT_INT (Mamba2, d_state, 1, 4096, 128, "states per value"),
  RNN_OPT_INT (Mamba2, d_conv, 1, 64, 4, "steps that the convolution sees"),
  RNN_OPT_INT (Mamba2, expand, 1, 16, 2, "inner values per input value"),
  RNN_OPT_INT (Mamba2, headdim, 0, 65536, 0, "values per head; 0: 64, or the largest power of two that divides"),
  RNN_OPT_INT (Mamba2, ngroups, 1, 65536, 1, "groups of heads that share B and C"),
  RNN_OPT_FLOAT (Mamba2, delta_min, 0, 1e9, 0, "delta is at least this"),
  RNN_OPT_FLOAT (Mamba2, delta_max, 0, 1e9, 1e9, "delta is at most this"),
  RNN_OPT_FLOAT (Mamba2, eps, 0, 1, 1e-5, "added to the mean square of a group's values"),
  {NULL}
};

static const RnnActivation silu = { RNN_ACT_SILU };

static gboolean
add_parts (Mamba2 *m, GError **error)
{
  RnnCell *cell = &m->cell;

  m->conv = rnn_parts_add (cell, json_pack ("{ss ss ss sb si}", "cell", "conv1d", "name", "conv1d", "activation",
          "silu", "depthwise", 1, "kernel", m->d_conv), m->mixed, error);
  m->ssd = m->conv ? rnn_parts_add (cell, json_pack ("{ss ss si si si sf sf}", "cell", "ssd", "name", "", "heads",
          m->heads, "groups", m->ngroups, "d_state", m->d_state, "delta_min", (gdouble) m->delta_min, "delta_max",
          (gdouble) m->delta_max), m->mixed + m->heads, error) : NULL;
  m->norm = m->ssd ? rnn_parts_add (cell, json_pack ("{ss ss ss si sf sb}", "cell", "norm", "name", "norm", "kind",
          "rms", "groups", m->ngroups, "eps", (gdouble) m->eps, "bias", 0), m->inner, error) : NULL;
  return m->norm != NULL;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Mamba2 *m = (Mamba2 *) cell;
  gint E = cell->n_in, Di = m->inner = m->expand * E;
  gsize wires;

  m->headdim = m->headdim ? m->headdim : MIN (64, Di & -Di);
  m->heads = Di / m->headdim;
  m->mixed = Di + 2 * m->ngroups * m->d_state;
  m->wide = Di + m->mixed + m->heads;
  if (Di % m->headdim || Di % m->ngroups) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "mamba2: %d values do not divide into heads of %d or %d groups", Di,
        m->headdim, m->ngroups);
    return FALSE;
  }
  m->in_proj = rnn_cell_add_matrix (cell, "in_proj.weight", m->wide, E, 1 / sqrtf (E));
  m->out_proj = rnn_cell_add_matrix (cell, "out_proj.weight", E, Di, 1 / sqrtf (Di));
  if (!add_parts (m, error))
    return FALSE;
  cell->n_out = E;
  wires = (gsize) m->wide + 2 * (gsize) m->mixed + m->ssd->n_in + 3 * (gsize) Di;
  rnn_parts_sizes (cell, wires, wires);
  return TRUE;
}

/* The wires, or their gradients; each [T][B][...]. */
typedef struct {
  gfloat *zud;                  /* [wide] of in_proj */
  gfloat *u, *mixed;            /* [Di + 2 groups d_state]: into and out of conv1d */
  gfloat *ssd;                  /* the latter and d: what goes into it */
  gfloat *y, *gated, *normed;   /* [Di]: of ssd, y silu (z), of norm */
} Wires;

static Wires
wires_at (const Mamba2 *m, const RnnRun *run, gfloat *at)
{
  gsize n = (gsize) run->T * run->B, size = n * m->inner;
  gfloat *zud = rnn_take (&at, n * m->wide), *u = rnn_take (&at, n * m->mixed), *mixed = rnn_take (&at, n * m->mixed);
  gfloat *ssd = rnn_take (&at, n * m->ssd->n_in), *y = rnn_take (&at, size), *gated = rnn_take (&at, size);

  return (Wires) { zud, u, mixed, ssd, y, gated, at };
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Mamba2 *m = (const Mamba2 *) cell;
  gint E = cell->n_in, Di = m->inner, M = m->mixed, n = run->T * run->B, ld = m->ssd->n_in;
  Wires w = wires_at (m, run, rnn_parts_wires (run));

  rnn_linear (m->in_proj, n, run->x, E, w.zud, m->wide, FALSE);
  rnn_copy_rows (n, M, w.zud + Di, m->wide, w.u, M);
  rnn_part_forward (cell, m->conv, run, w.u, w.mixed);
  rnn_copy_rows (n, M, w.mixed, M, w.ssd, ld);
  rnn_copy_rows (n, m->heads, w.zud + Di + M, m->wide, w.ssd + M, ld);
  rnn_part_forward (cell, m->ssd, run, w.ssd, w.y);
  for (gsize row = 0; row < (gsize) n; row++)
    rnn_gate (&silu, Di, w.y + row * Di, w.zud + row * m->wide, w.gated + row * Di);
  rnn_part_forward (cell, m->norm, run, w.gated, w.normed);
  rnn_linear (m->out_proj, n, w.normed, Di, run->y, E, FALSE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Mamba2 *m = (const Mamba2 *) cell;
  gint E = cell->n_in, Di = m->inner, M = m->mixed, n = run->T * run->B, ld = m->ssd->n_in;
  Wires w = wires_at (m, run, run->tape), d = wires_at (m, run, run->scratch);

  rnn_linear_dw (m->out_proj, n, w.normed, Di, grad->dy, E, grad->dparam);
  rnn_linear_dx (m->out_proj, n, grad->dy, E, d.normed, Di, FALSE);
  rnn_part_backward (cell, m->norm, run, grad, w.gated, w.normed, d.normed, d.gated);
  for (gsize row = 0; row < (gsize) n; row++)
    rnn_gate_grad (&silu, Di, w.y + row * Di, w.zud + row * m->wide, d.gated + row * Di, d.y + row * Di,
        d.zud + row * m->wide);
  rnn_part_backward (cell, m->ssd, run, grad, w.ssd, w.y, d.y, d.ssd);
  rnn_copy_rows (n, m->heads, d.ssd + M, ld, d.zud + Di + M, m->wide);
  rnn_copy_rows (n, M, d.ssd, ld, d.mixed, M);
  rnn_part_backward (cell, m->conv, run, grad, w.u, w.mixed, d.mixed, d.u);
  rnn_copy_rows (n, M, d.u, M, d.zud + Di, m->wide);
  rnn_linear_dw (m->in_proj, n, run->x, E, d.zud, m->wide, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (m->in_proj, n, d.zud, m->wide, grad->dx, E, FALSE);
}

const RnnCellClass rnn_cell_mamba2 = {
  .name = "mamba2",
  .summary = "state space duality mixer (Dao & Gu 2024)",
  .instance_size = sizeof (Mamba2),
  .options = options,
  .setup = setup,
  .reset = rnn_chain_reset,
  .forward = forward,
  .backward = backward,
};
