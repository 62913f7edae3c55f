/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators that move elements, and make no layer by that. */
#include "net-work.h"
#include <string.h>

static gboolean
transpose (RnnNetCall *c)
{
  const RnnNetAttribute *a = rnn_net_node_find (c->node, "perm");
  gint perm[RNN_NET_RANK], rank;
  guint seen = 0;

  if (!rnn_net_need (c, 1))
    return FALSE;
  rank = c->in[0]->rank;
  for (gint i = 0; i < rank; i++) {
    gint64 axis = a && a->ints && a->n == (gsize) rank ? a->ints[i] : rank - 1 - i;

    if (axis < 0 || axis >= rank || (seen & (1u << axis)))
      return rnn_net_fail (c, "has a \"perm\" that is no order of %d axes", rank);
    seen |= 1u << axis;
    perm[i] = (gint) axis;
  }
  c->out[0] = rnn_net_transpose (c, c->in[0], perm);
  return c->out[0] != NULL;
}

/* ---- parts ---- */

typedef struct {
  gint64 start[RNN_NET_RANK], step[RNN_NET_RANK], count[RNN_NET_RANK];
  gint64 off_front, off_back;   /* places of the sequence that are cut off */
} Parts;

/* start, start + step ... of each axis; @last: of the axis of time only the last place is left. */
static RnnNetValue *
take_parts (RnnNetCall *c, const RnnNetValue *v, const Parts *p, gboolean last)
{
  RnnNetCopy copy = { .rank = v->rank, .from = v->data };
  RnnNetValue *out = rnn_net_value_like (c, v, v->rank, p->count);
  gint64 strides[RNN_NET_RANK];

  if (!out)
    return NULL;
  rnn_net_strides (v, strides);
  for (gint i = 0; i < v->rank; i++) {
    copy.dims[i] = p->count[i];
    copy.from_strides[i] = strides[i] * p->step[i];
    copy.from += out->size ? strides[i] * p->start[i] : 0;
  }
  out->time = last ? -1 : v->time;
  out->last |= last;
  out->before = last ? 0 : v->before;
  out->after = last ? 0 : v->after;
  out->zeros = v->zeros;
  copy.to = out->data;
  rnn_net_strides (out, copy.to_strides);
  if (out->size)
    rnn_net_copy (&copy);
  return out;
}

static void
all_parts (const RnnNetValue *v, Parts *p)
{
  p->off_front = p->off_back = 0;
  for (gint i = 0; i < v->rank; i++) {
    p->start[i] = 0;
    p->step[i] = 1;
    p->count[i] = v->dims[i];
  }
}

/* One axis as Slice has it. */
static gboolean
slice_axis (RnnNetCall *c, const RnnNetValue *v, gint axis, gint64 start, gint64 end, gint64 step, Parts *p, gboolean *last)
{
  gint64 n = rnn_net_real_dim (v, axis), count;

  if (step == 0)
    return rnn_net_fail (c, "has a step of 0");
  step = CLAMP (step, -((gint64) 1 << 50), (gint64) 1 << 50);   /* longer than anything */
  start = start < 0 ? start + n : start;
  end = end < 0 ? (end < -n ? -1 : end + n) : end;
  start = CLAMP (start, 0, step > 0 ? n : n - 1);
  end = CLAMP (end, -1, n);
  count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step;
  count = MAX (count, 0);
  if (axis == v->time && count == 1 && start == n - 1 && v->after == 0 && n > 1) {
    *last = TRUE;
    start = v->dims[axis] - 1;
  } else if (axis == v->time) {
    if (step != 1)
      return rnn_net_fail (c, "takes a part of the sequence; only its last place, or all, can be taken");
    p->off_front = start;
    p->off_back = n - start - count;
    start = 0;
    count = v->dims[axis];
  }
  p->start[axis] = start;
  p->step[axis] = step;
  p->count[axis] = count;
  return TRUE;
}

