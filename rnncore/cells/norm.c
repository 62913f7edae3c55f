/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layer norm (Ba et al. 2016), RMS norm (Zhang & Sennrich 2019), and both over groups of neighbouring values:
 *
 *   y = w (x - mean) / sqrt (var + eps) + b          layer
 *   y = w x / sqrt (mean x^2 + eps) + b              rms
 *
 * No state.  Tape per step and group: mean, 1 / sqrt (...). */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>

enum { LAYER, RMS };

typedef struct {
  RnnCell cell;
  gint kind, groups;
  gfloat eps;
  gboolean affine, bias, residual_weight;
  RnnParam *w, *b;
} Norm;

static const gchar *const kinds[] = { "layer", "rms", NULL };

static const RnnOption options[] = {
  RNN_OPT_ENUM (Norm, kind, kinds, LAYER, "layer: subtract the mean; rms: do not"),
  RNN_OPT_INT (Norm, groups, 1, 65536, 1, "groups that are normalised each for itself"),
  RNN_OPT_FLOAT (Norm, eps, 0, 1, 1e-5, "added to the variance"),
  RNN_OPT_BOOL (Norm, affine, TRUE, "a weight per value"),
  RNN_OPT_BOOL (Norm, bias, TRUE, "a bias per value, with affine"),
  RNN_OPT_BOOL (Norm, residual_weight, FALSE, "the stored weight is w - 1"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Norm *norm = (Norm *) cell;

  if (cell->n_in % norm->groups) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "norm: %d values do not divide into %d groups", cell->n_in,
        norm->groups);
    return FALSE;
  }
  if (norm->affine) {
    norm->w = rnn_cell_add_vector (cell, "weight", cell->n_in, 0);
    norm->w->init_value = norm->residual_weight ? 0 : 1;
    norm->b = norm->bias ? rnn_cell_add_vector (cell, "bias", cell->n_in, 0) : NULL;
  }
  cell->n_out = cell->n_in;
  cell->n_tape = 2 * (gsize) norm->groups;
  cell->n_scratch = 2 * (gsize) (cell->n_in / norm->groups);    /* backward: x hat, dy w */
  return TRUE;
}

/* x hat = (x - mean) r; returns mean and r in stats[2] */
static void
normalise (const Norm *norm, gint n, const gfloat *x, gfloat *out, gfloat *stats)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat mean = norm->kind == LAYER ? k->sum (n, x) / n : 0, r;

  for (gint i = 0; i < n; i++)
    out[i] = x[i] - mean;
  r = 1 / sqrtf (k->dot (n, out, out) / n + norm->eps);
  k->scale (n, r, out);
  stats[0] = mean;
  stats[1] = r;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Norm *norm = (const Norm *) cell;
  gint size = cell->n_in / norm->groups, rows = run->T * run->B;
  gfloat offset = norm->residual_weight ? 1 : 0;

  for (gint row = 0; row < rows; row++) {
    gfloat *y = run->y + (gsize) row * cell->n_in;

    for (gint g = 0; g < norm->groups; g++) {
      gfloat unused[2];
      gfloat *stats = run->tape ? run->tape + ((gsize) row * norm->groups + g) * 2 : unused;

      normalise (norm, size, run->x + (gsize) row * cell->n_in + g * size, y + g * size, stats);
    }
    for (gint i = 0; norm->w && i < cell->n_in; i++)
      y[i] = y[i] * (norm->w->data[i] + offset) + (norm->b ? norm->b->data[i] : 0);
  }
}

/* One group of one step; i0: its first value. */
static void
backward_group (const Norm *norm, gint i0, gint n, const gfloat *x, const gfloat *dy, const gfloat *stats,
    gfloat *scratch, gfloat *dx, gfloat *dparam)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat *hat = scratch, *d = scratch + n, mean_d, mean_dx;
  gfloat offset = norm->residual_weight ? 1 : 0;

  for (gint i = 0; i < n; i++)
    hat[i] = (x[i] - stats[0]) * stats[1];
  for (gint i = 0; i < n; i++)
    d[i] = norm->w ? dy[i] * (norm->w->data[i0 + i] + offset) : dy[i];
  if (norm->w)
    k->fma (n, dy, hat, dparam + norm->w->offset + i0);
  if (norm->b)
    k->add (n, dy, dparam + norm->b->offset + i0);
  if (!dx)
    return;
  mean_d = norm->kind == LAYER ? k->sum (n, d) / n : 0;
  mean_dx = k->dot (n, d, hat) / n;
  for (gint i = 0; i < n; i++)
    dx[i] = stats[1] * (d[i] - mean_d - hat[i] * mean_dx);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Norm *norm = (const Norm *) cell;
  gint size = cell->n_in / norm->groups, rows = run->T * run->B;

  for (gint row = 0; row < rows; row++)
    for (gint g = 0; g < norm->groups; g++) {
      gsize at = (gsize) row * cell->n_in + (gsize) g * size;

      backward_group (norm, g * size, size, run->x + at, grad->dy + at,
          run->tape + ((gsize) row * norm->groups + g) * 2, run->scratch, grad->dx ? grad->dx + at : NULL,
          grad->dparam);
    }
}

const RnnCellClass rnn_cell_norm = {
  .name = "norm",
  .summary = "layer, RMS or group normalisation",
  .instance_size = sizeof (Norm),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
