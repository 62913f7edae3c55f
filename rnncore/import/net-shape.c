/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators that ask for or change a tensor's shape, and those that only make constants. */
#include "net-work.h"
#include <math.h>
#include <string.h>

static gboolean
pass (RnnNetCall *c)
{
  if (!rnn_net_need (c, 1))
    return FALSE;
  c->out[0] = rnn_net_value_ref (c->in[0]);
  return TRUE;
}

static gboolean
reshape (RnnNetCall *c)
{
  gint64 dims[RNN_NET_RANK];
  gint n = rnn_net_ints (c, 1, "shape", dims, RNN_NET_RANK);

  if (n < 0 || !rnn_net_need (c, 1))
    return n == -2 ? FALSE : rnn_net_fail (c, "has no shape");
  for (gint i = 0; i < n; i++)
    if (dims[i] == 0 && i < c->in[0]->rank && !rnn_net_node_int (c->node, "allowzero", 0))
      dims[i] = rnn_net_real_dim (c->in[0], i);
  c->out[0] = rnn_net_reshape (c, c->in[0], n, dims);
  return c->out[0] != NULL;
}

/* Marks the axes, which count in a tensor of @rank dimensions. */
static gboolean
mark_axes (RnnNetCall *c, gint n, const gint64 *axes, gint rank, gboolean *marked)
{
  for (gint i = 0; i < n; i++) {
    gint64 axis = axes[i] + (axes[i] < 0 ? rank : 0);

    if (axis < 0 || axis >= rank)
      return rnn_net_fail (c, "has an axis that its tensor has not");
    marked[axis] = TRUE;
  }
  return TRUE;
}

static gboolean
squeeze (RnnNetCall *c)
{
  gint64 axes[RNN_NET_RANK], dims[RNN_NET_RANK];
  gboolean marked[RNN_NET_RANK] = { FALSE };
  gint n = rnn_net_ints (c, 1, "axes", axes, RNN_NET_RANK), rank = 0;

  if (n == -2 || !rnn_net_need (c, 1) || !mark_axes (c, n, axes, c->in[0]->rank, marked))
    return FALSE;
  for (gint i = 0; i < c->in[0]->rank; i++)
    if (!marked[i] && !(n == -1 && rnn_net_real_dim (c->in[0], i) == 1))
      dims[rank++] = rnn_net_real_dim (c->in[0], i);
  c->out[0] = rnn_net_reshape (c, c->in[0], rank, dims);
  return c->out[0] != NULL;
}

static gboolean
unsqueeze (RnnNetCall *c)
{
  gint64 axes[RNN_NET_RANK], dims[RNN_NET_RANK];
  gboolean marked[RNN_NET_RANK] = { FALSE };
  gint n = rnn_net_ints (c, 1, "axes", axes, RNN_NET_RANK), rank, from = 0;

  if (n < 0 || !rnn_net_need (c, 1))
    return n == -2 ? FALSE : rnn_net_fail (c, "has no axes");
  rank = c->in[0]->rank + n;
  if (rank > RNN_NET_RANK)
    return rnn_net_fail (c, "makes more than %d dimensions", RNN_NET_RANK);
  if (!mark_axes (c, n, axes, rank, marked))
    return FALSE;
  for (gint i = 0; i < rank; i++)
    dims[i] = marked[i] || from >= c->in[0]->rank ? 1 : rnn_net_real_dim (c->in[0], from++);
  c->out[0] = rnn_net_reshape (c, c->in[0], rank, dims);
  return c->out[0] != NULL;
}

static gboolean
flatten (RnnNetCall *c)
{
  gint64 axis = rnn_net_node_int (c->node, "axis", 1), dims[2] = { 1, 1 };

  if (!rnn_net_need (c, 1))
    return FALSE;
  axis += axis < 0 ? c->in[0]->rank : 0;
  for (gint i = 0; i < c->in[0]->rank; i++)
    dims[i >= axis] *= rnn_net_real_dim (c->in[0], i);
  c->out[0] = rnn_net_reshape (c, c->in[0], 2, dims);
  return c->out[0] != NULL;
}

/* ---- asking ---- */

static RnnNetValue *
new_ints (RnnNetCall *c, gint rank, const gint64 *dims)
{
  RnnNetValue like = { .kind = RNN_NET_INT };

  return rnn_net_value_like (c, &like, rank, dims);
}

static gboolean
shape (RnnNetCall *c)
{
  gint64 n;

  if (!rnn_net_need (c, 1))
    return FALSE;
  n = c->in[0]->rank;
  if (!(c->out[0] = new_ints (c, 1, &n)))
    return FALSE;
  for (gint i = 0; i < n; i++)
    c->out[0]->data[i].i = rnn_net_real_dim (c->in[0], i);
  return TRUE;
}

static gboolean
size (RnnNetCall *c)
{
  if (!rnn_net_need (c, 1) || !(c->out[0] = new_ints (c, 0, NULL)))
    return FALSE;
  c->out[0]->data[0].i = (gint64) c->in[0]->size * (c->in[0]->time >= 0 ? RNN_NET_STEPS : 1);
  return TRUE;
}

/* ---- types ---- */

enum { TO_FLOAT = 1, TO_BOOL = 9, TO_HALF = 10, TO_DOUBLE = 11, TO_BF16 = 16 };