/* The answer gets so many zeros at its ends, or loses places. */
static gboolean
put_beside (RnnNetCall *c, gint64 before, gint64 after)
{
  RnnNetValue *v = rnn_net_beside (c, c->out[0], before, after);

  rnn_net_value_unref (c->out[0]);
  c->out[0] = v;
  return v != NULL;
}

static gboolean
slice (RnnNetCall *c)
{
  gint64 starts[RNN_NET_RANK], ends[RNN_NET_RANK], axes[RNN_NET_RANK], steps[RNN_NET_RANK];
  gint n = rnn_net_ints (c, 1, "starts", starts, RNN_NET_RANK), n_ends = n < 0 ? n : rnn_net_ints (c, 2, "ends", ends, RNN_NET_RANK);
  gint n_axes = n_ends < 0 ? n_ends : rnn_net_ints (c, 3, "axes", axes, RNN_NET_RANK);
  gint n_steps = n_axes == -2 ? -2 : rnn_net_ints (c, 4, NULL, steps, RNN_NET_RANK);
  gboolean last = FALSE;
  Parts parts;

  if (n_steps == -2)
    return FALSE;
  if (n < 0 || n_ends != n || (n_axes != -1 && n_axes != n) || (n_steps != -1 && n_steps != n) || !rnn_net_need (c, 1))
    return rnn_net_fail (c, "has starts, ends, axes and steps that do not go together");
  all_parts (c->in[0], &parts);
  for (gint i = 0; i < n; i++) {
    gint axis = rnn_net_axis (c->in[0], n_axes == -1 ? i : axes[i]);

    if (axis < 0)
      return rnn_net_fail (c, "has an axis that its tensor has not");
    if (!slice_axis (c, c->in[0], axis, starts[i], ends[i], n_steps == -1 ? 1 : steps[i], &parts, &last))
      return FALSE;
  }
  if (!(c->out[0] = take_parts (c, c->in[0], &parts, last)))
    return FALSE;
  return (parts.off_front == 0 && parts.off_back == 0) || put_beside (c, -parts.off_front, -parts.off_back);
}

static gboolean
split (RnnNetCall *c)
{
  gint64 sizes[64], axis_wanted = rnn_net_node_int (c->node, "axis", 0), start = 0;
  gint n = rnn_net_ints (c, 1, "split", sizes, 64), axis, n_out = c->n_out;

  if (n == -2 || !rnn_net_need (c, 1))
    return FALSE;
  axis = rnn_net_axis (c->in[0], axis_wanted);
  if (axis < 0 || (n >= 0 && n < n_out) || (axis == c->in[0]->time && n_out > 1))
    return rnn_net_fail (c, axis >= 0 && axis == c->in[0]->time ? "splits the sequence" : "has an axis or sizes that do not fit");
  for (gint i = 0; i < n_out; i++) {
    gint64 whole = c->in[0]->dims[axis], each = (whole + n_out - 1) / n_out;
    Parts parts;

    all_parts (c->in[0], &parts);
    parts.start[axis] = start;
    parts.count[axis] = axis == c->in[0]->time ? whole : n >= 0 ? sizes[i] : MIN (each, whole - start);
    if (parts.count[axis] < 0 || parts.count[axis] > whole - start)
      return rnn_net_fail (c, "takes more than there is");
    if (!(c->out[i] = take_parts (c, c->in[0], &parts, FALSE)))
      return FALSE;
    start += parts.count[axis];
  }
  return TRUE;
}

/* ---- Gather ---- */

