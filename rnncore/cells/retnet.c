/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Multi-scale retention (Sun et al. 2023), torchscale's MultiScaleRetention with the names of its tensors:
 *
 *   q, k = rotated by the position: pairs of values by pos theta_j, theta_j = 10000^-(j / (n - 1)) for n pairs per head
 *   o    = retention (q, k / sqrt (K), v) / sqrt (1 + gamma + ... + gamma^pos)
 *   y    = out_proj (norm (o) silu (g))                          RMS norm, each head for itself
 *
 * torchscale keeps S divided by that root; we divide o.
 *
 * State: retention's [heads][K][V], then the position: its low 20 bits and the rest, each exact in a float.  Wires: see
 * there. */
#include "activation.h"
#include "parts.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define LOW 1048576

typedef struct {
  RnnCell cell;
  gint heads, value_size;
  gfloat eps;
  gint K;
  RnnCell *retention, *norm;
  gdouble *theta;               /* [K / 2] */
  RnnParam *q, *k, *v, *g, *out;
} RetNet;

static const RnnOption options[] = {
  RNN_OPT_INT (RetNet, heads, 1, 1024, 1, "heads, each with a decay of its own"),
  RNN_OPT_INT (RetNet, value_size, 0, 1 << 18, 0, "values of v and g, of all heads; 0: as many as inputs"),
  RNN_OPT_FLOAT (RetNet, eps, 0, 1, 1e-6, "added to the mean square of a head's values"),
  {NULL}
};

static const RnnActivation silu = { RNN_ACT_SILU };

static gboolean
add_parts (RetNet *r, GError **error)
{
  gint E = r->cell.n_in, V = r->value_size;

  r->retention = rnn_parts_add (&r->cell, json_pack ("{ss ss si si}", "cell", "retention", "name", "", "heads",
          r->heads, "key_size", r->K), 2 * E + V, error);
  r->norm = r->retention ? rnn_parts_add (&r->cell, json_pack ("{ss ss ss si sf sb}", "cell", "norm", "name", "",
          "kind", "rms", "groups", r->heads, "eps", (gdouble) r->eps, "affine", 0), V, error) : NULL;
  return r->norm != NULL;
}

/* Floats per step of the wires. */
static gsize
wires_size (const RetNet *r)
{
  return 2 * (gsize) r->cell.n_in + 5 * (gsize) r->value_size + r->K + r->heads;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  RetNet *r = (RetNet *) cell;
  gint E = cell->n_in, V = r->value_size = r->value_size ? r->value_size : E, n;
  gfloat bound = 1 / sqrtf (E);

  r->K = E / r->heads;
  n = r->K / 2;
  if (E % r->heads || r->K % 2 || V % r->heads) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "retnet: %d keys and %d values do not divide into %d heads of "
        "pairs", E, V, r->heads);
    return FALSE;
  }
  r->theta = g_new (gdouble, n);
  for (gint j = 0; j < n; j++)
    r->theta[j] = pow (10000, -j / (gdouble) MAX (n - 1, 1));
  r->q = rnn_cell_add_matrix (cell, "q_proj.weight", E, E, bound);
  r->k = rnn_cell_add_matrix (cell, "k_proj.weight", E, E, bound);
  r->v = rnn_cell_add_matrix (cell, "v_proj.weight", V, E, bound);
  r->g = rnn_cell_add_matrix (cell, "g_proj.weight", V, E, bound);
  r->out = rnn_cell_add_matrix (cell, "out_proj.weight", E, V, 1 / sqrtf (V));
  if (!add_parts (r, error))
    return FALSE;
  cell->n_out = E;
  rnn_parts_sizes (cell, wires_size (r), wires_size (r));
  cell->n_state += 2;
  return TRUE;
}

static void
finalize (RnnCell *cell)
{
  g_free (((RetNet *) cell)->theta);
}

/* The wires, or their gradients; each [T][B][...]. */
typedef struct {
  gfloat *qkv;                  /* [2 E + V]: what goes into retention */
  gfloat *g, *o, *hat, *gated;  /* [V]: of g_proj, of retention, of norm, hat silu (g) */
  gfloat *turn;                 /* [K / 2][cos, sin]: of the position; not in the gradients */
  gfloat *scale;                /* [heads]: what o is multiplied by; not in the gradients */
} Wires;

static Wires
wires_at (const RetNet *r, const RnnRun *run, gfloat *at)
{
  gsize n = (gsize) run->T * run->B, size = n * r->value_size;
  gfloat *qkv = rnn_take (&at, n * r->retention->n_in), *g = rnn_take (&at, size), *o = rnn_take (&at, size);
  gfloat *hat = rnn_take (&at, size), *gated = rnn_take (&at, size), *turn = rnn_take (&at, n * r->K);

  return (Wires) { qkv, g, o, hat, gated, turn, at };
}

/* ---- position ---- */

static gfloat *
position_of (const RnnCell *cell, const RnnRun *run, gint b)
{
  return RNN_STATE_ROW (run->state, run, b) + cell->n_state - 2;
}