static gboolean
cast_constant (RnnNetCall *c, gboolean integer, gboolean truth)
{
  RnnNetValue like = { .kind = integer ? RNN_NET_INT : RNN_NET_FLOAT };
  RnnNetValue *v = rnn_net_value_like (c, &like, c->in[0]->rank, c->in[0]->dims);

  if (!v)
    return FALSE;
  for (gsize i = 0; i < v->size; i++) {
    gdouble x = rnn_net_number (c->in[0], i);

    if (!integer)
      v->data[i].f = x;
    else if (truth)
      v->data[i].i = x != 0;
    else
      v->data[i].i = c->in[0]->kind == RNN_NET_INT ? c->in[0]->data[i].i : fabs (x) < 9e18 ? (gint64) x : 0;
  }
  c->out[0] = v;
  return TRUE;
}

static gboolean
cast (RnnNetCall *c)
{
  gint64 to = rnn_net_node_int (c->node, "to", TO_FLOAT);
  gboolean integer = to != TO_FLOAT && to != TO_HALF && to != TO_DOUBLE && to != TO_BF16;

  if (!rnn_net_need (c, 1))
    return FALSE;
  if (rnn_net_is_constant (c->in[0]))
    return cast_constant (c, integer, to == TO_BOOL);
  if (integer && !c->in[0]->integer)
    return rnn_net_fail (c, "makes whole numbers of what the model computes");
  return pass (c);
}

/* ---- constants ---- */

static gboolean
constant (RnnNetCall *c)
{
  static const gchar *const names[] = { "value", "value_float", "value_int", "value_floats", "value_ints" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const RnnNetAttribute *a = rnn_net_node_find (c->node, names[i]);
    RnnNetValue like = { .kind = a && a->floats ? RNN_NET_FLOAT : RNN_NET_INT };
    gint64 n = a ? (gint64) a->n : 0;

    if (a && a->tensor)
      return (c->out[0] = rnn_net_value_ref (a->tensor)) != NULL;
    if (!a || (!a->ints && !a->floats))
      continue;
    if (!(c->out[0] = rnn_net_value_like (c, &like, i > 2, &n)))
      return FALSE;
    for (gint64 k = 0; k < n; k++)
      if (a->floats)
        c->out[0]->data[k].f = a->floats[k];
      else
        c->out[0]->data[k].i = a->ints[k];
    return TRUE;
  }
  return rnn_net_fail (c, "holds nothing that is a number");
}

static gboolean
constant_of_shape (RnnNetCall *c)
{
  gint64 dims[RNN_NET_RANK];
  gint n = rnn_net_ints (c, 0, NULL, dims, RNN_NET_RANK);
  const RnnNetAttribute *a = rnn_net_node_find (c->node, "value");
  RnnNetValue like = { .kind = a && a->tensor ? a->tensor->kind : RNN_NET_FLOAT };

  if (n < 0)
    return n == -2 ? FALSE : rnn_net_fail (c, "has no shape");
  for (gint i = 0; i < n; i++)
    if (dims[i] && dims[i] % RNN_NET_STEPS == 0)
      return rnn_net_fail (c, "makes a constant as long as the sequence");
  if (!(c->out[0] = rnn_net_value_like (c, &like, n, dims)))
    return FALSE;
  for (gsize i = 0; a && a->tensor && a->tensor->size && i < c->out[0]->size; i++)
    c->out[0]->data[i] = a->tensor->data[0];
  return TRUE;
}

static gboolean
range (RnnNetCall *c)
{
  gdouble start, limit, delta;
  gint64 n;

  if (!rnn_net_need (c, 3))
    return FALSE;
  for (gint i = 0; i < 3; i++)
    if (!rnn_net_is_constant (c->in[i]) || !c->in[i]->size)
      return rnn_net_fail (c, "counts to what the model computes");
  start = rnn_net_number (c->in[0], 0);
  limit = rnn_net_number (c->in[1], 0);
  delta = rnn_net_number (c->in[2], 0);
  n = delta != 0 && fabs ((limit - start) / delta) < rnn_net_most () ? (gint64) MAX (ceil ((limit - start) / delta), 0) : -1;
  if (n < 0 || n % RNN_NET_STEPS == 0)
    return n == 0 ? (c->out[0] = rnn_net_value_like (c, c->in[0], 1, &n)) != NULL : rnn_net_fail (c, "counts too far");
  if (!(c->out[0] = rnn_net_value_like (c, c->in[0], 1, &n)))
    return FALSE;
  for (gint64 i = 0; i < n; i++)
    if (c->in[0]->kind == RNN_NET_INT)
      c->out[0]->data[i].i = (gint64) (start + i * delta);
    else
      c->out[0]->data[i].f = start + i * delta;
  return TRUE;
}

const RnnNetOp rnn_net_ops_shape[] = {
  { "Identity", pass }, { "Dropout", pass }, { "Reshape", reshape }, { "Squeeze", squeeze }, { "Unsqueeze", unsqueeze },
  { "Flatten", flatten }, { "Shape", shape }, { "Size", size }, { "Cast", cast }, { "Constant", constant },
  { "ConstantOfShape", constant_of_shape }, { "Range", range }, { NULL }
};
