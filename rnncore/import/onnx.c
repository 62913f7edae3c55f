/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ONNX: a protocol buffer (ModelProto) whose graph has nodes, initialisers, inputs and outputs.  Weights are in the file; what lies in
 * others is refused.  What nodes become: net-ops.c. */
#include "base/error.h"
#include "onnx-tensor.h"
#include "protobuf.h"
#include <string.h>

#define MAX_DEPTH 24            /* of graphs within graphs */

typedef struct {
  const gchar *where;
  gsize budget;                 /* bytes that structures may still take */
  gint depth;
} Reading;

static gboolean
fail (const Reading *r, GError **error, const gchar *reason, const gchar *what)
{
  g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: %s%.100s", r->where, reason, what ? what : "");
  return FALSE;
}

static ProtobufCMessage *
unpack (Reading *r, const ProtobufCMessageDescriptor *type, ProtobufCBinaryData bytes, GError **error)
{
  ProtobufCMessage *message = rnn_protobuf_unpack (type, bytes.data, bytes.len, r->budget);

  if (!message)
    fail (r, error, "a part of it is cut short, garbled or too large: ", type->short_name);
  return message;
}

/* ---- nodes ---- */

static RnnNetGraph *read_graph (Reading *r, ProtobufCBinaryData bytes, GError **error);

static gchar *
text_of (ProtobufCBinaryData bytes)
{
  return g_strndup ((const gchar *) bytes.data, bytes.len);
}

static gboolean
read_attribute (Reading *r, const RnnOnnx__Attribute *from, RnnNetAttribute *to, GError **error)
{
  to->n = MAX (from->n_ints, from->n_floats);
  if (from->n_ints)
    to->ints = g_memdup2 (from->ints, from->n_ints * sizeof (gint64));
  else if (from->n_floats)
    to->floats = g_new (gdouble, from->n_floats);
  for (gsize i = 0; to->floats && i < from->n_floats; i++)
    to->floats[i] = from->floats[i];
  if (from->has_i || (from->type == 7 && !to->ints)) {  /* a list of none is a list */
    g_free (to->ints);
    to->ints = g_new0 (gint64, 1);
    to->ints[0] = from->i;
    to->n = from->has_i;
  }
  if (from->has_f) {
    g_free (to->floats);
    to->floats = g_new0 (gdouble, 1);
    to->floats[0] = from->f;
    to->n = 1;
  }
  if (from->has_s || from->n_strings) {
    to->strings = g_new0 (gchar *, MAX (from->n_strings, 1) + 1);
    for (gsize i = 0; i < from->n_strings; i++)
      to->strings[i] = text_of (from->strings[i]);
    if (from->has_s && !from->n_strings)
      to->strings[0] = text_of (from->s);
  }
  if (from->has_t && !(to->tensor = rnn_onnx_tensor_read (from->t.data, from->t.len, r->where, NULL, error)))
    return FALSE;
  return !from->has_g || (to->graph = read_graph (r, from->g, error)) != NULL;
}

/* (g_strfreev) */
static GStrv
names_of (gsize n, char **names)
{
  GStrv copy = g_new0 (gchar *, n + 1);

  for (gsize i = 0; i < n; i++)
    copy[i] = g_strdup (names[i]);
  return copy;
}

static gboolean
read_node (Reading *r, const RnnOnnx__Node *from, RnnNetGraph *graph, GError **error)
{
  RnnNetNode *node = rnn_net_graph_add_node (graph, from->op_type ? from->op_type : "", from->name ? from->name : "");

  g_strfreev (node->inputs);
  g_strfreev (node->outputs);
  node->inputs = names_of (from->n_input, from->input);
  node->outputs = names_of (from->n_output, from->output);
  for (gsize i = 0; i < from->n_attribute; i++)
    if (!read_attribute (r, from->attribute[i], rnn_net_node_add_attribute (node, from->attribute[i]->name ? from->attribute[i]->name : ""),
            error))
      return FALSE;
  return TRUE;
}

/* ---- inputs and tensors ---- */

static gboolean
read_input (Reading *r, const RnnOnnx__ValueInfo *from, RnnNetGraph *graph, GError **error)
{
  const RnnOnnx__TensorType *type = from->type ? from->type->tensor_type : NULL;
  RnnNetInput *input;

  if (!from->name || !*from->name || !type || !type->shape || type->shape->n_dim > RNN_NET_RANK)
    return fail (r, error, "an input has no name, no type that is a tensor's, or too many dimensions: ", from->name);
  input = rnn_net_graph_add_input (graph, from->name);
  input->integer = rnn_onnx_is_integer (type->elem_type);
  input->rank = (gint) type->shape->n_dim;
  for (gint i = 0; i < input->rank; i++) {
    const RnnOnnx__Dimension *dim = type->shape->dim[i];

    input->dims[i] = dim->has_value && dim->value > 0 ? dim->value : -1;
    input->symbols[i] = input->dims[i] < 0 && dim->param && *dim->param ? g_strdup (dim->param) : NULL;
  }
  return TRUE;
}

