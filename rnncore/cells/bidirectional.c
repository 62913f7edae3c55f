/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The same layers twice, one copy from the past to the future, the other (`reverse`) back (Schuster & Paliwal 1997):
 *
 *   y_t = [forward (x)_t ; reverse (x)_t]
 *
 * PyTorch's bidirectional=True, and with "depth" its num_layers.  Over whole sequences, where steps past a stream's
 * length give 0; or with `chunk` and `right` over a stream, where the forward half waits for the reverse half.
 *
 * State: forward's, reverse's, the last D outputs of forward [D][n_out / 2]; D is the latency.  Tape: forward's,
 * reverse's, the outputs of both, each [T][B][n_out / 2]. */
#include "chain.h"
#include "container.h"
#include "history.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint chunk, right;
} Bidirectional;

static const RnnOption options[] = {
  RNN_OPT_INT (Bidirectional, chunk, 0, 4096, 0, "steps that reverse answers together; 0: the whole sequence"),
  RNN_OPT_INT (Bidirectional, right, 0, 4096, 0, "steps to the right of these where its runs begin"),
  {NULL}
};

enum { FORWARD, REVERSE };

static gchar *
reverse_name (const gchar *old, gint number)
{
  return g_strconcat (old, "_reverse", NULL);
}

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  json_t *forward = json_copy ((json_t *) layer), *reverse;
  gboolean ok;

  json_object_del (forward, "name");
  reverse = json_copy (forward);
  json_object_set_new (forward, "cell", json_string ("chain"));
  json_object_del (forward, "chunk");
  json_object_del (forward, "right");
  json_object_set_new (reverse, "cell", json_string ("reverse"));
  ok = rnn_container_add (cell, forward, cell->n_in, where, error)
      && rnn_container_add (cell, reverse, cell->n_in, where, error);
  if (ok)
    rnn_container_rename (cell->children->pdata[REVERSE], reverse_name, 0);
  json_decref (forward);
  json_decref (reverse);
  return ok;
}

static const RnnCell *
child (const RnnCell *cell, gint i)
{
  return cell->children->pdata[i];
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  const RnnCell *f = child (cell, FORWARD), *r = child (cell, REVERSE);

  cell->offline = r->offline;
  cell->latency = r->latency;
  cell->n_out = f->n_out + r->n_out;
  cell->n_state = f->n_state + r->n_state + (guint64) cell->latency * f->n_out;
  cell->n_tape = f->n_tape + r->n_tape + (guint64) cell->n_out;
  cell->n_scratch = MAX (f->n_scratch, r->n_scratch) + (guint64) cell->n_out + cell->n_in;
  cell->n_scratch_once = MAX (f->n_scratch_once, r->n_scratch_once);
  return TRUE;
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  rnn_cell_reset_state (child (cell, FORWARD), state);
  rnn_cell_reset_state (child (cell, REVERSE), state + child (cell, FORWARD)->n_state);
}

/* Both halves as runs of their own, and the delay line as a run whose x are the outputs of forward. */
typedef struct {
  RnnRun forward, reverse, delay;
  gsize delay_offset;
} Halves;

static Halves
split (const RnnCell *cell, const RnnRun *run)
{
  const RnnCell *f = child (cell, FORWARD), *r = child (cell, REVERSE);
  gsize steps = (gsize) run->T * run->B;
  Halves h = { *run, *run, *run, f->n_state + r->n_state };

  if (run->tape) {
    h.reverse.tape = run->tape + steps * f->n_tape;
    h.forward.y = h.reverse.tape + steps * r->n_tape;
  } else {
    h.forward.y = run->scratch;
  }
  h.reverse.y = h.forward.y + steps * f->n_out;
  h.reverse.state = run->state + f->n_state;
  h.reverse.seed = run->seed ? run->seed ^ G_GUINT64_CONSTANT (0x8000000000000000) : 0;
  if (run->seed && !h.reverse.seed)
    h.reverse.seed = 1;
  h.forward.scratch = h.reverse.scratch = run->scratch + steps * ((gsize) cell->n_out + cell->n_in);
  h.delay.x = h.forward.y;
  return h;
}

/* Over whole sequences, what lies past a stream's end counts for nothing. */
static gboolean
past_end (const RnnCell *cell, const RnnRun *run, gint t, gint b)
{
  return cell->offline && t >= rnn_run_length (run, b);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gint nf = child (cell, FORWARD)->n_out, nr = child (cell, REVERSE)->n_out;
  Halves h = split (cell, run);
  gfloat *y = run->y;

  child (cell, FORWARD)->klass->forward (child (cell, FORWARD), &h.forward);
  child (cell, REVERSE)->klass->forward (child (cell, REVERSE), &h.reverse);
  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++, y += nf + nr) {
      memcpy (y, rnn_history_row (&h.delay, nf, h.delay_offset, cell->latency, t, b), (gsize) nf * sizeof (gfloat));
      memcpy (y + nf, h.reverse.y + ((gsize) t * run->B + b) * nr, (gsize) nr * sizeof (gfloat));
      if (past_end (cell, run, t, b))
        memset (y, 0, (gsize) nf * sizeof (gfloat));
    }
  rnn_history_advance (&h.delay, nf, h.delay_offset, cell->latency);
}

/* dy parts into dyf, which passes the delay line, and dyr. */
static void
split_grad (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad, const Halves *h, gfloat *dyf, gfloat *dyr)
{
  gint nf = child (cell, FORWARD)->n_out, nr = child (cell, REVERSE)->n_out;
  const RnnGrad delayed = { .dx = dyf, .dstate = grad->dstate };
  const gfloat *dy = grad->dy;

  rnn_history_grad_begin (&h->delay, &delayed, nf, h->delay_offset, cell->latency);
  for (gint t = 0; t < run->T; t++)
    for (gint b = 0; b < run->B; b++, dy += nf + nr, dyr += nr) {
      memcpy (dyr, dy + nf, (gsize) nr * sizeof (gfloat));
      if (!past_end (cell, run, t, b))
        rnn_kernels ()->add (nf, dy,
            rnn_history_grad_row (&h->delay, &delayed, nf, h->delay_offset, cell->latency, t, b));
    }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const RnnCell *f = child (cell, FORWARD), *r = child (cell, REVERSE);
  gsize steps = (gsize) run->T * run->B, size = steps * cell->n_in;
  gfloat *dyf = run->scratch, *dyr = dyf + steps * f->n_out, *dx = dyr + steps * r->n_out;
  Halves h = split (cell, run);

  split_grad (cell, run, grad, &h, dyf, dyr);
  f->klass->backward (f, &h.forward,
      &(RnnGrad) { .dy = dyf, .dx = grad->dx, .dstate = grad->dstate, .dparam = grad->dparam });
  r->klass->backward (r, &h.reverse, &(RnnGrad) { .dy = dyr, .dx = grad->dx ? dx : NULL,
        .dstate = grad->dstate + f->n_state, .dparam = grad->dparam });
  for (gsize i = 0; grad->dx && i < size; i++)
    grad->dx[i] += dx[i];
}

const RnnCellClass rnn_cell_bidirectional = {
  .name = "bidirectional",
  .summary = "layers that see the past beside layers that see the future",
  .instance_size = sizeof (Bidirectional),
  .options = options,
  .n_copies = 2,
  .build = build,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
