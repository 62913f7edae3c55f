/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Operators of signals: windows and mel filters are constants; Fourier transforms, and those of frames of a signal, are products with
 * constant matrices. */
#include "net-work.h"
#include <math.h>
#include <string.h>

#define MAX_LENGTH 65536

static gboolean
whole_number (RnnNetCall *c, gint i, gint64 *number)
{
  RnnNetValue *v = rnn_net_in (c, i);

  if (!v || !rnn_net_is_constant (v) || v->size != 1)
    return rnn_net_fail (c, "takes a length from what the model computes");
  *number = (gint64) rnn_net_number (v, 0);
  return (*number > 0 && *number <= MAX_LENGTH) || rnn_net_fail (c, "has a length that makes no sense");
}

/* ---- windows ---- */

/* a - b cos (2 pi i / n) + c cos (4 pi i / n) */
static const struct {
  const gchar *op;
  gdouble a, b, c;
} windows[] = { { "HannWindow", 0.5, 0.5, 0 }, { "HammingWindow", 25 / 46., 21 / 46., 0 }, { "BlackmanWindow", 0.42, 0.5, 0.08 } };

static gboolean
window (RnnNetCall *c)
{
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  gint64 n = 1, period;
  guint row = 0;

  while (!g_str_equal (windows[row].op, c->node->op))
    row++;
  if (!whole_number (c, 0, &n) || !(c->out[0] = rnn_net_value_like (c, &like, 1, &n)))
    return FALSE;
  period = rnn_net_node_int (c->node, "periodic", 1) ? n : MAX (n - 1, 1);
  for (gint64 i = 0; i < n; i++) {
    gdouble at = 2 * G_PI * i / period;

    c->out[0]->data[i].f = windows[row].a - windows[row].b * cos (at) + windows[row].c * cos (2 * at);
  }
  return TRUE;
}

/* ---- mel filters ---- */

static gdouble
to_mel (gdouble hertz)
{
  return 2595 * log10 (1 + hertz / 700);
}

/* [dft / 2 + 1][bins]: triangles between bins of the transform, as the operator's definition rounds them. */
static gboolean
mel_weights (RnnNetCall *c)
{
  RnnNetValue like = { .kind = RNN_NET_FLOAT };
  gint64 bins = 1, dft = 1, rate, dims[2];
  gdouble low, high;

  if (!whole_number (c, 0, &bins) || !whole_number (c, 1, &dft) || !rnn_net_need (c, 5) || !rnn_net_is_constant (c->in[2])
      || !rnn_net_is_uniform (c->in[3], &low) || !rnn_net_is_uniform (c->in[4], &high) || c->in[2]->size != 1)
    return rnn_net_fail (c, "takes its numbers from what the model computes");
  rate = (gint64) rnn_net_number (c->in[2], 0);
  dims[0] = dft / 2 + 1;
  dims[1] = bins;
  if (rate < 1 || !(low >= 0 && high > low && high < 1e9) || !(c->out[0] = rnn_net_value_like (c, &like, 2, dims)))
    return rnn_net_fail (c, "has frequencies that make no sense");
  for (gint64 m = 0; m < bins; m++) {
    gint64 corner[3];

    for (gint k = 0; k < 3; k++) {
      gdouble mel = to_mel (low) + (gdouble) (m + k) * (to_mel (high) - to_mel (low)) / (gdouble) (bins + 2);

      corner[k] = (gint64) floor ((gdouble) (dft + 1) * (700 * (pow (10, mel / 2595) - 1)) / (gdouble) rate);
    }
    for (gint64 i = MAX (corner[0], 0); i < corner[1] && i < dims[0]; i++)
      c->out[0]->data[i * bins + m].f = (gdouble) (i - corner[0]) / (gdouble) (corner[1] - corner[0]);
    if (corner[1] >= 0 && corner[1] < dims[0])
      c->out[0]->data[corner[1] * bins + m].f = 1;
    for (gint64 i = MAX (corner[1], 0) + 1; i < corner[2] && i < dims[0]; i++)
      c->out[0]->data[i * bins + m].f = (gdouble) (corner[2] - i) / (gdouble) (corner[2] - corner[1]);
  }
  return TRUE;
}

/* ---- transforms ---- */

/* Rows of @n numbers (of @parts: 2 for complex ones) by the matrix of a transform of length @length, windowed: [rows][bins][2]. */
static gint
transform (RnnNetCall *c, gint x, gint rows, gint n, gint parts, gint length, gint bins, gboolean inverse, const RnnNetValue *by)
{
  gint k = n * parts, outputs = bins * 2;
  g_autofree gfloat *w = g_new0 (gfloat, (gsize) outputs * k);

  for (gint f = 0; f < bins; f++)
    for (gint t = 0; t < MIN (n, length); t++) {
      gdouble at = 2 * G_PI * ((gint64) f * t % length) / length * (inverse ? 1 : -1);
      gdouble weight = (by ? rnn_net_number (by, (gsize) t) : 1) / (inverse ? length : 1);
      gfloat *re = w + (gsize) 2 * f * k + t * parts, *im = re + k;

      re[0] = (gfloat) (weight * cos (at));
      im[0] = (gfloat) (weight * sin (at));
      if (parts == 2) {
        re[1] = (gfloat) (-weight * sin (at));
        im[1] = (gfloat) (weight * cos (at));
      }
    }
  return rnn_net_dense (c, x, rows, k, outputs, w, NULL);
}

