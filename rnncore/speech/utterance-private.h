/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside an utterance: utterance.c (results out), utterance-steps.c (steps in), utterance-heads.c (which head), utterance-options.c, utterance-state.c (into another process). */
#pragma once
#include "endpoint.h"
#include "steady.h"
#include "utterance.h"
#include "waiting.h"
#include "writer.h"

G_BEGIN_DECLS

#define MS G_GUINT64_CONSTANT (1000000)
#define NEVER G_MAXUINT64
#define QUIET_INTERVAL (500 * MS)       /* who waits for text learns of a silence at least so often */

typedef struct {
  guint64 start, end;
} RnnStepTimes;

struct _RnnUtterance {
  RnnUtteranceConfig config;
  RnnTokens *tokens;
  RnnCtcDecoder *decoder;
  RnnWriter *writer;            /* NULL: words stay as they were heard */
  RnnWriter *next_writer;       /* from the next utterance on, if it is another one */
  gboolean rewritten;
  RnnCaptioner *captioner;
  RnnEndpoint endpoint;
  gboolean english;             /* by its output */
  guint head;                   /* of the output, which it listens to */
  gint first;                   /* of the head's scores in a step */
  GArray *calibration;          /* of its confidences, or NULL */
  gfloat *silence;              /* [V] scores of a step that nothing is heard in */
  gint seam;                    /* the token that the last utterance ended within; -1: none */

  RnnWaiting waiting;           /* what is not heard yet, for nobody knows whether it is speech */

  guint64 start;                /* of the utterance; NEVER: no step yet */
  guint64 end;                  /* of the one that is over */
  guint64 position;             /* end of the last step */
  guint64 hop;                  /* its duration */
  guint64 told;                 /* until where results have told of the time */
  guint64 last_partial;
  guint64 n_words;
  GArray *times;                /* RnnStepTimes: of the utterance's steps from first_step on */
  guint64 first_step;           /* that a word may still refer to */
  GString *text;                /* of the utterance: its stable words */
  GString *partial;             /* last shown */
  GArray *unstable;             /* RnnWord: the words of a partial result that may change */
  RnnSteady steady;             /* how long those that the decoder guesses have stood */
  guint64 n_heard;              /* stable words of the utterance */
  guint n_taken;                /* of them that the decoder still has */
  RnnWord word;                 /* the last one */

  gboolean over;                /* the utterance is: its end is to be pulled */
  gboolean by_silence;
  gboolean written, flushed, ended;     /* the writer and the captioner were, the endpoint was pulled */
  gboolean reshaped;            /* the captioner is to be made anew */
  gboolean tell;                /* of the time up to now, however short */
  RnnResult result;
};

/* At least one of its steps was heard, and its end was not pulled. */
static inline gboolean
rnn_utterance_has_begun (const RnnUtterance *u)
{
  return u->start != NEVER && !u->ended;
}

/* The search starts anew. */
void rnn_utterance_forget (RnnUtterance *u);
/* When the decoder's @step was. */
const RnnStepTimes *rnn_utterance_times_of (RnnUtterance *u, guint64 step);
/* Hears the oldest thing that waits, if it may leave; FALSE: nothing */
gboolean rnn_utterance_hear_waiting (RnnUtterance *u);

G_END_DECLS
