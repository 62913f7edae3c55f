/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ctc: loss and gradient of a minibatch of utterances, --outputs tokens, --labels per utterance. */
#include "bench.h"
#include "ctc/ctc.h"

typedef struct {
  gint T, B, V, L;
  gfloat *logits, *gradient;    /* [T][B][V] */
  gint *labels;                 /* [B][L] */
  gfloat *scratch;
} Ctc;

static void
run (gpointer data)
{
  Ctc *c = data;
  gsize ld = (gsize) c->B * c->V;

  for (gint b = 0; b < c->B; b++)
    rnn_ctc_loss (c->logits + (gsize) b * c->V, ld, c->T, c->V, c->labels + (gsize) b * c->L, c->L, 0, 1,
        c->gradient + (gsize) b * c->V, ld, c->scratch);
}

static void
ctc_free (gpointer data)
{
  Ctc *c = data;

  g_free (c->logits);
  g_free (c->gradient);
  g_free (c->labels);
  g_free (c->scratch);
  g_free (c);
}

/* An exponential takes a polynomial and its rounding; a node of the lattice adds three others, there and back. */
#define EXP_OPERATIONS 16
#define NODE_OPERATIONS 8

static gdouble
operations (const Ctc *c)
{
  return (gdouble) c->T * c->B * (c->V * (EXP_OPERATIONS + 4.0) + (2 * c->L + 1.0) * NODE_OPERATIONS);
}

gboolean
bench_prepare_ctc (BenchSettings *s, BenchWork *work, GError **error)
{
  Ctc *c = work->data = g_new (Ctc, 1);
  gsize n = (gsize) s->steps * s->streams * s->outputs;
  gsize scratch = rnn_ctc_loss_scratch (s->steps, s->outputs, s->labels);
  RnnRng rng;

  *c = (Ctc) { s->steps, s->streams, s->outputs, s->labels, bench_random (n, 1), g_new0 (gfloat, n),
    g_new (gint, (gsize) s->streams * s->labels), g_new0 (gfloat, scratch) };
  rnn_rng_seed (&rng, 2, 0);
  for (gint i = 0; i < c->B * c->L; i++)
    c->labels[i] = 1 + (gint) rnn_rng_below (&rng, c->V - 1);
  work->run = run;
  work->free = ctc_free;
  work->units = 1;
  work->working_set = 2 * n * sizeof (gfloat);
  work->bytes_per_stream = scratch * sizeof (gfloat);
  bench_add_need (work, 1, work->working_set, operations (c));  /* scores are read, gradients written */
  return TRUE;
}
