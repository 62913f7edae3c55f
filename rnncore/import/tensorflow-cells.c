/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TensorFlow's recurrent cells as the nodes that they leave in a graph (rnn_cell_impl.py), W [inputs + units][gates * units]:
 *
 *   BasicLSTMCell, LSTMCell   i, j, f, o = split ([x, h] W + b);  c = sigma (f + bias + p_f c) c + sigma (i + p_i c) tanh (j)
 *                             h = sigma (o + p_o c) tanh (c), with a projection: h P
 *   GRUCell                   r, u = split (sigma ([x, h] W + b));  n = tanh ([x, r h] V + d);  h = u h + (1 - u) n
 *   BasicRNNCell              h = tanh ([x, h] W + b)
 *
 * Every node is looked at: what only resembles a cell is not one. */
#include "tensorflow.h"
#include <string.h>
#include "gates.h"

/* [x, h] W + b */
typedef struct {
  RnnTfRef x, h;
  gfloat *w, *b;                /* [rows][columns], [columns]; g_free */
  gint rows, columns;
} Product;

static void
clear (Product *p)
{
  g_clear_pointer (&p->w, g_free);
  g_clear_pointer (&p->b, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Product, clear)

static gboolean
match_product (const RnnTf *tf, RnnTfRef sum, Product *p)
{
  RnnTfRef product, concat;
  gint dims[2] = { -1, -1 };

  if (!rnn_tf_is (sum, "BiasAdd") && !rnn_tf_is (sum, "Add"))
    return FALSE;
  product = rnn_tf_input (tf, sum.node, 0);
  concat = rnn_tf_is (product, "MatMul") ? rnn_tf_input (tf, product.node, 0) : (RnnTfRef) { 0 };
  if (!rnn_tf_is (concat, "ConcatV2") || concat.node->n_input != 3
      || !(p->w = rnn_tf_floats (rnn_tf_input (tf, product.node, 1), 2, dims)))
    return FALSE;
  p->rows = dims[0];
  p->columns = dims[1];
  p->x = rnn_tf_input (tf, concat.node, 0);
  p->h = rnn_tf_input (tf, concat.node, 1);
  return (p->b = rnn_tf_floats (rnn_tf_input (tf, sum.node, 1), 1, &p->columns)) != NULL;
}

/* Is @variable what the loop keeps of @value? */
static gboolean
is_kept (const RnnTf *tf, RnnTfRef variable, RnnTfRef value)
{
  return rnn_tf_is (variable, "Merge") && rnn_tf_same (rnn_tf_next (tf, variable.node), value);
}

/* ---- our weights ---- */

static gfloat *
add (RnnTf *tf, const gchar *layer, const gchar *name, gint rank, const gint *dims, GError **error)
{
  g_autofree gchar *full = g_strconcat (layer, ".", name, NULL);

  return rnn_tensors_add_f32 (tf->import->tensors, full, rank, dims, error);
}

/* Weights and biases of a layer of `all` gates, which are made if they are not there; from gate @first on they become @p's. */
static gboolean
add_product (RnnTf *tf, const gchar *layer, const gchar *cell, gint all, gint first, const Product *p, gint hidden, gint H, GError **error)
{
  const RnnGateOrder *order = rnn_gate_order_find ("tensorflow", cell);
  gint n_in = p->rows - hidden;
  static const gchar *const names[] = { "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0" };
  const gint inputs[] = { n_in, hidden, 1, 1 };
  const gfloat *from[] = { p->w, p->w + (gsize) n_in * p->columns, p->b, NULL };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    g_autofree gchar *full = g_strconcat (layer, ".", names[i], NULL);
    const RnnTensorView *there = rnn_tensors_find (tf->import->tensors, full);
    gfloat *to = there ? (gfloat *) there->data : add (tf, layer, names[i], i < 2 ? 2 : 1, (const gint[]) { all * H, inputs[i] }, error);

    if (!to)
      return FALSE;
    if (from[i])
      rnn_gates_from_theirs (&(RnnGates) { order, H, inputs[i] }, from[i], to + (gsize) first * H * inputs[i]);
  }
  return TRUE;
}

static gboolean
add_vector (RnnTf *tf, const gchar *layer, const gchar *name, gint n, const gfloat *from, GError **error)
{
  gfloat *to = add (tf, layer, name, 1, &n, error);

  if (to)
    memcpy (to, from, (gsize) n * sizeof (gfloat));
  return to != NULL;
}

/* ---- LSTM ---- */

typedef struct {
  RnnTfRef c, h;                /* of this step */
  RnnTfRef split;               /* [4 H] pre-activations */
  RnnTfRef state;               /* c of the step before */
  gfloat *peepholes[3];         /* i, f, o [H], or NULL */
  gfloat *projection;           /* [H][P], or NULL */
  gint H, P;
  gfloat forget_bias;
  Product product;
} Lstm;

static void
lstm_clear (Lstm *l)
{
  for (guint i = 0; i < 3; i++)
    g_free (l->peepholes[i]);
  g_free (l->projection);
  clear (&l->product);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Lstm, lstm_clear)

