/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000), PyTorch's nn.LSTM:
 *
 *   i, f, g, o = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
 *   c_t = sigma (f) c_{t-1} + sigma (i) tanh (g)
 *   h_t = sigma (o) tanh (c_t)                           with projection (Sak et al. 2014): W_hr (...)
 *
 * peephole: i, f see p c_{t-1}, o sees p_o c_t (Gers & Schmidhuber 2000).  coupled: f = 1 - i (ONNX input_forget).
 * clip: pre-activations are clamped.  cell_clip: c_t is (TensorFlow).
 *
 * State: h [P or H], c [H].  Tape, over the whole call: gates [4H] (i, f, g, o activated), c [H], tanh c [H] and, with
 * projection, o tanh c [H]; each [T][B]. */
#include "activation.h"
#include "cell.h"
#include "../kernels/steps.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint hidden, proj;
  gboolean bias, peephole, coupled;
  gfloat clip, cell_clip, forget_bias;
  RnnActivation gate_activation, activation, output_activation;
  gboolean plain;               /* none of the variants: the kernel's fused step */
  RnnParam *w_ih, *w_hh, *w_hr, *b_ih, *b_hh, *p_i, *p_f, *p_o;
} Lstm;

static const RnnOption options[] = {
  RNN_OPT_INT (Lstm, hidden, 1, 65536, 128, "hidden units"),
  RNN_OPT_INT (Lstm, proj, 0, 65536, 0, "projection size; 0: none"),
  RNN_OPT_BOOL (Lstm, bias, TRUE, "add biases"),
  RNN_OPT_BOOL (Lstm, peephole, FALSE, "gates see the cell"),
  RNN_OPT_BOOL (Lstm, coupled, FALSE, "forget gate is 1 - input gate"),
  RNN_OPT_FLOAT (Lstm, clip, 0, 1e6, 0, "clamp pre-activations to +-clip; 0: off"),
  RNN_OPT_FLOAT (Lstm, cell_clip, 0, 1e6, 0, "clamp the cell to +-cell_clip; 0: off"),
  RNN_OPT_FLOAT (Lstm, forget_bias, -100, 100, 1, "added to the forget gate's bias when training starts"),
  RNN_OPT_ACTIVATION (Lstm, gate_activation, rnn_gate_activation_names, RNN_ACT_SIGMOID, "of i, f and o"),
  RNN_OPT_ACTIVATION (Lstm, activation, rnn_gate_activation_names, RNN_ACT_TANH, "of g"),
  RNN_OPT_ACTIVATION (Lstm, output_activation, rnn_gate_activation_names, RNN_ACT_TANH, "of the cell"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Lstm *l = (Lstm *) cell;
  gint H = l->hidden, P = l->proj ? l->proj : H;
  gfloat bound = 1 / sqrtf (H);

  if (l->proj > H) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "lstm: projection to %d of %d hidden units", l->proj, H);
    return FALSE;
  }
  l->w_ih = rnn_cell_add_matrix (cell, "weight_ih_l0", 4 * H, cell->n_in, bound);
  l->w_hh = rnn_cell_add_matrix (cell, "weight_hh_l0", 4 * H, P, bound);
  if (l->bias) {
    l->b_ih = rnn_cell_add_vector (cell, "bias_ih_l0", 4 * H, bound);
    l->b_hh = rnn_cell_add_vector (cell, "bias_hh_l0", 4 * H, bound);
  }
  if (l->proj)
    l->w_hr = rnn_cell_add_matrix (cell, "weight_hr_l0", P, H, bound);
  if (l->peephole) {
    l->p_i = rnn_cell_add_vector (cell, "p_i", H, bound);
    l->p_f = rnn_cell_add_vector (cell, "p_f", H, bound);
    l->p_o = rnn_cell_add_vector (cell, "p_o", H, bound);
  }
  l->plain = !l->peephole && !l->coupled && l->clip == 0 && l->cell_clip == 0 && l->gate_activation.type == RNN_ACT_SIGMOID
      && l->activation.type == RNN_ACT_TANH && l->output_activation.type == RNN_ACT_TANH;
  l->w_hh->gates = l->plain ? 4 : 1;
  cell->n_out = P;
  rnn_cell_add_state (cell, "h", P);
  rnn_cell_add_state (cell, "c", H);
  cell->n_tape = (guint64) H * (l->proj ? 7 : 6);
  cell->n_scratch = (guint64) H * 7;      /* backward: d h of all steps; of one d c, d m [B][H] and d gates [4H] */
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  Lstm *l = (Lstm *) cell;

  for (gint j = 0; l->bias && j < l->hidden; j++)
    l->b_ih->data[l->hidden + j] += l->forget_bias;
}

/* The arrays of the tape (or, without one, of the scratch); each [T][B][...]. */
typedef struct {
  gfloat *gates, *c, *tanh_c, *m;
} Areas;

static Areas
areas (const Lstm *l, const RnnRun *run)
{
  gsize n = (gsize) run->T * run->B * l->hidden;
  gfloat *base = run->tape ? run->tape : run->scratch;

  return (Areas) { base, base + 4 * n, base + 5 * n, base + 6 * n };
}