/* Rows of a table that the model's input numbers. */
static gboolean
embed (RnnNetCall *c, const RnnNetValue *table, const RnnNetValue *at)
{
  gint64 dims[RNN_NET_RANK];
  gint units = table->rank == 2 ? (gint) table->dims[1] : 0, tokens = (gint) table->dims[0], wire;
  gfloat *to;

  if (units < 1 || tokens < 1 || at->rank >= RNN_NET_RANK || !at->integer || rnn_net_node_int (c->node, "axis", 0) != 0)
    return rnn_net_fail (c, "takes elements whose places the model computes; only rows of a table, by whole numbers, can be taken so");
  memcpy (dims, at->dims, sizeof (dims));
  dims[at->rank] = units;
  wire = rnn_net_emit (c, json_pack ("{ss si si}", "cell", "embedding", "tokens", tokens, "units", units), (gint) at->size * units, 1,
      (const gint[]) { rnn_net_order (c, at) });
  to = rnn_net_weight (c->work, wire, "weight", 2, (const gint[]) { tokens, units });
  for (gsize i = 0; i < table->size; i++)
    to[i] = (gfloat) rnn_net_number (table, i);
  c->out[0] = rnn_net_of_wire (c, wire, at->rank + 1, dims, at->time, at->last);
  return c->out[0] != NULL;
}

/* Of the axis of time only the last place, -1, can be taken. */
static gboolean
gather_last (RnnNetCall *c, const RnnNetValue *v, const RnnNetValue *at, gint axis)
{
  gint64 n = rnn_net_real_dim (v, axis), dims[RNN_NET_RANK];
  gboolean last = FALSE;
  gint rank = 0;
  Parts parts;
  g_autoptr (RnnNetValue) one = NULL;

  if (at->size != 1 || (at->data[0].i != -1 && at->data[0].i != n - 1))
    return rnn_net_fail (c, "takes places of the sequence; only its last can be taken");
  all_parts (v, &parts);
  if (!slice_axis (c, v, axis, n - 1, n, 1, &parts, &last) || !(one = take_parts (c, v, &parts, TRUE)))
    return FALSE;
  for (gint i = 0; i < v->rank; i++)
    if (i != axis || at->rank)
      dims[rank++] = one->dims[i];
  c->out[0] = rnn_net_reshape (c, one, rank, dims);
  return c->out[0] != NULL;
}

static gboolean
gather (RnnNetCall *c)
{
  const RnnNetValue *v, *at;
  gint64 dims[RNN_NET_RANK], strides[RNN_NET_RANK], inner, outer = 1;
  gint axis, rank = 0;

  if (!rnn_net_need (c, 2))
    return FALSE;
  v = c->in[0];
  at = c->in[1];
  if (!rnn_net_is_constant (at))
    return rnn_net_is_constant (v) ? embed (c, v, at) : rnn_net_fail (c, "takes elements whose places the model computes");
  if ((axis = rnn_net_axis (v, rnn_net_node_int (c->node, "axis", 0))) < 0 || at->kind != RNN_NET_INT
      || v->rank + at->rank - 1 > RNN_NET_RANK)
    return rnn_net_fail (c, "has an axis or indices that do not fit");
  if (axis == v->time)
    return gather_last (c, v, at, axis);
  for (gint i = 0; i < axis; i++) {
    outer *= v->dims[i];
    dims[rank++] = v->dims[i];
  }
  for (gint i = 0; i < at->rank; i++)
    dims[rank++] = at->dims[i];
  for (gint i = axis + 1; i < v->rank; i++)
    dims[rank++] = v->dims[i];
  if (!(c->out[0] = rnn_net_value_like (c, v, rank, dims)))
    return FALSE;
  c->out[0]->time = v->time > axis ? v->time + at->rank - 1 : v->time;
  rnn_net_strides (v, strides);
  inner = strides[axis];
  for (gsize k = 0; k < at->size; k++) {
    gint64 i = at->data[k].i + (at->data[k].i < 0 ? v->dims[axis] : 0);

    if (i < 0 || i >= v->dims[axis])
      return rnn_net_fail (c, "takes an element that is not there");
    for (gint64 o = 0; o < outer; o++)
      memcpy (c->out[0]->data + (o * (gint64) at->size + (gint64) k) * inner, v->data + (o * v->dims[axis] + i) * inner,
          (gsize) inner * sizeof (RnnNetElement));
  }
  return TRUE;
}