/* Is @ref output @port of the split? */
static gboolean
match_part (const RnnTf *tf, Lstm *l, RnnTfRef ref, guint port)
{
  if (!rnn_tf_is (ref, "Split") || ref.port != port)
    return FALSE;
  if (!l->split.node)
    l->split = (RnnTfRef) { ref.node, 0 };
  return l->split.node == ref.node;
}

/* sigma of a gate's part, its bias and its peephole (row @p of them, that sees @cell). */
static gboolean
match_gate (const RnnTf *tf, Lstm *l, RnnTfRef sigmoid, guint port, guint p, RnnTfRef cell)
{
  RnnTfRef sum = rnn_tf_is (sigmoid, "Sigmoid") ? rnn_tf_input (tf, sigmoid.node, 0) : (RnnTfRef) { 0 }, one, other;

  if (rnn_tf_pick (tf, sum, "Add", "Mul", &one, &other)) {
    RnnTfRef weight, seen;

    if (!rnn_tf_pick (tf, one, "Mul", "Const", &weight, &seen) || !rnn_tf_same (seen, cell) || l->peepholes[p]
        || !(l->peepholes[p] = rnn_tf_floats (weight, 1, &l->H)))
      return FALSE;
    sum = other;
  }
  if (port == 2 && rnn_tf_pick (tf, sum, "Add", "Const", &one, &other)) {
    g_autofree gfloat *bias = rnn_tf_floats (one, 0, NULL);

    if (!bias)
      return FALSE;
    l->forget_bias = *bias;
    sum = other;
  }
  return match_part (tf, l, sum, port);
}

/* sigma (f) times the cell of the step before */
static gboolean
match_forgetting (const RnnTf *tf, Lstm *l, RnnTfRef kept)
{
  RnnTfRef gate;

  return rnn_tf_pick (tf, kept, "Mul", "Sigmoid", &gate, &l->state) && is_kept (tf, l->state, l->c)
      && match_gate (tf, l, gate, 2, 1, l->state);
}

/* c = sigma (f) c + sigma (i) tanh (j) */
static gboolean
match_cell (const RnnTf *tf, Lstm *l)
{
  RnnTfRef a, b, gate, new;

  if (!rnn_tf_is (l->c, "Add"))
    return FALSE;
  a = rnn_tf_input (tf, l->c.node, 0);
  b = rnn_tf_input (tf, l->c.node, 1);
  if (!rnn_tf_pick (tf, b, "Mul", "Tanh", &new, &gate)) {
    RnnTfRef swap = a;

    a = b;
    b = swap;
  }
  return match_forgetting (tf, l, a) && rnn_tf_pick (tf, b, "Mul", "Tanh", &new, &gate)
      && match_part (tf, l, rnn_tf_input (tf, new.node, 0), 1) && match_gate (tf, l, gate, 0, 0, l->state);
}

static gboolean
match_lstm (const RnnTf *tf, RnnTfRef h, Lstm *l)
{
  RnnTfRef hidden = h, gate, tanh_c;
  gint dims[2] = { -1, -1 };

  l->h = h;
  if (rnn_tf_is (h, "MatMul")) {
    if (!(l->projection = rnn_tf_floats (rnn_tf_input (tf, h.node, 1), 2, dims)))
      return FALSE;
    hidden = rnn_tf_input (tf, h.node, 0);
  }
  if (!rnn_tf_pick (tf, hidden, "Mul", "Tanh", &tanh_c, &gate))
    return FALSE;
  l->H = dims[0];
  l->c = rnn_tf_input (tf, tanh_c.node, 0);
  if (!match_cell (tf, l) || !match_gate (tf, l, gate, 3, 2, l->c) || l->split.node->n_input != 2
      || !match_product (tf, rnn_tf_input (tf, l->split.node, 1), &l->product) || !is_kept (tf, l->product.h, l->h)
      || l->product.columns % 4)
    return FALSE;
  if ((l->H >= 0 && l->H != l->product.columns / 4) || !l->peepholes[0] != !l->peepholes[1] || !l->peepholes[0] != !l->peepholes[2])
    return FALSE;
  l->H = l->product.columns / 4;
  l->P = l->projection ? dims[1] : l->H;
  return l->product.rows > l->P;
}

static json_t *
add_lstm (RnnTf *tf, Lstm *l, const gchar *name, GError **error)
{
  static const gchar *const peepholes[] = { "p_i", "p_f", "p_o" };
  gint H = l->H;
  gboolean sees = l->peepholes[0] != NULL;
  gfloat *projection;

  for (gint i = 0; i < H; i++)
    l->product.b[2 * H + i] += l->forget_bias;
  if (!add_product (tf, name, "lstm", 4, 0, &l->product, l->P, H, error))
    return NULL;
  for (guint i = 0; sees && i < 3; i++)
    if (!add_vector (tf, name, peepholes[i], H, l->peepholes[i], error))
      return NULL;
  if (l->projection) {
    if (!(projection = add (tf, name, "weight_hr_l0", 2, (const gint[]) { l->P, H }, error)))
      return NULL;
    rnn_gates_from_theirs (&(RnnGates) { rnn_gate_order_find ("tensorflow", "elman"), l->P, H }, l->projection, projection);
  }
  return json_pack ("{ss si si sb}", "cell", "lstm", "hidden", H, "proj", l->projection ? l->P : 0, "peephole", sees);
}

