/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each kind of Keras's layers is here.  Kernels lie [inputs][outputs]; gates are those of gates.c. */
#include "keras.h"
#include <string.h>
#include "base/error.h"
#include "gates.h"

#define MAX_UNITS (1 << 20)

/* ---- options ---- */

static gint
get_int (const RnnKerasLayer *l, const gchar *key, gint fallback)
{
  const json_t *value = json_object_get (l->config, key);

  if (json_is_array (value) && json_array_size (value) == 1)
    value = json_array_get (value, 0);
  return json_is_integer (value) ? (gint) CLAMP (json_integer_value (value), 0, MAX_UNITS) : fallback;
}

static gboolean
get_bool (const RnnKerasLayer *l, const gchar *key, gboolean fallback)
{
  const json_t *value = json_object_get (l->config, key);

  return json_is_boolean (value) ? json_is_true (value) : fallback;
}

static const struct {
  const gchar *theirs, *ours;
} activations[] = {
  { "linear", "linear" }, { "tanh", "tanh" }, { "sigmoid", "sigmoid" }, { "relu", "relu" }, { "hard_sigmoid", "hardsigmoid" },
  { "softsign", "softsign" }, { "softplus", "softplus" }, { "elu", "elu" }, { "selu", "selu" }, { "swish", "silu" },
  { "silu", "silu" }, { "gelu", "gelu" },
};

/* Sets @option of @layer to the activation that @key names. */
static gboolean
set_activation (RnnKeras *k, const RnnKerasLayer *l, const gchar *key, const gchar *option, json_t *layer, GError **error)
{
  const gchar *name = json_string_value (json_object_get (l->config, key));
  g_autofree gchar *alpha = g_strconcat (option, "_alpha", NULL);

  for (guint i = 0; name && i < G_N_ELEMENTS (activations); i++)
    if (g_str_equal (activations[i].theirs, name)) {
      json_object_set_new (layer, option, json_string (activations[i].ours));
      if (g_str_equal (name, "hard_sigmoid") && k->version && k->version[0] >= '3')
        json_object_set_new (layer, alpha, json_real (1. / 6));
      return TRUE;
    }
  return rnn_keras_fail (k, l->name, error, "has the activation \"%.40s\", which no cell has", name ? name : "(an object)");
}

/* ---- weights ---- */

/* The array called @name ("kernel:0" is "kernel") of the layer. */
static const RnnTensorView *
find_array (const RnnKeras *k, const RnnKerasLayer *l, const gchar *name)
{
  g_autofree gchar *folder = g_strconcat (l->name, "/", NULL);

  if (k->folders)
    return rnn_keras_archive_find (k, l, name);
  for (guint i = 0; i < rnn_tensors_get_n (k->arrays); i++) {
    const RnnTensorView *array = rnn_tensors_get (k->arrays, i);
    const gchar *path = g_str_has_prefix (array->name, "model_weights/") ? array->name + strlen ("model_weights/") : array->name;
    const gchar *last = strrchr (path, '/');

    if (last && g_str_has_prefix (path, folder) && strlen (name) == strcspn (last + 1, ":") && g_str_has_prefix (last + 1, name)
        && (!l->part || strstr (path, l->part)))
      return array;
  }
  return NULL;
}

/* The same, which has to have this shape (-1: any). */
static const RnnTensorView *
need_array (const RnnKeras *k, const RnnKerasLayer *l, const gchar *name, gint rank, const gint *dims, GError **error)
{
  const RnnTensorView *array = find_array (k, l, name);
  gboolean fits = array && array->rank == rank;

  for (gint i = 0; fits && i < rank; i++)
    fits = array->dims[i] > 0 && (dims[i] < 0 || array->dims[i] == dims[i]);
  if (!fits)
    rnn_keras_fail (k, l->name, error, array ? "has a \"%s\" of another shape than its options say" : "has no \"%s\"", name);
  return fits ? array : NULL;
}

/* Room for our weight "layer.name". */
static gfloat *
add_weight (RnnKeras *k, const RnnKerasLayer *l, const gchar *name, gint rank, const gint *dims, GError **error)
{
  g_autofree gchar *full = g_strconcat (l->name, ".", name, l->suffix, NULL);

  return rnn_tensors_add_f32 (k->import->tensors, full, rank, dims, error);
}

