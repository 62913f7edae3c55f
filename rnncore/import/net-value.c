/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements of tensors and how they are moved: by strides, constants and places in wires alike. */
#include "net-work.h"
#include "base/error.h"
#include <string.h>

gboolean
rnn_net_fail (RnnNetCall *call, const gchar *format, ...)
{
  const RnnNetNode *n = call->node;
  const gchar *name = n->name && *n->name ? n->name : n->outputs[0] ? n->outputs[0] : "";
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  if (!call->error || !*call->error)
    g_set_error (call->error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: node \"%.200s\" (%.80s) %s", call->work->where, name, n->op, reason);
  return FALSE;
}

/* ---- asking ---- */

RnnNetValue *
rnn_net_in (const RnnNetCall *call, gint i)
{
  return i < call->n_in ? call->in[i] : NULL;
}

gboolean
rnn_net_need (RnnNetCall *call, gint n)
{
  for (gint i = 0; i < n; i++)
    if (!rnn_net_in (call, i))
      return rnn_net_fail (call, "has no input %d", i);
  return TRUE;
}

gdouble
rnn_net_number (const RnnNetValue *value, gsize i)
{
  return value->kind == RNN_NET_INT ? (gdouble) value->data[i].i : value->data[i].f;
}

gint
rnn_net_ints (RnnNetCall *call, gint i, const gchar *name, gint64 *numbers, gint most)
{
  const RnnNetAttribute *a = name ? rnn_net_node_find (call->node, name) : NULL;
  const RnnNetValue *v = rnn_net_in (call, i);
  gsize n = a && a->ints ? a->n : v ? v->size : 0;

  if (!(a && a->ints) && !v)
    return -1;
  if (v && !(a && a->ints) && (!rnn_net_is_constant (v) || v->kind != RNN_NET_INT)) {
    rnn_net_fail (call, "takes input %d from what the model computes; only constants can be used there", i);
    return -2;
  }
  if (n > (gsize) most) {
    rnn_net_fail (call, "has %" G_GSIZE_FORMAT " numbers where at most %d make sense", n, most);
    return -2;
  }
  for (gsize k = 0; k < n; k++)
    numbers[k] = a && a->ints ? a->ints[k] : v->data[k].i;
  return (gint) n;
}

RnnNetValue *
rnn_net_value_like (RnnNetCall *call, const RnnNetValue *like, gint rank, const gint64 *dims)
{
  RnnNetValue *v = call->work->spent > rnn_net_most () ? NULL : rnn_net_value_new (like->kind, rank, dims, NULL);

  if (v && call->work->spent + v->size > rnn_net_most ())
    g_clear_pointer (&v, rnn_net_value_unref);
  if (!v) {
    rnn_net_fail (call, "makes a tensor of more than %d dimensions, or is one too many: of all together %" G_GSIZE_FORMAT " elements", RNN_NET_RANK,
        rnn_net_most ());
    return NULL;
  }
  call->work->spent += v->size;
  v->integer = like->integer;
  v->last = like->last;
  for (gsize i = 0; v->kind == RNN_NET_WIRES && i < v->size; i++)
    v->data[i].ref.wire = -1;
  return v;
}

static void
take_beside (RnnNetValue *v, const RnnNetValue *from)
{
  v->before = from->before;
  v->after = from->after;
  v->zeros = from->zeros;
}

RnnNetValue *
rnn_net_value_copy (RnnNetCall *call, const RnnNetValue *value)
{
  RnnNetValue *v = rnn_net_value_like (call, value, value->rank, value->dims);

  if (!v)
    return NULL;
  v->time = value->time;
  take_beside (v, value);
  memcpy (v->data, value->data, value->size * sizeof (RnnNetElement));
  return v;
}

gint
rnn_net_axis (const RnnNetValue *value, gint64 axis)
{
  axis += axis < 0 ? value->rank : 0;
  return axis < 0 || axis >= value->rank ? -1 : (gint) axis;
}

void
rnn_net_strides (const RnnNetValue *value, gint64 *strides)
{
  gint64 stride = 1;

  for (gint i = value->rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= value->dims[i];
  }
}

gint64
rnn_net_real_dim (const RnnNetValue *value, gint axis)
{
  return axis == value->time ? value->dims[axis] * RNN_NET_STEPS + value->before + value->after : value->dims[axis];
}

gboolean
rnn_net_is_uniform (const RnnNetValue *value, gdouble *number)
{
  if (!rnn_net_is_constant (value) || !value->size)
    return FALSE;
  for (gsize i = 1; i < value->size; i++)
    if (value->data[i].i != value->data[0].i)
      return FALSE;
  *number = rnn_net_number (value, 0);
  return TRUE;
}

/* ---- moving ---- */

static void
copy_axis (const RnnNetCopy *c, gint axis, const RnnNetElement *from, RnnNetElement *to)
{
  if (axis >= MIN (c->rank, RNN_NET_RANK)) {
    *to = *from;
    return;
  }
  for (gint64 i = 0; i < c->dims[axis]; i++, from += c->from_strides[axis], to += c->to_strides[axis])
    copy_axis (c, axis + 1, from, to);
}

void
rnn_net_copy (const RnnNetCopy *copy)
{
  copy_axis (copy, 0, copy->from, copy->to);
}

RnnNetValue *
rnn_net_transpose (RnnNetCall *call, const RnnNetValue *value, const gint *perm)
{
  RnnNetCopy copy = { .rank = value->rank, .from = value->data };
  gint64 strides[RNN_NET_RANK];
  RnnNetValue *v;

  rnn_net_strides (value, strides);
  for (gint i = 0; i < value->rank; i++) {
    copy.dims[i] = value->dims[perm[i]];
    copy.from_strides[i] = strides[perm[i]];
  }
  if (!(v = rnn_net_value_like (call, value, value->rank, copy.dims)))
    return NULL;
  for (gint i = 0; i < value->rank; i++)
    if (perm[i] == value->time)
      v->time = i;
  take_beside (v, value);
  copy.to = v->data;
  rnn_net_strides (v, copy.to_strides);
  rnn_net_copy (&copy);
  return v;
}

