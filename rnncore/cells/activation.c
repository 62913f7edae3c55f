/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The activation table: value and derivative of each function, the formulas of the ONNX operators of these names.
 * Where the function is monotonic its derivative is written in terms of its value, so that a tape keeps one array. */
#include "activation.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define VALUE(name, expr) \
static void \
name (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out) \
{ \
  for (gint i = 0; i < n; i++) { \
    gfloat x = in[i]; \
    out[i] = expr; \
  } \
}

#define SLOPE(name, expr) \
static void \
name##_grad (gint n, gfloat alpha, gfloat beta, const gfloat *in, const gfloat *out, gfloat *d) \
{ \
  for (gint i = 0; i < n; i++) { \
    gfloat y = out[i]; \
    d[i] *= expr; \
  } \
}

#define SLOPE_OF_INPUT(name, expr) \
static void \
name##_grad (gint n, gfloat alpha, gfloat beta, const gfloat *in, const gfloat *out, gfloat *d) \
{ \
  for (gint i = 0; i < n; i++) { \
    gfloat x = in[i]; \
    d[i] *= expr; \
  } \
}

static void
act_tanh (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out)
{
  rnn_kernels ()->tanh (n, in, out);
}

static void
act_sigmoid (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out)
{
  rnn_kernels ()->sigmoid (n, in, out);
}

/* x sigma (x), in blocks: out may be in */
static void
act_silu (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out)
{
  gfloat gate[64];

  for (gint i = 0; i < n; i += 64) {
    gint k = MIN (64, n - i);

    rnn_kernels ()->sigmoid (k, in + i, gate);
    rnn_kernels ()->mul (k, in + i, gate, out + i);
  }
}

static void
act_softplus (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out)
{
  rnn_kernels ()->softplus (n, in, out);
}

static inline gfloat
sigmoid (gfloat x)
{
  return 1 / (1 + expf (-x));
}

static inline gfloat
normal_cdf (gfloat x)
{
  return 0.5f * (1 + erff (x * (gfloat) G_SQRT2 / 2));
}

static void
act_exp (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out)
{
  rnn_kernels ()->exp (n, in, out);
}

static void
act_log (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out)
{
  rnn_kernels ()->log (n, in, out);
}

/* Mish's slope: tanh s + x sigma (x) (1 - tanh^2 s), s = softplus (x). */
static inline gfloat
mish_slope (gfloat x)
{
  gfloat t = tanhf (x > 20 ? x : log1pf (expf (x)));

  return t + x * sigmoid (x) * (1 - t * t);
}

VALUE (act_relu, x > 0 ? x : 0)
VALUE (act_linear, x)
VALUE (act_hard_sigmoid, CLAMP (alpha * x + beta, 0, 1))
VALUE (act_softsign, x / (1 + fabsf (x)))
VALUE (act_elu, x > 0 ? x : alpha * expm1f (x))
VALUE (act_celu, x > 0 ? x : alpha * expm1f (x / alpha))
VALUE (act_selu, beta * (x > 0 ? x : alpha * expm1f (x)))
VALUE (act_leaky_relu, x > 0 ? x : alpha * x)
VALUE (act_thresholded_relu, x > alpha ? x : 0)
VALUE (act_affine, alpha * x + beta)
VALUE (act_scaled_tanh, alpha * tanhf (beta * x))
VALUE (act_gelu, x * normal_cdf (x))
VALUE (act_squared_relu, x > 0 ? x * x : 0)
VALUE (act_clip, x < alpha ? alpha : x > beta ? beta : x)
VALUE (act_hard_swish, x * CLAMP (x / 6 + 0.5f, 0, 1))
VALUE (act_mish, x * tanhf (x > 20 ? x : log1pf (expf (x))))
VALUE (act_sqrt, sqrtf (x))
VALUE (act_abs, fabsf (x))
VALUE (act_reciprocal, 1 / x)
VALUE (act_erf, erff (x))
VALUE (act_sin, sinf (x))
VALUE (act_cos, cosf (x))
VALUE (act_square, x * x)

