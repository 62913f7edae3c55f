/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Medians and deviations of distributions, LANES of them at once, from what a model says of their parameters: outputs/ says how. */
#pragma once
#include "kernels-vector.h"
#include <float.h>

#define EXACT 8388608.f         /* floats beyond have no fraction */
#define COUNTED 16              /* terms of a negative binomial that are added up */
#define FEWEST 0.25f            /* n of one whose median is not looked for beyond them */
#define ROUNDS 40               /* to a mixture's median, at most: halves alone need 24 */
#define LEVEL 2e-7f             /* what its distribution function is off by anyway */
#define CLOSE 0.015f            /* of the least deviation: a step so short is the last one, */
#define STRAIGHT 0.01f          /* where the density changes no more on it */

INLINE V
v_softplus_above (V x)
{
  return v_softplus (x) + splat (FLT_MIN);
}

INLINE V
v_sqrt (V x)
{
  for (gint j = 0; j < LANES; j++)
    x[j] = sqrtf (x[j]);
  return x;
}

/* The least count that is not below x */
INLINE V
v_count (V x)
{
  V whole = __builtin_convertvector (__builtin_convertvector (V_MIN (V_MAX (x, splat (0.f)), splat (EXACT)), VI), V);

  return blend (x > splat (EXACT), x, whole + blend (x > whole, splat (1.f), splat (0.f)));
}

/* The quantile at 1 - RNN_HEAD_BELOW of nu >= 2 degrees of freedom is a polynomial of 1 / nu: 2e-7 off at most. */
static void
k_student_scale (gint n, const gfloat *sigma, const gfloat *nu, gfloat *scale)
{
  for (gint i = 0; i < n; i += LANES) {
    V r = splat (1.f) / (splat (2.f) + v_softplus (load (nu + i, n - i)));
    V p = splat (0.0128451f);

    p = V_FMA (p, r, splat (0.01930314f));
    p = V_FMA (p, r, splat (0.05593273f));
    p = V_FMA (p, r, splat (0.25058302f));
    p = V_FMA (p, r, splat (0.4997854f));
    p = V_FMA (p, r, splat (0.99981528f));
    store (scale + i, p * v_softplus_above (load (sigma + i, n - i)), n - i);
  }
}

/* A count k is not above the median while the rate is above that of a gamma distribution of shape k, which is
 * k - 1/3 + 8 / (405 k) + 184 / (25515 k^2) (Choi 1994; .0005 off at k = 1). */
static void
k_poisson_spread (gint n, const gfloat *y, gfloat *median, gfloat *scale)
{
  for (gint i = 0; i < n; i += LANES) {
    V rate = v_softplus_above (load (y + i, n - i)), r = splat (1.f) / (rate + splat (1 / 3.f));
    V off = V_FMA (r, splat (184 / 25515.f), splat (8 / 405.f)) * r;

    store (median + i, v_count (rate - splat (2 / 3.f) - off), n - i);
    store (scale + i, v_sqrt (rate), n - i);
  }
}

/* ---- negative binomial: u = alpha mu, n = 1 / alpha ---- */

/* How far the median of a gamma distribution of shape s >= FEWEST is above s - 1/3: 1e-5 off at most */
INLINE V
v_gamma_rest (V s)
{
  V r = splat (1.f) / (s + splat (0.2f)), p = splat (-5.41297645e-5f);

  p = V_FMA (p, r, splat (-8.44276364e-4f));
  p = V_FMA (p, r, splat (4.72024066e-3f));
  p = V_FMA (p, r, splat (1.11054198e-2f));
  return V_FMA (p, r, splat (1.97551819e-2f)) * r;
}

/* A count k is not below the median b - 1 of Beta (n, b), whose odds are 1 / u.  They are about (n - 1/3) / (b - 1/3); the rest is
 * e (n) (r + 1/2 - (2 r + 1) / (r (r + 1))) of r = u >= 1, with e the gamma distribution's, to which it goes as u grows, and the
 * same with n and b in each other's place below, where it goes to Poisson's. */
