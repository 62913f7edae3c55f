/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolution over time, PyTorch's Conv1d weights: y_t = f (sum_j W[:, :, j] x_{t-k+1+j} + b).
 *
 * Causal; `lookahead` says that y_t is meant for step t - lookahead, so a kernel of 5 with lookahead 2 is centred.
 * depthwise: one filter per input value.  zero_padding: past the end of a stream are zeros, as before its beginning;
 * with lookahead p and kernel 2 p + 1 that is nn.Conv1d (padding = p).
 *
 * State: the last k - 1 inputs [k-1][n_in], oldest first.  Tape per step: the pre-activation, where f' needs it. */
#include "activation.h"
#include "cell.h"
#include "history.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

typedef struct {
  RnnCell cell;
  gint units, kernel, lookahead;
  gboolean bias, depthwise, zero_padding;
  RnnActivation activation;
  RnnParam *w, *b;
  gfloat *zeros;                /* [n_in] */
} Conv1d;

static const RnnOption options[] = {
  RNN_OPT_INT (Conv1d, units, 0, 1 << 20, 0, "outputs; 0: as many as inputs"),
  RNN_OPT_INT (Conv1d, kernel, 1, 4096, 3, "steps seen by one output"),
  RNN_OPT_INT (Conv1d, lookahead, 0, 4095, 0, "of these, steps after the one answered"),
  RNN_OPT_BOOL (Conv1d, bias, TRUE, "add a bias"),
  RNN_OPT_BOOL (Conv1d, depthwise, FALSE, "each value is filtered for itself"),
  RNN_OPT_BOOL (Conv1d, zero_padding, FALSE, "past the end of a stream are zeros; else the model's last step, repeated"),
  RNN_OPT_ACTIVATION (Conv1d, activation, rnn_activation_names, RNN_ACT_LINEAR, "f"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Conv1d *c = (Conv1d *) cell;
  gsize per_unit = (gsize) (c->depthwise ? 1 : cell->n_in) * c->kernel;
  gfloat bound = 1 / sqrtf (per_unit);

  cell->n_out = c->units ? c->units : cell->n_in;
  if (c->lookahead >= c->kernel || (c->depthwise && cell->n_out != cell->n_in)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "conv1d: %s", c->depthwise && cell->n_out != cell->n_in
        ? "depthwise needs as many units as inputs" : "lookahead must be smaller than kernel");
    return FALSE;
  }
  c->w = rnn_cell_add_tensor (cell, "weight", 3, (const gint[]) { cell->n_out, c->depthwise ? 1 : cell->n_in,
          c->kernel }, bound);
  c->w->is_matrix = !c->depthwise;
  c->zeros = g_new0 (gfloat, cell->n_in);
  c->b = c->bias ? rnn_cell_add_vector (cell, "bias", cell->n_out, bound) : NULL;
  rnn_cell_add_state (cell, "x", (guint64) (c->kernel - 1) * cell->n_in);
  cell->n_tape = rnn_activation_needs_input (&c->activation) ? cell->n_out : 0;
  cell->n_scratch = (guint64) cell->n_out + (c->depthwise ? 0 : (guint64) per_unit);
  cell->latency = c->lookahead;
  return TRUE;
}

static void
finalize (RnnCell *cell)
{
  g_free (((Conv1d *) cell)->zeros);
}

/* Row i of what stream b remembers and x is a zero past the end. */
static gboolean
is_padding (const Conv1d *c, const RnnRun *run, gint i, gint b)
{
  return c->zero_padding && run->lengths && i - (c->kernel - 1) >= rnn_run_length (run, b);
}

static const gfloat *
input_row (const Conv1d *c, const RnnRun *run, gint i, gint b)
{
  if (is_padding (c, run, i, b))
    return c->zeros;
  return rnn_history_row (run, c->cell.n_in, 0, c->kernel - 1, i, b);
}

static gfloat *
grad_row (const Conv1d *c, const RnnRun *run, const RnnGrad *grad, gint i, gint b)
{
  if (is_padding (c, run, i, b))
    return NULL;
  return rnn_history_grad_row (run, grad, c->cell.n_in, 0, c->kernel - 1, i, b);
}

/* What is padding has no gradient, not even that of later calls. */
static void
forget_padding (const Conv1d *c, const RnnRun *run, const RnnGrad *grad)
{
  gint n_in = c->cell.n_in;

  for (gint b = 0; grad->dx && c->zero_padding && b < run->B; b++)
    for (gint t = rnn_run_length (run, b); t < run->T; t++)
      memset (grad->dx + ((gsize) t * run->B + b) * n_in, 0, (gsize) n_in * sizeof (gfloat));
}

