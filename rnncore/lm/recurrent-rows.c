/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words after states, many at once: all of a step go through the model as one batch, and words that begin with the same tokens after the
 * same state go together as far as they are the same, as in a tree. */
#include "recurrent-private.h"
#include "../base/digest.h"
#include "../ctc/ctc.h"
#include <math.h>
#include <stdlib.h>
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
  room->y = g_new (gfloat, (gsize) RNN_RECURRENT_ROWS * r->V);
  for (guint i = 0; i < 2; i++)
    room->states[i] = g_aligned_alloc (RNN_RECURRENT_ROWS * r->root->n_state + 1, sizeof (gfloat), 64);
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

  g_free (room->y);
  g_aligned_free (room->states[0]);
  g_aligned_free (room->states[1]);
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

/* ---- the tree ---- */

static gint
compare_rows (gconstpointer a, gconstpointer b)
{
  const RnnRecurrentRow *x = *(RnnRecurrentRow * const *) a, *y = *(RnnRecurrentRow * const *) b;

  if (x->digest != y->digest)
    return x->digest < y->digest ? -1 : 1;
  for (guint i = 0; i <= MIN (x->n, y->n); i++)
    if (x->x[i] != y->x[i])
      return x->x[i] < y->x[i] ? -1 : 1;
  return (x->n > y->n) - (x->n < y->n);
}

/* Before token t + 1 both have heard the same. */
static gboolean
same_so_far (const RnnRecurrentRow *a, const RnnRecurrentRow *b, guint t)
{
  return a->digest == b->digest && memcmp (a->x, b->x, (t + 1) * sizeof *a->x) == 0;
}

/* Places in the batch for step t of those rows that have one; returns how many. */
static guint
place_rows (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n, guint t)
{
  gsize n_state = r->root->n_state;
  const RnnRecurrentRow *last = NULL;
  guint nodes = 0;

  for (guint i = 0; i < n; i++) {
    RnnRecurrentRow *row = room->order[i];
    const gfloat *before = t == 0 ? row->state : room->states[~t & 1] + row->node * n_state;

    if (t >= row->n_steps)
      continue;
    if (!last || !same_so_far (last, row, t)) {
      memcpy (room->states[t & 1] + nodes * n_state, before, n_state * sizeof *before);
      room->x[nodes++] = row->x[t];
    }
    row->node = nodes - 1;
    last = row;
  }
  return nodes;
}

/* y becomes log-probabilities. */
static void
run (const RnnRecurrent *r, RnnRecurrentRoom *room, guint nodes, guint t)
{
  RnnRun run = {.T = 1,.B = (gint) nodes,.x = room->x,.y = room->y,.state = room->states[t & 1],.state_stride = r->root->n_state,
    .scratch = room->scratch
  };

  rnn_cell_forward (r->root, &run);
  for (guint b = 0; b < nodes; b++)
    rnn_log_softmax (r->V, room->y + (gsize) b * r->V, room->y + (gsize) b * r->V);
}

/* What may follow letters: log P (" " or the end); their shares in @extra. */
static gfloat
part (const RnnRecurrent *r, const gfloat *y, gfloat *extra)
{
  gfloat both[2] = { y[r->space], r->end >= 0 ? y[r->end] : -INFINITY }, sum = rnn_log_sum_exp (r->end >= 0 ? 2 : 1, both);

  extra[RNN_RECURRENT_SPACE] = both[0] - sum;
  extra[RNN_RECURRENT_END] = r->end >= 0 ? both[1] - sum : 0;
  return sum;
}

/* Step t of a row that has it. */
static void
take_step (const RnnRecurrent *r, RnnRecurrentRoom *room, RnnRecurrentRow *row, guint t)
{
  const gfloat *y = room->y + (gsize) row->node * r->V;
  gfloat extra[RNN_RECURRENT_EXTRA] = { row->x[row->n] };

  if (t < row->n) {
    row->score += y[(gint) row->x[t + 1]];
  } else {
    row->score += part (r, y, extra);
    extra[RNN_RECURRENT_LAST] = (gfloat) r->space;
  }
  if (t + 1 < row->n_steps || !row->next)
    return;
  memcpy (row->next, room->states[t & 1] + row->node * r->root->n_state, r->root->n_state * sizeof (gfloat));
  memcpy (row->next + r->root->n_state, extra, sizeof extra);
  rnn_recurrent_set_digest (r, row->next);
}

void
rnn_recurrent_answer (const RnnRecurrent *r, RnnRecurrentRoom *room, guint n)
{
  guint nodes;

  for (guint i = 0; i < n; i++)
    room->order[i] = &room->rows[i];
  qsort (room->order, n, sizeof *room->order, compare_rows);
  for (guint t = 0; (nodes = place_rows (r, room, n, t)) > 0; t++) {
    run (r, room, nodes, t);
    for (guint i = 0; i < n; i++)
      if (t < room->order[i]->n_steps)
        take_step (r, room, room->order[i], t);
  }
}
