/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every kernel, once, over vectors of LANES floats.  kernels-{c,avx2,avx512,neon}.c define ROW, LANES, ROW_TILE and the
 * operations that GCC's vector syntax lacks (V_FMA, V_MIN, V_MAX, and V_PAIRS: to each 32-bit lane adds the products of
 * its pair of 8-bit weights with the pair of 16-bit inputs), then include this file.
 *
 * Tails go through the same vector expressions as full lanes, so an element's value does not depend on where it
 * stands.  exp and log follow Cephes' single-precision polynomials, tanh the rational minimax approximation that
 * Eigen uses; all stay within 4 units in the last place. */
#include <math.h>
#include <string.h>
#include "kernels.h"

typedef gfloat V __attribute__ ((vector_size (4 * LANES), may_alias));
typedef gint32 VI __attribute__ ((vector_size (4 * LANES), may_alias));
typedef gfloat Vu __attribute__ ((vector_size (4 * LANES), aligned (4), may_alias));
typedef gint32 VIu __attribute__ ((vector_size (4 * LANES), aligned (4), may_alias));

#define INLINE static inline __attribute__ ((always_inline))
#define VECS (RNN_PANEL / LANES)        /* vectors per panel */
#define K_BLOCK 256             /* inputs per pass: one panel's share stays in the L1 cache */

INLINE V
splat (gfloat a)
{
  return a - (V) { 0 };
}

INLINE V
blend (VI mask, V yes, V no)
{
  return (V) (((VI) yes & mask) | ((VI) no & ~mask));
}

/* The first k lanes (all when k >= LANES); others are 0. */
INLINE V
load (const gfloat *p, gint k)
{
  if (G_LIKELY (k >= LANES))
    return *(const Vu *) p;
  V v = { 0 };
  memcpy (&v, p, (gsize) k * sizeof (gfloat));
  return v;
}

INLINE void
store (gfloat *p, V v, gint k)
{
  if (G_LIKELY (k >= LANES))
    *(Vu *) p = v;
  else
    memcpy (p, &v, (gsize) k * sizeof (gfloat));
}

/* ---- functions of a vector ---- */

#ifndef V_PAIRS
INLINE VI
pairs_portable (VI acc, const gint8 *w, gint32 x)
{
  gint32 low = (gint16) (x & 0xffff), high = x >> 16;

  for (gint j = 0; j < LANES; j++)
    acc[j] += w[2 * j] * low + w[2 * j + 1] * high;
  return acc;
}
#define V_PAIRS(acc, w, x) pairs_portable (acc, w, x)
#endif

INLINE V
v_exp (V x)
{
  const V magic = splat (12582912.f);   /* 1.5 * 2^23: adding it rounds to an integer */
  V lo = splat (-87.33654f), hi = splat (88.72283f);
  VI over = x > hi, under = x < lo;
  V z = V_MIN (hi, V_MAX (lo, x));
  V n = V_FMA (z, splat (1.44269504088896341f), magic) - magic;
  V r = V_FMA (n, splat (2.12194440e-4f), V_FMA (n, splat (-0.693359375f), z));
  V p = splat (1.9875691500e-4f);

  p = V_FMA (p, r, splat (1.3981999507e-3f));
  p = V_FMA (p, r, splat (8.3334519073e-3f));
  p = V_FMA (p, r, splat (4.1665795894e-2f));
  p = V_FMA (p, r, splat (1.6666665459e-1f));
  p = V_FMA (p, r, splat (5.0000001201e-1f));
  p = V_FMA (p, r * r, r) + splat (1.f);
  /* 2^n in two halves, so that n = 128 does not overflow the exponent field */
  VI half = __builtin_convertvector (n, VI) >> 1;
  VI rest = __builtin_convertvector (n, VI) - half;
  p = p * (V) ((half + 127) << 23) * (V) ((rest + 127) << 23);
  return blend (over, splat (INFINITY), blend (under, splat (0.f), p));
}