/* ---- joining ---- */

/* Puts @part into @whole from the place @at on. */
static void
put (const RnnNetValue *part, RnnNetValue *whole, gint64 at)
{
  RnnNetCopy copy = { .rank = part->rank, .from = part->data, .to = whole->data + at };

  memcpy (copy.dims, part->dims, sizeof (copy.dims));
  rnn_net_strides (part, copy.from_strides);
  rnn_net_strides (whole, copy.to_strides);
  if (part->size)
    rnn_net_copy (&copy);
}

static gboolean
fits (const RnnNetValue *a, const RnnNetValue *b, gint axis)
{
  for (gint i = 0; i < a->rank; i++)
    if (i != axis && b->rank == a->rank && a->dims[i] != b->dims[i])
      return FALSE;
  return a->rank == b->rank;
}

static RnnNetValue *
as_kind (RnnNetCall *c, RnnNetValue *v, RnnNetKind kind)
{
  return kind == RNN_NET_WIRES ? rnn_net_as_wires (c, v) : rnn_net_value_ref (v);
}

/* Along the sequence: constants that are 0, before it and behind. */
static gboolean
concat_zeros (RnnNetCall *c, const RnnNetValue *like, gint axis)
{
  gint64 beside[2] = { 0, 0 };
  gboolean behind = FALSE;

  for (gint i = 0; i < c->n_in; i++) {
    gdouble value = 1;

    if (c->in[i] == like && !behind)
      behind = TRUE;
    else if (!fits (like, c->in[i], axis) || (c->in[i]->size && (!rnn_net_is_uniform (c->in[i], &value) || value != 0)))
      return rnn_net_fail (c, "joins sequences end to end");
    else
      beside[behind] += c->in[i]->dims[axis];
  }
  c->out[0] = rnn_net_value_ref ((RnnNetValue *) like);
  return put_beside (c, beside[0], beside[1]);
}

static gboolean
concat (RnnNetCall *c)
{
  RnnNetValue *like, *out;
  gint64 dims[RNN_NET_RANK], strides[RNN_NET_RANK], at = 0;
  gint axis;

  if (c->n_in < 1 || !rnn_net_need (c, c->n_in))
    return FALSE;
  like = c->in[0];
  for (gint i = 0; i < c->n_in; i++)
    if (!rnn_net_is_constant (c->in[i]) && (rnn_net_is_constant (like) || (like->time < 0 && c->in[i]->time >= 0)))
      like = c->in[i];
  if ((axis = rnn_net_axis (like, rnn_net_node_int (c->node, "axis", 1))) < 0)
    return rnn_net_fail (c, "has an axis that its tensors have not");
  if (axis == like->time && c->n_in > 1)
    return concat_zeros (c, like, axis);
  memcpy (dims, like->dims, sizeof (dims));
  dims[axis] = 0;
  for (gint i = 0; i < c->n_in; i++) {
    if (!fits (like, c->in[i], axis) || c->in[i]->time != like->time || rnn_net_has_beside (c->in[i]))
      return rnn_net_fail (c, "joins shapes that do not fit");
    dims[axis] += c->in[i]->dims[axis];
  }
  if (!(out = c->out[0] = rnn_net_value_like (c, like, like->rank, dims)))
    return FALSE;
  out->time = like->time;
  rnn_net_strides (out, strides);
  for (gint i = 0; i < c->n_in; i++) {
    g_autoptr (RnnNetValue) part = as_kind (c, c->in[i], like->kind);

    if (!part)
      return FALSE;
    put (part, out, at);
    at += part->dims[axis] * strides[axis];
  }
  return TRUE;
}

/* ---- Pad ---- */

