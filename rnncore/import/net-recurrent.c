/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* RNN, GRU and LSTM.  Along the sequence they are cells, whose state is the model's.  Over an axis within a step they are cells in a
 * "window", which takes the first state from its input where that is no constant 0 and gives the last one back.
 *
 *   X [T][B][n] (layout 1: [B][T][n]), W [D][gates H][n], R [D][gates H][H], B [D][2 gates H], P [D][3 H] */
#include "net-work.h"
#include "gates.h"
#include <string.h>

static const struct {
  const gchar *op, *cell;
  gint gates, activations;      /* activations: of each direction */
} kinds[] = { { "RNN", "elman", 1, 1 }, { "GRU", "gru", 3, 2 }, { "LSTM", "lstm", 4, 3 } };

typedef struct {
  RnnNetCall *call;
  guint kind;
  gint hidden, inputs, directions;
  gboolean batch_first, lstm;
  RnnNetValue *x;               /* [T][B][n] */
  gint64 steps, batch;
  gint64 lengths[256];          /* of each sequence of a batch, where n_lengths > 0 */
  gint n_lengths;
  GPtrArray *y;                 /* of RnnNetValue [T][B][H]: each direction's answers */
  RnnNetValue *h[2], *c[2];     /* [B][H]: each direction's last state, or NULL: not known */
} Recurrent;

/* ---- the cell ---- */

static const struct {
  const gchar *theirs, *ours;
  gboolean alpha, beta;
  gdouble a, b;                 /* their defaults */
} functions[] = {
  { "tanh", "tanh" }, { "sigmoid", "sigmoid" }, { "relu", "relu" }, { "affine", "affine", TRUE, TRUE, 1, 0 },
  { "leakyrelu", "leakyrelu", TRUE, FALSE, 0.01 }, { "thresholdedrelu", "thresholdedrelu", TRUE, FALSE, 1 },
  { "scaledtanh", "scaledtanh", TRUE, TRUE, 1, 1 }, { "hardsigmoid", "hardsigmoid", TRUE, TRUE, 0.2, 0.5 },
  { "elu", "elu", TRUE, FALSE, 1 }, { "softsign", "softsign" }, { "softplus", "softplus" },
};

/* The next of a list of alphas or betas, for a function that has one. */
static gdouble
next_number (const RnnNetCall *c, const gchar *name, gint *at, gdouble fallback)
{
  const RnnNetAttribute *a = rnn_net_node_find (c->node, name);

  return a && a->floats && (gsize) *at < a->n ? a->floats[(*at)++] : fallback;
}

static gboolean
set_activations (Recurrent *r, gint direction, json_t *cell)
{
  static const gchar *const options[3][3] = { { "activation" }, { "gate_activation", "activation" },
    { "gate_activation", "activation", "output_activation" } };
  static const gchar *const standard[3][3] = { { "tanh" }, { "sigmoid", "tanh" }, { "sigmoid", "tanh", "tanh" } };
  const RnnNetAttribute *a = rnn_net_node_find (r->call->node, "activations");
  gint n = kinds[r->kind].activations, alphas = 0, betas = 0, given = a && a->strings ? (gint) g_strv_length (a->strings) : 0;

  for (gint i = 0; i < MIN ((direction + 1) * n, MAX (given, n)); i++) {
    const gchar *name = i < given ? a->strings[i] : standard[r->kind][i % n], *option = options[r->kind][i % n];
    g_autofree gchar *alpha = g_strconcat (option, "_alpha", NULL), *beta = g_strconcat (option, "_beta", NULL);
    guint f = 0;
    gdouble x, y;

    while (f < G_N_ELEMENTS (functions) && g_ascii_strcasecmp (functions[f].theirs, name))
      f++;
    if (f == G_N_ELEMENTS (functions))
      return rnn_net_fail (r->call, "has the activation \"%.40s\", which no cell has", name);
    x = functions[f].alpha ? next_number (r->call, "activation_alpha", &alphas, functions[f].a) : 0;
    y = functions[f].beta ? next_number (r->call, "activation_beta", &betas, functions[f].b) : 0;
    if (i < direction * n)
      continue;
    json_object_set_new (cell, option, json_string (functions[f].ours));
    json_object_set_new (cell, alpha, json_real (x));
    json_object_set_new (cell, beta, json_real (y));
  }
  return TRUE;
}

