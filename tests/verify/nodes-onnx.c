/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ONNX's other operators that the library has code for: activations, softmax, layer normalisation, windows, mel
 * filters, Fourier transforms, the largest few.  The table says which code answers which operator. */
#include "drive.h"
#include "families.h"
#include "onnx.h"
#include "base/topk.h"
#include "cells/activation.h"
#include "ctc/ctc.h"
#include "features/features-options.h"
#include "features/fft.h"
#include "features/mel.h"
#include "features/window.h"
#include <math.h>
#include <string.h>

/* ---- the node ---- */

gboolean
node_open (const Case *c, Node *node, GError **error)
{
  const json_t *first;

  node->nodes = case_get_json (c, "nodes", error);
  if (!node->nodes)
    return FALSE;
  first = json_array_get (node->nodes, 0);
  node->op = json_string_value (json_object_get (first, "op_type"));
  node->attributes = json_object_get (first, "attributes");
  return (node->op && json_array_size (node->nodes) == 1)
      || case_wrong (error, "%s: \"nodes\" is not one node", c->path);
}

void
node_close (Node *node)
{
  g_clear_pointer (&node->nodes, json_decref);
}

gdouble
node_number (const Node *node, const gchar *attribute, gdouble fallback)
{
  const json_t *value = json_object_get (node->attributes, attribute);

  return json_is_number (value) ? json_number_value (value) : fallback;
}

/* Its name in the node's list, or if the case has no such list the formal one.  "": left out. */
static const gchar *
actual_name (const Node *node, const gchar *list, guint position, const gchar *formal)
{
  const json_t *names = json_object_get (json_array_get (node->nodes, 0), list);
  const gchar *name = names ? json_string_value (json_array_get (names, position)) : formal;

  return name ? name : "";
}

Tensor *
node_input (const Case *c, const Node *node, guint position, const gchar *formal)
{
  return case_find_format (c, "in.%s", actual_name (node, "inputs", position, formal));
}

gchar *
node_output (const Node *node, guint position, const gchar *formal)
{
  const gchar *name = actual_name (node, "outputs", position, formal);

  return *name ? g_strconcat ("out.", name, NULL) : NULL;
}

static void
compare_output (Case *c, const Node *node, guint position, const gchar *formal, const gfloat *got, gsize n)
{
  g_autofree gchar *name = node_output (node, position, formal);

  if (name && (position == 0 || case_find (c, name)))
    case_compare (c, name, got, n);
}

/* ---- elementwise ---- */

typedef struct {
  const gchar *op;
  gint type;                    /* RnnActivationType */
  const gchar *beta;            /* attribute, or NULL */
} Elementwise;

static const Elementwise elementwise[] = {
  { "Celu", RNN_ACT_CELU }, { "Elu", RNN_ACT_ELU }, { "Gelu", RNN_ACT_GELU },
  { "HardSigmoid", RNN_ACT_HARD_SIGMOID, "beta" }, { "LeakyRelu", RNN_ACT_LEAKY_RELU }, { "Relu", RNN_ACT_RELU },
  { "Selu", RNN_ACT_SELU, "gamma" }, { "Sigmoid", RNN_ACT_SIGMOID }, { "Softplus", RNN_ACT_SOFTPLUS },
  { "Softsign", RNN_ACT_SOFTSIGN }, { "Tanh", RNN_ACT_TANH }, { "ThresholdedRelu", RNN_ACT_THRESHOLDED_RELU },
};

static gboolean
run_elementwise (Case *c, const Node *node, const Tensor *x, GError **error)
{
  const Elementwise *e = elementwise;
  g_autofree gfloat *y = g_new (gfloat, x->n + 1);
  RnnActivation f;

  while (!g_str_equal (e->op, node->op))
    e++;
  f = (RnnActivation) { e->type, (gfloat) node_number (node, "alpha", 0),
    e->beta ? (gfloat) node_number (node, e->beta, 0) : 0 };
  rnn_activate (&f, (gint) x->n, x->data, y);
  compare_output (c, node, 0, "y", y, x->n);
  return TRUE;
}

/* ---- softmax over one axis ---- */

static gint
axis_of (const Node *node, const Tensor *x, gint fallback)
{
  gint axis = (gint) node_number (node, "axis", fallback);

  return axis < 0 ? axis + x->rank : axis;
}

