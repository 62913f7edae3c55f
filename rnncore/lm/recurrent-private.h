/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside a recurrent scorer: recurrent.c (what it is, words as tokens), recurrent-rows.c (the arithmetic). */
#pragma once
#include "recurrent.h"
#include "../model/root.h"
#include "../text/trie.h"

G_BEGIN_DECLS

#define RNN_RECURRENT_LONGEST 64        /* tokens of a word */
#define RNN_RECURRENT_ROWS 64           /* words at once */

typedef enum { RNN_RECURRENT_LETTERS, RNN_RECURRENT_PIECES, RNN_RECURRENT_WORDS } RnnRecurrentKind;

/* Behind the cells' state; the digest takes two floats. */
enum { RNN_RECURRENT_LAST, RNN_RECURRENT_SPACE, RNN_RECURRENT_END, RNN_RECURRENT_DIGEST, RNN_RECURRENT_EXTRA = RNN_RECURRENT_DIGEST + 2 };

typedef struct {
  guint64 key;
  gfloat score;
} RnnRecurrentScore;

typedef struct {
  RnnScorer base;
  RnnModel *model;
  const RnnCell *root;
  const gchar *const *labels;
  GHashTable *numbers;          /* label -> number + 1 */
  RnnTrie tree;                 /* of the labels: a search cuts hundreds of words a step */
  RnnRecurrentKind kind;
  gint V, space, end, unknown;  /* -1: there is none */
  gfloat *begin;                /* the state at the beginning */
  GMutex lock;                  /* of what follows */
  GPtrArray *rooms;             /* of RnnRecurrentRoom, those not in use */
  RnnRecurrentScore *remembered;        /* [REMEMBERED] */
} RnnRecurrent;

/* One word after one state. */
typedef struct {
  const gfloat *state;
  guint64 digest;               /* of the state */
  guint64 key;                  /* of both */
  gfloat *next;                 /* where the state after it goes, or NULL */
  guint n, n_steps;             /* tokens; with the one more that says how letters end */
  gfloat x[RNN_RECURRENT_LONGEST + 1];  /* the token before, then these */
  gfloat score;                 /* so far */
  guint node;                   /* of the step under way: its place in the batch */
} RnnRecurrentRow;

typedef struct {                /* what one call works in */
  RnnRecurrentRow rows[RNN_RECURRENT_ROWS];
  RnnRecurrentRow *order[RNN_RECURRENT_ROWS];
  gfloat x[RNN_RECURRENT_ROWS];
  gfloat *y;                    /* [ROWS][V] */
  gfloat *states[2];            /* [ROWS][n_state] of the step under way, of the one before, in turns */
  gfloat *scratch;
} RnnRecurrentRoom;

/* Nothing is allocated once as many threads have been in as ever are so at once. */
RnnRecurrentRoom *rnn_recurrent_enter (RnnRecurrent *r);
void     rnn_recurrent_leave (RnnRecurrent *r, RnnRecurrentRoom *room);
void     rnn_recurrent_room_free (gpointer room);
/* Scores of room->rows[n], and the states after them where these are wanted: each the same bits as by itself. */
void     rnn_recurrent_answer (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n);
guint64  rnn_recurrent_digest (const RnnRecurrent *r, const gfloat *state);
void     rnn_recurrent_set_digest (const RnnRecurrent *r, gfloat *state);

G_END_DECLS