static gboolean
has_peepholes (const Recurrent *r)
{
  return r->lstm && rnn_net_in (r->call, 7) != NULL;
}

/* (transfer full); NULL and an error: it has what no cell has. */
static json_t *
make_cell (Recurrent *r, gint direction)
{
  json_t *cell = json_pack ("{ss si sb}", "cell", kinds[r->kind].cell, "hidden", r->hidden, "bias", rnn_net_in (r->call, 3) != NULL);
  gdouble clip = rnn_net_node_float (r->call->node, "clip", 0);

  if (clip > 0)
    json_object_set_new (cell, "clip", json_real (MIN (clip, 1e6)));
  if ((clip = rnn_net_node_float (r->call->node, "cell_clip", 0)) > 0)  /* TensorFlow Lite's */
    json_object_set_new (cell, "cell_clip", json_real (MIN (clip, 1e6)));
  if (g_str_equal (kinds[r->kind].cell, "gru"))
    json_object_set_new (cell, "reset_after", json_boolean (rnn_net_node_int (r->call->node, "linear_before_reset", 0)));
  if (r->lstm && rnn_net_node_int (r->call->node, "input_forget", 0))
    json_object_set_new (cell, "coupled", json_true ());
  if (has_peepholes (r))
    json_object_set_new (cell, "peephole", json_true ());
  if (set_activations (r, direction, cell))
    return cell;
  json_decref (cell);
  return NULL;
}

/* One parameter: @from elements into input @i. */
static void
set_gates (Recurrent *r, gint wire, const gchar *name, gint rank, gint cols, gint i, gsize from)
{
  gint rows = kinds[r->kind].gates * r->hidden;
  const RnnGates gates = { rnn_gate_order_find ("onnx", kinds[r->kind].cell), r->hidden, cols };
  g_autofree gfloat *theirs = g_new (gfloat, (gsize) rows * cols);

  for (gsize k = 0; k < (gsize) rows * cols; k++)
    theirs[k] = (gfloat) rnn_net_number (r->call->in[i], from + k);
  rnn_gates_from_theirs (&gates, theirs, rnn_net_weight (r->call->work, wire, name, rank, (const gint[]) { rows, cols }));
}

static void
set_weights (Recurrent *r, gint wire, gint direction)
{
  static const gchar *const peepholes[] = { "p_i", "p_o", "p_f" };
  gsize rows = (gsize) kinds[r->kind].gates * r->hidden, d = (gsize) direction;

  set_gates (r, wire, "weight_ih_l0", 2, r->inputs, 1, d * rows * r->inputs);
  set_gates (r, wire, "weight_hh_l0", 2, r->hidden, 2, d * rows * r->hidden);
  if (rnn_net_in (r->call, 3)) {
    set_gates (r, wire, "bias_ih_l0", 1, 1, 3, 2 * d * rows);
    set_gates (r, wire, "bias_hh_l0", 1, 1, 3, (2 * d + 1) * rows);
  }
  for (gint i = 0; has_peepholes (r) && i < 3; i++) {
    gfloat *to = rnn_net_weight (r->call->work, wire, peepholes[i], 1, &r->hidden);

    for (gint k = 0; k < r->hidden; k++)
      to[k] = (gfloat) rnn_net_number (r->call->in[7], (3 * d + (gsize) i) * r->hidden + (gsize) k);
  }
}

/* ---- what comes in ---- */

static gboolean
is_backward (const Recurrent *r, gint direction)
{
  return direction == 1 || g_str_equal (rnn_net_node_string (r->call->node, "direction", "forward"), "reverse");
}

static gboolean
has_size (const RnnNetValue *v, gint64 size)
{
  return v && rnn_net_is_constant (v) && v->size == (gsize) size;
}

static gboolean
read_weights (Recurrent *r)
{
  RnnNetCall *c = r->call;
  gint64 D = r->directions, rows = (gint64) kinds[r->kind].gates * r->hidden;

  if (!has_size (c->in[1], D * rows * r->inputs) || !has_size (c->in[2], D * rows * r->hidden)
      || (rnn_net_in (c, 3) && !has_size (c->in[3], 2 * D * rows)) || (has_peepholes (r) && !has_size (c->in[7], 3 * D * r->hidden)))
    return rnn_net_fail (c, "has weights that the model computes, or whose shapes do not fit");
  return TRUE;
}

