/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Models of TensorFlow Lite (.tflite): a FlatBuffer (schema.fbs of TensorFlow), whose first subgraph becomes a net of operators.  Tensors of
 * whole numbers with a scale are dequantised, so an int8 model runs in floats. */
#include "tflite.h"
#include <math.h>
#include <string.h>
#include "base/error.h"

#define MAX_TENSORS 65536
#define MAX_OPERATORS 65536

/* Fields of the tables of the schema, by their places. */
enum { MODEL_CODES = 1, MODEL_SUBGRAPHS = 2, MODEL_BUFFERS = 4 };
enum { CODE_OLD = 0, CODE_NEW = 3 };
enum { GRAPH_TENSORS = 0, GRAPH_INPUTS, GRAPH_OUTPUTS, GRAPH_OPERATORS };
enum { TENSOR_SHAPE = 0, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANTIZATION, TENSOR_SIGNATURE = 7 };
enum { QUANT_SCALE = 2, QUANT_ZERO = 3, QUANT_AXIS = 6 };
enum { OP_CODE = 0, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS = 4 };

static const struct {
  guint bytes;
  gboolean is_float, is_integer;        /* integers may be quantised */
} types[] = {
  { 4, TRUE }, { 2, TRUE }, { 4, FALSE, TRUE }, { 1, FALSE, TRUE }, { 8, FALSE, TRUE }, { 0 }, { 1, FALSE, TRUE }, { 2, FALSE, TRUE }, { 0 },
  { 1, FALSE, TRUE },
};
enum { TYPE_HALF = 1, TYPE_UINT8 = 3, TYPE_INT4 = 17 };

gboolean
rnn_tflite_fail (const RnnTflite *tf, GError **error, const gchar *format, ...)
{
  g_autofree gchar *reason = NULL;
  va_list args;

  va_start (args, format);
  reason = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: %s", tf->where, reason);
  return FALSE;
}

/* ---- tensors ---- */

static gsize
tensor_table (const RnnTflite *tf, gint tensor)
{
  return tensor >= 0 && (guint) tensor < tf->n_tensors ? rnn_flat_element (&tf->flat, tf->tensors, (guint) tensor) : 0;
}

static gint
element (const RnnTfliteOp *op, gsize first, guint n, guint i)
{
  gint64 tensor = i < n ? rnn_flat_get (&op->tf->flat, first + 4 * (gsize) i, 4) : -1;

  return tensor >= 0 && tensor < op->tf->n_tensors ? (gint) tensor : -1;
}

gint
rnn_tflite_in (const RnnTfliteOp *op, guint i)
{
  return element (op, op->in, op->n_in, i);
}

gint
rnn_tflite_out (const RnnTfliteOp *op, guint i)
{
  return element (op, op->out, op->n_out, i);
}

/* @name: taken over */
static const gchar *
keep_name (const RnnTflite *tf, gchar *name)
{
  g_ptr_array_add (tf->names, name);
  return name;
}

const gchar *
rnn_tflite_name (const RnnTflite *tf, gint tensor)
{
  return tensor < 0 ? "" : keep_name (tf, g_strdup_printf ("tensor%d", tensor));
}

const gchar *
rnn_tflite_new_name (const RnnTflite *tf)
{
  return keep_name (tf, g_strdup_printf ("made%u", tf->names->len));
}

const gchar *
rnn_tflite_add (const RnnTflite *tf, RnnNetValue *value)
{
  const gchar *name = rnn_tflite_new_name (tf);

  rnn_net_graph_add_constant (tf->graph, name, value);
  return name;
}

const gchar *
rnn_tflite_ints (const RnnTflite *tf, guint n, const gint64 *values)
{
  RnnNetValue *value = rnn_net_value_new (RNN_NET_INT, 1, (const gint64[]) { n }, NULL);

  for (guint i = 0; i < n; i++)
    value->data[i].i = values[i];
  return rnn_tflite_add (tf, value);
}

gint
rnn_tflite_shape (const RnnTflite *tf, gint tensor, gint64 *dims)
{
  gsize table = tensor_table (tf, tensor), first, open;
  guint rank = rnn_flat_vector (&tf->flat, table, TENSOR_SHAPE, 4, &first);
  guint n_open = rnn_flat_vector (&tf->flat, table, TENSOR_SIGNATURE, 4, &open);

  if (table == 0 || rank > RNN_NET_RANK)
    return -1;
  for (guint i = 0; i < rank; i++) {
    dims[i] = rnn_flat_get (&tf->flat, first + 4 * (gsize) i, 4);
    if (i > 0 && n_open == rank && rnn_flat_get (&tf->flat, open + 4 * (gsize) i, 4) < 0)
      dims[i] = -1;             /* open, and no batch */
  }
  return (gint) rank;
}

