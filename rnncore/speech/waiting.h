/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps that wait until it is known whether somebody spoke in them.
 *
 *   told:   |--- silence ---|---- speech ----|          A step leaves with the time that it is over: as speech, with its scores, if
 *   steps:   . . . . . . . . . . . . . . . . . ? ? ?    speech overlaps it.  It need not wait for the rest of what overlaps.
 *
 * What else happens to the stream waits in the same order.  While nobody tells, nothing waits.  A stretch of the stream begins anew where time
 * jumped; steps of the one before may still come, for a model looks ahead: they are told from others by their time alone. */
#pragma once
#include "../base/keep.h"

G_BEGIN_DECLS

typedef enum { RNN_WAITING_STEP, RNN_WAITING_SKIP, RNN_WAITING_FINISH } RnnWaitingKind;

typedef struct {
  RnnWaitingKind kind;
  guint64 start, end;           /* ns; FINISH: none */
  const gfloat *scores;         /* STEP: [n] until the next call; NULL: nobody spoke */
} RnnWaitingStep;

typedef struct {
  guint n;                      /* floats of a step */
  GArray *spans;                /* what was told, from the oldest that a step may need on; empty: nobody tells */
  GArray *steps, *scores;       /* waiting, from first on; a row of scores each */
  guint first;
  guint n_marks;                /* of them what is no step: those before it leave with what is known now */
  guint64 last;                 /* start of the step that left last, in this stretch; G_MAXUINT64: it is over */
  gboolean speech;              /* it was */
  RnnWaitingStep now;
} RnnWaiting;

void rnn_waiting_init (RnnWaiting *waiting, guint n);
void rnn_waiting_clear (RnnWaiting *waiting);
void rnn_waiting_reset (RnnWaiting *waiting);   /* nobody tells any more */
/* The stretch is over, what waits of it is dropped: what was told of the next one, or is told from its beginning on, counts. */
void rnn_waiting_jump (RnnWaiting *waiting);
/* What @from was told, too, and nothing else of it. */
void rnn_waiting_inherit (RnnWaiting *waiting, const RnnWaiting *from);
void rnn_waiting_begin (RnnWaiting *waiting, guint64 start);    /* a stretch */
void rnn_waiting_tell (RnnWaiting *waiting, guint64 end, gboolean speech);      /* of its next time */
/* scores[n] of a STEP, else NULL. */
void rnn_waiting_push (RnnWaiting *waiting, RnnWaitingKind kind, const gfloat *scores, guint64 start, guint64 end);
/* The oldest one that leaves now, or NULL. */
const RnnWaitingStep *rnn_waiting_next (RnnWaiting *waiting);
gboolean rnn_waiting_is_used (const RnnWaiting *waiting);       /* somebody tells, or something waits still */
guint rnn_waiting_get_n (const RnnWaiting *waiting);
const gfloat *rnn_waiting_get_scores (const RnnWaiting *waiting, guint i);
void rnn_waiting_keep (RnnWaiting *waiting, RnnKeep *keep);

G_END_DECLS
