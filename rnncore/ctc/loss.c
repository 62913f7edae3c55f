/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CTC loss and its gradient: Graves, Fernandez, Gomez, Schmidhuber 2006, equations 6-16.
 *
 * The target's labels have blanks before, between and behind them: blank l stands before label l, blank L after the
 * last.  With p_t the probability that step t gives to a token, a the forward and b the backward variables,
 *   a_t(blank l) = p_t(blank) (a_{t-1}(blank l) + a_{t-1}(label l-1))
 *   a_t(label l) = p_t(label) (a_{t-1}(label l) + a_{t-1}(blank l) + where the blank may be skipped a_{t-1}(label l-1))
 *   b_t(blank l) = (b p)_{t+1}(blank l) + (b p)_{t+1}(label l)
 *   b_t(label l) = (b p)_{t+1}(label l) + (b p)_{t+1}(blank l+1) + where ... (b p)_{t+1}(label l+1)
 *   posterior_t = a_t b_t / its sum,   d nll/d logit_t(v) = softmax_t(v) - sum of the posteriors of v's states
 * The kernels keep every probability as m 2^e (kernels/kernels-ctc.h), so that nothing underflows.  p_t is exp (logit -
 * max) here: the most likely token has exactly 1, and the normalisers come in at the end, in double.
 *
 * Scratch, with n labels, L + 1 padded to whole vectors: alpha [T + 1][4][n + 1], x [T][n], blank [T], next and product
 * [4][n + 1], skip [n + 1], post [n]. */
#include <math.h>
#include <string.h>
#include "../kernels/kernels.h"
#include "ctc.h"

typedef struct {
  const RnnKernels *k;
  gint T, V, L, n, token;       /* token: the blank's */
  const gint *targets;          /* [L] */
  gfloat *alpha;                /* [T + 1] rows of the lattice; row 0 is before the first step */
  gfloat *x, *blank;            /* [T][n], [T] logits less their maximum of the labels, of the blank */
  gfloat *next, *product;       /* a row each: beta p of the step after, alpha beta */
  gfloat *skip;                 /* [n + 1] 0: label l may follow label l - 1; else RNN_CTC_ZERO */
  gfloat *post;                 /* [n] */
} Lattice;

static inline gsize
row_size (gint n)
{
  return 4 * ((gsize) n + 1);
}

/* ---- softmax ---- */

/* Takes the scores that the lattice needs out of a row, then turns it into out = scale * softmax (NULL: not wanted; may
 * be logits).  Returns the logarithm of the sum of exp (logit - max). */
static gdouble
read_step (const Lattice *lattice, gint t, const gfloat *logits, gfloat scale, gfloat *out)
{
  gfloat *x = lattice->x + (gsize) t * lattice->n, max = lattice->k->max (lattice->V, logits);
  gdouble z;

  for (gint l = 0; l < lattice->L; l++)
    x[l] = logits[lattice->targets[l]] - max;
  for (gint l = lattice->L; l < lattice->n; l++)
    x[l] = -INFINITY;
  lattice->blank[t] = logits[lattice->token] - max;
  z = lattice->k->exp_sum (lattice->V, logits, max, out);
  if (out)
    lattice->k->scale (lattice->V, (gfloat) (scale / z), out);
  return log (z);
}

/* ---- the lattice ---- */

static void
clear_row (gint n, gfloat *row)
{
  for (gsize i = 0; i < row_size (n); i++)
    row[i] = i / ((gsize) n + 1) % 2 ? RNN_CTC_ZERO : 1;
}

static inline gfloat *
exponent (const Lattice *lattice, gfloat *row, gboolean blank, gint i)
{
  return row + (blank ? 3 : 1) * ((gsize) lattice->n + 1) + i;
}

/* Logarithm of the sum of the two states in which a path may end, label L - 1 and blank L. */
static gdouble
final_log (const Lattice *lattice, gfloat *row)
{
  gint n = lattice->n, L = lattice->L;
  gdouble e_label = *exponent (lattice, row, FALSE, L), e_blank = *exponent (lattice, row, TRUE, L + 1);
  gdouble e = MAX (e_label, e_blank);

  return e * G_LN2 + log (row[L] * exp2 (e_label - e) + row[2 * (n + 1) + L + 1] * exp2 (e_blank - e));
}

