/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of two tensors, element by element.  With a constant they become a scale or an activation, else a layer that joins two. */
#include "net-work.h"
#include <math.h>
#include <string.h>

typedef enum { ADD, SUB, MUL, DIV, POW, MIN_OF, MAX_OF, EQUAL, LESS, GREATER, AND, OR, MOD } Kind;

static const struct {
  const gchar *op;
  Kind kind;
  const gchar *cell;            /* of arith; NULL: constants only */
} rows[] = {
  { "Add", ADD }, { "Sum", ADD }, { "Sub", SUB, "sub" }, { "Mul", MUL }, { "Div", DIV, "div" }, { "Pow", POW, "pow" },
  { "Min", MIN_OF, "min" }, { "Max", MAX_OF, "max" }, { "Equal", EQUAL, "equal" }, { "Less", LESS, "less" },
  { "Greater", GREATER, "greater" }, { "And", AND }, { "Or", OR }, { "Mod", MOD },
};

/* ---- constants ---- */

static gint64
fold_ints (Kind kind, gint64 a, gint64 b)
{
  switch (kind) {
    case ADD: return (gint64) ((guint64) a + (guint64) b);
    case SUB: return (gint64) ((guint64) a - (guint64) b);
    case MUL: return (gint64) ((guint64) a * (guint64) b);
    case DIV: return b == 0 || (b == -1 && a == G_MININT64) ? 0 : a / b;
    case MOD: return b == 0 || b == -1 ? 0 : ((a % b) + b) % b;
    case POW: return (gint64) CLAMP (pow ((gdouble) a, (gdouble) b), -9e18, 9e18);
    case MIN_OF: return MIN (a, b);
    case MAX_OF: return MAX (a, b);
    case EQUAL: return a == b;
    case LESS: return a < b;
    case GREATER: return a > b;
    case AND: return a && b;
    default: return a || b;
  }
}

static gdouble
fold_floats (Kind kind, gdouble a, gdouble b)
{
  switch (kind) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case DIV: return a / b;
    case MOD: return fmod (a, b);
    case POW: return pow (a, b);
    case MIN_OF: return MIN (a, b);
    case MAX_OF: return MAX (a, b);
    case EQUAL: return a == b;
    case LESS: return a < b;
    case GREATER: return a > b;
    case AND: return a != 0 && b != 0;
    default: return a != 0 || b != 0;
  }
}

static RnnNetValue *
fold (RnnNetCall *c, Kind kind, const RnnNetValue *a, const RnnNetValue *b)
{
  gboolean ints = a->kind == RNN_NET_INT && b->kind == RNN_NET_INT, truth = kind >= EQUAL && kind <= OR;
  RnnNetValue like = { .kind = ints || truth ? RNN_NET_INT : RNN_NET_FLOAT };
  RnnNetValue *v = rnn_net_value_like (c, &like, a->rank, a->dims);

  for (gsize i = 0; v && i < v->size; i++)
    if (ints)
      v->data[i].i = fold_ints (kind, a->data[i].i, b->data[i].i);
    else if (truth)
      v->data[i].i = fold_floats (kind, rnn_net_number (a, i), rnn_net_number (b, i)) != 0;
    else
      v->data[i].f = fold_floats (kind, rnn_net_number (a, i), rnn_net_number (b, i));
  return v;
}

/* ---- with a constant ---- */

/* The shortest period of w [n]. */
static gint
find_period (gint n, const gfloat *w)
{
  for (gint p = 1; p <= n / 2; p++)
    if (n % p == 0) {
      gint i = p;

      while (i < n && w[i] == w[i - p])
        i++;
      if (i == n)
        return p;
    }
  return n;
}

static void
set_weights (RnnNetCall *c, gint wire, const gchar *name, gint n, gint period, const gfloat *w)
{
  gfloat *to = rnn_net_weight (c->work, wire, name, 1, &period);

  memcpy (to, w, (gsize) MIN (period, n) * sizeof (gfloat));
}

static gfloat *
numbers_of (const RnnNetValue *constant, const RnnNetValue *x, gboolean by_wire)
{
  gfloat *w;

  if (!constant)
    return NULL;
  w = g_new (gfloat, x->size);
  for (gsize i = 0; i < x->size; i++)
    w[by_wire ? (gsize) x->data[i].ref.at : i] = (gfloat) rnn_net_number (constant, i);
  return w;
}

