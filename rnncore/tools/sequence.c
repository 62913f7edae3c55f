/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model over one sequence that is there as a whole: in a session, or where a layer needs all steps at once without one.  Behind
 * its end come as many steps as the model looks ahead, which its layers know to be none. */
#include "sequence.h"
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "model/root.h"
#include "session/session.h"
#include "session/whole.h"

#define MAX_STEPS (1 << 24)
#define MAX_CHUNK 65536

void
rnn_tool_sequence_clear (RnnToolSequence *sequence)
{
  g_clear_pointer (&sequence->y, g_aligned_free);
  g_clear_pointer (&sequence->state, g_free);
}

static gint
get_steps (RnnModel *model, const RnnTensorView *x, const gchar *where, GError **error)
{
  gint n_in = rnn_model_get_n_in (model);

  if (x->dtype == RNN_DTYPE_OTHER || x->rank < 1 || x->dims[0] < 1 || x->dims[0] > MAX_STEPS
      || x->size != (gsize) x->dims[0] * (gsize) n_in) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: tensor \"%s\" is not [steps][%d], of at most %d steps", where, x->name, n_in,
        MAX_STEPS);
    return 0;
  }
  return (gint) x->dims[0];
}

/* A sequence, and the states that it begins in. */
typedef struct {
  gint T, chunk;
  const gfloat *x;              /* [T][n_in] */
  const gfloat *states;         /* [n_states], or NULL: as they are made */
  gsize n_states;
} Sequence;

/* Where the state of the model's last layer, which holds the states, begins. */
static gsize
first_state (RnnModel *model)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize at = 0;

  for (guint i = 0; i + 1 < root->children->len; i++)
    at += RNN_CELL (root->children->pdata[i])->n_state;
  return at;
}

static void
set_states (RnnModel *model, RnnSession *session, const Sequence *s)
{
  g_autofree gfloat *state = g_new (gfloat, rnn_session_get_state_size (session) + 1);

  rnn_session_get_state (session, 0, state);
  memcpy (state + first_state (model), s->states, s->n_states * sizeof (gfloat));
  rnn_session_set_state (session, 0, state);
}

/* @state: what the states are in the end; may be NULL */
static gboolean
run_session (RnnModel *model, const Sequence *s, gfloat *y, gfloat **state, GError **error)
{
  gint chunk = s->chunk ? s->chunk : s->T, length;
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, (guint) CLAMP (chunk, 1, MAX_CHUNK), RNN_PRECISION_F32, error);
  g_autofree gfloat *last = NULL;

  if (!session)
    return FALSE;
  if (s->n_states && first_state (model) + s->n_states <= rnn_session_get_state_size (session))
    set_states (model, session, s);
  length = s->T - (gint) rnn_session_get_latency (session);
  rnn_session_run (session, (guint) length, s->x, y);
  last = g_new (gfloat, rnn_session_get_state_size (session) + 1);
  rnn_session_get_state (session, 0, last);
  if (s->n_states && first_state (model) + s->n_states <= rnn_session_get_state_size (session))
    *state = g_memdup2 (last + first_state (model), s->n_states * sizeof (gfloat));
  if (length < s->T)
    rnn_session_pad (session, (guint) (s->T - length), s->x + (gsize) length * (gsize) rnn_model_get_n_in (model),
        y + (gsize) length * (gsize) rnn_model_get_n_out (model));
  return TRUE;
}

/* @s: without the steps past the end, for which the last one comes again; its x is copied. */
static gboolean
run_padded (RnnModel *model, Sequence s, const gchar *where, gfloat *out, gfloat **state, GError **error)
{
  gint latency = rnn_model_get_latency (model);
  gsize n_in = rnn_model_get_n_in (model), size = (gsize) s.T * n_in;
  gfloat *in = rnn_memory_try_floats (size + (gsize) latency * n_in, where, error);
  gboolean ok = FALSE;

  if (in) {
    memcpy (in, s.x, size * sizeof (gfloat));
    for (gint i = 0; s.T && i < latency; i++)
      memcpy (in + size + (gsize) i * n_in, in + size - n_in, n_in * sizeof (gfloat));
    s.x = in;
    s.T += latency;
    ok = run_session (model, &s, out, state, error);
  }
  g_aligned_free (in);
  return ok;
}

static gboolean
run_sequence (RnnModel *model, Sequence s, const gchar *where, RnnToolSequence *result, GError **error)
{
  gsize latency = (gsize) rnn_model_get_latency (model), n_out = (gsize) rnn_model_get_n_out (model);
  gfloat *out = rnn_memory_try_floats (((gsize) s.T + latency) * n_out, where, error);
  gboolean whole = rnn_model_get_root (model)->offline, ok;

  *result = (RnnToolSequence) { .T = s.T };
  ok = out && (whole ? rnn_run_whole (model, (guint) s.T, s.x, out, error)
      : run_padded (model, s, where, out, &result->state, error));
  if (ok && !whole)
    memmove (out, out + latency * n_out, (gsize) s.T * n_out * sizeof (gfloat));
  if (!ok)
    g_clear_pointer (&out, g_aligned_free);
  result->y = out;
  return ok;
}

gboolean
rnn_tool_sequence_run_from (RnnModel *model, gint T, const gfloat *x, gint chunk, const gfloat *states, gsize n_states,
    RnnToolSequence *result, GError **error)
{
  return run_sequence (model, (Sequence) { T, chunk, x, states, n_states }, rnn_model_get_path (model), result, error);
}

gboolean
rnn_tool_sequence_run (RnnModel *model, const RnnTensorView *x, gint chunk, const gchar *where, RnnToolSequence *result, GError **error)
{
  gint T = get_steps (model, x, where, error);
  gfloat *values = T ? rnn_memory_try_floats (x->size, where, error) : NULL;
  gboolean ok = FALSE;

  *result = (RnnToolSequence) { 0 };
  if (values) {
    rnn_tensor_view_to_float (x, values);
    ok = run_sequence (model, (Sequence) { .T = T, .chunk = chunk, .x = values }, where, result, error);
  }
  g_aligned_free (values);
  return ok;
}
