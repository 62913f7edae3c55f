/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The denominator of maximum mutual information over CTC's paths (denominator.h).
 *
 * A path is in one of 2 V^2 states: the last two labels, older o and newer p, and whether its step said the label again (a) or the
 * blank (b).  With y_t(v) the probability of token v in step t and P the trigram,
 *   s_t(o, p)    = a_t(o, p) + b_t(o, p)
 *   a_t+1(p, q) = y(q) (a_t(p, q) + sum over o of s_t(o, p) P(q | o, p)    for q = p of b_t(o, p) P(p | o, p): a blank parts equals)
 *   b_t+1(o, p) = y(blank) s_t(o, p)
 * and backwards likewise; the gradient is the posterior of each token less its softmax.  Every path begins in (blank, blank): no
 * label yet.  Each step is scaled to a sum of 1, the logarithms are added up in double; states and tokens of nearly no share in it
 * count as 0, which leaves few to go on from.
 *
 * Scratch: alpha [T + 1][2][V][V] (a, b; older times newer), beta likewise [2][V][V], then [V][V] each of move, arc and two that are
 * newer times older, y [T][V]. */
#include "denominator.h"
#include "../kernels/linear.h"
#include <math.h>
#include <string.h>

#define LEAST_TOKEN 1e-8f       /* probabilities that count, so small that no product of them is denormal */
#define LEAST_STATE 1e-15f

struct _RnnCtcDenominator {
  gint V, blank;
  gint last[2];                 /* labels of the stream of texts, older and newer */
  gfloat *counts;               /* [p][o][q] */
  RnnParam *arcs;               /* [p][o][q] P(q | o, p), 0 for q = p and the blank: a block of a diagonal for each p */
  gfloat *repeats;              /* [p][o] P(p | o, p) */
};

static gsize
n_states (const RnnCtcDenominator *d)
{
  return (gsize) d->V * d->V;
}

static gsize
history (const RnnCtcDenominator *d, gint older, gint newer)
{
  return ((gsize) newer * d->V + older) * d->V;
}

/* ---- the trigram ---- */

RnnCtcDenominator *
rnn_ctc_denominator_new (gint n_tokens, gint blank)
{
  RnnCtcDenominator *d = g_new0 (RnnCtcDenominator, 1);

  g_return_val_if_fail (n_tokens <= RNN_CTC_DENOMINATOR_TOKENS, NULL);
  d->V = n_tokens;
  d->blank = d->last[0] = d->last[1] = blank;
  d->counts = g_new0 (gfloat, n_states (d) * d->V);
  d->arcs = g_new0 (RnnParam, 1);
  *d->arcs = (RnnParam) {.rank = 2,.dims = {n_tokens * n_tokens, n_tokens},.rows = n_tokens * n_tokens,.groups = n_tokens,
    .size = n_states (d) * d->V,.is_matrix = TRUE,.data = g_new0 (gfloat, n_states (d) * d->V) };
  d->repeats = g_new0 (gfloat, n_states (d));
  return d;
}

void
rnn_ctc_denominator_free (RnnCtcDenominator *d)
{
  if (!d)
    return;
  g_free (d->counts);
  g_free (d->arcs->data);
  rnn_param_free (d->arcs);
  g_free (d->repeats);
  g_free (d);
}

void
rnn_ctc_denominator_count (RnnCtcDenominator *d, gint n, const gint *tokens)
{
  for (gint i = 0; i < n; i++) {
    d->counts[history (d, d->last[0], d->last[1]) + tokens[i]]++;
    d->last[0] = d->last[1];
    d->last[1] = tokens[i];
  }
}

/* counts[V] after one history to probabilities: (c(v) + kinds lower(v)) / (all + kinds) */
static void
interpolate (gint V, const gfloat *counts, const gfloat *lower, gfloat *p)
{
  gfloat all = 0, kinds = 0;

  for (gint v = 0; v < V; v++) {
    all += counts[v];
    kinds += counts[v] > 0;
  }
  for (gint v = 0; v < V; v++)
    p[v] = kinds > 0 ? (counts[v] + kinds * lower[v]) / (all + kinds) : lower[v];
}

/* sums[p][q] of the counts of all older labels, and below them [q] those of all histories */
static gfloat *
sum_counts (const RnnCtcDenominator *d)
{
  gsize V = d->V;
  gfloat *sums = g_new0 (gfloat, (V + 1) * V), *all = sums + V * V;

  for (gsize i = 0; i < V * V; i++)
    for (gsize q = 0; q < V; q++) {
      sums[i / V * V + q] += d->counts[i * V + q];
      all[q] += d->counts[i * V + q];
    }
  return sums;
}

