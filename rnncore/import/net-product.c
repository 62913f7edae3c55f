/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products with constant matrices: dense layers over the rows of a tensor. */
#include "net-work.h"
#include <string.h>

gint
rnn_net_dense (RnnNetCall *c, gint x, gint rows, gint k, gint n, const gfloat *w, const gfloat *b)
{
  json_t *cell = json_pack ("{ss si sb}", "cell", "dense", "units", n, "bias", b != NULL);
  gint wire = rnn_net_emit (c, rnn_net_each (cell, rows), rows * n, 1, &x);

  memcpy (rnn_net_weight (c->work, wire, "weight", 2, (const gint[]) { n, k }), w, (gsize) n * (gsize) k * sizeof (gfloat));
  if (b)
    memcpy (rnn_net_weight (c->work, wire, "bias", 1, &n), b, (gsize) n * sizeof (gfloat));
  return wire;
}

/* [k][n] (or [n][k], if @turned) of a constant -> [n][k], times @by */
static gfloat *
matrix_of (const RnnNetValue *v, gboolean turned, gdouble by)
{
  gint64 rows = v->dims[v->rank - 2], cols = v->dims[v->rank - 1];
  gfloat *w = g_new (gfloat, MAX (v->size, 1));

  for (gint64 i = 0; i < rows; i++)
    for (gint64 j = 0; j < cols; j++)
      w[turned ? i * cols + j : j * rows + i] = (gfloat) (by * rnn_net_number (v, (gsize) (i * cols + j)));
  return w;
}

/* The rows of x, times a matrix [n][k]. */
static RnnNetValue *
rows_times (RnnNetCall *c, const RnnNetValue *x, gint n, const gfloat *w, const gfloat *b)
{
  gint64 dims[RNN_NET_RANK], k = x->dims[x->rank - 1];
  gint wire;

  memcpy (dims, x->dims, sizeof (dims));
  dims[x->rank - 1] = n;
  wire = rnn_net_dense (c, rnn_net_order (c, x), (gint) (x->size / (gsize) k), (gint) k, n, w, b);
  return rnn_net_of_wire (c, wire, x->rank, dims, x->time, x->last);
}

static RnnNetValue *
swap_last (RnnNetCall *c, const RnnNetValue *v)
{
  gint perm[RNN_NET_RANK];

  for (gint i = 0; i < v->rank; i++)
    perm[i] = i < v->rank - 2 ? i : 2 * v->rank - 3 - i;
  return rnn_net_transpose (c, v, perm);
}

static gboolean
is_one_matrix (const RnnNetValue *v)
{
  for (gint i = 0; i < v->rank - 2; i++)
    if (v->dims[i] != 1)
      return FALSE;
  return v->rank >= 2 && v->size > 0;
}

static gboolean
fold_matmul (RnnNetCall *c)
{
  RnnNetValue *a = c->in[0], *b = c->in[1];
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  gint64 m, k, n;

  if (a->rank != 2 || b->rank != 2 || a->dims[1] != b->dims[0])
    return rnn_net_fail (c, "multiplies constants that are no matrices");
  m = a->dims[0];
  k = a->dims[1];
  n = b->dims[1];
  if ((gdouble) m * (gdouble) n * (gdouble) k > 1e9 || !(c->out[0] = rnn_net_value_like (c, &like, 2, (const gint64[]) { m, n })))
    return rnn_net_fail (c, "multiplies constants that are too large");
  for (gint64 i = 0; i < m; i++)
    for (gint64 j = 0; j < n; j++)
      for (gint64 l = 0; l < k; l++)
        c->out[0]->data[i * n + j].f += rnn_net_number (a, (gsize) (i * k + l)) * rnn_net_number (b, (gsize) (l * n + j));
  return TRUE;
}

/* Of two tensors that the model computes, [...][m][k] and [...][k][n]. */
static RnnNetValue *
both_wires (RnnNetCall *c, RnnNetValue *a, RnnNetValue *b)
{
  gint64 dims[RNN_NET_RANK], m = a->dims[a->rank - 2], k = a->dims[a->rank - 1], n = b->dims[b->rank - 1], parts = 1;
  g_autoptr (RnnNetValue) turned = NULL;
  gint wire;

  if (a->rank != b->rank || b->dims[b->rank - 2] != k || a->time >= 0 || b->time >= 0) {
    rnn_net_fail (c, "multiplies two tensors of the sequence, or whose shapes do not fit");
    return NULL;
  }
  for (gint i = 0; i < a->rank; i++) {
    dims[i] = i == a->rank - 1 ? n : a->dims[i];
    parts *= i < a->rank - 2 ? a->dims[i] : 1;
    if (i < a->rank - 2 && a->dims[i] != b->dims[i]) {
      rnn_net_fail (c, "multiplies two tensors whose shapes do not fit");
      return NULL;
    }
  }
  if (!(turned = swap_last (c, b)))
    return NULL;
  wire = rnn_net_emit (c, json_pack ("{ss si si si}", "cell", "matmul", "parts", (gint) parts, "rows", (gint) m, "inner", (gint) k),
      (gint) (parts * m * n), 2, (const gint[]) { rnn_net_order (c, a), rnn_net_order (c, turned) });
  return rnn_net_of_wire (c, wire, a->rank, dims, -1, a->last || b->last);
}

