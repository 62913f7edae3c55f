/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cases that put the batch first, [B][T][...], and split a step's input or a stream's state into several tensors. */
#pragma once
#include "drive.h"

G_BEGIN_DECLS

/* Rows [T][B][width] of a drive; T = 1 for states. */
typedef struct {
  gint T, B;
  gsize width;
  gfloat *rows;
} Grid;

Grid grid_of_steps  (const Drive *d, gfloat *rows, gsize width);
Grid grid_of_states (const Drive *d, gfloat *states);

/* How many values of tensor @name belong to one of the T B rows; 0 and an error: none, or not so many rows. */
gsize grid_width (const Case *c, const gchar *name, gint T, gint B, GError **error);

/* Between a tensor and the columns of as many values from *at on, which then stands behind them. */
gboolean grid_load    (const Case *c, const gchar *name, const Grid *g, gsize *at, GError **error);
gboolean grid_compare (Case *c, const gchar *name, const Grid *g, gsize *at, gfloat factor, GError **error);

/* Every parameter has the tensor of its name, with `w.` or `grad.w.` before it. */
gboolean grid_load_params    (Case *c, Drive *d, GError **error);
void     grid_compare_params (Case *c, Drive *d);

G_END_DECLS