/* Where element i of a padded axis comes from; -1: beside it. */
static gint64
source_of (gint64 i, gint64 n, const gchar *mode)
{
  if (i >= 0 && i < n)
    return i;
  if (g_str_equal (mode, "edge"))
    return i < 0 ? 0 : n - 1;
  if (g_str_equal (mode, "reflect") && n > 1) {
    i = ABS (i) % (2 * n - 2);
    return i < n ? i : 2 * n - 2 - i;
  }
  return g_str_equal (mode, "wrap") ? ((i % n) + n) % n : -1;
}

/* One axis; @beside: what is put there, or NULL: 0. */
static RnnNetValue *
pad_axis (RnnNetCall *c, const RnnNetValue *v, gint axis, gint64 before, gint64 after, const gchar *mode, const RnnNetElement *beside)
{
  gint64 dims[RNN_NET_RANK], strides[RNN_NET_RANK], inner, outer = 1;
  RnnNetValue *out;

  memcpy (dims, v->dims, sizeof (dims));
  dims[axis] += before + after;
  rnn_net_strides (v, strides);
  inner = strides[axis];
  for (gint i = 0; i < axis; i++)
    outer *= v->dims[i];
  if (!(out = rnn_net_value_like (c, v, v->rank, dims)))
    return NULL;
  out->time = v->time;
  out->before = v->before;
  out->after = v->after;
  out->zeros = v->zeros;
  for (gint64 o = 0; o < outer; o++)
    for (gint64 i = 0; i < dims[axis]; i++) {
      gint64 from = source_of (i - before, v->dims[axis], mode);
      RnnNetElement *to = out->data + (o * dims[axis] + i) * inner;

      for (gint64 k = 0; k < inner && (from >= 0 || beside); k++)
        to[k] = from >= 0 ? v->data[(o * v->dims[axis] + from) * inner + k] : *beside;
    }
  return out;
}

static gboolean
pad (RnnNetCall *c)
{
  gint64 pads[2 * RNN_NET_RANK], axes[RNN_NET_RANK];
  gint n = rnn_net_ints (c, 1, "pads", pads, 2 * RNN_NET_RANK), n_axes = n < 0 ? n : rnn_net_ints (c, 3, NULL, axes, RNN_NET_RANK);
  const gchar *mode = rnn_net_node_string (c->node, "mode", "constant");
  gdouble with = rnn_net_node_float (c->node, "value", 0);
  g_autoptr (RnnNetValue) v = NULL, beside = NULL;

  if (n_axes == -2 || !rnn_net_need (c, 1))
    return FALSE;
  v = rnn_net_value_ref (c->in[0]);
  if (rnn_net_in (c, 2) && !rnn_net_is_uniform (c->in[2], &with))
    return rnn_net_fail (c, "pads with what the model computes");
  if (n < 0 || n % 2 || n / 2 != (n_axes == -1 ? v->rank : n_axes))
    return rnn_net_fail (c, "has pads that do not fit its tensor");
  if (with != 0) {
    RnnNetValue like = { .kind = v->kind == RNN_NET_INT ? RNN_NET_INT : RNN_NET_FLOAT };

    if (!(beside = rnn_net_value_like (c, &like, 0, NULL)))
      return FALSE;
    if (like.kind == RNN_NET_INT)
      beside->data[0].i = (gint64) with;
    else
      beside->data[0].f = with;
    if (!rnn_net_is_constant (v)) {
      RnnNetValue *wire = rnn_net_as_wires (c, beside);

      rnn_net_value_unref (beside);
      beside = wire;
    }
  }
  for (gint i = 0; i < n / 2; i++) {
    gint axis = rnn_net_axis (v, n_axes == -1 ? i : axes[i]);
    gint64 before = pads[i], after = pads[i + n / 2];
    RnnNetValue *padded;

    if (before == 0 && after == 0)
      continue;
    if (axis >= 0 && axis == v->time) {
      if (!g_str_equal (mode, "constant") || with != 0)
        return rnn_net_fail (c, "pads the sequence with something else than zeros");
      if (!(padded = rnn_net_beside (c, v, before, after)))
        return FALSE;
      rnn_net_value_unref (v);
      v = padded;
      continue;
    }
    if (axis >= 0 && v->dims[axis] == 0 && !g_str_equal (mode, "constant"))
      return rnn_net_fail (c, "repeats an edge of nothing");
    if (axis < 0 || before < -v->dims[axis] || after < -v->dims[axis] - before || before > 1 << 24 || after > 1 << 24)
      return rnn_net_fail (c, "has pads that do not fit its tensor");
    if (!(padded = pad_axis (c, v, axis, before, after, mode, beside ? beside->data : NULL)))
      return FALSE;
    rnn_net_value_unref (v);
    v = padded;
  }
  c->out[0] = g_steal_pointer (&v);
  return TRUE;
}

