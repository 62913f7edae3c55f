/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Layers that run from the future to the past.
 *
 * chunk = 0: over the whole sequence, from its last step (RnnRun.lengths) to its first; steps past the end give 0.
 * The layers' state enters behind the last step and leaves before the first.  Cannot stream.
 *
 * chunk = C > 0, with `right` = R: over blocks, as latency-controlled bidirectional networks do (Zhang et al. 2016).
 * Block k answers steps kC .. kC + C - 1; the layers start fresh R steps to the right of it, or with the stream's last
 * step.  Since a block is complete with step kC + C - 1 + R, y[t] answers x[t - H] with H = C + R - 1: the latency.
 *
 * State, whole: the layers'.  State, blocks: the last H inputs [H][n_in], the answers of the current block [C][n_out],
 * which of them is next, how many inputs came after the stream's end.  Tape, whole: the layers' outputs [T][B][n_out], the layers' tape.  No tape with blocks: each
 * is run again on the way back, so that one block's tape is enough, in the scratch. */
#include "chain.h"
#include "history.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnChain chain;
  gint chunk, right;
  gint history;                 /* H */
  guint64 layers_state, layers_tape, layers_scratch;
} Reverse;

static const RnnOption options[] = {
  RNN_OPT_INT (Reverse, chunk, 0, 4096, 0, "steps that are answered together; 0: the whole sequence"),
  RNN_OPT_INT (Reverse, right, 0, 4096, 0, "steps to the right of these where each run begins"),
  {NULL}
};

static gsize
block_steps (const Reverse *r)
{
  return (gsize) r->chunk + r->right;
}

static void
setup_whole (Reverse *r)
{
  RnnCell *cell = &r->chain.cell;

  cell->offline = TRUE;
  cell->n_tape += cell->n_out;
  cell->n_scratch += 2 * (guint64) cell->n_in + cell->n_out;      /* x, d x, y or d y, all reversed */
}

static void
setup_blocks (Reverse *r)
{
  RnnCell *cell = &r->chain.cell;
  guint64 per_step = 2 * (guint64) (cell->n_in + cell->n_out) + r->layers_tape + r->layers_scratch;

  cell->offline = FALSE;
  cell->latency = r->history = r->chunk + r->right - 1;
  cell->n_state = (guint64) r->history * cell->n_in + (guint64) r->chunk * cell->n_out + 2;
  cell->n_tape = cell->n_scratch = 0;
  cell->n_scratch_once += block_steps (r) * per_step + 2 * r->layers_state;
}

static gboolean
setup (RnnCell *cell, GError **error)
{
  Reverse *r = (Reverse *) cell;

  if (!rnn_chain_setup (cell, error))
    return FALSE;
  if (cell->latency || (r->right && !r->chunk)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_OPTION, "%s", cell->latency
        ? "layers that look ahead cannot run in reverse; put them before" : "\"right\" needs \"chunk\"");
    return FALSE;
  }
  r->layers_state = cell->n_state;
  r->layers_tape = cell->n_tape;
  r->layers_scratch = cell->n_scratch;
  if (r->chunk)
    setup_blocks (r);
  else
    setup_whole (r);
  return TRUE;
}

/* ---- whole sequences ---- */

/* to[s] = from[length - 1 - s] within each stream's length, 0 past it */
static void
flip (const RnnRun *run, gint n, const gfloat *from, gfloat *to)
{
  gsize step = (gsize) run->B * n, row = (gsize) n * sizeof (gfloat);

  for (gint b = 0; b < run->B; b++) {
    gint length = rnn_run_length (run, b);

    for (gint s = 0; s < run->T; s++) {
      gfloat *at = to + s * step + (gsize) b * n;

      if (s < length)
        memcpy (at, from + (length - 1 - s) * step + (gsize) b * n, row);
      else
        memset (at, 0, row);
    }
  }
}

