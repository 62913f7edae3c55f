/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Convolutions.  Over axes within a step they are "conv2d"; along the sequence "conv1d", or "conv2d" over the places around a step, which
 * "overlap" keeps.  A transposed one is an ordinary one with its filters turned round, over places with zeros between them.
 *
 * Along the sequence, answers begin with the first window that may be one of a stream: what is padded before beyond that, and behind
 * beyond what windows look ahead, gives answers beside the steps (net-time.c). */
#include "net-work.h"
#include <string.h>

typedef struct {
  gint64 size, kernel, stride, dilation, before, after;
} Axis;

typedef struct {
  RnnNetCall *call;
  const RnnNetValue *x, *w, *b; /* [N][C][...], [M][C / groups][...] */
  gint n;                       /* axes */
  Axis axis[2];
  gint groups;
} Conv;

static gint64
extent (const Axis *a)
{
  return (a->kernel - 1) * a->dilation + 1;
}

static gint64
number (const RnnNetCall *c, const gchar *name, gint i, gint64 fallback)
{
  const RnnNetAttribute *a = rnn_net_node_find (c->node, name);

  return a && a->ints && (gsize) i < a->n ? a->ints[i] : fallback;
}

static gboolean
read_axis (Conv *conv, gint i)
{
  RnnNetCall *c = conv->call;
  const gchar *mode = rnn_net_node_string (c->node, "auto_pad", "NOTSET");
  Axis *a = &conv->axis[i];
  gint64 whole;

  a->size = conv->x->dims[2 + i];
  a->kernel = conv->w->dims[2 + i];
  a->stride = number (c, "strides", i, 1);
  a->dilation = number (c, "dilations", i, 1);
  a->before = number (c, "pads", i, 0);
  a->after = number (c, "pads", i + conv->n, 0);
  if (a->kernel < 1 || a->kernel > 65536 || a->stride < 1 || a->stride > 65536 || a->dilation < 1 || a->dilation > 65536 || a->before < 0
      || a->before > 65536 || a->after < 0 || a->after > 65536)
    return rnn_net_fail (c, "has a kernel, strides or pads that make no sense");
  if (g_str_has_prefix (mode, "SAME")) {
    whole = MAX (((a->size + a->stride - 1) / a->stride - 1) * a->stride + extent (a) - a->size, 0);
    a->before = g_str_equal (mode, "SAME_UPPER") ? whole / 2 : whole - whole / 2;
    a->after = whole - a->before;
  } else if (g_str_equal (mode, "VALID")) {
    a->before = a->after = 0;
  }
  return TRUE;
}

/* ---- within a step ---- */

/* x [N][C][H][W], weight [M][C / g][kh][kw] -> [N][H'][W'][M] in a wire, seen as [N][M][H'][W']. */
static RnnNetValue *
within (const Conv *conv, const RnnNetValue *x, const Axis *v, const Axis *h)
{
  RnnNetCall *c = conv->call;
  gint units = (gint) conv->w->dims[0], per_group = (gint) conv->w->dims[1], kh = (gint) v->kernel, kw = (gint) h->kernel, wire;
  gint64 high = (v->size + v->before + v->after - extent (v)) / v->stride + 1, wide = (h->size + h->before + h->after - extent (h)) / h->stride + 1;
  g_autoptr (RnnNetValue) turned = NULL, y = NULL;
  gfloat *to;

  if (v->size + v->before + v->after < extent (v) || h->size + h->before + h->after < extent (h)) {
    rnn_net_fail (c, "has a window that is larger than what it slides over");
    return NULL;
  }
  if (!(turned = rnn_net_transpose (c, x, (const gint[]) { 0, 2, 3, 1 })))
    return NULL;
  wire = rnn_net_emit (c, rnn_net_each (json_pack ("{ss si si si si si si si si si si si si si si sb}", "cell", "conv2d", "units", units,
              "height", (gint) v->size, "width", (gint) h->size, "kernel_height", kh, "kernel_width", kw, "stride_height", (gint) v->stride,
              "stride_width", (gint) h->stride, "dilation_height", (gint) v->dilation, "dilation_width", (gint) h->dilation, "top",
              (gint) v->before, "bottom", (gint) v->after, "left", (gint) h->before, "right", (gint) h->after, "groups", conv->groups,
              "bias", conv->b != NULL), (gint) x->dims[0]), (gint) (x->dims[0] * high * wide * units), 1,
      (const gint[]) { rnn_net_order (c, turned) });
  to = rnn_net_weight (c->work, wire, "weight", 4, (const gint[]) { units, kh, kw, per_group });
  for (gint m = 0; m < units; m++)
    for (gint i = 0; i < per_group; i++)
      for (gint t = 0; t < kh * kw; t++)
        to[((gsize) m * kh * kw + t) * per_group + i] = (gfloat) rnn_net_number (conv->w, ((gsize) m * per_group + i) * kh * kw + t);
  if (conv->b) {
    to = rnn_net_weight (c->work, wire, "bias", 1, &units);
    for (gint m = 0; m < units; m++)
      to[m] = (gfloat) rnn_net_number (conv->b, (gsize) m);
  }
  if (!(y = rnn_net_of_wire (c, wire, 4, (const gint64[]) { x->dims[0], high, wide, units }, -1, x->last)))
    return NULL;
  return rnn_net_transpose (c, y, (const gint[]) { 0, 3, 1, 2 });
}

