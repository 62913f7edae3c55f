/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What TensorFlow Lite's operators are in ONNX's terms.  Most are one node; an activation that is fused to one is another behind it. */
#include "tflite.h"
#include <string.h>

#define MAX_PARTS 4096          /* of what is taken apart or put together */
#define FOREVER G_MAXINT32

static gboolean
fail (RnnTfliteOp *op, const gchar *reason)
{
  return rnn_tflite_fail (op->tf, op->error, "operator %d of tensor %d %s", op->code, rnn_tflite_out (op, 0), reason);
}

/* ---- nodes ---- */

static RnnNetNode *
add (RnnTfliteOp *op, const gchar *name, const gchar *const *in, const gchar *const *out)
{
  g_autofree gchar *label = g_strdup_printf ("%s of tensor %d", name, rnn_tflite_out (op, 0));
  RnnNetNode *node = rnn_net_graph_add_node (op->tf->graph, name, label);

  rnn_net_node_wire (node, in, out);
  return node;
}

static void
set_ints (RnnNetNode *node, const gchar *name, guint n, const gint64 *values)
{
  RnnNetAttribute *attribute = rnn_net_node_add_attribute (node, name);

  attribute->n = n;
  attribute->ints = g_memdup2 (values, n * sizeof (gint64));
}

static void
set_int (RnnNetNode *node, const gchar *name, gint64 value)
{
  set_ints (node, name, 1, &value);
}

static void
set_float (RnnNetNode *node, const gchar *name, gdouble value)
{
  RnnNetAttribute *attribute = rnn_net_node_add_attribute (node, name);

  attribute->n = 1;
  attribute->floats = g_memdup2 (&value, sizeof value);
}

#define NAMES(...) ((const gchar *const[]) { __VA_ARGS__, NULL })

static const gchar *
in (const RnnTfliteOp *op, guint i)
{
  return rnn_tflite_name (op->tf, rnn_tflite_in (op, i));
}

static const gchar *
out (const RnnTfliteOp *op, guint i)
{
  return rnn_tflite_name (op->tf, rnn_tflite_out (op, i));
}

/* ---- numbers that an operator is given ---- */

static gint64
get_option (const RnnTfliteOp *op, guint i, guint bytes, gint64 fallback)
{
  return rnn_flat_int (&op->tf->flat, op->options, i, bytes, fallback);
}

/* A constant input's whole numbers, at most @most; how many, or -1: it is none. */
static gint
get_ints (const RnnTfliteOp *op, guint i, gint64 *values, guint most)
{
  g_autoptr (RnnNetValue) value = rnn_tflite_constant (op->tf, rnn_tflite_in (op, i), NULL);

  if (!value || value->kind != RNN_NET_INT || value->size > most)
    return -1;
  for (gsize k = 0; k < value->size; k++)
    values[k] = value->data[k].i;
  return (gint) value->size;
}

static RnnNetValue *
get_floats (const RnnTfliteOp *op, guint i, gint rank)
{
  RnnNetValue *value = rnn_tflite_constant (op->tf, rnn_tflite_in (op, i), NULL);

  if (value && value->kind == RNN_NET_FLOAT && value->rank == rank)
    return value;
  rnn_net_value_unref (value);
  return NULL;
}

/* ---- activations ---- */

enum { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_RELU_1, ACTIVATION_RELU6, ACTIVATION_TANH };

static const gchar *
number (const RnnTfliteOp *op, gdouble value)
{
  RnnNetValue *scalar = rnn_net_value_new (RNN_NET_FLOAT, 0, NULL, NULL);

  scalar->data[0].f = value;
  return rnn_tflite_add (op->tf, scalar);
}

/* Puts activation @type of @from into the output. */
static gboolean
activate (RnnTfliteOp *op, gint64 type, const gchar *from)
{
  switch (type) {
    case ACTIVATION_RELU:
      add (op, "Relu", NAMES (from), NAMES (out (op, 0)));
      return TRUE;
    case ACTIVATION_RELU_1:
      add (op, "Clip", NAMES (from, number (op, -1), number (op, 1)), NAMES (out (op, 0)));
      return TRUE;
    case ACTIVATION_RELU6:
      add (op, "Clip", NAMES (from, number (op, 0), number (op, 6)), NAMES (out (op, 0)));
      return TRUE;
    case ACTIVATION_TANH:
      add (op, "Tanh", NAMES (from), NAMES (out (op, 0)));
      return TRUE;
    default:
      return fail (op, "has a fused activation that is not known");
  }
}

