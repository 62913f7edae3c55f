/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside a batcher: batcher.c (who is in it), batch-queue.c (who waits for what), batch-run.c (the arithmetic).
 *
 * A stream is idle, queued (its thread sleeps, or is about to run a batch) or taken (in the batch that runs).  One
 * batch of a batcher runs at a time. */
#pragma once
#include "batcher.h"
#include "../model/root.h"

G_BEGIN_DECLS

#define RNN_BATCH_ROWS 32       /* stream-steps of a run: more do not make a step cheaper */
#define RNN_BATCH_STEPS 16      /* of one stream in a run: others wait for no longer */

typedef struct {
  RnnModel *model;              /* prepared */
  const RnnCell *root;
  gchar *group;                 /* NULL: of one stream, and in no table */
  guint refs;                   /* under the table's lock */

  GMutex lock;                  /* of all below and of the streams */
  GPtrArray *streams;           /* of RnnBatchStream */
  RnnBatchStream *head;         /* the queue, by deadline */
  guint n_queued;
  gboolean running;             /* what follows belongs to the thread that runs */
  GCond idle;                   /* no longer running */
  guint n_joining;              /* threads that wait for that */

  /* room for one run, made when streams join */
  guint max_rows, max_streams;  /* B T <= max_rows, B <= max_streams */
  RnnBatchStream **batch;       /* [max_streams] */
  gint *lengths;                /* [max_streams] steps of the run that are of the stream, as RnnRun has them */
  gfloat *x, *y;                /* [T][B][n_in], [T][B][n_out] */
  gfloat *state;                /* [B][n_state] */
  gfloat *scratch;
} RnnBatcher;

struct _RnnBatchStream {
  RnnBatcher *batcher;
  guint deadline;               /* microseconds */
  guint max_steps;
  gfloat *state;                /* [n_state] */
  GCond changed;                /* wakes its thread */

  RnnBatchStream *next;         /* in the queue */
  gboolean queued, taken, cancelled;
  const gfloat *x;              /* what is left to run, of the caller */
  gfloat *y;
  guint left;                   /* steps */
  gint length;                  /* of these, before its end: all, G_MAXINT; or minus the steps that came after it */

  gint64 until;                 /* how long it waits */
  gint64 since;                 /* of its last run () */
  gint64 due;                   /* when the next is expected */
  gboolean regular;             /* it is expected: no deadline has passed without it */
  RnnBatchStats stats;
};

/* Takes streams off the queue and runs them.  Called, and returns, with the lock held. */
void rnn_batcher_run (RnnBatcher *batcher);
void rnn_batcher_enqueue (RnnBatcher *batcher, RnnBatchStream *stream, gint64 until);
RnnBatchStream *rnn_batcher_dequeue (RnnBatcher *batcher);
/* The head of the queue looks again whether it is time. */
void rnn_batcher_wake (RnnBatcher *batcher);

G_END_DECLS
