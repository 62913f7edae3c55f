/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gated recurrent unit (Cho et al. 2014), gates r, z, n in PyTorch's order:
 *
 *   r, z = sigma (W x_t + b + U h_{t-1})
 *   n    = tanh (W_n x_t + b_in + r (U_n h_{t-1} + b_hn))     reset_after (PyTorch, cuDNN, Keras, ONNX linear_before_reset)
 *   n    = tanh (W_n x_t + b_n + U_n (r h_{t-1}))             the paper's form
 *   h_t  = (1 - z) n + z h_{t-1}
 *
 * State: h [H].  Tape, over the whole call: gates [3H] (r, z, n activated), then the recurrent part of n [H]
 * (reset_after: U_n h + b_hn; else r h); each [T][B]. */
#include "activation.h"
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint hidden;
  gboolean bias, reset_after;
  gfloat clip;
  RnnActivation gate_activation, activation;
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

enum { R, Z, N };               /* groups of weight_hh */

static gboolean
setup (RnnCell *cell, GError **error)
{
  Gru *g = (Gru *) cell;
  gint H = g->hidden;
  gfloat bound = 1 / sqrtf (H);

  g->w_ih = rnn_cell_add_matrix (cell, "weight_ih_l0", 3 * H, cell->n_in, bound);
  g->w_hh = rnn_cell_add_matrix (cell, "weight_hh_l0", 3 * H, H, bound);
  g->w_hh->groups = 3;
  g->b_ih = g->bias ? rnn_cell_add_vector (cell, "bias_ih_l0", 3 * H, bound) : NULL;
  g->b_hh = g->bias ? rnn_cell_add_vector (cell, "bias_hh_l0", 3 * H, bound) : NULL;
  cell->n_out = H;
  cell->n_state = H;
  cell->n_tape = 4 * (gsize) H;
  cell->n_scratch = 6 * (gsize) H;
  return TRUE;
}

static void
clipped (const Gru *g, const RnnActivation *f, gint n, gfloat *z)
{
  if (g->clip > 0)
    rnn_clip (n, g->clip, z);
  rnn_activate (f, n, z, z);
}

/* Step t: gates [B][3H] hold the input part and become activations; rec [B][H]; bhn: b_hn or NULL. */
static void
step (const Gru *g, gint B, const gfloat *h, gsize ldh, gfloat *gates, gfloat *rec, gfloat *y)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden;

  rnn_linear_group (g->w_hh, R, B, h, ldh, gates, 3 * H, TRUE);
  rnn_linear_group (g->w_hh, Z, B, h, ldh, gates + H, 3 * H, TRUE);
  for (gint b = 0; b < B; b++)
    clipped (g, &g->gate_activation, 2 * H, gates + (gsize) b * 3 * H);
  if (g->reset_after) {
    for (gint b = 0; g->b_hh && b < B; b++)
      memcpy (rec + (gsize) b * H, g->b_hh->data + 2 * H, (gsize) H * sizeof (gfloat));
    rnn_linear_group (g->w_hh, N, B, h, ldh, rec, H, g->b_hh != NULL);
    for (gint b = 0; b < B; b++)
      k->fma (H, gates + (gsize) b * 3 * H, rec + (gsize) b * H, gates + (gsize) b * 3 * H + 2 * H);
  } else {
    for (gint b = 0; b < B; b++)
      k->mul (H, gates + (gsize) b * 3 * H, h + b * ldh, rec + (gsize) b * H);
    rnn_linear_group (g->w_hh, N, B, rec, H, gates + 2 * H, 3 * H, TRUE);
  }
  for (gint b = 0; b < B; b++) {
    gfloat *z = gates + (gsize) b * 3 * H + H, *n = z + H, *out = y + (gsize) b * H;

    clipped (g, &g->activation, H, n);
    for (gint j = 0; j < H; j++)
      out[j] = n[j] + z[j] * (h[b * ldh + j] - n[j]);
  }
}

