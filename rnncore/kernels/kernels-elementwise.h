/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions of arrays, element by element, and their sums.  Tails go through the same vector expressions as whole
 * vectors, so an element's value does not depend on where it stands. */
#pragma once
#include "kernels-vector.h"

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
MAP (softplus, v_softplus (v))
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

/* Four partial sums keep the adders and multiply-add units busy. */
static gfloat
k_sum (gint n, const gfloat *x)
{
  V s[4] = { {0}, {0}, {0}, {0} };
  gint i = 0;

  for (; i + 4 * LANES <= n; i += 4 * LANES)
    for (gint j = 0; j < 4; j++)
      s[j] += load (x + i + j * LANES, LANES);
  for (; i < n; i += LANES)
    s[0] += load (x + i, n - i);
  return across ((s[0] + s[1]) + (s[2] + s[3]));
}

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
