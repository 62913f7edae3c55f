/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Ridge regression by orthogonal reflections.
 *
 * Rows [1; x; y] are folded into one triangle R, block by block, each column by a Householder reflection (Golub & Van
 * Loan, section 5.2): R^T R is the sum of the rows' outer products, but without squaring the condition of the problem,
 * which is what the states of a reservoir are bad at.  Lambda is as many rows more, of sqrt (lambda) in one place each.
 * Then R = [ R_xx R_xy ], and R_xx W = R_xy. */
#include "ridge.h"
#include "../model/root.h"
#include "batch.h"
#include <math.h>
#include <string.h>

#define BLOCK 32                /* rows that are folded at once */
#define MAX_SIZE 16384          /* values per row: 2 GiB of triangle */
#define TINY 1e-280             /* a square beside which nothing counts, and that can be divided by */
#define CHUNK 256               /* steps that a model runs at once */

struct _RnnRidge {
  gint n_in, n_out, size;       /* size: 1 + n_in + n_out */
  gdouble *R;                   /* [size][size], upper triangle */
  gdouble *rows;                /* [BLOCK][size], of which n_rows wait to be folded */
  gdouble *work;                /* [size] */
  gint n_rows;
};

RnnRidge *
rnn_ridge_new (gint n_in, gint n_out)
{
  RnnRidge *r = g_new0 (RnnRidge, 1);

  r->n_in = n_in;
  r->n_out = n_out;
  r->size = 1 + n_in + n_out;
  r->R = g_new0 (gdouble, (gsize) r->size * r->size);
  r->rows = g_new (gdouble, (gsize) BLOCK * r->size);
  r->work = g_new (gdouble, r->size);
  return r;
}

void
rnn_ridge_free (RnnRidge *ridge)
{
  if (!ridge)
    return;
  g_free (ridge->R);
  g_free (ridge->rows);
  g_free (ridge->work);
  g_free (ridge);
}

/* y[n] += a x[n] */
static inline void
axpy (gint n, gdouble a, const gdouble *x, gdouble *y)
{
  for (gint i = 0; i < n; i++)
    y[i] += a * x[i];
}

/* Reflects column j of [row j of R; the rows] into R's diagonal, and what stands to its right along with it. */
static void
reflect (RnnRidge *r, gint j)
{
  gint n = r->size - j - 1;
  gdouble *top = r->R + (gsize) j * r->size + j, *rows = r->rows + j, *w = r->work, below = 0, norm, v, factor;

  for (gint i = 0; i < r->n_rows; i++)
    below += rows[(gsize) i * r->size] * rows[(gsize) i * r->size];
  if (below < TINY)
    return;
  norm = top[0] > 0 ? -sqrt (top[0] * top[0] + below) : sqrt (top[0] * top[0] + below);
  v = top[0] - norm;            /* the reflection's vector: v, then the column of the rows */
  factor = -2 / (v * v + below);
  memset (w, 0, n * sizeof (gdouble));
  axpy (n, v, top + 1, w);
  for (gint i = 0; i < r->n_rows; i++)
    axpy (n, rows[(gsize) i * r->size], rows + (gsize) i * r->size + 1, w);
  axpy (n, factor * v, w, top + 1);
  for (gint i = 0; i < r->n_rows; i++)
    axpy (n, factor * rows[(gsize) i * r->size], w, rows + (gsize) i * r->size + 1);
  top[0] = norm;
}

static void
fold (RnnRidge *r)
{
  for (gint j = 0; j < r->size && r->n_rows; j++)
    reflect (r, j);
  r->n_rows = 0;
}

/* Room for one more row. */
static gdouble *
next_row (RnnRidge *r)
{
  if (r->n_rows == BLOCK)
    fold (r);
  return r->rows + (gsize) r->n_rows++ * r->size;
}

