/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model that hears itself: each input is either given or the model's own last output, and the gradient goes back
 * through both the state and the outputs that were heard.  One value in, one out. */
#pragma once
#include "fit.h"

G_BEGIN_DECLS

typedef struct {
  RnnModel *model;
  guint T, B;
  gfloat *x, *y, *dy;           /* [T][B] */
  gboolean *own;                /* [T]: x[t] is y[t - 1] */
  gfloat *grad;                 /* [n_params] */
  gfloat *states;               /* [T + 1][B][n_state] */
  gfloat *tape, *scratch, *dstate, *dx;
} Rollout;

void rollout_init     (Rollout *rollout, RnnModel *model, guint T, guint B);
void rollout_clear    (Rollout *rollout);
void rollout_forward  (Rollout *rollout);       /* from fresh states; fills y, and x where own says so */
void rollout_backward (Rollout *rollout);       /* dy (overwritten) -> grad */

G_END_DECLS
