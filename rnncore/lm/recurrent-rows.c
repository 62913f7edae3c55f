/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words after states, many at once: of the tree of their tokens, what is new of a step goes through the model as one batch. */
#include "recurrent-private.h"
#include "../base/digest.h"
#include "../ctc/ctc.h"
#include <math.h>
#include <string.h>

/* ---- rooms ---- */

RnnRecurrentRoom *
rnn_recurrent_enter (RnnRecurrent *r)
{
  RnnRecurrentRoom *room;

  g_mutex_lock (&r->lock);
  room = r->rooms->len ? g_ptr_array_steal_index_fast (r->rooms, r->rooms->len - 1) : NULL;
  g_mutex_unlock (&r->lock);
  if (room)
    return room;
  room = g_new (RnnRecurrentRoom, 1);
  rnn_recurrent_nodes_init (&room->nodes, r->root->n_state, r->V);
  room->y = g_new (gfloat, (gsize) RNN_RECURRENT_ROWS * r->V);
  room->states = g_aligned_alloc (RNN_RECURRENT_ROWS * r->root->n_state + 1, sizeof (gfloat), 64);
  room->scratch = g_aligned_alloc (rnn_cell_scratch_size (r->root, 1, RNN_RECURRENT_ROWS) + 1, sizeof (gfloat), 64);
  return room;
}

void
rnn_recurrent_leave (RnnRecurrent *r, RnnRecurrentRoom *room)
{
  g_mutex_lock (&r->lock);
  g_ptr_array_add (r->rooms, room);
  g_mutex_unlock (&r->lock);
}

void
rnn_recurrent_room_free (gpointer data)
{
  RnnRecurrentRoom *room = data;

  rnn_recurrent_nodes_clear (&room->nodes);
  g_free (room->y);
  g_aligned_free (room->states);
  g_aligned_free (room->scratch);
  g_free (room);
}

/* ---- states ---- */

guint64
rnn_recurrent_digest (const RnnRecurrent *r, const gfloat *state)
{
  return rnn_digest_bytes (RNN_DIGEST_START, state, (r->root->n_state + RNN_RECURRENT_DIGEST) * sizeof *state);
}

void
rnn_recurrent_set_digest (const RnnRecurrent *r, gfloat *state)
{
  guint64 digest = rnn_recurrent_digest (r, state);

  memcpy (state + r->root->n_state + RNN_RECURRENT_DIGEST, &digest, sizeof digest);
}

guint64
rnn_recurrent_digest_in (const RnnRecurrent *r, const gfloat *state)
{
  guint64 digest;

  memcpy (&digest, state + r->root->n_state + RNN_RECURRENT_DIGEST, sizeof digest);
  return digest;
}

/* ---- the tree ---- */

static void
begin_row (const RnnRecurrent *r, RnnRecurrentRow *row)
{
  row->path = MAX (1, rnn_recurrent_digest_in (r, row->state));
  row->node.state = (gfloat *) row->state;
}

/* Its node, once @t tokens behind the one before are read. */
static void
step_row (RnnRecurrentRow *row, guint t)
{
  guint64 token = (guint64) row->x[t];

  row->path = MAX (1, rnn_digest_bytes (row->path, &token, sizeof token));
}

/* log P of @token in a node, the bits of rnn_log_softmax (). */
static gfloat
log_p (const RnnRecurrent *r, const RnnRecurrentNode *node, gfloat token)
{
  return (node->y[(gint) token] - node->y[r->V]) - node->y[r->V + 1];
}

/* The n nodes made: through the model as one batch. */
static void
make_nodes (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n)
{
  gsize n_state = r->root->n_state, V = (gsize) r->V;
  RnnRun run = {.T = 1,.B = (gint) n,.x = room->x,.y = room->y,.state = room->states,.state_stride = n_state,.scratch = room->scratch };

  rnn_cell_forward (r->root, &run);
  for (guint b = 0; b < n; b++) {
    gfloat *y = room->made[b].y;

    memcpy (room->made[b].state, room->states + b * n_state, n_state * sizeof *y);
    memcpy (y, room->y + b * V, V * sizeof *y);
    y[V + 1] = rnn_log_z (r->V, y, &y[V]);
  }
}

/* The nodes of step t of the rows that have one: found, or made. */
static void
find_nodes (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n, guint t)
{
  gsize n_state = r->root->n_state;
  guint new = 0;

  for (guint i = 0; i < n; i++) {
    RnnRecurrentRow *row = &room->rows[i];
    const gfloat *before = row->node.state;

    if (t >= row->n_steps)
      continue;
    if (t > 0)
      step_row (row, t);
    if (rnn_recurrent_nodes_find (&room->nodes, row->path, &row->node))
      continue;
    rnn_recurrent_nodes_add (&room->nodes, row->path, &row->node);
    memcpy (room->states + new * n_state, before, n_state * sizeof *before);
    room->x[new] = row->x[t];
    room->made[new++] = row->node;
  }
  if (new > 0)
    make_nodes (r, room, new);
}

/* What may follow letters: log P (" " or the end); their shares in @extra. */
static gfloat
part (const RnnRecurrent *r, const RnnRecurrentNode *node, gfloat *extra)
{
  gfloat both[2] = { log_p (r, node, (gfloat) r->space), r->end >= 0 ? log_p (r, node, (gfloat) r->end) : -INFINITY };
  gfloat sum = rnn_log_sum_exp (r->end >= 0 ? 2 : 1, both);

  extra[RNN_RECURRENT_SPACE] = both[0] - sum;
  extra[RNN_RECURRENT_END] = r->end >= 0 ? both[1] - sum : 0;
  return sum;
}

/* Step t of a row that has it. */
static void
take_step (const RnnRecurrent *r, RnnRecurrentRow *row, guint t)
{
  gfloat extra[RNN_RECURRENT_EXTRA] = { row->x[row->n] };

  if (t < row->n) {
    row->score += log_p (r, &row->node, row->x[t + 1]);
  } else if (row->n > 0) {
    row->score += part (r, &row->node, extra);
    extra[RNN_RECURRENT_LAST] = (gfloat) r->space;
  }
  if (t + 1 < row->n_steps || !row->next)
    return;
  memcpy (row->next, row->node.state, r->root->n_state * sizeof (gfloat));
  memcpy (row->next + r->root->n_state, extra, sizeof extra);
  rnn_recurrent_set_digest (r, row->next);
}

void
rnn_recurrent_answer (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n)
{
  guint longest = 0;

  rnn_recurrent_nodes_begin (&room->nodes);
  for (guint i = 0; i < n; i++) {
    begin_row (r, &room->rows[i]);
    longest = MAX (longest, room->rows[i].n_steps);
  }
  for (guint t = 0; t < longest; t++) {
    find_nodes (r, room, n, t);
    for (guint i = 0; i < n; i++)
      if (t < room->rows[i].n_steps)
        take_step (r, &room->rows[i], t);
  }
}

gfloat
rnn_recurrent_peek (const RnnRecurrent *r, RnnRecurrentRoom *room, RnnRecurrentRow *row)
{
  begin_row (r, row);
  for (guint t = 0; t < row->n; t++) {
    if (t > 0)
      step_row (row, t);
    if (!rnn_recurrent_nodes_find (&room->nodes, row->path, &row->node))
      break;
    row->score += log_p (r, &row->node, row->x[t + 1]);
  }
  return row->score;
}