static gboolean
read_lengths (Recurrent *r)
{
  RnnNetCall *c = r->call;

  if (!rnn_net_in (c, 4))
    return TRUE;
  if (r->x->time >= 0 || r->batch > (gint64) G_N_ELEMENTS (r->lengths))
    return rnn_net_fail (c, "has \"sequence_lens\", which a stream has not: leave them out");
  if (!rnn_net_is_constant (c->in[4]))
    return rnn_net_fail (c, "has \"sequence_lens\" that are an input: only constant ones are supported");
  r->n_lengths = rnn_net_ints (c, 4, NULL, r->lengths, (gint) r->batch);
  for (gint i = 0; i < r->n_lengths; i++)
    if (r->lengths[i] < 0 || r->lengths[i] > r->steps)
      return rnn_net_fail (c, "has \"sequence_lens\" beyond its sequence");
  return r->n_lengths == r->batch || rnn_net_fail (c, "has \"sequence_lens\" for another batch");
}

static gboolean
read_input (Recurrent *r)
{
  static const gint swap[] = { 1, 0, 2 }, same[] = { 0, 1, 2 };
  RnnNetCall *c = r->call;
  RnnNetValue *w = rnn_net_in (c, 1);
  gint64 hidden = rnn_net_node_int (c->node, "hidden_size", w && w->rank == 3 ? w->dims[1] / kinds[r->kind].gates : 0);

  r->batch_first = rnn_net_node_int (c->node, "layout", 0) != 0;
  if (!rnn_net_need (c, 3) || rnn_net_is_constant (c->in[0]) || c->in[0]->rank != 3 || w->rank != 3 || hidden < 1 || hidden > 65536
      || c->in[0]->time == 2 || !(r->x = rnn_net_transpose (c, c->in[0], r->batch_first ? swap : same)))
    return rnn_net_fail (c, "has an input that is no sequence, or weights that are no constant");
  r->hidden = (gint) hidden;
  r->steps = r->x->dims[0];
  r->batch = r->x->dims[1];
  r->inputs = (gint) r->x->dims[2];
  if (r->x->time == 1)
    return rnn_net_fail (c, "runs over an axis of a fixed length, while the model's steps are another");
  if (r->x->time == 0 && r->steps != 1)
    return rnn_net_fail (c, "runs %d times for each step of the model", (gint) r->steps);
  return r->inputs > 0 && r->batch > 0 && r->steps > 0 && read_weights (r) && read_lengths (r);
}

/* Input i, [D][B][H] (layout 1: [B][D][H]), for a direction: [B][H], or NULL and TRUE: zeros. */
static gboolean
first_state (Recurrent *r, gint i, gint direction, RnnNetValue **state)
{
  RnnNetValue *v = rnn_net_in (r->call, i);
  gint64 dims[] = { r->batch, r->hidden };
  gdouble number;

  *state = NULL;
  if (!v || (rnn_net_is_uniform (v, &number) && number == 0))
    return TRUE;
  if (v->rank != 3 || v->size != (gsize) (r->directions * r->batch * r->hidden) || v->time >= 0)
    return rnn_net_fail (r->call, "has a first state whose shape does not fit");
  if (!(*state = rnn_net_value_like (r->call, v, 2, dims)))
    return FALSE;
  for (gint64 b = 0; b < r->batch; b++)
    memcpy ((*state)->data + b * r->hidden, v->data + (r->batch_first ? b * r->directions + direction : direction * r->batch + b) * r->hidden,
        (gsize) r->hidden * sizeof (RnnNetElement));
  return TRUE;
}

/* ---- along the sequence ---- */

static gboolean
run_sequence (Recurrent *r, gint direction)
{
  g_autoptr (RnnNetValue) h = NULL, c = NULL;
  gboolean backward = is_backward (r, direction);
  json_t *cell;
  gint wire;

  if (!first_state (r, 5, direction, &h) || (r->lstm && !first_state (r, 6, direction, &c)))
    return FALSE;
  if (h || c)
    return rnn_net_fail (r->call, "begins a sequence in a state that is not 0");
  if (!(cell = make_cell (r, direction)))
    return FALSE;
  if (backward)
    cell = json_pack ("{ss s[o]}", "cell", "reverse", "layers", cell);
  wire = rnn_net_emit (r->call, rnn_net_each (cell, (gint) r->batch), (gint) r->batch * r->hidden, 1,
      (const gint[]) { rnn_net_order (r->call, r->x) });
  set_weights (r, wire, direction);
  g_ptr_array_add (r->y, rnn_net_of_wire (r->call, wire, 3, (const gint64[]) { 1, r->batch, r->hidden }, 0, FALSE));
  if (!backward)
    r->h[direction] = rnn_net_of_wire (r->call, wire, 2, (const gint64[]) { r->batch, r->hidden }, -1, TRUE);
  return TRUE;
}

