/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Each value times a weight, plus a bias: y_i = w_{i mod p} x_i + b_{i mod p}, with as many weights as values or a shorter period p.
 *
 * No state, no tape. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint period;
  gboolean weight, bias;
  gint p;                       /* the period in use */
  RnnParam *w, *b;
} Scale;

static const RnnOption options[] = {
  RNN_OPT_INT (Scale, period, 0, 1 << 24, 0, "values after which weights repeat; 0: each has its own"),
  RNN_OPT_BOOL (Scale, weight, TRUE, "multiply"),
  RNN_OPT_BOOL (Scale, bias, TRUE, "add"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Scale *s = (Scale *) cell;

  s->p = s->period ? s->period : cell->n_in;
  if (cell->n_in % s->p) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "scale: %d values are no whole number of periods of %d", cell->n_in, s->p);
    return FALSE;
  }
  s->w = s->weight ? rnn_cell_add_vector (cell, "weight", s->p, 0.1f) : NULL;
  if (s->w)
    s->w->init_value = 1;
  s->b = s->bias ? rnn_cell_add_vector (cell, "bias", s->p, 0.1f) : NULL;
  cell->n_out = cell->n_in;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Scale *s = (const Scale *) cell;
  gsize n = (gsize) run->T * run->B * cell->n_in;

  for (gsize i = 0; i < n; i += s->p) {
    if (s->w)
      rnn_kernels ()->mul (s->p, run->x + i, s->w->data, run->y + i);
    else
      memcpy (run->y + i, run->x + i, (gsize) s->p * sizeof (gfloat));
    if (s->b)
      rnn_kernels ()->add (s->p, s->b->data, run->y + i);
  }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Scale *s = (const Scale *) cell;
  gsize n = (gsize) run->T * run->B * cell->n_in;

  for (gsize i = 0; i < n; i += s->p) {
    if (s->b)
      rnn_kernels ()->add (s->p, grad->dy + i, grad->dparam + s->b->offset);
    if (s->w)
      rnn_kernels ()->fma (s->p, grad->dy + i, run->x + i, grad->dparam + s->w->offset);
    if (grad->dx && s->w)
      rnn_kernels ()->mul (s->p, grad->dy + i, s->w->data, grad->dx + i);
    else if (grad->dx)
      memcpy (grad->dx + i, grad->dy + i, (gsize) s->p * sizeof (gfloat));
  }
}

const RnnCellClass rnn_cell_scale = {
  .name = "scale",
  .summary = "each value times a weight, plus a bias",
  .instance_size = sizeof (Scale),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