/* The run as the layers see it.  Scratch: x reversed, d x reversed, y or d y reversed, then theirs. */
static RnnRun
whole_run (const Reverse *r, const RnnRun *run)
{
  const RnnCell *cell = &r->chain.cell;
  gsize steps = (gsize) run->T * run->B;
  RnnRun inner = *run;

  inner.x = run->scratch;
  inner.y = run->tape ? run->tape : run->scratch + 2 * steps * cell->n_in;
  inner.tape = run->tape ? run->tape + steps * cell->n_out : NULL;
  inner.scratch = run->scratch + steps * (2 * (gsize) cell->n_in + cell->n_out);
  flip (run, cell->n_in, run->x, run->scratch);
  return inner;
}

static void
forward_whole (const Reverse *r, const RnnRun *run)
{
  RnnRun inner = whole_run (r, run);

  rnn_chain_forward (&r->chain.cell, &inner);
  flip (run, r->chain.cell.n_out, inner.y, run->y);
}

static void
backward_whole (const Reverse *r, const RnnRun *run, const RnnGrad *grad)
{
  const RnnCell *cell = &r->chain.cell;
  gsize size = (gsize) run->T * run->B * cell->n_in;
  RnnRun inner = whole_run (r, run);
  gfloat *dx = run->scratch + size, *dy = dx + size;

  flip (run, cell->n_out, grad->dy, dy);
  rnn_chain_backward (cell, &inner,
      &(RnnGrad) { .dy = dy, .dx = grad->dx ? dx : NULL, .dstate = grad->dstate, .dparam = grad->dparam });
  if (grad->dx)
    flip (run, cell->n_in, dx, grad->dx);
}

/* ---- blocks ---- */

/* One block of n streams that are in step, beginning with stream b0; it is complete with step t. */
typedef struct {
  gint t, b0, n;
  gint absent;                  /* of its steps, those past the streams' end: the first ones in the arrays */
  RnnRun run;                   /* of the layers */
  gfloat *x, *dx, *dy, *dstate; /* [C + R][n][...], [n][layers_state] */
} Block;

static gfloat *
answers (const Reverse *r, gfloat *state)
{
  return state + (gsize) r->history * r->chain.cell.n_in;
}

enum { NEXT = 2, PAST = 1 };    /* counted from the state's end */

/* Which of the current block's answers step t of this call gives; at 0 a new block is due. */
static gint
place (const Reverse *r, const RnnRun *run, gint t, gint b)
{
  gfloat next = RNN_STATE_ROW (run->state, run, b)[r->chain.cell.n_state - NEXT];

  return ((gint) (next + 0.5f) + t) % r->chunk;
}

/* Inputs past the stream's end up to and with step t of this call. */
static gint
n_past (const Reverse *r, const RnnRun *run, gint t, gint b)
{
  gint before = (gint) (RNN_STATE_ROW (run->state, run, b)[r->chain.cell.n_state - PAST] + 0.5f);

  return MIN (before + MAX (t + 1 - rnn_run_length (run, b), 0), r->history + 1);
}

static void
reset (const RnnCell *cell, gfloat *state)
{
  const Reverse *r = (const Reverse *) cell;

  if (r->chunk)                 /* the first block is complete with step H */
    state[cell->n_state - NEXT] = (r->chunk - r->history % r->chunk) % r->chunk;
  else
    rnn_chain_reset (cell, state);
}

static void
reset_layers (const Reverse *r, Block *block)
{
  for (gint b = 0; b < block->n; b++)
    rnn_chain_reset (&r->chain.cell, block->run.state + (gsize) b * r->layers_state);
}

