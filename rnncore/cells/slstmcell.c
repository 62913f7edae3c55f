/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sLSTM, the recurrence (Beck et al. 2024, xLSTM), with exponential gates i, f that are kept in range by m:
 *
 *   i, f, z, o = W x_t + R y_{t-1} + b                 R block-diagonal: one block per head and gate
 *   m_t = max (i, m_{t-1} + log sigma (f))
 *   i' = exp (i - m_t),  f' = exp (m_{t-1} + log sigma (f) - m_t)
 *   c_t = f' c_{t-1} + i' tanh (z),  n_t = f' n_{t-1} + i',  y_t = sigma (o) c_t / n_t
 *
 * A fresh m is -1e30, so that the first step takes m = i and forgets nothing that there is.
 *
 * State: y, c, n, m, each [H].  Tape, over the whole call: gates [4H] (i', f', tanh z, sigma o), sigma (-f) [H], c [H],
 * n [H]; each [T][B]. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gint hidden, heads;
  gboolean project;
  RnnParam *w, *r, *b;
} SlstmCell;

static const RnnOption options[] = {
  RNN_OPT_INT (SlstmCell, hidden, 0, 65536, 0, "units; 0: as many as inputs"),
  RNN_OPT_INT (SlstmCell, heads, 1, 65536, 1, "groups of units that see each other"),
  RNN_OPT_BOOL (SlstmCell, project, TRUE, "weigh the input by W; off: it is W x_t already, 4 values per unit"),
  {NULL}
};

enum { I, F, Z, O, GATES };

static gboolean
setup (RnnCell *cell, GError **error)
{
  SlstmCell *s = (SlstmCell *) cell;
  gint H = s->hidden ? s->hidden : s->project ? cell->n_in : cell->n_in / GATES, D = H / s->heads;
  gfloat bound = 1 / sqrtf (MAX (D, 1));

  if (D < 1 || H % s->heads || (!s->project && cell->n_in != GATES * H)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "slstmcell: %d inputs do not fit %d units in %d heads", cell->n_in,
        H, s->heads);
    return FALSE;
  }
  s->hidden = H;
  if (s->project)
    s->w = rnn_cell_add_matrix (cell, "weight", GATES * H, cell->n_in, 1 / sqrtf (cell->n_in));
  s->r = rnn_cell_add_blocks (cell, "_recurrent_kernel_", s->heads, GATES * D, D, bound);
  s->r->groups = GATES * s->heads;
  s->b = rnn_cell_add_vector (cell, "_bias_", GATES * H, 0);
  cell->n_out = H;
  for (guint i = 0; i < 4; i++)
    rnn_cell_add_state (cell, (const gchar *const[]) { "y", "c", "n", "m" }[i], H);
  cell->n_tape = cell->n_scratch = 7 * (guint64) H;
  return TRUE;
}

/* Forget gates that start open, some for longer than others. */
static void
init (RnnCell *cell, RnnRng *rng)
{
  SlstmCell *s = (SlstmCell *) cell;
  gint D = s->hidden / s->heads;

  for (gint j = 0; j < s->hidden; j++)
    s->b->data[F * s->hidden + j] = 3 + 3.0f * (j % D) / MAX (D - 1, 1);
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  gint H = cell->n_out;

  for (gint j = 3 * H; j < 4 * H; j++)
    state[j] = -1e30f;
}

/* The arrays of the tape (or, without one, of the scratch); each [T][B][...]. */
typedef struct {
  gfloat *gates, *slope, *c, *n;
} Areas;

static Areas
areas (const SlstmCell *s, const RnnRun *run)
{
  gsize n = (gsize) run->T * run->B * s->hidden;
  gfloat *at = run->tape ? run->tape : run->scratch;

  return (Areas) { rnn_take (&at, GATES * n), rnn_take (&at, n), rnn_take (&at, n), rnn_take (&at, n) };
}

/* The share of one head and gate in R: what it sees of y, and where it adds to the gates. */
#define BLOCK(s, head, gate) ((head) * GATES + (gate))
#define SEEN(s, head) ((head) * ((s)->hidden / (s)->heads))
#define MADE(s, head, gate) ((gate) * (s)->hidden + SEEN (s, head))

