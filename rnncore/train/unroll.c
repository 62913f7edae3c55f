/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls of a single step each, so that an answer can become the next input: to a cell a chunk of 1 is like any other. */
#include "unroll.h"
#include "../cells/cell.h"
#include "../model/root.h"
#include <string.h>

static gsize
count_in (const RnnUnroll *u)
{
  return (gsize) u->B * rnn_model_get_n_in (u->model);
}

static gsize
count_out (const RnnUnroll *u)
{
  return (gsize) u->B * rnn_model_get_n_out (u->model);
}

void
rnn_unroll_init (RnnUnroll *u, RnnModel *model, guint T, guint B)
{
  const RnnCell *root = rnn_model_get_root (model);
  gsize rows = (gsize) T * B;

  memset (u, 0, sizeof (RnnUnroll));
  u->model = model;
  u->T = T;
  u->B = B;
  u->x = g_new0 (gfloat, T * count_in (u));
  u->y = g_new0 (gfloat, T * count_out (u));
  u->dy = g_new0 (gfloat, T * count_out (u));
  u->own = g_new0 (gboolean, T);
  u->grad = g_new0 (gfloat, rnn_model_get_n_params (model));
  u->states = g_new0 (gfloat, (rows + B) * root->n_state);
  u->tape = g_new0 (gfloat, rows * root->n_tape);
  u->scratch = g_new0 (gfloat, rnn_cell_scratch_size (root, 1, (gint) B));
  u->dstate = g_new0 (gfloat, B * root->n_state);
  u->dx = g_new0 (gfloat, count_in (u));
}

void
rnn_unroll_clear (RnnUnroll *u)
{
  gpointer all[] = { u->x, u->y, u->dy, u->own, u->grad, u->states, u->tape, u->scratch, u->dstate, u->dx };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    g_free (all[i]);
  memset (u, 0, sizeof (RnnUnroll));
}

/* The call of step t; its state is the one before the step. */
static RnnRun
step_run (RnnUnroll *u, guint t)
{
  const RnnCell *root = rnn_model_get_root (u->model);
  gsize row = (gsize) t * u->B;

  return (RnnRun) {
    .T = 1, .B = (gint) u->B, .x = u->x + t * count_in (u), .y = u->y + t * count_out (u),
    .state = u->states + row * root->n_state, .state_stride = root->n_state, .tape = u->tape + row * root->n_tape,
    .scratch = u->scratch };
}

static void
hear (RnnUnroll *u, guint t)
{
  const gfloat *y = u->y + (t - 1) * count_out (u);
  gfloat *x = u->x + t * count_in (u);

  if (u->feed)
    u->feed (t, u->B, y, x, u->data);
  else
    memcpy (x, y, count_in (u) * sizeof (gfloat));
}

/* Fresh states before step t. */
static void
forget (RnnUnroll *u, guint t)
{
  const RnnCell *root = rnn_model_get_root (u->model);

  for (gsize b = 0; b < u->B; b++)
    rnn_cell_reset_state (root, u->states + ((gsize) t * u->B + b) * root->n_state);
}

void
rnn_unroll_forward (RnnUnroll *u)
{
  const RnnCell *root = rnn_model_get_root (u->model);
  gsize n_state = (gsize) u->B * root->n_state;

  for (guint t = 0; t < u->T; t++) {
    RnnRun run = step_run (u, t);

    if (t == 0 || u->forgets)
      forget (u, t);
    if (t > 0 && u->own[t])
      hear (u, t);
    run.state = memcpy (u->states + (t + 1) * n_state, run.state, n_state * sizeof (gfloat));
    root->klass->forward (root, &run);
  }
}

void
rnn_unroll_backward (RnnUnroll *u)
{
  const RnnCell *root = rnn_model_get_root (u->model);

  memset (u->grad, 0, rnn_model_get_n_params (u->model) * sizeof (gfloat));
  memset (u->dstate, 0, u->B * root->n_state * sizeof (gfloat));
  for (guint t = u->T; t-- > 0;) {
    RnnRun run = step_run (u, t);
    RnnGrad grad = {.dy = u->dy + t * count_out (u),.dx = u->dx,.dstate = u->dstate,.dparam = u->grad };
    gfloat *heard = t > 0 ? u->dy + (t - 1) * count_out (u) : NULL;

    root->klass->backward (root, &run, &grad);
    if (u->forgets)
      memset (u->dstate, 0, u->B * root->n_state * sizeof (gfloat));
    for (gsize i = 0; heard && u->own[t] && !u->feed && i < count_in (u); i++)
      heard[i] += u->dx[i];
  }
}
