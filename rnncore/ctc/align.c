/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Forced alignment: the best path through the lattice of loss.c, max in place of logsum, with back pointers.
 *
 * State s of S = 2L + 1 is a blank when s is even and label s / 2 when it is odd.
 * Scratch: score [S] double, back [T][S] byte: how many states the best path to s in step t moved (0, 1, 2). */
#include <math.h>
#include <string.h>
#include "ctc.h"

typedef struct {
  const gint *targets;          /* [L] */
  gint L, S, blank;
  gdouble *score;               /* [S] of the best path to each state */
} Trellis;

gsize
rnn_ctc_align_scratch (gint T, gint L)
{
  gsize S = 2 * (gsize) L + 1;

  return S * sizeof (gdouble) + (gsize) T * S;
}

static gboolean
may_skip (const Trellis *trellis, gint s)
{
  return s % 2 == 1 && s >= 3 && trellis->targets[s / 2] != trellis->targets[s / 2 - 1];
}

/* From the last state to the first, so that a step can be made in place. */
static void
advance (Trellis *trellis, const gfloat *scores, gdouble log_z, guint8 *back)
{
  gdouble *score = trellis->score;

  for (gint s = trellis->S - 1; s >= 0; s--) {
    gint token = s % 2 == 1 ? trellis->targets[s / 2] : trellis->blank;
    guint8 move = 0;

    if (s >= 1 && score[s - 1] > score[s])
      move = 1;
    if (may_skip (trellis, s) && score[s - 2] > score[s - move])
      move = 2;
    back[s] = move;
    score[s] = score[s - move] + scores[token] - log_z;
  }
}

static void
start (Trellis *trellis, const gfloat *scores, gdouble log_z)
{
  for (gint s = 0; s < trellis->S; s++)
    trellis->score[s] = -INFINITY;
  trellis->score[0] = scores[trellis->blank] - log_z;
  if (trellis->L > 0)
    trellis->score[1] = scores[trellis->targets[0]] - log_z;
}

static void
trace_back (const Trellis *trellis, gint T, gint s, const guint8 *back, RnnCtcSpan *spans)
{
  for (gint t = T - 1; t >= 0; t--) {
    if (s % 2 == 1) {
      RnnCtcSpan *span = &spans[s / 2];

      span->start = t;
      span->end = MAX (span->end, t + 1);
    }
    if (t > 0)
      s -= back[(gsize) t * trellis->S + s];
  }
}

gdouble
rnn_ctc_align (const gfloat *scores, gsize ld, gint T, gint V, const gint *targets, gint L, gint blank,
    RnnCtcSpan *spans, gpointer scratch)
{
  Trellis trellis = {.targets = targets,.L = L,.S = 2 * L + 1,.blank = blank,.score = scratch };
  guint8 *back = (guint8 *) (trellis.score + trellis.S);
  gint last = trellis.S - 1;

  memset (spans, 0, (gsize) L * sizeof (RnnCtcSpan));
  if (T <= 0)
    return L > 0 ? -INFINITY : 0;
  start (&trellis, scores, rnn_log_sum_exp (V, scores));
  for (gint t = 1; t < T; t++) {
    const gfloat *row = scores + (gsize) t * ld;

    advance (&trellis, row, rnn_log_sum_exp (V, row), back + (gsize) t * trellis.S);
  }
  if (last > 0 && trellis.score[last - 1] > trellis.score[last])
    last--;
  if (!isfinite (trellis.score[last]))
    return -INFINITY;
  trace_back (&trellis, T, last, back, spans);
  return trellis.score[last];
}