/* A vector of n values, as it is; without an array: all @fallback. */
static gboolean
copy_vector (RnnKeras *k, const RnnKerasLayer *l, const gchar *theirs, const gchar *ours, gint n, gfloat fallback, GError **error)
{
  const RnnTensorView *array = find_array (k, l, theirs);
  gfloat *to;

  if (array && !need_array (k, l, theirs, 1, &n, error))
    return FALSE;
  if (!(to = add_weight (k, l, ours, 1, &n, error)))
    return FALSE;
  for (gint i = 0; i < n; i++)
    to[i] = array ? ((const gfloat *) array->data)[i] : fallback;
  return TRUE;
}

/* [a][b][c] -> [c][b][a] */
static void
turn (const gfloat *from, gint a, gint b, gint c, gfloat *to)
{
  for (gint i = 0; i < a; i++)
    for (gint j = 0; j < b; j++)
      for (gint k = 0; k < c; k++)
        to[((gsize) k * b + j) * a + i] = from[((gsize) i * b + j) * c + k];
}

/* ---- adding layers ---- */

/* @layer: taken over */
static void
add_layer (RnnKeras *k, RnnKerasLayer *l, json_t *layer)
{
  if (l->part) {
    json_decref (l->made);
    l->made = layer;
    return;
  }
  json_object_set_new (layer, "name", json_string (l->name));
  json_object_set (layer, "from", l->from);
  json_array_append_new (k->layers, layer);
}

/* The activation of a layer that has just been added: an option of its own, or the cell softmax behind it. */
static gboolean
add_activation (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  const gchar *name = json_string_value (json_object_get (l->config, "activation"));
  json_t *last = json_array_get (k->layers, json_array_size (k->layers) - 1);

  if (g_strcmp0 (name, "softmax"))
    return set_activation (k, l, "activation", "activation", last, error);
  json_array_append_new (k->layers, json_pack ("{ss so s[s]}", "cell", "softmax", "name", json_sprintf ("%s_softmax", l->name), "from",
          l->name));
  return TRUE;
}

/* ---- kinds ---- */

static const struct {
  const gchar *klass, *cell;
  gint gates;
} recurrent[] = {
  { "SimpleRNN", "elman", 1 }, { "GRU", "gru", 3 }, { "LSTM", "lstm", 4 },
  { "CuDNNGRU", "gru", 3 }, { "CuDNNLSTM", "lstm", 4 },
};

/* bias [gates * H], or of a GRU with reset_after [2][gates * H]: input, recurrent. */
static gboolean
add_biases (RnnKeras *k, RnnKerasLayer *l, const RnnGates *gates, gboolean two, GError **error)
{
  gint rows = gates->order->n_gates * gates->hidden;
  const gint dims[] = { 2, rows };
  const RnnTensorView *array = need_array (k, l, "bias", two ? 2 : 1, two ? dims : dims + 1, error);
  gfloat *input = array ? add_weight (k, l, "bias_ih_l0", 1, &rows, error) : NULL;
  gfloat *own = input ? add_weight (k, l, "bias_hh_l0", 1, &rows, error) : NULL;

  if (!own)
    return FALSE;
  rnn_gates_from_theirs (gates, array->data, input);
  if (two)
    rnn_gates_from_theirs (gates, (const gfloat *) array->data + rows, own);
  return TRUE;
}

static gboolean
add_gates (RnnKeras *k, RnnKerasLayer *l, const gchar *theirs, const gchar *ours, const RnnGateOrder *order, gint hidden, gint inputs,
    GError **error)
{
  gint rows = order->n_gates * hidden;
  const gint dims[] = { inputs, rows };
  const RnnTensorView *array = need_array (k, l, theirs, 2, dims, error);
  gfloat *to = array ? add_weight (k, l, ours, 2, (const gint[]) { rows, (gint) array->dims[0] }, error) : NULL;

  if (to)
    rnn_gates_from_theirs (&(RnnGates) { order, hidden, (gint) array->dims[0] }, array->data, to);
  return to != NULL;
}

static gboolean
convert_recurrent (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  gint hidden = get_int (l, "units", 0);
  gboolean bias = get_bool (l, "use_bias", TRUE), after, ok;
  const RnnGateOrder *order;
  json_t *layer;
  guint i = 0;

  while (!g_str_equal (recurrent[i].klass, l->klass))
    i++;
  if (hidden < 1 || (!l->part && get_bool (l, "go_backwards", FALSE)))
    return rnn_keras_fail (k, l->name, error, hidden < 1 ? "has no units" : "runs backwards: only in a Bidirectional");
  order = rnn_gate_order_find ("keras", recurrent[i].cell);
  after = order->n_gates == 3 && get_bool (l, "reset_after", g_str_has_prefix (l->klass, "CuDNN"));
  layer = json_pack ("{ss si sb}", "cell", recurrent[i].cell, "hidden", hidden, "bias", bias);
  if (order->n_gates == 3)
    json_object_set_new (layer, "reset_after", json_boolean (after));
  add_layer (k, l, layer);
  ok = g_str_has_prefix (l->klass, "CuDNN") || (set_activation (k, l, "activation", "activation", layer, error)
      && (order->n_gates == 1 || set_activation (k, l, "recurrent_activation", "gate_activation", layer, error))
      && (order->n_gates < 4 || set_activation (k, l, "activation", "output_activation", layer, error)));
  return ok && add_gates (k, l, "kernel", "weight_ih_l0", order, hidden, -1, error)
      && add_gates (k, l, "recurrent_kernel", "weight_hh_l0", order, hidden, hidden, error)
      && (!bias || add_biases (k, l, &(RnnGates) { order, hidden, 1 }, after, error));
}

