/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC loss and its gradient: Graves, Fernandez, Gomez, Schmidhuber 2006, equations 6-16, in the log domain.
 *
 * The target, with blanks around and between its labels, has S = 2L + 1 states; state s is a blank when s is even and
 * label s / 2 when it is odd.  With p_t(s) the log-probability of state s's token in step t,
 *   alpha_t(s) = p_t(s) + logsum of alpha_{t-1} (s), (s-1) and, where a blank may be skipped, (s-2)
 *   beta_t(s)  =          logsum of (beta_{t+1} + p_{t+1}) (s), (s+1) and, where state s+2 may skip, (s+2)
 *   posterior_t(s) = exp (alpha_t(s) + beta_t(s)) / sum over s,   d nll/d logit_t(v) = softmax_t(v) - posterior_t(v)
 * Every row of alpha and beta is shifted to a maximum of 0: float keeps its precision however long the input is, and
 * the shifts add up to the likelihood in double.  IMPOSSIBLE stands for -inf without its NaNs.
 *
 * The recursion enters at a virtual state -1 before step 0 and leaves at a virtual state S after the last step.
 * Scratch: log_z [T], alpha [T + 1][2 + S], next [S + 2], skip [S + 2], beta [S], emit [S], work [2 S]. */
#include <math.h>
#include <string.h>
#include "../kernels/kernels.h"
#include "ctc.h"

#define IMPOSSIBLE -1e30f
#define PAD 2                   /* states before the first (alpha) or past the last (beta) */

typedef struct {
  const RnnKernels *k;
  const gfloat *logits;         /* [T] rows of V, ld apart */
  gsize ld;
  gint T, V, L, S, blank;
  const gint *targets;          /* [L] */
  gfloat *log_z;                /* [T] logsumexp of each row of logits */
  gfloat *alpha;                /* [T + 1][PAD + S]; row 0 is before the first step */
  gfloat *next;                 /* [S + PAD] beta_{t+1} + p_{t+1} */
  gfloat *beta;                 /* [S] */
  gfloat *skip;                 /* [S + PAD] 0: state s may follow s - 2; else IMPOSSIBLE */
  gfloat *emit;                 /* [S] log-probability of each state's token in the current step */
  gfloat *work;                 /* [2 S] */
} Lattice;

static inline gfloat *
alpha_row (const Lattice *lattice, gint t)
{
  return lattice->alpha + (gsize) t * (PAD + lattice->S) + PAD;
}

/* As functions, GCC turns them into vector instructions; as macros, into branches. */
static inline gfloat
larger (gfloat a, gfloat b)
{
  return a > b ? a : b;
}

static inline gfloat
smaller (gfloat a, gfloat b)
{
  return a < b ? a : b;
}

/* Sorts x = a[s], y = b[s], z = c[s] + skip[s]: the largest into top, the other two less it into mid and low. */
static void
sort_three (gint S, const gfloat *a, const gfloat *b, const gfloat *c, const gfloat *skip, gfloat *restrict top,
    gfloat *restrict mid, gfloat *restrict low)
{
  for (gint s = 0; s < S; s++) {
    gfloat x = a[s], y = b[s], z = c[s] + skip[s];
    gfloat hi = larger (x, y), lo = smaller (x, y), next = smaller (hi, z), max = larger (hi, z);

    top[s] = max;
    mid[s] = larger (lo, next) - max;
    low[s] = smaller (lo, next) - max;
  }
}

/* out[s] = log (exp a[s] + exp b[s] + exp (c[s] + skip[s])) = top + log (1 + exp mid + exp low) */
static void
log_add (const Lattice *lattice, const gfloat *a, const gfloat *b, const gfloat *c, const gfloat *skip, gfloat *out)
{
  gint S = lattice->S;
  gfloat *mid = lattice->work, *low = mid + S;

  sort_three (S, a, b, c, skip, out, mid, low);
  lattice->k->exp (2 * S, mid, mid);
  for (gint s = 0; s < S; s++)
    mid[s] = 1 + (mid[s] + low[s]);
  lattice->k->log (S, mid, mid);
  lattice->k->add (S, mid, out);
}

/* Shifts row[S] to a maximum of 0; returns what was taken away. */
static gfloat
normalise (const Lattice *lattice, gfloat *row)
{
  gfloat max = lattice->k->max (lattice->S, row);

  for (gint s = 0; s < lattice->S; s++)
    row[s] -= max;
  return max;
}

static void
load_emissions (const Lattice *lattice, gint t)
{
  const gfloat *x = lattice->logits + (gsize) t * lattice->ld;
  gfloat log_z = lattice->log_z[t], blank = larger (x[lattice->blank] - log_z, IMPOSSIBLE);

  for (gint l = 0; l < lattice->L; l++) {
    lattice->emit[2 * l] = blank;
    lattice->emit[2 * l + 1] = larger (x[lattice->targets[l]] - log_z, IMPOSSIBLE);
  }
  lattice->emit[2 * lattice->L] = blank;
}

/* Fills alpha and returns the log-likelihood, at most IMPOSSIBLE when no path has any probability. */
static gdouble
run_forward (Lattice *lattice)
{
  const gfloat *last = alpha_row (lattice, lattice->T) + lattice->S;
  gdouble shift = 0;

  for (gint i = 0; i < PAD + lattice->S; i++)
    lattice->alpha[i] = IMPOSSIBLE;
  alpha_row (lattice, 0)[-1] = 0;
  for (gint t = 0; t < lattice->T; t++) {
    const gfloat *before = alpha_row (lattice, t);
    gfloat *row = alpha_row (lattice, t + 1);

    row[-1] = row[-2] = IMPOSSIBLE;
    load_emissions (lattice, t);
    log_add (lattice, before, before - 1, before - 2, lattice->skip, row);
    lattice->k->add (lattice->S, lattice->emit, row);
    shift += normalise (lattice, row);
  }
  return shift + MAX (last[-1], last[-2]) + log1p (exp (-fabs ((gdouble) last[-1] - last[-2])));
}

