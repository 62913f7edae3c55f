/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that run over the parts of one step: x_t = [s_1 ... s_n] is n segments of `segment` values each, which the layers, fresh
 * every time, read one after another; y_t is what they answer to the last one (SegRNN's encoder, Lin et al. 2023).
 *
 * So a recurrent network becomes a function of a window, which may be normalised anew at every step.
 *
 * all: y_t is what they answer to every segment.  initial: the state that the layers begin with stands before the segments; final: the
 * one they end with stands behind the answers.  With all three that is a whole recurrent layer over an axis within a step.
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
  gboolean all, initial, final;
  gint n;                       /* segments of a window */
  guint64 state, tape;          /* the layers' own */
  gint width;                   /* of one of their answers */
} Window;

static const RnnOption options[] = {
  RNN_OPT_INT (Window, segment, 1, 65536, 1, "values that the layers read in one step of theirs"),
  RNN_OPT_BOOL (Window, all, FALSE, "answers to all segments, not only to the last"),
  RNN_OPT_BOOL (Window, initial, FALSE, "the layers' first state stands before the segments"),
  RNN_OPT_BOOL (Window, final, FALSE, "the layers' last state stands behind the answers"),
  { NULL }
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  Window *w = (Window *) cell;
  gint n_in = cell->n_in;
  gboolean good;

  cell->n_in = w->segment;      /* what the first of the layers reads */
  good = rnn_container_add_layers (cell, json_object_get (layer, "layers"), where, error);
  cell->n_in = n_in;
  return good;
}

/* Takes the windows apart. */
static gboolean
measure (Window *w, GError **error)
{
  RnnCell *cell = &w->chain.cell;
  gint64 size = cell->n_in - (w->initial ? (gint64) w->state : 0);

  if (size < w->segment || size % w->segment) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "window: %d values are no whole number of segments of %d%s", cell->n_in, w->segment,
        w->initial ? " behind a state" : "");
    return FALSE;
  }
  w->n = (gint) (size / w->segment);
  size = (gint64) cell->n_out * (w->all ? w->n : 1) + (w->final ? (gint64) w->state : 0);
  if (size > 1 << 24) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "window: %d answers of %d values are too many", w->n, cell->n_out);
    return FALSE;
  }
  w->width = cell->n_out;
  cell->n_out = (gint) size;
  return TRUE;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Window *w = (Window *) cell;
  guint64 n;

  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->latency) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "window: its layers may not look ahead: there is nothing after a window");
    return FALSE;
  }
  if (cell->n_memory) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "window: its layers cannot read a memory: they run over windows, not streams");
    return FALSE;
  }
  w->state = cell->n_state;
  w->tape = cell->n_tape;
  if (!measure (w, error))
    return FALSE;
  n = (guint64) w->n;
  cell->offline = FALSE;        /* the layers always see a whole sequence */
  cell->n_state = 0;
  cell->n_tape = n * (w->tape + w->segment + w->width);
  cell->n_scratch = n * (w->segment + w->width) + 2 * w->state + n * cell->n_scratch + cell->n_scratch_once;
  cell->n_scratch_once = 0;
  return TRUE;
}

/* Where the segments of a row, and the last state behind its answers, begin. */
static gsize
first_segment (const Window *w)
{
  return w->initial ? w->state : 0;
}

static gsize
final_state (const Window *w)
{
  return (gsize) w->chain.cell.n_out - w->state;
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
    area = rnn_take (taken, rows * n * (w->segment + w->width));
  inner.x = rnn_take (&area, rows * n * w->segment);
  inner.y = rnn_take (&area, rows * n * w->width);
  inner.tape = run->tape ? area : NULL;
  inner.state = rnn_take (taken, rows * w->state);
  for (gsize r = 0; r < rows; r++)
    if (w->initial)
      memcpy (inner.state + r * w->state, run->x + r * cell->n_in, w->state * sizeof (gfloat));
    else
      rnn_chain_reset (cell, inner.state + r * w->state);
  return inner;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Window *w = (const Window *) cell;
  gint rows = run->T * run->B, size = w->segment, first = w->all ? 0 : w->n - 1;
  gfloat *scratch;
  RnnRun inner = inner_run (w, run, &scratch);

  inner.scratch = scratch;
  for (gint k = 0; k < w->n; k++)
    rnn_copy_rows (rows, size, run->x + first_segment (w) + (gsize) k * size, cell->n_in,
        (gfloat *) inner.x + (gsize) k * rows * size, size);
  rnn_chain_forward (cell, &inner);
  for (gint k = first; k < w->n; k++)
    rnn_copy_rows (rows, w->width, inner.y + (gsize) k * rows * w->width, w->width, run->y + (gsize) (k - first) * w->width,
        cell->n_out);
  if (w->final)
    rnn_copy_rows (rows, (gint) w->state, inner.state, w->state, run->y + final_state (w), cell->n_out);
}

/* Gradients of all answers, dy [n][rows][width], and of the last states. */
static void
take_gradients (const Window *w, gint rows, const RnnGrad *grad, gfloat *dy, gfloat *dstate)
{
  gint n_out = w->chain.cell.n_out, first = w->all ? 0 : w->n - 1;

  memset (dy, 0, (gsize) first * rows * w->width * sizeof (gfloat));
  for (gint k = first; k < w->n; k++)
    rnn_copy_rows (rows, w->width, grad->dy + (gsize) (k - first) * w->width, n_out, dy + (gsize) k * rows * w->width, w->width);
  if (w->final)
    rnn_copy_rows (rows, (gint) w->state, grad->dy + final_state (w), n_out, dstate, w->state);
  else
    memset (dstate, 0, rows * w->state * sizeof (gfloat));
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Window *w = (const Window *) cell;
  gint rows = run->T * run->B, size = w->segment;
  gfloat *scratch;
  RnnRun inner = inner_run (w, run, &scratch);
  gfloat *dstate = rnn_take (&scratch, rows * w->state), *dx = rnn_take (&scratch, (gsize) w->n * rows * size);
  gfloat *dy = rnn_take (&scratch, (gsize) w->n * rows * w->width);

  inner.scratch = scratch;
  take_gradients (w, rows, grad, dy, dstate);
  rnn_chain_backward (cell, &inner, &(RnnGrad) { .dy = dy, .dx = grad->dx ? dx : NULL, .dstate = dstate,
        .dparam = grad->dparam });
  if (!grad->dx)
    return;
  if (w->initial)
    rnn_copy_rows (rows, (gint) w->state, dstate, w->state, grad->dx, cell->n_in);
  for (gint k = 0; k < w->n; k++)
    rnn_copy_rows (rows, size, dx + (gsize) k * rows * size, size, grad->dx + first_segment (w) + (gsize) k * size, cell->n_in);
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
