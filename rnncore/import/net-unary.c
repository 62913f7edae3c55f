/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of one tensor, element by element: activations, of constants and of wires. */
#include "net-work.h"
#include "cells/activation.h"
#include <math.h>

/* ONNX's name, ours, and where alpha and beta are. */
static const struct {
  const gchar *op, *activation, *alpha, *beta;
  gdouble alpha_default, beta_default;
} rows[] = {
  { "Relu", "relu" }, { "Sigmoid", "sigmoid" }, { "Tanh", "tanh" }, { "Softplus", "softplus" }, { "Softsign", "softsign" },
  { "LeakyRelu", "leakyrelu", "alpha", NULL, 0.01 }, { "Elu", "elu", "alpha", NULL, 1 }, { "Celu", "celu", "alpha", NULL, 1 },
  { "Selu", "selu", "alpha", "gamma", 1.67326319217681884765625, 1.05070102214813232421875 },
  { "HardSigmoid", "hardsigmoid", "alpha", "beta", 0.2, 0.5 }, { "ThresholdedRelu", "thresholdedrelu", "alpha", NULL, 1 },
  { "HardSwish", "hardswish" }, { "Gelu", "gelu" }, { "Mish", "mish" }, { "Sqrt", "sqrt" }, { "Exp", "exp" }, { "Log", "log" },
  { "Abs", "abs" }, { "Neg", "affine", NULL, NULL, -1 }, { "Reciprocal", "reciprocal" }, { "Erf", "erf" }, { "Sin", "sin" },
  { "Cos", "cos" }, { "Swish", "silu" }, { "Square", "square" },
};

static gint
find_activation (const gchar *name)
{
  for (gint i = 0; rnn_activation_names[i]; i++)
    if (g_str_equal (rnn_activation_names[i], name))
      return i;
  return -1;
}

RnnNetValue *
rnn_net_activate (RnnNetCall *c, const RnnNetValue *x, const gchar *name, gdouble alpha, gdouble beta)
{
  gint base = rnn_net_base (c->work, x), wire;
  json_t *cell = json_pack ("{ss ss}", "cell", "activate", "activation", name);
  RnnNetValue *v;

  if (alpha != 0)
    json_object_set_new (cell, "activation_alpha", json_real (alpha));
  if (beta != 0)
    json_object_set_new (cell, "activation_beta", json_real (beta));
  wire = rnn_net_emit (c, cell, (gint) x->size, 1, (const gint[]) { base >= 0 ? base : rnn_net_order (c, x) });
  if (base < 0)
    v = rnn_net_of_wire (c, wire, x->rank, x->dims, x->time, x->last);
  else if ((v = rnn_net_value_copy (c, x)))
    for (gsize i = 0; i < v->size; i++)
      v->data[i].ref.wire = wire;
  if (v)
    v->integer = FALSE;
  return v;
}

/* A constant is computed as the cell would. */
static RnnNetValue *
fold (RnnNetCall *c, const RnnNetValue *x, const gchar *name, gdouble alpha, gdouble beta)
{
  RnnActivation f = { find_activation (name), (gfloat) alpha, (gfloat) beta };
  RnnNetValue *v = rnn_net_value_like (c, x, x->rank, x->dims);

  for (gsize i = 0; v && i < v->size; i++) {
    gfloat number = (gfloat) rnn_net_number (x, i);

    if (x->kind == RNN_NET_INT && g_str_equal (name, "affine")) {
      v->data[i].i = -x->data[i].i;
      continue;
    }
    rnn_activate (&f, 1, &number, &number);
    if (x->kind == RNN_NET_INT)
      v->data[i].i = (gint64) number;
    else
      v->data[i].f = number;
  }
  return v;
}

static gboolean
unary (RnnNetCall *c)
{
  guint i = 0;
  gdouble alpha, beta;

  while (!g_str_equal (rows[i].op, c->node->op))
    i++;
  if (!rnn_net_need (c, 1))
    return FALSE;
  alpha = rows[i].alpha ? rnn_net_node_float (c->node, rows[i].alpha, rows[i].alpha_default) : rows[i].alpha_default;
  beta = rows[i].beta ? rnn_net_node_float (c->node, rows[i].beta, rows[i].beta_default) : 0;
  if (rnn_net_is_constant (c->in[0]))
    c->out[0] = fold (c, c->in[0], rows[i].activation, alpha, beta);
  else if (g_str_equal (rows[i].op, "LeakyRelu") && alpha == 0)
    c->out[0] = rnn_net_activate (c, c->in[0], "relu", 0, 0);
  else
    c->out[0] = rnn_net_activate (c, c->in[0], rows[i].activation, alpha, beta);
  return c->out[0] != NULL;
}