static gboolean
run_softmax (Case *c, const Node *node, const Tensor *x, GError **error)
{
  gboolean is_log = g_str_equal (node->op, "LogSoftmax");
  g_autofree gfloat *y = g_new (gfloat, x->n + 1), *row = NULL;
  gint axis = axis_of (node, x, -1), V;
  gsize inner = 1;

  if (axis < 0 || axis >= x->rank || x->n == 0)
    return case_wrong (error, "%s: no such axis", c->path);
  V = x->dims[axis];
  for (gint i = axis + 1; i < x->rank; i++)
    inner *= (gsize) x->dims[i];
  row = g_new (gfloat, V);
  for (gsize i = 0; i < x->n; i += (i + 1) % inner ? 1 : 1 + inner * (V - 1)) {
    for (gint v = 0; v < V; v++)
      row[v] = x->data[i + v * inner];
    rnn_log_softmax (V, row, row);
    for (gint v = 0; v < V; v++)
      y[i + v * inner] = is_log ? row[v] : expf (row[v]);
  }
  compare_output (c, node, 0, "y", y, x->n);
  return TRUE;
}

/* ---- layer normalisation: the cell `norm` ---- */

/* Mean and 1 / deviation of x[n], which the cell does not show, from what it makes of x without weights: the slope
 * between the two ends of y = (x - mean) r, and where y is nearest to 0. */
static void
find_stats (gint n, const gfloat *x, const gfloat *y, gfloat *mean, gfloat *r)
{
  gint low = 0, high = 0, middle = 0;

  for (gint i = 1; i < n; i++) {
    low = x[i] < x[low] ? i : low;
    high = x[i] > x[high] ? i : high;
    middle = fabsf (y[i]) < fabsf (y[middle]) ? i : middle;
  }
  *r = x[high] > x[low] ? (gfloat) (((gdouble) y[high] - y[low]) / ((gdouble) x[high] - x[low])) : 0;
  *mean = *r > 0 ? x[middle] - y[middle] / *r : x[0];
}

static gboolean
compare_stats (Case *c, const Node *node, const Tensor *x, gint n, GError **error)
{
  gint rows = (gint) (x->n / (gsize) n);
  g_autofree gfloat *mean = g_new (gfloat, rows), *r = g_new (gfloat, rows);
  g_autoptr (Drive) d = drive_new (json_pack ("[{sssbsf}]", "cell", "norm", "affine", FALSE, "eps",
          node_number (node, "epsilon", 1e-5)), n, rows, 1, error);

  if (!d)
    return FALSE;
  memcpy (d->x, x->data, x->n * sizeof (gfloat));
  drive_forward (d, 0, rows);
  for (gint i = 0; i < rows; i++)
    find_stats (n, x->data + (gsize) i * n, d->y + (gsize) i * n, &mean[i], &r[i]);
  compare_output (c, node, 1, "Mean", mean, (gsize) rows);
  compare_output (c, node, 2, "InvStdDev", r, (gsize) rows);
  return TRUE;
}

static gboolean
run_layer_norm (Case *c, const Node *node, const Tensor *x, GError **error)
{
  const Tensor *w = node_input (c, node, 1, "W"), *b = node_input (c, node, 2, "B");
  gint axis = axis_of (node, x, -1), rows;
  gsize n = 1;
  g_autoptr (Drive) d = NULL;

  for (gint i = MAX (axis, 0); i < x->rank; i++)
    n *= (gsize) x->dims[i];
  if (axis < 0 || axis >= x->rank || x->n == 0 || n > 1 << 20 || !w || w->n != n || (b && b->n != n))
    return case_wrong (error, "%s: axis, scale and bias do not fit the input", c->path);
  rows = (gint) (x->n / n);
  d = drive_new (json_pack ("[{sssbsf}]", "cell", "norm", "bias", b != NULL, "eps",
          node_number (node, "epsilon", 1e-5)), (gint) n, rows, 1, error);
  if (!d || !drive_set (d, "weight", w->data, w->n, error) || (b && !drive_set (d, "bias", b->data, b->n, error)))
    return FALSE;
  memcpy (d->x, x->data, x->n * sizeof (gfloat));
  drive_forward (d, 0, rows);
  compare_output (c, node, 0, "Y", d->y, x->n);
  return compare_stats (c, node, x, (gint) n, error);
}