/* ---- along the sequence ---- */

/* How windows lie in a stream. */
typedef struct {
  gint64 past, ahead;           /* places before a step's own, and behind them, that its windows see */
  gint64 before, after;         /* answers beside those of the steps */
} Fit;

/* Window j of the whole axis begins at place j stride - pads before; of a step there are size / stride. */
static gboolean
fit_axis (const Conv *conv, const Axis *a, Fit *fit)
{
  RnnNetCall *c = conv->call;
  gint64 before = a->before + conv->x->before, after = a->after + conv->x->after, own = extent (a) - a->stride;

  if (rnn_net_has_beside (conv->x) && (!conv->x->zeros || conv->x->before < 0 || conv->x->after < 0))
    return rnn_net_fail (c, "slides over a sequence that was cut off, or over what another one answered beside it");
  if (a->size % a->stride) {
    if (a->stride <= 64)
      c->work->wanted = c->work->unit * (gint) a->stride;
    return rnn_net_fail (c, "has a stride along the sequence that does not divide its length");
  }
  if (own < 0 || before < 0 || conv->x->dims[0] != 1)
    return rnn_net_fail (c, "leaves places of the sequence out, or is of a batch");
  fit->past = MIN (before, own);
  fit->ahead = own - fit->past;
  fit->before = (before - fit->past) / a->stride;
  fit->after = after < fit->ahead ? -((fit->ahead - after + a->stride - 1) / a->stride) : (after - fit->ahead) / a->stride;
  if ((before - fit->past) % a->stride)
    return rnn_net_fail (c, "begins between two places of its stride");
  return TRUE;
}

static RnnNetValue *
set_beside (RnnNetValue *y, const Fit *fit)
{
  if (y) {
    y->before = fit->before;
    y->after = fit->after;
  }
  return y;
}

/* nn.Conv1d over single steps. */
static RnnNetValue *
steps (const Conv *conv)
{
  RnnNetCall *c = conv->call;
  const Axis *a = &conv->axis[0];
  gint units = (gint) conv->w->dims[0], per_group = (gint) conv->w->dims[1], kernel = (gint) extent (a), wire;
  gboolean depthwise = conv->groups > 1;
  gfloat *to;
  Fit fit;

  if (!fit_axis (conv, a, &fit))
    return NULL;
  if ((gint64) units * per_group * kernel > (gint64) rnn_net_most ()) {
    rnn_net_fail (c, "has a dilation that makes its window too long");
    return NULL;
  }
  wire = rnn_net_emit (c, json_pack ("{ss si si si sb sb sb}", "cell", "conv1d", "units", units, "kernel", kernel, "lookahead",
          (gint) fit.ahead, "bias", conv->b != NULL, "depthwise", depthwise, "zero_padding", TRUE), units, 1,
      (const gint[]) { rnn_net_order (c, conv->x) });
  to = rnn_net_weight (c->work, wire, "weight", 3, (const gint[]) { units, per_group, kernel });
  for (gint64 i = 0; i < (gint64) units * per_group; i++)
    for (gint64 k = 0; k < a->kernel; k++)
      to[i * kernel + k * a->dilation] = (gfloat) rnn_net_number (conv->w, (gsize) (i * a->kernel + k));
  if (conv->b) {
    to = rnn_net_weight (c->work, wire, "bias", 1, &units);
    for (gint m = 0; m < units; m++)
      to[m] = (gfloat) rnn_net_number (conv->b, (gsize) m);
  }
  return set_beside (rnn_net_of_wire (c, wire, 3, (const gint64[]) { 1, units, 1 }, 2, FALSE), &fit);
}

