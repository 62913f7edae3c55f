/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Softmax and the CTC lattice (ctc/loss.c).
 *
 * A probability of the lattice is m 2^e with m in [1, 2) and a whole e, both floats: sums are shifts and additions, and
 * neither a logarithm is taken nor can anything underflow, whatever the scores.  RNN_CTC_ZERO is the exponent of 0.
 * Beyond 2^24 an exponent loses its last digits, as the logarithm of such a number would.
 *
 * Four arrays of n + 1 make a row: m and e of the labels, m and e of the blanks, n a multiple of LANES. */
#pragma once
#include "kernels-vector.h"

typedef struct {
  V m, e;
} Wide;

typedef struct {
  Wide label, blank;
} WidePair;

/* Terms near 1 are summed apart: beside them, float would lose the rest, which is all the loss that a confident step
 * has. */
INLINE void
sum_apart (V v, V *large, V *small)
{
  V big = blend (v > splat (0.5f), v, splat (0.f));

  *large += big;
  *small += v - big;
}

/* v_exp for x <= 0; 0 below -88 */
INLINE V
exp_down (V x)
{
  V z = V_MAX (splat (-88.f), x), shifted = V_FMA (z, splat (1.44269504088896341f), splat (ROUND_TO_WHOLE));
  V n = shifted - splat (ROUND_TO_WHOLE);
  V r = V_FMA (n, splat (2.12194440e-4f), V_FMA (n, splat (-0.693359375f), z));

  return v_exp_reduced (r) * (V) (((VI) shifted + 127) << 23);
}

/* v, zero from lane k on */
INLINE V
first_lanes (V v, gint k)
{
  VI lane;

  for (gint j = 0; j < LANES; j++)
    lane[j] = j;
  return blend (lane < k, v, splat (0.f));
}

INLINE gdouble
exp_sum (gint n, const gfloat *x, gfloat max, gfloat *y, gboolean keep)
{
  V large = { 0 }, small = { 0 };
  gdouble total = 0;
  gint i = 0;

  for (; i + LANES <= n; i += LANES) {
    V v = exp_down (load (x + i, LANES) - splat (max));

    sum_apart (v, &large, &small);
    if (keep)
      store (y + i, v, LANES);
  }
  if (i < n) {
    V v = exp_down (load (x + i, n - i) - splat (max));

    if (keep)
      store (y + i, v, n - i);
    sum_apart (first_lanes (v, n - i), &large, &small);
  }
  for (gint j = 0; j < LANES; j++)
    total += (gdouble) large[j] + small[j];
  return total;
}

static gdouble
k_exp_sum (gint n, const gfloat *x, gfloat max, gfloat *y)
{
  return y ? exp_sum (n, x, max, y, TRUE) : exp_sum (n, x, max, NULL, FALSE);
}

/* ---- numbers of any size ---- */

/* 2^d for a whole d <= 0; 0 below -126. */
INLINE V
pow2_down (V d)
{
  return (V) ((VI) (V_MAX (d, splat (-127.f)) + splat (ROUND_TO_WHOLE + 127)) << 23);
}

/* e^x for x <= 0, m in [0.7, 1.5). */
INLINE Wide
wide_exp (V x)
{
  V t = x * splat (1.44269504088896341f), z = V_MAX (splat (-5814539.f), x);
  V n = __builtin_convertvector (__builtin_convertvector (V_MAX (splat (-8388608.f), t) - splat (0.5f), VI), V);
  V r = V_FMA (n, splat (2.12194440e-4f), V_FMA (n, splat (-0.693359375f), z));

  return (Wide) { v_exp_reduced (r), blend (t < splat (-8388608.f), V_MAX (splat (RNN_CTC_ZERO), t), n) };
}

/* a + b, m in [1, 4) */
INLINE Wide
wide_add (Wide a, Wide b)
{
  V e = V_MAX (a.e, b.e);

  return (Wide) { V_FMA (a.m, pow2_down (a.e - e), b.m * pow2_down (b.e - e)), e };
}

/* a + b + c, m in [1, 6) */
INLINE Wide
wide_add3 (Wide a, Wide b, Wide c)
{
  V e = V_MAX (V_MAX (a.e, b.e), c.e);
  V m = V_FMA (b.m, pow2_down (b.e - e), c.m * pow2_down (c.e - e));

  return (Wide) { V_FMA (a.m, pow2_down (a.e - e), m), e };
}