static void
remember (const Conv1d *c, const RnnRun *run)
{
  gint n_in = c->cell.n_in, len = c->kernel - 1;

  rnn_history_advance (run, n_in, 0, len);
  for (gint b = 0; c->zero_padding && b < run->B; b++)
    for (gint j = 0; j < len; j++)
      if (is_padding (c, run, run->T + j, b))
        memset (RNN_STATE_ROW (run->state, run, b) + (gsize) j * n_in, 0, (gsize) n_in * sizeof (gfloat));
}

/* columns [T][B][n_in][k]: the window of every output, in the order of the weights */
static void
gather (const Conv1d *c, const RnnRun *run, gfloat *columns)
{
  gint n_in = c->cell.n_in, k = c->kernel;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++, columns += (gsize) n_in * k)
      for (gint j = 0; j < k; j++) {
        const gfloat *x = input_row (c, run, t + j, b);

        for (gint i = 0; i < n_in; i++)
          columns[i * k + j] = x[i];
      }
}

static void
scatter (const Conv1d *c, const RnnRun *run, const RnnGrad *grad, const gfloat *dcolumns)
{
  gint n_in = c->cell.n_in, k = c->kernel;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++, dcolumns += (gsize) n_in * k)
      for (gint j = 0; j < k; j++) {
        gfloat *dx = grad_row (c, run, grad, t + j, b);

        for (gint i = 0; dx && i < n_in; i++)
          dx[i] += dcolumns[i * k + j];
      }
}

static void
depthwise_forward (const Conv1d *c, const RnnRun *run)
{
  gint n = c->cell.n_in, k = c->kernel;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++) {
      gfloat *y = run->y + ((gsize) t * run->B + b) * n;

      for (gint j = 0; j < k; j++) {
        const gfloat *x = input_row (c, run, t + j, b);

        for (gint i = 0; i < n; i++)
          y[i] += c->w->data[i * k + j] * x[i];
      }
    }
}

static void
depthwise_backward (const Conv1d *c, const RnnRun *run, const RnnGrad *grad, const gfloat *dz)
{
  gint n = c->cell.n_in, k = c->kernel;
  gfloat *dw = grad->dparam + c->w->offset;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++, dz += n)
      for (gint j = 0; j < k; j++) {
        const gfloat *x = input_row (c, run, t + j, b);
        gfloat *dx = grad_row (c, run, grad, t + j, b);

        for (gint i = 0; i < n; i++)
          dw[i * k + j] += dz[i] * x[i];
        for (gint i = 0; dx && i < n; i++)
          dx[i] += dz[i] * c->w->data[i * k + j];
      }
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Conv1d *c = (const Conv1d *) cell;
  gint n = run->T * run->B, n_out = cell->n_out, size = n * n_out;

  rnn_bias (c->b, n, n_out, run->y, n_out, FALSE);
  if (c->depthwise) {
    depthwise_forward (c, run);
  } else {
    gather (c, run, run->scratch);
    rnn_linear (c->w, n, run->scratch, RNN_PARAM_COLS (c->w), run->y, n_out, TRUE);
  }
  if (run->tape && cell->n_tape)
    memcpy (run->tape, run->y, (gsize) size * sizeof (gfloat));
  if (c->activation.type != RNN_ACT_LINEAR)
    rnn_activate (&c->activation, size, run->y, run->y);
  remember (c, run);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Conv1d *c = (const Conv1d *) cell;
  gint n = run->T * run->B, n_out = cell->n_out, cols = RNN_PARAM_COLS (c->w);
  gsize size = (gsize) n * n_out;
  gfloat *dz = run->scratch, *columns = run->scratch + size;

  memcpy (dz, grad->dy, size * sizeof (gfloat));
  if (c->activation.type != RNN_ACT_LINEAR)
    rnn_activate_grad (&c->activation, (gint) size, run->tape, run->y, dz);
  rnn_bias_dw (c->b, n, dz, n_out, grad->dparam);
  rnn_history_grad_begin (run, grad, cell->n_in, 0, c->kernel - 1);
  forget_padding (c, run, grad);
  if (c->depthwise) {
    depthwise_backward (c, run, grad, dz);
    return;
  }
  gather (c, run, columns);
  rnn_linear_dw (c->w, n, columns, cols, dz, n_out, grad->dparam);
  rnn_linear_dx (c->w, n, dz, n_out, columns, cols, FALSE);
  scatter (c, run, grad, columns);
}

const RnnCellClass rnn_cell_conv1d = {
  .name = "conv1d",
  .summary = "convolution over time, with a few steps of look-ahead if wanted",
  .instance_size = sizeof (Conv1d),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
  .finalize = finalize,
};