/* gates [B][4H] += R y */
static void
recur (const SlstmCell *s, gint B, const gfloat *y, gsize ldy, gfloat *gates)
{
  for (gint h = 0; h < s->heads; h++)
    for (gint g = 0; g < GATES; g++)
      rnn_linear_group (s->r, BLOCK (s, h, g), B, y + SEEN (s, h), ldy, gates + MADE (s, h, g), GATES * s->hidden,
          TRUE);
}

static void
recur_dx (const SlstmCell *s, gint B, const gfloat *dgates, gfloat *dy, gsize lddy)
{
  for (gint h = 0; h < s->heads; h++)
    for (gint g = 0; g < GATES; g++)
      rnn_linear_group_dx (s->r, BLOCK (s, h, g), B, dgates + MADE (s, h, g), GATES * s->hidden, dy + SEEN (s, h), lddy,
          g > 0);
}

static void
recur_dw (const SlstmCell *s, gint n, const gfloat *y, gsize ldy, const gfloat *dgates, gfloat *dparam)
{
  for (gint h = 0; h < s->heads; h++)
    for (gint g = 0; g < GATES; g++)
      rnn_linear_group_dw (s->r, BLOCK (s, h, g), n, y + SEEN (s, h), ldy, dgates + MADE (s, h, g), GATES * s->hidden,
          dparam);
}

/* log sigma (f) = min (f, 0) - log (1 + exp (-|f|)); slope: its derivative; work [H] */
static void
log_sigmoid (gint H, const gfloat *f, gfloat *out, gfloat *slope, gfloat *work)
{
  for (gint j = 0; j < H; j++)
    work[j] = -fabsf (f[j]);
  rnn_kernels ()->exp (H, work, work);
  for (gint j = 0; j < H; j++) {
    slope[j] = (f[j] > 0 ? work[j] : 1) / (1 + work[j]);
    work[j] += 1;
  }
  rnn_kernels ()->log (H, work, work);
  for (gint j = 0; j < H; j++)
    out[j] = MIN (f[j], 0) - work[j];
}

/* One step of one stream; gates [4H] become activations, m is updated. */
static void
point (gint H, gfloat *gates, gfloat *slope, const gfloat *c_prev, const gfloat *n_prev, gfloat *m, gfloat *c,
    gfloat *n, gfloat *y)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat *i = gates + I * H, *f = gates + F * H, *z = gates + Z * H, *o = gates + O * H;

  log_sigmoid (H, f, f, slope, c);
  for (gint j = 0; j < H; j++) {
    gfloat kept = m[j] + f[j];

    m[j] = MAX (i[j], kept);
    i[j] -= m[j];
    f[j] = kept - m[j];
  }
  k->exp (2 * H, i, i);
  k->tanh (H, z, z);
  k->sigmoid (H, o, o);
  for (gint j = 0; j < H; j++) {
    c[j] = f[j] * c_prev[j] + i[j] * z[j];
    n[j] = f[j] * n_prev[j] + i[j];
    y[j] = o[j] * c[j] / n[j];
  }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const SlstmCell *s = (const SlstmCell *) cell;
  gint H = s->hidden, B = run->B, n = run->T * B;
  gsize ld = run->state_stride;
  const gfloat *y_prev = run->state, *c_prev = run->state + H, *n_prev = run->state + 2 * H;
  Areas a = areas (s, run);

  rnn_bias (s->b, n, GATES * H, a.gates, GATES * H, FALSE);
  if (s->w)
    rnn_linear (s->w, n, run->x, cell->n_in, a.gates, GATES * H, TRUE);
  else
    rnn_kernels ()->add (n * GATES * H, run->x, a.gates);
  for (gint t = 0; t < run->T; t++) {
    gsize row = (gsize) t * B;

    recur (s, B, y_prev, ld, a.gates + row * GATES * H);
    for (gint b = 0; b < B; b++, row++)
      point (H, a.gates + row * GATES * H, a.slope + row * H, c_prev + b * ld, n_prev + b * ld,
          RNN_STATE_ROW (run->state, run, b) + 3 * H, a.c + row * H, a.n + row * H, run->y + row * H);
    y_prev = run->y + (row - B) * H;
    c_prev = a.c + (row - B) * H;
    n_prev = a.n + (row - B) * H;
    ld = H;
  }
  rnn_copy_rows (B, H, y_prev, ld, run->state, run->state_stride);
  rnn_copy_rows (B, H, c_prev, ld, run->state + H, run->state_stride);
  rnn_copy_rows (B, H, n_prev, ld, run->state + 2 * H, run->state_stride);
}

