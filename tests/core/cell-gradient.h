/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The registry test's comparison of gradients with finite differences of a loss. */
#pragma once
#include <math.h>
#include "model/root.h"

typedef struct {
  RnnModel *model;
  const RnnCell *root;
  gint T, B;
  gfloat *x, *y, *state, *tape, *scratch, *wy, *ws;     /* wy, ws: loss = y . wy + final state . ws */
  const RnnEncoded *memory;     /* of a cell that reads one, or NULL */
} Probe;

static gdouble
loss (Probe *p, gboolean tape)
{
  const RnnCell *c = p->root;
  gsize n_y = (gsize) p->T * p->B * c->n_out, n_state = p->B * c->n_state;
  g_autofree gfloat *state = g_memdup2 (p->state, MAX (n_state, 1) * sizeof (gfloat));
  RnnRun run = { .T = p->T, .B = p->B, .x = p->x, .y = p->y, .state = state, .state_stride = c->n_state,
    .tape = tape ? p->tape : NULL, .scratch = p->scratch, .memory = p->memory };
  gdouble sum = 0;

  rnn_model_pack (p->model, TRUE);
  c->klass->forward (c, &run);
  for (gsize i = 0; i < n_y; i++)
    sum += (gdouble) p->y[i] * p->wy[i];
  for (gsize i = 0; i < n_state; i++)
    sum += (gdouble) state[i] * p->ws[i];
  return sum;
}

typedef struct {
  guint bad, tried;
} Points;

static gdouble
difference (Probe *p, gfloat *v, gfloat eps)
{
  const gfloat keep = *v;
  gdouble up, down;

  *v = keep + eps;
  up = loss (p, FALSE);
  *v = keep - eps;
  down = loss (p, FALSE);
  *v = keep;
  return (up - down) / (2.0 * eps);
}

/* Compares d loss/d v[i] for `points` i, or some more.  Where a kink lies inside the difference, a smaller one may do. */
static Points
compare_points (Probe *p, const gchar *what, gfloat *v, const gfloat *grad, gsize n, gsize points)
{
  gfloat largest = 1e-3f;
  Points all = { 0, 0 };

  for (gsize i = 0; i < n; i++)
    largest = MAX (largest, fabsf (grad[i]));
  for (gsize i = 0; i < n; i += MAX (1, n / points)) {
    const gdouble tolerance = 0.01 * largest + 2e-3;

    all.tried++;
    if (fabs (difference (p, v + i, 4e-3f) - grad[i]) > tolerance
        && fabs (difference (p, v + i, 4e-4f) - grad[i]) > tolerance) {
      g_test_message ("%s[%" G_GSIZE_FORMAT "]: %g, finite difference %g", what, i, grad[i], difference (p, v + i, 4e-4f));
      all.bad++;
    }
  }
  return all;
}

/* a kink (relu, clipping) may lie inside the difference at a few points, never at many */
static void
compare_gradient (Probe *p, const gchar *what, gfloat *v, const gfloat *grad, gsize n)
{
  Points all = compare_points (p, what, v, grad, n, 24);

  g_assert_cmpuint (all.bad * 8, <=, all.tried);
}

typedef struct {
  Probe *probe;
  const gfloat *grad;           /* of the flat vector */
  gsize n_trained;
  Points all;
} Params;

/* Each parameter for itself, too: of all together a bias without a gradient would pass. */
static void
compare_param (RnnParam *param, const gchar *full_name, gpointer data)
{
  Params *params = data;
  Points points;

  if (param->offset >= params->n_trained)
    return;
  points = compare_points (params->probe, full_name, param->data, params->grad + param->offset, param->size, 8);
  g_assert_cmpuint (points.bad * 2, <=, points.tried);
  params->all.bad += points.bad;
  params->all.tried += points.tried;
}

static void
compare_params (Probe *p, const gfloat *grad)
{
  Params params = { p, grad, rnn_model_get_n_trained (p->model), { 0, 0 } };

  rnn_cell_foreach_param (rnn_model_get_root (p->model), compare_param, &params);
  g_assert_cmpuint (params.all.bad * 8, <=, params.all.tried);
}