/* A layer inside another, whose name it takes. */
static gboolean
convert_inner (RnnKeras *k, RnnKerasLayer *l, const gchar *part, const gchar *suffix, json_t **made, GError **error)
{
  const json_t *inner = json_object_get (l->config, "layer");
  RnnKerasLayer one = { .klass = json_string_value (json_object_get (inner, "class_name")), .name = l->name,
    .config = json_object_get (inner, "config"), .part = part, .suffix = suffix, .from = l->from };
  gboolean ok = rnn_keras_convert (k, &one, error);

  if (made && ok)
    *made = one.made;
  else
    json_decref (one.made);
  return ok;
}

static gboolean
convert_bidirectional (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  const gchar *merge = json_string_value (json_object_get (l->config, "merge_mode"));
  json_t *layer = NULL, *other = NULL;
  gboolean ok;

  if (l->part || g_strcmp0 (merge, "concat"))
    return rnn_keras_fail (k, l->name, error, "joins its directions by \"%.20s\"; only concat is supported", merge ? merge : "none");
  ok = convert_inner (k, l, "/forward_", "", &layer, error) && convert_inner (k, l, "/backward_", "_reverse", &other, error);
  json_decref (other);
  if (ok && layer)
    add_layer (k, l, json_pack ("{ss s[o]}", "cell", "bidirectional", "layers", layer));
  else
    json_decref (layer);
  return ok && (layer || rnn_keras_fail (k, l->name, error, "holds no recurrent layer"));
}

static gboolean
convert_distributed (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  return convert_inner (k, l, l->part, l->suffix, NULL, error);
}

static gboolean
convert_dense (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  gint units = get_int (l, "units", 0);
  gboolean bias = get_bool (l, "use_bias", TRUE);
  const gint dims[] = { -1, units };
  const RnnTensorView *kernel = need_array (k, l, "kernel", 2, dims, error);
  gfloat *to = kernel ? add_weight (k, l, "weight", 2, (const gint[]) { units, (gint) kernel->dims[0] }, error) : NULL;

  if (!to)
    return FALSE;
  turn (kernel->data, (gint) kernel->dims[0], 1, units, to);
  add_layer (k, l, json_pack ("{ss si sb}", "cell", "dense", "units", units, "bias", bias));
  return (!bias || copy_vector (k, l, "bias", "bias", units, 0, error)) && add_activation (k, l, error);
}

/* kernel [steps][inputs][outputs]; "valid" and "same" look ahead, "causal" does not. */
static gboolean
convert_conv (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  gint filters = get_int (l, "filters", 0), size = get_int (l, "kernel_size", 0), ahead = size - 1;
  const gchar *padding = json_string_value (json_object_get (l->config, "padding"));
  gboolean bias = get_bool (l, "use_bias", TRUE);
  const gint dims[] = { size, -1, filters };
  const RnnTensorView *kernel = need_array (k, l, "kernel", 3, dims, error);
  gfloat *to;

  if (!kernel)
    return FALSE;
  if (get_int (l, "strides", 1) != 1 || get_int (l, "dilation_rate", 1) != 1 || get_int (l, "groups", 1) != 1)
    return rnn_keras_fail (k, l->name, error, "has strides, dilation or groups");
  if (!g_strcmp0 (padding, "causal"))
    ahead = 0;
  else if (!g_strcmp0 (padding, "same"))
    ahead = size - 1 - (size - 1) / 2;
  if (!(to = add_weight (k, l, "weight", 3, (const gint[]) { filters, (gint) kernel->dims[1], size }, error)))
    return FALSE;
  turn (kernel->data, size, (gint) kernel->dims[1], filters, to);
  add_layer (k, l, json_pack ("{ss si si si sb sb}", "cell", "conv1d", "units", filters, "kernel", size, "lookahead", ahead, "bias", bias,
          "zero_padding", TRUE));
  return (!bias || copy_vector (k, l, "bias", "bias", filters, 0, error)) && add_activation (k, l, error);
}

