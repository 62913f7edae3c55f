/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC as the textbook has it: logarithms in double, one state after the other.  logits [T][V]. */
#pragma once
#include <glib.h>
#include <math.h>

static inline gdouble
log_add (gdouble a, gdouble b)
{
  gdouble max = MAX (a, b);

  return max == -INFINITY ? max : max + log (exp (a - max) + exp (b - max));
}

/* The textbook recursion, one array, no tricks. */
static inline gdouble
plain_nll (const gfloat *logits, gint T, gint V, const gint *targets, gint L, gint blank)
{
  gint S = 2 * L + 1;
  g_autofree gdouble *alpha = g_new (gdouble, S);

  for (gint t = 0; t < T; t++) {
    gdouble z = -INFINITY;

    for (gint v = 0; v < V; v++)
      z = log_add (z, logits[t * V + v]);
    for (gint s = S - 1; s >= 0; s--) {
      gdouble sum = t == 0 ? (s < 2 ? 0 : -INFINITY) : alpha[s];

      if (t > 0 && s > 0)
        sum = log_add (sum, alpha[s - 1]);
      if (t > 0 && s > 2 && s % 2 == 1 && targets[s / 2] != targets[s / 2 - 1])
        sum = log_add (sum, alpha[s - 2]);
      alpha[s] = sum + logits[t * V + (s % 2 == 1 ? targets[s / 2] : blank)] - z;
    }
  }
  return -(L > 0 ? log_add (alpha[S - 1], alpha[S - 2]) : alpha[0]);
}

/* d nll/d logits by the textbook's two recursions: what plain_nll is to the loss. */
static inline void
plain_gradient (const gfloat *logits, gint T, gint V, const gint *targets, gint L, gint blank, gdouble *gradient)
{
  gint S = 2 * L + 1;
  g_autofree gdouble *alpha = g_new (gdouble, T * S), *beta = g_new (gdouble, S + 2), *next = g_new (gdouble, S + 2);

  for (gint s = 0; s < S + 2; s++)
    next[s] = -INFINITY;
  for (gint t = 0; t < T; t++)
    for (gint s = 0; s < S; s++) {
      const gdouble *before = alpha + (t - 1) * S;
      gdouble sum = t == 0 ? (s < 2 ? 0 : -INFINITY) : before[s];

      if (t > 0 && s > 0)
        sum = log_add (sum, before[s - 1]);
      if (t > 0 && s > 2 && s % 2 == 1 && targets[s / 2] != targets[s / 2 - 1])
        sum = log_add (sum, before[s - 2]);
      alpha[t * S + s] = sum + logits[t * V + (s % 2 == 1 ? targets[s / 2] : blank)];
    }
  for (gint t = T - 1; t >= 0; t--) {
    gdouble total = -INFINITY, z = -INFINITY;

    for (gint s = 0; s < S; s++) {
      beta[s] = t == T - 1 ? (s >= S - 2 ? 0 : -INFINITY) : log_add (next[s], next[s + 1]);
      if (t < T - 1 && s % 2 == 1 && s + 2 < S && targets[s / 2] != targets[s / 2 + 1])
        beta[s] = log_add (beta[s], next[s + 2]);
      total = log_add (total, alpha[t * S + s] + beta[s]);
    }
    for (gint v = 0; v < V; v++)
      z = log_add (z, logits[t * V + v]);
    for (gint v = 0; v < V; v++)
      gradient[t * V + v] = exp (logits[t * V + v] - z);
    for (gint s = 0; s < S; s++) {
      gint v = s % 2 == 1 ? targets[s / 2] : blank;

      gradient[t * V + v] -= exp (alpha[t * S + s] + beta[s] - total);
      next[s] = beta[s] + logits[t * V + v];
    }
  }
}