static gboolean
read_parts (Reading *r, const RnnOnnx__Graph *from, RnnNetGraph *graph, GError **error)
{
  for (gsize i = 0; i < from->n_initializer; i++) {
    g_autofree gchar *name = NULL;
    RnnNetValue *value = rnn_onnx_tensor_read (from->initializer[i].data, from->initializer[i].len, r->where, &name, error);

    if (!value)
      return FALSE;
    rnn_net_graph_add_constant (graph, name ? name : "", value);
  }
  for (gsize i = 0; i < from->n_input; i++) {
    /* files before version 4 list initialisers among the inputs */
    if (from->input[i]->name && g_hash_table_contains (graph->constants, from->input[i]->name))
      continue;
    if (!read_input (r, from->input[i], graph, error))
      return FALSE;
  }
  for (gsize i = 0; i < from->n_node; i++)
    if (!read_node (r, from->node[i], graph, error))
      return FALSE;
  for (gsize i = 0; i < from->n_output; i++)
    g_ptr_array_add (graph->outputs, g_strdup (from->output[i]->name ? from->output[i]->name : ""));
  return TRUE;
}

static RnnNetGraph *
read_graph (Reading *r, ProtobufCBinaryData bytes, GError **error)
{
  g_autoptr (RnnNetGraph) graph = NULL;
  RnnOnnx__Graph *from;
  gboolean ok;

  if (r->depth >= MAX_DEPTH) {
    fail (r, error, "graphs lie too deep within one another", NULL);
    return NULL;
  }
  if (!(from = (RnnOnnx__Graph *) unpack (r, &rnn_onnx__graph__descriptor, bytes, error)))
    return NULL;
  r->depth++;
  graph = rnn_net_graph_new ();
  graph->name = g_strdup (from->name);
  ok = read_parts (r, from, graph, error);
  r->depth--;
  protobuf_c_message_free_unpacked ((ProtobufCMessage *) from, NULL);
  return ok ? g_steal_pointer (&graph) : NULL;
}

/* ---- the reader ---- */

/* A varint at *at, or FALSE. */
static gboolean
take_varint (const guint8 *data, gsize n, gsize *at, guint64 *number)
{
  *number = 0;
  for (guint shift = 0; *at < n && shift < 64; shift += 7) {
    guint8 byte = data[(*at)++];

    *number |= (guint64) (byte & 0x7f) << shift;
    if (!(byte & 0x80))
      return TRUE;
  }
  return FALSE;
}

/* Fields of a model one after another, up to its end: its version first, and a graph among them, which may be cut short (the reader says
 * so). */
static gboolean
is_mine (const guint8 *data, gsize n)
{
  gsize at = 0;
  gboolean graph = FALSE, opset = FALSE;

  while (at < n) {
    guint64 tag, number;

    if (at == 0 && data[0] != (1 << 3))
      return FALSE;
    if (!take_varint (data, n, &at, &tag) || !take_varint (data, n, &at, &number))
      return graph;
    graph |= tag == (7 << 3 | 2);
    opset |= tag == (8 << 3 | 2);
    if (tag >> 3 == 0 || tag >> 3 > 64 || ((tag & 7) != 2 && (tag & 7) != 0))
      return FALSE;
    if ((tag & 7) == 2 && number > n - at)
      return graph;
    at += (tag & 7) == 2 ? (gsize) number : 0;
  }
  return graph && opset;
}

static gint
opset_of (const RnnOnnx__Model *model)
{
  for (gsize i = 0; i < model->n_opset_import; i++)
    if (!model->opset_import[i]->domain || !*model->opset_import[i]->domain)
      return (gint) CLAMP (model->opset_import[i]->version, 0, 1000);
  return 0;
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  RnnNetGraph *graph = NULL;
  ProtobufCBinaryData file;
  Reading r = { .where = where };
  RnnOnnx__Model *model;
  gboolean ok;
  gint opset;

  file.data = (guint8 *) g_bytes_get_data (bytes, &file.len);
  r.budget = rnn_protobuf_budget (file.len);
  if (!(model = (RnnOnnx__Model *) unpack (&r, &rnn_onnx__model__descriptor, file, error)))
    return FALSE;
  opset = opset_of (model);
  if (!model->has_graph)
    fail (&r, error, "a model without a graph", NULL);
  else
    graph = read_graph (&r, model->graph, error);
  protobuf_c_message_free_unpacked ((ProtobufCMessage *) model, NULL);
  if (!graph)
    return FALSE;
  graph->opset = opset;
  ok = rnn_net_translate (graph, where, import, error);
  rnn_net_graph_free (graph);
  return ok;
}

const RnnReader rnn_reader_onnx = { "onnx", "ONNX models", is_mine, read_file };
