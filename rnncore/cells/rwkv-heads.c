/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The second half of RWKV-5's and 6's time mixing. */
#include "rwkv-heads.h"
#include "activation.h"
#include "container.h"
#include "../kernels/kernels.h"
#include <math.h>

#define HEAD_SIZE 64            /* of all published models */
#define MAX_HEAD_SIZE 1024      /* a head's state is its square */

RnnWkv
rnn_wkv_add (RnnCell *cell, gint n, gint heads, gfloat eps, const gchar *where, GError **error)
{
  json_t *norm;
  RnnCell *added;

  heads = heads ? heads : MAX (1, n / HEAD_SIZE);
  if (n / heads > MAX_HEAD_SIZE) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: heads of more than %d values", where, MAX_HEAD_SIZE);
    return (RnnWkv) { 0 };
  }
  norm = json_pack ("{ss ss si sf}", "cell", "norm", "name", "ln_x", "groups", heads, "eps", (gdouble) eps);
  added = rnn_container_add (cell, norm, n, where, error);
  json_decref (norm);
  return added ? (RnnWkv) { heads, n / heads, (gsize) n } : (RnnWkv) { 0 };
}

void
rnn_rwkv_init_decay (RnnParam *decay, RnnParam *first)
{
  for (gsize i = 0; i < decay->size; i++)
    decay->data[i] = -6 + 5 * powf ((gfloat) i / (gfloat) MAX (decay->size - 1, 1), 1.35f);
  for (gsize i = 0; i < first->size; i++)
    first->data[i] = 0.5f * (1 - (gfloat) i / (gfloat) first->size) + 0.1f * ((gint) (i + 1) % 3 - 1);
}

static gsize
width (const RnnRwkvHeads *h)
{
  return (gsize) h->wkv.heads * h->wkv.size;
}

gsize
rnn_rwkv_heads_tape (const RnnRwkvHeads *h)
{
  return 7 * width (h) + h->norm->n_tape;
}

gsize
rnn_rwkv_heads_scratch (const RnnRwkvHeads *h)
{
  return 7 * width (h) + MAX (h->norm->n_scratch, (gsize) h->wkv.size) + rnn_rwkv_heads_tape (h);
}

RnnRwkvArrays
rnn_rwkv_heads_begin (const RnnRwkvHeads *h, const RnnRun *run, gfloat **tape, gfloat **scratch)
{
  gsize n = (gsize) run->T * run->B, size = n * width (h);
  gfloat **keep = *tape ? tape : scratch;
  RnnRwkvArrays a;

  a.rows = rnn_take (keep, 4 * size);
  a.gate = rnn_take (keep, size);
  a.o = rnn_take (keep, size);
  a.normed = rnn_take (keep, size);
  a.norm_tape = *tape ? rnn_take (tape, n * h->norm->n_tape) : NULL;
  a.drows = rnn_take (scratch, 4 * size);
  a.dgate = rnn_take (scratch, size);
  a.dout = rnn_take (scratch, size);
  a.product = rnn_take (scratch, size);
  a.work = rnn_take (scratch, n * MAX (h->norm->n_scratch, (gsize) h->wkv.size));
  return a;
}

static RnnRun
norm_run (const RnnRun *run, const RnnRwkvArrays *a)
{
  return (RnnRun) { .T = run->T, .B = run->B, .x = a->o, .y = a->normed, .tape = a->norm_tape, .scratch = a->work };
}

static const RnnActivation silu = { .type = RNN_ACT_SILU };

/* product = normed silu (g) */
static void
gated (const RnnRwkvHeads *h, gint n, const RnnRwkvArrays *a)
{
  rnn_activate (&silu, n, a->gate, a->product);
  rnn_kernels ()->mul (n, a->product, a->normed, a->product);
}

void
rnn_rwkv_heads_forward (const RnnRwkvHeads *h, const RnnRun *run, const RnnRwkvArrays *a, const gfloat *u)
{
  gint E = (gint) width (h), rows = run->T * run->B;
  RnnRun norm = norm_run (run, a);

  rnn_wkv6_forward (&h->wkv, run, a->rows, u, a->o);
  h->norm->klass->forward (h->norm, &norm);
  if (h->gated)
    gated (h, rows * E, a);
  rnn_linear (h->output, rows, h->gated ? a->product : a->normed, E, run->y, E, FALSE);
}

void
rnn_rwkv_heads_backward (const RnnRwkvHeads *h, const RnnRun *run, const RnnGrad *grad, const RnnRwkvArrays *a,
    const gfloat *u, gfloat *du)
{
  const RnnKernels *k = rnn_kernels ();
  gint E = (gint) width (h), rows = run->T * run->B, size = rows * E;
  RnnRun norm = norm_run (run, a);

  if (h->gated)
    gated (h, size, a);
  rnn_linear_dw (h->output, rows, h->gated ? a->product : a->normed, E, grad->dy, E, grad->dparam);
  rnn_linear_dx (h->output, rows, grad->dy, E, a->dgate, E, FALSE);
  if (h->gated) {
    rnn_activate (&silu, size, a->gate, a->product);
    k->mul (size, a->dgate, a->product, a->product);            /* d normed */
    k->mul (size, a->dgate, a->normed, a->dgate);
    rnn_activate_grad (&silu, size, a->gate, NULL, a->dgate);
  }
  h->norm->klass->backward (h->norm, &norm,
      &(RnnGrad) { .dy = h->gated ? a->product : a->dgate, .dx = a->dout, .dparam = grad->dparam });
  rnn_wkv6_backward (&h->wkv, run, a->rows, u, a->dout, a->drows, du, grad->dstate, a->work);
}
