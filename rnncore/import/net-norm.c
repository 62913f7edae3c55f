/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Normalisations: by statistics of the training (a scale), or of the values themselves (the cell "norm"). */
#include "net-work.h"
#include <math.h>

/* A constant per channel as one for x's shape, its channels being axis 1. */
static RnnNetValue *
per_channel (RnnNetCall *c, const RnnNetValue *x, const gdouble *numbers)
{
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  RnnNetValue *v = rnn_net_value_like (c, &like, x->rank, x->dims);
  gint64 strides[RNN_NET_RANK];

  rnn_net_strides (x, strides);
  for (gsize i = 0; v && i < v->size; i++)
    v->data[i].f = numbers[(gint64) i / strides[1] % x->dims[1]];
  return v;
}

static gboolean
need_constants (RnnNetCall *c, gint from, gint to, gsize size)
{
  for (gint i = from; i <= to; i++)
    if (!rnn_net_in (c, i) || !rnn_net_is_constant (c->in[i]) || c->in[i]->size != size)
      return rnn_net_fail (c, "has statistics or weights that the model computes, or that do not fit");
  return TRUE;
}

static gboolean
batch_normalization (RnnNetCall *c)
{
  gdouble eps = rnn_net_node_float (c->node, "epsilon", 1e-5);
  g_autofree gdouble *a = NULL, *b = NULL;
  g_autoptr (RnnNetValue) weight = NULL, bias = NULL;
  RnnNetValue *x = rnn_net_in (c, 0);

  if (!rnn_net_need (c, 1) || rnn_net_is_constant (x) || x->rank < 2 || x->time == 1 || !need_constants (c, 1, 4, (gsize) x->dims[1]))
    return rnn_net_fail (c, "is of something without channels");
  a = g_new (gdouble, x->dims[1]);
  b = g_new (gdouble, x->dims[1]);
  for (gint64 i = 0; i < x->dims[1]; i++) {
    a[i] = rnn_net_number (c->in[1], (gsize) i) / sqrt (MAX (rnn_net_number (c->in[4], (gsize) i), 0) + eps);
    b[i] = rnn_net_number (c->in[2], (gsize) i) - a[i] * rnn_net_number (c->in[3], (gsize) i);
  }
  if (!(weight = per_channel (c, x, a)) || !(bias = per_channel (c, x, b)))
    return FALSE;
  c->out[0] = rnn_net_scale (c, x, weight, bias);
  return c->out[0] != NULL;
}

/* Rows of @width values, each normalised for itself; affine constants of a row, or NULL. */
static RnnNetValue *
normalise_rows (RnnNetCall *c, const RnnNetValue *x, gint64 width, gdouble eps, const gchar *kind)
{
  json_t *cell = json_pack ("{ss ss sb sf}", "cell", "norm", "kind", kind, "affine", FALSE, "eps", CLAMP (eps, 1e-12, 1));
  gint wire = rnn_net_emit (c, rnn_net_each (cell, (gint) (x->size / (gsize) width)), (gint) x->size, 1,
      (const gint[]) { rnn_net_order (c, x) });

  return rnn_net_of_wire (c, wire, x->rank, x->dims, x->time, x->last);
}

/* x times a plus b, constants that are repeated to its shape. */
static RnnNetValue *
affine (RnnNetCall *c, RnnNetValue *x, RnnNetValue *a, RnnNetValue *b)
{
  RnnNetValue *wide = x, *w = a, *bias = b, *v = NULL;

  if ((a && !rnn_net_is_constant (a)) || (b && !rnn_net_is_constant (b))) {
    rnn_net_fail (c, "has weights that the model computes");
    return NULL;
  }
  if (!a || !rnn_net_broadcast (c, &wide, &w))
    return NULL;
  if (b) {
    RnnNetValue *again = x;

    if (rnn_net_broadcast (c, &again, &bias)) {
      v = rnn_net_scale (c, x, w, bias);
      rnn_net_value_unref (again);
      rnn_net_value_unref (bias);
    }
  } else {
    v = rnn_net_scale (c, x, w, NULL);
  }
  rnn_net_value_unref (wide);
  rnn_net_value_unref (w);
  return v;
}

/* 1 / sqrt (variance + eps) */
static RnnNetValue *
inverse_deviation (RnnNetCall *c, const RnnNetValue *variance)
{
  g_autoptr (RnnNetValue) raised = rnn_net_activate (c, variance, "affine", 1, rnn_net_node_float (c->node, "epsilon", 1e-5));
  g_autoptr (RnnNetValue) deviation = raised ? rnn_net_activate (c, raised, "sqrt", 0, 0) : NULL;

  return deviation ? rnn_net_activate (c, deviation, "reciprocal", 0, 0) : NULL;
}