/* One element as a number, before its scale. */
static gdouble
read_number (const RnnTflite *tf, gsize at, guint type)
{
  gint64 bits = rnn_flat_get (&tf->flat, at, types[type].bytes);
  gfloat value;

  if (type == TYPE_HALF) {
    guint16 half = (guint16) bits;
    gdouble mantissa = half & 0x3ff, sign = half >> 15 ? -1 : 1;
    gint exponent = half >> 10 & 31;

    return exponent == 31 ? NAN : sign * (exponent ? ldexp (1024 + mantissa, exponent - 25) : ldexp (mantissa, -24));
  }
  if (!types[type].is_float)
    return type == TYPE_UINT8 ? (gdouble) (bits & 0xff) : (gdouble) bits;
  memcpy (&value, &(gint32) { (gint32) bits }, sizeof value);
  return value;
}

typedef struct {
  gsize scales, zeros;          /* first elements */
  guint n_scales, n_zeros;
  gsize stride, axis_size;      /* of the axis that has a scale for each place */
} Quantization;

static void
read_quantization (const RnnTflite *tf, gsize table, const RnnNetValue *value, Quantization *q)
{
  gsize quantization = rnn_flat_table (&tf->flat, table, TENSOR_QUANTIZATION);
  gint64 axis = rnn_flat_int (&tf->flat, quantization, QUANT_AXIS, 4, 0);

  *q = (Quantization) { .stride = 1, .axis_size = 1 };
  q->n_scales = rnn_flat_vector (&tf->flat, quantization, QUANT_SCALE, 4, &q->scales);
  q->n_zeros = rnn_flat_vector (&tf->flat, quantization, QUANT_ZERO, 8, &q->zeros);
  for (gint i = 0; i < value->rank; i++)
    if (i > axis)
      q->stride *= (gsize) value->dims[i];
    else if (i == axis)
      q->axis_size = (gsize) value->dims[i];
}

static gdouble
dequantize (const RnnTflite *tf, const Quantization *q, gsize i, gdouble number)
{
  guint place = q->n_scales > 1 ? (guint) (i / MAX (q->stride, 1) % MAX (q->axis_size, 1)) : 0;
  guint zero = q->n_zeros > 1 ? place : 0;
  gint32 bits = (gint32) rnn_flat_get (&tf->flat, q->scales + 4 * (gsize) place, 4);
  gfloat scale;

  memcpy (&scale, &bits, sizeof scale);
  return scale * (number - (zero < q->n_zeros ? (gdouble) rnn_flat_get (&tf->flat, q->zeros + 8 * (gsize) zero, 8) : 0));
}

static void
fill (const RnnTflite *tf, gsize table, guint type, gsize first, RnnNetValue *value)
{
  Quantization q;

  read_quantization (tf, table, value, &q);
  for (gsize i = 0; i < value->size; i++) {
    gdouble number = read_number (tf, first + i * types[type].bytes, type);

    if (value->kind == RNN_NET_INT)
      value->data[i].i = (gint64) number;
    else
      value->data[i].f = q.n_scales ? dequantize (tf, &q, i, number) : number;
  }
}

RnnNetValue *
rnn_tflite_constant (const RnnTflite *tf, gint tensor, GError **error)
{
  gsize table = tensor_table (tf, tensor), first, buffer, scales;
  gint64 dims[RNN_NET_RANK], number = rnn_flat_int (&tf->flat, table, TENSOR_BUFFER, 4, 0);
  guint type = (guint) rnn_flat_int (&tf->flat, table, TENSOR_TYPE, 1, 0), n;
  gint rank = rnn_tflite_shape (tf, tensor, dims);
  gsize quantization = rnn_flat_table (&tf->flat, table, TENSOR_QUANTIZATION);
  gboolean is_int = type < G_N_ELEMENTS (types) && types[type].is_integer
      && rnn_flat_vector (&tf->flat, quantization, QUANT_SCALE, 4, &scales) == 0;
  RnnNetValue *value;

  if (rank < 0 || number < 1 || number >= tf->n_buffers)
    return NULL;
  buffer = rnn_flat_element (&tf->flat, tf->buffers, (guint) number);
  if ((n = rnn_flat_vector (&tf->flat, buffer, 0, 1, &first)) == 0)
    return NULL;
  if (type >= G_N_ELEMENTS (types) || types[type].bytes == 0) {
    rnn_tflite_fail (tf, error, "tensor %d is a constant of a type that cannot be read", tensor);
    return NULL;
  }
  if (!(value = rnn_net_value_new (is_int ? RNN_NET_INT : RNN_NET_FLOAT, rank, dims, error)))
    return NULL;
  if (value->size * types[type].bytes == n) {
    fill (tf, table, type, first, value);
    return value;
  }
  rnn_net_value_unref (value);
  rnn_tflite_fail (tf, error, "tensor %d has %u bytes, which are not what its shape says", tensor, n);
  return NULL;
}

/* ---- the graph ---- */

/* Many tensors may share one array of the file. */
static gboolean
add_constants (RnnTflite *tf, GError **error)
{
  gsize size = 0;

  for (guint i = 0; i < tf->n_tensors; i++) {
    g_autoptr (GError) inner = NULL;
    RnnNetValue *value = rnn_tflite_constant (tf, (gint) i, &inner);

    if (inner) {
      g_propagate_error (error, g_steal_pointer (&inner));
      return FALSE;
    }
    size += value ? value->size : 0;
    if (value)
      rnn_net_graph_add_constant (tf->graph, rnn_tflite_name (tf, (gint) i), value);
    if (size > rnn_net_most ())
      return rnn_tflite_fail (tf, error, "constants of more than %u values", (guint) rnn_net_most ());
  }
  return TRUE;
}