/* Input part: all of W_ih x + b_ih, and of b_hh what is not inside r (...). */
static void
input_part (const Gru *g, const RnnRun *run, gfloat *gates)
{
  gint H = g->hidden, n = run->T * run->B;

  rnn_bias (g->b_ih, n, 3 * H, gates, 3 * H, FALSE);
  for (gint i = 0; g->b_hh && i < n; i++)
    rnn_kernels ()->add (g->reset_after ? 2 * H : 3 * H, g->b_hh->data, gates + (gsize) i * 3 * H);
  rnn_linear (g->w_ih, n, run->x, g->cell.n_in, gates, 3 * H, TRUE);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Gru *g = (const Gru *) cell;
  gint H = g->hidden, B = run->B;
  gsize steps = (gsize) run->T * B, ldh = run->state_stride;
  gfloat *gates = run->tape ? run->tape : run->scratch, *rec = gates + 3 * steps * H;
  const gfloat *h = run->state;

  input_part (g, run, gates);
  for (gint t = 0; t < run->T; t++) {
    gsize row = (gsize) t * B;
    gfloat *y = run->y + row * H;

    step (g, B, h, ldh, gates + row * 3 * H, rec + row * H, y);
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

/* Pointwise part of one stream: d z, d n from dh (which keeps the share that flows through z).  dgates [3H]. */
static void
point_grad (const Gru *g, const gfloat *gates, const gfloat *h_prev, gfloat *dh, gfloat *dgates)
{
  gint H = g->hidden;
  const gfloat *z = gates + H, *n = z + H;
  gfloat *dz = dgates + H, *dn = dz + H;

  for (gint j = 0; j < H; j++) {
    dz[j] = dh[j] * (h_prev[j] - n[j]);
    dn[j] = dh[j] * (1 - z[j]);
    dh[j] *= z[j];
  }
  clipped_grad (g, &g->gate_activation, H, z, dz);
  clipped_grad (g, &g->activation, H, n, dn);
}

/* One step back.  dh [B][H]: d h_t in, d h_{t-1} out; rec: for reset_after becomes d (U_n h + b_hn). */
static void
step_back (const Gru *g, gint B, const gfloat *gates, gfloat *rec, const gfloat *h, gsize ldh, gfloat *dh,
    gfloat *dgates, gfloat *drh)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = g->hidden;

  for (gint b = 0; b < B; b++)
    point_grad (g, gates + (gsize) b * 3 * H, h + b * ldh, dh + (gsize) b * H, dgates + (gsize) b * 3 * H);
  if (!g->reset_after)
    rnn_linear_group_dx (g->w_hh, N, B, dgates + 2 * H, 3 * H, drh, H, FALSE);
  for (gint b = 0; b < B; b++) {
    const gfloat *r = gates + (gsize) b * 3 * H, *dn = dgates + (gsize) b * 3 * H + 2 * H;
    gfloat *dr = dgates + (gsize) b * 3 * H, *rec_b = rec + (gsize) b * H, *d = drh + (gsize) b * H;

    if (g->reset_after) {
      k->mul (H, dn, rec_b, dr);
      k->mul (H, dn, r, rec_b);
    } else {
      k->mul (H, d, h + b * ldh, dr);
      k->fma (H, d, r, dh + (gsize) b * H);
    }
    clipped_grad (g, &g->gate_activation, H, r, dr);
  }
  rnn_linear_group_dx (g->w_hh, R, B, dgates, 3 * H, dh, H, TRUE);
  rnn_linear_group_dx (g->w_hh, Z, B, dgates + H, 3 * H, dh, H, TRUE);
  if (g->reset_after)
    rnn_linear_group_dx (g->w_hh, N, B, rec, H, dh, H, TRUE);
}

/* Weight gradients of rows [first, first + n) whose previous hidden state is h. */
static void
recurrent_dw (const Gru *g, gint n, const gfloat *h, gsize ldh, const gfloat *dgates, const gfloat *rec,
    gfloat *dparam)
{
  gint H = g->hidden;

  rnn_linear_group_dw (g->w_hh, R, n, h, ldh, dgates, 3 * H, dparam);
  rnn_linear_group_dw (g->w_hh, Z, n, h, ldh, dgates + H, 3 * H, dparam);
  if (g->reset_after)
    rnn_linear_group_dw (g->w_hh, N, n, h, ldh, rec, H, dparam);
  else
    rnn_linear_group_dw (g->w_hh, N, n, rec, H, dgates + 2 * H, 3 * H, dparam);
}

static void
bias_dw (const Gru *g, gint n, const gfloat *dgates, const gfloat *rec, gfloat *dparam)
{
  gint H = g->hidden;

  rnn_bias_dw (g->b_ih, n, dgates, 3 * H, dparam);
  for (gint i = 0; g->b_hh && i < n; i++) {
    const gfloat *d = dgates + (gsize) i * 3 * H;

    rnn_kernels ()->add (2 * H, d, dparam + g->b_hh->offset);
    rnn_kernels ()->add (H, g->reset_after ? rec + (gsize) i * H : d + 2 * H, dparam + g->b_hh->offset + 2 * H);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Gru *g = (const Gru *) cell;
  gint H = g->hidden, B = run->B, n = run->T * B;
  gsize step_size = (gsize) B * H;
  gfloat *gates = run->tape, *rec = gates + 3 * (gsize) n * H;
  gfloat *dgates = run->scratch, *dh = dgates + 3 * (gsize) n * H, *drh = dh + step_size;

  rnn_copy_rows (B, H, grad->dstate, run->state_stride, dh, H);
  for (gint t = run->T - 1; t >= 0; t--) {
    gsize at = t * step_size;
    const gfloat *h = t ? run->y + at - step_size : run->state;

    rnn_kernels ()->add ((gint) step_size, grad->dy + at, dh);
    step_back (g, B, gates + 3 * at, rec + at, h, t ? (gsize) H : run->state_stride, dh, dgates + 3 * at, drh);
  }
  rnn_copy_rows (B, H, dh, H, grad->dstate, run->state_stride);
  recurrent_dw (g, B, run->state, run->state_stride, dgates, rec, grad->dparam);
  recurrent_dw (g, n - B, run->y, H, dgates + 3 * step_size, rec + step_size, grad->dparam);
  rnn_linear_dw (g->w_ih, n, run->x, cell->n_in, dgates, 3 * H, grad->dparam);
  bias_dw (g, n, dgates, rec, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (g->w_ih, n, dgates, 3 * H, grad->dx, cell->n_in, FALSE);
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