/* ---- repeating ---- */

static gboolean
expand (RnnNetCall *c)
{
  RnnNetValue shape = { .n_refs = 1, .kind = RNN_NET_INT, .time = -1 };
  RnnNetValue *a, *b = &shape;
  gint n = rnn_net_ints (c, 1, NULL, shape.dims, RNN_NET_RANK);
  gint missing;

  if (n < 0 || !rnn_net_need (c, 1))
    return FALSE;
  a = c->in[0];
  shape.rank = MAX (n, a->rank);
  missing = shape.rank - n;
  memmove (shape.dims + missing, shape.dims, (gsize) n * sizeof (gint64));
  for (gint i = 0; i < shape.rank; i++) {
    gint from = i - (shape.rank - a->rank);
    gint64 own = from >= 0 ? a->dims[from] : 1, real = from >= 0 ? rnn_net_real_dim (a, from) : 1;
    gint64 dim = i < missing ? 1 : shape.dims[i];

    if (dim != 1 && real != 1 && dim != real)
      return rnn_net_fail (c, "repeats %" G_GINT64_FORMAT " places to %" G_GINT64_FORMAT, real, dim);
    if (real == 1 && dim >= RNN_NET_STEPS)
      return rnn_net_fail (c, "repeats something along the sequence");
    shape.dims[i] = real == 1 ? dim : own;
  }
  c->out[0] = rnn_net_expand (c, a, b);
  return c->out[0] != NULL;
}

static gboolean
tile (RnnNetCall *c)
{
  gint64 times[RNN_NET_RANK], dims[2 * RNN_NET_RANK];
  gint n = rnn_net_ints (c, 1, NULL, times, RNN_NET_RANK);
  g_autoptr (RnnNetValue) v = NULL;

  if (n < 0 || !rnn_net_need (c, 1) || n != c->in[0]->rank)
    return rnn_net_fail (c, "has repeats that do not fit its tensor");
  v = rnn_net_value_ref (c->in[0]);
  for (gint i = 0; i < n; i++) {
    gint64 inner, whole;
    RnnNetValue *next;

    if (times[i] == 1)
      continue;
    if (i == v->time || times[i] < 0 || times[i] > 1 << 24)
      return rnn_net_fail (c, "repeats the sequence, or too often");
    memcpy (dims, v->dims, sizeof (v->dims));
    dims[i] *= times[i];
    if (!(next = rnn_net_value_like (c, v, n, dims)))
      return FALSE;
    next->time = v->time;
    inner = v->dims[i];
    for (gint k = i + 1; k < n; k++)
      inner *= v->dims[k];
    whole = inner * times[i];
    for (gsize k = 0; k < next->size; k++)
      next->data[k] = v->data[(gint64) k / whole * inner + (gint64) k % inner];
    rnn_net_value_unref (v);
    v = next;
  }
  c->out[0] = g_steal_pointer (&v);
  return TRUE;
}

const RnnNetOp rnn_net_ops_index[] = {
  { "Transpose", transpose }, { "Slice", slice }, { "Split", split }, { "Gather", gather }, { "Concat", concat }, { "Pad", pad },
  { "Expand", expand }, { "Tile", tile }, { NULL }
};