/* turn and scale of all steps; the positions move on. */
static void
follow_position (const RetNet *r, const RnnRun *run, const Wires *w)
{
  for (gint b = 0; b < run->B; b++) {
    gfloat *stored = position_of (&r->cell, run, b);
    gint64 position = lrintf (stored[0]) + (gint64) lrintf (stored[1]) * LOW;

    for (gint t = 0; t < run->T; t++, position++) {
      gsize row = (gsize) t * run->B + b;

      for (gint j = 0; j < r->K / 2; j++) {
        w->turn[row * r->K + 2 * j] = (gfloat) cos (position * r->theta[j]);
        w->turn[row * r->K + 2 * j + 1] = (gfloat) sin (position * r->theta[j]);
      }
      for (gint h = 0; h < r->heads; h++) {
        gdouble rest = exp2 (-5 - h);   /* 1 - gamma */

        w->scale[row * r->heads + h] = (gfloat) sqrt (rest / -expm1 ((position + 1) * log1p (-rest)));
      }
    }
    stored[0] = position % LOW;
    stored[1] = position / LOW;
  }
}

/* Turns the pairs of all heads of x [E] and multiplies them; @back: the other way round. */
static void
rotate (const RetNet *r, const gfloat *turn, gboolean back, gfloat factor, gfloat *x)
{
  for (gint i = 0; i < r->cell.n_in; i += 2) {
    gfloat c = factor * turn[i % r->K], s = factor * (back ? -1 : 1) * turn[i % r->K + 1], first = x[i];

    x[i] = first * c - x[i + 1] * s;
    x[i + 1] = x[i + 1] * c + first * s;
  }
}

static void
rotate_all (const RetNet *r, gint n, const gfloat *turn, gboolean back, gfloat *qkv)
{
  gfloat factor = 1 / sqrtf (r->K);

  for (gint row = 0; row < n; row++, turn += r->K, qkv += r->retention->n_in) {
    rotate (r, turn, back, 1, qkv);
    rotate (r, turn, back, factor, qkv + r->cell.n_in);
  }
}

static void
scale_heads (const RetNet *r, gint n, const gfloat *scale, gfloat *o)
{
  gint V = r->value_size / r->heads;

  for (gint i = 0; i < n * r->heads; i++)
    rnn_kernels ()->scale (V, scale[i], o + (gsize) i * V);
}

/* ---- forward, backward ---- */

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const RetNet *r = (const RetNet *) cell;
  gint E = cell->n_in, V = r->value_size, n = run->T * run->B, ld = r->retention->n_in;
  Wires w = wires_at (r, run, rnn_parts_wires (run));

  follow_position (r, run, &w);
  rnn_linear (r->q, n, run->x, E, w.qkv, ld, FALSE);
  rnn_linear (r->k, n, run->x, E, w.qkv + E, ld, FALSE);
  rnn_linear (r->v, n, run->x, E, w.qkv + 2 * E, ld, FALSE);
  rnn_linear (r->g, n, run->x, E, w.g, V, FALSE);
  rotate_all (r, n, w.turn, FALSE, w.qkv);
  rnn_part_forward (cell, r->retention, run, w.qkv, w.o);
  scale_heads (r, n, w.scale, w.o);
  rnn_part_forward (cell, r->norm, run, w.o, w.hat);
  rnn_gate (&silu, n * V, w.hat, w.g, w.gated);
  rnn_linear (r->out, n, w.gated, V, run->y, E, FALSE);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const RetNet *r = (const RetNet *) cell;
  gint E = cell->n_in, V = r->value_size, n = run->T * run->B, ld = r->retention->n_in;
  Wires w = wires_at (r, run, run->tape), d = wires_at (r, run, run->scratch);
  const struct {
    const RnnParam *p;
    const gfloat *dy;
    gsize ld;
  } inputs[] = { { r->q, d.qkv, ld }, { r->k, d.qkv + E, ld }, { r->v, d.qkv + 2 * E, ld }, { r->g, d.g, V } };

  rnn_linear_dw (r->out, n, w.gated, V, grad->dy, E, grad->dparam);
  rnn_linear_dx (r->out, n, grad->dy, E, d.gated, V, FALSE);
  rnn_gate_grad (&silu, n * V, w.hat, w.g, d.gated, d.hat, d.g);
  rnn_part_backward (cell, r->norm, run, grad, w.o, w.hat, d.hat, d.o);
  scale_heads (r, n, w.scale, d.o);
  rnn_part_backward (cell, r->retention, run, grad, w.qkv, w.o, d.o, d.qkv);
  rotate_all (r, n, w.turn, TRUE, d.qkv);
  for (guint i = 0; i < G_N_ELEMENTS (inputs); i++) {
    rnn_linear_dw (inputs[i].p, n, run->x, E, inputs[i].dy, inputs[i].ld, grad->dparam);
    if (grad->dx)
      rnn_linear_dx (inputs[i].p, n, inputs[i].dy, inputs[i].ld, grad->dx, E, i > 0);
  }
  for (gint b = 0; b < run->B; b++)     /* the position follows no gradient */
    memset (RNN_STATE_ROW (grad->dstate, run, b) + cell->n_state - 2, 0, 2 * sizeof (gfloat));
}

const RnnCellClass rnn_cell_retnet = {
  .name = "retnet",
  .summary = "multi-scale retention (RetNet, Sun et al. 2023)",
  .instance_size = sizeof (RetNet),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
  .finalize = finalize,
};