/* ---- windows: periodic ones are symmetric ones of one sample more.  ONNX computed its examples with pi = 3.1415 and
 * compares them with a relative tolerance of 1e-3; so do we ---- */

static gboolean
run_window (Case *c, const Node *node, const Tensor *x, GError **error)
{
  gboolean periodic = node_number (node, "periodic", 1) != 0;
  gint n = x->n ? (gint) CLAMP (x->data[0], 0, 1 << 16) : 0;
  g_autofree gchar *name = node_output (node, 0, "y");
  RnnWindow *window;
  RnnFeatureConfig config;

  if (n < 4 || !name)
    return case_wrong (error, "%s: a window of %d samples", c->path, n);
  rnn_feature_config_init (&config);
  config.rate = 1000;           /* a sample is a millisecond */
  config.frame_length = (gfloat) (n + periodic);
  config.window = g_str_equal (node->op, "HannWindow") ? RNN_WINDOW_HANNING : g_str_equal (node->op, "BlackmanWindow")
      ? RNN_WINDOW_BLACKMAN : RNN_WINDOW_HAMMING_EXACT;
  window = rnn_window_new (&config);
  case_compare_with (c, name, window->coeffs, (gsize) n, (Tolerance) { 1e-3, 0 });
  rnn_window_free (window);
  return TRUE;
}

/* ---- mel filters with corners at whole bins: [bins][bands] ---- */

/* ONNX parts the mel axis into n + 2 steps for n + 2 corners, so the last corner lies a step below the edge that is
 * asked for: here is where. */
static gfloat
last_corner (gdouble low, gdouble high, gint n)
{
  gdouble from = log1p (low / 700), to = log1p (high / 700);

  return (gfloat) (700 * expm1 (from + (to - from) * (n + 1) / (n + 2)));
}

static gboolean
run_mel (Case *c, const Node *node, const Tensor *n_mels, GError **error)
{
  const Tensor *n_fft = node_input (c, node, 1, "dft_length"), *rate = node_input (c, node, 2, "sample_rate");
  const Tensor *low = node_input (c, node, 3, "lower_edge_hertz"), *high = node_input (c, node, 4, "upper_edge_hertz");
  g_autofree gfloat *out = NULL, *unit = NULL;
  g_autoptr (RnnMel) mel = NULL;
  RnnFeatureConfig config;

  if (!n_fft || !rate || !low || !high || !(n_mels->n && n_fft->n && rate->n && low->n && high->n))
    return case_wrong (error, "%s: an input is missing", c->path);
  rnn_feature_config_init (&config);
  config.mel_scale = RNN_MEL_BINS;
  config.n_mels = (gint) CLAMP (n_mels->data[0], 0, 4096);
  config.rate = rate->data[0];
  config.low_freq = low->data[0];
  config.high_freq = last_corner (low->data[0], high->data[0], config.n_mels);
  if (!(n_fft->data[0] >= 4 && n_fft->data[0] <= 1 << 16) || !rnn_feature_config_check (&config, error)
      || !(mel = rnn_mel_new (&config, (guint) n_fft->data[0], error)))
    return (error && *error) ? FALSE : case_wrong (error, "%s: a transform of %g samples", c->path, n_fft->data[0]);
  unit = g_new0 (gfloat, mel->n_bins + RNN_MEL_PAD);
  out = g_new (gfloat, (gsize) mel->n_bins * mel->n_mels);
  for (guint k = 0; k < mel->n_bins; k++) {
    unit[k] = 1;
    rnn_mel_apply (mel, unit, out + (gsize) k * mel->n_mels);
    unit[k] = 0;
  }
  compare_output (c, node, 0, "output", out, (gsize) mel->n_bins * mel->n_mels);
  return TRUE;
}

/* ---- Fourier transforms of real signals of even length ---- */

/* Bin k <= M of 2 M reals, from the transform z of their M pairs as complex numbers: even ones E, odd ones O,
 * E + exp (-pi i k / M) O. */