/* Windows over the places around those of a step. */
static RnnNetValue *
around (const Conv *conv, const RnnNetValue *x, gint time)
{
  RnnNetCall *c = conv->call;
  Axis axis[2] = { conv->axis[0], conv->axis[1] };
  g_autoptr (RnnNetValue) whole = NULL;
  RnnNetValue *y;
  Fit fit;

  if (!fit_axis (conv, &axis[time], &fit) || !(whole = rnn_net_window (c, x, fit.past, fit.ahead)))
    return NULL;
  axis[time].size += fit.past + fit.ahead;
  axis[time].before = axis[time].after = 0;
  y = within (conv, whole, &axis[0], &axis[1]);
  if (y)
    y->time = 2 + time;
  return set_beside (y, &fit);
}

/* ---- the operator ---- */

/* [N][C][L] -> [N][C][1][L], and back. */
static RnnNetValue *
lift (RnnNetCall *c, const RnnNetValue *x)
{
  RnnNetValue *v = rnn_net_value_copy (c, x);

  if (v) {
    v->rank = 4;
    v->dims[3] = v->dims[2];
    v->dims[2] = 1;
    v->time = v->time >= 0 ? v->time + (v->time == 2) : -1;
  }
  return v;
}

static RnnNetValue *
run (Conv *conv)
{
  static const Axis one = { 1, 1, 1, 1, 0, 0 };
  RnnNetCall *c = conv->call;
  g_autoptr (RnnNetValue) x = NULL;
  const Axis *last = &conv->axis[conv->n - 1];
  RnnNetValue *y;

  if (conv->n == 1 && conv->x->time == 2 && conv->x->dims[0] == 1 && last->size == 1 && last->stride == 1
      && extent (last) <= 4096
      && (conv->groups == 1 || (conv->w->dims[1] == 1 && conv->groups == conv->w->dims[0])))
    return steps (conv);
  if (!(x = conv->n == 1 ? lift (c, conv->x) : rnn_net_value_copy (c, conv->x)))
    return NULL;
  if (conv->n == 1)
    conv->axis[1] = conv->axis[0];
  if (conv->n == 1)
    conv->axis[0] = one;
  conv->n = 2;
  y = x->time >= 2 ? around (conv, x, x->time - 2) : within (conv, x, &conv->axis[0], &conv->axis[1]);
  if (y && x->time >= 0 && x->time < 2)
    y->time = x->time;
  if (y && conv->x->rank == 3) {        /* [N][M][1][L] */
    y->rank = 3;
    y->dims[2] = y->dims[3];
    y->time = y->time == 3 ? 2 : y->time;
  }
  return y;
}

