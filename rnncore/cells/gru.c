/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gated recurrent unit (Cho et al. 2014), gates r, z, n in PyTorch's order:
 *
 *   r, z = sigma (W x_t + b + U h_{t-1})
 *   n    = tanh (W_n x_t + b_in + r (U_n h_{t-1} + b_hn))     reset_after (PyTorch, cuDNN, Keras, ONNX linear_before_reset)
 *   n    = tanh (W_n x_t + b_n + U_n (r h_{t-1}))             the paper's form
 *   h_t  = (1 - z) n + z h_{t-1}
 *
 * State: h [H].  Tape: gates [T][B][4H]: r, z, u, n, activated but for u: what n's recurrent part is made of, reset_after
 * U_n h + b_hn, else r h. */
#include "activation.h"
#include "cell.h"
#include "../kernels/steps.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint hidden;
  gboolean bias, reset_after;
  gfloat clip;
  RnnActivation gate_activation, activation;
  gboolean plain;               /* none of the variants: the kernel's fused step */
  RnnParam *w_ih, *w_hh, *b_ih, *b_hh;
} Gru;

static const RnnOption options[] = {
  RNN_OPT_INT (Gru, hidden, 1, 65536, 128, "hidden units"),
  RNN_OPT_BOOL (Gru, bias, TRUE, "add biases"),
  RNN_OPT_BOOL (Gru, reset_after, TRUE, "reset after the recurrent product (PyTorch), not before (Cho et al.)"),
  RNN_OPT_FLOAT (Gru, clip, 0, 1e6, 0, "clamp pre-activations to +-clip; 0: off"),
  RNN_OPT_ACTIVATION (Gru, gate_activation, rnn_gate_activation_names, RNN_ACT_SIGMOID, "of r and z"),
  RNN_OPT_ACTIVATION (Gru, activation, rnn_gate_activation_names, RNN_ACT_TANH, "of n"),
  {NULL}
};

enum { R, Z, U, N };            /* parts of a row of gates; as groups of the matrices: R, Z, and N as the third */

static gboolean
setup (RnnCell *cell, GError **error)
{
  Gru *g = (Gru *) cell;
  gint H = g->hidden;
  gfloat bound = 1 / sqrtf (H);

  g->w_ih = rnn_cell_add_matrix (cell, "weight_ih_l0", 3 * H, cell->n_in, bound);
  g->w_ih->groups = 3;
  g->w_hh = rnn_cell_add_matrix (cell, "weight_hh_l0", 3 * H, H, bound);
  g->b_ih = g->bias ? rnn_cell_add_vector (cell, "bias_ih_l0", 3 * H, bound) : NULL;
  g->b_hh = g->bias ? rnn_cell_add_vector (cell, "bias_hh_l0", 3 * H, bound) : NULL;
  g->plain = g->reset_after && g->clip == 0 && g->gate_activation.type == RNN_ACT_SIGMOID
      && g->activation.type == RNN_ACT_TANH;
  if (g->plain)
    g->w_hh->gates = 3;
  else
    g->w_hh->groups = 3;
  cell->n_out = H;
  rnn_cell_add_state (cell, "h", H);
  cell->n_tape = 4 * (guint64) H;
  cell->n_scratch = 5 * (guint64) H;      /* backward: their gradients, and d h of one step */
  return TRUE;
}

static void
clipped (const Gru *g, const RnnActivation *f, gint n, gfloat *z)
{
  if (g->clip > 0)
    rnn_clip (n, g->clip, z);
  rnn_activate (f, n, z, z);
}

/* As rnn_gru_step, with every variant. */
static void
variant_step (const Gru *g, gint B, const gfloat *h, gsize ldh, gfloat *gates, gfloat *y)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden, ld = 4 * H;

  rnn_linear_group (g->w_hh, R, B, h, ldh, gates, ld, TRUE);
  rnn_linear_group (g->w_hh, Z, B, h, ldh, gates + H, ld, TRUE);
  for (gint b = 0; b < B; b++)
    clipped (g, &g->gate_activation, 2 * H, gates + (gsize) b * ld);
  if (g->reset_after)
    rnn_linear_group (g->w_hh, 2, B, h, ldh, gates + U * H, ld, TRUE);
  for (gint b = 0; b < B; b++) {
    gfloat *r = gates + (gsize) b * ld, *u = r + U * H;

    if (g->reset_after)
      k->fma (H, r, u, r + N * H);
    else
      k->mul (H, r, h + b * ldh, u);
  }
  if (!g->reset_after)
    rnn_linear_group (g->w_hh, 2, B, gates + U * H, ld, gates + N * H, ld, TRUE);
  for (gint b = 0; b < B; b++) {
    gfloat *z = gates + (gsize) b * ld + H, *n = z + 2 * H, *out = y + (gsize) b * H;

    clipped (g, &g->activation, H, n);
    for (gint j = 0; j < H; j++)
      out[j] = n[j] + z[j] * (h[b * ldh + j] - n[j]);
  }
}