/* ---- GRU ---- */

/* sigma before or after the split: what is split, and which part this is. */
static gboolean
match_gru_gate (const RnnTf *tf, RnnTfRef gate, guint port, RnnTfRef *sum)
{
  RnnTfRef inner = gate.node ? rnn_tf_input (tf, gate.node, rnn_tf_is (gate, "Split") ? 1 : 0) : (RnnTfRef) { 0 };

  if (rnn_tf_is (gate, "Split") && gate.port == port && rnn_tf_is (inner, "Sigmoid"))
    *sum = rnn_tf_input (tf, inner.node, 0);
  else if (rnn_tf_is (gate, "Sigmoid") && rnn_tf_is (inner, "Split") && inner.port == port)
    *sum = rnn_tf_input (tf, inner.node, 1);
  else
    return FALSE;
  return TRUE;
}

/* h = u h + (1 - u) n: u, the state, n. */
static gboolean
match_mixture (const RnnTf *tf, RnnTfRef h, RnnTfRef *u, RnnTfRef *state, RnnTfRef *n)
{
  RnnTfRef kept, new, rest, one;
  gint scalar[1];
  g_autofree gfloat *value = NULL;

  if (!rnn_tf_is (h, "Add"))
    return FALSE;
  kept = rnn_tf_input (tf, h.node, 0);
  new = rnn_tf_input (tf, h.node, 1);
  if (!rnn_tf_pick (tf, kept, "Mul", "Merge", state, u) || !is_kept (tf, *state, h) || !rnn_tf_pick (tf, new, "Mul", "Tanh", n, &rest)
      || !rnn_tf_is (rest, "Sub") || !rnn_tf_same (rnn_tf_input (tf, rest.node, 1), *u))
    return FALSE;
  one = rnn_tf_input (tf, rest.node, 0);
  value = rnn_tf_floats (one, 0, scalar);
  return value && *value == 1;
}

static json_t *
match_gru (RnnTf *tf, RnnTfRef h, const gchar *name, RnnTfRef *x, gint *width, GError **error)
{
  RnnTfRef u, state, n, r, kept, sum, other;
  g_auto (Product) gates = { 0 }, candidate = { 0 };

  if (!match_mixture (tf, h, &u, &state, &n) || !match_gru_gate (tf, u, 1, &sum) || !match_product (tf, sum, &gates)
      || !rnn_tf_same (gates.h, state) || !match_product (tf, rnn_tf_input (tf, n.node, 0), &candidate)
      || !rnn_tf_same (gates.x, candidate.x) || !rnn_tf_pick (tf, candidate.h, "Mul", "Merge", &kept, &r)
      || !rnn_tf_same (kept, state) || !match_gru_gate (tf, r, 0, &other) || !rnn_tf_same (sum, other)
      || candidate.columns * 2 != gates.columns || candidate.rows != gates.rows || gates.rows <= candidate.columns)
    return NULL;
  *x = gates.x;
  *width = candidate.columns;
  if (!add_product (tf, name, "gru", 3, 0, &gates, *width, *width, error)
      || !add_product (tf, name, "elman", 3, 2, &candidate, *width, *width, error))
    return NULL;
  return json_pack ("{ss si sb}", "cell", "gru", "hidden", *width, "reset_after", FALSE);
}

static json_t *
match_elman (RnnTf *tf, RnnTfRef h, const gchar *name, RnnTfRef *x, gint *width, GError **error)
{
  g_auto (Product) p = { 0 };

  if (!rnn_tf_is (h, "Tanh") || !match_product (tf, rnn_tf_input (tf, h.node, 0), &p) || !is_kept (tf, p.h, h) || p.rows <= p.columns)
    return NULL;
  *x = p.x;
  *width = p.columns;
  return add_product (tf, name, "elman", 1, 0, &p, *width, *width, error) ? json_pack ("{ss si}", "cell", "elman", "hidden", *width)
      : NULL;
}

json_t *
rnn_tf_match_cell (RnnTf *tf, RnnTfRef h, const gchar *name, RnnTfRef *x, gint *width, GError **error)
{
  g_auto (Lstm) lstm = { .H = -1 };
  g_autoptr (GError) inner = NULL;
  json_t *layer;

  if (match_lstm (tf, h, &lstm)) {
    *x = lstm.product.x;
    *width = lstm.P;
    return add_lstm (tf, &lstm, name, error);
  }
  layer = match_gru (tf, h, name, x, width, &inner);
  if (!layer && !inner)
    layer = match_elman (tf, h, name, x, width, &inner);
  if (inner)
    g_propagate_error (error, g_steal_pointer (&inner));
  return layer;
}
