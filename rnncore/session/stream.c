/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Look-ahead, blocks and the end of one stream, over its place in a batch.
 *
 * Times wait in a queue until their answer comes.  At the end the model is told that no step follows and gets the last
 * one L times more (a jump to anything else would be heard by layers that do not ask for zeros); then the state is as it
 * was before, so that steps which follow after all go on from the last one, and the L answers that come again are
 * skipped. */
#include <math.h>
#include <string.h>
#include "../base/finite.h"
#include "../features/cmvn.h"
#include "stream.h"

typedef struct {
  guint64 start, duration;
} Times;

struct _RnnStream {
  RnnBatchStream *batch;
  gsize n_in, n_out;            /* floats per step */
  gint n_head;                  /* of them, the first head's */
  guint n_ahead;                /* L */
  gfloat *x;                    /* [n_room][n_in]; to begin with there is room for one: live steps come one by one */
  guint n_room;                 /* <= RNN_STREAM_BLOCK */
  gfloat *y;                    /* [RNN_STREAM_BLOCK][n_out] of the block under way */
  Times *times;                 /* [L + RNN_STREAM_BLOCK] of the steps that wait for their answer */
  guint n_waiting;              /* of them */
  guint n_block;                /* steps in x */
  gfloat *newest;               /* [n_in] the newest step, as it came */
  RnnCmvn *cmvn;                /* of models that take series or tensors: sound comes normalised */
  gfloat *last;                 /* [n_in] the newest step, as the model saw it; without cmvn newest */
  guint n_skip;                 /* answers that are to nothing: the first L */
  guint64 n_run;                /* steps since the blocks were aligned */
  guint n_answers, first, at;   /* of the last run: how many, the first one's row in y, the next to be taken */
  guint n_pad;                  /* steps past the end that are still to be run */
  gboolean due, finishing, ending, anew, cancelled;
  gfloat *kept;                 /* in the end: the state before it */
  guint64 n_missing;
  RnnStreamAnswer answer;
};

static gboolean
make_cmvn (RnnStream *s, RnnModel *model, GError **error)
{
  const RnnInput *input = rnn_model_get_input (model);

  if (input->klass->source == RNN_SOURCE_AUDIO || input->features.cmvn == RNN_CMVN_NONE || input->n_frame != input->n_in)
    return TRUE;
  s->cmvn = rnn_cmvn_new (&input->features, (guint) input->n_frame, rnn_model_get_input_mean (model),
      rnn_model_get_input_std (model), error);
  return s->cmvn != NULL;
}

RnnStream *
rnn_stream_new (RnnModel *model, const RnnStreamConfig *config, GError **error)
{
  RnnBatchStream *batch = rnn_batch_stream_new (model, config->precision, config->group, RNN_STREAM_BLOCK,
      config->deadline, error);
  RnnStream *s;

  if (!batch)
    return NULL;
  s = g_new0 (RnnStream, 1);
  s->batch = batch;
  if (!config->normalised && !make_cmvn (s, model, error)) {
    rnn_stream_free (s);
    return NULL;
  }
  s->n_in = rnn_model_get_n_in (model);
  s->n_out = rnn_model_get_n_out (model);
  s->n_head = rnn_output_primary (rnn_model_get_output (model))->n;
  s->n_ahead = rnn_batch_stream_get_latency (batch);
  s->n_room = 1;
  s->x = g_new (gfloat, s->n_in);
  s->newest = g_new0 (gfloat, s->n_in);
  s->last = s->cmvn ? g_new0 (gfloat, s->n_in) : s->newest;
  s->y = g_new0 (gfloat, RNN_STREAM_BLOCK * s->n_out);
  s->times = g_new (Times, s->n_ahead + RNN_STREAM_BLOCK);
  s->n_skip = s->n_ahead;
  return s;
}

void
rnn_stream_free (RnnStream *s)
{
  if (!s)
    return;
  rnn_batch_stream_free (s->batch);
  g_clear_pointer (&s->cmvn, rnn_cmvn_free);
  if (s->last != s->newest)
    g_free (s->last);
  g_free (s->x);
  g_free (s->newest);
  g_free (s->y);
  g_free (s->times);
  g_free (s->kept);
  g_free (s);
}

/* The next stretch of steps begins. */
static void
align (RnnStream *s)
{
  s->n_waiting = s->n_block = s->n_answers = s->at = s->n_pad = 0;
  s->n_skip = s->n_ahead;
  s->n_run = 0;
  s->due = s->finishing = s->ending = s->anew = FALSE;
  g_clear_pointer (&s->kept, g_free);
}

void
rnn_stream_reset (RnnStream *s)
{
  rnn_batch_stream_reset (s->batch);
  align (s);
  memset (s->newest, 0, s->n_in * sizeof (gfloat));
  if (s->cmvn)
    rnn_cmvn_reset (s->cmvn);
  s->cancelled = FALSE;
}

