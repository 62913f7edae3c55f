/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Quantised operators, computed in floats: what is quantised at run time stays as it is (scale 1, zero 0), so that products with
 * dequantised weights come out as they were meant. */
#include "net-work.h"

/* (w - zero) scale along @axis, or of all. */
static RnnNetValue *
dequantise (RnnNetCall *c, const RnnNetValue *w, const RnnNetValue *scale, const RnnNetValue *zero, gint64 wanted)
{
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  gint axis = rnn_net_axis (w, wanted);
  gint64 strides[RNN_NET_RANK], n;
  RnnNetValue *v;

  if ((scale && !rnn_net_is_constant (scale)) || (zero && !rnn_net_is_constant (zero)) || !rnn_net_is_constant (w)) {
    rnn_net_fail (c, "has a scale that the model computes");
    return NULL;
  }
  n = MAX (scale ? (gint64) scale->size : 1, zero ? (gint64) zero->size : 1);
  if ((n > 1 && (axis < 0 || w->dims[axis] != n)) || (scale && scale->size != 1 && scale->size != (gsize) n)
      || (zero && zero->size != 1 && zero->size != (gsize) n)) {
    rnn_net_fail (c, "has scales that do not fit its weights");
    return NULL;
  }
  if (!(v = rnn_net_value_like (c, &like, w->rank, w->dims)))
    return NULL;
  rnn_net_strides (w, strides);
  for (gsize i = 0; i < v->size; i++) {
    gsize k = n > 1 ? (gsize) ((gint64) i / strides[axis] % n) : 0;

    v->data[i].f = (rnn_net_number (w, i) - (zero ? rnn_net_number (zero, zero->size > 1 ? k : 0) : 0))
        * (scale ? rnn_net_number (scale, scale->size > 1 ? k : 0) : 1);
  }
  return v;
}

static gboolean
dequantize_linear (RnnNetCall *c)
{
  if (!rnn_net_need (c, 2))
    return FALSE;
  if (rnn_net_is_constant (c->in[0]))
    c->out[0] = dequantise (c, c->in[0], c->in[1], rnn_net_in (c, 2), rnn_net_node_int (c->node, "axis", 1));
  else
    c->out[0] = rnn_net_value_ref (c->in[0]);   /* was not quantised */
  return c->out[0] != NULL;
}

static gboolean
quantize_linear (RnnNetCall *c)
{
  if (!rnn_net_need (c, 2))
    return FALSE;
  if (rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "quantises a constant");
  c->out[0] = rnn_net_value_ref (c->in[0]);
  return TRUE;
}

static RnnNetValue *
scalar (RnnNetCall *c, RnnNetKind kind, gint number)
{
  RnnNetValue like = { .kind = kind };
  RnnNetValue *v = rnn_net_value_like (c, &like, 0, NULL);

  if (v && kind == RNN_NET_INT)
    v->data[0].i = number;
  else if (v)
    v->data[0].f = number;
  return v;
}

static gboolean
dynamic_quantize_linear (RnnNetCall *c)
{
  if (!rnn_net_need (c, 1) || rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "quantises a constant");
  c->out[0] = rnn_net_value_ref (c->in[0]);
  if (c->n_out > 1)
    c->out[1] = scalar (c, RNN_NET_FLOAT, 1);
  if (c->n_out > 2)
    c->out[2] = scalar (c, RNN_NET_INT, 0);
  return TRUE;
}

/* Calls another operator with inputs of its own. */
static gboolean
as_operator (RnnNetCall *c, const gchar *op, gint n_in, RnnNetValue **in)
{
  RnnNetNode node = *c->node;
  RnnNetCall inner = *c;

  node.op = (gchar *) op;
  inner.node = &node;
  inner.in = in;
  inner.n_in = n_in;
  return rnn_net_op_find (op)->func (&inner);
}