/* The bounds are inputs, or attributes in old files. */
static gboolean
clip (RnnNetCall *c)
{
  gdouble bounds[2] = { rnn_net_node_float (c->node, "min", -1e6), rnn_net_node_float (c->node, "max", 1e6) };
  RnnNetValue *v;

  if (!rnn_net_need (c, 1))
    return FALSE;
  for (gint i = 0; i < 2; i++)
    if (rnn_net_in (c, i + 1) && !rnn_net_is_uniform (c->in[i + 1], &bounds[i]))
      return rnn_net_fail (c, "has bounds that the model computes");
  if (rnn_net_is_constant (c->in[0])) {
    if (!(v = c->out[0] = rnn_net_value_copy (c, c->in[0])))
      return FALSE;
    for (gsize i = 0; i < v->size; i++)
      if (v->kind == RNN_NET_INT)
        v->data[i].i = (gint64) CLAMP ((gdouble) v->data[i].i, bounds[0], bounds[1]);
      else
        v->data[i].f = CLAMP (v->data[i].f, bounds[0], bounds[1]);
    return TRUE;
  }
  /* of the activation, 0 is another number; its greatest is 1e6 */
  bounds[0] = CLAMP (bounds[0], -1e6, 1e6);
  bounds[1] = CLAMP (bounds[1], -1e6, 1e6);
  c->out[0] = rnn_net_activate (c, c->in[0], "clip", bounds[0], bounds[1] == 0 ? 1e-30 : bounds[1]);
  return c->out[0] != NULL;
}

/* One slope for all is LeakyRelu; else slopes in the order of the wire. */
static gboolean
prelu (RnnNetCall *c)
{
  RnnNetValue *x = rnn_net_in (c, 0), *slopes = rnn_net_in (c, 1);
  gboolean ok = FALSE;
  gdouble slope;
  gint wire;
  gfloat *to;

  if (!rnn_net_need (c, 2))
    return FALSE;
  if (!rnn_net_is_constant (x) && rnn_net_is_uniform (slopes, &slope) && fabs (slope) < 1e6) {
    c->out[0] = rnn_net_activate (c, x, slope == 0 ? "relu" : "leakyrelu", slope, 0);
    return c->out[0] != NULL;
  }
  if (!rnn_net_is_constant (slopes) || rnn_net_is_constant (x) || !rnn_net_broadcast (c, &x, &slopes))
    return rnn_net_fail (c, "has slopes that the model computes, or that do not fit");
  wire = rnn_net_emit (c, json_pack ("{ss}", "cell", "prelu"), (gint) x->size, 1, (const gint[]) { rnn_net_order (c, x) });
  to = rnn_net_weight (c->work, wire, "weight", 1, (const gint[]) { (gint) x->size });
  for (gsize i = 0; i < x->size; i++)
    to[i] = (gfloat) rnn_net_number (slopes, i);
  c->out[0] = rnn_net_of_wire (c, wire, x->rank, x->dims, x->time, x->last);
  ok = c->out[0] != NULL;
  rnn_net_value_unref (x);
  rnn_net_value_unref (slopes);
  return ok;
}

const RnnNetOp rnn_net_ops_unary[] = {
#define U(name) { name, unary }
  U ("Relu"), U ("Sigmoid"), U ("Tanh"), U ("Softplus"), U ("Softsign"), U ("LeakyRelu"), U ("Elu"), U ("Celu"), U ("Selu"),
  U ("HardSigmoid"), U ("ThresholdedRelu"), U ("HardSwish"), U ("Gelu"), U ("Mish"), U ("Sqrt"), U ("Exp"), U ("Log"), U ("Abs"),
  U ("Neg"), U ("Reciprocal"), U ("Erf"), U ("Sin"), U ("Cos"), U ("Swish"), U ("Square"),
  { "Clip", clip }, { "PRelu", prelu }, { NULL }
};