/* ---- steps in ---- */

gfloat *
rnn_stream_get_row (RnnStream *s)
{
  if (s->n_block == s->n_room) {
    s->n_room = MIN (2 * s->n_room, RNN_STREAM_BLOCK);
    s->x = g_renew (gfloat, s->x, s->n_room * s->n_in);
  }
  return s->x + s->n_block * s->n_in;
}

void
rnn_stream_repeat (RnnStream *s)
{
  memcpy (rnn_stream_get_row (s), s->newest, s->n_in * sizeof (gfloat));
}

static inline gboolean
is_missing (gfloat value)
{
  return !(fabsf (value) <= RNN_LARGEST);
}

static gboolean
any_missing (gsize n, const gfloat *row)
{
  gint missing = 0;

  for (gsize i = 0; i < n; i++)
    missing |= is_missing (row[i]);
  return missing;
}

static void
fill_missing (RnnStream *s, gfloat *row)
{
  for (gsize i = 0; i < s->n_in; i++)
    if (is_missing (row[i])) {
      row[i] = s->newest[i];
      s->n_missing++;
    }
}

void
rnn_stream_push (RnnStream *s, guint64 start, guint64 duration)
{
  gfloat *row = s->x + s->n_block++ * s->n_in;

  if (any_missing (s->n_in, row))
    fill_missing (s, row);
  memcpy (s->newest, row, s->n_in * sizeof (gfloat));
  if (s->cmvn) {
    rnn_cmvn_apply (s->cmvn, row);
    memcpy (s->last, row, s->n_in * sizeof (gfloat));
  }
  s->times[s->n_waiting++] = (Times) { start, duration };
}

void
rnn_stream_flush (RnnStream *s)
{
  s->due = TRUE;
}

void
rnn_stream_finish (RnnStream *s)
{
  s->due = s->finishing = TRUE;
}

/* ---- answers out ---- */

/* The first n rows of x. */
static gboolean
run (RnnStream *s, guint n)
{
  guint skip = MIN (n, s->n_skip);
  guint row = s->ending ? 0 : s->n_run % RNN_STREAM_BLOCK;      /* a run is within one block */
  gfloat *y = s->y + row * s->n_out;

  if (!(s->ending ? rnn_batch_stream_pad : rnn_batch_stream_run) (s->batch, n, s->x, y)) {
    s->cancelled = TRUE;
    return FALSE;
  }
  s->n_run += n;
  s->n_skip -= skip;
  s->first = row + skip;
  s->n_answers = n - skip;
  s->at = 0;
  return TRUE;
}

static gboolean
run_block (RnnStream *s)
{
  guint n = s->n_block;

  s->n_block = 0;
  return run (s, n);
}

/* From here on there is only the newest step, again and again. */
static void
enter_end (RnnStream *s)
{
  s->kept = g_new (gfloat, rnn_batch_stream_get_state_size (s->batch));
  rnn_batch_stream_get_state (s->batch, s->kept);
  for (guint i = 0; i < s->n_room; i++)
    memcpy (s->x + i * s->n_in, s->last, s->n_in * sizeof (gfloat));
  s->n_pad = s->n_ahead;
  s->ending = TRUE;
}

static gboolean
run_end (RnnStream *s)
{
  guint n = MIN (s->n_pad, s->n_room);

  s->n_pad -= n;
  return run (s, n);
}

static void
leave_end (RnnStream *s)
{
  if (s->anew)
    rnn_batch_stream_reset (s->batch);
  else if (s->ending)
    rnn_batch_stream_set_state (s->batch, s->kept);
  align (s);
}

/* One more piece of work; FALSE: there is none. */
static gboolean
work (RnnStream *s)
{
  if (s->cancelled)
    return FALSE;
  if (s->n_block > 0 && (s->due || (s->n_run + s->n_block) % RNN_STREAM_BLOCK == 0))
    return run_block (s);
  s->due = FALSE;
  if (!s->finishing)
    return FALSE;
  if (s->n_pad > 0)
    return run_end (s);
  if (s->n_waiting > 0) {       /* so L > 0 */
    enter_end (s);
    return TRUE;
  }
  leave_end (s);
  return FALSE;
}

/* Those that were answered wait no more. */
static void
drop_times (RnnStream *s)
{
  s->n_waiting -= s->n_answers;
  memmove (s->times, s->times + s->n_answers, s->n_waiting * sizeof (Times));
  s->n_answers = s->at = 0;
}

const RnnStreamAnswer *
rnn_stream_next (RnnStream *s)
{
  while (s->at == s->n_answers) {
    drop_times (s);
    if (!work (s))
      return NULL;
  }
  s->answer = (RnnStreamAnswer) {
    s->y + (s->first + s->at) * s->n_out, s->times[s->at].start, s->times[s->at].duration
  };
  s->at++;
  return &s->answer;
}