INLINE V
v_log (V x)
{
  VI zero = x <= splat (0.f), tiny = x < splat (1.17549435e-38f), inf = x > splat (3.40282347e38f);
  V scaled = blend (tiny, x * splat (8388608.f), x);
  VI bits = (VI) scaled;
  V e = __builtin_convertvector (((bits >> 23) & 0xff) - 126, V) - blend (tiny, splat (23.f), splat (0.f));
  V m = (V) ((bits & 0x007fffff) | 0x3f000000);         /* [0.5, 1) */
  VI low = m < splat (0.707106781186547524f);
  V p = splat (7.0376836292e-2f), z;

  e -= blend (low, splat (1.f), splat (0.f));
  m = m + blend (low, m, splat (0.f)) - splat (1.f);
  z = m * m;
  p = V_FMA (p, m, splat (-1.1514610310e-1f));
  p = V_FMA (p, m, splat (1.1676998740e-1f));
  p = V_FMA (p, m, splat (-1.2420140846e-1f));
  p = V_FMA (p, m, splat (1.4249322787e-1f));
  p = V_FMA (p, m, splat (-1.6668057665e-1f));
  p = V_FMA (p, m, splat (2.0000714765e-1f));
  p = V_FMA (p, m, splat (-2.4999993993e-1f));
  p = V_FMA (p, m, splat (3.3333331174e-1f));
  p = p * m * z;
  p = V_FMA (e, splat (-2.12194440e-4f), p);
  p = V_FMA (splat (-0.5f), z, p);
  p = V_FMA (e, splat (0.693359375f), m + p);
  p = blend (inf, x, p);
  return blend (x != x, x, blend (zero, blend (x < splat (0.f), splat (NAN), splat (-INFINITY)), p));
}

INLINE V
v_tanh (V x)
{
  V c = V_MIN (splat (7.90531110763549805f), V_MAX (splat (-7.90531110763549805f), x));
  V z = c * c;
  V p = splat (-2.76076847742355e-16f), q = splat (1.19825839466702e-06f);

  p = V_FMA (p, z, splat (2.00018790482477e-13f));
  p = V_FMA (p, z, splat (-8.60467152213735e-11f));
  p = V_FMA (p, z, splat (5.12229709037114e-08f));
  p = V_FMA (p, z, splat (1.48572235717979e-05f));
  p = V_FMA (p, z, splat (6.37261928875436e-04f));
  p = V_FMA (p, z, splat (4.89352455891786e-03f));
  q = V_FMA (q, z, splat (1.18534705686654e-04f));
  q = V_FMA (q, z, splat (2.26843463243900e-03f));
  q = V_FMA (q, z, splat (4.89352518554385e-03f));
  return c * p / q;
}

INLINE V
v_sigmoid (V x)
{
  return splat (1.f) / (splat (1.f) + v_exp (-x));
}

#define MAP(name, expr) \
static void \
k_##name (gint n, const gfloat *x, gfloat *y) \
{ \
  for (gint i = 0; i < n; i += LANES) { \
    V v = load (x + i, n - i); \
    store (y + i, expr, n - i); \
  } \
}

MAP (sigmoid, v_sigmoid (v))
MAP (tanh, v_tanh (v))
MAP (exp, v_exp (v))
MAP (log, v_log (v))
MAP (add, load (y + i, n - i) + v)

static void
k_axpy (gint n, gfloat a, const gfloat *x, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES)
    store (y + i, V_FMA (splat (a), load (x + i, n - i), load (y + i, n - i)), n - i);
}

static void
k_scale (gint n, gfloat a, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES)
    store (y + i, splat (a) * load (y + i, n - i), n - i);
}

static void
k_mul (gint n, const gfloat *a, const gfloat *b, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES)
    store (y + i, load (a + i, n - i) * load (b + i, n - i), n - i);
}

static void
k_fma (gint n, const gfloat *a, const gfloat *b, gfloat *y)
{
  for (gint i = 0; i < n; i += LANES)
    store (y + i, V_FMA (load (a + i, n - i), load (b + i, n - i), load (y + i, n - i)), n - i);
}

INLINE gfloat
across (V v)
{
  gfloat sum = 0;

  for (gint j = 0; j < LANES; j++)
    sum += v[j];
  return sum;
}

static gfloat
k_sum (gint n, const gfloat *x)
{
  V s = { 0 };

  for (gint i = 0; i < n; i += LANES)
    s += load (x + i, n - i);
  return across (s);
}