/* Of a row: the biases of r, z, u and n, and where u starts. */
static void
start_row (const Gru *g, gfloat *row)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden;

  rnn_bias (g->b_ih, 1, 2 * H, row, 0, FALSE);
  memset (row + U * H, 0, 2 * (gsize) H * sizeof (gfloat));
  if (!g->bias)
    return;
  memcpy (row + N * H, g->b_ih->data + 2 * H, (gsize) H * sizeof (gfloat));
  k->add (2 * H, g->b_hh->data, row);
  k->add (H, g->b_hh->data + 2 * H, row + (g->reset_after ? U : N) * H);
}

/* gates [n][4H] = W_ih x [n] and the biases */
static void
input_part (const Gru *g, gint n, const gfloat *x, gfloat *gates)
{
  gint H = g->hidden;
  gsize ld = 4 * (gsize) H;

  start_row (g, gates);
  for (gint i = 1; i < n; i++)
    memcpy (gates + i * ld, gates, ld * sizeof (gfloat));
  rnn_linear_groups (g->w_ih, n, x, g->cell.n_in, gates, ld, (gint[]) { R * H, Z * H, N * H }, TRUE);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Gru *g = (const Gru *) cell;
  gint H = g->hidden, B = run->B, block = rnn_run_block (run);
  gsize ldh = run->state_stride;
  gfloat *all = run->tape ? run->tape : run->scratch;
  const gfloat *h = run->state;

  for (gint t = 0; t < run->T; t++) {
    gsize row = (gsize) t * B;
    gfloat *y = run->y + row * H, *gates = all + (gsize) (t % block) * B * 4 * H;

    if (t % block == 0)
      input_part (g, MIN (block, run->T - t) * B, run->x + row * cell->n_in, gates);
    if (g->plain)
      rnn_gru_step (g->w_hh, t, B, h, ldh, (RnnGruStep) { gates, h, y, run->tape != NULL });
    else
      variant_step (g, B, h, ldh, gates, y);
    h = y;
    ldh = H;
  }
  rnn_copy_rows (B, H, h, ldh, run->state, run->state_stride);
}

static void
clipped_grad (const Gru *g, const RnnActivation *f, gint n, const gfloat *y, gfloat *d)
{
  rnn_activate_grad (f, n, NULL, y, d);
  if (g->clip > 0)
    rnn_activate_clip_grad (f, g->clip, n, y, d);
}

/* Pointwise part of one stream with every variant, up to what flows back through u.  dgates [4H]. */
static void
point_grad (const Gru *g, const gfloat *gates, const gfloat *h_prev, gfloat *dh, gfloat *dgates)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden;
  const gfloat *z = gates + H, *u = z + H, *n = u + H;
  gfloat *dz = dgates + H, *du = dz + H, *dn = du + H;

  for (gint j = 0; j < H; j++) {
    dz[j] = dh[j] * (h_prev[j] - n[j]);
    dn[j] = dh[j] * (1 - z[j]);
    dh[j] *= z[j];
  }
  clipped_grad (g, &g->gate_activation, H, z, dz);
  clipped_grad (g, &g->activation, H, n, dn);
  if (!g->reset_after)
    return;
  k->mul (H, dn, u, dgates);
  k->mul (H, dn, gates, du);
  clipped_grad (g, &g->gate_activation, H, gates, dgates);
}

/* Reset before the product: u = r h, whose gradient is U_n^T dn. */
static void
reset_grad (const Gru *g, gint B, const gfloat *gates, const gfloat *h, gsize ldh, gfloat *dh, gfloat *dgates)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden, ld = 4 * H;

  rnn_linear_group_dx (g->w_hh, 2, B, dgates + N * H, ld, dgates + U * H, ld, FALSE);
  for (gint b = 0; b < B; b++) {
    gfloat *dr = dgates + (gsize) b * ld, *du = dr + U * H;

    k->mul (H, du, h + b * ldh, dr);
    k->fma (H, du, gates + (gsize) b * ld, dh + (gsize) b * H);
    clipped_grad (g, &g->gate_activation, H, gates + (gsize) b * ld, dr);
  }
}