static void
clipped (const Lstm *l, const RnnActivation *f, gint n, gfloat *z)
{
  if (l->clip > 0)
    rnn_clip (n, l->clip, z);
  rnn_activate (f, n, z, z);
}

/* One step of one stream with every variant; arrays as in RnnLstmStep. */
static void
point (const Lstm *l, gfloat *gates, const gfloat *c_prev, gfloat *c, gfloat *tanh_c, gfloat *h)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = l->hidden;
  gfloat *i = gates, *f = gates + H, *g = gates + 2 * H, *o = gates + 3 * H;

  if (l->peephole) {
    k->fma (H, l->p_i->data, c_prev, i);
    k->fma (H, l->p_f->data, c_prev, f);
  }
  clipped (l, &l->gate_activation, 2 * H, i);
  clipped (l, &l->activation, H, g);
  for (gint j = 0; l->coupled && j < H; j++)
    f[j] = 1 - i[j];
  for (gint j = 0; j < H; j++)
    c[j] = f[j] * c_prev[j] + i[j] * g[j];
  if (l->cell_clip > 0)
    rnn_clip (H, l->cell_clip, c);
  if (l->peephole)
    k->fma (H, l->p_o->data, c, o);
  clipped (l, &l->gate_activation, H, o);
  rnn_activate (&l->output_activation, H, c, tanh_c);
  k->mul (H, o, tanh_c, h);
}

/* As rnn_lstm_step. */
static void
variant_step (const Lstm *l, gint B, const gfloat *h, gsize ldh, const RnnLstmStep *s, gsize ldc)
{
  gsize H = (gsize) l->hidden;

  rnn_linear (l->w_hh, B, h, ldh, s->gates, 4 * H, TRUE);
  for (gint b = 0; b < B; b++)
    point (l, s->gates + b * 4 * H, s->c_prev + b * ldc, s->c + b * H, s->tanh_c + b * H, s->h + b * H);
}

/* gates [n][4H] = W_ih x [n] and the biases */
static void
input_part (const Lstm *l, gint n, const gfloat *x, gfloat *gates)
{
  gsize ld = 4 * (gsize) l->hidden;

  rnn_bias (l->b_ih, 1, (gint) ld, gates, ld, FALSE);
  rnn_bias (l->b_hh, 1, (gint) ld, gates, ld, TRUE);
  for (gint i = 1; i < n; i++)
    memcpy (gates + i * ld, gates, ld * sizeof (gfloat));
  rnn_linear (l->w_ih, n, x, l->cell.n_in, gates, ld, TRUE);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Lstm *l = (const Lstm *) cell;
  gint H = l->hidden, P = cell->n_out, B = run->B, block = rnn_run_block (run);
  gsize ldh = run->state_stride, ldc = run->state_stride;
  const gfloat *h = run->state, *c_prev = run->state + P;
  Areas a = areas (l, run);

  for (gint t = 0; t < run->T; t++) {
    gsize row = (gsize) t * B, kept = (gsize) (t % block) * B;
    gfloat *y = run->y + row * P, *m = l->proj ? a.m + kept * H : y;
    RnnLstmStep step = { a.gates + kept * 4 * H, c_prev, a.c + kept * H, m, a.tanh_c + kept * H };

    if (t % block == 0)
      input_part (l, MIN (block, run->T - t) * B, run->x + row * cell->n_in, a.gates);
    if (l->plain) {
      step.tanh_c = run->tape ? step.tanh_c : NULL;
      rnn_lstm_step (l->w_hh, t, B, h, ldh, step, ldc);
    } else {
      variant_step (l, B, h, ldh, &step, ldc);
    }
    if (l->proj)
      rnn_linear (l->w_hr, B, m, H, y, P, FALSE);
    h = y;
    ldh = P;
    c_prev = a.c + kept * H;
    ldc = H;
  }
  rnn_copy_rows (B, P, h, ldh, run->state, run->state_stride);
  rnn_copy_rows (B, H, c_prev, ldc, run->state + P, run->state_stride);
}

/* d[n] *= f', with f = f (clamped z) */
static void
clipped_grad (const Lstm *l, const RnnActivation *f, gint n, const gfloat *y, gfloat *d)
{
  rnn_activate_grad (f, n, NULL, y, d);
  if (l->clip > 0)
    rnn_activate_clip_grad (f, l->clip, n, y, d);
}

/* Adds the peephole's share: d z flows into dc and the weight p. */
static void
peephole_grad (gint H, const RnnParam *p, const gfloat *dz, const gfloat *c, gfloat *dc, gfloat *dparam)
{
  rnn_kernels ()->fma (H, dz, p->data, dc);
  rnn_kernels ()->fma (H, dz, c, dparam + p->offset);
}