/* Four partial sums keep the multiply-add units busy. */
static gfloat
k_dot (gint n, const gfloat *a, const gfloat *b)
{
  V s[4] = { {0}, {0}, {0}, {0} };
  gint i = 0;

  for (; i + 4 * LANES <= n; i += 4 * LANES)
    for (gint j = 0; j < 4; j++)
      s[j] = V_FMA (load (a + i + j * LANES, LANES), load (b + i + j * LANES, LANES), s[j]);
  for (; i < n; i += LANES)
    s[0] = V_FMA (load (a + i, n - i), load (b + i, n - i), s[0]);
  return across ((s[0] + s[1]) + (s[2] + s[3]));
}

static gfloat
k_max (gint n, const gfloat *x)
{
  V m = splat (x[0]);
  gfloat best;
  gint i = 0;

  for (; i + LANES <= n; i += LANES)
    m = V_MAX (m, load (x + i, LANES));
  best = m[0];
  for (gint j = 1; j < LANES; j++)
    best = MAX (best, m[j]);
  for (; i < n; i++)
    best = MAX (best, x[i]);
  return best;
}

/* ---- LSTM: c = f c_prev + i g, h = o tanh c ---- */

static void
k_lstm_point (gint H, gfloat *gates, const gfloat *c_prev, gfloat *c, gfloat *tanh_c, gfloat *h)
{
  for (gint j = 0; j < H; j += LANES) {
    gint k = H - j;
    V i = v_sigmoid (load (gates + j, k)), f = v_sigmoid (load (gates + H + j, k));
    V g = v_tanh (load (gates + 2 * H + j, k)), o = v_sigmoid (load (gates + 3 * H + j, k));
    V cell = V_FMA (f, load (c_prev + j, k), i * g);
    V t = v_tanh (cell);

    store (gates + j, i, k);
    store (gates + H + j, f, k);
    store (gates + 2 * H + j, g, k);
    store (gates + 3 * H + j, o, k);
    store (c + j, cell, k);
    store (tanh_c + j, t, k);
    store (h + j, o * t, k);
  }
}

static void
k_lstm_point_grad (gint H, gfloat *gates, const gfloat *c_prev, const gfloat *tanh_c, const gfloat *dh, gfloat *dc)
{
  const V one = splat (1.f);

  for (gint j = 0; j < H; j += LANES) {
    gint k = H - j;
    V i = load (gates + j, k), f = load (gates + H + j, k), g = load (gates + 2 * H + j, k);
    V o = load (gates + 3 * H + j, k), t = load (tanh_c + j, k), d = load (dh + j, k);
    V dcell = V_FMA (d * o, one - t * t, load (dc + j, k));

    store (gates + j, dcell * g * i * (one - i), k);
    store (gates + H + j, dcell * load (c_prev + j, k) * f * (one - f), k);
    store (gates + 2 * H + j, dcell * i * (one - g * g), k);
    store (gates + 3 * H + j, d * t * o * (one - o), k);
    store (dc + j, dcell * f, k);
  }
}

/* ---- matrix memories: a strip of columns at a time, whose input and output stay in registers ---- */

/* `vecs` neighbouring vectors of columns, a compile-time constant; n_v counts from the first. */
INLINE void
memory_strip (gint vecs, gint n_k, gint n_v, gsize ld, gfloat a, const gfloat *k, const gfloat *v, const gfloat *q,
    gfloat *S, gfloat *y)
{
  V in[VECS], out[VECS];

#pragma GCC unroll 16
  for (gint j = 0; j < vecs; j++) {
    in[j] = load (v + j * LANES, n_v - j * LANES);
    out[j] = splat (0.f);
  }
  for (gint i = 0; i < n_k; i++, S += ld)
#pragma GCC unroll 16
    for (gint j = 0; j < vecs; j++) {
      V s = V_FMA (splat (k[i]), in[j], splat (a) * load (S + j * LANES, n_v - j * LANES));

      store (S + j * LANES, s, n_v - j * LANES);
      out[j] = V_FMA (splat (q[i]), s, out[j]);
    }
#pragma GCC unroll 16
  for (gint j = 0; j < vecs; j++)
    store (y + j * LANES, out[j], n_v - j * LANES);
}