static gboolean
add_inputs (RnnTflite *tf, GError **error)
{
  gsize first;
  guint n = rnn_flat_vector (&tf->flat, tf->subgraph, GRAPH_INPUTS, 4, &first);

  for (guint i = 0; i < n; i++) {
    gint tensor = (gint) rnn_flat_get (&tf->flat, first + 4 * (gsize) i, 4);
    RnnNetInput *input;
    gint64 dims[RNN_NET_RANK];
    gint rank = rnn_tflite_shape (tf, tensor, dims);

    if (rank < 0)
      return rnn_tflite_fail (tf, error, "input %u is no tensor", i);
    input = rnn_net_graph_add_input (tf->graph, rnn_tflite_name (tf, tensor));
    input->rank = rank;
    memcpy (input->dims, dims, sizeof dims);
  }
  return n > 0 || rnn_tflite_fail (tf, error, "a graph without inputs");
}

static gint
get_code (const RnnTflite *tf, gsize codes, guint n_codes, gint64 i)
{
  gsize code = i >= 0 && i < n_codes ? rnn_flat_element (&tf->flat, codes, (guint) i) : 0;
  gint old = (gint) rnn_flat_int (&tf->flat, code, CODE_OLD, 1, 0);

  return code ? MAX (old, (gint) rnn_flat_int (&tf->flat, code, CODE_NEW, 4, 0)) : -1;
}

static gboolean
add_operators (RnnTflite *tf, GError **error)
{
  gsize first, codes;
  guint n = rnn_flat_vector (&tf->flat, tf->subgraph, GRAPH_OPERATORS, 4, &first);
  guint n_codes = rnn_flat_vector (&tf->flat, rnn_flat_root (&tf->flat), MODEL_CODES, 4, &codes);

  if (n > MAX_OPERATORS)
    return rnn_tflite_fail (tf, error, "more than %d operators", MAX_OPERATORS);
  for (guint i = 0; i < n; i++) {
    gsize table = rnn_flat_element (&tf->flat, first, i);
    RnnTfliteOp op = { .tf = tf, .code = get_code (tf, codes, n_codes, rnn_flat_int (&tf->flat, table, OP_CODE, 4, 0)),
      .options = rnn_flat_table (&tf->flat, table, OP_OPTIONS), .error = error };

    op.n_in = rnn_flat_vector (&tf->flat, table, OP_INPUTS, 4, &op.in);
    op.n_out = rnn_flat_vector (&tf->flat, table, OP_OUTPUTS, 4, &op.out);
    if (!rnn_tflite_convert (&op))
      return FALSE;
  }
  return TRUE;
}

static gboolean
add_outputs (RnnTflite *tf, GError **error)
{
  gsize first;
  guint n = rnn_flat_vector (&tf->flat, tf->subgraph, GRAPH_OUTPUTS, 4, &first);

  for (guint i = 0; i < n && i < MAX_TENSORS; i++)
    g_ptr_array_add (tf->graph->outputs, g_strdup (rnn_tflite_name (tf, (gint) rnn_flat_get (&tf->flat, first + 4 * (gsize) i, 4))));
  return n > 0 || rnn_tflite_fail (tf, error, "a graph without outputs");
}

static gboolean
is_mine (const guint8 *data, gsize n)
{
  return n >= 8 && memcmp (data + 4, "TFL3", 4) == 0;
}

static gboolean
read_file (GBytes *bytes, const gchar *where, RnnImport *import, GError **error)
{
  g_autoptr (RnnNetGraph) graph = rnn_net_graph_new ();
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  RnnTflite tf = { .where = where, .graph = graph, .names = names };
  gsize root, subgraphs;

  tf.flat.data = g_bytes_get_data (bytes, &tf.flat.size);
  graph->opset = 13;
  root = rnn_flat_root (&tf.flat);
  if (rnn_flat_vector (&tf.flat, root, MODEL_SUBGRAPHS, 4, &subgraphs) > 0)
    tf.subgraph = rnn_flat_element (&tf.flat, subgraphs, 0);
  tf.n_buffers = rnn_flat_vector (&tf.flat, root, MODEL_BUFFERS, 4, &tf.buffers);
  tf.n_tensors = rnn_flat_vector (&tf.flat, tf.subgraph, GRAPH_TENSORS, 4, &tf.tensors);
  if (tf.n_tensors == 0 || tf.n_tensors > MAX_TENSORS)
    return rnn_tflite_fail (&tf, error, "a FlatBuffer without tensors, or with more than %d", MAX_TENSORS);
  return add_constants (&tf, error) && add_inputs (&tf, error) && add_operators (&tf, error) && add_outputs (&tf, error)
      && rnn_net_translate (graph, where, import, error);
}

const RnnReader rnn_reader_tflite = { "tflite", "TensorFlow Lite's models (.tflite)", is_mine, read_file };
