/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of products, folded in blocks of rows; solved by Cholesky's decomposition. */
#include "linear.h"
#include <math.h>
#include <string.h>

#define BLOCK 64                /* rows that are folded at once */

struct _RnnLinearFit {
  gint n_in, n_out, size;       /* size: n_in + 1 */
  gdouble *gram;                /* [size][size], lower triangle: sums of [x; 1] [x; 1]^T */
  gdouble *cross;               /* [size][n_out]: sums of [x; 1] y^T */
  gdouble *x, *y;               /* [BLOCK][size], [BLOCK][n_out] that wait */
  gint waiting;
  gdouble n;
};

RnnLinearFit *
rnn_linear_fit_new (gint n_in, gint n_out)
{
  RnnLinearFit *f = g_new0 (RnnLinearFit, 1);

  f->n_in = n_in;
  f->n_out = n_out;
  f->size = n_in + 1;
  f->gram = g_new0 (gdouble, (gsize) f->size * f->size);
  f->cross = g_new0 (gdouble, (gsize) f->size * n_out);
  f->x = g_new (gdouble, (gsize) BLOCK * f->size);
  f->y = g_new (gdouble, (gsize) BLOCK * n_out);
  return f;
}

void
rnn_linear_fit_free (RnnLinearFit *f)
{
  if (!f)
    return;
  g_free (f->gram);
  g_free (f->cross);
  g_free (f->x);
  g_free (f->y);
  g_free (f);
}

/* y[n] += a x[n] */
static inline void
axpy (gint n, gdouble a, const gdouble *x, gdouble *y)
{
  for (gint i = 0; i < n; i++)
    y[i] += a * x[i];
}

static void
fold (RnnLinearFit *f)
{
  for (gint i = 0; i < f->size; i++)
    for (gint r = 0; r < f->waiting; r++) {
      const gdouble *x = f->x + (gsize) r * f->size;

      axpy (i + 1, x[i], x, f->gram + (gsize) i * f->size);
      axpy (f->n_out, x[i], f->y + (gsize) r * f->n_out, f->cross + (gsize) i * f->n_out);
    }
  f->waiting = 0;
}

void
rnn_linear_fit_add (RnnLinearFit *f, const gfloat *x, const gfloat *y)
{
  rnn_linear_fit_add_scaled (f, 1, x, y);
}

void
rnn_linear_fit_add_scaled (RnnLinearFit *f, gfloat one, const gfloat *x, const gfloat *y)
{
  gdouble *row = f->x + (gsize) f->waiting * f->size, *out = f->y + (gsize) f->waiting * f->n_out;

  for (gint i = 0; i < f->n_in; i++)
    row[i] = x[i];
  row[f->n_in] = one;
  for (gint i = 0; i < f->n_out; i++)
    out[i] = y[i];
  f->n++;
  if (++f->waiting == BLOCK)
    fold (f);
}

/* a = L L^T, in place, lower triangle.  FALSE: not positive definite. */
static gboolean
decompose (gint n, gdouble *a)
{
  for (gint i = 0; i < n; i++)
    for (gint j = 0; j <= i; j++) {
      gdouble *ai = a + (gsize) i * n, *aj = a + (gsize) j * n, sum = ai[j];

      for (gint k = 0; k < j; k++)
        sum -= ai[k] * aj[k];
      if (i == j && !(sum > 0))
        return FALSE;
      ai[j] = i == j ? sqrt (sum) : sum / aj[j];
    }
  return TRUE;
}

/* Solves L L^T b = b in place, for n_out columns at once. */
static void
substitute (gint n, gint n_out, const gdouble *L, gdouble *b)
{
  for (gint i = 0; i < n; i++) {
    for (gint k = 0; k < i; k++)
      axpy (n_out, -L[(gsize) i * n + k], b + (gsize) k * n_out, b + (gsize) i * n_out);
    for (gint o = 0; o < n_out; o++)
      b[(gsize) i * n_out + o] /= L[(gsize) i * n + i];
  }
  for (gint i = n - 1; i >= 0; i--) {
    for (gint k = i + 1; k < n; k++)
      axpy (n_out, -L[(gsize) k * n + i], b + (gsize) k * n_out, b + (gsize) i * n_out);
    for (gint o = 0; o < n_out; o++)
      b[(gsize) i * n_out + o] /= L[(gsize) i * n + i];
  }
}

gboolean
rnn_linear_fit_solve (const RnnLinearFit *fit, gdouble lambda, gfloat *weight, gfloat *bias)
{
  RnnLinearFit *f = (RnnLinearFit *) fit;       /* what waits is only folded */
  g_autofree gdouble *L = NULL, *b = NULL;
  gdouble trace = 0;

  fold (f);
  L = g_memdup2 (f->gram, (gsize) f->size * f->size * sizeof (gdouble));
  b = g_memdup2 (f->cross, (gsize) f->size * f->n_out * sizeof (gdouble));
  for (gint i = 0; i < f->n_in; i++)
    trace += L[(gsize) i * f->size + i] / f->n_in;
  for (gint i = 0; i < f->n_in; i++)
    L[(gsize) i * f->size + i] += MAX (lambda, 1e-10) * trace + 1e-30;
  if (f->n == 0 || !decompose (f->size, L))
    return FALSE;
  substitute (f->size, f->n_out, L, b);
  for (gint o = 0; o < f->n_out; o++) {
    for (gint i = 0; i < f->n_in; i++)
      weight[(gsize) o * f->n_in + i] = (gfloat) b[(gsize) i * f->n_out + o];
    bias[o] = (gfloat) b[(gsize) f->n_in * f->n_out + o];
  }
  return TRUE;
}