/* Where an operator writes that has this activation fused to it. */
static const gchar *
result (const RnnTfliteOp *op, gint64 type)
{
  return type == ACTIVATION_NONE ? out (op, 0) : rnn_tflite_new_name (op->tf);
}

static gboolean
finish (RnnTfliteOp *op, gint64 type, const gchar *from)
{
  return type == ACTIVATION_NONE || activate (op, type, from);
}

static gboolean
convert_relu6 (RnnTfliteOp *op, const gchar *name)
{
  return activate (op, ACTIVATION_RELU6, in (op, 0));
}

/* ---- element by element ---- */

static gboolean
convert_unary (RnnTfliteOp *op, const gchar *name)
{
  add (op, name, NAMES (in (op, 0)), NAMES (out (op, 0)));
  return TRUE;
}

static gboolean
convert_square (RnnTfliteOp *op, const gchar *name)
{
  add (op, name, NAMES (in (op, 0), in (op, 0)), NAMES (out (op, 0)));
  return TRUE;
}

static gboolean
convert_binary (RnnTfliteOp *op, const gchar *name)
{
  gint64 type = get_option (op, 0, 1, 0);
  const gchar *to = result (op, type);

  add (op, name, NAMES (in (op, 0), in (op, 1)), NAMES (to));
  return finish (op, type, to);
}

static gboolean
convert_softmax (RnnTfliteOp *op, const gchar *name)
{
  if (rnn_flat_float (&op->tf->flat, op->options, 0, 0) != 1 && g_str_equal (name, "Softmax"))
    return fail (op, "is a softmax with a beta");
  set_int (add (op, name, NAMES (in (op, 0)), NAMES (out (op, 0))), "axis", -1);
  return TRUE;
}

/* ---- shapes ---- */

static gboolean
convert_reshape (RnnTfliteOp *op, const gchar *name)
{
  gint64 dims[RNN_NET_RANK];
  gint n = get_ints (op, 1, dims, RNN_NET_RANK);

  if (n < 0)
    n = rnn_tflite_shape (op->tf, rnn_tflite_out (op, 0), dims);
  if (n < 0)
    return fail (op, "has a shape that is not known");
  add (op, name, NAMES (in (op, 0), rnn_tflite_ints (op->tf, (guint) n, dims)), NAMES (out (op, 0)));
  return TRUE;
}

static gboolean
convert_transpose (RnnTfliteOp *op, const gchar *name)
{
  gint64 order[RNN_NET_RANK];
  gint n = get_ints (op, 1, order, RNN_NET_RANK);

  if (n < 0)
    return fail (op, "has an order that is no constant");
  set_ints (add (op, name, NAMES (in (op, 0)), NAMES (out (op, 0))), "perm", (guint) n, order);
  return TRUE;
}

static gboolean
convert_expand (RnnTfliteOp *op, const gchar *name)
{
  gint64 axis;

  if (get_ints (op, 1, &axis, 1) != 1)
    return fail (op, "has an axis that is no constant");
  add (op, name, NAMES (in (op, 0), rnn_tflite_ints (op->tf, 1, &axis)), NAMES (out (op, 0)));
  return TRUE;
}

static gboolean
convert_squeeze (RnnTfliteOp *op, const gchar *name)
{
  gint64 axes[RNN_NET_RANK];
  gsize first;
  guint n = rnn_flat_vector (&op->tf->flat, op->options, 0, 4, &first);

  if (n > RNN_NET_RANK)
    return fail (op, "has more axes than a tensor");
  for (guint i = 0; i < n; i++)
    axes[i] = rnn_flat_get (&op->tf->flat, first + 4 * (gsize) i, 4);
  if (n)
    add (op, name, NAMES (in (op, 0), rnn_tflite_ints (op->tf, n, axes)), NAMES (out (op, 0)));
  else
    add (op, name, NAMES (in (op, 0)), NAMES (out (op, 0)));
  return TRUE;
}

static gboolean
convert_concat (RnnTfliteOp *op, const gchar *name)
{
  g_autofree const gchar **names = g_new0 (const gchar *, op->n_in + 1);
  gint64 type = get_option (op, 1, 1, 0);
  const gchar *to = result (op, type);

  for (guint i = 0; i < op->n_in; i++)
    names[i] = in (op, i);
  set_int (add (op, name, names, NAMES (to)), "axis", get_option (op, 0, 4, 0));
  return finish (op, type, to);
}