/* Gradient of point: gates become d pre-activation; dc in and out.  work [4H]. */
static void
point_grad (const Lstm *l, gfloat *gates, const gfloat *c_prev, const gfloat *c, const gfloat *tanh_c,
    const gfloat *dh, gfloat *dc, gfloat *work, gfloat *dparam)
{
  const RnnKernels *k = rnn_kernels ();
  gint H = l->hidden;
  gfloat *i = gates, *f = gates + H, *g = gates + 2 * H, *o = gates + 3 * H;
  gfloat *di = work, *df = work + H, *dg = work + 2 * H, *d_o = work + 3 * H;

  k->mul (H, dh, o, di);
  rnn_activate_grad (&l->output_activation, H, c, tanh_c, di);
  k->add (H, di, dc);
  k->mul (H, dh, tanh_c, d_o);
  clipped_grad (l, &l->gate_activation, H, o, d_o);
  if (l->peephole)
    peephole_grad (H, l->p_o, d_o, c, dc, dparam);
  for (gint j = 0; l->cell_clip > 0 && j < H; j++)
    dc[j] = fabsf (c[j]) < l->cell_clip ? dc[j] : 0;
  for (gint j = 0; j < H; j++) {
    di[j] = dc[j] * (l->coupled ? g[j] - c_prev[j] : g[j]);
    df[j] = l->coupled ? 0 : dc[j] * c_prev[j];
  }
  k->mul (H, dc, i, dg);
  clipped_grad (l, &l->gate_activation, H, i, di);
  clipped_grad (l, &l->gate_activation, H, f, df);
  clipped_grad (l, &l->activation, H, g, dg);
  k->mul (H, dc, f, dc);
  if (l->peephole) {
    peephole_grad (H, l->p_i, di, c_prev, dc, dparam);
    peephole_grad (H, l->p_f, df, c_prev, dc, dparam);
  }
  memcpy (gates, work, 4 * (gsize) H * sizeof (gfloat));
}

/* The gates' areas become d pre-activations; dh [T][B][P] keeps d loss/d h_t for the projection's gradient. */
static void
backward_steps (const Lstm *l, const RnnRun *run, const RnnGrad *grad, const Areas *a, gfloat *dh, gfloat *work)
{
  gint H = l->hidden, P = l->cell.n_out, B = run->B;
  gfloat *dc = work, *dm = dc + (gsize) B * H, *point_work = dm + (gsize) B * H;

  rnn_copy_rows (B, H, grad->dstate + P, run->state_stride, dc, H);
  for (gint t = run->T - 1; t >= 0; t--) {
    gsize row = (gsize) t * B;
    gfloat *d = dh + row * P, *dhidden = l->proj ? dm : d;

    if (t == run->T - 1)
      rnn_copy_rows (B, P, grad->dstate, run->state_stride, d, P);
    else
      rnn_linear_dx (l->w_hh, B, a->gates + (row + B) * 4 * H, 4 * H, d, P, FALSE);
    rnn_kernels ()->add (B * P, grad->dy + row * P, d);
    if (l->proj)
      rnn_linear_dx (l->w_hr, B, d, P, dm, H, FALSE);
    for (gint b = 0; b < B; b++, row++) {
      gfloat *gates = a->gates + row * 4 * H, *tanh_c = a->tanh_c + row * H, *dcb = dc + (gsize) b * H;
      const gfloat *c_prev = t ? a->c + (row - B) * H : RNN_STATE_ROW (run->state, run, b) + P;

      if (l->plain)
        rnn_kernels ()->lstm_point_grad (H, gates, c_prev, tanh_c, dhidden + (gsize) b * H, dcb);
      else
        point_grad (l, gates, c_prev, a->c + row * H, tanh_c, dhidden + (gsize) b * H, dcb, point_work,
            grad->dparam);
    }
  }
  rnn_linear_dx (l->w_hh, B, a->gates, 4 * H, grad->dstate, run->state_stride, FALSE);
  rnn_copy_rows (B, H, dc, H, grad->dstate + P, run->state_stride);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Lstm *l = (const Lstm *) cell;
  gint H = l->hidden, P = cell->n_out, B = run->B, n = run->T * B;
  Areas a = areas (l, run);
  gfloat *dh = run->scratch;
  const gfloat *later = a.gates + (gsize) B * 4 * H;

  backward_steps (l, run, grad, &a, dh, dh + (gsize) n * P);
  rnn_linear_dw (l->w_hh, B, run->state, run->state_stride, a.gates, 4 * H, grad->dparam);
  rnn_linear_dw (l->w_hh, n - B, run->y, P, later, 4 * H, grad->dparam);
  rnn_linear_dw (l->w_ih, n, run->x, cell->n_in, a.gates, 4 * H, grad->dparam);
  if (l->proj)
    rnn_linear_dw (l->w_hr, n, a.m, H, dh, P, grad->dparam);
  rnn_bias_dw (l->b_ih, n, a.gates, 4 * H, grad->dparam);
  rnn_bias_dw (l->b_hh, n, a.gates, 4 * H, grad->dparam);
  if (grad->dx)
    rnn_linear_dx (l->w_ih, n, a.gates, 4 * H, grad->dx, cell->n_in, FALSE);
}

const RnnCellClass rnn_cell_lstm = {
  .name = "lstm",
  .summary = "long short-term memory, with peepholes, projection, coupled gates, clipping",
  .instance_size = sizeof (Lstm),
  .options = options,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
