/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TensorFlow's frozen graphs (.pb): a GraphDef whose variables are constants.  From the one node that nobody reads we go back to the
 * placeholder: dense layers, activations, embeddings, and loops (dynamic_rnn) whose bodies are cells that are known.  Sound that the
 * graph decodes itself (DecodeWav, AudioSpectrogram, Mfcc) becomes features of our own, and a softmax at the end classes, whose
 * scores the model gives. */
#include "tensorflow.h"
#include <math.h>
#include <string.h>
#include "base/error.h"
#include "gates.h"
#include "layers.h"
#include "protobuf.h"

#define MAX_DEPTH 256
#define RATE 16000              /* DecodeWav takes a file's own; the features were made for this one */

static const gchar *convert (RnnTf *tf, RnnTfRef ref, GError **error);

static gint
get_width (const RnnTf *tf, const gchar *ours)
{
  return GPOINTER_TO_INT (g_hash_table_lookup (tf->widths, ours));
}

static const gchar *
answer (RnnTf *tf, const gchar *ours, gint width)
{
  ours = g_intern_string (ours);
  g_hash_table_insert (tf->widths, (gpointer) ours, GINT_TO_POINTER (width));
  return ours;
}

static gchar *
new_name (RnnTf *tf, const gchar *what)
{
  return g_strdup_printf ("%s%u", what, tf->n_names++);
}

/* @layer is taken over. */
static const gchar *
add_layer (RnnTf *tf, json_t *layer, const gchar *name, const gchar *from, gint width)
{
  json_object_set_new (layer, "name", json_string (name));
  json_object_set_new (layer, "from", json_pack ("[s]", from));
  json_array_append_new (tf->layers, layer);
  return answer (tf, name, width);
}

/* ---- inputs ---- */

static gint64
get_int (const RnnTf__Node *node, const gchar *key, gint64 fallback)
{
  const RnnTf__Value *value = rnn_tf_attribute (node, key);

  return value && value->has_i ? value->i : fallback;
}

static gdouble
get_float (const RnnTf__Node *node, const gchar *key, gdouble fallback)
{
  const RnnTf__Value *value = rnn_tf_attribute (node, key);

  return value && value->has_f && isfinite (value->f) ? value->f : fallback;
}

static const gchar *
set_input (RnnTf *tf, const RnnTf__Node *node, json_t *input, gint width, GError **error)
{
  if (tf->input) {
    json_decref (input);
    rnn_tf_fail (tf, node, error, "is a second input");
    return NULL;
  }
  tf->input = input;
  return answer (tf, "input", width);
}

static const gchar *
convert_placeholder (RnnTf *tf, RnnTfRef ref, GError **error)
{
  const RnnTf__Value *value = rnn_tf_attribute (ref.node, "shape");
  const RnnTf__Shape *shape = value ? value->shape : NULL;
  gint64 last = shape && shape->n_dim > 1 ? shape->dim[shape->n_dim - 1]->size : 0;

  if (last < 1 || last > 1 << 20) {
    rnn_tf_fail (tf, ref.node, error, "does not say how wide the input is");
    return NULL;
  }
  return set_input (tf, ref.node, json_pack ("{ss si}", "kind", "tensors", "size", (gint) last), (gint) last, error);
}

/* mfcc.cc: magnitudes, log of energies from 1e-12 on, a DCT whose first row is scaled as the others are. */
static const gchar *
convert_mfcc (RnnTf *tf, RnnTfRef ref, GError **error)
{
  RnnTfRef spectrum = rnn_tf_input (tf, ref.node, 0);
  gint64 window, stride, n = get_int (ref.node, "dct_coefficient_count", 13);

  if (!rnn_tf_is (spectrum, "AudioSpectrogram") || !rnn_tf_is (rnn_tf_input (tf, spectrum.node, 0), "DecodeWav")) {
    rnn_tf_fail (tf, ref.node, error, "is not of a decoded WAV file's spectrum");
    return NULL;
  }
  window = CLAMP (get_int (spectrum.node, "window_size", 0), 1, RATE);
  stride = CLAMP (get_int (spectrum.node, "stride", 0), 1, RATE);
  return set_input (tf, ref.node, json_pack ("{ss si s{ss si sf sf ss sf sb sb sf si sf sf si sf sb}}", "kind", "audio", "rate", RATE,
          "features", "type", "mfcc", "scale", 1, "frame_length", window * 1000. / RATE, "frame_shift", stride * 1000. / RATE,
          "window", "hann-periodic", "preemphasis", 0., "remove_dc", FALSE, "use_power", FALSE, "log_floor", 1e-12,
          "n_mels", (gint) CLAMP (get_int (ref.node, "filterbank_channel_count", 40), 1, 1024),
          "low_freq", get_float (ref.node, "lower_frequency_limit", 20), "high_freq", get_float (ref.node, "upper_frequency_limit", 4000),
          "n_ceps", (gint) CLAMP (n, 1, 1024), "cepstral_lifter", 0., "orthonormal", FALSE), (gint) CLAMP (n, 1, 1024), error);
}

