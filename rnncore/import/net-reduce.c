/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators that make one number of several: reductions, pooling; and softmax, which looks at several. */
#include "net-work.h"
#include <math.h>
#include <string.h>

static const struct {
  const gchar *op, *kind;       /* of the cell "reduce" */
} rows[] = {
  { "ReduceMean", "mean" }, { "ReduceSum", "sum" }, { "ReduceMax", "max" }, { "ReduceMin", "min" }, { "ReduceL2", "square" },
  { "ReduceSumSquare", "square" }, { "ReduceProd", NULL },
};

/* Which axes go: those of the node, or all. */
static gboolean
find_axes (RnnNetCall *c, const RnnNetValue *v, gboolean *gone, gint64 *width)
{
  gint64 axes[RNN_NET_RANK];
  gint n = rnn_net_ints (c, 1, "axes", axes, RNN_NET_RANK);

  if (n == -2)
    return FALSE;
  for (gint i = 0; i < v->rank; i++)
    gone[i] = n <= 0 && !rnn_net_node_int (c->node, "noop_with_empty_axes", 0);
  for (gint i = 0; i < n; i++) {
    gint axis = rnn_net_axis (v, axes[i]);

    if (axis < 0)
      return rnn_net_fail (c, "has an axis that its tensor has not");
    gone[axis] = TRUE;
  }
  *width = 1;
  for (gint i = 0; i < v->rank; i++)
    *width *= gone[i] ? v->dims[i] : 1;
  return TRUE;
}

/* The axes that go behind those that stay. */
static RnnNetValue *
bring_behind (RnnNetCall *c, const RnnNetValue *v, const gboolean *gone)
{
  gint perm[RNN_NET_RANK], n = 0;

  for (gint pass = 0; pass < 2; pass++)
    for (gint i = 0; i < v->rank; i++)
      if (gone[i] == (pass == 1))
        perm[n++] = i;
  return rnn_net_transpose (c, v, perm);
}

static gdouble
fold (const gchar *op, gint64 n, const RnnNetValue *v, gsize at)
{
  gdouble result = g_str_equal (op, "ReduceProd") ? 1 : g_str_equal (op, "ReduceMax") ? -INFINITY : g_str_equal (op, "ReduceMin")
      ? INFINITY : 0;

  for (gint64 i = 0; i < n; i++) {
    gdouble x = rnn_net_number (v, at + (gsize) i);

    if (g_str_equal (op, "ReduceProd"))
      result *= x;
    else if (g_str_equal (op, "ReduceMax"))
      result = MAX (result, x);
    else if (g_str_equal (op, "ReduceMin"))
      result = MIN (result, x);
    else
      result += g_str_equal (op, "ReduceMean") || g_str_equal (op, "ReduceSum") ? x : x * x;
  }
  return g_str_equal (op, "ReduceMean") ? result / n : g_str_equal (op, "ReduceL2") ? sqrt (result) : result;
}

/* What the steps so far make together; behind the last one, what the sequence does. */
static RnnNetValue *
over_time (RnnNetCall *c, const gchar *kind, const RnnNetValue *v)
{
  gint wire = rnn_net_emit (c, json_pack ("{ss ss}", "cell", "running", "kind", g_str_equal (kind, "square") ? "sum" : kind), (gint) v->size, 1,
      (const gint[]) { rnn_net_order (c, v) });

  return rnn_net_of_wire (c, wire, v->rank, v->dims, -1, TRUE);
}

/* Sums of squares are made of means of them. */
static RnnNetValue *
sum_squares (RnnNetCall *c, const RnnNetValue *mean, gint64 width)
{
  return width == 1 ? rnn_net_value_copy (c, mean) : rnn_net_activate (c, mean, "affine", (gdouble) width, 0);
}

