/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The recurrence of RWKV-7 (Peng et al. 2025, eq. 17): a delta rule whose forgetting and learning rates are vectors. */
#include "rwkv-wkv.h"
#include "../kernels/kernels.h"
#include <string.h>

/* One head's values of one step. */
typedef struct {
  gfloat *r, *w, *k, *v, *kk, *b;
} Step;

static Step
step_of (const RnnWkv *wkv, const gfloat *rows, gsize row, gint head)
{
  gsize E = (gsize) wkv->heads * wkv->size;
  gfloat *r = (gfloat *) rows + row * 6 * E + (gsize) head * wkv->size;

  return (Step) { r, r + E, r + 2 * E, r + 3 * E, r + 4 * E, r + 5 * E };
}

/* Row i of S steps on. */
static void
advance (gint n, const Step *x, gint i, gfloat *s)
{
  const RnnKernels *kernels = rnn_kernels ();
  gfloat recalled = kernels->dot (n, s, x->kk);

  kernels->mul (n, s, x->w, s);
  kernels->axpy (n, -recalled, x->b, s);
  kernels->axpy (n, x->v[i], x->k, s);
}

void
rnn_wkv7_forward (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, gfloat *o)
{
  gint n = wkv->size, H = wkv->heads;

  for (gint row = 0; row < run->T * run->B; row++)
    for (gint head = 0; head < H; head++, o += n) {
      gfloat *S = RNN_STATE_ROW (run->state, run, row % run->B) + wkv->offset + (gsize) head * n * n;
      Step x = step_of (wkv, rows, row, head);

      rnn_kernels ()->wkv7_step (n, x.r, x.w, x.k, x.v, x.kk, x.b, S, o);
    }
}

/* One step of row i: s and after are the row before and after it; ds its gradient, after it in, before it out. */
static void
step_back (gint n, const Step *x, const Step *d, gint i, gfloat dout, const gfloat *s, const gfloat *after, gfloat *ds)
{
  const RnnKernels *kernels = rnn_kernels ();
  gfloat drecalled;

  kernels->axpy (n, dout, after, d->r);
  kernels->axpy (n, dout, x->r, ds);
  kernels->axpy (n, x->v[i], ds, d->k);
  d->v[i] = kernels->dot (n, ds, x->k);
  kernels->axpy (n, -kernels->dot (n, s, x->kk), ds, d->b);
  drecalled = -kernels->dot (n, ds, x->b);
  kernels->axpy (n, drecalled, s, d->kk);
  kernels->fma (n, ds, s, d->w);
  kernels->mul (n, ds, x->w, ds);
  kernels->axpy (n, drecalled, x->kk, ds);
}

/* Row i of one head's S, from last step to first.  after [T][n]: the row after each step; ds: its gradient. */
static void
row_back (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *dout, gfloat *drows, gint b,
    gint head, gint i, gfloat *after, gfloat *ds)
{
  gint n = wkv->size;
  const gfloat *entry = RNN_STATE_ROW (run->state, run, b) + wkv->offset + ((gsize) head * n + i) * n;

  for (gint t = 0; t < run->T; t++) {
    Step x = step_of (wkv, rows, (gsize) t * run->B + b, head);

    memcpy (after + (gsize) t * n, t ? after + (gsize) (t - 1) * n : entry, (gsize) n * sizeof (gfloat));
    advance (n, &x, i, after + (gsize) t * n);
  }
  for (gint t = run->T - 1; t >= 0; t--) {
    gsize row = (gsize) t * run->B + b;
    Step x = step_of (wkv, rows, row, head), d = step_of (wkv, drows, row, head);

    step_back (n, &x, &d, i, dout[(row * wkv->heads + head) * n + i], t ? after + (gsize) (t - 1) * n : entry,
        after + (gsize) t * n, ds);
  }
}

void
rnn_wkv7_backward (const RnnWkv *wkv, const RnnRun *run, const gfloat *rows, const gfloat *dout, gfloat *drows,
    gfloat *dstate, gfloat *work)
{
  gint n = wkv->size, H = wkv->heads;

  memset (drows, 0, (gsize) run->T * run->B * 6 * H * n * sizeof (gfloat));
  for (gint b = 0; b < run->B; b++)
    for (gint i = 0; i < H * n; i++)
      row_back (wkv, run, rows, dout, drows, b, i / n, i % n, work,
          RNN_STATE_ROW (dstate, run, b) + wkv->offset + (gsize) i * n);
}
