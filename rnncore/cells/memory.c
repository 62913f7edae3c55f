/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A matrix memory with one decay per head and step.
 *
 * A row i of S depends on no other row: s_t = a_t s_{t-1} + k_t[i] v_t.  So backward takes rows one by one, replays all
 * steps of one from the entry state ([T][V] floats), and goes back through them.
 *
 * State: S, at an offset of the caller's. */
#include "memory.h"
#include "../kernels/kernels.h"
#include <string.h>

static gfloat
decay (const RnnMemoryRows *x, gsize row, gint h)
{
  return x->a ? x->a[row * x->lda + h] : 1;
}

void
rnn_memory_forward (const RnnMemory *m, const RnnRun *run, const RnnMemoryRows *x)
{
  gsize size = (gsize) m->K * m->V;
  gint per_group = m->heads / m->groups;

  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++) {
      gsize row = (gsize) t * run->B + b;
      gfloat *S = RNN_STATE_ROW (run->state, run, b) + m->offset;

      for (gint h = 0; h < m->heads; h++) {
        gsize g = (gsize) (h / per_group) * m->K, at = (gsize) h * m->V;

        rnn_kernels ()->memory_step (m->K, m->V, decay (x, row, h), x->k + row * x->ldk + g, x->v + row * x->ldv + at,
            x->q + row * x->ldq + g, S + h * size, x->o + row * x->ldo + at);
      }
    }
}

/* Row i of head h in stream b. */
typedef struct {
  gint b, h;
  gsize qk;                     /* of its element in q and k */
  gsize v;                      /* of its head in v and o */
} Place;

/* s[t][V] = row of S_t */
static void
replay (const RnnMemory *m, const RnnRun *run, const RnnMemoryRows *x, const Place *p, const gfloat *entry, gfloat *s)
{
  for (gint t = 0; t < run->T; t++, entry = s, s += m->V) {
    gsize row = (gsize) t * run->B + p->b;

    memcpy (s, entry, (gsize) m->V * sizeof (gfloat));
    rnn_kernels ()->scale (m->V, decay (x, row, p->h), s);
    rnn_kernels ()->axpy (m->V, x->k[row * x->ldk + p->qk], x->v + row * x->ldv + p->v, s);
  }
}

/* ds [V]: gradient of row of S_T in, of S_0 = entry out. */
static void
replay_back (const RnnMemory *m, const RnnRun *run, const RnnMemoryRows *x, const RnnMemoryRows *d, const Place *p,
    const gfloat *entry, const gfloat *s, gfloat *ds)
{
  const RnnKernels *kernels = rnn_kernels ();

  for (gint t = run->T - 1; t >= 0; t--) {
    gsize row = (gsize) t * run->B + p->b;
    const gfloat *now = s + (gsize) t * m->V, *before = t ? now - m->V : entry;
    const gfloat *v = x->v + row * x->ldv + p->v, *d_o = d->o + row * d->ldo + p->v;

    kernels->axpy (m->V, x->q[row * x->ldq + p->qk], d_o, ds);
    d->q[row * d->ldq + p->qk] += kernels->dot (m->V, d_o, now);
    d->k[row * d->ldk + p->qk] += kernels->dot (m->V, ds, v);
    kernels->axpy (m->V, x->k[row * x->ldk + p->qk], ds, d->v + row * d->ldv + p->v);
    if (d->a)
      d->a[row * d->lda + p->h] += kernels->dot (m->V, ds, before);
    kernels->scale (m->V, decay (x, row, p->h), ds);
  }
}

void
rnn_memory_backward (const RnnMemory *m, const RnnRun *run, const RnnMemoryRows *x, const RnnMemoryRows *d,
    gfloat *dstate, gfloat *work)
{
  gint per_group = m->heads / m->groups;

  for (gint b = 0; b < run->B; b++)
    for (gint h = 0; h < m->heads; h++)
      for (gint i = 0; i < m->K; i++) {
        Place p = { b, h, (gsize) (h / per_group) * m->K + i, (gsize) h * m->V };
        gsize at = m->offset + ((gsize) h * m->K + i) * m->V;
        const gfloat *entry = RNN_STATE_ROW (run->state, run, b) + at;

        replay (m, run, x, &p, entry, work);
        replay_back (m, run, x, d, &p, entry, work, RNN_STATE_ROW (dstate, run, b) + at);
      }
}