static void
unpair (gint M, const gfloat *z, gint k, gfloat out[2])
{
  const gfloat *a = z + 2 * (k % M), *b = z + 2 * ((M - k) % M);
  gdouble even_re = (a[0] + b[0]) / 2., even_im = (a[1] - b[1]) / 2.;
  gdouble odd_re = (a[1] + b[1]) / 2., odd_im = (b[0] - a[0]) / 2., re = cos (G_PI * k / M), im = -sin (G_PI * k / M);

  out[0] = (gfloat) (even_re + re * odd_re - im * odd_im);
  out[1] = (gfloat) (even_im + re * odd_im + im * odd_re);
}

/* Fills out[bins][re, im]; bins past the Nyquist frequency mirror those before. */
static void
transform (RnnFft *fft, gfloat *power, gint bins, gsize stride, gfloat *out)
{
  gint n = (gint) fft->n;

  rnn_fft_power (fft, power);
  for (gint k = 0; k < bins; k++, out += 2 * stride) {
    unpair (n / 2, fft->out, MIN (k, n - k), out);
    if (k > n / 2)
      out[1] = -out[1];
  }
}

static gboolean
run_dft (Case *c, const Node *node, const Tensor *x, GError **error)
{
  gint axis = axis_of (node, x, 1), n = axis >= 0 && axis < x->rank - 1 ? x->dims[axis] : 0;
  gint bins = node_number (node, "onesided", 0) != 0 ? n / 2 + 1 : n;
  g_autofree gfloat *out = NULL, *power = g_new (gfloat, (gsize) n / 2 + 1);
  g_autoptr (RnnFft) fft = NULL;
  gsize inner = 1, outer;

  if (n < 2 || n % 2 || x->dims[x->rank - 1] != 1 || node_number (node, "inverse", 0) != 0
      || node_input (c, node, 1, "dft_length")) {
    case_skip (c, "the library transforms real signals of even length, forward");
    return TRUE;
  }
  if (!(fft = rnn_fft_new ((guint) n, error)))
    return FALSE;
  for (gint i = axis + 1; i < x->rank - 1; i++)
    inner *= (gsize) x->dims[i];
  outer = x->n / (inner * n);
  out = g_new (gfloat, outer * bins * inner * 2 + 1);
  for (gsize i = 0; i < outer * inner; i++) {
    for (gint k = 0; k < n; k++)
      fft->in[k] = x->data[(i / inner * n + k) * inner + i % inner];
    transform (fft, power, bins, inner, out + (i / inner * bins * inner + i % inner) * 2);
  }
  compare_output (c, node, 0, "y", out, outer * bins * inner * 2);
  return TRUE;
}

/* signal [B][N][1] -> [B][frames][bins][2] */
typedef struct {
  const Tensor *signal, *window;
  gsize n, hop, N, frames;      /* samples per frame, from frame to frame, in all */
  gint bins;
} Stft;

static gboolean
read_stft (const Case *c, const Node *node, const Tensor *signal, Stft *s)
{
  const Tensor *hop = node_input (c, node, 1, "frame_step"), *length = node_input (c, node, 3, "frame_length");

  s->signal = signal;
  s->window = node_input (c, node, 2, "window");
  s->n = length ? (gsize) CLAMP (length->data[0], 0, 1 << 16) : s->window ? s->window->n : 0;
  s->hop = hop ? (gsize) CLAMP (hop->data[0], 0, 1 << 16) : 0;
  s->N = signal->rank == 3 && signal->dims[2] == 1 ? (gsize) signal->dims[1] : 0;
  s->frames = s->N < s->n || !s->hop ? 0 : 1 + (s->N - s->n) / s->hop;
  s->bins = node_number (node, "onesided", 1) != 0 ? (gint) s->n / 2 + 1 : (gint) s->n;
  return s->n >= 2 && s->n % 2 == 0 && s->frames > 0 && (!s->window || s->window->n == s->n);
}