static gboolean
conv (RnnNetCall *c)
{
  Conv conv = { .call = c, .groups = (gint) CLAMP (rnn_net_node_int (c->node, "group", 1), 1, 65536) };

  if (!rnn_net_need (c, 2))
    return FALSE;
  conv.x = c->in[0];
  conv.w = c->in[1];
  conv.b = rnn_net_in (c, 2);
  conv.n = conv.x->rank - 2;
  if (conv.n < 1 || conv.n > 2 || conv.w->rank != conv.x->rank || rnn_net_is_constant (conv.x) || !rnn_net_is_constant (conv.w)
      || (conv.b && (!rnn_net_is_constant (conv.b) || conv.b->size != (gsize) conv.w->dims[0])))
    return rnn_net_fail (c, "is supported over one or two axes, with constant filters");
  if (conv.w->dims[1] * conv.groups != conv.x->dims[1] || conv.w->dims[0] % conv.groups || !conv.w->size || conv.x->time == 1
      || !conv.x->size)
    return rnn_net_fail (c, "has filters that do not fit its input");
  for (gint i = 0; i < conv.n; i++)
    if (!read_axis (&conv, i))
      return FALSE;
  c->out[0] = run (&conv);
  return c->out[0] != NULL;
}

/* ---- transposed ---- */

/* [C][M / g][k...] -> [M][C / g][k turned round...] */
static RnnNetValue *
turn_filters (RnnNetCall *c, const RnnNetValue *w, gint groups)
{
  gint64 in = w->dims[0], out = w->dims[1], in_group = in / groups, taps = (gint64) w->size / in / out, dims[RNN_NET_RANK];
  RnnNetValue *v;

  memcpy (dims, w->dims, sizeof (dims));
  dims[0] = out * groups;
  dims[1] = in_group;
  if (!(v = rnn_net_value_like (c, w, w->rank, dims)))
    return NULL;
  for (gint64 g = 0; g < groups; g++)
    for (gint64 m = 0; m < out; m++)
      for (gint64 i = 0; i < in_group; i++)
        for (gint64 t = 0; t < taps; t++)
          v->data[((g * out + m) * in_group + i) * taps + t] = w->data[((g * in_group + i) * out + m) * taps + taps - 1 - t];
  return v;
}

/* stride - 1 zeros between the places of each axis */
static RnnNetValue *
spread (RnnNetCall *c, const RnnNetValue *x, gint n, const gint64 *stride)
{
  RnnNetCopy copy = { .rank = x->rank, .from = x->data };
  gint64 dims[RNN_NET_RANK];
  RnnNetValue *v;

  memcpy (dims, x->dims, sizeof (dims));
  memcpy (copy.dims, x->dims, sizeof (dims));
  for (gint i = 0; i < n; i++)
    dims[2 + i] = (x->dims[2 + i] - 1) * stride[i] + 1;
  if (!(v = rnn_net_value_like (c, x, x->rank, dims)))
    return NULL;
  copy.to = v->data;
  rnn_net_strides (x, copy.from_strides);
  rnn_net_strides (v, copy.to_strides);
  for (gint i = 0; i < n; i++)
    copy.to_strides[2 + i] *= stride[i];
  rnn_net_copy (&copy);
  return v;
}

static gboolean
is_small (gint64 pads)
{
  return pads >= -65536 && pads <= 65536;
}

/* Its answers of a step, stride for each of its places: what comes of places before it and behind it, and how many more there are behind
 * the last step than steps make. */
static gboolean
fit_transposed (RnnNetCall *c, const RnnNetValue *x, gint64 stride, Axis *a, gint64 before, gint64 after, Fit *fit)
{
  gint64 places = x->dims[x->time], end = extent (a) - 1;

  if (rnn_net_has_beside (x) || x->dims[0] != 1)
    return rnn_net_fail (c, "is of a batch, or of a sequence with more places than steps");
  if (before > end)
    return rnn_net_fail (c, "is padded by more than its kernel");
  *fit = (Fit) { .past = (end - before) / stride, .ahead = (stride - 1 + before) / stride, .after = end + 1 - stride - before - after };
  a->size = (fit->past + places + fit->ahead - 1) * stride + 1;
  a->before = end - stride * fit->past - before;
  a->after = stride - 1 + before - fit->ahead * stride;
  return TRUE;
}

