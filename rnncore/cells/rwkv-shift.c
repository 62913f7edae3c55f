/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV's token shift and its gradient. */
#include "rwkv-shift.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

static gint
rows_of (const RnnShift *s)
{
  return s->run->T * s->run->B;
}

RnnParam *
rnn_cell_add_channels (RnnCell *cell, const gchar *name, gint n, gfloat value)
{
  RnnParam *p = rnn_cell_add_tensor (cell, name, 3, (const gint[]) { 1, 1, n }, 0);

  p->init_value = value;
  return p;
}

void
rnn_shift_init (RnnParam *m, gboolean complement, gfloat power, gfloat offset)
{
  for (gsize i = 0; i < m->size; i++) {
    gfloat weight = powf ((gfloat) i / (gfloat) m->size, power) + offset;

    m->data[i] = complement ? weight : 1 - weight;
  }
}

void
rnn_shift_begin (const RnnShift *s)
{
  gint n = s->n, B = s->run->B;

  for (gint row = 0; row < rows_of (s); row++) {
    const gfloat *x = s->run->x + row * s->ld;
    const gfloat *last = row < B ? RNN_STATE_ROW (s->run->state, s->run, row) : x - B * s->ld;
    gfloat *delta = s->delta + (gsize) row * n;

    for (gint i = 0; i < n; i++)
      delta[i] = last[i] - x[i];
  }
}

void
rnn_shift_advance (const RnnShift *s)
{
  gint B = s->run->B;

  rnn_copy_rows (B, s->n, s->run->x + (gsize) (rows_of (s) - B) * s->ld, s->ld, s->run->state, s->run->state_stride);
}

void
rnn_shift_mix (const RnnShift *s, const RnnParam *weight)
{
  const gfloat *m = weight->data;
  gfloat *mixed = s->mixed;

  for (gint row = 0; row < rows_of (s); row++, mixed += s->n) {
    const gfloat *x = s->run->x + row * s->ld, *delta = s->delta + (gsize) row * s->n;

    for (gint i = 0; i < s->n; i++)
      mixed[i] = x[i] + delta[i] * (s->complement ? 1 - m[i] : m[i]);
  }
}

void
rnn_shift_linear (const RnnShift *s, const RnnParam *weight, const RnnParam *w, gfloat *y, gsize ldy)
{
  rnn_shift_mix (s, weight);
  rnn_linear (w, rows_of (s), s->mixed, s->n, y, ldy, FALSE);
}

void
rnn_shift_grad_begin (const RnnShift *s)
{
  for (gint row = 0; row < rows_of (s); row++)
    memset (s->dx + row * s->ld, 0, (gsize) s->n * sizeof (gfloat));
  memset (s->ddelta, 0, (gsize) rows_of (s) * s->n * sizeof (gfloat));
}

void
rnn_shift_mix_grad (const RnnShift *s, const RnnParam *weight, const gfloat *d, gfloat *dparam)
{
  gint n = s->n;
  gfloat sign = s->complement ? -1 : 1, *dw = dparam + weight->offset;

  for (gint row = 0; row < rows_of (s); row++, d += n) {
    const gfloat *delta = s->delta + (gsize) row * n, *m = weight->data;
    gfloat *dx = s->dx + row * s->ld, *ddelta = s->ddelta + (gsize) row * n;

    rnn_kernels ()->add (n, d, dx);
    for (gint i = 0; i < n; i++) {
      dw[i] += sign * d[i] * delta[i];
      ddelta[i] += d[i] * (s->complement ? 1 - m[i] : m[i]);
    }
  }
}

void
rnn_shift_linear_grad (const RnnShift *s, const RnnParam *weight, const RnnParam *w, const gfloat *dy, gsize lddy,
    gfloat *dparam)
{
  rnn_shift_mix (s, weight);
  rnn_linear_dw (w, rows_of (s), s->mixed, s->n, dy, lddy, dparam);
  rnn_linear_dx (w, rows_of (s), dy, lddy, s->mixed, s->n, FALSE);
  rnn_shift_mix_grad (s, weight, s->mixed, dparam);
}

void
rnn_shift_grad_end (const RnnShift *s, gfloat *dstate)
{
  gint n = s->n, B = s->run->B, rows = rows_of (s);

  for (gint row = 0; row < rows; row++) {
    const gfloat *now = s->ddelta + (gsize) row * n;
    const gfloat *next = row + B < rows ? now + (gsize) B * n : RNN_STATE_ROW (dstate, s->run, row + B - rows);
    gfloat *dx = s->dx + row * s->ld;

    for (gint i = 0; i < n; i++)
      dx[i] += next[i] - now[i];
  }
  rnn_copy_rows (B, n, s->ddelta, n, dstate, s->run->state_stride);
}