void
rnn_ridge_add (RnnRidge *r, const gfloat *x, const gfloat *y)
{
  gdouble *row = next_row (r);

  row[0] = 1;
  for (gint j = 0; j < r->n_in; j++)
    row[1 + j] = x[j];
  for (gint j = 0; j < r->n_out; j++)
    row[1 + r->n_in + j] = y[j];
}

/* ---- the solution ---- */

/* Target o's weights [1 + n_in], from the last one up. */
static void
substitute (const RnnRidge *r, gint o, gdouble *w)
{
  gint n = 1 + r->n_in;

  for (gint j = n - 1; j >= 0; j--) {
    const gdouble *row = r->R + (gsize) j * r->size;

    w[j] = row[n + o];
    for (gint k = j + 1; k < n; k++)
      w[j] -= row[k] * w[k];
    w[j] /= row[j];
  }
}

/* Is there a diagonal to divide by? */
static gboolean
is_determined (const RnnRidge *r)
{
  gdouble largest = 0, smallest = INFINITY;

  for (gint j = 0; j <= r->n_in; j++) {
    largest = MAX (largest, fabs (r->R[(gsize) j * r->size + j]));
    smallest = MIN (smallest, fabs (r->R[(gsize) j * r->size + j]));
  }
  return smallest > 1e-15 * largest;
}

gboolean
rnn_ridge_solve (RnnRidge *r, gdouble lambda, gfloat *weight, gfloat *bias, GError **error)
{
  for (gint j = 0; j <= r->n_in && lambda > 0; j++) {
    gdouble *row = next_row (r);

    memset (row, 0, r->size * sizeof (gdouble));
    row[j] = sqrt (lambda);
  }
  fold (r);
  if (!is_determined (r)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_FORMAT, "ridge regression: the examples do not determine %d weights with "
        "lambda %g: give more of them, or a larger lambda", 1 + r->n_in, lambda);
    return FALSE;
  }
  for (gint o = 0; o < r->n_out; o++) {
    substitute (r, o, r->work);
    bias[o] = (gfloat) r->work[0];
    for (gint j = 0; j < r->n_in; j++)
      weight[(gsize) o * r->n_in + j] = (gfloat) r->work[1 + j];
  }
  return TRUE;
}

/* ---- fitting a model ---- */

typedef struct {
  RnnModel *model;
  const RnnCell *root, *last;
  RnnRidge *ridge;
  RnnFraming framing;
  RnnBatch batch;
  RnnBuffer state, y, tape, scratch;
  guint washout;
} Fit;

static RnnParam *
param_of (const RnnCell *cell, const gchar *name)
{
  for (guint i = 0; i < cell->params->len; i++)
    if (g_str_equal (((RnnParam *) cell->params->pdata[i])->name, name))
      return cell->params->pdata[i];
  return NULL;
}

/* y = W x + b, and nothing after it */
static gboolean
is_readout (const RnnCell *cell)
{
  json_t *layer = rnn_cell_to_json (cell);
  gboolean plain = g_str_equal (cell->klass->name, "dense") && !json_object_get (layer, "activation");

  json_decref (layer);
  return plain && param_of (cell, "bias");
}

static gboolean
check (Fit *f, RnnDataset *dataset, GError **error)
{
  const gchar *path = rnn_model_get_path (f->model);

  if (!rnn_model_check_trainable (f->model, error))
    return FALSE;
  if (!is_readout (f->last)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_UNSUPPORTED, "%s: its last layer is not a linear \"dense\" one with a "
        "bias, which ridge regression could fit", path);
    return FALSE;
  }
  if (f->last->n_in + f->last->n_out >= MAX_SIZE) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_LIMIT, "%s: ridge regression of %d values on %d; at most %d are supported",
        path, f->last->n_out, f->last->n_in, MAX_SIZE);
    return FALSE;
  }
  if (f->framing.n_in != f->framing.n_feature * f->framing.stack) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: takes %d values per step, but frames of %d stacked by %d were "
        "given", path, f->framing.n_in, f->framing.n_feature, f->framing.stack);
    return FALSE;
  }
  for (guint i = 0; i < dataset->examples->len; i++)
    if (!RNN_EXAMPLE (dataset, i)->targets || RNN_EXAMPLE (dataset, i)->n_target != f->root->n_out) {
      g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: example %u does not have a target per frame of the model's "
          "%d outputs", path, i, f->root->n_out);
      return FALSE;
    }
  return TRUE;
}

