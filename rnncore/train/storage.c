/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Storage of patterns in Hopfield networks. */
#include "storage.h"
#include "../model/root.h"
#include "../kernels/kernels.h"
#include <math.h>
#include <string.h>

/* Row after row of W, so that the inner loops run along memory. */
void
rnn_hopfield_hebb (gint N, gint n, const gfloat *patterns, gfloat *W)
{
  g_autofree gdouble *sums = g_new (gdouble, N);

  for (gint i = 0; i < N; i++) {
    memset (sums, 0, N * sizeof (gdouble));
    for (gint k = 0; k < n; k++) {
      const gfloat *x = patterns + (gsize) k * N;

      for (gint j = 0; j < N; j++)
        sums[j] += (gdouble) x[i] * x[j];
    }
    for (gint j = 0; j < N; j++)
      W[(gsize) i * N + j] += i == j ? 0 : (gfloat) (sums[j] / N);
  }
}

static gdouble
dot (gint n, const gdouble *w, const gfloat *x)
{
  gdouble sums[8] = { 0 }, sum = 0;
  gint k = 0;

  for (; k + 8 <= n; k += 8)
    for (gint l = 0; l < 8; l++)
      sums[l] += w[k + l] * x[k + l];
  for (; k < n; k++)
    sum += w[k] * x[k];
  for (gint l = 0; l < 8; l++)
    sum += sums[l];
  return sum;
}

/* One pattern; field [N] = W x without the diagonal: h_ij is field_i without the share of j.  W is symmetric, and stays
 * so to the last bit: a step is the same sum for ij and ji. */
static void
storkey_pattern (gint N, const gfloat *x, gdouble *W, gdouble *field)
{
  for (gint i = 0; i < N; i++)
    field[i] = dot (N, W + (gsize) i * N, x) - W[(gsize) i * N + i] * x[i];
  for (gint i = 0; i < N; i++) {
    gdouble *w = W + (gsize) i * N, self = w[i] + ((gdouble) x[i] * x[i] - 2 * (x[i] * field[i])) / N;

    for (gint j = 0; j < N; j++) {
      gdouble h_ij = field[i] - w[j] * x[j], h_ji = field[j] - w[j] * x[i];

      w[j] += ((gdouble) x[i] * x[j] - (x[i] * h_ji + x[j] * h_ij)) / N;
    }
    w[i] = self;
  }
}

void
rnn_hopfield_storkey (gint N, gint n, const gfloat *patterns, gfloat *W)
{
  gsize size = (gsize) N * N;
  g_autofree gdouble *exact = g_new (gdouble, size), *field = g_new (gdouble, N);

  for (gsize i = 0; i < size; i++)
    exact[i] = W[i];
  for (gint k = 0; k < n; k++)
    storkey_pattern (N, patterns + (gsize) k * N, exact, field);
  for (gsize i = 0; i < size; i++)
    W[i] = (gfloat) exact[i];
}

gdouble
rnn_hopfield_energy (gint N, const gfloat *W, const gfloat *s)
{
  gdouble sum = 0;

  for (gint i = 0; i < N; i++)
    for (gint j = 0; j < N; j++)
      sum += (gdouble) s[i] * W[(gsize) i * N + j] * s[j];
  return -sum / 2;
}

gdouble
rnn_hopfield_modern_energy (gint N, gint n, const gfloat *patterns, gfloat beta, const gfloat *s)
{
  g_autofree gdouble *overlap = g_new0 (gdouble, n);
  gdouble top = -INFINITY, sum = 0, square = 0;

  for (gint k = 0; k < n; k++) {
    for (gint i = 0; i < N; i++)
      overlap[k] += (gdouble) patterns[(gsize) k * N + i] * s[i];
    top = MAX (top, overlap[k]);
  }
  for (gint k = 0; k < n; k++)
    sum += exp (beta * (overlap[k] - top));
  for (gint i = 0; i < N; i++)
    square += (gdouble) s[i] * s[i];
  return -(top + log (sum) / beta) + square / 2;
}

/* ---- in a model ---- */

static RnnCell *
find_hopfield (RnnCell *cell)
{
  if (g_str_equal (cell->klass->name, "hopfield"))
    return cell;
  for (guint i = 0; i < cell->children->len; i++) {
    RnnCell *found = find_hopfield (cell->children->pdata[i]);

    if (found)
      return found;
  }
  return NULL;
}

gboolean
rnn_hopfield_store (RnnModel *model, RnnStorageRule rule, const gfloat *patterns, gint n, GError **error)
{
  static void (*const rules[]) (gint, gint, const gfloat *, gfloat *) = { rnn_hopfield_hebb, rnn_hopfield_storkey };
  RnnCell *cell = find_hopfield (rnn_model_get_root (model));
  RnnParam *w = cell ? cell->params->pdata[0] : NULL;

  if (!cell) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_NOT_FOUND, "%s: no layer is a \"hopfield\" one that could store patterns",
        rnn_model_get_path (model));
    return FALSE;
  }
  if (w->fixed) {
    rules[rule] (cell->n_in, n, patterns, w->data);
    return TRUE;
  }
  if (n != RNN_PARAM_ROWS (w)) {
    g_set_error (error, RNN_ERROR, RNN_ERROR_SHAPE, "%s: %d patterns for a network that was made for %d",
        rnn_model_get_path (model), n, RNN_PARAM_ROWS (w));
    return FALSE;
  }
  memcpy (w->data, patterns, w->size * sizeof (gfloat));
  return TRUE;
}