/* The arcs of one history, from the probabilities of what follows it. */
static void
set_arcs (RnnCtcDenominator *d, gint older, gint newer)
{
  gfloat *arcs = d->arcs->data + history (d, older, newer);

  arcs[d->blank] = 0;
  if (newer == d->blank)
    return;
  d->repeats[(gsize) newer * d->V + older] = arcs[newer];
  arcs[newer] = 0;
}

void
rnn_ctc_denominator_estimate (RnnCtcDenominator *d)
{
  gint V = d->V;
  g_autofree gfloat *sums = sum_counts (d), *flat = g_new (gfloat, V), *unigram = g_new (gfloat, V), *bigram = g_new (gfloat, V);

  for (gint v = 0; v < V; v++)
    flat[v] = v == d->blank ? 0 : 1.0f / (V - 1);
  interpolate (V, sums + (gsize) V * V, flat, unigram);
  for (gint p = 0; p < V; p++) {
    interpolate (V, sums + (gsize) p * V, unigram, bigram);
    for (gint o = 0; o < V; o++) {
      interpolate (V, d->counts + history (d, o, p), p == d->blank ? unigram : bigram, d->arcs->data + history (d, o, p));
      set_arcs (d, o, p);
    }
  }
  rnn_param_pack (d->arcs, TRUE);
}

gdouble
rnn_ctc_denominator_score (const RnnCtcDenominator *d, gint n, const gint *tokens)
{
  gint older = d->blank, newer = d->blank;
  gdouble score = 0;

  for (gint i = 0; i < n; i++) {
    score += log (tokens[i] == newer ? d->repeats[(gsize) newer * d->V + older] : d->arcs->data[history (d, older, newer) + tokens[i]]);
    older = newer;
    newer = tokens[i];
  }
  return score;
}

/* ---- all paths ---- */

typedef struct {
  const RnnCtcDenominator *d;
  const RnnKernels *k;
  gfloat *alpha;                /* [T + 1] steps of a, b; the first is before any */
  gfloat *beta;                 /* a, b of the step under way */
  gfloat *move, *arc;           /* [V][V] */
  gfloat *turned, *turned_b;    /* [p][o] */
  gfloat *y;                    /* [T][V] */
} Paths;

gsize
rnn_ctc_denominator_scratch (gint V, gint T)
{
  return 2 * (gsize) V * V * ((gsize) T + 4) + (gsize) T * V;
}

static void
carve_scratch (Paths *paths, gint T, gfloat *scratch)
{
  gsize n = n_states (paths->d);

  paths->alpha = scratch;
  paths->beta = paths->alpha + 2 * n * ((gsize) T + 1);
  paths->move = paths->beta + 2 * n;
  paths->arc = paths->move + n;
  paths->turned = paths->arc + n;
  paths->turned_b = paths->turned + n;
  paths->y = paths->turned_b + n;
}

static gfloat *
alpha_at (const Paths *paths, gint t)
{
  return paths->alpha + 2 * n_states (paths->d) * t;
}

/* x[n] = a x, without what is less than @least */
static void
scale_down_to (gint n, gfloat least, gfloat a, gfloat *x)
{
  for (gint i = 0; i < n; i++)
    x[i] = a * x[i] >= least ? a * x[i] : 0;
}

/* Every state of x[2][V][V] so that their sum is 1; returns the logarithm of what it was. */
static gdouble
scale_states (const Paths *paths, gfloat *x)
{
  gint n = (gint) n_states (paths->d) * 2;
  gfloat sum = paths->k->sum (n, x);

  scale_down_to (n, LEAST_STATE, 1 / sum, x);
  return log (sum);
}

/* y[p][o] = x[o][p] */
static void
turn (gint V, const gfloat *x, gfloat *y)
{
  for (gint p = 0; p < V; p++)
    for (gint o = 0; o < V; o++)
      y[p * V + o] = x[o * V + p];
}

/* move[p][q] = what goes over from all (o, p) to a new label q */
static void
move_on (const Paths *paths, const gfloat *a, const gfloat *b)
{
  const RnnCtcDenominator *d = paths->d;
  gint V = d->V, n = (gint) n_states (d);

  turn (V, a, paths->turned);
  turn (V, b, paths->turned_b);
  paths->k->add (n, paths->turned_b, paths->turned);
  rnn_linear_blocks_dx (d->arcs, 1, paths->turned, n, paths->move, n, FALSE);
  for (gsize p = 0; p < (gsize) V; p++)
    paths->move[p * V + p] += paths->k->dot (V, paths->turned_b + p * V, d->repeats + p * V);
}