/* Inputs [...] get an axis, along which they are put together. */
static gboolean
convert_pack (RnnTfliteOp *op, const gchar *name)
{
  g_autofree const gchar **names = g_new0 (const gchar *, op->n_in + 1);
  gint64 axis = get_option (op, 1, 4, 0);
  const gchar *axes = rnn_tflite_ints (op->tf, 1, &axis);

  for (guint i = 0; i < op->n_in; i++) {
    names[i] = rnn_tflite_new_name (op->tf);
    add (op, "Unsqueeze", NAMES (in (op, i), axes), NAMES (names[i]));
  }
  set_int (add (op, name, names, NAMES (out (op, 0))), "axis", axis);
  return TRUE;
}

static gboolean
convert_unpack (RnnTfliteOp *op, const gchar *name)
{
  for (guint i = 0; i < op->n_out && i < MAX_PARTS; i++) {
    RnnNetValue *place = rnn_net_value_new (RNN_NET_INT, 0, NULL, NULL);

    place->data[0].i = i;
    set_int (add (op, name, NAMES (in (op, 0), rnn_tflite_add (op->tf, place)), NAMES (out (op, i))), "axis", get_option (op, 1, 4, 0));
  }
  return op->n_out <= MAX_PARTS || fail (op, "has too many parts");
}

static gboolean
convert_split (RnnTfliteOp *op, const gchar *name)
{
  g_autofree const gchar **names = g_new0 (const gchar *, op->n_out + 1);
  gint64 axis;

  if (get_ints (op, 0, &axis, 1) != 1 || op->n_out > MAX_PARTS)
    return fail (op, "has an axis that is no constant, or too many parts");
  for (guint i = 0; i < op->n_out; i++)
    names[i] = out (op, i);
  set_int (add (op, name, NAMES (in (op, 1)), names), "axis", axis);
  return TRUE;
}

static gboolean
convert_gather (RnnTfliteOp *op, const gchar *name)
{
  set_int (add (op, name, NAMES (in (op, 0), in (op, 1)), NAMES (out (op, 0))), "axis", get_option (op, 0, 4, 0));
  return TRUE;
}

static gboolean
convert_lookup (RnnTfliteOp *op, const gchar *name)
{
  set_int (add (op, name, NAMES (in (op, 1), in (op, 0)), NAMES (out (op, 0))), "axis", 0);
  return TRUE;
}

static gboolean
convert_mean (RnnTfliteOp *op, const gchar *name)
{
  gint64 axes[RNN_NET_RANK];
  gint n = get_ints (op, 1, axes, RNN_NET_RANK);
  RnnNetNode *node;

  if (n < 0)
    return fail (op, "has axes that are no constant");
  node = add (op, name, NAMES (in (op, 0)), NAMES (out (op, 0)));
  set_ints (node, "axes", (guint) n, axes);
  set_int (node, "keepdims", get_option (op, 0, 1, 0) != 0);
  return TRUE;
}

/* ---- slices ---- */

/* from[start:end:step] along axes 0 ... n - 1, without the @dropped ones. */
static void
add_slice (RnnTfliteOp *op, guint n, const gint64 *start, const gint64 *end, const gint64 *step, gint64 dropped)
{
  gint64 axes[RNN_NET_RANK], gone[RNN_NET_RANK];
  const gchar *to = dropped ? rnn_tflite_new_name (op->tf) : out (op, 0);
  guint n_gone = 0;

  for (guint i = 0; i < n; i++) {
    axes[i] = i;
    if (dropped >> i & 1)
      gone[n_gone++] = i;
  }
  add (op, "Slice", NAMES (in (op, 0), rnn_tflite_ints (op->tf, n, start), rnn_tflite_ints (op->tf, n, end),
          rnn_tflite_ints (op->tf, n, axes), rnn_tflite_ints (op->tf, n, step)), NAMES (to));
  if (dropped)
    add (op, "Squeeze", NAMES (to, rnn_tflite_ints (op->tf, n_gone, gone)), NAMES (out (op, 0)));
}

enum { MASK_BEGIN, MASK_END, MASK_ELLIPSIS, MASK_NEW, MASK_SHRINK };