/* dlogits[V] = scale * (softmax - posterior), from the unnormalised posteriors post[S]. */
static void
write_gradient (const Lattice *lattice, gint t, const gfloat *post, gfloat scale, gfloat *dlogits)
{
  const gfloat *x = lattice->logits + (gsize) t * lattice->ld;
  gfloat labels = 0, blanks = post[2 * lattice->L], share;

  for (gint l = 0; l < lattice->L; l++) {
    blanks += post[2 * l];
    labels += post[2 * l + 1];
  }
  share = scale / (blanks + labels);
  for (gint v = 0; v < lattice->V; v++)
    dlogits[v] = x[v] - lattice->log_z[t];
  lattice->k->exp (lattice->V, dlogits, dlogits);
  lattice->k->scale (lattice->V, scale, dlogits);
  for (gint l = 0; l < lattice->L; l++)
    dlogits[lattice->targets[l]] -= share * post[2 * l + 1];
  dlogits[lattice->blank] -= share * blanks;
}

/* Row t of the logits is read for the last time just before its gradient is written: dlogits may be logits. */
static void
run_backward (Lattice *lattice, gfloat scale, gfloat *dlogits, gsize ldd)
{
  const RnnKernels *k = lattice->k;
  gfloat *next = lattice->next;
  gint S = lattice->S;

  for (gint s = 0; s < S + PAD; s++)
    next[s] = IMPOSSIBLE;
  next[S] = 0;
  for (gint t = lattice->T - 1; t >= 0; t--) {
    gfloat *post = alpha_row (lattice, t + 1);  /* alpha's row is not needed afterwards */

    log_add (lattice, next, next + 1, next + 2, lattice->skip + 2, lattice->beta);
    normalise (lattice, lattice->beta);
    k->add (S, lattice->beta, post);
    normalise (lattice, post);
    k->exp (S, post, post);
    load_emissions (lattice, t);
    write_gradient (lattice, t, post, scale, dlogits + (gsize) t * ldd);
    memcpy (next, lattice->beta, (gsize) S * sizeof (gfloat));
    k->add (S, lattice->emit, next);
    next[S] = IMPOSSIBLE;
  }
}

/* Steps that targets[L] need: a blank must part equal neighbours. */
static gint
min_steps (const gint *targets, gint L)
{
  gint n = L;

  for (gint l = 1; l < L; l++)
    n += targets[l] == targets[l - 1];
  return n;
}

static void
fill_skip (Lattice *lattice)
{
  for (gint s = 0; s < lattice->S + PAD; s++)
    lattice->skip[s] = IMPOSSIBLE;
  for (gint l = 1; l < lattice->L; l++)
    if (lattice->targets[l] != lattice->targets[l - 1])
      lattice->skip[2 * l + 1] = 0;
  if (lattice->L > 0)
    lattice->skip[1] = lattice->skip[lattice->S] = 0;   /* from the virtual state -1, to the virtual state S */
}

gsize
rnn_ctc_loss_scratch (gint T, gint V, gint L)
{
  gsize S = 2 * (gsize) L + 1;

  return (gsize) T + ((gsize) T + 1) * (PAD + S) + 2 * (S + PAD) + 4 * S;
}

static void
carve_scratch (Lattice *lattice, gfloat *scratch)
{
  gsize T = (gsize) lattice->T, S = (gsize) lattice->S;

  lattice->log_z = scratch;
  lattice->alpha = lattice->log_z + T;
  lattice->next = lattice->alpha + (T + 1) * (PAD + S);
  lattice->skip = lattice->next + S + PAD;
  lattice->beta = lattice->skip + S + PAD;
  lattice->emit = lattice->beta + S;
  lattice->work = lattice->emit + S;
}

/* The negative log-likelihood, its recursion left in alpha; +inf when there is no path, NAN when a score is. */
static gfloat
evaluate (Lattice *lattice)
{
  gdouble norm = 0, ll;

  if (min_steps (lattice->targets, lattice->L) > lattice->T)
    return INFINITY;
  for (gint t = 0; t < lattice->T; t++)
    norm += lattice->log_z[t] = rnn_log_sum_exp (lattice->V, lattice->logits + (gsize) t * lattice->ld);
  if (isnan (norm))
    return NAN;
  fill_skip (lattice);
  ll = run_forward (lattice);
  return ll > IMPOSSIBLE / 2 ? (gfloat) -ll : INFINITY;
}

gfloat
rnn_ctc_loss (const gfloat *logits, gsize ld, gint T, gint V, const gint *targets, gint L, gint blank, gfloat scale,
    gfloat *dlogits, gsize ldd, gfloat *scratch)
{
  Lattice lattice = {.k = rnn_kernels (),.logits = logits,.ld = ld,.T = T,.V = V,.L = L,.S = 2 * L + 1,
    .blank = blank,.targets = targets
  };
  gfloat nll;

  carve_scratch (&lattice, scratch);
  nll = evaluate (&lattice);
  if (!dlogits)
    return nll;
  if (isfinite (nll))
    run_backward (&lattice, scale, dlogits, ldd);
  else
    for (gint t = 0; t < T; t++)
      memset (dlogits + (gsize) t * ldd, 0, (gsize) V * sizeof (gfloat));
  return nll;
}