/* ---- within a step ---- */

/* Of sequence b of the batch: its state, then its steps in the order in which they are read. */
static void
lay_out (const Recurrent *r, gint64 b, gint64 length, gboolean backward, const RnnNetValue *h, const RnnNetValue *c, RnnNetElement *to)
{
  gsize H = (gsize) r->hidden, n = (gsize) r->inputs;

  for (gint i = 0; (h || c) && i < (r->lstm ? 2 : 1); i++, to += H) {
    const RnnNetValue *state = i ? c : h;

    for (gsize k = 0; k < H; k++)
      if (state)
        to[k] = state->data[(gsize) b * H + k];
      else
        to[k].ref.wire = -1;
  }
  for (gint64 t = 0; t < length; t++, to += n)
    memcpy (to, r->x->data + ((backward ? length - 1 - t : t) * r->batch + b) * (gint64) n, n * sizeof (RnnNetElement));
}

/* The sequences of the batch that have @length steps, n of them. */
static gboolean
run_windows (Recurrent *r, gint direction, gint64 length, gint n, const gint64 *which, const RnnNetValue *h, const RnnNetValue *c)
{
  RnnNetValue like = { .kind = RNN_NET_WIRES };
  gboolean initial = h || c, final = r->lstm && r->call->n_out > 2, backward = is_backward (r, direction);
  gint64 states = r->lstm ? 2 * r->hidden : r->hidden, row = length * r->inputs + (initial ? states : 0), H = r->hidden;
  gint64 answer = length * H + (final ? states : 0), dims[] = { n, row };
  g_autoptr (RnnNetValue) x = rnn_net_value_like (r->call, &like, 2, dims);
  json_t *cell = x ? make_cell (r, direction) : NULL;
  RnnNetValue *y = r->y->pdata[direction];
  gint wire;

  if (!cell)
    return FALSE;
  for (gint i = 0; i < n; i++)
    lay_out (r, which[i], length, backward, h, c, x->data + i * row);
  cell = json_pack ("{ss si sb sb sb s[o]}", "cell", "window", "segment", r->inputs, "all", TRUE, "initial", initial, "final", final, "layers",
      cell);
  wire = rnn_net_emit (r->call, rnn_net_each (cell, n), (gint) (n * answer), 1, (const gint[]) { rnn_net_order (r->call, x) });
  set_weights (r, wire, direction);
  for (gint i = 0; i < n; i++)
    for (gint64 t = 0; t <= length; t++)
      for (gint64 k = 0; k < H; k++) {
        gint64 step = backward ? length - 1 - t : t, from = i * answer;
        RnnNetElement at = { .ref = { wire, (gint32) (from + t * H + k) } };

        if (t < length)
          y->data[(step * r->batch + which[i]) * H + k] = at;
        if (t == length - 1)
          r->h[direction]->data[which[i] * H + k] = at;
        if (t == length && final)
          r->c[direction]->data[which[i] * H + k].ref = (typeof (at.ref)) { wire, (gint32) (from + length * H + H + k) };
      }
  return TRUE;
}

/* A sequence without steps leaves the state as it was. */
static void
keep_state (Recurrent *r, gint direction, gint64 b, const RnnNetValue *h, const RnnNetValue *c)
{
  for (gint64 k = b * r->hidden; k < (b + 1) * r->hidden; k++) {
    if (h)
      r->h[direction]->data[k] = h->data[k];
    if (c)
      r->c[direction]->data[k] = c->data[k];
  }
}

