/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Silero's voice detector as weights alone (safetensors, 16 kHz, fifth version), which does not say what its layers are: a block of 512
 * samples behind the last 64 is reflected at its end by 64 more; magnitudes of four frames of a Fourier transform (a convolution), four
 * convolutions, an LSTM, one number. */
#include <string.h>
#include "gates.h"
#include "net.h"

#define HIDDEN 128
#define FIRST "\"stft_conv.weight\""    /* names that only it has together */
#define SECOND "\"lstm_cell.weight_ih\""

/* The weights and their shapes; W and R: of the LSTM, whose gates are laid out anew. */
static const struct {
  const gchar *name;
  gint rank, dims[3];
} weights[] = {
  { "stft_conv.weight", 3, { 258, 1, 256 } }, { "conv1.weight", 3, { 128, 129, 3 } }, { "conv1.bias", 1, { 128 } },
  { "conv2.weight", 3, { 64, 128, 3 } }, { "conv2.bias", 1, { 64 } }, { "conv3.weight", 3, { 64, 64, 3 } }, { "conv3.bias", 1, { 64 } },
  { "conv4.weight", 3, { 128, 64, 3 } }, { "conv4.bias", 1, { 128 } }, { "lstm_cell.weight_ih", 2, { 4 * HIDDEN, HIDDEN } },
  { "lstm_cell.weight_hh", 2, { 4 * HIDDEN, HIDDEN } }, { "lstm_cell.bias_ih", 1, { 4 * HIDDEN } },
  { "lstm_cell.bias_hh", 1, { 4 * HIDDEN } }, { "final_conv.weight", 3, { 1, 128, 1 } }, { "final_conv.bias", 1, { 1 } },
};

/* Operators, what they read and make, and a list of whole numbers: "pads", "strides" and so on. */
static const struct {
  const gchar *op, *inputs[8], *outputs[3], *attribute;
  gint n;
  gint64 numbers[4];
} nodes[] = {
  { "Pad", { "input" }, { "block" }, "pads", 4, { 0, 0, 0, 64 } },
  { "Unsqueeze", { "block" }, { "channel" }, "axes", 1, { 1 } },
  { "Conv", { "channel", "stft_conv.weight" }, { "spectrum" }, "strides", 1, { 128 } },
  { "Split", { "spectrum" }, { "re", "im" } },
  { "Mul", { "re", "re" }, { "re2" } }, { "Mul", { "im", "im" }, { "im2" } }, { "Add", { "re2", "im2" }, { "power" } },
  { "Sqrt", { "power" }, { "magnitude" } },
  { "Conv", { "magnitude", "conv1.weight", "conv1.bias" }, { "c1" }, "strides", 1, { 1 } }, { "Relu", { "c1" }, { "r1" } },
  { "Conv", { "r1", "conv2.weight", "conv2.bias" }, { "c2" }, "strides", 1, { 2 } }, { "Relu", { "c2" }, { "r2" } },
  { "Conv", { "r2", "conv3.weight", "conv3.bias" }, { "c3" }, "strides", 1, { 2 } }, { "Relu", { "c3" }, { "r3" } },
  { "Conv", { "r3", "conv4.weight", "conv4.bias" }, { "c4" }, "strides", 1, { 1 } }, { "Relu", { "c4" }, { "r4" } },
  { "Transpose", { "r4" }, { "x" }, "perm", 3, { 2, 0, 1 } },
  { "Split", { "state" }, { "h", "c" } },
  { "LSTM", { "x", "W", "R", "B", "", "h", "c" }, { "y", "hN", "cN" } },
  { "Concat", { "hN", "cN" }, { "stateN" }, "axis", 1, { 0 } },
  { "Relu", { "hN" }, { "heard" } },
  { "Transpose", { "heard" }, { "column" }, "perm", 3, { 0, 2, 1 } },
  { "Conv", { "column", "final_conv.weight", "final_conv.bias" }, { "score" }, "strides", 1, { 1 } },
  { "Sigmoid", { "score" }, { "probability" } },
  { "Reshape", { "probability" }, { "output" }, "shape", 2, { 1, 1 } },
};

static RnnNetAttribute *
add_numbers (RnnNetNode *node, const gchar *name, gint n, const gint64 *numbers)
{
  RnnNetAttribute *a = rnn_net_node_add_attribute (node, name);

  a->n = (gsize) n;
  a->ints = g_memdup2 (numbers, (gsize) n * sizeof (gint64));
  return a;
}

static void
add_nodes (RnnNetGraph *graph)
{
  for (guint i = 0; i < G_N_ELEMENTS (nodes); i++) {
    RnnNetNode *node = rnn_net_graph_add_node (graph, nodes[i].op, nodes[i].outputs[0]);

    rnn_net_node_wire (node, nodes[i].inputs, nodes[i].outputs);
    if (nodes[i].n)
      add_numbers (node, nodes[i].attribute, nodes[i].n, nodes[i].numbers);
    if (g_str_equal (nodes[i].op, "Pad")) {
      RnnNetAttribute *mode = rnn_net_node_add_attribute (node, "mode");

      mode->strings = g_strsplit ("reflect", " ", 1);
    }
    if (g_str_equal (nodes[i].op, "Split"))
      add_numbers (node, "axis", 1, (const gint64[]) { g_str_equal (nodes[i].inputs[0], "spectrum") });
    if (g_str_equal (nodes[i].op, "Conv") && g_str_has_prefix (nodes[i].inputs[1], "conv"))
      add_numbers (node, "pads", 2, (const gint64[]) { 1, 1 });
  }
}