RnnNetValue *
rnn_net_scale (RnnNetCall *c, const RnnNetValue *x, const RnnNetValue *a, const RnnNetValue *b)
{
  gint n = (gint) x->size, base = rnn_net_base (c->work, x), wire, period, other;
  g_autofree gfloat *w = numbers_of (a, x, base >= 0), *bias = numbers_of (b, x, base >= 0);
  RnnNetValue *v;

  period = w ? find_period (n, w) : 1;
  other = bias ? find_period (n, bias) : 1;
  period = period % other == 0 ? period : other % period == 0 ? other : n;
  wire = rnn_net_emit (c, json_pack ("{ss si sb sb}", "cell", "scale", "period", period, "weight", w != NULL, "bias", bias != NULL), n, 1,
      (const gint[]) { base >= 0 ? base : rnn_net_order (c, x) });
  if (w)
    set_weights (c, wire, "weight", n, period, w);
  if (bias)
    set_weights (c, wire, "bias", n, period, bias);
  if (base < 0)
    return rnn_net_of_wire (c, wire, x->rank, x->dims, x->time, x->last);
  if ((v = rnn_net_value_copy (c, x)))
    for (gsize i = 0; i < v->size; i++)
      v->data[i].ref.wire = wire;
  return v;
}

/* Every element of a constant changed. */
static RnnNetValue *
map_constant (RnnNetCall *c, const RnnNetValue *a, Kind kind, gdouble with, gboolean swapped)
{
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  RnnNetValue *v = rnn_net_value_like (c, &like, a->rank, a->dims);

  for (gsize i = 0; v && i < v->size; i++)
    v->data[i].f = swapped ? fold_floats (kind, with, rnn_net_number (a, i)) : fold_floats (kind, rnn_net_number (a, i), with);
  return v;
}

/* x ^ n for the exponents that have a function of their own. */
static RnnNetValue *
power (RnnNetCall *c, const RnnNetValue *x, gdouble n)
{
  return n == 2 ? rnn_net_activate (c, x, "square", 0, 0) : n == 0.5 ? rnn_net_activate (c, x, "sqrt", 0, 0)
      : n == 1 ? rnn_net_value_copy (c, x) : n == -1 ? rnn_net_activate (c, x, "reciprocal", 0, 0) : NULL;
}

/* x op constant, or constant op x; *done: FALSE where a constant layer has to do. */
static RnnNetValue *
with_constant (RnnNetCall *c, Kind kind, const RnnNetValue *x, const RnnNetValue *constant, gboolean first, gboolean *done)
{
  gdouble number;
  gboolean uniform = rnn_net_is_uniform (constant, &number);
  g_autoptr (RnnNetValue) other = NULL, turned = NULL;

  *done = TRUE;
  if (uniform && ((number == 0 && (kind == ADD || (kind == SUB && first))) || (number == 1 && (kind == MUL || (kind == DIV && first)))))
    return rnn_net_value_copy (c, x);
  if (uniform && kind == POW && first) {
    RnnNetValue *v = power (c, x, number);

    *done = v != NULL;
    return v;
  }
  switch (kind) {
    case ADD:
      return rnn_net_scale (c, x, NULL, constant);
    case MUL:
      return rnn_net_scale (c, x, constant, NULL);
    case SUB:
      if (first)
        return (other = map_constant (c, constant, MUL, -1, FALSE)) ? rnn_net_scale (c, x, NULL, other) : NULL;
      other = map_constant (c, constant, MUL, 0, FALSE);
      turned = other ? map_constant (c, other, ADD, -1, FALSE) : NULL;
      return turned ? rnn_net_scale (c, x, turned, constant) : NULL;
    case DIV:
      if (first)
        return (other = map_constant (c, constant, DIV, 1, TRUE)) ? rnn_net_scale (c, x, other, NULL) : NULL;
      turned = rnn_net_activate (c, x, "reciprocal", 0, 0);
      return turned ? rnn_net_scale (c, turned, constant, NULL) : NULL;
    default:
      *done = FALSE;
      return NULL;
  }
}

/* ---- of two wires ---- */

static json_t *
join_cell (guint row)
{
  if (rows[row].kind == ADD || rows[row].kind == MUL)
    return json_pack ("{ss}", "cell", rows[row].kind == ADD ? "add" : "mul");
  return rows[row].cell ? json_pack ("{ss ss}", "cell", "arith", "op", rows[row].cell) : NULL;
}

/* @b's elements in the order in which @a's lie in its wire. */
static RnnNetValue *
order_as (RnnNetCall *c, const RnnNetValue *a, const RnnNetValue *b)
{
  RnnNetValue *v = rnn_net_value_copy (c, b);

  for (gsize i = 0; v && i < v->size; i++)
    v->data[a->data[i].ref.at] = b->data[i];
  return v;
}

static RnnNetValue *
join (RnnNetCall *c, guint row, const RnnNetValue *a, const RnnNetValue *b)
{
  gint base_a = rnn_net_base (c->work, a), base_b = rnn_net_base (c->work, b), wire, sources[2];
  const RnnNetValue *order = base_a >= 0 ? a : base_b >= 0 ? b : NULL;
  g_autoptr (RnnNetValue) other = NULL;
  json_t *cell = join_cell (row);
  RnnNetValue *v;

  if (!cell) {
    rnn_net_fail (c, "is not supported on what the model computes");
    return NULL;
  }
  if (order && !(other = order_as (c, order, order == a ? b : a))) {
    json_decref (cell);
    return NULL;
  }
  sources[0] = base_a >= 0 ? base_a : rnn_net_order (c, other ? other : a);
  sources[1] = order == b && base_a < 0 ? base_b : rnn_net_order (c, order == a ? other : b);
  wire = rnn_net_emit (c, cell, (gint) a->size, 2, sources);
  if (!order)
    return rnn_net_of_wire (c, wire, a->rank, a->dims, a->time, a->last || b->last);
  if ((v = rnn_net_value_copy (c, order)))
    for (gsize i = 0; i < v->size; i++)
      v->data[i].ref.wire = wire;
  return v;
}

