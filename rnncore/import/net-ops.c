/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* THE table of operators: a new one is a row of its file's list, a new file a row here. */
#include "net-work.h"

static const RnnNetOp *const tables[] = {
  rnn_net_ops_index, rnn_net_ops_scatter, rnn_net_ops_shape, rnn_net_ops_unary, rnn_net_ops_binary, rnn_net_ops_reduce,
  rnn_net_ops_product, rnn_net_ops_signal, rnn_net_ops_conv, rnn_net_ops_norm, rnn_net_ops_recurrent, rnn_net_ops_quantised,
};

const RnnNetOp *
rnn_net_op_find (const gchar *op)
{
  for (guint i = 0; i < G_N_ELEMENTS (tables); i++)
    for (const RnnNetOp *row = tables[i]; row->op; row++)
      if (g_str_equal (row->op, op))
        return row;
  return NULL;
}
