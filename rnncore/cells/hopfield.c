/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hopfield networks: memories that a cue falls into.  The input is added to the state, then one update follows, so a
 * cue and zeros after it give the course of the recall.
 *
 *   u      = s_{t-1} + x_t,  y_t = s_t = update (u)
 *   sync   s_i = sign (W_i u), all at once; 0 keeps u_i            (Hopfield 1982)
 *   async  the same one by one, i = 0, 1, ..., each seeing the ones before
 *   modern s = X^T softmax (beta X u), rows of X are the memories  (Ramsauer et al. 2020)
 *
 * W is not trained but stored (train/storage.h): a sign has no gradient, only what is kept lets one pass.
 *
 * State: s [N].  Tape per step: softmax (...) [patterns], or for each unit whether it was kept [N]. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

#define SUMS 8
#define TIE 1e-6                /* share of its terms below which a sum of floats is 0 */

enum { MODERN, SYNC, ASYNC };

typedef struct {
  RnnCell cell;
  gint update, patterns;
  gfloat beta;
  RnnParam *w;                  /* W [N][N] or X [patterns][N] */
} Hopfield;

static const gchar *const updates[] = { "modern", "sync", "async", NULL };

static const RnnOption options[] = {
  RNN_OPT_ENUM (Hopfield, update, updates, MODERN, "how a state follows from the one before"),
  RNN_OPT_INT (Hopfield, patterns, 1, 1 << 20, 16, "memories; only modern networks have room for so many"),
  RNN_OPT_FLOAT (Hopfield, beta, 0, 1e6, 0, "inverse temperature of a modern network; 0: 1 / sqrt (values)"),
  {NULL}
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Hopfield *h = (Hopfield *) cell;
  gint N = cell->n_in;
  const gint square[] = { N, N }, memories[] = { h->patterns, N };

  if (h->update == MODERN) {
    h->w = rnn_cell_add_tensor (cell, "patterns", 2, memories, 1);
  } else {
    h->w = rnn_cell_add_tensor (cell, "weight", 2, square, 0);
    h->w->fixed = TRUE;
  }
  cell->n_out = N;
  rnn_cell_add_state (cell, "s", N);
  cell->n_tape = h->update == MODERN ? h->patterns : N;
  cell->n_scratch = cell->n_tape;       /* the tape's; backward: d (beta X u) */
  cell->n_scratch_once = N;             /* u */
  return TRUE;
}

static gfloat
beta_of (const Hopfield *h)
{
  return h->beta > 0 ? h->beta : 1 / sqrtf (h->cell.n_in);
}

/* ---- updates: u [N] becomes s; note [n_tape] is what backward needs ---- */

static void
recall_modern (const Hopfield *h, gfloat *u, gfloat *p)
{
  const RnnKernels *k = rnn_kernels ();
  gint N = h->cell.n_in, P = h->patterns;
  gfloat top;

  for (gint j = 0; j < P; j++)
    p[j] = beta_of (h) * k->dot (N, h->w->data + (gsize) j * N, u);
  top = k->max (P, p);
  for (gint j = 0; j < P; j++)
    p[j] -= top;
  k->exp (P, p, p);
  k->scale (P, 1 / k->sum (P, p), p);
  memset (u, 0, N * sizeof (gfloat));
  for (gint j = 0; j < P; j++)
    k->axpy (N, p[j], h->w->data + (gsize) j * N, u);
}

/* sign (W_i u); sums side by side, which vectors can do */
static gfloat
sign_of_field (const Hopfield *h, gint i, const gfloat *u)
{
  gint N = h->cell.n_in, j = 0;
  const gfloat *w = h->w->data + (gsize) i * N;
  gdouble sums[SUMS] = { 0 }, magnitudes[SUMS] = { 0 }, sum = 0, magnitude = 0;

  for (; j + SUMS <= N; j += SUMS)
    for (gint k = 0; k < SUMS; k++) {
      gdouble term = (gdouble) w[j + k] * u[j + k];

      sums[k] += term;
      magnitudes[k] += fabs (term);
    }
  for (; j < N; j++) {
    sums[0] += (gdouble) w[j] * u[j];
    magnitudes[0] += fabs ((gdouble) w[j] * u[j]);
  }
  for (gint k = 0; k < SUMS; k++) {
    sum += sums[k];
    magnitude += magnitudes[k];
  }
  return fabs (sum) <= TIE * magnitude ? 0 : sum > 0 ? 1 : -1;
}