INLINE V
v_beta_median (V mu, V u, V n)
{
  const V one = splat (1.f), third = splat (1 / 3.f);
  V b = V_FMA (u, -third, mu) + third, r = V_MAX (u, one / u);
  V rest = r + splat (0.5f) - (r + r + one) / (r * (r + one));
  VI wide = u >= one;

  return b + v_gamma_rest (blend (wide, n, b)) * rest * blend (wide, one, -u);
}

/* The terms p^n prod (k + n) (1 - p) / (k + 1) are added up until they are half of all. */
INLINE V
count_terms (gint terms, V mu, V u, V n, VI *far)
{
  static const gfloat shares[COUNTED] = { 1, 1 / 2.f, 1 / 3.f, 1 / 4.f, 1 / 5.f, 1 / 6.f, 1 / 7.f, 1 / 8.f, 1 / 9.f, 1 / 10.f, 1 / 11.f,
    1 / 12.f, 1 / 13.f, 1 / 14.f, 1 / 15.f, 1 / 16.f };
  const V one = splat (1.f);
  V p = one / (one + u), share = u * p, step = mu * p, term = v_exp_below (-n * v_log1p (u)), sum = term, count = splat (0.f);

  for (gint k = 0; k < terms; k++) {
    count += blend (sum < splat (0.5f), one, splat (0.f));
    term *= step * splat (shares[k]);
    step += share;
    sum += term;
  }
  *far = sum < splat (0.5f);
  return count;
}

static void
k_negative_binomial_spread (gint n, gfloat least, const gfloat *y, gfloat *median, gfloat *scale)
{
  gfloat most = MAX (k_max (n, y), 0) + (gfloat) G_LN2;         /* mu, at most */

  for (gint i = 0; i < n; i += LANES) {
    V mu = v_softplus_above (load (y + i, n - i)), alpha = v_softplus (load (y + n + i, n - i)) + splat (least), u = alpha * mu, count;
    V order = splat (1.f) / alpha;
    VI far;

    count = count_terms (most < COUNTED ? (gint) most + 1 : COUNTED, mu, u, order, &far);
    if (most >= COUNTED)
      count = blend (far, blend (order < splat (FEWEST), splat (NAN), v_count (v_beta_median (mu, u, order) - splat (1.f))), count);
    store (median + i, count, n - i);
    store (scale + i, v_sqrt (V_MIN (V_FMA (mu, u, mu), splat (FLT_MAX))), n - i);
  }
}

/* ---- mixture of Gaussians ---- */

typedef struct {
  gint K;
  V weights[RNN_SPREAD_COMPONENTS], means[RNN_SPREAD_COMPONENTS], precisions[RNN_SPREAD_COMPONENTS];  /* 1 / deviation */
  V sum, mean, low, high;       /* sum: of the weights; low, high: of the means */
  V sharpest;                   /* of the precisions */
} Mixture;

INLINE void
mixture_means (Mixture *m)
{
  m->sum = m->mean = m->sharpest = splat (0.f);
  m->low = m->high = m->means[0];
  for (gint k = 0; k < m->K; k++) {
    m->sum += m->weights[k];
    m->mean = V_FMA (m->weights[k], m->means[k], m->mean);
    m->low = V_MIN (m->low, m->means[k]);
    m->high = V_MAX (m->high, m->means[k]);
    m->sharpest = V_MAX (m->sharpest, m->precisions[k]);
  }
  m->mean /= m->sum;
}

/* Of the values from @i on; returns their standard deviations. */
INLINE V
mixture_read (Mixture *m, gint n, gint i, const gfloat *y)
{
  V most = load (y + i, n - i), variance = splat (0.f), deviations[RNN_SPREAD_COMPONENTS];

  for (gint k = 1; k < m->K; k++)
    most = V_MAX (most, load (y + (gsize) k * n + i, n - i));
  for (gint k = 0; k < m->K; k++) {
    m->weights[k] = v_exp_below (load (y + (gsize) k * n + i, n - i) - most);
    m->means[k] = load (y + (gsize) (m->K + k) * n + i, n - i);
    deviations[k] = v_softplus_above (load (y + (gsize) (2 * m->K + k) * n + i, n - i));
    m->precisions[k] = splat (1.f) / deviations[k];
  }
  mixture_means (m);
  for (gint k = 0; k < m->K; k++) {
    V away = m->means[k] - m->mean;

    variance = V_FMA (m->weights[k], V_FMA (deviations[k], deviations[k], away * away), variance);
  }
  return v_sqrt (variance / m->sum);
}