static void
k_memory_step (gint n_k, gint n_v, gfloat a, const gfloat *k, const gfloat *v, const gfloat *q, gfloat *S, gfloat *y)
{
  gint j = 0;

  for (; j + RNN_PANEL <= n_v; j += RNN_PANEL)
    memory_strip (VECS, n_k, RNN_PANEL, n_v, a, k, v + j, q, S + j, y + j);
  for (; j < n_v; j += LANES)
    memory_strip (1, n_k, n_v - j, n_v, a, k, v + j, q, S + j, y + j);
}

static void
k_scan_step (gint n, gint N, const gfloat *delta, const gfloat *u, const gfloat *A, const gfloat *B, const gfloat *C,
    const gfloat *D, gfloat *h, gfloat *y)
{
  for (gint j = 0; j < n; j += LANES) {
    V dt = load (delta + j, n - j), in = load (u + j, n - j), out = load (D + j, n - j) * in;

    for (gint i = 0; i < N; i++) {
      gsize at = (gsize) i * n + j;
      V decay = v_exp (dt * load (A + at, n - j));
      V s = V_FMA (splat (B[i]), dt * in, decay * load (h + at, n - j));

      store (h + at, s, n - j);
      out = V_FMA (splat (C[i]), s, out);
    }
    store (y + j, out, n - j);
  }
}

/* ---- product with packed weights ---- */

/* `rows` rows of x against `panels` neighbouring panels, inputs [k0, k1).  Both counts are compile-time
 * constants: the loops over them must unroll for the sums to live in registers. */