/* Fills alpha and returns the log-likelihood, at most RNN_CTC_ZERO / 2 when no path has any probability. */
static gdouble
run_forward (const Lattice *lattice)
{
  gint n = lattice->n;
  gfloat *row = lattice->alpha, shift = 0;
  gdouble shifts = 0;

  clear_row (n, row);
  *exponent (lattice, row, TRUE, 1) = 0;
  for (gint t = 0; t < lattice->T; t++, row += row_size (n)) {
    gfloat *to = row + row_size (n);

    *to = 1;
    *exponent (lattice, to, FALSE, 0) = RNN_CTC_ZERO;
    shifts += shift;
    shift = lattice->k->ctc_forward (n, lattice->x + (gsize) t * n, lattice->blank[t], lattice->skip, shift, row, to);
  }
  return shifts * G_LN2 + final_log (lattice, row);
}

/* Takes scale * posterior of every token off its softmax. */
static void
subtract_posterior (const Lattice *lattice, gfloat top, gfloat scale, gfloat *dlogits)
{
  gfloat *post = lattice->post, blanks, share;

  share = scale / lattice->k->ctc_posterior (lattice->n, top, lattice->product, post, &blanks);
  for (gint l = 0; l < lattice->L; l++)
    dlogits[lattice->targets[l]] -= share * post[l];
  dlogits[lattice->token] -= share * blanks;
}

static void
run_backward (const Lattice *lattice, gfloat scale, gfloat *dlogits, gsize ldd)
{
  gint n = lattice->n;
  gfloat shift = 0;

  clear_row (n, lattice->next);
  *exponent (lattice, lattice->next, TRUE, lattice->L) = 0;     /* leads to the two states in which a path may end */
  for (gint t = lattice->T - 1; t >= 0; t--) {
    const gfloat *alpha = lattice->alpha + ((gsize) t + 1) * row_size (n);
    gfloat top = lattice->k->ctc_backward (n, lattice->x + (gsize) t * n, lattice->blank[t], lattice->skip, &shift,
        lattice->next, alpha, lattice->product);

    subtract_posterior (lattice, top, scale, dlogits + (gsize) t * ldd);
  }
}

/* ---- the whole ---- */

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
fill_skip (const Lattice *lattice)
{
  for (gint l = 0; l <= lattice->n; l++)
    lattice->skip[l] = l > 0 && l < lattice->L && lattice->targets[l] != lattice->targets[l - 1] ? 0 : RNN_CTC_ZERO;
}

static gint
padded (gint L)
{
  return (L + RNN_CTC_PAD) / RNN_CTC_PAD * RNN_CTC_PAD;
}

gsize
rnn_ctc_loss_scratch (gint T, gint V, gint L)
{
  gsize n = (gsize) padded (L);

  return ((gsize) T + 3) * row_size ((gint) n) + (gsize) T * (n + 1) + 2 * n + 1;
}

static void
carve_scratch (Lattice *lattice, gfloat *scratch)
{
  gsize T = (gsize) lattice->T, n = (gsize) lattice->n;

  lattice->alpha = scratch;
  lattice->next = lattice->alpha + (T + 1) * row_size (lattice->n);
  lattice->product = lattice->next + row_size (lattice->n);
  lattice->x = lattice->product + row_size (lattice->n);
  lattice->blank = lattice->x + T * n;
  lattice->skip = lattice->blank + T;
  lattice->post = lattice->skip + n + 1;
}

/* The negative log-likelihood, its recursion left in alpha and scale * softmax in dlogits; +inf when there is no path,
 * NAN when a score is. */
static gfloat
evaluate (const Lattice *lattice, const gfloat *logits, gsize ld, gfloat scale, gfloat *dlogits, gsize ldd)
{
  gdouble norm = 0, ll;

  if (min_steps (lattice->targets, lattice->L) > lattice->T)
    return INFINITY;
  for (gint t = 0; t < lattice->T; t++)
    norm += read_step (lattice, t, logits + (gsize) t * ld, scale, dlogits ? dlogits + (gsize) t * ldd : NULL);
  if (isnan (norm))
    return NAN;
  fill_skip (lattice);
  ll = run_forward (lattice);
  return ll > RNN_CTC_ZERO / 2 ? (gfloat) (norm - ll) : INFINITY;
}

gfloat
rnn_ctc_loss (const gfloat *logits, gsize ld, gint T, gint V, const gint *targets, gint L, gint blank, gfloat scale,
    gfloat *dlogits, gsize ldd, gfloat *scratch)
{
  Lattice lattice = {.k = rnn_kernels (),.T = T,.V = V,.L = L,.n = padded (L),.token = blank,.targets = targets };
  gfloat nll;

  carve_scratch (&lattice, scratch);
  nll = evaluate (&lattice, logits, ld, scale, dlogits, ldd);
  if (!dlogits)
    return nll;
  if (isfinite (nll))
    run_backward (&lattice, scale, dlogits, ldd);
  else
    for (gint t = 0; t < T; t++)
      memset (dlogits + (gsize) t * ldd, 0, (gsize) V * sizeof (gfloat));
  return nll;
}