/* Its second and third outputs, where somebody wants them: the mean, and 1 / deviation. */
static gboolean
statistics (RnnNetCall *c, const RnnNetValue *x, gint axis, gint width)
{
  gint64 dims[RNN_NET_RANK];
  gint order = rnn_net_order (c, x), n = (gint) (x->size / (gsize) width), wire, spread;
  g_autoptr (RnnNetValue) mean = NULL, wide = NULL, centred = NULL;
  RnnNetValue *a = (RnnNetValue *) x, *b;

  if (c->n_out < 2)
    return TRUE;
  for (gint i = 0; i < x->rank; i++)
    dims[i] = i < axis ? x->dims[i] : 1;
  wire = rnn_net_emit (c, json_pack ("{ss ss si}", "cell", "reduce", "kind", "mean", "width", width), n, 1, &order);
  if (!(b = mean = rnn_net_of_wire (c, wire, x->rank, dims, x->time, x->last)) || !rnn_net_broadcast (c, &a, &b))
    return FALSE;
  rnn_net_value_unref (a);
  wide = b;
  c->out[1] = rnn_net_value_ref (mean);
  spread = rnn_net_emit (c, json_pack ("{ss ss}", "cell", "arith", "op", "sub"), (gint) x->size, 2,
      (const gint[]) { order, rnn_net_order (c, wide) });
  wire = rnn_net_emit (c, json_pack ("{ss ss si}", "cell", "reduce", "kind", "square", "width", width), n, 1, &spread);
  if (c->n_out < 3 || !(centred = rnn_net_of_wire (c, wire, x->rank, dims, x->time, x->last)))
    return c->n_out < 3;
  c->out[2] = inverse_deviation (c, centred);
  return c->out[2] != NULL;
}

static gboolean
layer_normalization (RnnNetCall *c)
{
  gboolean rms = g_str_equal (c->node->op, "RMSNormalization") || g_str_equal (c->node->op, "SimplifiedLayerNormalization");
  g_autoptr (RnnNetValue) y = NULL;
  RnnNetValue *x = rnn_net_in (c, 0);
  gint64 width = 1;
  gint axis;

  if (!rnn_net_need (c, 2) || rnn_net_is_constant (x) || (axis = rnn_net_axis (x, rnn_net_node_int (c->node, "axis", -1))) < 0)
    return rnn_net_fail (c, "has an axis that its tensor has not");
  for (gint i = axis; i < x->rank; i++)
    width *= x->dims[i];
  if (x->time >= axis || width < 1)
    return rnn_net_fail (c, "looks at the whole sequence at once");
  if (!(y = normalise_rows (c, x, width, rnn_net_node_float (c->node, "epsilon", 1e-5), rms ? "rms" : "layer")))
    return FALSE;
  c->out[0] = affine (c, y, c->in[1], rnn_net_in (c, 2));
  return c->out[0] != NULL && statistics (c, x, axis, (gint) width);
}

/* InstanceNormalization: a group per channel; GroupNormalization: as many as it says.  Of tensors whose batch is 1. */
static gboolean
group_normalization (RnnNetCall *c)
{
  RnnNetValue *x = rnn_net_in (c, 0);
  gint64 groups = 0;
  g_autofree gdouble *a = NULL, *b = NULL;
  g_autoptr (RnnNetValue) y = NULL, weight = NULL, bias = NULL;

  if (!rnn_net_need (c, 3) || rnn_net_is_constant (x) || x->rank < 3)
    return rnn_net_fail (c, "is of something without channels");
  groups = g_str_equal (c->node->op, "InstanceNormalization") ? x->dims[1] : rnn_net_node_int (c->node, "num_groups", 1);
  if (groups < 1 || groups > x->dims[1] || x->dims[1] % groups || x->dims[0] != 1 || x->time > 0 || !need_constants (c, 1, 2, (gsize) x->dims[1]))
    return rnn_net_fail (c, "looks at the whole sequence at once, or has groups that do not fit");
  if (!(y = normalise_rows (c, x, (gint64) x->size / groups, rnn_net_node_float (c->node, "epsilon", 1e-5), "layer")))
    return FALSE;
  a = g_new (gdouble, x->dims[1]);
  b = g_new (gdouble, x->dims[1]);
  for (gint64 i = 0; i < x->dims[1]; i++) {
    a[i] = rnn_net_number (c->in[1], (gsize) i);
    b[i] = rnn_net_number (c->in[2], (gsize) i);
  }
  if (!(weight = per_channel (c, y, a)) || !(bias = per_channel (c, y, b)))
    return FALSE;
  c->out[0] = rnn_net_scale (c, y, weight, bias);
  return c->out[0] != NULL;
}

const RnnNetOp rnn_net_ops_norm[] = {
  { "BatchNormalization", batch_normalization }, { "LayerNormalization", layer_normalization },
  { "RMSNormalization", layer_normalization }, { "SimplifiedLayerNormalization", layer_normalization },
  { "InstanceNormalization", group_normalization }, { "GroupNormalization", group_normalization }, { NULL }
};