/* ---- layers ---- */

static const gchar *
convert_first (RnnTf *tf, RnnTfRef ref, GError **error)
{
  return convert (tf, rnn_tf_input (tf, ref.node, 0), error);
}

/* Only where it leaves the values of a step together.  Of several in a row the last one counts. */
static const gchar *
convert_reshape (RnnTf *tf, RnnTfRef ref, GError **error)
{
  RnnTfRef from = rnn_tf_input (tf, ref.node, 0), shape = rnn_tf_input (tf, ref.node, 1);
  const gchar *ours;
  gint last = 0;

  for (guint i = 0; i < MAX_DEPTH && rnn_tf_is (from, "Reshape"); i++)
    from = rnn_tf_input (tf, from.node, 0);
  if (rnn_tf_is (shape, "Pack"))
    shape = rnn_tf_input (tf, shape.node, (guint) shape.node->n_input - 1);
  if (!(ours = convert (tf, from, error)))
    return NULL;
  if (!rnn_tf_last_int (shape, &last) || (last != get_width (tf, ours))) {
    rnn_tf_fail (tf, ref.node, error, "puts the values of steps together or apart");
    return NULL;
  }
  return ours;
}

/* W x [+ b], the sum being @ref or nothing */
static const gchar *
add_dense (RnnTf *tf, RnnTfRef product, RnnTfRef bias, GError **error)
{
  gint dims[2] = { -1, -1 };
  g_autofree gchar *name = NULL, *weight_name = NULL, *bias_name = NULL;
  const gchar *from = convert (tf, rnn_tf_input (tf, product.node, 0), error);
  g_autofree gfloat *w = from ? rnn_tf_floats (rnn_tf_input (tf, product.node, 1), 2, dims) : NULL;
  g_autofree gfloat *b = w && bias.node ? rnn_tf_floats (bias, 1, &dims[1]) : NULL;
  gfloat *to;

  if (!from)
    return NULL;
  if (!w || (bias.node && !b)) {
    rnn_tf_fail (tf, product.node, error, "is not of one constant matrix, or its bias no vector of it: is the graph frozen?");
    return NULL;
  }
  name = new_name (tf, "dense");
  weight_name = g_strconcat (name, ".weight", NULL);
  bias_name = g_strconcat (name, ".bias", NULL);
  if (!(to = rnn_tensors_add_f32 (tf->import->tensors, weight_name, 2, (const gint[]) { dims[1], dims[0] }, error)))
    return NULL;
  rnn_gates_from_theirs (&(RnnGates) { rnn_gate_order_find ("tensorflow", "elman"), dims[1], dims[0] }, w, to);
  if (b && !(to = rnn_tensors_add_f32 (tf->import->tensors, bias_name, 1, &dims[1], error)))
    return NULL;
  if (b)
    memcpy (to, b, (gsize) dims[1] * sizeof (gfloat));
  return add_layer (tf, json_pack ("{ss si sb}", "cell", "dense", "units", dims[1], "bias", b != NULL), name, from, dims[1]);
}

static const gchar *
convert_product (RnnTf *tf, RnnTfRef ref, GError **error)
{
  return add_dense (tf, ref, (RnnTfRef) { 0 }, error);
}

static const gchar *
try_cell (RnnTf *tf, RnnTfRef ref, GError **error)
{
  g_autofree gchar *name = new_name (tf, "cell");
  RnnTfRef x = { 0 };
  gint width = 0;
  json_t *layer = rnn_tf_match_cell (tf, ref, name, &x, &width, error);
  const gchar *from = layer ? convert (tf, x, error) : NULL;

  if (from)
    return add_layer (tf, layer, name, from, width);
  json_decref (layer);
  return NULL;
}

static const gchar *
convert_sum (RnnTf *tf, RnnTfRef ref, GError **error)
{
  RnnTfRef product = rnn_tf_input (tf, ref.node, 0);

  if (rnn_tf_is (product, "MatMul"))
    return add_dense (tf, product, rnn_tf_input (tf, ref.node, 1), error);
  rnn_tf_fail (tf, ref.node, error, "is neither a bias nor the end of a cell that is known");
  return NULL;
}

static const gchar *
convert_unknown (RnnTf *tf, RnnTfRef ref, GError **error)
{
  rnn_tf_fail (tf, ref.node, error, "is not the end of a recurrent cell that is known: LSTM, GRU or plain RNN, as TensorFlow's own cells "
      "are made");
  return NULL;
}

