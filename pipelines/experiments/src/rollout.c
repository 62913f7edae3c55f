/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of a single step each, so that an output can become the next input: to the cell a chunk of 1 is like any
 * other. */
#include "rollout.h"
#include <string.h>

void
rollout_init (Rollout *r, RnnModel *model, guint T, guint B)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize rows = (gsize) T * B;

  memset (r, 0, sizeof (Rollout));
  r->model = model;
  r->T = T;
  r->B = B;
  r->x = g_new0 (gfloat, rows);
  r->y = g_new0 (gfloat, rows);
  r->dy = g_new0 (gfloat, rows);
  r->own = g_new0 (gboolean, T);
  r->grad = g_new0 (gfloat, rnn_model_get_n_params (model));
  r->states = g_new0 (gfloat, (rows + B) * root->n_state);
  r->tape = g_new0 (gfloat, rows * root->n_tape);
  r->scratch = g_new0 (gfloat, rnn_cell_scratch_size (root, 1, (gint) B));
  r->dstate = g_new0 (gfloat, B * root->n_state);
  r->dx = g_new0 (gfloat, B);
}

void
rollout_clear (Rollout *r)
{
  gpointer all[] = { r->x, r->y, r->dy, r->own, r->grad, r->states, r->tape, r->scratch, r->dstate, r->dx };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_free (all[i]);
}

/* The call of step t; its state is the one before the step. */
static RnnRun
step_run (Rollout *r, guint t)
{
  const RnnCell *root = rnn_model_get_root (r->model);
  gsize row = (gsize) t * r->B;

  return (RnnRun) {
    .T = 1, .B = (gint) r->B, .x = r->x + row, .y = r->y + row, .state = r->states + row * root->n_state,
    .state_stride = root->n_state, .tape = r->tape + row * root->n_tape, .scratch = r->scratch };
}

void
rollout_forward (Rollout *r)
{
  const RnnCell *root = rnn_model_get_root (r->model);
  gsize B = r->B, n_state = B * root->n_state;

  for (gsize b = 0; b < B; b++)
    rnn_cell_reset_state (root, r->states + b * root->n_state);
  for (guint t = 0; t < r->T; t++) {
    RnnRun run = step_run (r, t);

    if (r->own[t])
      memcpy (r->x + t * B, r->y + (t - 1) * B, B * sizeof (gfloat));
    run.state = memcpy (r->states + (t + 1) * n_state, run.state, n_state * sizeof (gfloat));
    root->klass->forward (root, &run);
  }
}

void
rollout_backward (Rollout *r)
{
  const RnnCell *root = rnn_model_get_root (r->model);
  gsize B = r->B;

  memset (r->grad, 0, rnn_model_get_n_params (r->model) * sizeof (gfloat));
  memset (r->dstate, 0, B * root->n_state * sizeof (gfloat));
  for (guint t = r->T; t-- > 0;) {
    RnnRun run = step_run (r, t);
    RnnGrad grad = {.dy = r->dy + t * B,.dx = r->dx,.dstate = r->dstate,.dparam = r->grad };

    root->klass->backward (root, &run, &grad);
    for (gsize b = 0; r->own[t] && b < B; b++)
      r->dy[(t - 1) * B + b] += r->dx[b];
  }
}
