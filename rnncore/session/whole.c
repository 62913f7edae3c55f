/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of all layers over all steps.  Behind the end the last step comes again, as often as the model looks ahead, as it does where
 * streams end and in training; layers that ask know these steps to be none. */
#include "whole.h"
#include "../base/memory.h"
#include "../cells/cell.h"
#include "../model/root.h"
#include <string.h>

#define MAX_STEPS (1 << 24)

typedef struct {
  gfloat *x, *y;                /* with the steps past the end */
  gfloat *state, *scratch;
} Room;

static void
room_clear (Room *room)
{
  g_aligned_free (room->x);
  g_aligned_free (room->y);
  g_aligned_free (room->state);
  g_aligned_free (room->scratch);
}

static gboolean
room_init (Room *room, const RnnCell *root, gint T, const gchar *where, GError **error)
{
  gsize scratch = rnn_cell_scratch_size (root, T, 1);

  *room = (Room) { NULL };
  return rnn_memory_check (rnn_size_mul (scratch, sizeof (gfloat)), "room to work in", where, error)
      && (room->x = rnn_memory_try_room ((gsize) T * root->n_in, where, error))
      && (room->y = rnn_memory_try_room ((gsize) T * root->n_out, where, error))
      && (room->state = rnn_memory_try_floats (MAX (root->n_state, 1), where, error))
      && (room->scratch = rnn_memory_try_room (MAX (scratch, 1), where, error));
}

static gboolean
check (RnnModel *model, guint n_steps, GError **error)
{
  const gchar *where = rnn_model_get_path (model);

  if (n_steps < 1 || n_steps > MAX_STEPS)
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: a sequence has 1 to %d steps, not %u", where, MAX_STEPS, n_steps);
  else if (rnn_model_get_encoder (model))
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: it translates, and answers no single steps", where);
  else
    return TRUE;
  return FALSE;
}

static void
run (const RnnCell *root, const Room *room, gint T, gint length, const gfloat *x, gfloat *y)
{
  gsize row = (gsize) root->n_in * sizeof (gfloat);

  memcpy (room->x, x, length * row);
  for (gint t = length; t < T; t++)
    memcpy (room->x + (gsize) t * root->n_in, x + (gsize) (length - 1) * root->n_in, row);
  rnn_cell_reset_state (root, room->state);
  rnn_cell_forward (root, &(RnnRun) { .T = T, .B = 1, .x = room->x, .y = room->y, .state = room->state, .state_stride = root->n_state,
        .scratch = room->scratch, .lengths = &length });
  memcpy (y, room->y + (gsize) root->latency * root->n_out, (gsize) length * root->n_out * sizeof (gfloat));
}

gboolean
rnn_run_whole (RnnModel *model, guint n_steps, const gfloat *x, gfloat *y, GError **error)
{
  g_autoptr (RnnModel) ready = check (model, n_steps, error) ? rnn_model_prepare (model, RNN_PRECISION_F32, error) : NULL;
  const RnnCell *root;
  Room room;
  gboolean ok;
  gint T;

  if (!ready)
    return FALSE;
  root = rnn_model_get_root (ready);
  T = (gint) n_steps + root->latency;
  if ((ok = room_init (&room, root, T, rnn_model_get_path (model), error)))
    run (root, &room, T, (gint) n_steps, x, y);
  room_clear (&room);
  return ok;
}
