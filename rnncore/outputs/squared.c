/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The squared error and its gradient, 2 (y - value) / count. */
#include "squared.h"
#include <math.h>

gboolean
rnn_squared_setup (RnnOutput *output, const json_t *object, const gchar *where, GError **error)
{
  output->n_values = output->n;
  return TRUE;
}

gboolean
rnn_squared_accepts (const RnnOutput *output, const RnnLabels *labels, const gchar **reason)
{
  if (!labels->values || labels->n_values != output->n)
    return rnn_output_refuse (reason, "its targets are not as many as the model's outputs");
  return TRUE;
}

static gdouble
squared_error (const RnnOutput *output, const RnnAnswer *a, gsize *count)
{
  gdouble sum = 0;

  *count = 0;
  for (gint t = 0; t < a->steps; t++) {
    const gfloat *row = rnn_labels_row (&a->labels, t);

    for (gint i = 0; i < output->n; i++) {
      gdouble e = a->y[t * a->ld + i] - row[i];

      if (isnan (row[i]))
        continue;
      sum += e * e;
      ++*count;
    }
  }
  return sum;
}

gfloat
rnn_squared_loss (const RnnOutput *output, const RnnAnswer *a)
{
  gsize count;
  gdouble sum = squared_error (output, a, &count);

  if (count == 0)
    return INFINITY;
  for (gint t = 0; a->dy && t < a->steps; t++) {
    const gfloat *row = rnn_labels_row (&a->labels, t);

    for (gint i = 0; i < output->n; i++)
      if (!isnan (row[i]))
        a->dy[t * a->ld + i] = a->scale * 2 * (a->y[t * a->ld + i] - row[i]) / count;
  }
  return (gfloat) (sum / count);
}

void
rnn_squared_measure (const RnnOutput *output, const RnnAnswer *a, RnnMeasure *m)
{
  gsize count;

  m->errors += squared_error (output, a, &count);
  m->total += count;
}
