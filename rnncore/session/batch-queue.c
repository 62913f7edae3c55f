/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who waits for what: the queue of a batcher, by deadline.
 *
 * The thread that completes a batch runs it; if nobody does, the first of the queue runs it when its deadline has
 * passed.  A batch is complete when it is full, or when no other stream is expected before that deadline: those that
 * come at an interval are expected one interval after they last came.  A stream that lets a deadline pass is no longer
 * expected until it comes again, so whoever pauses or ends holds others up once at most. */
#include "batcher-private.h"

void
rnn_batcher_enqueue (RnnBatcher *b, RnnBatchStream *s, gint64 until)
{
  RnnBatchStream **at = &b->head;

  while (*at && (*at)->until <= until)
    at = &(*at)->next;
  s->until = until;
  s->next = *at;
  *at = s;
  s->queued = TRUE;
  b->n_queued++;
}

static void
unlink_stream (RnnBatcher *b, RnnBatchStream *s)
{
  RnnBatchStream **at = &b->head;

  while (*at != s)
    at = &(*at)->next;
  *at = s->next;
  s->queued = FALSE;
  b->n_queued--;
}

RnnBatchStream *
rnn_batcher_dequeue (RnnBatcher *b)
{
  RnnBatchStream *s = b->head;

  unlink_stream (b, s);
  return s;
}

void
rnn_batcher_wake (RnnBatcher *b)
{
  if (b->head && !b->running)
    g_cond_signal (&b->head->changed);
}

static gboolean
is_expected (const RnnBatcher *b, const RnnBatchStream *s)
{
  return s->regular && !s->queued && s->due <= b->head->until;
}

static gboolean
is_complete (const RnnBatcher *b)
{
  if (b->n_queued >= b->max_streams)
    return TRUE;
  for (guint i = 0; i < b->streams->len; i++)
    if (is_expected (b, b->streams->pdata[i]))
      return FALSE;
  return TRUE;
}

/* The deadline has passed without them. */
static void
give_up (RnnBatcher *b)
{
  for (guint i = 0; i < b->streams->len; i++) {
    RnnBatchStream *s = b->streams->pdata[i];

    if (is_expected (b, s))
      s->regular = FALSE;
  }
}

static void
submit (RnnBatchStream *s, guint n_steps, const gfloat *x, gfloat *y)
{
  gint64 now = g_get_monotonic_time ();

  s->x = x;
  s->y = y;
  s->left = n_steps;
  s->due = s->regular ? now + (now - s->since) : now;
  s->since = now;
  s->regular = TRUE;
  rnn_batcher_enqueue (s->batcher, s, now + s->deadline);
}

/* Runs a batch if it is time; else sleeps until something has changed. */
static void
run_or_wait (RnnBatcher *b, RnnBatchStream *s)
{
  if (s->taken || b->running) {
    g_cond_wait (&s->changed, &b->lock);
  } else if (is_complete (b)) {
    rnn_batcher_run (b);
  } else if (g_get_monotonic_time () >= b->head->until) {
    give_up (b);
    rnn_batcher_run (b);
  } else if (s == b->head) {
    g_cond_wait_until (&s->changed, &b->lock, s->until);
  } else {
    g_cond_wait (&s->changed, &b->lock);
  }
}

/* @length: at most so many of the steps are before the stream's end. */
static gboolean
run (RnnBatchStream *s, guint n_steps, gint length, const gfloat *x, gfloat *y)
{
  RnnBatcher *b = s->batcher;
  gboolean done;

  if (n_steps == 0)
    return TRUE;
  g_mutex_lock (&b->lock);
  s->length = length == G_MAXINT ? length : MIN (s->length, length);
  if (s->cancelled)
    s->left = n_steps;
  else
    submit (s, n_steps, x, y);
  while (s->queued || s->taken)
    run_or_wait (b, s);
  done = s->left == 0;
  g_mutex_unlock (&b->lock);
  return done;
}

gboolean
rnn_batch_stream_run (RnnBatchStream *s, guint n_steps, const gfloat *x, gfloat *y)
{
  return run (s, n_steps, G_MAXINT, x, y);
}

gboolean
rnn_batch_stream_pad (RnnBatchStream *s, guint n_steps, const gfloat *x, gfloat *y)
{
  return run (s, n_steps, 0, x, y);
}

void
rnn_batch_stream_cancel (RnnBatchStream *s, gboolean cancel)
{
  RnnBatcher *b = s->batcher;

  g_mutex_lock (&b->lock);
  s->cancelled = cancel;
  if (cancel)
    s->regular = FALSE;
  if (cancel && s->queued) {
    unlink_stream (b, s);
    g_cond_signal (&s->changed);
  }
  rnn_batcher_wake (b);
  g_mutex_unlock (&b->lock);
}

void
rnn_batch_stream_reset (RnnBatchStream *s)
{
  RnnBatcher *b = s->batcher;

  rnn_cell_reset_state (b->root, s->state);
  s->length = G_MAXINT;
  g_mutex_lock (&b->lock);
  s->regular = FALSE;
  rnn_batcher_wake (b);
  g_mutex_unlock (&b->lock);
}