/* Product of real dims before axis n. */
static gint64
product (gint n, const gint64 *dims)
{
  gint64 p = 1;

  for (gint i = 0; i < n; i++)
    p = dims[i] && p > G_MAXINT64 / 4 / MAX (dims[i], 1) ? 0 : p * dims[i];
  return p;
}

/* Puts what remains of @total in place of a dimension of -1. */
static gboolean
complete (gint rank, gint64 *dims, gint64 total)
{
  gint64 known = 1;
  gint open = -1;

  for (gint i = 0; i < rank; i++)
    if (dims[i] == -1 && open < 0)
      open = i;
    else if (dims[i] < 0 || (dims[i] && known > G_MAXINT64 / 4 / dims[i]))
      return FALSE;
    else
      known *= dims[i];
  if (open >= 0)
    dims[open] = known ? total / known : 0;
  return known && total == known * (open >= 0 ? dims[open] : 1);
}

RnnNetValue *
rnn_net_reshape (RnnNetCall *call, const RnnNetValue *value, gint rank, const gint64 *wanted)
{
  gint64 real[RNN_NET_RANK], dims[RNN_NET_RANK];
  gint time = -1;
  RnnNetValue *v;

  for (gint i = 0; i < value->rank; i++)
    real[i] = rnn_net_real_dim (value, i);
  memcpy (dims, wanted, (gsize) MAX (rank, 0) * sizeof (gint64));
  if (rank > RNN_NET_RANK || (value->size && !complete (rank, dims, product (value->rank, real)))) {
    rnn_net_fail (call, "wants %" G_GSIZE_FORMAT " elements in a shape that has others", value->size);
    return NULL;
  }
  for (gint i = 0; value->time >= 0 && i < rank && time < 0; i++)
    if (rnn_net_has_beside (value) ? dims[i] == real[value->time] : dims[i] && dims[i] % RNN_NET_STEPS == 0) {
      time = i;
      dims[i] = rnn_net_has_beside (value) ? value->dims[value->time] : dims[i] / RNN_NET_STEPS;
    }
  if (value->time >= 0 && (time < 0 || product (time, dims) != product (value->time, value->dims))) {
    rnn_net_fail (call, "mixes steps of the sequence with other dimensions");
    return NULL;
  }
  if (!(v = rnn_net_value_like (call, value, rank, dims)))
    return NULL;
  v->time = time;
  take_beside (v, value);
  memcpy (v->data, value->data, MIN (value->size, v->size) * sizeof (RnnNetElement));
  return v;
}

RnnNetValue *
rnn_net_expand (RnnNetCall *call, const RnnNetValue *value, const RnnNetValue *shape)
{
  RnnNetCopy copy = { .rank = shape->rank, .from = value->data };
  RnnNetValue *v = rnn_net_value_like (call, value, shape->rank, shape->dims);
  gint64 strides[RNN_NET_RANK];
  gint missing = shape->rank - value->rank;

  if (!v)
    return NULL;
  rnn_net_strides (value, strides);
  for (gint i = 0; i < shape->rank; i++) {
    copy.dims[i] = shape->dims[i];
    copy.from_strides[i] = i < missing || value->dims[i - missing] == 1 ? 0 : strides[i - missing];
  }
  v->time = value->time >= 0 ? value->time + missing : -1;
  copy.to = v->data;
  rnn_net_strides (v, copy.to_strides);
  if (v->size)
    rnn_net_copy (&copy);
  return v;
}

/* The shape that both have together: @shape's dims and axis of time. */
static gboolean
join_shapes (RnnNetCall *call, const RnnNetValue *a, const RnnNetValue *b, RnnNetValue *shape)
{
  shape->rank = MAX (a->rank, b->rank);
  shape->time = -1;
  for (gint i = 0; i < shape->rank; i++) {
    gint ia = i - (shape->rank - a->rank), ib = i - (shape->rank - b->rank);
    gint64 da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];
    gboolean ta = ia >= 0 && ia == a->time, tb = ib >= 0 && ib == b->time;

    if (ta || tb)
      shape->time = i;
    if ((da != db || ta != tb) && !(da == 1 && !ta) && !(db == 1 && !tb))
      return rnn_net_fail (call, ta != tb ? "joins steps of the sequence with something of a fixed length" : "joins shapes that do not fit");
    shape->dims[i] = ta || (da != 1 && !tb) ? da : db;
  }
  if (shape->time >= 0 && (a->last || b->last))
    return rnn_net_fail (call, "needs the whole sequence before its first step; only models that answer step by step, or by their last "
        "step, are supported");
  return TRUE;
}

gboolean
rnn_net_broadcast (RnnNetCall *call, RnnNetValue **a, RnnNetValue **b)
{
  RnnNetValue shape = { .n_refs = 1 }, *big_a, *big_b;

  if (!join_shapes (call, *a, *b, &shape) || !(big_a = rnn_net_expand (call, *a, &shape)))
    return FALSE;
  if (!(big_b = rnn_net_expand (call, *b, &shape))) {
    rnn_net_value_unref (big_a);
    return FALSE;
  }
  if (rnn_net_is_constant (*a) == rnn_net_is_constant (*b))
    big_a->time = big_b->time = shape.time;
  *a = big_a;
  *b = big_b;
  return TRUE;
}