/* @dims, time: of what remains.  @whole: the axis of time is one of those that go. */
static RnnNetValue *
reduce_wires (RnnNetCall *c, guint row, const RnnNetValue *v, gint64 width, gint rank, const gint64 *dims, gint time, gboolean whole)
{
  gint n = (gint) (v->size / (gsize) width), wire;
  gboolean squares;
  g_autoptr (RnnNetValue) part = NULL, sum = NULL;

  if (!rows[row].kind) {
    rnn_net_fail (c, "is not supported on what the model computes");
    return NULL;
  }
  wire = rnn_net_emit (c, json_pack ("{ss ss si}", "cell", "reduce", "kind", rows[row].kind, "width", (gint) width), n, 1,
      (const gint[]) { rnn_net_order (c, v) });
  squares = g_str_equal (rows[row].kind, "square");
  part = rnn_net_of_wire (c, wire, rank, dims, time, v->last);
  sum = !part ? NULL : squares ? sum_squares (c, part, width) : rnn_net_value_ref (part);
  if (sum && whole) {
    RnnNetValue *all = over_time (c, rows[row].kind, sum);

    rnn_net_value_unref (sum);
    sum = all;
  }
  return sum && g_str_equal (c->node->op, "ReduceL2") ? rnn_net_activate (c, sum, "sqrt", 0, 0) : g_steal_pointer (&sum);
}

static gboolean
reduce (RnnNetCall *c)
{
  gboolean gone[RNN_NET_RANK], keep = rnn_net_node_int (c->node, "keepdims", 1) != 0;
  gint64 dims[RNN_NET_RANK], width = 1;
  gint rank = 0, time = -1;
  g_autoptr (RnnNetValue) v = NULL;
  guint row = 0;

  while (!g_str_equal (rows[row].op, c->node->op))
    row++;
  if (!rnn_net_need (c, 1) || !find_axes (c, c->in[0], gone, &width) || !(v = bring_behind (c, c->in[0], gone)))
    return FALSE;
  if (v->size == 0)
    return rnn_net_fail (c, "makes a number of nothing");
  for (gint i = 0; i < c->in[0]->rank; i++)
    if (!gone[i] || keep) {
      time = i == c->in[0]->time ? rank : time;
      dims[rank++] = gone[i] ? 1 : c->in[0]->dims[i];
    }
  if (!rnn_net_is_constant (v)) {
    c->out[0] = reduce_wires (c, row, v, width, rank, dims, time, c->in[0]->time >= 0 && gone[c->in[0]->time]);
    return c->out[0] != NULL;
  }
  if (!(c->out[0] = rnn_net_value_like (c, v, rank, dims)))
    return FALSE;
  for (gsize i = 0; i < c->out[0]->size; i++)
    if (v->kind == RNN_NET_INT)
      c->out[0]->data[i].i = (gint64) fold (c->node->op, width, v, i * (gsize) width);
    else
      c->out[0]->data[i].f = fold (c->node->op, width, v, i * (gsize) width);
  return TRUE;
}

/* ---- pooling over axes within a step ---- */

typedef struct {
  gint64 kernel, stride, dilation, before, after, out;
} PoolAxis;

static gboolean
pool_axes (RnnNetCall *c, const RnnNetValue *x, gint n, PoolAxis *axes)
{
  const RnnNetAttribute *kernel = rnn_net_node_find (c->node, "kernel_shape"), *strides = rnn_net_node_find (c->node, "strides");
  const RnnNetAttribute *pads = rnn_net_node_find (c->node, "pads"), *dilations = rnn_net_node_find (c->node, "dilations");
  const gchar *mode = rnn_net_node_string (c->node, "auto_pad", "NOTSET");

  if (!kernel || !kernel->ints || kernel->n != (gsize) n || (!g_str_equal (mode, "NOTSET") && !g_str_equal (mode, "VALID")))
    return rnn_net_fail (c, "has a kernel or padding that is not supported");
  for (gint i = 0; i < n; i++) {
    PoolAxis *a = &axes[i];

    a->kernel = kernel->ints[i];
    a->stride = strides && strides->ints && strides->n == (gsize) n ? strides->ints[i] : 1;
    a->dilation = dilations && dilations->ints && dilations->n == (gsize) n ? dilations->ints[i] : 1;
    a->before = pads && pads->ints && pads->n == (gsize) (2 * n) ? pads->ints[i] : 0;
    a->after = pads && pads->ints && pads->n == (gsize) (2 * n) ? pads->ints[i + n] : 0;
    if (a->kernel < 1 || a->stride < 1 || a->before || a->after || a->kernel > x->dims[2 + i] || a->dilation < 1
        || a->dilation > x->dims[2 + i] || (a->kernel - 1) * a->dilation >= x->dims[2 + i] || (x->time == 2 + i && a->dilation > 1)
        || (x->time == 2 + i && (a->kernel != a->stride || x->dims[2 + i] % a->stride))) {
      if (x->time == 2 + i && a->stride > 1 && a->stride <= 64)
        c->work->wanted = c->work->unit * (gint) a->stride;
      return rnn_net_fail (c, "has windows that are not supported: with padding, or overlapping along the sequence");
    }
    a->out = (x->dims[2 + i] - (a->kernel - 1) * a->dilation - 1) / a->stride + 1;
  }
  return TRUE;
}

