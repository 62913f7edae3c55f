/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model over one sequence that is there as a whole: in a session, or where a layer needs all steps at once without one.  Behind
 * its end come as many steps of 0 as the model looks ahead. */
#include "sequence.h"
#include <string.h>
#include "base/error.h"
#include "base/memory.h"
#include "model/root.h"
#include "session/session.h"

#define MAX_STEPS (1 << 24)
#define MAX_CHUNK 65536

void
rnn_tool_sequence_clear (RnnToolSequence *sequence)
{
  g_clear_pointer (&sequence->y, g_aligned_free);
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

static gboolean
run_session (RnnModel *model, gint T, gint chunk, const gfloat *x, gfloat *y, GError **error)
{
  g_autoptr (RnnSession) session = rnn_session_new (model, 1, (guint) CLAMP (chunk ? chunk : T, 1, MAX_CHUNK), RNN_PRECISION_F32,
      error);

  if (!session)
    return FALSE;
  for (gint t = 0; t < T; t += chunk ? chunk : T) {
    gint n = chunk ? MIN (chunk, T - t) : T;

    rnn_session_run (session, (guint) n, x + (gsize) t * rnn_model_get_n_in (model), y + (gsize) t * rnn_model_get_n_out (model));
  }
  return TRUE;
}

/* T steps, of which the last, as many as the model looks ahead, are past the end. */
static gboolean
run_whole (RnnModel *model, gint T, const gfloat *x, gfloat *y, GError **error)
{
  gint length = T - rnn_model_get_latency (model);
  const gchar *where = rnn_model_get_path (model);
  g_autoptr (RnnModel) ready = rnn_model_prepare (model, RNN_PRECISION_F32, error);
  const RnnCell *root = ready ? rnn_model_get_root (ready) : NULL;
  gfloat *state = NULL, *scratch = NULL;

  if (root && rnn_memory_check (rnn_cell_scratch_size (root, T, 1) * sizeof (gfloat), "room to work in", where, error)
      && (state = rnn_memory_try_floats (root->n_state, where, error))
      && (scratch = rnn_memory_try_floats (rnn_cell_scratch_size (root, T, 1), where, error))) {
    rnn_cell_reset_state (root, state);
    rnn_cell_forward (root, &(RnnRun) { .T = T, .B = 1, .x = x, .y = y, .state = state, .state_stride = root->n_state,
          .scratch = scratch, .lengths = &length });
  }
  g_aligned_free (state);
  g_aligned_free (scratch);
  return scratch != NULL;
}

gboolean
rnn_tool_sequence_run (RnnModel *model, const RnnTensorView *x, gint chunk, const gchar *where, RnnToolSequence *result, GError **error)
{
  gint T = get_steps (model, x, where, error), latency = rnn_model_get_latency (model);
  gint n_in = rnn_model_get_n_in (model), n_out = rnn_model_get_n_out (model);
  gfloat *in = NULL, *out = NULL;
  gboolean ok = FALSE;

  if (T && (in = rnn_memory_try_floats ((gsize) (T + latency) * n_in, where, error))
      && (out = rnn_memory_try_floats ((gsize) (T + latency) * n_out, where, error))) {
    rnn_tensor_view_to_float (x, in);
    ok = rnn_model_get_root (model)->offline ? run_whole (model, T + latency, in, out, error)
        : run_session (model, T + latency, chunk, in, out, error);
  }
  if (ok)
    memmove (out, out + (gsize) latency * n_out, (gsize) T * n_out * sizeof (gfloat));
  else
    g_clear_pointer (&out, g_aligned_free);
  g_aligned_free (in);
  *result = (RnnToolSequence) { T, out };
  return ok;
}