static const struct {
  const gchar *theirs, *ours;
} activations[] = {
  { "Relu", "relu" }, { "Tanh", "tanh" }, { "Sigmoid", "sigmoid" }, { "Elu", "elu" }, { "Selu", "selu" }, { "Softplus", "softplus" },
  { "Softsign", "softsign" },
};

static const gchar *
convert_activation (RnnTf *tf, RnnTfRef ref, GError **error)
{
  const gchar *from = convert (tf, rnn_tf_input (tf, ref.node, 0), error);
  g_autofree gchar *name = from ? new_name (tf, "activation") : NULL;
  guint i = 0;

  while (!g_str_equal (activations[i].theirs, ref.node->op))
    i++;
  return from ? add_layer (tf, json_pack ("{ss ss}", "cell", "activate", "activation", activations[i].ours), name, from,
      get_width (tf, from)) : NULL;
}

static const gchar *
convert_softmax (RnnTf *tf, RnnTfRef ref, GError **error)
{
  const gchar *from = convert (tf, rnn_tf_input (tf, ref.node, 0), error);
  g_autofree gchar *name = from ? new_name (tf, "softmax") : NULL;

  return from ? add_layer (tf, json_pack ("{ss}", "cell", "softmax"), name, from, get_width (tf, from)) : NULL;
}

/* ---- loops ---- */

/* What is left in a variable at the end is what became of it in the last turn. */
static const gchar *
convert_exit (RnnTf *tf, RnnTfRef ref, GError **error)
{
  RnnTfRef variable = rnn_tf_input (tf, ref.node, 0);
  RnnTfRef merge = rnn_tf_is (variable, "Switch") ? rnn_tf_input (tf, variable.node, 0) : variable;
  RnnTfRef next = rnn_tf_is (merge, "Merge") ? rnn_tf_next (tf, merge.node) : (RnnTfRef) { 0 };

  if (!next.node) {
    rnn_tf_fail (tf, ref.node, error, "does not end a loop over steps");
    return NULL;
  }
  return convert (tf, rnn_tf_is (next, "TensorArrayWriteV3") ? rnn_tf_input (tf, next.node, 2) : next, error);
}

/* All steps, as a loop wrote them. */
static const gchar *
convert_gather (RnnTf *tf, RnnTfRef ref, GError **error)
{
  return convert (tf, rnn_tf_input (tf, ref.node, 2), error);
}

/* One step of what was put in before the loop. */
static const gchar *
convert_read (RnnTf *tf, RnnTfRef ref, GError **error)
{
  RnnTfRef scatter = rnn_tf_input (tf, ref.node, 2);

  if (!rnn_tf_is (scatter, "TensorArrayScatterV3")) {
    rnn_tf_fail (tf, ref.node, error, "does not read a sequence step by step");
    return NULL;
  }
  return convert (tf, rnn_tf_input (tf, scatter.node, 2), error);
}

static const struct {
  const gchar *op;
  const gchar *(*convert) (RnnTf *tf, RnnTfRef ref, GError **error);
  gboolean ends_cells;          /* it may be a cell's last node, which is tried first */
} kinds[] = {
  { "Placeholder", convert_placeholder }, { "Mfcc", convert_mfcc },
  { "Transpose", convert_first }, { "Squeeze", convert_first }, { "ExpandDims", convert_first }, { "Reshape", convert_reshape },
  { "MatMul", convert_product, TRUE }, { "Add", convert_sum, TRUE }, { "AddV2", convert_sum, TRUE }, { "BiasAdd", convert_sum },
  { "Mul", convert_unknown, TRUE }, { "Tanh", convert_activation, TRUE },
  { "Relu", convert_activation }, { "Sigmoid", convert_activation }, { "Elu", convert_activation }, { "Selu", convert_activation },
  { "Softplus", convert_activation }, { "Softsign", convert_activation }, { "Softmax", convert_softmax },
  { "Exit", convert_exit }, { "TensorArrayGatherV3", convert_gather }, { "TensorArrayReadV3", convert_read },
};

static const gchar *
convert_kind (RnnTf *tf, guint kind, RnnTfRef ref, GError **error)
{
  g_autoptr (GError) inner = NULL;
  const gchar *ours = kinds[kind].ends_cells ? try_cell (tf, ref, &inner) : NULL;

  if (inner)
    g_propagate_error (error, g_steal_pointer (&inner));
  else if (!ours)
    ours = kinds[kind].convert (tf, ref, error);
  return ours;
}