/* Gradient of point: gates become d pre-activation; dstate [4H]: all of dy_t, dc, dn, dm in; dc, dn, dm of the step before
 * out.  Whichever side m was, its gradient goes to: there the exponent is 0 and the factor 1. */
static void
point_grad (gint H, gfloat *gates, const gfloat *slope, const gfloat *c_prev, const gfloat *n_prev, const gfloat *c,
    const gfloat *n, gfloat *dstate)
{
  gfloat *i = gates + I * H, *f = gates + F * H, *z = gates + Z * H, *o = gates + O * H;
  gfloat *dc = dstate + H, *dn = dc + H, *dm = dn + H;

  for (gint j = 0; j < H; j++) {
    gfloat ratio = c[j] / n[j], dratio = dstate[j] * o[j] / n[j];
    gfloat dcell = dc[j] + dratio, dnorm = dn[j] - dratio * ratio;
    gfloat di = (dcell * z[j] + dnorm) * i[j], df = (dcell * c_prev[j] + dnorm * n_prev[j]) * f[j];
    gfloat dmax = dm[j] - di - df;
    gboolean kept = f[j] == 1;

    o[j] = dstate[j] * ratio * o[j] * (1 - o[j]);
    z[j] = dcell * i[j] * (1 - z[j] * z[j]);
    dc[j] = dcell * f[j];
    dn[j] = dnorm * f[j];
    dm[j] = df + (kept ? dmax : 0);
    i[j] = di + (kept ? 0 : dmax);
    f[j] = dm[j] * slope[j];
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const SlstmCell *s = (const SlstmCell *) cell;
  gint H = s->hidden, B = run->B, n = run->T * B;
  Areas a = areas (s, run);

  for (gint t = run->T - 1; t >= 0; t--) {
    gfloat *gates = a.gates + (gsize) t * B * GATES * H;

    for (gint b = 0; b < B; b++) {
      gsize at = ((gsize) t * B + b) * H;
      gfloat *d = RNN_STATE_ROW (grad->dstate, run, b);
      const gfloat *entry = RNN_STATE_ROW (run->state, run, b);

      rnn_kernels ()->add (H, grad->dy + at, d);
      point_grad (H, gates + (gsize) b * GATES * H, a.slope + at, t ? a.c + at - (gsize) B * H : entry + H,
          t ? a.n + at - (gsize) B * H : entry + 2 * H, a.c + at, a.n + at, d);
    }
    recur_dx (s, B, gates, grad->dstate, run->state_stride);
  }
  recur_dw (s, B, run->state, run->state_stride, a.gates, grad->dparam);
  recur_dw (s, n - B, run->y, H, a.gates + (gsize) B * GATES * H, grad->dparam);
  rnn_bias_dw (s->b, n, a.gates, GATES * H, grad->dparam);
  if (s->w)
    rnn_linear_dw (s->w, n, run->x, cell->n_in, a.gates, GATES * H, grad->dparam);
  if (grad->dx && s->w)
    rnn_linear_dx (s->w, n, a.gates, GATES * H, grad->dx, cell->n_in, FALSE);
  else if (grad->dx)
    rnn_copy_rows (n, GATES * H, a.gates, GATES * H, grad->dx, GATES * H);
}

const RnnCellClass rnn_cell_slstmcell = {
  .name = "slstmcell",
  .summary = "sLSTM's recurrence: exponential gates, heads",
  .instance_size = sizeof (SlstmCell),
  .options = options,
  .setup = setup,
  .init = init,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
