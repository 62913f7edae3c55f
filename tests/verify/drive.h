/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running layers as sessions and trainers do: a model from a recipe, weights by name, forward over steps with carried
 * state, backward over the same steps. */
#pragma once
#include "case.h"
#include "model/root.h"

G_BEGIN_DECLS

typedef struct {
  RnnModel *model;
  const RnnCell *root;
  gint T, B;
  gsize n_in, n_out, n_state;
  gfloat *x, *dx;               /* [T][B][n_in] */
  gfloat *y, *dy;               /* [T][B][n_out] */
  gfloat *states;               /* [T + 1][B][n_state]: before each step that a run began with, behind its last */
  gfloat *dstate;               /* [B][n_state] */
  gfloat *dparam;               /* the model's flat gradient */
  gfloat *tape, *scratch;
} Drive;

/* @layers: a recipe's list, taken over (NULL: an error).  All weights are 0, the state is fresh. */
Drive *drive_new (json_t *layers, gint n_in, gint T, gint B, GError **error);
void   drive_free (Drive *d);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Drive, drive_free)

RnnParam *drive_param (Drive *d, const gchar *full_name, GError **error);
/* Sets a parameter of exactly n values. */
gboolean  drive_set (Drive *d, const gchar *full_name, const gfloat *values, gsize n, GError **error);
gfloat   *drive_state (Drive *d, gint t);               /* [B][n_state] before step t */

/* Steps [t, t + n); backward adds to dparam, overwrites dx, and takes dstate from behind the steps to before them. */
void drive_forward (Drive *d, gint t, gint n);
void drive_backward (Drive *d, gint t, gint n);

/* [a][b][n] -> [b][a][n]: to put time before the batch, or behind it */
void swap_rows (gint a, gint b, gint n, const gfloat *from, gfloat *to);

G_END_DECLS