static RnnNetValue *
apply (RnnNetCall *c, guint row, RnnNetValue *a, RnnNetValue *b)
{
  Kind kind = rows[row].kind;
  g_autoptr (RnnNetValue) left = NULL, right = NULL, layer = NULL;
  RnnNetValue *v = NULL;
  gboolean done;

  if (a == b && kind == MUL && !rnn_net_is_constant (a))
    return rnn_net_activate (c, a, "square", 0, 0);
  left = a;
  right = b;
  if (!rnn_net_broadcast (c, &left, &right)) {
    left = right = NULL;
    return NULL;
  }
  if (rnn_net_is_constant (left) && rnn_net_is_constant (right))
    return fold (c, kind, left, right);
  if (rnn_net_is_constant (left) || rnn_net_is_constant (right)) {
    gboolean first = rnn_net_is_constant (right);

    v = with_constant (c, kind, first ? left : right, first ? right : left, first, &done);
    if (done)
      return v;
    if (!(layer = rnn_net_as_wires (c, first ? right : left)))
      return NULL;
    layer->time = first ? left->time : right->time;
    return first ? join (c, row, left, layer) : join (c, row, layer, right);
  }
  return join (c, row, left, right);
}

static gboolean
binary (RnnNetCall *c)
{
  g_autoptr (RnnNetValue) v = NULL;
  guint row = 0;

  while (!g_str_equal (rows[row].op, c->node->op))
    row++;
  if (!rnn_net_need (c, MAX (c->n_in, 1)))
    return FALSE;
  v = rnn_net_value_ref (c->in[0]);
  for (gint i = 1; i < c->n_in; i++) {
    RnnNetValue *next = apply (c, row, v, c->in[i]);

    if (!next)
      return rnn_net_fail (c, "cannot be computed");
    rnn_net_value_unref (v);
    v = next;
  }
  c->out[0] = g_steal_pointer (&v);
  return TRUE;
}

static gboolean
negate (RnnNetCall *c)
{
  if (!rnn_net_need (c, 1) || !rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "is not supported on what the model computes");
  if (!(c->out[0] = rnn_net_value_copy (c, c->in[0])))
    return FALSE;
  for (gsize i = 0; i < c->out[0]->size; i++)
    c->out[0]->data[i].i = rnn_net_number (c->in[0], i) == 0;
  c->out[0]->kind = RNN_NET_INT;
  return TRUE;
}

/* Constants, or a choice between tensors that a constant makes. */
static gboolean
where (RnnNetCall *c)
{
  g_autoptr (RnnNetValue) a = NULL, b = NULL, wide_a = NULL, wide_b = NULL;
  RnnNetValue *condition, *x, *y;
  gboolean wires;

  if (!rnn_net_need (c, 3) || !rnn_net_is_constant (c->in[0]))
    return rnn_net_fail (c, "chooses by what the model computes");
  wires = !rnn_net_is_constant (c->in[1]) || !rnn_net_is_constant (c->in[2]);
  if (!(a = wires ? rnn_net_as_wires (c, c->in[1]) : rnn_net_value_ref (c->in[1]))
      || !(b = wires ? rnn_net_as_wires (c, c->in[2]) : rnn_net_value_ref (c->in[2])))
    return FALSE;
  x = a;
  y = b;
  if (!rnn_net_broadcast (c, &x, &y))
    return FALSE;
  wide_a = x;
  wide_b = y;
  condition = c->in[0];
  x = wide_a;
  if (!rnn_net_broadcast (c, &condition, &x))
    return FALSE;
  rnn_net_value_unref (x);
  if (condition->size == wide_a->size && (c->out[0] = rnn_net_value_copy (c, wide_a)))
    for (gsize i = 0; i < wide_a->size; i++)
      if (rnn_net_number (condition, i) == 0)
        c->out[0]->data[i] = wide_b->data[i];
  rnn_net_value_unref (condition);
  return c->out[0] || rnn_net_fail (c, "chooses between more than there is");
}

const RnnNetOp rnn_net_ops_binary[] = {
#define B(name) { name, binary }
  B ("Add"), B ("Sum"), B ("Sub"), B ("Mul"), B ("Div"), B ("Pow"), B ("Min"), B ("Max"), B ("Equal"), B ("Less"), B ("Greater"),
  B ("And"), B ("Or"), B ("Mod"), { "Not", negate }, { "Where", where }, { NULL }
};
