/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Products of two matrices that lie in a step, part by part, as attention within a step needs them:
 *
 *   x = [A; B], A [parts][rows][inner], B [parts][columns][inner], y [parts][rows][columns] = A B^T
 *
 * with as many columns as the values make.  No state, no tape. */
#include "cell.h"
#include "../kernels/kernels.h"
#include <string.h>

typedef struct {
  RnnCell cell;
  gint parts, rows, inner;
  gint columns;
  gsize first;                  /* of B */
} Matmul;

static const RnnOption options[] = {
  RNN_OPT_INT (Matmul, parts, 1, 1 << 20, 1, "pairs of matrices"),
  RNN_OPT_INT (Matmul, rows, 1, 1 << 20, 1, "of each A"),
  RNN_OPT_INT (Matmul, inner, 1, 1 << 20, 1, "values in a row"),
  { NULL }
};

static gboolean
setup (RnnCell *cell, GError **error)
{
  Matmul *m = (Matmul *) cell;
  gint64 first = (gint64) m->parts * m->rows * m->inner, rest = cell->n_in - first, row = (gint64) m->parts * m->inner;

  if (rest < row || rest % row || rest / row * m->parts * m->rows > 1 << 24) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "matmul: %d values are no %d pairs of matrices with rows of %d", cell->n_in, m->parts,
        m->inner);
    return FALSE;
  }
  m->first = (gsize) first;
  m->columns = (gint) (rest / row);
  cell->n_out = m->parts * m->rows * m->columns;
  return TRUE;
}

/* y[n][m] = a[n][k] b[m][k]^T */
static void
multiply (const Matmul *m, const gfloat *a, const gfloat *b, gfloat *y)
{
  for (gint i = 0; i < m->rows; i++)
    for (gint j = 0; j < m->columns; j++)
      y[(gsize) i * m->columns + j] = rnn_kernels ()->dot (m->inner, a + (gsize) i * m->inner, b + (gsize) j * m->inner);
}

static void
forward (const RnnCell *cell, const RnnRun *run)
{
  const Matmul *m = (const Matmul *) cell;
  gsize a = (gsize) m->rows * m->inner, b = (gsize) m->columns * m->inner, y = (gsize) m->rows * m->columns;

  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    for (gsize p = 0; p < (gsize) m->parts; p++)
      multiply (m, run->x + row * cell->n_in + p * a, run->x + row * cell->n_in + m->first + p * b, run->y + row * cell->n_out + p * y);
}

static void
multiply_grad (const Matmul *m, const gfloat *a, const gfloat *b, const gfloat *dy, gfloat *da, gfloat *db)
{
  for (gint i = 0; i < m->rows; i++)
    for (gint j = 0; j < m->columns; j++) {
      rnn_kernels ()->axpy (m->inner, dy[(gsize) i * m->columns + j], b + (gsize) j * m->inner, da + (gsize) i * m->inner);
      rnn_kernels ()->axpy (m->inner, dy[(gsize) i * m->columns + j], a + (gsize) i * m->inner, db + (gsize) j * m->inner);
    }
}

static void
backward (const RnnCell *cell, const RnnRun *run, const RnnGrad *grad)
{
  const Matmul *m = (const Matmul *) cell;
  gsize a = (gsize) m->rows * m->inner, b = (gsize) m->columns * m->inner, y = (gsize) m->rows * m->columns;

  if (!grad->dx)
    return;
  memset (grad->dx, 0, (gsize) run->T * run->B * cell->n_in * sizeof (gfloat));
  for (gsize row = 0; row < (gsize) run->T * run->B; row++)
    for (gsize p = 0; p < (gsize) m->parts; p++) {
      const gfloat *x = run->x + row * cell->n_in;
      gfloat *dx = grad->dx + row * cell->n_in;

      multiply_grad (m, x + p * a, x + m->first + p * b, grad->dy + row * cell->n_out + p * y, dx + p * a, dx + m->first + p * b);
    }
}

const RnnCellClass rnn_cell_matmul = {
  .name = "matmul",
  .summary = "products of matrices that lie in a step",
  .instance_size = sizeof (Matmul),
  .options = options,
  .setup = setup,
  .forward = forward,
  .backward = backward,
};
