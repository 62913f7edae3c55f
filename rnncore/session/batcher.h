/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream whose steps run together with those of other streams, of other threads, that use the same model.
 *
 * Streams of one process with the same model, precision and group share the batches; each has its own state, joins and
 * leaves at any step, and gets the bits that it would get alone.  There is no thread for it: rnn_batch_stream_run ()
 * waits until all streams that are expected have come, or a deadline has passed; then one of the threads that wait runs
 * the batch for all of them.  It does not allocate or log. */
#pragma once
#include "../model/model.h"

RNN_API_BEGIN

typedef struct _RnnBatchStream RnnBatchStream;

typedef struct {
  guint64 n_runs;               /* runs that had steps of this stream */
  guint64 n_rows;               /* streams in these runs, this one counted, summed up */
} RnnBatchStats;

/* @group: NULL: alone.  @max_steps: a hint, the longest chunk to come; longer ones are cut, so that nobody waits long.
 * @deadline: how long a step may wait for others, in microseconds.  Fails as rnn_session_new () does. */
RnnBatchStream *rnn_batch_stream_new (RnnModel *model, RnnPrecision precision, const gchar *group, guint max_steps,
    guint deadline, GError **error);
void rnn_batch_stream_free (RnnBatchStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RnnBatchStream, rnn_batch_stream_free)

/* x [n_steps][n_in] -> y [n_steps][n_out], as rnn_session_run ().  One thread at a time; it may wait, @x and @y must
 * stay.  FALSE: cancelled, perhaps in the midst of it, so y and the state are good for nothing but a reset. */
gboolean rnn_batch_stream_run (RnnBatchStream *stream, guint n_steps, const gfloat *x, gfloat *y);

/* The same for steps past the end of the stream, which fetch the last answers: layers that look ahead know that these
 * steps do not exist.  After them the stream can only be reset, or set to a state of before. */
gboolean rnn_batch_stream_pad (RnnBatchStream *stream, guint n_steps, const gfloat *x, gfloat *y);

/* From any thread.  TRUE: ends a run () that waits and refuses others, until it is called with FALSE. */
void rnn_batch_stream_cancel (RnnBatchStream *stream, gboolean cancel);

/* As for sessions.  They must not meet a run (). */
/* Begins anew; nobody waits for the stream until it runs again. */
void  rnn_batch_stream_reset (RnnBatchStream *stream);
gsize rnn_batch_stream_get_state_size (RnnBatchStream *stream);         /* floats */
void  rnn_batch_stream_get_state (RnnBatchStream *stream, gfloat *state);
void  rnn_batch_stream_set_state (RnnBatchStream *stream, const gfloat *state);
guint rnn_batch_stream_get_latency (RnnBatchStream *stream);            /* steps */
void  rnn_batch_stream_get_stats (RnnBatchStream *stream, RnnBatchStats *stats);

RNN_API_END
