/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV's low-rank products and their gradient. */
#include "rwkv-lora.h"
#include "rwkv-shift.h"
#include <math.h>

RnnParam *
rnn_cell_add_transposed (RnnCell *cell, const gchar *name, gint inputs, gint outputs, gfloat bound)
{
  RnnParam *p = rnn_cell_add_matrix (cell, name, inputs, outputs, bound);

  p->transposed = TRUE;
  return p;
}

RnnLora
rnn_lora (RnnCell *cell, gint n, gint rank, RnnActivationType f, const gchar *bias, const gchar *a, const gchar *b)
{
  return (RnnLora) {
    .n = n, .rank = rank, .f = { .type = f },
    .bias = bias ? rnn_cell_add_channels (cell, bias, n, 0) : NULL,
    .a = rnn_cell_add_transposed (cell, a, n, rank, 0.1f / sqrtf (n)),
    .b = rnn_cell_add_transposed (cell, b, rank, n, 0.1f / sqrtf (rank)),
  };
}

void
rnn_lora_forward (const RnnLora *l, gint rows, const gfloat *x, gfloat *mid, gfloat *y, gsize ldy)
{
  rnn_linear (l->a, rows, x, l->n, mid, l->rank, FALSE);
  rnn_activate (&l->f, rows * l->rank, mid, mid);
  rnn_bias (l->bias, rows, l->n, y, ldy, FALSE);
  rnn_linear (l->b, rows, mid, l->rank, y, ldy, TRUE);
}

void
rnn_lora_backward (const RnnLora *l, gint rows, const gfloat *x, const gfloat *mid, const gfloat *dy, gsize lddy,
    gfloat *dmid, gfloat *dx, gfloat *dparam)
{
  rnn_bias_dw (l->bias, rows, dy, lddy, dparam);
  rnn_linear_dw (l->b, rows, mid, l->rank, dy, lddy, dparam);
  rnn_linear_dx (l->b, rows, dy, lddy, dmid, l->rank, FALSE);
  rnn_activate_grad (&l->f, rows * l->rank, NULL, mid, dmid);
  rnn_linear_dw (l->a, rows, x, l->n, dmid, l->rank, dparam);
  rnn_linear_dx (l->a, rows, dmid, l->rank, dx, l->n, FALSE);
}