/* Steps [t, t + n) of the batch's only stream; returns what the readout saw, [n][n_in]: a chain's tape holds it. */
static const gfloat *
run_front (Fit *f, gint t, gint n)
{
  const RnnCell *root = f->root;
  RnnRun run = { .T = n, .B = 1, .x = f->batch.x + (gsize) t * root->n_in, .state = f->state.data,
    .state_stride = root->n_state };

  run.y = rnn_buffer_need (&f->y, (gsize) n * root->n_out);
  run.tape = rnn_buffer_need (&f->tape, n * root->n_tape);
  run.scratch = rnn_buffer_need (&f->scratch, rnn_cell_scratch_size (root, n, 1));
  root->klass->forward (root, &run);
  if (root->children->len == 1)
    return run.x;
  return run.tape + n * (root->n_tape - f->last->n_tape - f->last->n_in);
}

static gboolean
counts (const gfloat *target, gint n)
{
  for (gint i = 0; i < n; i++)
    if (isnan (target[i]))
      return FALSE;
  return TRUE;
}

static void
add_example (Fit *f, RnnDataset *dataset, guint32 number)
{
  const RnnExample *example = RNN_EXAMPLE (dataset, number);

  rnn_batch_build (&f->batch, &f->framing, dataset, &number, 1, NULL, 1);
  rnn_cell_reset_state (f->root, rnn_buffer_need (&f->state, f->root->n_state));
  for (gint t = 0; t < f->batch.T; t += CHUNK) {
    gint n = MIN (CHUNK, f->batch.T - t);
    const gfloat *seen = run_front (f, t, n);

    for (gint i = 0; i < n; i++) {
      gint step = t + i - f->framing.latency;   /* that this row answers */
      gsize frame = (gsize) MAX (step, 0) * f->framing.stride + f->framing.stack - 1;
      const gfloat *target = example->targets + frame * example->n_target;

      if (step >= (gint) f->washout && step < f->batch.steps[0] && counts (target, example->n_target))
        rnn_ridge_add (f->ridge, seen + (gsize) i * f->last->n_in, target);
    }
  }
}

static void
fit_clear (Fit *f)
{
  RnnBuffer *buffers[] = { &f->state, &f->y, &f->tape, &f->scratch };

  for (guint i = 0; i < G_N_ELEMENTS (buffers); i++)
    rnn_buffer_clear (buffers[i]);
  rnn_batch_clear (&f->batch);
  rnn_framing_clear (&f->framing);
  g_clear_pointer (&f->ridge, rnn_ridge_free);
}

gboolean
rnn_ridge_fit (RnnModel *model, RnnDataset *dataset, guint washout, gdouble lambda, GError **error)
{
  const RnnCell *root = rnn_model_get_root (model), *last = root->children->pdata[root->children->len - 1];
  Fit f = { .model = model, .root = root, .last = last, .washout = washout };
  gboolean ok;

  rnn_framing_init (&f.framing, model, dataset->n_feature);
  ok = check (&f, dataset, error);
  if (ok) {
    f.ridge = rnn_ridge_new (last->n_in, last->n_out);
    rnn_model_pack (model, FALSE);
    for (guint i = 0; i < dataset->examples->len; i++)
      add_example (&f, dataset, i);
    ok = rnn_ridge_solve (f.ridge, lambda, param_of (last, "weight")->data, param_of (last, "bias")->data, error);
    rnn_model_pack (model, FALSE);
  }
  fit_clear (&f);
  return ok;
}
