/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Networks of operators over tensors: what they are made of. */
#include "net.h"
#include "base/error.h"
#include "base/memory.h"

#define MOST 67108864           /* elements, where memory has a larger limit */

/* ---- tensors ---- */

gsize
rnn_net_most (void)
{
  return (gsize) MIN (rnn_memory_get_limit () / (2 * sizeof (RnnNetElement)), MOST);
}

RnnNetValue *
rnn_net_value_new (RnnNetKind kind, gint rank, const gint64 *dims, GError **error)
{
  RnnNetValue *value;
  gsize size = 1, most = rnn_net_most ();

  for (gint i = 0; i < rank && size <= most; i++)
    size = rnn_size_mul_dim (size, dims[i]);
  if (rank > RNN_NET_RANK || size > most) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "a tensor has more than %d dimensions or %" G_GSIZE_FORMAT " elements", RNN_NET_RANK,
        most);
    return NULL;
  }
  value = g_new0 (RnnNetValue, 1);
  value->n_refs = 1;
  value->kind = kind;
  value->time = -1;
  value->rank = rank;
  for (gint i = 0; i < rank; i++)
    value->dims[i] = dims[i];
  value->size = size;
  value->data = g_try_new0 (RnnNetElement, MAX (size, 1));
  if (value->data)
    return value;
  g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "no memory for a tensor of %" G_GSIZE_FORMAT " elements", size);
  rnn_net_value_unref (value);
  return NULL;
}

RnnNetValue *
rnn_net_value_ref (RnnNetValue *value)
{
  value->n_refs++;
  return value;
}

void
rnn_net_value_unref (RnnNetValue *value)
{
  if (!value || --value->n_refs)
    return;
  g_free (value->data);
  g_free (value);
}

/* ---- nodes ---- */

static void
free_attribute (gpointer data)
{
  RnnNetAttribute *a = data;

  g_free (a->name);
  g_free (a->ints);
  g_free (a->floats);
  g_strfreev (a->strings);
  rnn_net_value_unref (a->tensor);
  rnn_net_graph_free (a->graph);
  g_free (a);
}

static void
free_node (gpointer data)
{
  RnnNetNode *n = data;

  g_free (n->op);
  g_free (n->name);
  g_strfreev (n->inputs);
  g_strfreev (n->outputs);
  g_ptr_array_unref (n->attributes);
  g_free (n);
}

static void
free_input (gpointer data)
{
  RnnNetInput *input = data;

  g_free (input->name);
  for (gint i = 0; i < RNN_NET_RANK; i++)
    g_free (input->symbols[i]);
  g_free (input);
}

RnnNetAttribute *
rnn_net_node_add_attribute (RnnNetNode *node, const gchar *name)
{
  RnnNetAttribute *a = g_new0 (RnnNetAttribute, 1);

  a->name = g_strdup (name);
  g_ptr_array_add (node->attributes, a);
  return a;
}

void
rnn_net_node_wire (RnnNetNode *node, const gchar *const *inputs, const gchar *const *outputs)
{
  g_strfreev (node->inputs);
  g_strfreev (node->outputs);
  node->inputs = g_strdupv ((GStrv) inputs);
  node->outputs = g_strdupv ((GStrv) outputs);
}

const RnnNetAttribute *
rnn_net_node_find (const RnnNetNode *node, const gchar *name)
{
  for (guint i = 0; i < node->attributes->len; i++) {
    const RnnNetAttribute *a = node->attributes->pdata[i];

    if (g_str_equal (a->name, name))
      return a;
  }
  return NULL;
}

gint64
rnn_net_node_int (const RnnNetNode *node, const gchar *name, gint64 fallback)
{
  const RnnNetAttribute *a = rnn_net_node_find (node, name);

  return a && a->ints && a->n ? a->ints[0] : fallback;
}

gdouble
rnn_net_node_float (const RnnNetNode *node, const gchar *name, gdouble fallback)
{
  const RnnNetAttribute *a = rnn_net_node_find (node, name);

  return a && a->floats && a->n ? a->floats[0] : fallback;
}

const gchar *
rnn_net_node_string (const RnnNetNode *node, const gchar *name, const gchar *fallback)
{
  const RnnNetAttribute *a = rnn_net_node_find (node, name);

  return a && a->strings && a->strings[0] ? a->strings[0] : fallback;
}

/* ---- graphs ---- */

RnnNetGraph *
rnn_net_graph_new (void)
{
  RnnNetGraph *graph = g_new0 (RnnNetGraph, 1);

  graph->inputs = g_ptr_array_new_with_free_func (free_input);
  graph->nodes = g_ptr_array_new_with_free_func (free_node);
  graph->constants = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) rnn_net_value_unref);
  graph->outputs = g_ptr_array_new_with_free_func (g_free);
  return graph;
}

void
rnn_net_graph_free (RnnNetGraph *graph)
{
  if (!graph)
    return;
  g_free (graph->name);
  g_ptr_array_unref (graph->inputs);
  g_ptr_array_unref (graph->nodes);
  g_hash_table_unref (graph->constants);
  g_ptr_array_unref (graph->outputs);
  g_free (graph);
}

RnnNetInput *
rnn_net_graph_add_input (RnnNetGraph *graph, const gchar *name)
{
  RnnNetInput *input = g_new0 (RnnNetInput, 1);

  input->name = g_strdup (name);
  g_ptr_array_add (graph->inputs, input);
  return input;
}

RnnNetNode *
rnn_net_graph_add_node (RnnNetGraph *graph, const gchar *op, const gchar *name)
{
  RnnNetNode *node = g_new0 (RnnNetNode, 1);

  node->op = g_strdup (op);
  node->name = g_strdup (name);
  node->inputs = g_new0 (gchar *, 1);
  node->outputs = g_new0 (gchar *, 1);
  node->attributes = g_ptr_array_new_with_free_func (free_attribute);
  g_ptr_array_add (graph->nodes, node);
  return node;
}

void
rnn_net_graph_add_constant (RnnNetGraph *graph, const gchar *name, RnnNetValue *value)
{
  g_hash_table_replace (graph->constants, g_strdup (name), value);
}
