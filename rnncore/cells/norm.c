/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layer norm (Ba et al. 2016), RMS norm (Zhang & Sennrich 2019), and both over groups of neighbouring values:
 *
 *   y = w (x - mean) / sqrt (var + eps) + b          layer
 *   y = w x / sqrt (mean x^2 + eps) + b              rms
 *
 * No state, no tape. */
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
  RNN_OPT_FLOAT (Norm, eps, 1e-12, 1, 1e-5, "added to the variance"),
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
  return TRUE;
}

/* (x - mean) r */
static void
normalise (const Norm *norm, gint n, const gfloat *x, gfloat *out)
{
  const RnnKernels *k = rnn_kernels ();
  gfloat mean = norm->kind == LAYER ? k->sum (n, x) / n : 0;

  for (gint i = 0; i < n; i++)
    out[i] = x[i] - mean;
  k->scale (n, 1 / sqrtf (k->dot (n, out, out) / n + norm->eps), out);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Norm *norm = (const Norm *) cell;
  gint size = cell->n_in / norm->groups, rows = run->T * run->B;
  gfloat offset = norm->residual_weight ? 1 : 0;

  for (gint row = 0; row < rows; row++) {
    gfloat *y = run->y + (gsize) row * cell->n_in;

    for (gint g = 0; g < norm->groups; g++)
      normalise (norm, size, run->x + (gsize) row * cell->n_in + g * size, y + g * size);
    for (gint i = 0; norm->w && i < cell->n_in; i++)
      y[i] = y[i] * (norm->w->data[i] + offset) + (norm->b ? norm->b->data[i] : 0);
  }
}

static void
moments (const Norm *norm, gint n, const gfloat *x, gdouble *mean, gdouble *r)
{
  gdouble square = 0;

  *mean = 0;
  for (gint i = 0; norm->kind == LAYER && i < n; i++)
    *mean += x[i];
  *mean /= n;
  for (gint i = 0; i < n; i++)
    square += (x[i] - *mean) * (x[i] - *mean);
  *r = 1 / sqrt (square / n + norm->eps);
}

/* One group of one step; i0: its first value.  dx is a small difference of large sums, since the norm does not care for
 * the scale of its input: hence double. */
static void
backward_group (const Norm *norm, gint i0, gint n, const gfloat *x, const gfloat *dy, gfloat *dx, gfloat *dparam)
{
  const gfloat *w = norm->w ? norm->w->data + i0 : NULL;
  gfloat offset = norm->residual_weight ? 1 : 0;
  gdouble mean, r, mean_d = 0, mean_dx = 0;

  moments (norm, n, x, &mean, &r);
  for (gint i = 0; i < n; i++) {
    gdouble hat = (x[i] - mean) * r, d = w ? dy[i] * (w[i] + offset) : dy[i];

    if (w)
      dparam[norm->w->offset + i0 + i] += dy[i] * hat;
    if (norm->b)
      dparam[norm->b->offset + i0 + i] += dy[i];
    mean_d += d;
    mean_dx += d * hat;
  }
  mean_d /= n;                  /* a division for each would take most of the time */
  mean_dx /= n;
  for (gint i = 0; dx && i < n; i++) {
    gdouble hat = (x[i] - mean) * r, d = w ? dy[i] * (w[i] + offset) : dy[i];

    dx[i] = r * (d - (norm->kind == LAYER ? mean_d : 0) - hat * mean_dx);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Norm *norm = (const Norm *) cell;
  gint size = cell->n_in / norm->groups, rows = run->T * run->B;

  for (gint row = 0; row < rows; row++)
    for (gint g = 0; g < norm->groups; g++) {
      gsize at = (gsize) row * cell->n_in + (gsize) g * size;

      backward_group (norm, g * size, size, run->x + at, grad->dy + at, grad->dx ? grad->dx + at : NULL, grad->dparam);
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