/* [N][C][positions...][window] */
static RnnNetValue *
take_windows (RnnNetCall *c, const RnnNetValue *x, gint n, const PoolAxis *axes)
{
  RnnNetCopy copy = { .rank = 2 + 2 * n, .from = x->data };
  gint64 strides[RNN_NET_RANK];
  RnnNetValue *v;

  rnn_net_strides (x, strides);
  for (gint i = 0; i < 2 + n; i++) {
    copy.dims[i] = i < 2 ? x->dims[i] : axes[i - 2].out;
    copy.from_strides[i] = strides[i] * (i < 2 ? 1 : axes[i - 2].stride);
  }
  for (gint i = 0; i < n; i++) {
    copy.dims[2 + n + i] = axes[i].kernel;
    copy.from_strides[2 + n + i] = strides[2 + i] * axes[i].dilation;
  }
  if (!(v = rnn_net_value_like (c, x, copy.rank, copy.dims)))
    return NULL;
  copy.to = v->data;
  rnn_net_strides (v, copy.to_strides);
  rnn_net_copy (&copy);
  return v;
}

static gboolean
pool (RnnNetCall *c)
{
  gboolean most = g_str_equal (c->node->op, "MaxPool");
  PoolAxis axes[2];
  RnnNetValue *x;
  g_autoptr (RnnNetValue) v = NULL;
  gint64 dims[RNN_NET_RANK], width = 1;
  gint n;

  if (!rnn_net_need (c, 1))
    return FALSE;
  x = c->in[0];
  n = x->rank - 2;
  if (n < 1 || n > 2 || rnn_net_is_constant (x) || rnn_net_node_int (c->node, "ceil_mode", 0))
    return rnn_net_fail (c, "is supported over one or two axes");
  if (!pool_axes (c, x, n, axes) || !(v = take_windows (c, x, n, axes)))
    return FALSE;
  for (gint i = 0; i < 2 + n; i++)
    dims[i] = v->dims[i];
  for (gint i = 0; i < n; i++)
    width *= axes[i].kernel;
  c->out[0] = reduce_wires (c, most ? 2 : 0, v, width, 2 + n, dims, x->time, FALSE);
  return c->out[0] != NULL;
}

static gboolean
global_pool (RnnNetCall *c)
{
  gboolean gone[RNN_NET_RANK] = { FALSE };
  gint64 dims[RNN_NET_RANK], width = 1;
  gboolean whole;
  g_autoptr (RnnNetValue) v = NULL;

  if (!rnn_net_need (c, 1) || rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "pools a constant");
  for (gint i = 0; i < c->in[0]->rank; i++) {
    gone[i] = i >= 2;
    dims[i] = gone[i] ? 1 : c->in[0]->dims[i];
    width *= gone[i] ? c->in[0]->dims[i] : 1;
  }
  if (!width || !(v = bring_behind (c, c->in[0], gone)))
    return FALSE;
  whole = c->in[0]->time >= 2;
  c->out[0] = reduce_wires (c, g_str_equal (c->node->op, "GlobalMaxPool") ? 2 : 0, v, width, c->in[0]->rank, dims, whole ? -1 : c->in[0]->time,
      whole);
  return c->out[0] != NULL;
}

/* ---- softmax ---- */

