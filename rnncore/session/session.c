/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State and scratch of B streams that step through one model together.
 *
 * State: [B][n_state] of the root cell. */
#include "session-private.h"
#include "../base/memory.h"
#include <string.h>

struct _RnnSession {
  RnnModel *model;
  const RnnCell *root;
  guint B, max_steps;
  gfloat *state;                /* [B][n_state] */
  gint *ended;                  /* [B] minus the steps that came after the streams' ends */
  gfloat *scratch;              /* for max_steps steps of B streams */
  const RnnEncoded *memory;     /* of a decoder, or NULL */
};

static gboolean
check_room (RnnModel *model, guint n_streams, guint max_steps, GError **error)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize scratch = rnn_cell_scratch_size (root, (gint) max_steps, (gint) n_streams);

  if (root->offline) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: the model needs whole sequences and cannot stream",
        rnn_model_get_path (model));
    return FALSE;
  }
  if (n_streams < 1 || n_streams > 65536 || max_steps < 1 || max_steps > 65536
      || MAX (scratch, rnn_size_mul (n_streams, MAX (root->n_state, max_steps))) > G_GUINT64_CONSTANT (1) << 31) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: %u streams of %u steps at once are too many",
        rnn_model_get_path (model), n_streams, max_steps);
    return FALSE;
  }
  return rnn_memory_check (rnn_size_mul (rnn_size_add (scratch, n_streams * root->n_state), sizeof (gfloat)),
      "state and room to work in", rnn_model_get_path (model), error);
}

gboolean
rnn_session_check (RnnModel *model, guint n_streams, guint max_steps, GError **error)
{
  if (!rnn_model_get_encoder (model))
    return check_room (model, n_streams, max_steps, error);
  g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: it encodes whole sequences before it answers, and cannot stream",
      rnn_model_get_path (model));
  return FALSE;
}

static RnnSession *
new_session (RnnModel *model, guint n_streams, guint max_steps, RnnPrecision precision, GError **error)
{
  RnnModel *ready = rnn_model_prepare (model, precision, error);
  RnnSession *s;

  if (!ready)
    return NULL;
  s = g_new0 (RnnSession, 1);
  s->model = ready;
  s->root = rnn_model_get_root (ready);
  s->B = n_streams;
  s->max_steps = max_steps;
  s->ended = g_new0 (gint, n_streams);
  s->state = rnn_memory_try_floats (s->root->n_state * n_streams, rnn_model_get_path (model), error);
  s->scratch = s->state ? rnn_memory_try_floats (rnn_cell_scratch_size (s->root, (gint) max_steps, (gint) n_streams),
      rnn_model_get_path (model), error) : NULL;
  if (!s->scratch) {
    rnn_session_free (s);
    return NULL;
  }
  rnn_session_reset (s, -1);
  return s;
}

RnnSession *
rnn_session_new (RnnModel *model, guint n_streams, guint max_steps, RnnPrecision precision, GError **error)
{
  return rnn_session_check (model, n_streams, max_steps, error)
      ? new_session (model, n_streams, max_steps, precision, error) : NULL;
}

RnnSession *
rnn_session_new_decoder (RnnModel *model, guint n_streams, const RnnEncoded *memory, GError **error)
{
  RnnSession *s = check_room (model, n_streams, 1, error) ? new_session (model, n_streams, 1, RNN_PRECISION_F32, error) : NULL;

  if (s)
    s->memory = memory;
  return s;
}

void
rnn_session_free (RnnSession *session)
{
  if (!session)
    return;
  g_free (session->ended);
  g_aligned_free (session->state);
  g_aligned_free (session->scratch);
  rnn_model_unref (session->model);
  g_free (session);
}

static void
run (RnnSession *s, guint n_steps, const gint *lengths, const gfloat *x, gfloat *y)
{
  while (n_steps > 0) {
    guint T = MIN (n_steps, s->max_steps);
    RnnRun run = { .T = (gint) T, .B = (gint) s->B, .x = x, .y = y, .state = s->state, .state_stride = s->root->n_state,
      .scratch = s->scratch, .lengths = lengths, .memory = s->memory };

    rnn_cell_forward (s->root, &run);
    for (guint b = 0; lengths && b < s->B; b++)
      s->ended[b] -= (gint) T;
    x += (gsize) T * s->B * s->root->n_in;
    y += (gsize) T * s->B * s->root->n_out;
    n_steps -= T;
  }
}

void
rnn_session_run (RnnSession *s, guint n_steps, const gfloat *x, gfloat *y)
{
  run (s, n_steps, NULL, x, y);
}

void
rnn_session_pad (RnnSession *s, guint n_steps, const gfloat *x, gfloat *y)
{
  run (s, n_steps, s->ended, x, y);
}

static gfloat *
row (RnnSession *s, guint stream)
{
  return s->state + (gsize) stream * s->root->n_state;
}

void
rnn_session_reset (RnnSession *session, gint stream)
{
  for (guint b = 0; b < session->B; b++)
    if (stream < 0 || (guint) stream == b) {
      rnn_cell_reset_state (session->root, row (session, b));
      session->ended[b] = 0;
    }
}

gsize
rnn_session_get_state_size (RnnSession *session)
{
  return session->root->n_state;
}

void
rnn_session_get_state (RnnSession *session, guint stream, gfloat *state)
{
  memcpy (state, row (session, stream), session->root->n_state * sizeof (gfloat));
}

void
rnn_session_set_state (RnnSession *session, guint stream, const gfloat *state)
{
  memcpy (row (session, stream), state, session->root->n_state * sizeof (gfloat));
  session->ended[stream] = 0;
}

guint
rnn_session_get_latency (RnnSession *session)
{
  return (guint) session->root->latency;
}

RnnModel *
rnn_session_get_model (RnnSession *session)
{
  return session->model;
}