/* @n floats as the constant @name; @gates: of an LSTM of PyTorch's, with so many values in a row. */
static gboolean
add_constant (RnnNetGraph *graph, const gchar *name, gint rank, const gint64 *dims, gsize n, const gfloat *numbers, gint gates, GError **error)
{
  RnnNetValue *value = rnn_net_value_new (RNN_NET_FLOAT, rank, dims, error);
  g_autofree gfloat *turned = g_memdup2 (numbers, n * sizeof (gfloat));

  if (!value)
    return FALSE;
  for (gsize part = 0; gates && part < n; part += 4 * HIDDEN * (gsize) gates)
    rnn_gates_to_theirs (&(RnnGates) { rnn_gate_order_find ("onnx", "lstm"), HIDDEN, gates }, numbers + part, turned + part);
  for (gsize i = 0; i < n; i++)
    value->data[i].f = turned[i];
  rnn_net_graph_add_constant (graph, name, value);
  return TRUE;
}

static gboolean
add_weight (RnnNetGraph *graph, RnnTensors *tensors, guint i, gfloat *biases, GError **error)
{
  const RnnTensorView *view = rnn_tensors_take_shape (tensors, weights[i].name, weights[i].rank, weights[i].dims, FALSE, error);
  gint64 dims[3] = { weights[i].dims[0], weights[i].dims[1], weights[i].dims[2] }, matrix[3] = { 1, 4 * HIDDEN, HIDDEN };
  const gchar *last = strrchr (weights[i].name, '_');
  g_autofree gfloat *numbers = view ? g_new (gfloat, view->size) : NULL;

  if (!view)
    return FALSE;
  rnn_tensor_view_to_float (view, numbers);
  if (!g_str_has_prefix (weights[i].name, "lstm"))
    return add_constant (graph, weights[i].name, weights[i].rank, dims, view->size, numbers, 0, error);
  if (weights[i].rank == 2)
    return add_constant (graph, g_str_equal (last, "_ih") ? "W" : "R", 3, matrix, view->size, numbers, HIDDEN, error);
  memcpy (biases + (g_str_equal (last, "_ih") ? 0 : 4 * HIDDEN), numbers, view->size * sizeof (gfloat));
  return TRUE;
}

static void
add_inputs (RnnNetGraph *graph)
{
  RnnNetInput *input = rnn_net_graph_add_input (graph, "input"), *state = rnn_net_graph_add_input (graph, "state");

  input->rank = 2;
  input->dims[0] = 1;
  input->dims[1] = -1;
  state->rank = 3;
  state->dims[0] = 2;
  state->dims[1] = 1;
  state->dims[2] = HIDDEN;
  rnn_net_graph_add_input (graph, "sr")->integer = TRUE;
  g_ptr_array_add (graph->outputs, g_strdup ("output"));
  g_ptr_array_add (graph->outputs, g_strdup ("stateN"));
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  guint64 length;

  if (n < 9 || data[8] != '{')
    return FALSE;
  memcpy (&length, data, sizeof length);
  return length <= n - 8 && memmem (data + 8, length, FIRST, strlen (FIRST)) && memmem (data + 8, length, SECOND, strlen (SECOND))
      && !memmem (data + 8, length, "\"rnncore", strlen ("\"rnncore"));
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  g_autoptr (RnnSafetensors) file = rnn_safetensors_open_bytes (bytes, where, error);
  g_autoptr (RnnTensors) tensors = rnn_tensors_new (where);
  g_autoptr (RnnNetGraph) graph = rnn_net_graph_new ();
  gfloat biases[8 * HIDDEN];
  const gint64 dims[] = { 1, 8 * HIDDEN };

  for (guint i = 0; file && i < rnn_safetensors_get_n (file); i++)
    if (!rnn_tensors_add (tensors, rnn_safetensors_get (file, i), error))
      return FALSE;
  for (guint i = 0; file && i < G_N_ELEMENTS (weights); i++)
    if (!add_weight (graph, tensors, i, biases, error))
      return FALSE;
  if (!file || !add_constant (graph, "B", 2, dims, G_N_ELEMENTS (biases), biases, 1, error)
      || !rnn_tensors_check_taken (tensors, NULL, error))
    return FALSE;
  graph->opset = 11;
  add_inputs (graph);
  add_nodes (graph);
  return rnn_net_translate (graph, where, import, error);
}

const RnnReader rnn_reader_silero = { "silero", "Silero's voice detector as weights alone", is_mine, read_file };
