/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RWKV-7's time mixing between the products with weights: decays, keys, values on the way to the recurrence; the bonus
 * and the gate behind it.  The equations are in rwkv7.c. */
#include "rwkv7.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define DECAY 0.60653065971263342f      /* e^{-1/2} */

/* One step's values of `rows` or their gradients. */
typedef struct {
  gfloat *r, *w, *k, *v, *kk, *b;
} Step;

static Step
step_of (const RnnRwkv7 *r, gfloat *rows, gint row)
{
  gsize E = (gsize) r->n;
  gfloat *at = rows + (gsize) row * 6 * E;

  return (Step) { at, at + E, at + 2 * E, at + 3 * E, at + 4 * E, at + 5 * E };
}

static const gfloat *
v_first_of (const RnnRwkv7Areas *s, gint row)
{
  return s->shift.run->x + (gsize) row * s->shift.ld + s->shift.n;
}

/* kk, k' and b of a step */
static void
make_keys (const RnnRwkv7 *r, const RnnRwkv7Areas *s, gint row, const Step *x)
{
  const RnnKernels *k = rnn_kernels ();
  gint E = r->n, n = r->wkv.size;
  const gfloat *key = s->key + (gsize) row * E, *a = s->a + (gsize) row * E;

  k->mul (E, key, r->k_k->data, x->kk);
  for (gint h = 0; h < r->wkv.heads; h++) {
    gfloat *kk = x->kk + h * n, *len = s->len + (gsize) row * r->wkv.heads + h;

    *len = MAX (sqrtf (k->dot (n, kk, kk)), 1e-12f);
    k->scale (n, 1 / *len, kk);
  }
  for (gint i = 0; i < E; i++)
    x->k[i] = key[i] * (1 + (a[i] - 1) * r->k_a->data[i]);
  k->mul (E, x->kk, a, x->b);
}

/* v towards v_first */
static void
move_value (const RnnRwkv7 *r, const RnnRwkv7Areas *s, gint row, const Step *x)
{
  const gfloat *first = v_first_of (s, row), *move = s->move + (gsize) row * r->n;

  memcpy (s->own + (gsize) row * r->n, x->v, (gsize) r->n * sizeof (gfloat));
  for (gint i = 0; i < r->n; i++)
    x->v[i] += (first[i] - x->v[i]) * move[i];
}

void
rnn_rwkv7_rows (const RnnRwkv7 *r, const RnnRwkv7Areas *s)
{
  for (gint row = 0; row < s->n; row++) {
    Step x = step_of (r, s->rows, row);

    memcpy (x.w, s->s + (gsize) row * r->n, (gsize) r->n * sizeof (gfloat));
    rnn_kernels ()->scale (r->n, -DECAY, x.w);
    rnn_kernels ()->exp (r->n, x.w, x.w);
    make_keys (r, s, row, &x);
    if (r->v_first == RNN_V_FIRST_TAKE)
      move_value (r, s, row, &x);
  }
}

/* r . k' r_k of head h */
static gfloat
bonus (const RnnRwkv7 *r, const Step *x, gint h)
{
  gfloat sum = 0;

  for (gint i = h * r->wkv.size; i < (h + 1) * r->wkv.size; i++)
    sum += x->r[i] * x->k[i] * r->r_k->data[i];
  return sum;
}

void
rnn_rwkv7_product (const RnnRwkv7 *r, const RnnRwkv7Areas *s)
{
  gint n = r->wkv.size;

  for (gint row = 0; row < s->n; row++) {
    Step x = step_of (r, s->rows, row);

    for (gint h = 0; h < r->wkv.heads; h++) {
      gfloat share = bonus (r, &x, h);
      gsize at = (gsize) row * r->n + (gsize) h * n;

      for (gint i = 0; i < n; i++)
        s->product[at + i] = (s->normed[at + i] + share * x.v[h * n + i]) * s->g[at + i];
    }
  }
}

/* ---- backward ---- */

void
rnn_rwkv7_product_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, const gfloat *dproduct)
{
  gint n = r->wkv.size;

  for (gint row = 0; row < s->n; row++) {
    Step x = step_of (r, s->rows, row);

    for (gint h = 0; h < r->wkv.heads; h++) {
      gfloat share = bonus (r, &x, h);
      gsize at = (gsize) row * r->n + (gsize) h * n;

      for (gint i = 0; i < n; i++) {
        s->dg[at + i] = dproduct[at + i] * (s->normed[at + i] + share * x.v[h * n + i]);
        s->dnormed[at + i] = dproduct[at + i] * s->g[at + i];
      }
    }
  }
}

