/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Symmetric to the last bit: both halves of P are the same products. */
#include "recursive.h"
#include <math.h>
#include <string.h>

void
rnn_recursive_init (RnnRecursive *r, gint n_in, gint n_out, gdouble forget, gdouble prior)
{
  *r = (RnnRecursive) { n_in, n_out, forget, prior, g_new (gdouble, (gsize) n_in * n_in), g_new (gdouble, (gsize) n_out * n_in),
    g_new (gdouble, n_in) };
  rnn_recursive_reset (r);
}

void
rnn_recursive_clear (RnnRecursive *r)
{
  g_clear_pointer (&r->inverse, g_free);
  g_clear_pointer (&r->weight, g_free);
  g_clear_pointer (&r->product, g_free);
}

void
rnn_recursive_reset (RnnRecursive *r)
{
  memset (r->inverse, 0, (gsize) r->n_in * r->n_in * sizeof (gdouble));
  memset (r->weight, 0, (gsize) r->n_out * r->n_in * sizeof (gdouble));
  for (gint i = 0; i < r->n_in; i++)
    r->inverse[(gsize) i * r->n_in + i] = 1 / r->prior;
}

/* P z, and z' P z */
static gdouble
multiply (RnnRecursive *r, const gfloat *z)
{
  gdouble sum = 0;

  memset (r->product, 0, r->n_in * sizeof (gdouble));
  for (gint j = 0; j < r->n_in; j++) {
    const gdouble *row = r->inverse + (gsize) j * r->n_in;
    gdouble zj = z[j];

    for (gint i = 0; zj != 0 && i < r->n_in; i++)
      r->product[i] += row[i] * zj;
  }
  for (gint i = 0; i < r->n_in; i++)
    sum += r->product[i] * z[i];
  return sum;
}

/* Forgetting must not take P beyond where it began. */
static gdouble
choose_forget (const RnnRecursive *r)
{
  gdouble trace = 0;

  for (gint i = 0; i < r->n_in; i++)
    trace += r->inverse[(gsize) i * r->n_in + i];
  return trace > r->n_in / r->prior ? 1 : r->forget;
}

static void
update_inverse (RnnRecursive *r, gdouble forget, gdouble denominator)
{
  for (gint i = 0; i < r->n_in; i++) {
    gdouble *row = r->inverse + (gsize) i * r->n_in, pi = r->product[i];

    for (gint j = 0; j < r->n_in; j++)
      row[j] = (row[j] - pi * r->product[j] / denominator) / forget;
  }
}

void
rnn_recursive_learn (RnnRecursive *r, const gfloat *z, const gdouble *error)
{
  gdouble power = multiply (r, z), forget = choose_forget (r), denominator = forget + power;

  if (!isfinite (denominator) || !(power >= 0)) {       /* too large to be learnt from, or rounding has won */
    rnn_recursive_reset (r);
    return;
  }
  for (gint o = 0; o < r->n_out; o++) {
    gdouble *row = r->weight + (gsize) o * r->n_in, step = error[o] / denominator;

    for (gint i = 0; isfinite (step) && i < r->n_in; i++)
      row[i] += step * r->product[i];
  }
  update_inverse (r, forget, denominator);
}

void
rnn_recursive_add (const RnnRecursive *r, const gfloat *z, gfloat *y)
{
  for (gint o = 0; o < r->n_out; o++) {
    const gdouble *row = r->weight + (gsize) o * r->n_in;
    gdouble sum = 0;

    for (gint i = 0; i < r->n_in; i++)
      sum += row[i] * z[i];
    y[o] += (gfloat) sum;
  }
}