/* ---- beginning anew ---- */

/* In the @n rows of y from @first on */
static gboolean
is_quiet (RnnStream *s, guint first, guint n, gint blank)
{
  for (guint i = first; i < first + n; i++) {
    const gfloat *y = s->y + i * s->n_out;

    for (gint v = 0; v < s->n_head; v++)
      if (y[v] > y[blank])
        return FALSE;
  }
  return TRUE;
}

/* Runs the end to see what it would answer, and takes it back. */
static gboolean
would_be_quiet (RnnStream *s, gint blank)
{
  guint skip = s->n_skip;
  guint64 n_run = s->n_run;
  gboolean quiet = TRUE;

  enter_end (s);
  while (quiet && s->n_pad > 0)
    quiet = run_end (s) && is_quiet (s, s->first, s->n_answers, blank);
  rnn_batch_stream_set_state (s->batch, s->kept);
  g_clear_pointer (&s->kept, g_free);
  s->n_skip = skip;
  s->n_run = n_run;
  s->n_answers = s->at = s->n_pad = 0;
  s->ending = FALSE;
  return quiet;
}

gboolean
rnn_stream_restart (RnnStream *s, gint blank)
{
  if (blank >= 0 && (!is_quiet (s, 0, MIN (s->n_run, RNN_STREAM_BLOCK), blank)
          || (s->n_waiting > 0 && !would_be_quiet (s, blank))))
    return FALSE;
  s->anew = TRUE;
  rnn_stream_finish (s);
  return TRUE;
}

gboolean
rnn_stream_is_between_blocks (RnnStream *s)
{
  return s->n_block == 0 && s->n_run % RNN_STREAM_BLOCK == 0;
}

/* ---- into another process ---- */

static void
keep_state (RnnStream *s, RnnKeep *keep)
{
  gsize n = rnn_batch_stream_get_state_size (s->batch);
  g_autofree gfloat *state = g_new (gfloat, MAX (n, 1));

  rnn_keep_same (keep, n);
  rnn_batch_stream_get_state (s->batch, state);
  rnn_keep (keep, state, n * sizeof (gfloat));
  if (!keep->to && !keep->failed)
    rnn_batch_stream_set_state (s->batch, state);
}

static void
keep_steps (RnnStream *s, RnnKeep *keep)
{
  rnn_keep_count (keep, &s->n_waiting, s->n_ahead + RNN_STREAM_BLOCK);
  rnn_keep (keep, s->times, s->n_waiting * sizeof (Times));
  rnn_keep_count (keep, &s->n_block, RNN_STREAM_BLOCK - 1);
  if (s->n_block > s->n_room) {
    s->n_room = RNN_STREAM_BLOCK;
    s->x = g_renew (gfloat, s->x, s->n_room * s->n_in);
  }
  rnn_keep (keep, s->x, s->n_block * s->n_in * sizeof (gfloat));
  rnn_keep_count (keep, &s->n_skip, s->n_ahead);
  rnn_keep (keep, &s->n_run, sizeof s->n_run);
  if (s->n_waiting != s->n_ahead - s->n_skip + s->n_block || s->n_run % RNN_STREAM_BLOCK + s->n_block > RNN_STREAM_BLOCK)
    keep->failed = TRUE;
}

void
rnn_stream_keep (RnnStream *s, RnnKeep *keep)
{
  if (!keep->to)
    rnn_stream_reset (s);
  if (s->at < s->n_answers || s->finishing || s->ending || s->cancelled) {
    keep->failed = TRUE;
    return;
  }
  drop_times (s);
  rnn_keep_same (keep, s->n_in);
  rnn_keep_same (keep, s->n_out);
  rnn_keep_same (keep, s->n_ahead);
  keep_steps (s, keep);
  rnn_keep (keep, s->newest, s->n_in * sizeof (gfloat));
  if (s->cmvn) {
    rnn_keep (keep, s->last, s->n_in * sizeof (gfloat));
    rnn_cmvn_keep (s->cmvn, keep);
  }
  rnn_keep (keep, s->y, RNN_STREAM_BLOCK * s->n_out * sizeof (gfloat));
  keep_state (s, keep);
  if (keep->failed && !keep->to)
    rnn_stream_reset (s);
}

/* ---- the rest ---- */

void
rnn_stream_cancel (RnnStream *s, gboolean cancel)
{
  rnn_batch_stream_cancel (s->batch, cancel);
}

gboolean
rnn_stream_was_cancelled (RnnStream *s)
{
  return s->cancelled;
}

guint
rnn_stream_get_latency (RnnStream *s)
{
  return s->n_ahead;
}

guint64
rnn_stream_get_n_missing (RnnStream *s)
{
  return s->n_missing;
}

void
rnn_stream_get_stats (RnnStream *s, RnnBatchStats *stats)
{
  rnn_batch_stream_get_stats (s->batch, stats);
}
