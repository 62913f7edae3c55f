/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that run over the parts of one step: x_t = [s_1 ... s_n] is n segments of `segment` values each, which the layers, fresh
 * every time, read one after another; y_t is what they answer to the last one (SegRNN's encoder, Lin et al. 2023).
 *
 * So a recurrent network becomes a function of a window, which may be normalised anew at every step.
 *
 * No state: the T B windows are as many streams of the layers, with n steps.  Tape: x [n][T B][segment], y [n][T B][n_out], the
 * layers' tape.  Scratch: these without a tape, or their gradients on the way back, the layers' states and the gradients of those
 * [T B][n_state], and what the layers need. */
#include "chain.h"
#include "container.h"
#include <string.h>

typedef struct {
  RnnChain chain;
  gint segment;
  gint n;                       /* segments of a window */
  gsize state, tape;            /* the layers' own */
} Window;

static const RnnOption options[] = {
  RNN_OPT_INT (Window, segment, 1, 65536, 1, "values that the layers read in one step of theirs"),
  { NULL }
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  Window *w = (Window *) cell;
  gint n_in = cell->n_in;
  gboolean good;

  if (n_in % w->segment) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: window: %d values are no whole number of segments of %d", where,
        n_in, w->segment);
    return FALSE;
  }
  w->n = n_in / w->segment;
  cell->n_in = w->segment;      /* what the first of the layers reads */
  good = rnn_container_add_layers (cell, json_object_get (layer, "layers"), where, error);
  cell->n_in = n_in;
  return good;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Window *w = (Window *) cell;
  gsize n = (gsize) w->n;

  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->latency) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "window: its layers may not look ahead: there is nothing after a window");
    return FALSE;
  }
  w->state = cell->n_state;
  w->tape = cell->n_tape;
  cell->offline = FALSE;        /* the layers always see a whole sequence */
  cell->n_state = 0;
  cell->n_tape = n * (w->tape + w->segment + cell->n_out);
  cell->n_scratch = n * (w->segment + cell->n_out) + 2 * w->state + n * cell->n_scratch + cell->n_scratch_once;
  cell->n_scratch_once = 0;
  return TRUE;
}

/* The layers' run over all windows of @run; @taken: what is taken of its scratch. */
static RnnRun
inner_run (const Window *w, const RnnRun *run, gfloat **taken)
{
  const RnnCell *cell = &w->chain.cell;
  gsize rows = (gsize) run->T * run->B, n = (gsize) w->n;
  gfloat *area = run->tape;
  RnnRun inner = { .T = w->n, .B = run->T * run->B, .state_stride = w->state, .seed = run->seed };

  *taken = run->scratch;
  if (!area)
    area = rnn_take (taken, rows * n * (w->segment + cell->n_out));
  inner.x = rnn_take (&area, rows * n * w->segment);
  inner.y = rnn_take (&area, rows * n * cell->n_out);
  inner.tape = run->tape ? area : NULL;
  inner.state = rnn_take (taken, rows * w->state);
  for (gsize r = 0; r < rows; r++)
    rnn_chain_reset (cell, inner.state + r * w->state);
  return inner;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Window *w = (const Window *) cell;
  gint rows = run->T * run->B, size = w->segment;
  gfloat *scratch;
  RnnRun inner = inner_run (w, run, &scratch);

  inner.scratch = scratch;
  for (gint k = 0; k < w->n; k++)
    rnn_copy_rows (rows, size, run->x + (gsize) k * size, cell->n_in, (gfloat *) inner.x + (gsize) k * rows * size, size);
  rnn_chain_forward (cell, &inner);
  memcpy (run->y, inner.y + (gsize) (w->n - 1) * rows * cell->n_out, (gsize) rows * cell->n_out * sizeof (gfloat));
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Window *w = (const Window *) cell;
  gint rows = run->T * run->B, size = w->segment;
  gsize n_state = rows * w->state, n_dx = (gsize) w->n * rows * size, n_dy = (gsize) w->n * rows * cell->n_out, last = (gsize) rows * cell->n_out;
  gfloat *scratch;
  RnnRun inner = inner_run (w, run, &scratch);
  gfloat *dstate = rnn_take (&scratch, n_state), *dx = rnn_take (&scratch, n_dx), *dy = rnn_take (&scratch, n_dy);

  inner.scratch = scratch;
  memset (dstate, 0, n_state * sizeof (gfloat));
  memset (dy, 0, (n_dy - last) * sizeof (gfloat));
  memcpy (dy + n_dy - last, grad->dy, last * sizeof (gfloat));
  rnn_chain_backward (cell, &inner, &(RnnGrad) { .dy = dy, .dx = grad->dx ? dx : NULL, .dstate = dstate,
        .dparam = grad->dparam });
  for (gint k = 0; grad->dx && k < w->n; k++)
    rnn_copy_rows (rows, size, dx + (gsize) k * rows * size, size, grad->dx + (gsize) k * size, cell->n_in);
}

const RnnCellClass rnn_cell_window = {
  .name = "window",
  .summary = "layers that read the segments of one step's values one after another",
  .instance_size = sizeof (Window),
  .options = options,
  .n_copies = 1,
  .build = build,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