/* Finds the next streams at or after b0 that are due in step t; FALSE: none.  @taped: with a tape for the layers. */
static gboolean
next_block (const Reverse *r, const RnnRun *run, gint t, gint b0, gboolean taped, Block *block)
{
  const RnnCell *cell = &r->chain.cell;
  gsize rows;
  gint b;

  while (b0 < run->B && place (r, run, t, b0))
    b0++;
  for (b = b0; b < run->B && !place (r, run, t, b) && n_past (r, run, t, b) == n_past (r, run, t, b0);)
    b++;
  *block = (Block) { .t = t, .b0 = b0, .n = b - b0 };
  block->absent = block->n > 0 ? n_past (r, run, t, b0) : 0;
  rows = block_steps (r) * (gsize) block->n;
  block->x = run->scratch;
  block->dx = block->x + rows * cell->n_in;
  block->dy = block->dx + rows * cell->n_in;
  block->run = (RnnRun) { .T = (gint) block_steps (r), .B = block->n, .x = block->x,
    .y = block->dy + rows * cell->n_out, .state_stride = r->layers_state };
  block->run.state = block->run.y + rows * cell->n_out;
  block->dstate = block->run.state + block->n * r->layers_state;
  block->run.scratch = block->dstate + block->n * r->layers_state;
  if (taped) {
    block->run.tape = block->run.scratch;
    block->run.scratch += rows * r->layers_tape;
  }
  rows = (gsize) block->absent * block->n;
  block->run.T -= block->absent;
  block->run.x += rows * cell->n_in;
  block->run.y += rows * cell->n_out;
  if (run->seed)
    block->run.seed = (run->seed + (guint64) (t + 1) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + (guint64) b0) | 1;
  return block->n > 0;
}

/* [C + R][n][n_out] */
static gfloat *
block_y (const Reverse *r, const Block *block)
{
  return block->run.y - (gsize) block->absent * block->n * r->chain.cell.n_out;
}

static void
run_block (const Reverse *r, const RnnRun *run, Block *block)
{
  const RnnCell *cell = &r->chain.cell;
  gfloat *x = (gfloat *) block->run.x;

  memset (block_y (r, block), 0, (gsize) block->absent * block->n * cell->n_out * sizeof (gfloat));
  for (gint i = r->history - block->absent; i >= 0; i--)
    for (gint b = 0; b < block->n; b++, x += cell->n_in)
      memcpy (x, rnn_history_row (run, cell->n_in, 0, r->history, block->t + i, block->b0 + b),
          (gsize) cell->n_in * sizeof (gfloat));
  reset_layers (r, block);
  if (block->run.T > 0)
    rnn_chain_forward (cell, &block->run);
}

/* Row in a block's arrays of what belongs to its step j, from the left. */
static gsize
block_row (const Reverse *r, const Block *block, gint j, gint b)
{
  return (gsize) (r->history - j) * block->n + b;
}

static void
keep_answers (const Reverse *r, const RnnRun *run, const Block *block)
{
  gint n = r->chain.cell.n_out;

  for (gint b = 0; b < block->n; b++)
    for (gint j = 0; j < r->chunk; j++)
      memcpy (answers (r, RNN_STATE_ROW (run->state, run, block->b0 + b)) + (gsize) j * n,
          block_y (r, block) + block_row (r, block, j, b) * n, (gsize) n * sizeof (gfloat));
}

static void
forward_blocks (const Reverse *r, const RnnRun *run)
{
  const RnnCell *cell = &r->chain.cell;
  gboolean training = run->tape != NULL || run->seed != 0;
  gint n = cell->n_out;
  Block block;

  for (gint t = 0; t < run->T; t++) {
    for (gint b = 0; next_block (r, run, t, b, training, &block); b = block.b0 + block.n) {
      run_block (r, run, &block);
      keep_answers (r, run, &block);
    }
    for (gint b = 0; b < run->B; b++)
      memcpy (run->y + ((gsize) t * run->B + b) * n,
          answers (r, RNN_STATE_ROW (run->state, run, b)) + (gsize) place (r, run, t, b) * n,
          (gsize) n * sizeof (gfloat));
  }
  for (gint b = 0; b < run->B; b++) {
    gfloat *end = RNN_STATE_ROW (run->state, run, b) + cell->n_state;
    gint next = place (r, run, run->T, b), past = n_past (r, run, run->T - 1, b);

    end[-NEXT] = next;
    end[-PAST] = past;
  }
  rnn_history_advance (run, cell->n_in, 0, r->history);
}