/* Of a normalisation, the number of values is that of any of its arrays. */
static gint
count_values (const RnnKeras *k, const RnnKerasLayer *l)
{
  static const gchar *const names[] = { "moving_mean", "gamma", "beta" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const RnnTensorView *array = find_array (k, l, names[i]);

    if (array && array->rank == 1 && array->dims[0] > 0)
      return (gint) array->dims[0];
  }
  return 0;
}

static gboolean
convert_norm (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  gboolean batch = g_str_equal (l->klass, "BatchNormalization");
  gdouble eps = json_number_value (json_object_get (l->config, "epsilon"));
  gint n = count_values (k, l);

  if (n == 0)
    return rnn_keras_fail (k, l->name, error, "has no arrays");
  add_layer (k, l, json_pack ("{ss sf}", "cell", batch ? "batchnorm" : "norm", "eps", eps > 0 ? eps : 1e-3));
  return copy_vector (k, l, "gamma", "weight", n, 1, error) && copy_vector (k, l, "beta", "bias", n, 0, error)
      && (!batch || (copy_vector (k, l, "moving_mean", "running_mean", n, 0, error)
          && copy_vector (k, l, "moving_variance", "running_var", n, 1, error)));
}

static gboolean
convert_embedding (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  const gint dims[] = { get_int (l, "input_dim", 0), get_int (l, "output_dim", 0) };
  const RnnTensorView *array = need_array (k, l, "embeddings", 2, dims, error);
  gfloat *to = array ? add_weight (k, l, "weight", 2, dims, error) : NULL;

  if (!to)
    return FALSE;
  memcpy (to, array->data, array->size * sizeof (gfloat));
  add_layer (k, l, json_pack ("{ss si si}", "cell", "embedding", "tokens", dims[0], "units", dims[1]));
  return TRUE;
}

static gboolean
convert_activation (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  const gchar *name = json_string_value (json_object_get (l->config, "activation"));
  gboolean softmax = g_str_equal (l->klass, "Softmax") || g_strcmp0 (name, "softmax") == 0;
  json_t *layer = json_pack ("{ss}", "cell", softmax ? "softmax" : "activate");

  add_layer (k, l, layer);
  if (g_str_equal (l->klass, "ReLU") || softmax)
    return TRUE;
  return set_activation (k, l, "activation", "activation", layer, error);
}

/* Several inputs, side by side in "from". */
static gboolean
convert_join (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  const gchar *cell = g_str_equal (l->klass, "Add") ? "add" : g_str_equal (l->klass, "Multiply") ? "mul" : "concat";
  json_t *layer = json_pack ("{ss}", "cell", cell);

  if (!g_str_equal (cell, "concat"))
    json_object_set_new (layer, "parts", json_integer ((json_int_t) json_array_size (l->from)));
  add_layer (k, l, layer);
  return TRUE;
}

/* What does something only while training. */
static gboolean
convert_nothing (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  return TRUE;
}

static const struct {
  const gchar *klass;
  gboolean (*convert) (RnnKeras *k, RnnKerasLayer *l, GError **error);
} kinds[] = {
  { "SimpleRNN", convert_recurrent }, { "GRU", convert_recurrent }, { "LSTM", convert_recurrent },
  { "CuDNNGRU", convert_recurrent }, { "CuDNNLSTM", convert_recurrent },
  { "Bidirectional", convert_bidirectional }, { "TimeDistributed", convert_distributed },
  { "Dense", convert_dense }, { "Conv1D", convert_conv }, { "Embedding", convert_embedding },
  { "BatchNormalization", convert_norm }, { "LayerNormalization", convert_norm },
  { "Activation", convert_activation }, { "ReLU", convert_activation }, { "Softmax", convert_activation },
  { "Add", convert_join }, { "Multiply", convert_join }, { "Concatenate", convert_join },
  { "Dropout", convert_nothing }, { "SpatialDropout1D", convert_nothing }, { "GaussianNoise", convert_nothing },
  { "GaussianDropout", convert_nothing }, { "ActivityRegularization", convert_nothing },
};

gboolean
rnn_keras_convert (RnnKeras *k, RnnKerasLayer *l, GError **error)
{
  for (guint i = 0; l->klass && i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].klass, l->klass))
      return kinds[i].convert (k, l, error);
  return rnn_keras_fail (k, l->name, error, "is a %.60s, which no cell here is", l->klass ? l->klass : "layer without a class");
}
