/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rectifier with a slope that is learned (He et al. 2015): y_i = x_i where x_i > 0, else w_{i mod p} x_i.
 *
 * No state, no tape. */
#include "cell.h"

typedef struct {
  RnnCell cell;
  gint period;
  gint p;                       /* the period in use */
  RnnParam *w;
} Prelu;

static const RnnOption options[] = {
  RNN_OPT_INT (Prelu, period, 0, 1 << 24, 0, "values after which slopes repeat; 0: each has its own"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Prelu *l = (Prelu *) cell;

  l->p = l->period ? l->period : cell->n_in;
  if (cell->n_in % l->p) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "prelu: %d values are no whole number of periods of %d", cell->n_in, l->p);
    return FALSE;
  }
  l->w = rnn_cell_add_vector (cell, "weight", l->p, 0);
  l->w->init_value = 0.25f;
  cell->n_out = cell->n_in;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Prelu *l = (const Prelu *) cell;
  gsize n = (gsize) run->T * run->B * cell->n_in;
  const gfloat *w = l->w->data;

  for (gsize i = 0; i < n; i += l->p)
    for (gint j = 0; j < l->p; j++) {
      gfloat x = run->x[i + j];

      run->y[i + j] = x > 0 ? x : w[j] * x;
    }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Prelu *l = (const Prelu *) cell;
  gsize n = (gsize) run->T * run->B * cell->n_in;
  gfloat *dw = grad->dparam + l->w->offset;

  for (gsize i = 0; i < n; i += l->p)
    for (gint j = 0; j < l->p; j++) {
      gfloat x = run->x[i + j], dy = grad->dy[i + j];

      if (x <= 0)
        dw[j] += dy * x;
      if (grad->dx)
        grad->dx[i + j] = x > 0 ? dy : l->w->data[j] * dy;
    }
}

const RnnCellClass rnn_cell_prelu = {
  .name = "prelu",
  .summary = "rectifier with a slope that is learned",
  .instance_size = sizeof (Prelu),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