/* MatMulInteger, ConvInteger: inputs x, w, zero of x, zero of w. */
static gboolean
product_integer (RnnNetCall *c)
{
  gboolean conv = g_str_equal (c->node->op, "ConvInteger");
  g_autoptr (RnnNetValue) w = NULL;

  if (!rnn_net_need (c, 2) || !(w = dequantise (c, c->in[1], NULL, rnn_net_in (c, 3), conv ? 0 : -1)))
    return FALSE;
  return as_operator (c, conv ? "Conv" : "MatMul", 2, (RnnNetValue *[]) { c->in[0], w });
}

/* x, its scale and zero, w, its scale and zero, scale and zero of the answer. */
static gboolean
qlinear_product (RnnNetCall *c)
{
  gboolean conv = g_str_equal (c->node->op, "QLinearConv");
  RnnNetValue *b = rnn_net_in (c, 8);
  g_autoptr (RnnNetValue) w = NULL, bias = NULL;

  if (!rnn_net_need (c, 6) || !(w = dequantise (c, c->in[3], c->in[4], c->in[5], conv ? 0 : -1)))
    return FALSE;
  if (conv && b) {
    gdouble scale;

    if (!rnn_net_is_uniform (c->in[1], &scale) || !(bias = dequantise (c, b, c->in[4], NULL, 0)))
      return rnn_net_fail (c, "has a scale that the model computes");
    for (gsize i = 0; i < bias->size; i++)
      bias->data[i].f *= scale;
  }
  return as_operator (c, conv ? "Conv" : "MatMul", bias ? 3 : 2, (RnnNetValue *[]) { c->in[0], w, bias });
}

/* [D][n][rows] of bytes -> [D][rows][n] */
static RnnNetValue *
turned_weights (RnnNetCall *c, gint i, gint scale, gint zero)
{
  RnnNetValue *w = c->in[i], *s = rnn_net_in (c, scale), *z = rnn_net_in (c, zero);
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  g_autoptr (RnnNetValue) v = NULL;

  if (w->rank != 3 || !rnn_net_is_constant (w) || !s || !rnn_net_is_constant (s) || (z && !rnn_net_is_constant (z))
      || !s->size || w->dims[0] * w->dims[2] % (gint64) s->size || (z && (!z->size || w->dims[0] * w->dims[2] % (gint64) z->size))) {
    rnn_net_fail (c, "has weights or scales that do not fit");
    return NULL;
  }
  if (!(v = rnn_net_value_like (c, &like, 3, w->dims)))
    return NULL;
  for (gsize k = 0; k < w->size; k++) {
    gsize d = k / (gsize) (w->dims[1] * w->dims[2]), column = d * (gsize) w->dims[2] + k % (gsize) w->dims[2];
    gsize per_s = (gsize) (w->dims[0] * w->dims[2]) / s->size, per_z = z ? (gsize) (w->dims[0] * w->dims[2]) / z->size : 1;

    v->data[k].f = (rnn_net_number (w, k) - (z ? rnn_net_number (z, column / per_z) : 0)) * rnn_net_number (s, column / per_s);
  }
  return rnn_net_transpose (c, v, (const gint[]) { 0, 2, 1 });
}

/* ONNX Runtime's: LSTM's inputs, then scale and zero of W, scale and zero of R. */
static gboolean
dynamic_quantize_lstm (RnnNetCall *c)
{
  RnnNetValue *in[8] = { NULL };
  g_autoptr (RnnNetValue) w = NULL, r = NULL;

  if (!rnn_net_need (c, 3) || !(w = turned_weights (c, 1, 8, 9)) || !(r = turned_weights (c, 2, 10, 11)))
    return FALSE;
  for (gint i = 0; i < 8; i++)
    in[i] = rnn_net_in (c, i);
  in[1] = w;
  in[2] = r;
  return as_operator (c, "LSTM", 8, in);
}

const RnnNetOp rnn_net_ops_quantised[] = {
  { "DequantizeLinear", dequantize_linear }, { "QuantizeLinear", quantize_linear }, { "DynamicQuantizeLinear", dynamic_quantize_linear },
  { "MatMulInteger", product_integer }, { "ConvInteger", product_integer }, { "QLinearMatMul", qlinear_product },
  { "QLinearConv", qlinear_product }, { "DynamicQuantizeLSTM", dynamic_quantize_lstm }, { NULL }
};