/* @seen: the units as others see them, u itself or a copy */
static void
recall_signs (const Hopfield *h, const gfloat *seen, gfloat *u, gfloat *kept)
{
  for (gint i = 0; i < h->cell.n_in; i++) {
    gfloat sign = sign_of_field (h, i, seen);

    kept[i] = sign == 0;
    u[i] = sign == 0 ? u[i] : sign;
  }
}

static void
recall (const Hopfield *h, gfloat *u, gfloat *note, gfloat *copy)
{
  if (h->update == MODERN)
    recall_modern (h, u, note);
  else if (h->update == SYNC)
    recall_signs (h, memcpy (copy, u, h->cell.n_in * sizeof (gfloat)), u, note);
  else
    recall_signs (h, u, u, note);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Hopfield *h = (const Hopfield *) cell;
  gint N = cell->n_in;
  gfloat *scratch = run->scratch, *copy = rnn_take (&scratch, N), *notes = run->tape ? run->tape : scratch;

  for (gint row = 0; row < run->T * run->B; row++) {
    gfloat *s = RNN_STATE_ROW (run->state, run, row % run->B);

    rnn_kernels ()->add (N, run->x + (gsize) row * N, s);
    recall (h, s, notes + row * cell->n_tape, copy);
    memcpy (run->y + (gsize) row * N, s, N * sizeof (gfloat));
  }
}

/* ---- backward ---- */

/* ds [N]: d loss/d s in, d loss/d u out */
static void
recall_modern_back (const Hopfield *h, const gfloat *u, const gfloat *p, gfloat *ds, gfloat *dz, gfloat *dparam)
{
  const RnnKernels *k = rnn_kernels ();
  gint N = h->cell.n_in, P = h->patterns;
  gfloat mean, *dX = dparam + h->w->offset;

  for (gint j = 0; j < P; j++)
    dz[j] = k->dot (N, h->w->data + (gsize) j * N, ds);
  mean = k->dot (P, dz, p);
  for (gint j = 0; j < P; j++) {
    dz[j] = beta_of (h) * p[j] * (dz[j] - mean);
    k->axpy (N, p[j], ds, dX + (gsize) j * N);
    k->axpy (N, dz[j], u, dX + (gsize) j * N);
  }
  memset (ds, 0, N * sizeof (gfloat));
  for (gint j = 0; j < P; j++)
    k->axpy (N, dz[j], h->w->data + (gsize) j * N, ds);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Hopfield *h = (const Hopfield *) cell;
  gint N = cell->n_in, B = run->B;
  gfloat *scratch = run->scratch, *u = rnn_take (&scratch, N);

  for (gint row = run->T * B - 1; row >= 0; row--) {
    gint b = row % B;
    const gfloat *note = run->tape + row * cell->n_tape;
    gfloat *ds = RNN_STATE_ROW (grad->dstate, run, b);

    rnn_kernels ()->add (N, grad->dy + (gsize) row * N, ds);
    if (h->update == MODERN) {
      memcpy (u, row >= B ? run->y + (gsize) (row - B) * N : RNN_STATE_ROW (run->state, run, b), N * sizeof (gfloat));
      rnn_kernels ()->add (N, run->x + (gsize) row * N, u);
      recall_modern_back (h, u, note, ds, scratch, grad->dparam);
    } else {
      rnn_kernels ()->mul (N, ds, note, ds);
    }
    if (grad->dx)
      memcpy (grad->dx + (gsize) row * N, ds, N * sizeof (gfloat));
  }
}

const RnnCellClass rnn_cell_hopfield = {
  .name = "hopfield",
  .summary = "Hopfield network: an associative memory, with signs or continuous",
  .instance_size = sizeof (Hopfield),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