/* One axis of a transposed convolution, as the ordinary one that it becomes. */
static gboolean
read_transposed (RnnNetCall *c, gint i, gint n, gint64 *stride, Axis *a, Fit *fit)
{
  const gchar *mode = rnn_net_node_string (c->node, "auto_pad", "NOTSET");
  gboolean along = c->in[0]->time == 2 + i;
  gint64 places = c->in[0]->dims[2 + i] * (along ? RNN_NET_STEPS : 1), more = number (c, "output_padding", i, 0), shape = number (c, "output_shape", i, 0), cut;
  gint64 before = number (c, "pads", i, 0), after = number (c, "pads", i + n, 0);

  *stride = number (c, "strides", i, 1);
  *a = (Axis) { .kernel = c->in[1]->dims[2 + i], .stride = 1, .dilation = number (c, "dilations", i, 1) };
  if (a->dilation < 1 || a->dilation > 65536 || a->kernel > 65536 || *stride < 1 || *stride > 65536 || !is_small (before) || !is_small (after)
      || !is_small (more) || shape > 1 << 30)
    return rnn_net_fail (c, "has a kernel, strides or pads that make no sense");
  if (shape > 0 || g_str_has_prefix (mode, "SAME")) {   /* what is cut off, half of it before */
    cut = *stride * (places - 1) + more + extent (a) - (shape > 0 ? shape : places * *stride);
    before = cut < 0 ? 0 : g_str_equal (mode, "SAME_UPPER") ? cut / 2 : cut - cut / 2;
    after = cut - before;
  }
  if (along && (!is_small (before) || !is_small (after)))
    return rnn_net_fail (c, "is padded by more than its kernel");
  if (along)
    return before >= 0 ? fit_transposed (c, c->in[0], *stride, a, before, after - more, fit) : rnn_net_fail (c, "begins before the sequence");
  a->size = (places - 1) * *stride + 1;
  a->before = extent (a) - 1 - before;
  a->after = extent (a) - 1 - after + more;
  if (a->before < 0 || a->after < 0 || a->before > 65536 || a->after > 65536)
    return rnn_net_fail (c, "is padded by more than its kernel");
  return TRUE;
}

static gboolean
check_transposed (RnnNetCall *c, gint n, gint groups)
{
  const RnnNetValue *x = c->in[0], *w = c->in[1], *b = rnn_net_in (c, 2);

  if (n < 1 || n > 2 || w->rank != n + 2 || rnn_net_is_constant (x) || !rnn_net_is_constant (w) || x->time == 1 || w->dims[0] != x->dims[1]
      || w->dims[0] % groups || !w->size || !x->size || (b && (!rnn_net_is_constant (b) || b->size != (gsize) (w->dims[1] * groups))))
    return rnn_net_fail (c, "is supported over one or two axes, with constant filters");
  return TRUE;
}

static gboolean
conv_transpose (RnnNetCall *c)
{
  Conv conv = { .call = c, .groups = (gint) CLAMP (rnn_net_node_int (c->node, "group", 1), 1, 65536) };
  gint64 stride[2] = { 1, 1 };
  g_autoptr (RnnNetValue) places = NULL, x = NULL, w = NULL;
  gint time;
  Fit fit = { 0 };

  if (!rnn_net_need (c, 2))
    return FALSE;
  conv.n = c->in[0]->rank - 2;
  time = c->in[0]->time;
  if (!check_transposed (c, conv.n, conv.groups))
    return FALSE;
  for (gint i = 0; i < conv.n; i++)
    if (!read_transposed (c, i, conv.n, &stride[i], &conv.axis[i], &fit))
      return FALSE;
  places = time >= 2 ? rnn_net_window (c, c->in[0], fit.past, fit.ahead) : rnn_net_value_copy (c, c->in[0]);
  if (places && time >= 2)
    places->time = -1;
  if (!places || !(x = spread (c, places, conv.n, stride)) || !(w = turn_filters (c, c->in[1], conv.groups)))
    return FALSE;
  conv.x = x;
  conv.w = w;
  conv.b = rnn_net_in (c, 2);
  if (!(c->out[0] = run (&conv)))
    return FALSE;
  c->out[0]->time = time;
  set_beside (c->out[0], &fit);
  return TRUE;
}

const RnnNetOp rnn_net_ops_conv[] = { { "Conv", conv }, { "ConvTranspose", conv_transpose }, { NULL } };