/* One dimension: as a row before, as a column behind. */
static RnnNetValue *
as_matrix (RnnNetCall *c, RnnNetValue *v, gboolean row)
{
  gint64 dims[2] = { row ? 1 : v->rank ? rnn_net_real_dim (v, 0) : 1, row && v->rank ? rnn_net_real_dim (v, 0) : 1 };

  return v->rank >= 2 ? rnn_net_value_ref (v) : rnn_net_reshape (c, v, 2, dims);
}

static RnnNetValue *
multiply (RnnNetCall *c, RnnNetValue *a, RnnNetValue *b)
{
  g_autofree gfloat *w = NULL;
  g_autoptr (RnnNetValue) turned = NULL, product = NULL;

  if (!rnn_net_is_constant (a) && rnn_net_is_constant (b) && is_one_matrix (b)) {
    if (a->dims[a->rank - 1] != b->dims[b->rank - 2] || a->time == a->rank - 1) {
      rnn_net_fail (c, "multiplies shapes that do not fit");
      return NULL;
    }
    w = matrix_of (b, FALSE, 1);
    return rows_times (c, a, (gint) b->dims[b->rank - 1], w, NULL);
  }
  if (rnn_net_is_constant (a) && !rnn_net_is_constant (b) && is_one_matrix (a)) {
    if (b->dims[b->rank - 2] != a->dims[a->rank - 1] || b->time == b->rank - 2) {
      rnn_net_fail (c, "multiplies shapes that do not fit");
      return NULL;
    }
    w = matrix_of (a, TRUE, 1);
    turned = swap_last (c, b);
    product = turned ? rows_times (c, turned, (gint) a->dims[a->rank - 2], w, NULL) : NULL;
    return product ? swap_last (c, product) : NULL;
  }
  {
    g_autoptr (RnnNetValue) wa = rnn_net_as_wires (c, a), wb = rnn_net_as_wires (c, b);

    return wa && wb ? both_wires (c, wa, wb) : NULL;
  }
}

static gboolean
matmul (RnnNetCall *c)
{
  g_autoptr (RnnNetValue) a = NULL, b = NULL, product = NULL;
  gint64 dims[RNN_NET_RANK];
  gint rank = 0;

  if (!rnn_net_need (c, 2))
    return FALSE;
  if (rnn_net_is_constant (c->in[0]) && rnn_net_is_constant (c->in[1]))
    return fold_matmul (c);
  if (!(a = as_matrix (c, c->in[0], TRUE)) || !(b = as_matrix (c, c->in[1], FALSE)) || !(product = multiply (c, a, b)))
    return FALSE;
  for (gint i = 0; i < product->rank; i++)
    if (!(i == product->rank - 2 && c->in[0]->rank == 1) && !(i == product->rank - 1 && c->in[1]->rank == 1))
      dims[rank++] = rnn_net_real_dim (product, i);
  c->out[0] = rnn_net_reshape (c, product, rank, dims);
  return c->out[0] != NULL;
}

static gboolean
gemm (RnnNetCall *c)
{
  gdouble alpha = rnn_net_node_float (c->node, "alpha", 1), beta = rnn_net_node_float (c->node, "beta", 1);
  g_autoptr (RnnNetValue) x = NULL, product = NULL, bias = NULL;
  g_autofree gfloat *w = NULL, *b = NULL;
  RnnNetValue *added = rnn_net_in (c, 2), *wide;
  gboolean turned = rnn_net_node_int (c->node, "transB", 0) != 0;
  gint n;

  if (!rnn_net_need (c, 2) || c->in[0]->rank != 2 || c->in[1]->rank != 2 || !rnn_net_is_constant (c->in[1]) || !c->in[1]->size
      || rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "multiplies by what the model computes");
  x = rnn_net_node_int (c->node, "transA", 0) ? swap_last (c, c->in[0]) : rnn_net_value_ref (c->in[0]);
  if (!x || x->dims[1] != c->in[1]->dims[turned] || x->time == 1)
    return rnn_net_fail (c, "multiplies shapes that do not fit");
  n = (gint) c->in[1]->dims[!turned];
  w = matrix_of (c->in[1], turned, alpha);
  if (added && rnn_net_is_constant (added) && (added->size == (gsize) n || added->size == 1)) {
    b = g_new (gfloat, n);
    for (gint i = 0; i < n; i++)
      b[i] = (gfloat) (beta * rnn_net_number (added, added->size == 1 ? 0 : (gsize) i));
    added = NULL;
  }
  if (!(product = rows_times (c, x, n, w, b)))
    return FALSE;
  if (!added) {
    c->out[0] = g_steal_pointer (&product);
    return TRUE;
  }
  wide = product;
  if (!rnn_net_is_constant (added) || beta != 1 || !rnn_net_broadcast (c, &wide, &added))
    return rnn_net_fail (c, "adds what is no constant bias");
  c->out[0] = rnn_net_scale (c, wide, NULL, added);
  rnn_net_value_unref (wide);
  rnn_net_value_unref (added);
  return c->out[0] != NULL;
}

const RnnNetOp rnn_net_ops_product[] = { { "MatMul", matmul }, { "Gemm", gemm }, { NULL } };
