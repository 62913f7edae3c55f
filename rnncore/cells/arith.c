/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Two halves of a step's values, one by one: x = [a; b], y_i = a_i op b_i.  Sums and products of any number of parts: add, mul.
 *
 * Comparisons are 1 or 0 and have no gradient.  No state, no tape. */
#include "cell.h"
#include <math.h>

typedef struct {
  RnnCell cell;
  gint op;                      /* row of the table */
} Arith;

#define OP(name, value, da, db) \
static void \
op_##name (gint n, const gfloat *x, const gfloat *z, gfloat *y) \
{ \
  for (gint i = 0; i < n; i++) { \
    gfloat a = x[i], b = z[i]; \
    y[i] = value; \
  } \
} \
\
static void \
op_##name##_grad (gint n, const gfloat *x, const gfloat *z, const gfloat *dy, gfloat *dx, gfloat *dz) \
{ \
  for (gint i = 0; i < n; i++) { \
    gfloat a = x[i], b = z[i]; \
    dx[i] = dy[i] * (da); \
    dz[i] = dy[i] * (db); \
    (void) a; \
    (void) b; \
  } \
}

OP (sub, a - b, 1, -1)
OP (div, a / b, 1 / b, -a / (b * b))
OP (pow, powf (a, b), b * powf (a, b - 1), a > 0 ? powf (a, b) * logf (a) : 0)
OP (min, a < b ? a : b, a < b ? 1 : 0, a < b ? 0 : 1)
OP (max, a > b ? a : b, a > b ? 1 : 0, a > b ? 0 : 1)
OP (less, a < b, 0, 0)
OP (greater, a > b, 0, 0)
OP (equal, a == b, 0, 0)

static const struct {
  void (*value) (gint n, const gfloat *a, const gfloat *b, gfloat *y);
  void (*grad) (gint n, const gfloat *a, const gfloat *b, const gfloat *dy, gfloat *da, gfloat *db);
} table[] = {
#define ROW(name) { op_##name, op_##name##_grad }
  ROW (sub), ROW (div), ROW (pow), ROW (min), ROW (max), ROW (less), ROW (greater), ROW (equal),
};
static const gchar *const names[] = { "sub", "div", "pow", "min", "max", "less", "greater", "equal", NULL };

static const RnnOption options[] = {
  RNN_OPT_ENUM (Arith, op, names, 0, "what is done with a and b"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  if (cell->n_in % 2) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "arith: %d values have no halves", cell->n_in);
    return FALSE;
  }
  cell->n_out = cell->n_in / 2;
  return TRUE;
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  gint n = cell->n_out;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    table[((const Arith *) cell)->op].value (n, run->x + 2 * row * n, run->x + (2 * row + 1) * n, run->y + row * n);
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  gint n = cell->n_out;

  for (gsize row = 0; grad->dx && row < (gsize) run->T * run->B; row++)
    table[((const Arith *) cell)->op].grad (n, run->x + 2 * row * n, run->x + (2 * row + 1) * n, grad->dy + row * n,
        grad->dx + 2 * row * n, grad->dx + (2 * row + 1) * n);
}

const RnnCellClass rnn_cell_arith = {
  .name = "arith",
  .summary = "differences, quotients, powers, minima, maxima of two halves",
  .instance_size = sizeof (Arith),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
