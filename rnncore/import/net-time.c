/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lies beside the steps of a sequence.
 *
 * A tensor may have `before` and `after` more places along the axis of time than the steps have: a Pad put zeros there, or a convolution
 * answered windows that reach beyond the ends; less than none: a Slice took some away.  No step of a stream has room for these, so they
 * are only remembered, until a convolution slides over them, or a Slice or another Pad takes them back.  Where as many are missing on one
 * side as there are too many on the other, the sequence has its length again, shifted. */
#include "net-work.h"
#include <string.h>

#define MAX_AHEAD 64            /* steps: each is a layer, and a step of latency */
#define MAX_BESIDE 65536

/* Operators that know what lies beside a sequence, or only move elements; and those that look at each place by itself. */
static const gchar *const moving[] = { "Cast", "Conv", "Concat", "ConvTranspose", "Dropout", "Identity", "Pad", "Reshape", "Shape", "Slice",
  "Squeeze", "Transpose", "Unsqueeze" };
static const gchar *const pointwise[] = { "BatchNormalization", "Clip", "Elu", "LeakyRelu", "PRelu", "Relu", "Sigmoid", "Tanh" };

static gboolean
is_one_of (const gchar *op, const gchar *const *list, guint n)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (op, list[i]))
      return TRUE;
  return FALSE;
}

gboolean
rnn_net_beside_check (RnnNetCall *c)
{
  for (gint i = 0; i < c->n_in; i++) {
    const RnnNetValue *v = c->in[i];

    if (!v || !rnn_net_has_beside (v) || is_one_of (c->node->op, moving, G_N_ELEMENTS (moving))
        || (!v->zeros && i == 0 && is_one_of (c->node->op, pointwise, G_N_ELEMENTS (pointwise))))
      continue;
    return rnn_net_fail (c, "is given a sequence with %" G_GINT64_FORMAT " places more before its steps and %" G_GINT64_FORMAT " behind: only a "
        "convolution can slide over these, or a Slice or Pad take them back", v->before, v->after);
  }
  return TRUE;
}

void
rnn_net_beside_pass (RnnNetCall *c)
{
  if (c->n_in < 1 || !c->in[0] || !c->out[0] || !rnn_net_has_beside (c->in[0])
      || !is_one_of (c->node->op, pointwise, G_N_ELEMENTS (pointwise)))
    return;
  c->out[0]->before = c->in[0]->before;
  c->out[0]->after = c->in[0]->after;
}

/* ---- windows ---- */

/* @v with @axis first. */
static RnnNetValue *
bring_first (RnnNetCall *c, const RnnNetValue *v, gint axis, gboolean back)
{
  gint perm[RNN_NET_RANK], n = 0;

  perm[n++] = axis;
  for (gint i = 0; i < v->rank; i++)
    if (i != axis)
      perm[n++] = i;
  if (back) {
    gint forth[RNN_NET_RANK];

    memcpy (forth, perm, sizeof (forth));
    for (gint i = 0; i < v->rank; i++)
      perm[forth[i]] = i;
  }
  return rnn_net_transpose (c, v, perm);
}

RnnNetValue *
rnn_net_window (RnnNetCall *c, const RnnNetValue *v, gint64 past, gint64 ahead)
{
  gint axis = v->time, wire;
  gint64 dims[RNN_NET_RANK], row;
  g_autoptr (RnnNetValue) first = NULL, whole = NULL;

  if (past == 0 && ahead == 0)
    return rnn_net_value_copy (c, v);
  row = (gint64) v->size / v->dims[axis];
  if (past < 0 || ahead < 0 || past > MAX_BESIDE || past * row > 1 << 20 || ahead > v->dims[axis]) {
    rnn_net_fail (c, ahead > v->dims[axis] ? "looks more than a step ahead, where a stream can keep one" : "looks back further than a stream "
        "can keep");
    return NULL;
  }
  if (!(first = bring_first (c, v, axis, FALSE)))
    return NULL;
  memcpy (dims, first->dims, sizeof (dims));
  dims[0] += past + ahead;
  wire = rnn_net_emit (c, json_pack ("{ss si si}", "cell", "overlap", "values", (gint) (past * row), "ahead", (gint) (ahead * row)),
      (gint) (dims[0] * row), 1, (const gint[]) { rnn_net_order (c, first) });
  if (!(whole = rnn_net_of_wire (c, wire, v->rank, dims, -1, FALSE)))
    return NULL;
  return bring_first (c, whole, axis, TRUE);
}

/* The places [from, from + n) of its axis @axis. */
static RnnNetValue *
cut (RnnNetCall *c, const RnnNetValue *v, gint axis, gint64 from, gint64 n)
{
  RnnNetCopy copy = { .rank = v->rank, .from = v->data };
  RnnNetValue *out;

  memcpy (copy.dims, v->dims, sizeof (copy.dims));
  copy.dims[axis] = n;
  rnn_net_strides (v, copy.from_strides);
  copy.from += copy.from_strides[axis] * from;
  if (!(out = rnn_net_value_like (c, v, v->rank, copy.dims)))
    return NULL;
  copy.to = out->data;
  rnn_net_strides (out, copy.to_strides);
  rnn_net_copy (&copy);
  return out;
}

/* Each place holds what was @by places before it, or behind it (< 0). */
static RnnNetValue *
shift (RnnNetCall *c, const RnnNetValue *value, gint64 by)
{
  g_autoptr (RnnNetValue) v = rnn_net_value_copy (c, value);
  gint time = value->time;

  if (by < -MAX_AHEAD * value->dims[time]) {
    rnn_net_fail (c, "shifts the sequence by more than %d steps ahead", MAX_AHEAD);
    return NULL;
  }
  while (v && by != 0) {
    gint64 step = by > 0 ? by : MAX (by, -v->dims[time]);
    g_autoptr (RnnNetValue) whole = rnn_net_window (c, v, MAX (step, 0), MAX (-step, 0));
    RnnNetValue *part = whole ? cut (c, whole, time, MAX (-step, 0), value->dims[time]) : NULL;

    rnn_net_value_unref (v);
    v = part;
    if (v)
      v->time = time;
    by -= step;
  }
  return g_steal_pointer (&v);
}

/* ---- more places, or fewer ---- */

/* Whether there is something beside @v that is not 0. */
static gboolean
is_answered (const RnnNetValue *v)
{
  return !v->zeros && (v->before > 0 || v->after > 0);
}

RnnNetValue *
rnn_net_beside (RnnNetCall *c, const RnnNetValue *v, gint64 before, gint64 after)
{
  gint64 first = v->before + CLAMP (before, -MAX_BESIDE - 1, MAX_BESIDE + 1), last = v->after + CLAMP (after, -MAX_BESIDE - 1, MAX_BESIDE + 1);
  RnnNetValue *out;

  if (before != first - v->before || after != last - v->after || MAX (ABS (first), ABS (last)) > MAX_BESIDE) {
    rnn_net_fail (c, "takes a part of the sequence, or puts more beside it than a stream can keep; only its last place, or all, can be taken");
    return NULL;
  }
  if ((before > 0 && v->before < 0) || (after > 0 && v->after < 0) || (is_answered (v) && (MAX (before, after) > 0 || first == -last))) {
    if (first || last || MAX (before, after) > 0) {
      rnn_net_fail (c, "puts zeros where the sequence was cut off, or beside what a convolution answered there");
      return NULL;
    }
  }
  if (first == -last && first != 0)
    return shift (c, v, first);
  if (!(out = rnn_net_value_copy (c, v)))
    return NULL;
  out->zeros = !is_answered (v);
  out->before = first;
  out->after = last;
  return out;
}