static gboolean
softmax (RnnNetCall *c)
{
  gboolean logarithm = g_str_equal (c->node->op, "LogSoftmax"), old = c->work->opset < 13, gone[RNN_NET_RANK] = { FALSE };
  g_autoptr (RnnNetValue) v = NULL, y = NULL;
  gint perm[RNN_NET_RANK], axis, n = 0;
  gint64 width = 1;

  if (!rnn_net_need (c, 1) || rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "is of a constant");
  if ((axis = rnn_net_axis (c->in[0], rnn_net_node_int (c->node, "axis", old ? 1 : -1))) < 0)
    return rnn_net_fail (c, "has an axis that its tensor has not");
  for (gint i = 0; i < c->in[0]->rank; i++) {
    gone[i] = old ? i >= axis : i == axis;
    width *= gone[i] ? c->in[0]->dims[i] : 1;
    if (gone[i] && i == c->in[0]->time)
      return rnn_net_fail (c, "looks at the whole sequence at once");
  }
  if (!width || !(v = bring_behind (c, c->in[0], gone)))
    return FALSE;
  y = rnn_net_of_wire (c, rnn_net_emit (c, rnn_net_each (json_pack ("{ss sb}", "cell", "softmax", "log", logarithm),
              (gint) (v->size / (gsize) width)), (gint) v->size, 1, (const gint[]) { rnn_net_order (c, v) }), v->rank, v->dims, v->time, v->last);
  for (gint pass = 0; pass < 2; pass++)
    for (gint i = 0; i < v->rank; i++)
      if (gone[i] == (pass == 1))
        perm[i] = n++;
  c->out[0] = y ? rnn_net_transpose (c, y, perm) : NULL;
  return c->out[0] != NULL;
}

/* Values, and their places as numbers. */
static gboolean
top_k (RnnNetCall *c)
{
  gint64 k[1], dims[RNN_NET_RANK], n;
  gint axis, perm[RNN_NET_RANK], back[RNN_NET_RANK], count = 0, wire, half;
  g_autoptr (RnnNetValue) v = NULL;

  if (rnn_net_ints (c, 1, "k", k, 1) != 1 || !rnn_net_need (c, 1) || rnn_net_is_constant (c->in[0])
      || (axis = rnn_net_axis (c->in[0], rnn_net_node_int (c->node, "axis", -1))) < 0 || axis == c->in[0]->time)
    return rnn_net_fail (c, "has an axis that its tensor has not, or a k that is no constant");
  for (gint i = 0; i < c->in[0]->rank; i++)
    if (i != axis)
      perm[count++] = i;
  perm[count] = axis;
  for (gint i = 0; i < c->in[0]->rank; i++)
    back[perm[i]] = i;
  if (!(v = rnn_net_transpose (c, c->in[0], perm)))
    return FALSE;
  n = v->dims[v->rank - 1];
  if (k[0] < 1 || k[0] > n || k[0] > 65536)
    return rnn_net_fail (c, "wants more than there is");
  memcpy (dims, v->dims, sizeof (dims));
  dims[v->rank - 1] = k[0];
  half = (gint) ((gint64) v->size / n * k[0]);
  wire = rnn_net_emit (c, json_pack ("{ss si si sb}", "cell", "topk", "k", (gint) k[0], "width", (gint) n, "smallest",
          !rnn_net_node_int (c->node, "largest", 1)), 2 * half, 1, (const gint[]) { rnn_net_order (c, v) });
  for (gint i = 0; i < MIN (c->n_out, 2); i++) {
    g_autoptr (RnnNetValue) y = rnn_net_of_wire (c, wire, v->rank, dims, v->time, v->last);

    for (gsize e = 0; y && e < y->size; e++)
      y->data[e].ref.at += i * half;
    if (!y || !(c->out[i] = rnn_net_transpose (c, y, back)))
      return FALSE;
    c->out[i]->integer = i == 1;
  }
  return TRUE;
}

const RnnNetOp rnn_net_ops_reduce[] = {
#define R(name) { name, reduce }
  R ("ReduceMean"), R ("ReduceSum"), R ("ReduceMax"), R ("ReduceMin"), R ("ReduceL2"), R ("ReduceSumSquare"), R ("ReduceProd"),
  { "MaxPool", pool }, { "AveragePool", pool }, { "GlobalAveragePool", global_pool }, { "GlobalMaxPool", global_pool },
  { "Softmax", softmax }, { "LogSoftmax", softmax },
  { "TopK", top_k }, { NULL }
};
