/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The selective scan of Mamba (Gu & Dao 2023): n channels with N states that decay each at its own rate.
 *
 *   delta = softplus (d_t)
 *   h_t   = exp (delta A) h_{t-1} + B_t (delta u_t)            A = -exp (A_log), h [N][n]
 *   y_t   = C_t h_t + D u_t
 *
 * Each step's input is u [n], d [n], B [N], C [N], one after the other.
 *
 * State: h [N][n].  Tape: delta [T][B][n].  State i of all channels depends on no other: backward takes i one by one,
 * replays all steps of it from the entry state (no tape of matrices), and goes back through them. */
#include "activation.h"
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint d_state;                 /* N */
  gint n;
  RnnParam *A_log, *D;
} Scan;

static const RnnOption options[] = {
  RNN_OPT_INT (Scan, d_state, 1, 4096, 1, "states per channel"),
  {NULL}
};

static const RnnActivation softplus = { RNN_ACT_SOFTPLUS };

static gboolean
setup (RnnCell *cell, GError **error)
{
  Scan *s = (Scan *) cell;
  gint rest = cell->n_in - 2 * s->d_state, n = s->n = rest / 2;

  if (rest < 2 || rest % 2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "scan: %d values are not u, delta, B and C of %d states",
        cell->n_in, s->d_state);
    return FALSE;
  }
  s->A_log = rnn_cell_add_tensor (cell, "A_log", 2, (const gint[]) { n, s->d_state }, 0);
  s->D = rnn_cell_add_vector (cell, "D", n, 0);
  s->D->init_value = 1;
  cell->n_out = n;
  rnn_cell_add_state (cell, "h", (guint64) s->d_state * n);
  cell->n_tape = n;
  cell->n_scratch = 2 * (guint64) n + cell->n_in; /* forward: delta; backward: one state's h and decay, d x */
  cell->n_scratch_once = 2 * cell->n_state;     /* A and its gradient */
  return TRUE;
}

static void
init (RnnCell *cell, RnnRng *rng)
{
  Scan *s = (Scan *) cell;

  for (gsize i = 0; i < s->A_log->size; i++)
    s->A_log->data[i] = logf (i % s->d_state + 1);
}

/* -exp (A_log), transposed to [N][n] */
static void
get_decays (const Scan *s, gfloat *A)
{
  gint size = s->n * s->d_state;

  for (gint i = 0; i < s->d_state; i++)
    for (gint j = 0; j < s->n; j++)
      A[i * s->n + j] = s->A_log->data[j * s->d_state + i];
  rnn_kernels ()->exp (size, A, A);
  rnn_kernels ()->scale (size, -1, A);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Scan *s = (const Scan *) cell;
  gint n = s->n, N = s->d_state, rows = run->T * run->B;
  gfloat *scratch = run->scratch, *A = rnn_take (&scratch, cell->n_state), *delta = run->tape ? run->tape : scratch;

  get_decays (s, A);
  rnn_copy_rows (rows, n, run->x + n, cell->n_in, delta, n);
  rnn_activate (&softplus, rows * n, delta, delta);
  for (gint row = 0; row < rows; row++) {
    const gfloat *u = run->x + (gsize) row * cell->n_in, *B = u + 2 * n;

    rnn_kernels ()->scan_step (n, N, delta + (gsize) row * n, u, A, B, B + N, s->D->data,
        RNN_STATE_ROW (run->state, run, row % run->B), run->y + (gsize) row * n);
  }
}

/* ---- backward ---- */

typedef struct {
  const RnnRun *run;
  gint n;
  gsize ld;                     /* of rows of x and dx */
  gsize B, C;                   /* where those stand in them, for the state in hand */
  const gfloat *A, *delta, *dy; /* A: of that state [n] */
  gfloat *dx, *dA;
} Back;

/* One state of stream b at all steps: h [T][n] and its decays [T][n]. */
static void
replay (const Back *k, gint b, const gfloat *entry, gfloat *h, gfloat *decay)
{
  for (gint t = 0; t < k->run->T; t++, entry = h, h += k->n, decay += k->n) {
    gsize row = (gsize) t * k->run->B + b;
    const gfloat *u = k->run->x + row * k->ld, *delta = k->delta + row * k->n;
    gfloat B = u[k->B];

    rnn_kernels ()->mul (k->n, delta, k->A, decay);
    rnn_kernels ()->exp (k->n, decay, decay);
    for (gint j = 0; j < k->n; j++)
      h[j] = decay[j] * entry[j] + B * delta[j] * u[j];
  }
}

