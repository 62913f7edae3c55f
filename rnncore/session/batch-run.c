/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of a batch: rows are gathered, run, and go back to their streams.
 *
 * A run has as many steps as the shortest of its streams; what others have left goes back to the queue and runs with
 * whoever is there by then.  So no row is padding. */
#include "batcher-private.h"
#include <string.h>

/* Fills batch[B], returns B; T: steps of the run */
static guint
take (RnnBatcher *b, guint *T)
{
  guint B = 0, steps = RNN_BATCH_STEPS;

  while (b->head && B < b->max_streams) {
    RnnBatchStream *s = b->batch[B++] = rnn_batcher_dequeue (b);

    s->taken = TRUE;
    steps = MIN (steps, s->left);
  }
  *T = MIN (steps, b->max_rows / B);
  return B;
}

/* rows[T] of @size floats, as many apart as @ld says */
static void
copy_steps (guint T, gsize size, const gfloat *from, gsize ld_from, gfloat *to, gsize ld_to)
{
  rnn_copy_rows ((gint) T, (gint) size, from, ld_from, to, ld_to);
}

static void
gather (RnnBatcher *b, guint B, guint T)
{
  gsize n_in = b->root->n_in, n_state = b->root->n_state;

  for (guint i = 0; i < B; i++) {
    copy_steps (T, n_in, b->batch[i]->x, n_in, b->x + i * n_in, B * n_in);
    memcpy (b->state + i * n_state, b->batch[i]->state, n_state * sizeof (gfloat));
  }
}

static void
scatter (RnnBatcher *b, guint B, guint T)
{
  gsize n_out = b->root->n_out, n_state = b->root->n_state;

  for (guint i = 0; i < B; i++) {
    copy_steps (T, n_out, b->y + i * n_out, B * n_out, b->batch[i]->y, n_out);
    memcpy (b->batch[i]->state, b->state + i * n_state, n_state * sizeof (gfloat));
  }
}

/* NULL: no stream of the batch has ended. */
static const gint *
get_lengths (RnnBatcher *b, guint B)
{
  gboolean ended = FALSE;

  for (guint i = 0; i < B; i++) {
    b->lengths[i] = b->batch[i]->length;
    ended |= b->lengths[i] <= 0;
  }
  return ended ? b->lengths : NULL;
}

static void
forward (RnnBatcher *b, guint B, guint T)
{
  RnnBatchStream *first = b->batch[0];
  RnnRun run = { .T = (gint) T, .B = (gint) B, .x = b->x, .y = b->y, .state = b->state,
    .state_stride = b->root->n_state, .scratch = b->scratch, .lengths = get_lengths (b, B) };

  if (B == 1) {                 /* in place */
    run.x = first->x;
    run.y = first->y;
    run.state = first->state;
    rnn_cell_forward (b->root, &run);
    return;
  }
  gather (b, B, T);
  rnn_cell_forward (b->root, &run);
  scatter (b, B, T);
}

/* After a run: on to the next, or done. */
static void
let_go (RnnBatcher *b, RnnBatchStream *s, guint B, guint T)
{
  s->taken = FALSE;
  s->x += (gsize) T * b->root->n_in;
  s->y += (gsize) T * b->root->n_out;
  s->left -= T;
  s->length -= s->length <= 0 ? (gint) T : 0;
  s->stats.n_runs++;
  s->stats.n_rows += B;
  if (s->left > 0 && !s->cancelled)
    rnn_batcher_enqueue (b, s, g_get_monotonic_time ());        /* it has waited */
  else
    g_cond_signal (&s->changed);
}

void
rnn_batcher_run (RnnBatcher *b)
{
  guint T, B = take (b, &T);

  b->running = TRUE;
  g_mutex_unlock (&b->lock);
  forward (b, B, T);
  g_mutex_lock (&b->lock);
  b->running = FALSE;
  for (guint i = 0; i < B; i++)
    let_go (b, b->batch[i], B, T);
  if (b->n_joining)
    g_cond_broadcast (&b->idle);
  rnn_batcher_wake (b);
}
