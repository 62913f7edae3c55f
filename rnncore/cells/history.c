/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The last inputs, kept in the state. */
#include "history.h"
#include <string.h>

const gfloat *
rnn_history_row (const RnnRun *run, gint n_in, gsize offset, gint len, gint i, gint b)
{
  if (i < len)
    return RNN_STATE_ROW (run->state, run, b) + offset + (gsize) i * n_in;
  return run->x + ((gsize) (i - len) * run->B + b) * n_in;
}

void
rnn_history_advance (const RnnRun *run, gint n_in, gsize offset, gint len)
{
  for (gint b = 0; b < run->B; b++)
    for (gint j = 0; j < len; j++)
      memcpy (RNN_STATE_ROW (run->state, run, b) + offset + (gsize) j * n_in,
          rnn_history_row (run, n_in, offset, len, run->T + j, b), (gsize) n_in * sizeof (gfloat));
}

gfloat *
rnn_history_grad_row (const RnnRun *run, const RnnGrad *grad, gint n_in, gsize offset, gint len, gint i, gint b)
{
  if (i < len)
    return RNN_STATE_ROW (grad->dstate, run, b) + offset + (gsize) i * n_in;
  return grad->dx ? grad->dx + ((gsize) (i - len) * run->B + b) * n_in : NULL;
}

void
rnn_history_grad_begin (const RnnRun *run, const RnnGrad *grad, gint n_in, gsize offset, gint len)
{
  gsize row = (gsize) n_in * sizeof (gfloat);

  /* from the last row down: a remembered row's gradient moves T places up, never onto one still to be read */
  for (gint b = 0; b < run->B; b++)
    for (gint i = len + run->T - 1; i >= 0; i--) {
      gfloat *to = rnn_history_grad_row (run, grad, n_in, offset, len, i, b);

      if (to && i >= run->T)
        memcpy (to, RNN_STATE_ROW (grad->dstate, run, b) + offset + (gsize) (i - run->T) * n_in, row);
      else if (to)
        memset (to, 0, row);
    }
}
