/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that run over each part of a step's values for itself, with the same weights and states of their own: x_t = [x1 ... xn], y_t =
 * [f (x1) ... f (xn)].  A dense layer over the positions of a picture, a recurrent one over time for each of some frequency bands
 * (the inter-frame path of dual-path networks).
 *
 * State: the layers', part after part.  Scratch: with states and several streams, those of all parts side by side, and on the way
 * back their gradients; then what the layers need. */
#include "chain.h"
#include "container.h"
#include <string.h>

typedef struct {
  RnnChain chain;
  gint parts;
  guint64 state;                /* of one part */
} Each;

static const RnnOption options[] = {
  RNN_OPT_INT (Each, parts, 1, 1 << 20, 2, "parts of the values, all of one size"),
  { NULL }
};

static gboolean
build (RnnCell *cell, const json_t *layer, const gchar *where, GError **error)
{
  gint n_in = cell->n_in, parts = ((Each *) cell)->parts;
  gboolean good;

  if (n_in % parts) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: each: %d values do not divide into %d parts", where, n_in, parts);
    return FALSE;
  }
  cell->n_in = n_in / parts;
  good = rnn_container_add_layers (cell, json_object_get (layer, "layers"), where, error);
  cell->n_in = n_in;
  return good;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Each *e = (Each *) cell;
  guint64 n = (guint64) e->parts;

  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->latency || cell->offline) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "each: its layers may not look ahead");
    return FALSE;
  }
  if ((gint64) cell->n_out * e->parts > 1 << 24) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "each: %d outputs of %d parts are too many", cell->n_out, e->parts);
    return FALSE;
  }
  e->state = cell->n_state;
  cell->n_out *= e->parts;
  cell->n_state *= n;
  cell->n_tape *= n;
  cell->n_scratch *= n;
  cell->n_scratch_once = n * (cell->n_scratch_once + 2 * e->state);
  return TRUE;
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  const Each *e = (const Each *) cell;

  for (gint i = 0; i < e->parts; i++)
    rnn_chain_reset (cell, state + (gsize) i * e->state);
}

/* Is the state [B][parts] rows one after another as it lies? */
static gboolean
is_dense (const RnnCell *cell, const RnnRun *run)
{
  return run->B == 1 || cell->n_state == 0 || run->state_stride == cell->n_state;
}

/* The layers' run; takes the states aside where they must be. */
static RnnRun
inner_run (const Each *e, const RnnRun *run)
{
  RnnRun inner = *run;
  gsize n = e->chain.cell.n_state;

  inner.B = run->B * e->parts;
  inner.state_stride = e->state;
  inner.lengths = NULL;
  if (!is_dense (&e->chain.cell, run)) {
    inner.state = rnn_take (&inner.scratch, run->B * n);
    rnn_copy_rows (run->B, (gint) n, run->state, run->state_stride, inner.state, n);
  }
  return inner;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  RnnRun inner = inner_run ((const Each *) cell, run);

  rnn_chain_forward (cell, &inner);
  if (inner.state != run->state)
    rnn_copy_rows (run->B, (gint) cell->n_state, inner.state, cell->n_state, run->state, run->state_stride);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  RnnRun inner = inner_run ((const Each *) cell, run);
  RnnGrad g = *grad;
  gint n = (gint) cell->n_state;

  if (inner.state != run->state) {
    g.dstate = rnn_take (&inner.scratch, (gsize) run->B * cell->n_state);
    rnn_copy_rows (run->B, n, grad->dstate, run->state_stride, g.dstate, cell->n_state);
  }
  rnn_chain_backward (cell, &inner, &g);
  if (inner.state != run->state)
    rnn_copy_rows (run->B, n, g.dstate, cell->n_state, grad->dstate, run->state_stride);
}

const RnnCellClass rnn_cell_each = {
  .name = "each",
  .summary = "layers that run over each part of a step's values for itself",
  .instance_size = sizeof (Each),
  .options = options,
  .n_copies = 1,
  .build = build,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