/* Name of ours that answers for @ref; its layers are there. */
static const gchar *
convert (RnnTf *tf, RnnTfRef ref, GError **error)
{
  const gchar *ours = ref.node ? g_hash_table_lookup (tf->answers, ref.node) : NULL;
  guint i = 0;

  if (ours)
    return ours;
  while (ref.node && i < G_N_ELEMENTS (kinds) && !g_str_equal (kinds[i].op, ref.node->op))
    i++;
  if (!ref.node)
    rnn_tf_fail (tf, NULL, error, "a node reads something that is not there");
  else if (i == G_N_ELEMENTS (kinds) || ref.port != 0)
    rnn_tf_fail (tf, ref.node, error, "is a %.60s, which no layer here is", ref.node->op);
  else if (tf->depth == MAX_DEPTH)
    rnn_tf_fail (tf, ref.node, error, "lies too deep, or in a ring");
  else {
    tf->depth++;
    ours = convert_kind (tf, i, ref, error);
    tf->depth--;
  }
  if (ours)
    g_hash_table_insert (tf->answers, (gpointer) ref.node, (gpointer) ours);
  return ours;
}

/* ---- the graph ---- */

/* The last one that nobody reads. */
static const RnnTf__Node *
find_output (const RnnTf *tf)
{
  g_autoptr (GHashTable) read = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (gsize i = 0; i < tf->graph->n_node; i++)
    for (gsize k = 0; k < tf->graph->node[i]->n_input; k++) {
      const gchar *input = tf->graph->node[i]->input[k];

      g_hash_table_add (read, g_strndup (input, strcspn (input, ":")));
    }
  for (gsize i = tf->graph->n_node; i-- > 0;)
    if (!g_hash_table_contains (read, tf->graph->node[i]->name) && tf->graph->node[i]->n_input > 0)
      return tf->graph->node[i];
  return NULL;
}

static gboolean
convert_graph (RnnTf *tf, GError **error)
{
  RnnTfRef output = { find_output (tf), 0 };
  g_autofree gchar *base = g_path_get_basename (tf->where), *name = g_utf8_make_valid (base, -1);
  gboolean classes;

  if (rnn_tf_is (output, "Identity"))
    output = rnn_tf_input (tf, output.node, 0);
  if ((classes = rnn_tf_is (output, "Softmax")))        /* scores of classes are what comes before it */
    output = rnn_tf_input (tf, output.node, 0);
  if (!output.node)
    return rnn_tf_fail (tf, NULL, error, "no node is left as the output");
  if (!convert (tf, output, error))
    return FALSE;
  if (!tf->input || json_array_size (tf->layers) == 0)
    return rnn_tf_fail (tf, NULL, error, "no placeholder leads to the output");
  tf->import->recipe = json_pack ("{si ss sO so s{ss}}", "format", 1, "name", name, "input", tf->input, "layers",
      rnn_import_layers (json_incref (tf->layers)), "output", "kind", classes ? "classes" : "raw");
  return TRUE;
}

/* A GraphDef begins with a node: field 1, its length, and in it field 1, a name. */
static gboolean
is_mine (const guint8 *data, gsize n)
{
  gsize at = 1;
  guint64 length = 0;

  if (n < 8 || data[0] != 0x0a)
    return FALSE;
  for (guint shift = 0; at < 6 && shift < 35; shift += 7) {
    length |= (guint64) (data[at] & 0x7f) << shift;
    if (!(data[at++] & 0x80))
      break;
  }
  return length >= 4 && length <= n - at && data[at] == 0x0a && data[at + 1] > 0 && data[at + 1] < length
      && g_utf8_validate ((const gchar *) data + at + 2, MIN (data[at + 1] & 0x7f, (gssize) length - 2), NULL);
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);
  RnnTf tf = { .where = where, .import = import };
  gboolean ok;

  tf.graph = (RnnTf__Graph *) rnn_protobuf_unpack (&rnn_tf__graph__descriptor, data, n, rnn_protobuf_budget (n));
  if (!tf.graph) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "%s: begins as a graph of TensorFlow's, but cannot be read as one", where);
    return FALSE;
  }
  tf.nodes = g_hash_table_new (g_str_hash, g_str_equal);
  tf.widths = g_hash_table_new (g_str_hash, g_str_equal);
  tf.answers = g_hash_table_new (NULL, NULL);
  tf.layers = json_array ();
  ok = rnn_tf_index (&tf, error) && convert_graph (&tf, error);
  json_decref (tf.layers);
  json_decref (tf.input);
  g_hash_table_unref (tf.answers);
  g_hash_table_unref (tf.widths);
  g_hash_table_unref (tf.nodes);
  rnn_tf__graph__free_unpacked (tf.graph, NULL);
  return ok;
}

const RnnReader rnn_reader_tensorflow = { "tensorflow", "TensorFlow's frozen graphs (.pb)", is_mine, read_file };
