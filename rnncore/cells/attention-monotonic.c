/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Attention by windows that only move forward (Graves 2013, section 5.1), K of them: a stream needs no more of the memory than is
 * near them, whatever there has been.
 *
 *   [a, b, k] = W x + bias,  place_t = place_(t-1) + exp (k),  w_s = sum over K of exp (a - exp (b) (place_t - s)^2),  s = 1 ... S
 *
 * Exponents are held to +-8.  Place: [K]. */
#include "attention.h"
#include <math.h>

#define BOUND 8.0f

static void
setup (Attention *a)
{
  RnnCell *cell = &a->cell;

  a->n_query = 3 * a->units;
  a->n_place = a->units;
  a->query = rnn_cell_add_matrix (cell, "query.weight", a->n_query, cell->n_in, 1 / sqrtf (cell->n_in));
  a->query_bias = rnn_cell_add_vector (cell, "query.bias", a->n_query, 1 / sqrtf (cell->n_in));
}

static gfloat
bounded_exp (gfloat x)
{
  return expf (CLAMP (x, -BOUND, BOUND));
}

/* How much of d loss/d exp (x) reaches x. */
static gfloat
bounded_slope (gfloat x)
{
  return fabsf (x) < BOUND ? expf (x) : 0;
}

static void
weigh (const Attention *a, const RnnAttentionStep *s, gfloat *weights)
{
  gint K = a->units;

  for (gint k = 0; k < K; k++) {
    gfloat height = bounded_exp (s->query[k]), sharp = bounded_exp (s->query[K + k]);

    s->place[k] += bounded_exp (s->query[2 * K + k]);
    for (gint i = 0; i < s->L; i++) {
      gfloat d = s->place[k] - (i + 1);

      weights[i] += height * expf (-sharp * d * d);
    }
  }
}

static void
backward (const Attention *a, const RnnAttentionStep *s, const gfloat *weights, const RnnAttentionGrad *g)
{
  gint K = a->units;

  for (gint k = 0; k < K; k++) {
    gfloat height = bounded_exp (s->query[k]), sharp = bounded_exp (s->query[K + k]), dheight = 0, dsharp = 0;

    for (gint i = 0; i < s->L; i++) {
      gfloat d = s->place[k] - (i + 1), bump = expf (-sharp * d * d), dw = g->weights[i];

      dheight += dw * bump;
      dsharp -= dw * height * bump * d * d;
      g->place[k] -= dw * height * bump * 2 * sharp * d;
    }
    g->query[k] = dheight * bounded_slope (s->query[k]);
    g->query[K + k] = dsharp * bounded_slope (s->query[K + k]);
    g->query[2 * K + k] = g->place[k] * bounded_slope (s->query[2 * K + k]);
  }
}

const RnnAttentionScore rnn_attention_monotonic = { "monotonic", setup, weigh, backward };