/* a p / 2^shift, m in [1, 2) again; p.e includes the shift. */
INLINE Wide
wide_mul (Wide a, Wide p)
{
  VI bits = (VI) (a.m * p.m);
  V e = __builtin_convertvector (bits >> 23, V) + splat (-127.f);

  return (Wide) { (V) ((bits & 0x007fffff) | 0x3f800000), V_MAX (splat (RNN_CTC_ZERO), a.e + p.e + e) };
}

INLINE WidePair
load_pair (const gfloat *row, gint n, gint i)
{
  return (WidePair) { { load (row + i, LANES), load (row + n + 1 + i, LANES) },
    { load (row + 2 * (n + 1) + i, LANES), load (row + 3 * (n + 1) + i, LANES) } };
}

INLINE void
store_pair (gfloat *row, gint n, gint i, WidePair p)
{
  store (row + i, p.label.m, LANES);
  store (row + n + 1 + i, p.label.e, LANES);
  store (row + 2 * (n + 1) + i, p.blank.m, LANES);
  store (row + 3 * (n + 1) + i, p.blank.e, LANES);
}

INLINE gfloat
largest (V v)
{
  gfloat best = v[0];

  for (gint j = 1; j < LANES; j++)
    best = MAX (best, v[j]);
  return best;
}

/* ---- steps of the lattice ---- */

static gfloat
k_ctc_forward (gint n, const gfloat *x, gfloat blank, const gfloat *skip, gfloat shift, const gfloat *from, gfloat *to)
{
  Wide p_blank = wide_exp (splat (blank));
  V top = splat (RNN_CTC_ZERO);

  p_blank.e -= splat (shift);
  for (gint i = 0; i < n; i += LANES) {
    WidePair stay = load_pair (from, n, i + 1), next;
    Wide before = { load (from + i, LANES), load (from + n + 1 + i, LANES) };
    Wide p = wide_exp (load (x + i, LANES));

    next.blank = wide_mul (wide_add (stay.blank, before), p_blank);
    before.e += load (skip + i, LANES);
    p.e -= splat (shift);
    next.label = wide_mul (wide_add3 (stay.label, stay.blank, before), p);
    store_pair (to, n, i + 1, next);
    top = V_MAX (top, V_MAX (next.label.e, next.blank.e));
  }
  return largest (top);
}

static gfloat
k_ctc_backward (gint n, const gfloat *x, gfloat blank, const gfloat *skip, gfloat *shift, gfloat *next,
    const gfloat *alpha, gfloat *product)
{
  Wide p_blank = wide_exp (splat (blank));
  V top = splat (RNN_CTC_ZERO), top_product = splat (2 * RNN_CTC_ZERO);

  p_blank.e -= splat (*shift);
  for (gint i = 0; i < n; i += LANES) {
    WidePair here = load_pair (next, n, i), after = load_pair (next, n, i + 1), a = load_pair (alpha, n, i + 1);
    Wide p = wide_exp (load (x + i, LANES));
    WidePair beta = { .blank = wide_add (here.blank, here.label) };

    after.label.e += load (skip + i + 1, LANES);
    beta.label = wide_add3 (here.label, after.blank, after.label);
    a.label = (Wide) { a.label.m * beta.label.m, a.label.e + beta.label.e };
    a.blank = (Wide) { a.blank.m * beta.blank.m, a.blank.e + beta.blank.e };
    store_pair (product, n, i, a);
    top_product = V_MAX (top_product, V_MAX (a.label.e, a.blank.e));
    p.e -= splat (*shift);
    here = (WidePair) { wide_mul (beta.label, p), wide_mul (beta.blank, p_blank) };
    store_pair (next, n, i, here);
    top = V_MAX (top, V_MAX (here.label.e, here.blank.e));
  }
  *shift = largest (top);
  return largest (top_product);
}

static gfloat
k_ctc_posterior (gint n, gfloat top, const gfloat *product, gfloat *labels, gfloat *blanks)
{
  V sum_labels = { 0 }, sum_blanks = { 0 };

  for (gint i = 0; i < n; i += LANES) {
    WidePair p = load_pair (product, n, i);
    V label = p.label.m * pow2_down (p.label.e - splat (top));

    store (labels + i, label, LANES);
    sum_labels += label;
    sum_blanks += p.blank.m * pow2_down (p.blank.e - splat (top));
  }
  *blanks = across (sum_blanks);
  return *blanks + across (sum_labels);
}

#define CTC_ROW \
  .exp_sum = k_exp_sum, .ctc_forward = k_ctc_forward, .ctc_backward = k_ctc_backward, .ctc_posterior = k_ctc_posterior