/* d loss/d answers moves from the state into the block's dy. */
static void
take_answers_grad (const Reverse *r, const RnnRun *run, const RnnGrad *grad, Block *block)
{
  gint n = r->chain.cell.n_out;
  gsize row = (gsize) n * sizeof (gfloat);

  memset (block->dy, 0, block_steps (r) * block->n * row);
  for (gint b = 0; b < block->n; b++) {
    gfloat *kept = answers (r, RNN_STATE_ROW (grad->dstate, run, block->b0 + b));

    for (gint j = 0; j < r->chunk; j++)
      memcpy (block->dy + block_row (r, block, j, b) * n, kept + (gsize) j * n, row);
    memset (kept, 0, r->chunk * row);
  }
}

static void
block_back (const Reverse *r, const RnnRun *run, const RnnGrad *grad, Block *block)
{
  const RnnCell *cell = &r->chain.cell;
  gsize rows = (gsize) block->absent * block->n;
  const gfloat *dx = block->dx + rows * cell->n_in;

  take_answers_grad (r, run, grad, block);
  if (block->run.T == 0)
    return;
  run_block (r, run, block);
  reset_layers (r, block);
  memset (block->dstate, 0, block->n * r->layers_state * sizeof (gfloat));
  rnn_chain_backward (cell, &block->run,
      &(RnnGrad) { .dy = block->dy + rows * cell->n_out, .dx = block->dx + rows * cell->n_in,
        .dstate = block->dstate, .dparam = grad->dparam });
  for (gint i = r->history - block->absent; i >= 0; i--)
    for (gint b = 0; b < block->n; b++, dx += cell->n_in) {
      gfloat *to = rnn_history_grad_row (run, grad, cell->n_in, 0, r->history, block->t + i, block->b0 + b);

      if (to)
        rnn_kernels ()->add (cell->n_in, dx, to);
    }
}

static void
backward_blocks (const Reverse *r, const RnnRun *run, const RnnGrad *grad)
{
  const RnnCell *cell = &r->chain.cell;
  gint n = cell->n_out;
  Block block;

  rnn_history_grad_begin (run, grad, cell->n_in, 0, r->history);
  for (gint t = run->T - 1; t >= 0; t--) {
    for (gint b = 0; b < run->B; b++)
      rnn_kernels ()->add (n, grad->dy + ((gsize) t * run->B + b) * n,
          answers (r, RNN_STATE_ROW (grad->dstate, run, b)) + (gsize) place (r, run, t, b) * n);
    for (gint b = 0; next_block (r, run, t, b, TRUE, &block); b = block.b0 + block.n)
      block_back (r, run, grad, &block);
  }
  for (gint b = 0; b < run->B; b++) {
    gfloat *end = RNN_STATE_ROW (grad->dstate, run, b) + cell->n_state;

    end[-NEXT] = end[-PAST] = 0;
  }
}

/* ---- the cell ---- */

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Reverse *r = (const Reverse *) cell;

  if (r->chunk)
    forward_blocks (r, run);
  else
    forward_whole (r, run);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Reverse *r = (const Reverse *) cell;

  if (r->chunk)
    backward_blocks (r, run, grad);
  else
    backward_whole (r, run, grad);
}

const RnnCellClass rnn_cell_reverse = {
  .name = "reverse",
  .summary = "layers that run from the future to the past: whole sequences, or blocks with a stated latency",
  .instance_size = sizeof (Reverse),
  .options = options,
  .n_copies = 1,
  .setup = setup,
  .reset = reset,
  .forward = forward,
  .backward = backward,
};