/* One step of the same, back.  dh [n]: d loss/d h_t in, d loss/d h_{t-1} out. */
static void
step_back (const Back *k, gsize row, const gfloat *before, const gfloat *h, const gfloat *decay, gfloat *dh)
{
  const gfloat *u = k->run->x + row * k->ld, *delta = k->delta + row * k->n, *dy = k->dy + row * k->n;
  gfloat *du = k->dx + row * k->ld, *ddelta = du + k->n, B = u[k->B], dB = 0;

  rnn_kernels ()->axpy (k->n, u[k->C], dy, dh);
  du[k->C] += rnn_kernels ()->dot (k->n, dy, h);
  for (gint j = 0; j < k->n; j++) {
    gfloat dlog = dh[j] * before[j] * decay[j]; /* of the decay's logarithm, delta A */

    dB += dh[j] * delta[j] * u[j];
    du[j] += dh[j] * B * delta[j];
    ddelta[j] += dh[j] * B * u[j] + dlog * k->A[j];
    k->dA[j] += dlog * delta[j];
    dh[j] *= decay[j];
  }
  du[k->B] += dB;
}

static void
stream_back (const Back *k, const RnnGrad *grad, gint b, gsize state, gfloat *work)
{
  gsize n = k->n, T = k->run->T;
  const gfloat *entry = RNN_STATE_ROW (k->run->state, k->run, b) + state;
  gfloat *h = work, *decay = work + T * n, *dh = RNN_STATE_ROW (grad->dstate, k->run, b) + state;

  replay (k, b, entry, h, decay);
  for (gsize t = T; t-- > 0;)
    step_back (k, t * k->run->B + b, t ? h + (t - 1) * n : entry, h + t * n, decay + t * n, dh);
}

/* What does not pass through h: D, and delta's softplus; A_log. */
static void
finish_back (const Scan *s, const Back *k, const RnnGrad *grad, const gfloat *A, const gfloat *dA)
{
  gint n = s->n, rows = k->run->T * k->run->B;
  gfloat *dA_log = grad->dparam + s->A_log->offset;

  for (gint row = 0; row < rows; row++) {
    const gfloat *u = k->run->x + row * k->ld, *dy = k->dy + (gsize) row * n;
    gfloat *du = k->dx + row * k->ld;

    rnn_kernels ()->fma (n, dy, u, grad->dparam + s->D->offset);
    rnn_kernels ()->fma (n, dy, s->D->data, du);
    rnn_activate_grad (&softplus, n, NULL, k->delta + (gsize) row * n, du + n);
  }
  for (gint j = 0; j < n; j++)
    for (gint i = 0; i < s->d_state; i++)
      dA_log[j * s->d_state + i] += dA[i * n + j] * A[i * n + j];
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Scan *s = (const Scan *) cell;
  gsize n = s->n, rows = (gsize) run->T * run->B;
  gfloat *scratch = run->scratch, *A = rnn_take (&scratch, cell->n_state), *dA = rnn_take (&scratch, cell->n_state);
  gfloat *work = rnn_take (&scratch, 2 * rows * n);
  Back k = { .run = run, .n = s->n, .ld = cell->n_in, .delta = run->tape, .dy = grad->dy,
    .dx = grad->dx ? grad->dx : scratch };

  get_decays (s, A);
  memset (dA, 0, cell->n_state * sizeof (gfloat));
  memset (k.dx, 0, rows * cell->n_in * sizeof (gfloat));
  for (gint i = 0; i < s->d_state; i++) {
    k.A = A + i * n;
    k.dA = dA + i * n;
    k.B = 2 * n + i;
    k.C = k.B + s->d_state;
    for (gint b = 0; b < run->B; b++)
      stream_back (&k, grad, b, i * n, work);
  }
  finish_back (s, &k, grad, A, dA);
}

const RnnCellClass rnn_cell_scan = {
  .name = "scan",
  .summary = "selective scan (Mamba): channels whose states decay each at its own rate",
  .instance_size = sizeof (Scan),
  .options = options,
  .setup = setup,
  .init = init,
  .forward = forward,
  .backward = backward,
};