static gboolean
run_within (Recurrent *r, gint direction)
{
  RnnNetValue like = { .kind = RNN_NET_WIRES };
  gint64 dims[] = { r->steps, r->batch, r->hidden };
  g_autofree gint64 *which = g_new (gint64, r->batch);
  g_autoptr (RnnNetValue) h0 = NULL, c0 = NULL, h = NULL, c = NULL;

  if (!first_state (r, 5, direction, &h0) || (r->lstm && !first_state (r, 6, direction, &c0)))
    return FALSE;
  h = h0 ? rnn_net_as_wires (r->call, h0) : NULL;
  c = c0 ? rnn_net_as_wires (r->call, c0) : NULL;
  g_ptr_array_add (r->y, rnn_net_value_like (r->call, &like, 3, dims));
  r->h[direction] = rnn_net_value_like (r->call, &like, 2, dims + 1);
  r->c[direction] = rnn_net_value_like (r->call, &like, 2, dims + 1);
  if (!r->y->pdata[direction] || !r->h[direction] || !r->c[direction])
    return FALSE;
  for (gint64 length = 0; length <= r->steps; length++) {
    gint n = 0;

    for (gint64 b = 0; b < r->batch; b++)
      if ((r->n_lengths > 0 ? r->lengths[b] : r->steps) == length)
        which[n++] = b;
    for (gint i = 0; length == 0 && i < n; i++)
      keep_state (r, direction, which[i], h, c);
    if (n && length && !run_windows (r, direction, length, n, which, h, c))
      return FALSE;
    if (n == r->batch)
      break;
  }
  return TRUE;
}

/* ---- what goes out ---- */

/* [T][B][H] of each direction -> [T][D][B][H] (layout 1: [B][T][D][H]). */
static gboolean
give_answers (Recurrent *r)
{
  RnnNetValue *first = r->y->pdata[0];
  gint64 T = r->steps, D = r->directions, B = r->batch, H = r->hidden;
  gint64 plain[] = { T, D, B, H }, batch_first[] = { B, T, D, H };
  RnnNetValue *out = rnn_net_value_like (r->call, first, 4, r->batch_first ? batch_first : plain);

  if (!(r->call->out[0] = out))
    return FALSE;
  out->time = first->time == 0 ? r->batch_first : -1;
  for (gint64 t = 0; t < T; t++)
    for (gint64 d = 0; d < D; d++)
      for (gint64 b = 0; b < B; b++)
        memcpy (out->data + (r->batch_first ? ((b * T + t) * D + d) : ((t * D + d) * B + b)) * H,
            ((RnnNetValue *) r->y->pdata[d])->data + (t * B + b) * H, (gsize) H * sizeof (RnnNetElement));
  return TRUE;
}

/* [B][H] of each direction -> [D][B][H] (layout 1: [B][D][H]), if they are known. */
static gboolean
give_state (Recurrent *r, gint i, RnnNetValue **states)
{
  gint64 D = r->directions, B = r->batch, H = r->hidden, plain[] = { D, B, H }, batch_first[] = { B, D, H };
  RnnNetValue *out;

  for (gint64 d = 0; d < D; d++)
    if (!states[d])
      return TRUE;
  if (i >= r->call->n_out)
    return TRUE;
  if (!(out = r->call->out[i] = rnn_net_value_like (r->call, states[0], 3, r->batch_first ? batch_first : plain)))
    return FALSE;
  for (gint64 d = 0; d < D; d++)
    for (gint64 b = 0; b < B; b++)
      memcpy (out->data + (r->batch_first ? b * D + d : d * B + b) * H, states[d]->data + b * H, (gsize) H * sizeof (RnnNetElement));
  return TRUE;
}

static gboolean
recurrent (RnnNetCall *call)
{
  Recurrent r = { .call = call, .y = g_ptr_array_new_with_free_func ((GDestroyNotify) rnn_net_value_unref) };
  gboolean ok;

  while (!g_str_equal (kinds[r.kind].op, call->node->op))
    r.kind++;
  r.lstm = kinds[r.kind].gates == 4;
  r.directions = g_str_equal (rnn_net_node_string (call->node, "direction", "forward"), "bidirectional") ? 2 : 1;
  ok = read_input (&r);
  for (gint d = 0; ok && d < r.directions; d++)
    ok = r.x->time >= 0 ? run_sequence (&r, d) : run_within (&r, d);
  ok = ok && give_answers (&r) && give_state (&r, 1, r.h) && (!r.lstm || give_state (&r, 2, r.c));
  rnn_net_value_unref (r.x);
  g_ptr_array_unref (r.y);
  for (gint d = 0; d < 2; d++) {
    rnn_net_value_unref (r.h[d]);
    rnn_net_value_unref (r.c[d]);
  }
  return ok || rnn_net_fail (call, "has inputs that do not fit");
}

const RnnNetOp rnn_net_ops_recurrent[] = { { "RNN", recurrent }, { "GRU", recurrent }, { "LSTM", recurrent }, { NULL } };