/* What of a Gaussian is farther off than z >= 0 deviations, in parts of exp (-z^2 / 2): 2e-7 of that off at most, to where nothing
 * is left */
INLINE V
v_tail (V z)
{
  V t = splat (1.f) / V_FMA (z, splat (0.2316419f), splat (1.f)), p = splat (2.263190229e-4f);

  p = V_FMA (p, t, splat (-7.26492611e-2f));
  p = V_FMA (p, t, splat (2.546863518e-1f));
  p = V_FMA (p, t, splat (-2.125173061e-1f));
  p = V_FMA (p, t, splat (2.348063936e-1f));
  p = V_FMA (p, t, splat (8.562385141e-3f));
  p = V_FMA (p, t, splat (1.0417756e-1f));
  p = V_FMA (p, t, splat (9.016804187e-2f));
  return V_FMA (p, t, splat (9.253949749e-2f)) * t;
}

/* What lies below x, less a half, the density and half of its slope, in parts of the sum of the weights.  Tails apart from whole
 * weights, or little between two Gaussians would be lost. */
INLINE V
mixture_below (const Mixture *m, V x, V *density, V *bend)
{
  V whole = splat (0.f), tails = splat (0.f);

  *density = *bend = splat (0.f);
  for (gint k = 0; k < m->K; k++) {
    V z = (x - m->means[k]) * m->precisions[k], bell = m->weights[k] * v_exp_below (z * z * splat (-0.5f));
    V tail = bell * v_tail (V_MAX (z, -z)), high = bell * m->precisions[k] * splat (0.398942280f);
    VI left = z < splat (0.f);

    whole += blend (left, -m->weights[k], m->weights[k]);
    tails += blend (left, tail, -tail);
    *density += high;
    *bend = V_FMA (high * m->precisions[k], z * splat (-0.5f), *bend);
  }
  return V_FMA (whole, splat (0.5f), tails);
}

/* The median is between the least and the largest mean: Halley's steps, or half of what is left where one leads out of it. */
INLINE V
mixture_median (const Mixture *m)
{
  const V half = splat (0.5f);
  V low = m->low, high = m->high, x = m->mean;
  VI done = low >= high;

  for (gint i = 0; i < ROUNDS && !V_ALL (done); i++) {
    V density, bend, below = mixture_below (m, x, &density, &bend), step = below / density, change = step * (bend / density);
    V next = x - step / (splat (1.f) - V_MAX (V_MIN (change, half), -half)), off = V_MAX (below, -below);
    VI left = below < splat (0.f), inside, last = V_MAX (change, -change) <= splat (STRAIGHT);
    V moved;

    low = blend (left, x, low);
    high = blend (left, high, x);
    inside = (next >= low) & (next <= high);
    next = blend (done, x, blend (inside, next, (low + high) * half));
    moved = V_MAX (next - x, x - next);
    x = next;
    done |= (last & inside & (moved * m->sharpest <= splat (CLOSE))) | (off <= splat (LEVEL) * m->sum) | (moved <= splat (FLT_EPSILON / 2) * V_MAX (x, -x));
  }
  return V_MIN (V_MAX (x, m->low), m->high);
}

static void
k_mixture_spread (gint n, gint components, const gfloat *y, gfloat *median, gfloat *scale)
{
  for (gint i = 0; i < n; i += LANES) {
    Mixture m = { .K = components };

    store (scale + i, mixture_read (&m, n, i, y), n - i);
    store (median + i, mixture_median (&m), n - i);
  }
}

#define SPREAD_ROW \
  .student_scale = k_student_scale, .poisson_spread = k_poisson_spread, \
  .negative_binomial_spread = k_negative_binomial_spread, .mixture_spread = k_mixture_spread