static gboolean
run_stft (Case *c, const Node *node, const Tensor *signal, GError **error)
{
  g_autofree gfloat *out = NULL, *power = NULL;
  g_autoptr (RnnFft) fft = NULL;
  gsize rows;
  Stft s;

  if (!read_stft (c, node, signal, &s)) {
    case_skip (c, "the library transforms real signals in whole frames of even length");
    return TRUE;
  }
  if (!(fft = rnn_fft_new ((guint) s.n, error)))
    return FALSE;
  rows = (gsize) signal->dims[0] * s.frames;
  power = g_new (gfloat, s.n / 2 + 1);
  out = g_new (gfloat, rows * s.bins * 2 + 1);
  for (gsize f = 0; f < rows; f++) {
    const gfloat *from = signal->data + f / s.frames * s.N + f % s.frames * s.hop;

    for (gsize i = 0; i < s.n; i++)
      fft->in[i] = from[i] * (s.window ? s.window->data[i] : 1);
    transform (fft, power, s.bins, 1, out + f * s.bins * 2);
  }
  compare_output (c, node, 0, "output", out, rows * s.bins * 2);
  return TRUE;
}

/* ---- the largest k along one axis, in order; or the smallest, which are the largest of -x ---- */

static gboolean
run_top_k (Case *c, const Node *node, const Tensor *x, GError **error)
{
  const Tensor *count = node_input (c, node, 1, "k");
  gfloat sign = node_number (node, "largest", 1) != 0 ? 1 : -1;
  gint axis = axis_of (node, x, -1), n = axis >= 0 && axis < x->rank ? x->dims[axis] : 0;
  gint k = count && count->n == 1 && count->data[0] >= 1 && count->data[0] <= n ? (gint) count->data[0] : 0;
  g_autofree gfloat *row = g_new (gfloat, n + 1), *values = g_new (gfloat, x->n + 1);
  g_autofree gfloat *indices = g_new (gfloat, x->n + 1);
  g_autofree gint *best = g_new (gint, k + 1);
  gsize inner = 1, outer;

  if (k == 0)
    return case_wrong (error, "%s: no such axis, or not so many values", c->path);
  for (gint i = axis + 1; i < x->rank; i++)
    inner *= (gsize) x->dims[i];
  outer = x->n / (inner * n);
  for (gsize i = 0; i < outer * inner; i++) {
    gsize from = i / inner * n * inner + i % inner, to = i / inner * k * inner + i % inner;

    for (gint j = 0; j < n; j++)
      row[j] = sign * x->data[from + j * inner];
    rnn_top_k (n, row, k, best);
    for (gint j = 0; j < k; j++) {
      values[to + j * inner] = sign * row[best[j]];
      indices[to + j * inner] = best[j];
    }
  }
  compare_output (c, node, 0, "values", values, outer * inner * k);
  compare_output (c, node, 1, "indices", indices, outer * inner * k);
  return TRUE;
}

/* ---- which is which ---- */

typedef struct {
  const gchar *op, *input;      /* glob; the first input's formal name */
  gboolean (*run) (Case *c, const Node *node, const Tensor *x, GError **error);
} Row;

static const Row rows[] = {
  { "HannWindow", "x", run_window },
  { "HammingWindow", "x", run_window },
  { "BlackmanWindow", "x", run_window },
  { "LayerNormalization", "X", run_layer_norm },
  { "*Softmax", "x", run_softmax },
  { "DFT", "x", run_dft },
  { "STFT", "signal", run_stft },
  { "MelWeightMatrix", "num_mel_bins", run_mel },
  { "TopK", "x", run_top_k },
};

gboolean
onnx_run_node (Case *c, Node *node, GError **error)
{
  Row row = { node->op, "x", NULL };
  const Tensor *x;

  for (guint i = 0; i < G_N_ELEMENTS (elementwise); i++)
    if (g_str_equal (elementwise[i].op, node->op))
      row.run = run_elementwise;
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    if (g_pattern_match_simple (rows[i].op, node->op))
      row = rows[i];
  if (!row.run) {
    case_skip (c, "%s: the library has no such operator", node->op);
    return TRUE;
  }
  x = node_input (c, node, 0, row.input);
  return x ? row.run (c, node, x, error) : case_wrong (error, "%s: its input is missing", c->path);
}

static gboolean
run_any (Case *c, GError **error)
{
  static const gchar *const cells[] = { "RNN", "GRU", "LSTM", NULL };
  g_auto (Node) node = { NULL };

  if (!node_open (c, &node, error))
    return FALSE;
  return g_strv_contains (cells, node.op) ? onnx_run_cell (c, &node, error) : onnx_run_node (c, &node, error);
}

const CaseKind cases_onnx[] = {
  { "nodes", "*", NULL, run_any },
  { NULL }
};