static gdouble
step_forward (const Paths *paths, gint t)
{
  gint V = paths->d->V, n = (gint) n_states (paths->d);
  const gfloat *a = alpha_at (paths, t), *b = a + n, *y = paths->y + (gsize) t * V;
  gfloat *to_a = alpha_at (paths, t + 1), *to_b = to_a + n;

  move_on (paths, a, b);
  for (gint p = 0; p < V; p++)
    for (gint q = 0; q < V; q++)
      to_a[p * V + q] = y[q] * (a[p * V + q] + paths->move[p * V + q]);
  for (gint i = 0; i < n; i++)
    to_b[i] = y[paths->d->blank] * (a[i] + b[i]);
  return scale_states (paths, to_a);
}

/* Adds the share of every token in the paths that pass step t, times scale, less that of its softmax, y. */
static void
add_posterior (const Paths *paths, gint t, gfloat scale, gfloat *dlogits)
{
  gint V = paths->d->V, n = (gint) n_states (paths->d);
  const gfloat *alpha = alpha_at (paths, t + 1);
  gfloat all = paths->k->dot (2 * n, alpha, paths->beta), share = scale / all;

  for (gint p = 0; p < V; p++)
    for (gint q = 0; q < V; q++)
      dlogits[q] += share * alpha[p * V + q] * paths->beta[p * V + q];
  dlogits[paths->d->blank] += share * paths->k->dot (n, alpha + n, paths->beta + n);
  paths->k->axpy (V, -scale, paths->y + (gsize) t * V, dlogits);
}

/* beta of the step before from that of step t, for states that a path can be in */
static void
step_backward (const Paths *paths, gint t)
{
  const RnnCtcDenominator *d = paths->d;
  gint V = d->V, n = (gint) n_states (d);
  const gfloat *y = paths->y + (gsize) t * V;
  const gfloat *reached = alpha_at (paths, t);
  gfloat *a = paths->beta, *b = a + n;

  for (gint p = 0; p < V; p++)
    for (gint q = 0; q < V; q++)
      paths->arc[p * V + q] = y[q] * a[p * V + q];
  rnn_linear_blocks (d->arcs, 1, paths->arc, n, paths->turned, n, FALSE);
  for (gint o = 0; o < V; o++)
    for (gint p = 0; p < V; p++) {
      gint state = o * V + p, turned = p * V + o;
      gfloat on = y[d->blank] * b[state] + paths->turned[turned];
      gboolean can = reached[state] + reached[n + state] > 0;

      b[state] = can ? on + d->repeats[turned] * paths->arc[p * V + p] : 0;
      a[state] = can ? on + paths->arc[state] : 0;
    }
  scale_states (paths, a);
}

/* The softmax of every step; nothing but blanks has been said before the first. */
static void
begin (const Paths *paths, const gfloat *logits, gsize ld, gint T)
{
  const RnnCtcDenominator *d = paths->d;
  gsize n = n_states (d);

  for (gint t = 0; t < T; t++) {
    const gfloat *x = logits + (gsize) t * ld;
    gfloat *y = paths->y + (gsize) t * d->V;
    gdouble sum = paths->k->exp_sum (d->V, x, paths->k->max (d->V, x), y);

    scale_down_to (d->V, LEAST_TOKEN, (gfloat) (1 / sum), y);
  }
  memset (paths->alpha, 0, 2 * n * sizeof (gfloat));
  paths->alpha[n + (gsize) d->blank * d->V + d->blank] = 1;
  for (gsize i = 0; i < 2 * n; i++)
    paths->beta[i] = 1;
}

gdouble
rnn_ctc_denominator_add (const RnnCtcDenominator *d, const gfloat *logits, gsize ld, gint T, gfloat scale, gfloat *dlogits,
    gsize ldd, gfloat *scratch)
{
  Paths paths = {.d = d,.k = rnn_kernels () };
  gdouble log_sum = 0;

  carve_scratch (&paths, T, scratch);
  begin (&paths, logits, ld, T);
  for (gint t = 0; t < T; t++)
    log_sum += step_forward (&paths, t);
  for (gint t = T - 1; dlogits && t >= 0; t--) {
    add_posterior (&paths, t, scale, dlogits + (gsize) t * ldd);
    step_backward (&paths, t);
  }
  return log_sum;
}