SLOPE (act_tanh, (1 - y * y))
SLOPE (act_sigmoid, y * (1 - y))
SLOPE (act_relu, (y > 0 ? 1 : 0))
SLOPE (act_linear, (y == y))
SLOPE (act_hard_sigmoid, (y > 0 && y < 1 ? alpha : 0))
SLOPE (act_softsign, (1 - fabsf (y)) * (1 - fabsf (y)))
SLOPE (act_softplus, -expm1f (-y))
SLOPE (act_elu, (y > 0 ? 1 : y + alpha))
SLOPE (act_celu, (y > 0 ? 1 : y / alpha + 1))
SLOPE (act_selu, (y > 0 ? beta : y + alpha * beta))
SLOPE (act_leaky_relu, (y > 0 ? 1 : alpha))
SLOPE (act_thresholded_relu, (y != 0 ? 1 : 0))
SLOPE (act_affine, (y == y ? alpha : y))
SLOPE (act_scaled_tanh, (alpha - y * y / alpha) * beta)
SLOPE_OF_INPUT (act_silu, sigmoid (x) * (1 + x * (1 - sigmoid (x))))
SLOPE_OF_INPUT (act_gelu, (normal_cdf (x) + x * expf (-0.5f * x * x) * 0.39894228040143268f))
SLOPE_OF_INPUT (act_squared_relu, (x > 0 ? 2 * x : 0))
SLOPE_OF_INPUT (act_clip, (x > alpha && x < beta ? 1 : 0))
SLOPE_OF_INPUT (act_hard_swish, (x <= -3 ? 0 : x >= 3 ? 1 : x / 3 + 0.5f))
SLOPE_OF_INPUT (act_mish, mish_slope (x))
SLOPE_OF_INPUT (act_sqrt, 0.5f / sqrtf (x))
SLOPE_OF_INPUT (act_exp, expf (x))
SLOPE_OF_INPUT (act_log, 1 / x)
SLOPE_OF_INPUT (act_abs, (x > 0 ? 1 : x < 0 ? -1 : 0))
SLOPE_OF_INPUT (act_reciprocal, -1 / (x * x))
SLOPE_OF_INPUT (act_erf, 1.1283791670955126f * expf (-x * x))
SLOPE_OF_INPUT (act_sin, cosf (x))
SLOPE_OF_INPUT (act_cos, -sinf (x))
SLOPE_OF_INPUT (act_square, 2 * x)

typedef struct {
  gfloat alpha, beta;           /* used where the recipe gives 0 */
  void (*value) (gint n, gfloat alpha, gfloat beta, const gfloat *in, gfloat *out);
  void (*grad) (gint n, gfloat alpha, gfloat beta, const gfloat *in, const gfloat *out, gfloat *d);
} Row;

#define ROW(name, alpha, beta) { alpha, beta, act_##name, act_##name##_grad }
static const Row table[] = {
  ROW (tanh, 0, 0), ROW (sigmoid, 0, 0), ROW (relu, 0, 0), ROW (linear, 0, 0), ROW (hard_sigmoid, 0.2f, 0.5f),
  ROW (softsign, 0, 0), ROW (softplus, 0, 0), ROW (elu, 1, 0), ROW (celu, 1, 0),
  ROW (selu, 1.67326319217681884765625f, 1.05070102214813232421875f), ROW (leaky_relu, 0.01f, 0),
  ROW (thresholded_relu, 1, 0), ROW (affine, 1, 0), ROW (scaled_tanh, 1, 1),
  ROW (silu, 0, 0), ROW (gelu, 0, 0), ROW (squared_relu, 0, 0), ROW (clip, 0, 6), ROW (hard_swish, 0, 0), ROW (mish, 0, 0),
  ROW (sqrt, 0, 0), ROW (exp, 0, 0), ROW (log, 0, 0), ROW (abs, 0, 0), ROW (reciprocal, 0, 0), ROW (erf, 0, 0), ROW (sin, 0, 0),
  ROW (cos, 0, 0), ROW (square, 0, 0),
};

#define GATE_NAMES "tanh", "sigmoid", "relu", "linear", "hardsigmoid", "softsign", "softplus", "elu", "celu", "selu", \
  "leakyrelu", "thresholdedrelu", "affine", "scaledtanh"
const gchar *const rnn_gate_activation_names[] = { GATE_NAMES, NULL };
const gchar *const rnn_activation_names[] = { GATE_NAMES, "silu", "gelu", "squaredrelu", "clip", "hardswish",
  "mish", "sqrt", "exp", "log", "abs", "reciprocal", "erf", "sin", "cos", "square", NULL };

static gfloat
or_default (gfloat value, gfloat fallback)
{
  return value != 0 ? value : fallback;
}

void
rnn_activate (const RnnActivation *f, gint n, const gfloat *x, gfloat *y)
{
  const Row *row = &table[f->type];

  row->value (n, or_default (f->alpha, row->alpha), or_default (f->beta, row->beta), x, y);
}

void
rnn_activate_grad (const RnnActivation *f, gint n, const gfloat *x, const gfloat *y, gfloat *d)
{
  const Row *row = &table[f->type];

  row->grad (n, or_default (f->alpha, row->alpha), or_default (f->beta, row->beta), x, y, d);
}

void
rnn_activate_clip_grad (const RnnActivation *f, gfloat clip, gint n, const gfloat *y, gfloat *d)
{
  gfloat ends[2] = { -clip, clip };

  rnn_activate (f, 2, ends, ends);
  for (gint i = 0; i < n; i++)
    if (y[i] == ends[0] || y[i] == ends[1])
      d[i] = 0;
}

void
rnn_gate (const RnnActivation *f, gint n, const gfloat *h, const gfloat *z, gfloat *out)
{
  rnn_activate (f, n, z, out);
  rnn_kernels ()->mul (n, h, out, out);
}

void
rnn_gate_grad (const RnnActivation *f, gint n, const gfloat *h, const gfloat *z, const gfloat *d, gfloat *dh, gfloat *dz)
{
  rnn_activate (f, n, z, dh);
  rnn_kernels ()->mul (n, d, h, dz);
  rnn_activate_grad (f, n, z, dh, dz);
  rnn_kernels ()->mul (n, d, dh, dh);
}

gboolean
rnn_activation_needs_input (const RnnActivation *f)
{
  return f->type >= RNN_ACT_SILU;
}