/* One step back.  dh [B][H]: d h_t in, d h_{t-1} out. */
static void
step_back (const Gru *g, gint B, const gfloat *gates, const gfloat *h, gsize ldh, gfloat *dh, gfloat *dgates)
{
  gint H = g->hidden, ld = 4 * H;

  for (gint b = 0; b < B; b++) {
    const gfloat *gates_b = gates + (gsize) b * ld;

    if (g->plain)
      rnn_kernels ()->gru_point_grad (H, gates_b, h + b * ldh, dh + (gsize) b * H, dgates + (gsize) b * ld);
    else
      point_grad (g, gates_b, h + b * ldh, dh + (gsize) b * H, dgates + (gsize) b * ld);
  }
  if (g->plain) {
    rnn_linear_dx (g->w_hh, B, dgates, ld, dh, H, TRUE);
    return;
  }
  if (!g->reset_after)
    reset_grad (g, B, gates, h, ldh, dh, dgates);
  rnn_linear_group_dx (g->w_hh, R, B, dgates, ld, dh, H, TRUE);
  rnn_linear_group_dx (g->w_hh, Z, B, dgates + H, ld, dh, H, TRUE);
  if (g->reset_after)
    rnn_linear_group_dx (g->w_hh, 2, B, dgates + U * H, ld, dh, H, TRUE);
}

/* Weight gradients of n rows whose previous hidden states are h. */
static void
recurrent_dw (const Gru *g, gint n, const gfloat *h, gsize ldh, const gfloat *dgates, const gfloat *gates,
    gfloat *dparam)
{
  gint H = g->hidden, ld = 4 * H;

  if (g->plain) {
    rnn_linear_dw (g->w_hh, n, h, ldh, dgates, ld, dparam);
    return;
  }
  rnn_linear_group_dw (g->w_hh, R, n, h, ldh, dgates, ld, dparam);
  rnn_linear_group_dw (g->w_hh, Z, n, h, ldh, dgates + H, ld, dparam);
  if (g->reset_after)
    rnn_linear_group_dw (g->w_hh, 2, n, h, ldh, dgates + U * H, ld, dparam);
  else
    rnn_linear_group_dw (g->w_hh, 2, n, gates + U * H, ld, dgates + N * H, ld, dparam);
}

static void
input_grad (const Gru *g, const RnnRun *run, const RnnGrad *grad, const gfloat *dgates)
{
  static const gint parts[] = { R, Z, N };
  gint H = g->hidden, n = run->T * run->B, ld = 4 * H;

  for (gint i = 0; i < 3; i++) {
    const gfloat *d = dgates + parts[i] * H;

    rnn_linear_group_dw (g->w_ih, i, n, run->x, g->cell.n_in, d, ld, grad->dparam);
    if (grad->dx)
      rnn_linear_group_dx (g->w_ih, i, n, d, ld, grad->dx, g->cell.n_in, i > 0);
  }
}

static void
bias_dw (const Gru *g, gint n, const gfloat *dgates, gfloat *dparam)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden;

  for (gint i = 0; g->bias && i < n; i++) {
    const gfloat *d = dgates + (gsize) i * 4 * H;

    k->add (2 * H, d, dparam + g->b_ih->offset);
    k->add (H, d + N * H, dparam + g->b_ih->offset + 2 * H);
    k->add (2 * H, d, dparam + g->b_hh->offset);
    k->add (H, d + (g->reset_after ? U : N) * H, dparam + g->b_hh->offset + 2 * H);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Gru *g = (const Gru *) cell;
  gint H = g->hidden, B = run->B, n = run->T * B;
  gsize step_size = (gsize) B * H;
  gfloat *gates = run->tape, *dgates = run->scratch, *dh = dgates + 4 * (gsize) n * H;

  rnn_copy_rows (B, H, grad->dstate, run->state_stride, dh, H);
  for (gint t = run->T - 1; t >= 0; t--) {
    gsize at = t * step_size;
    const gfloat *h = t ? run->y + at - step_size : run->state;

    rnn_kernels ()->add ((gint) step_size, grad->dy + at, dh);
    step_back (g, B, gates + 4 * at, h, t ? (gsize) H : run->state_stride, dh, dgates + 4 * at);
  }
  rnn_copy_rows (B, H, dh, H, grad->dstate, run->state_stride);
  recurrent_dw (g, B, run->state, run->state_stride, dgates, gates, grad->dparam);
  recurrent_dw (g, n - B, run->y, H, dgates + 4 * step_size, gates + 4 * step_size, grad->dparam);
  input_grad (g, run, grad, dgates);
  bias_dw (g, n, dgates, grad->dparam);
}

const RnnCellClass rnn_cell_gru = {
  .name = "gru",
  .summary = "gated recurrent unit, reset after or before the recurrent product",
  .instance_size = sizeof (Gru),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