/* The bonus' part of d r, d k', d v. */
static void
bonus_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, gint row, const Step *x, const Step *d, gfloat *dr_k)
{
  const gfloat *dnormed = s->dnormed + (gsize) row * r->n, *r_k = r->r_k->data;
  gint n = r->wkv.size;

  for (gint h = 0; h < r->wkv.heads; h++) {
    gfloat share = bonus (r, x, h), dshare = rnn_kernels ()->dot (n, dnormed + h * n, x->v + h * n);

    for (gint i = h * n; i < (h + 1) * n; i++) {
      d->v[i] += share * dnormed[i];
      d->r[i] += dshare * x->k[i] * r_k[i];
      d->k[i] += dshare * x->r[i] * r_k[i];
      dr_k[i] += dshare * x->r[i] * x->k[i];
    }
  }
}

/* From d k', d kk, d b to the gradients of W_k x_k (in d->k) and of a's pre-activation (in d->b). */
static void
keys_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, gint row, const Step *x, const Step *d, gfloat *dparam)
{
  const gfloat *key = s->key + (gsize) row * r->n, *a = s->a + (gsize) row * r->n;
  const gfloat *k_a = r->k_a->data, *k_k = r->k_k->data;
  gfloat *dk_a = dparam + r->k_a->offset, *dk_k = dparam + r->k_k->offset;
  gint n = r->wkv.size;

  rnn_kernels ()->fma (r->n, d->b, a, d->kk);
  for (gint h = 0; h < r->wkv.heads; h++) {
    gfloat len = s->len[(gsize) row * r->wkv.heads + h];
    gfloat along = len > 1e-12f ? rnn_kernels ()->dot (n, d->kk + h * n, x->kk + h * n) : 0;

    for (gint i = h * n; i < (h + 1) * n; i++) {
      gfloat dscaled = (d->kk[i] - x->kk[i] * along) / len;
      gfloat da = d->b[i] * x->kk[i] + d->k[i] * key[i] * k_a[i];

      dk_a[i] += d->k[i] * key[i] * (a[i] - 1);
      dk_k[i] += dscaled * key[i];
      d->k[i] = d->k[i] * (1 + (a[i] - 1) * k_a[i]) + dscaled * k_k[i];
      d->b[i] = da * a[i] * (1 - a[i]);
    }
  }
}

/* From d v to the gradients of W_v x_v (in d->v), of the move's pre-activation and of v_first. */
static void
move_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, gint row, const Step *d)
{
  gsize at = (gsize) row * r->n;
  const gfloat *first = v_first_of (s, row), *own = s->own + at, *move = s->move + at;
  gfloat *dfirst = s->shift.dx + (gsize) row * s->shift.ld + r->n;

  for (gint i = 0; i < r->n; i++) {
    s->dmove[at + i] = d->v[i] * (first[i] - own[i]) * move[i] * (1 - move[i]);
    dfirst[i] = d->v[i] * move[i];
    d->v[i] *= 1 - move[i];
  }
}

void
rnn_rwkv7_rows_back (const RnnRwkv7 *r, const RnnRwkv7Areas *s, const RnnGrad *grad)
{
  gint E = r->n;

  for (gint row = 0; row < s->n; row++) {
    Step x = step_of (r, s->rows, row), d = step_of (r, s->drows, row);
    const gfloat *rate = s->s + (gsize) row * E;

    bonus_back (r, s, row, &x, &d, grad->dparam + r->r_k->offset);
    keys_back (r, s, row, &x, &d, grad->dparam);
    for (gint i = 0; i < E; i++)
      d.w[i] *= -DECAY * x.w[i] * rate[i] * (1 - rate[i]);
    if (r->v_first == RNN_V_FIRST_GIVE)
      rnn_kernels ()->add (E, grad->dy + (gsize) row * 2 * E + E, d.v);
    if (r->v_first == RNN_V_FIRST_TAKE)
      move_back (r, s, row, &d);
  }
}
