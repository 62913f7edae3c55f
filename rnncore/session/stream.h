/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One stream of a model: steps and their times in, the answer to each out.
 *
 * A model that looks L steps ahead answers a step when L more are there; finish fetches what is due then.  Steps run in
 * blocks that begin at multiples of RNN_STREAM_BLOCK since the start or the last reset, but the last answers can be
 * had before a block is full.  The answers are the same bits however steps are put together.
 *
 * A value that is no finite number, or beyond 1e18, is missing: the last one of its kind takes its place, 0 if there was
 * none. */
#pragma once
#include "../base/keep.h"
#include "batcher.h"

RNN_API_BEGIN

#define RNN_STREAM_BLOCK 4      /* steps that run at once */

typedef struct _RnnStream RnnStream;

typedef struct {
  RnnPrecision precision;
  const gchar *group;           /* as for rnn_batch_stream_new () */
  guint deadline;
  gboolean normalised;          /* the steps are those of an RnnInputStream; FALSE: of a model of series or tensors, raw rows */
} RnnStreamConfig;

typedef struct {
  const gfloat *y;              /* [n_out] */
  guint64 start, duration;      /* of the step that it answers, as pushed */
} RnnStreamAnswer;

RnnStream *rnn_stream_new (RnnModel *model, const RnnStreamConfig *config, GError **error);
void rnn_stream_free (RnnStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnStream, rnn_stream_free)

/* Where the next step [n_in] is to be written before it is pushed. */
gfloat *rnn_stream_get_row (RnnStream *stream);
/* The newest step [n_in] again, in place of one that was lost. */
void rnn_stream_repeat (RnnStream *stream);
/* After each of these, all answers have to be taken by next. */
void rnn_stream_push (RnnStream *stream, guint64 start, guint64 duration);
void rnn_stream_flush (RnnStream *stream);      /* what was pushed is run now, though the block is not full */
void rnn_stream_finish (RnnStream *stream);     /* all answers are due; the next step goes on from the last one; that
                                                 * alone allocates, a copy of the state until they were taken */
/* The next answer, oldest first, or NULL: there is none for now, or the stream was cancelled. (transfer none), valid
 * until the next call. */
const RnnStreamAnswer *rnn_stream_next (RnnStream *stream);

/* Between two blocks: begins anew, after the answers that are due, unless something has been heard: a step of the last
 * block, or one that waits for its answer, for which @blank is not the best output (@blank < 0: never). */
gboolean rnn_stream_restart (RnnStream *stream, gint blank);
gboolean rnn_stream_is_between_blocks (RnnStream *stream);
void rnn_stream_reset (RnnStream *stream);      /* forgets all */
/* All of it but statistics, out of a stream whose answers are all taken, or into one of the same model (base/keep.h), which goes on to
 * the same bits; at an end, or after cancelling, it fails. */
void rnn_stream_keep (RnnStream *stream, RnnKeep *keep);

/* As rnn_batch_stream_cancel ().  Once next has met it, only reset helps. */
void rnn_stream_cancel (RnnStream *stream, gboolean cancel);
gboolean rnn_stream_was_cancelled (RnnStream *stream);

guint rnn_stream_get_latency (RnnStream *stream);       /* L */
guint64 rnn_stream_get_n_missing (RnnStream *stream);   /* values, so far */
void rnn_stream_get_stats (RnnStream *stream, RnnBatchStats *stats);

RNN_API_END