static gboolean
convert_strided_slice (RnnTfliteOp *op, const gchar *name)
{
  gint64 start[RNN_NET_RANK], end[RNN_NET_RANK], step[RNN_NET_RANK], shrink = get_option (op, MASK_SHRINK, 4, 0);
  gint n = get_ints (op, 1, start, RNN_NET_RANK);

  if (n < 0 || get_ints (op, 2, end, RNN_NET_RANK) != n || get_ints (op, 3, step, RNN_NET_RANK) != n
      || get_option (op, MASK_ELLIPSIS, 4, 0) || get_option (op, MASK_NEW, 4, 0))
    return fail (op, "has bounds that are no constants, or masks that are not supported");
  shrink &= (1 << n) - 1;
  for (gint i = 0; i < n; i++)
    if (shrink >> i & 1) {
      step[i] = 1;
      end[i] = start[i] == -1 ? FOREVER : start[i] + 1;
    } else {
      if (get_option (op, MASK_BEGIN, 4, 0) >> i & 1)
        start[i] = step[i] < 0 ? FOREVER : 0;
      if (get_option (op, MASK_END, 4, 0) >> i & 1)
        end[i] = step[i] < 0 ? -(gint64) FOREVER : FOREVER;
    }
  add_slice (op, (guint) n, start, end, step, shrink);
  return TRUE;
}

static gboolean
convert_slice (RnnTfliteOp *op, const gchar *name)
{
  gint64 start[RNN_NET_RANK], size[RNN_NET_RANK], step[RNN_NET_RANK];
  gint n = get_ints (op, 1, start, RNN_NET_RANK);

  if (n < 0 || get_ints (op, 2, size, RNN_NET_RANK) != n)
    return fail (op, "has bounds that are no constants");
  for (gint i = 0; i < n; i++) {
    size[i] = size[i] < 0 ? FOREVER : start[i] + size[i];
    step[i] = 1;
  }
  add_slice (op, (guint) n, start, size, step, 0);
  return TRUE;
}

/* ---- layers ---- */

/* y = f (W x + b), W [outputs][inputs], over the last axis. */
static gboolean
convert_product (RnnTfliteOp *op, const RnnNetValue *w, gint64 type)
{
  RnnNetValue *turned = rnn_net_value_new (RNN_NET_FLOAT, 2, (const gint64[]) { w->dims[1], w->dims[0] }, op->error);
  const gchar *to = result (op, type), *product = rnn_tflite_in (op, 2) < 0 ? to : rnn_tflite_new_name (op->tf);

  if (!turned)
    return FALSE;
  for (gint64 i = 0; i < w->dims[0]; i++)
    for (gint64 k = 0; k < w->dims[1]; k++)
      turned->data[k * w->dims[0] + i] = w->data[i * w->dims[1] + k];
  add (op, "MatMul", NAMES (in (op, 0), rnn_tflite_add (op->tf, turned)), NAMES (product));
  if (product != to)
    add (op, "Add", NAMES (product, in (op, 2)), NAMES (to));
  return finish (op, type, to);
}

/* The same; unless it keeps dimensions, x is rows of as many values as W takes, whatever its shape. */
static gboolean
convert_dense (RnnTfliteOp *op, const gchar *name)
{
  g_autoptr (RnnNetValue) w = get_floats (op, 1, 2);
  gint64 type = get_option (op, 0, 1, 0), rows[] = { -1, w ? w->dims[1] : 0 };
  const gchar *x, *to;

  if (!w)
    return fail (op, "has weights that are no constant");
  if (get_option (op, 2, 1, 0) || g_hash_table_contains (op->tf->graph->constants, in (op, 0)))
    return convert_product (op, w, type);
  x = rnn_tflite_new_name (op->tf);
  to = result (op, type);
  add (op, "Reshape", NAMES (in (op, 0), rnn_tflite_ints (op->tf, 2, rows)), NAMES (x));
  set_int (add (op, name, NAMES (x, in (op, 1), in (op, 2)), NAMES (to)), "transB", 1);
  return finish (op, type, to);
}

/* ONNX's gates i, o, f, c among ours of the file, i, f, c, o. */
static const guint lstm_gates[] = { 0, 3, 1, 2 }, lstm_peepholes[] = { 0, 2, 1 };

/* One array of @n gates, [1][n * rows][columns] (rank 2: [1][n * rows]), of inputs @first on; without the input gate it is 1 - the
 * forget gate.  @extra: as many values of 0 behind. */
static const gchar *
join_gates (RnnTfliteOp *op, guint first, guint n, const guint *order, gint rank, gint64 rows, gint64 columns, gint64 extra)
{
  const gint64 dims[] = { 1, (gint64) n * rows + extra, columns };
  g_autoptr (RnnNetValue) all = rnn_net_value_new (RNN_NET_FLOAT, rank, dims, NULL);
  gsize size = (gsize) (rows * columns);

  for (guint g = 0; all && g < n; g++) {
    gboolean rest = order[g] == 0 && rnn_tflite_in (op, first) < 0;
    g_autoptr (RnnNetValue) part = get_floats (op, first + (rest ? 1 : order[g]), rank - 1);

    if (!part || part->size != size)
      return NULL;
    for (gsize i = 0; i < size; i++)
      all->data[g * size + i].f = rest ? -part->data[i].f : part->data[i].f;
  }
  return all ? rnn_tflite_add (op->tf, g_steal_pointer (&all)) : NULL;
}