static gboolean
dft (RnnNetCall *c)
{
  gint64 length, dims[RNN_NET_RANK], wanted = rnn_net_node_int (c->node, "axis", 1);
  gboolean inverse = rnn_net_node_int (c->node, "inverse", 0) != 0, half = rnn_net_node_int (c->node, "onesided", 0) != 0;
  gint perm[RNN_NET_RANK], back[RNN_NET_RANK], axis, n = 0, rank, bins;
  g_autoptr (RnnNetValue) x = NULL, y = NULL;

  if (!rnn_net_need (c, 1) || rnn_net_is_constant (c->in[0]) || (rnn_net_in (c, 2) && (!rnn_net_is_constant (c->in[2]) || !c->in[2]->size)))
    return rnn_net_fail (c, "is of a constant, or over an axis that the model computes");
  rank = c->in[0]->rank;
  axis = rnn_net_axis (c->in[0], rnn_net_in (c, 2) ? (gint64) rnn_net_number (c->in[2], 0) : wanted);
  if (axis < 0 || axis == rank - 1 || c->in[0]->time == axis || c->in[0]->dims[rank - 1] > 2 || c->in[0]->dims[axis] > 4096)
    return rnn_net_fail (c, "has an axis that its tensor has not, or the sequence as one");
  length = c->in[0]->dims[axis];
  if (rnn_net_in (c, 1) && !whole_number (c, 1, &length))
    return FALSE;
  if (length > 4096)
    return rnn_net_fail (c, "is longer than 4096");
  for (gint i = 0; i < rank; i++)
    if (i != axis && i != rank - 1)
      perm[n++] = i;
  perm[n++] = axis;
  perm[n] = rank - 1;
  for (gint i = 0; i < rank; i++)
    back[perm[i]] = i;
  if (!(x = rnn_net_transpose (c, c->in[0], perm)))
    return FALSE;
  bins = half ? (gint) length / 2 + 1 : (gint) length;
  memcpy (dims, x->dims, sizeof (dims));
  dims[rank - 2] = bins;
  dims[rank - 1] = 2;
  y = rnn_net_of_wire (c, transform (c, rnn_net_order (c, x), (gint) (x->size / (gsize) (x->dims[rank - 1] * x->dims[rank - 2])),
          (gint) x->dims[rank - 2], (gint) x->dims[rank - 1], (gint) length, bins, inverse, NULL), rank, dims, x->time, x->last);
  c->out[0] = y ? rnn_net_transpose (c, y, back) : NULL;
  return c->out[0] != NULL;
}

/* signal [B][n][1], step, window, length -> [B][frames][bins][2] */
static gboolean
stft (RnnNetCall *c)
{
  RnnNetValue *x = rnn_net_in (c, 0), *by = rnn_net_in (c, 2);
  gboolean half = rnn_net_node_int (c->node, "onesided", 1) != 0;
  gint64 step = 1, length, frames, dims[4];
  g_autoptr (RnnNetValue) parts = NULL;
  RnnNetCopy copy = { .rank = 3 };
  gint bins;

  if (!rnn_net_need (c, 2) || rnn_net_is_constant (x) || x->rank != 3 || x->dims[2] != 1 || x->time >= 0 || (by && !rnn_net_is_constant (by))
      || !whole_number (c, 1, &step))
    return rnn_net_fail (c, "is supported for real signals that lie in a step");
  length = by ? (gint64) by->size : 0;
  if (rnn_net_in (c, 3) && !whole_number (c, 3, &length))
    return FALSE;
  if (length < 1 || length > 4096 || length > x->dims[1] || (by && by->size < (gsize) length))
    return rnn_net_fail (c, "has frames that are longer than its signal, or than 4096");
  frames = (x->dims[1] - length) / step + 1;
  bins = half ? (gint) length / 2 + 1 : (gint) length;
  copy.from = x->data;
  copy.dims[0] = x->dims[0];
  copy.dims[1] = frames;
  copy.dims[2] = length;
  copy.from_strides[0] = x->dims[1];
  copy.from_strides[1] = step;
  copy.from_strides[2] = 1;
  if (!(parts = rnn_net_value_like (c, x, 3, copy.dims)))
    return FALSE;
  copy.to = parts->data;
  rnn_net_strides (parts, copy.to_strides);
  rnn_net_copy (&copy);
  dims[0] = x->dims[0];
  dims[1] = frames;
  dims[2] = bins;
  dims[3] = 2;
  c->out[0] = rnn_net_of_wire (c, transform (c, rnn_net_order (c, parts), (gint) (x->dims[0] * frames), (gint) length, 1, (gint) length, bins,
          FALSE, by), 4, dims, -1, x->last);
  return c->out[0] != NULL;
}

const RnnNetOp rnn_net_ops_signal[] = {
  { "HannWindow", window }, { "HammingWindow", window }, { "BlackmanWindow", window }, { "MelWeightMatrix", mel_weights }, { "DFT", dft },
  { "STFT", stft }, { NULL }
};
