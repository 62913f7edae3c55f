/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside a recurrent scorer: recurrent.c (what it is, words as tokens), recurrent-rows.c (the arithmetic), recurrent-nodes.c (what is known). */
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

/* ---- recurrent-nodes.c ---- */

/* Tokens read after a state: what is known then. */
typedef struct {
  gfloat *state;                /* [n_state] of the cells */
  gfloat *y;                    /* [V] for the next token; then the greatest of them, and rnn_log_z () */
} RnnRecurrentNode;

typedef struct {
  guint n_floats, n_state;      /* of a node; of these its state */
  guint n_sets;
  guint now, spare;             /* call; the next of those that are not found again */
  guint64 *keys;                /* [n_sets][WAYS]; 0: none */
  guint32 *used;                /* [n_sets][WAYS] in which call */
  gfloat *floats;               /* [n_sets][WAYS], [SPARE]: [n_floats] */
} RnnRecurrentNodes;

void     rnn_recurrent_nodes_init  (RnnRecurrentNodes *nodes, gsize n_state, gsize V);
void     rnn_recurrent_nodes_clear (RnnRecurrentNodes *nodes);
/* Another call begins: what it finds stays until it ends; so does what it adds, or, when there are too many, until two steps later. */
void     rnn_recurrent_nodes_begin (RnnRecurrentNodes *nodes);
gboolean rnn_recurrent_nodes_find  (RnnRecurrentNodes *nodes, guint64 key, RnnRecurrentNode *node);
/* A place for it, to be filled in. */
void     rnn_recurrent_nodes_add   (RnnRecurrentNodes *nodes, guint64 key, RnnRecurrentNode *node);

/* ---- recurrent-rows.c ---- */

/* One word after one state. */
typedef struct {
  const gfloat *state;
  guint64 key;                  /* of the state and the word */
  gfloat *next;                 /* where the state after it goes, or NULL */
  guint n, n_steps;             /* tokens; with the one more that says how letters end */
  gfloat x[RNN_RECURRENT_LONGEST + 1];  /* the token before, then these */
  guint64 path;                 /* digest of the state and of the tokens read */
  RnnRecurrentNode node;        /* after these */
  gfloat score;                 /* so far */
} RnnRecurrentRow;

typedef struct {                /* what one call works in */
  RnnRecurrentRow rows[RNN_RECURRENT_ROWS];
  RnnRecurrentNodes nodes;
  RnnRecurrentNode made[RNN_RECURRENT_ROWS];    /* where the batch of a step goes */
  gfloat x[RNN_RECURRENT_ROWS]; /* the batch: */
  gfloat *states;               /* [ROWS][n_state] */
  gfloat *y;                    /* [ROWS][V] */
  gfloat *scratch;
} RnnRecurrentRoom;

/* Nothing is allocated once as many threads have been in as ever are so at once. */
RnnRecurrentRoom *rnn_recurrent_enter (RnnRecurrent *r);
void     rnn_recurrent_leave (RnnRecurrent *r, RnnRecurrentRoom *room);
void     rnn_recurrent_room_free (gpointer room);
/* Scores of room->rows[n], and the states after them where these are wanted: each the same bits as by itself. */
void     rnn_recurrent_answer (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n);
/* The score of @row but for tokens of which nothing is known yet: no less than the whole. */
gfloat   rnn_recurrent_peek (const RnnRecurrent *r, RnnRecurrentRoom *room, RnnRecurrentRow *row);
guint64  rnn_recurrent_digest (const RnnRecurrent *r, const gfloat *state);
guint64  rnn_recurrent_digest_in (const RnnRecurrent *r, const gfloat *state);         /* that it holds */
void     rnn_recurrent_set_digest (const RnnRecurrent *r, gfloat *state);

G_END_DECLS