enum { LSTM_W = 1, LSTM_R = 5, LSTM_PEEPHOLE = 9, LSTM_BIAS = 12, LSTM_PROJECTION = 16, LSTM_NORM = 20 };

static gboolean
convert_lstm (RnnTfliteOp *op, const gchar *name)
{
  g_autoptr (RnnNetValue) w = get_floats (op, LSTM_W + 1, 2), r = get_floats (op, LSTM_R + 1, 2);
  gboolean time_major = get_option (op, 3, 1, 0) != 0;
  const gchar *all, *weights, *own, *bias, *peepholes = "";
  gdouble clip = rnn_flat_float (&op->tf->flat, op->options, 1, 0);
  RnnNetNode *node;
  gint64 H, axis = time_major ? 1 : 2;

  if (!w || !r || get_option (op, 0, 1, 0) != ACTIVATION_TANH)
    return fail (op, "is an LSTM whose weights are no constants, or whose activation is not tanh");
  if (rnn_tflite_in (op, LSTM_PROJECTION) >= 0 || rnn_tflite_in (op, LSTM_NORM + 1) >= 0)
    return fail (op, "is an LSTM with a projection or layer normalisation, which is not supported");
  H = r->dims[0];
  weights = join_gates (op, LSTM_W, 4, lstm_gates, 3, H, w->dims[1], 0);
  own = join_gates (op, LSTM_R, 4, lstm_gates, 3, H, r->dims[1], 0);
  bias = join_gates (op, LSTM_BIAS, 4, lstm_gates, 2, H, 1, 4 * H);
  if (rnn_tflite_in (op, LSTM_PEEPHOLE + 1) >= 0)
    peepholes = join_gates (op, LSTM_PEEPHOLE, 3, lstm_peepholes, 2, H, 1, 0);
  if (!weights || !own || !bias || !peepholes)
    return fail (op, "is an LSTM whose arrays do not fit each other");
  all = rnn_tflite_new_name (op->tf);
  node = add (op, name, NAMES (in (op, 0), weights, own, bias, "", "", "", peepholes), NAMES (all));
  set_int (node, "hidden_size", H);
  set_int (node, "layout", !time_major);
  set_float (node, "cell_clip", clip);
  add (op, "Squeeze", NAMES (all, rnn_tflite_ints (op->tf, 1, &axis)), NAMES (out (op, 0)));
  return TRUE;
}

static const struct {
  gint code;
  const gchar *name;            /* of the node */
  gboolean (*convert) (RnnTfliteOp *op, const gchar *name);
} kinds[] = {
  { 0, "Add", convert_binary }, { 2, "Concat", convert_concat }, { 6, "Identity", convert_unary }, { 7, "Gather", convert_lookup },
  { 9, "Gemm", convert_dense }, { 14, "Sigmoid", convert_unary }, { 18, "Mul", convert_binary }, { 19, "Relu", convert_unary },
  { 21, "Clip", convert_relu6 }, { 22, "Reshape", convert_reshape }, { 25, "Softmax", convert_softmax }, { 28, "Tanh", convert_unary },
  { 36, "Gather", convert_gather }, { 39, "Transpose", convert_transpose }, { 40, "ReduceMean", convert_mean },
  { 41, "Sub", convert_binary }, { 42, "Div", convert_binary }, { 43, "Squeeze", convert_squeeze }, { 44, "LSTM", convert_lstm },
  { 45, "Slice", convert_strided_slice }, { 47, "Exp", convert_unary }, { 49, "Split", convert_split },
  { 50, "LogSoftmax", convert_softmax }, { 53, "Identity", convert_unary }, { 55, "Max", convert_binary }, { 57, "Min", convert_binary },
  { 59, "Neg", convert_unary }, { 65, "Slice", convert_slice }, { 70, "Unsqueeze", convert_expand }, { 75, "Sqrt", convert_unary },
  { 83, "Concat", convert_pack }, { 88, "Gather", convert_unpack }, { 92, "Mul", convert_square }, { 101, "Abs", convert_unary },
  { 111, "Elu", convert_unary }, { 114, "Identity", convert_unary },
};

gboolean
rnn_tflite_convert (RnnTfliteOp *op)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (kinds[i].code == op->code)
      return op->n_out > 0 ? kinds[i].convert (op, kinds[i].name) : fail (op, "has no output");
  return fail (op, "is none that is known here");
}
