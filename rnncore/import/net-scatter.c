/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators that put elements into a tensor, or take some, at constant places. */
#include "net-work.h"
#include <string.h>

/* Offset of the block that row k of the indices [...][depth] names; -1: there is none. */
static gint64
block_at (const RnnNetValue *v, const RnnNetValue *indices, gsize k, gint depth)
{
  gint64 strides[RNN_NET_RANK], at = 0;

  rnn_net_strides (v, strides);
  for (gint i = 0; i < depth; i++) {
    gint64 index = indices->data[k * (gsize) depth + (gsize) i].i;

    index += index < 0 ? v->dims[i] : 0;
    if (index < 0 || index >= v->dims[i])
      return -1;
    at += index * strides[i];
  }
  return at;
}

/* Elements of such a block, and of the indices' last axis; FALSE: they do not go together. */
static gboolean
measure (RnnNetCall *c, const RnnNetValue *v, const RnnNetValue *indices, gint *depth, gsize *block)
{
  if (!rnn_net_is_constant (indices) || indices->kind != RNN_NET_INT || indices->rank < 1
      || indices->dims[indices->rank - 1] > v->rank || indices->dims[indices->rank - 1] < 1)
    return rnn_net_fail (c, "has indices that the model computes, or that do not fit");
  *depth = (gint) indices->dims[indices->rank - 1];
  *block = 1;
  for (gint i = *depth; i < v->rank; i++)
    *block *= (gsize) v->dims[i];
  if (v->time >= 0 && v->time < *depth)
    return rnn_net_fail (c, "takes places of the sequence");
  return TRUE;
}

static gboolean
scatter_nd (RnnNetCall *c)
{
  g_autoptr (RnnNetValue) data = NULL, updates = NULL;
  gboolean constant;
  gsize block = 0, n;
  gint depth = 0;

  if (!rnn_net_need (c, 3) || !measure (c, c->in[0], c->in[1], &depth, &block))
    return FALSE;
  if (!g_str_equal (rnn_net_node_string (c->node, "reduction", "none"), "none"))
    return rnn_net_fail (c, "adds up what it puts in a place");
  constant = rnn_net_is_constant (c->in[0]) && rnn_net_is_constant (c->in[2]);
  data = constant ? rnn_net_value_ref (c->in[0]) : rnn_net_as_wires (c, c->in[0]);
  updates = constant ? rnn_net_value_ref (c->in[2]) : rnn_net_as_wires (c, c->in[2]);
  if (!data || !updates || !(c->out[0] = rnn_net_value_copy (c, data)))
    return FALSE;
  n = c->in[1]->size / (gsize) depth;
  if (updates->size != n * block)
    return rnn_net_fail (c, "puts %" G_GSIZE_FORMAT " elements in %" G_GSIZE_FORMAT " places", updates->size, n * block);
  for (gsize k = 0; k < n; k++) {
    gint64 at = block_at (data, c->in[1], k, depth);

    if (at < 0)
      return rnn_net_fail (c, "puts elements where no place is");
    memcpy (c->out[0]->data + at, updates->data + k * block, block * sizeof (RnnNetElement));
  }
  return TRUE;
}

static gboolean
gather_nd (RnnNetCall *c)
{
  gint64 dims[2 * RNN_NET_RANK];
  gint depth = 0, rank;
  gsize block = 0, n;

  if (!rnn_net_need (c, 2) || !measure (c, c->in[0], c->in[1], &depth, &block))
    return FALSE;
  rank = c->in[1]->rank - 1 + c->in[0]->rank - depth;
  if (rank > RNN_NET_RANK || rnn_net_node_int (c->node, "batch_dims", 0) || c->in[0]->time >= 0)
    return rnn_net_fail (c, "takes blocks in a way that is not supported");
  memcpy (dims, c->in[1]->dims, sizeof (c->in[1]->dims));
  for (gint i = depth; i < c->in[0]->rank; i++)
    dims[c->in[1]->rank - 1 + i - depth] = c->in[0]->dims[i];
  if (!(c->out[0] = rnn_net_value_like (c, c->in[0], rank, dims)))
    return FALSE;
  n = c->in[1]->size / (gsize) depth;
  for (gsize k = 0; k < n; k++) {
    gint64 at = block_at (c->in[0], c->in[1], k, depth);

    if (at < 0)
      return rnn_net_fail (c, "takes an element that is not there");
    memcpy (c->out[0]->data + k * block, c->in[0]->data + at, block * sizeof (RnnNetElement));
  }
  return TRUE;
}

const RnnNetOp rnn_net_ops_scatter[] = { { "ScatterND", scatter_nd }, { "GatherND", gather_nd }, { NULL } };