INLINE void
tile (gint rows, gint panels, const gfloat *w, gint n_in, gint n_out, gint k0, gint k1,
    const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  V acc[ROW_TILE][2 * VECS];
  gsize panel_size = (gsize) n_in * RNN_PANEL;

#pragma GCC unroll 16
  for (gint r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (gint v = 0; v < panels * VECS; v++)
      acc[r][v] = add && n_out > v * LANES ? load (y + r * ldy + v * LANES, n_out - v * LANES) : splat (0.f);
  for (gint k = k0; k < k1; k++)
#pragma GCC unroll 16
    for (gint p = 0; p < panels; p++) {
      const gfloat *line = w + p * panel_size + (gsize) k * RNN_PANEL;

#pragma GCC unroll 16
      for (gint v = 0; v < VECS; v++) {
        V wv = *(const Vu *) (line + v * LANES);

#pragma GCC unroll 16
        for (gint r = 0; r < rows; r++)
          acc[r][p * VECS + v] = V_FMA (splat (x[r * ldx + k]), wv, acc[r][p * VECS + v]);
      }
    }
#pragma GCC unroll 16
  for (gint r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (gint v = 0; v < panels * VECS; v++)
      if (n_out > v * LANES)
        store (y + r * ldy + v * LANES, acc[r][v], n_out - v * LANES);
}

/* One row: two panels at once hide the latency of the multiply-add. */
static void
linear_row (const gfloat *panels, gint n_in, gint n_out, const gfloat *x, gfloat *y, gboolean add)
{
  gint o = 0;

  for (; o + RNN_PANEL < n_out; o += 2 * RNN_PANEL)
    tile (1, 2, panels + (gsize) o * n_in, n_in, n_out - o, 0, n_in, x, 0, y + o, 0, add);
  if (o < n_out)
    tile (1, 1, panels + (gsize) o * n_in, n_in, n_out - o, 0, n_in, x, 0, y + o, 0, add);
}

#define TILES_OF(rows) \
  for (; r + (rows) <= n; r += (rows)) \
    tile (rows, 1, w, n_in, n_out - o, k0, k1, x + r * ldx, ldx, y + r * ldy + o, ldy, sum);

static void
k_linear (const gfloat *panels, gint n_in, gint n_out, gint n,
    const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  if (n == 1) {
    linear_row (panels, n_in, n_out, x, y, add);
    return;
  }
  for (gint o = 0; o < n_out; o += RNN_PANEL)
    for (gint k0 = 0; k0 < MAX (n_in, 1); k0 += K_BLOCK) {
      const gfloat *w = panels + (gsize) o * n_in;
      gint k1 = MIN (k0 + K_BLOCK, n_in), r = 0;
      gboolean sum = add || k0 > 0;

      TILES_OF (ROW_TILE)
      TILES_OF (MIN (4, ROW_TILE))
      TILES_OF (MIN (2, ROW_TILE))
      TILES_OF (1)
    }
}

/* ---- product with weights of 8 bits ---- */

/* out = round (x * 127 / max |x|) as pairs of 16 bits, the first one low; returns the scale that undoes it. */
static gfloat
quantise (gint n, const gfloat *x, gint32 *out)
{
  gfloat top = 0, scale;

  for (gint i = 0; i < n; i++)
    top = MAX (top, fabsf (x[i]));
  scale = top > 0 && top < INFINITY ? 127 / top : 0;
  for (gint i = 0; i < n; i += 2) {
    gint32 low = (gint32) lrintf (x[i] * scale), high = i + 1 < n ? (gint32) lrintf (x[i + 1] * scale) : 0;

    out[i / 2] = (gint32) ((guint32) high << 16 | (low & 0xffff));
  }
  return scale > 0 ? 1 / scale : 0;
}

/* `rows` rows of q against one panel; a compile-time constant. */
INLINE void
tile_int8 (gint rows, const gint8 *w, const gfloat *scales, gint pairs, gint n_out, const gint32 *q, gsize ldq,
    const gfloat *x_scale, gfloat *y, gsize ldy, gboolean add)
{
  VI acc[ROW_TILE][VECS] = { 0 };

  for (gint k = 0; k < pairs; k++)
#pragma GCC unroll 16
    for (gint v = 0; v < VECS; v++)
#pragma GCC unroll 16
      for (gint r = 0; r < rows; r++)
        acc[r][v] = V_PAIRS (acc[r][v], w + (gsize) k * 2 * RNN_PANEL + v * 2 * LANES, q[r * ldq + k]);
#pragma GCC unroll 16
  for (gint r = 0; r < rows; r++)
#pragma GCC unroll 16
    for (gint v = 0; v < VECS; v++)
      if (n_out > v * LANES) {
        gfloat *to = y + r * ldy + v * LANES;
        gint left = n_out - v * LANES;
        V start = add ? load (to, left) : splat (0.f);
        V factor = splat (x_scale[r]) * load (scales + v * LANES, LANES);

        store (to, V_FMA (__builtin_convertvector (acc[r][v], V), factor, start), left);
      }
}

static void
k_linear_int8 (const gint8 *panels, const gfloat *scales, gint n_in, gint n_out, gint n,
    const gfloat *x, gsize ldx, gfloat *y, gsize ldy, gboolean add)
{
  gint pairs = (n_in + 1) / 2;
  gint32 q[ROW_TILE * RNN_INT8_INPUTS / 2];     /* pairs of gint16 */
  gfloat x_scale[ROW_TILE];

  for (gint r0 = 0, rows; r0 < n; r0 += rows) {
    rows = n - r0 >= ROW_TILE ? ROW_TILE : 1;
    for (gint r = 0; r < rows; r++)
      x_scale[r] = quantise (n_in, x + (r0 + r) * ldx, q + (gsize) r * pairs);
    for (gint o = 0; o < n_out; o += RNN_PANEL) {
      const gint8 *w = panels + (gsize) o * 2 * pairs;
      gfloat *to = y + r0 * ldy + o;

      if (rows == 1)
        tile_int8 (1, w, scales + o, pairs, n_out - o, q, 0, x_scale, to, ldy, add);
      else
        tile_int8 (ROW_TILE, w, scales + o, pairs, n_out - o, q, pairs, x_scale, to, ldy, add);
    }
  }
}

#include "kernels-more.h"

#define ROW_OF(row) \
  .linear = k_linear, .linear_int8 = k_linear_int8, .sigmoid = k_sigmoid, .tanh = k_tanh, .exp = k_exp, .log = k_log, .add = k_add, \
  .axpy = k_axpy, .scale = k_scale, .mul = k_mul, .fma = k_fma, .dot = k_dot, .sum = k_sum, .max = k_max, \
  .lstm_point = k_lstm_point, .lstm_point_grad = k_lstm_point_grad, .memory_step = k_memory_step, \
  .scan_step = k_scan_step, \
  .wkv6_step = k_wkv6_step, .wkv7_step = k_wkv7_step

const RnnKernels ROW = { .name = ROW_NAME, .supported = supported, ROW_OF (ROW) };
