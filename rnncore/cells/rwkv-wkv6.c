/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recurrence of RWKV-5 and 6 (Peng et al. 2024, eq. 19). */
#include "rwkv-wkv.h"
#include "../kernels/kernels.h"
#include <string.h>

/* One head's values of one step. */
typedef struct {
  gfloat *r, *k, *v, *w;
} Step;

static Step
step_of (const RnnWkv *wkv, const gfloat *rows, gsize row, gint head)
{
  gsize E = (gsize) wkv->heads * wkv->size;
  gfloat *r = (gfloat *) rows + row * 4 * E + (gsize) head * wkv->size;

  return (Step) { r, r + E, r + 2 * E, r + 3 * E };
}

/* r . u k: how much of v the step itself gives */
static gfloat
own_share (gint n, const Step *x, const gfloat *u)
{
  gfloat sum = 0;

  for (gint i = 0; i < n; i++)
    sum += x->r[i] * u[i] * x->k[i];
  return sum;
}

void
rnn_wkv6_forward (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *u, gfloat *o)
{
  const RnnKernels *kernels = rnn_kernels ();
  gint n = wkv->size, H = wkv->heads;

  for (gint row = 0; row < run->T * run->B; row++)
    for (gint head = 0; head < H; head++, o += n) {
      gfloat *S = RNN_STATE_ROW (run->state, run, row % run->B) + wkv->offset + (gsize) head * n * n;
      Step x = step_of (wkv, rows, row, head);

      kernels->wkv6_step (n, x.r, x.w, x.k, x.v, S, o);
      kernels->axpy (n, own_share (n, &x, u + head * n), x.v, o);
    }
}

/* The part of u. */
static void
own_back (gint n, const Step *x, const Step *d, const gfloat *u, const gfloat *dout, gfloat *du)
{
  gfloat dshare = rnn_kernels ()->dot (n, dout, x->v), share = own_share (n, x, u);

  for (gint i = 0; i < n; i++) {
    d->r[i] = dshare * u[i] * x->k[i];
    d->k[i] = dshare * u[i] * x->r[i];
    d->v[i] = share * dout[i];
    du[i] += dshare * x->r[i] * x->k[i];
  }
}

/* Row i of one head's S, from last step to first.  s [T][n]: the row before each step; ds: its gradient. */
static void
row_back (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *dout, gfloat *drows, gint b,
    gint head, gint i, gfloat *s, gfloat *ds)
{
  const RnnKernels *kernels = rnn_kernels ();
  gint n = wkv->size;

  memcpy (s, RNN_STATE_ROW (run->state, run, b) + wkv->offset + ((gsize) head * n + i) * n,
      (gsize) n * sizeof (gfloat));
  for (gint t = 0; t < run->T - 1; t++, s += n) {
    Step x = step_of (wkv, rows, (gsize) t * run->B + b, head);

    memcpy (s + n, s, (gsize) n * sizeof (gfloat));
    kernels->scale (n, x.w[i], s + n);
    kernels->axpy (n, x.k[i], x.v, s + n);
  }
  for (gint t = run->T - 1; t >= 0; t--, s -= n) {
    gsize row = (gsize) t * run->B + b;
    Step x = step_of (wkv, rows, row, head), d = step_of (wkv, drows, row, head);
    const gfloat *d_o = dout + (row * wkv->heads + head) * n;

    d.r[i] += kernels->dot (n, s, d_o);
    d.k[i] += kernels->dot (n, ds, x.v);
    d.w[i] = kernels->dot (n, ds, s);
    kernels->axpy (n, x.k[i], ds, d.v);
    kernels->scale (n, x.w[i], ds);
    kernels->axpy (n, x.r[i], d_o, ds);
  }
}

void
rnn_wkv6_backward (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *u, const gfloat *dout,
    gfloat *drows, gfloat *du, gfloat *dstate, gfloat *work)
{
  gint n = wkv->size, H = wkv->heads;

  for (gint row = 0; row < run->T * run->B; row++)
    for (gint head = 0; head < H; head++) {
      Step x = step_of (wkv, rows, row, head), d = step_of (wkv, drows, row, head);

      own_back (n, &x, &d, u + head * n, dout + ((gsize) row * H + head) * n, du + head * n);
    }
  for (gint b = 0; b < run->B; b++)
    for (gint i = 0; i < H * n; i++)
      row_back (wkv, run, rows, dout, drows, b, i / n, i % n, work,
          RNN_STATE_ROW (dstate, run, b) + wkv->offset + (gsize) i * n);
}
