/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole RWKV models in rwkv.cpp's format: the logits after every token of a prompt, the blocks' states after the last
 * one, and upstream's own logits after three tokens. */
#include "drive.h"
#include "families.h"
#include "session/session.h"
#include <string.h>

/* What upstream's logits may be off by: theirs are of the model before its weights were rounded. */
static const struct {
  const gchar *suffix;
  gdouble tolerance;
} roundings[] = {
  { "FP32.bin", 1e-4 }, { "FP16.bin", 0.01 }, { "Q5_1.bin", 0.2 }, { "", 0.2 },
};

/* The parts of a block's state, in our order: the last input, what time mixing remembers, the last input. */
static const gchar *const parts[] = { "att_xx", "aa", "bb", "pp", "S", "ffn_xx" };

/* state[n]: the model's */
static gboolean
check_states (Case *c, const gfloat *state, gsize n, GError **error)
{
  const gfloat *at = state;

  for (gint block = 0; case_find_format (c, "state.%d.att_xx", block); block++)
    for (guint i = 0; i < G_N_ELEMENTS (parts); i++) {
      const Tensor *t = case_find_format (c, "state.%d.%s", block, parts[i]);

      if (t && t->n > n - (gsize) (at - state))
        return case_wrong (error, "%s: the states are larger than the model's", c->path);
      if (t)
        case_check (c, t->name, at, t->data, t->n, (Tolerance) { 1e-4, 1e-4 });
      at += t ? t->n : 0;
    }
  return TRUE;
}

static void
check_upstream (Case *c, const gchar *model_file, const gfloat *logits, gsize n)
{
  const Tensor *t = case_find (c, "upstream.logits_after_3");
  guint i = 0;

  while (!g_str_has_suffix (model_file, roundings[i].suffix))
    i++;
  if (t && t->n == n)
    case_check (c, t->name, logits, t->data, n, (Tolerance) { 0, roundings[i].tolerance });
}

static gboolean
run_model (Case *c, GError **error)
{
  g_autofree gchar *folder = g_path_get_dirname (c->path);
  g_autofree gchar *path = g_build_filename (folder, case_get (c, "model_file"), NULL);
  g_autoptr (RnnModel) model = rnn_model_load (path, error);
  const Tensor *tokens = model ? case_need (c, "in.tokens", error, 1, -1) : NULL;
  g_autoptr (RnnSession) session = tokens ? rnn_session_new (model, 1, 16, RNN_PRECISION_F32, error) : NULL;
  g_autofree gfloat *logits = NULL, *state = NULL;
  gsize n_out, n_state;

  if (!session)
    return FALSE;
  if (rnn_model_get_n_in (model) != 1)
    return case_wrong (error, "%s: takes no tokens", path);
  n_out = (gsize) rnn_model_get_n_out (model);
  n_state = rnn_session_get_state_size (session);
  logits = g_new (gfloat, tokens->n * n_out);
  state = g_new (gfloat, n_state);
  rnn_session_run (session, (guint) tokens->n, tokens->data, logits);
  rnn_session_get_state (session, 0, state);
  case_compare (c, "out.logits", logits, tokens->n * n_out);
  if (tokens->n >= 3)
    check_upstream (c, path, logits + 2 * n_out, n_out);
  return check_states (c, state, n_state, error);
}

const CaseKind cases_rwkv_models[] = {
  { "arch", "*", "in.tokens", run_model },
  { NULL }
};
