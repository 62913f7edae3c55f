/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Probabilities: a row per kind of output. */
#include "scores.h"
#include <math.h>
#include <string.h>

static void
sigmoid (gint n, const gfloat *y, gfloat *p)
{
  for (gint i = 0; i < n; i++)
    p[i] = 1 / (1 + expf (-y[i]));
}

static void
softmax (gint n, const gfloat *y, gfloat *p)
{
  gfloat max = y[0], sum = 0;

  for (gint i = 1; i < n; i++)
    max = MAX (max, y[i]);
  for (gint i = 0; i < n; i++)
    sum += p[i] = expf (y[i] - max);
  for (gint i = 0; i < n; i++)
    p[i] /= sum;
}

static void
clamp (gint n, const gfloat *y, gfloat *p)
{
  for (gint i = 0; i < n; i++)
    p[i] = CLAMP (y[i], 0, 1);
}

static const struct {
  const gchar *kind;
  void (*convert) (gint n, const gfloat *y, gfloat *p);
} rows[] = { { "tags", sigmoid }, { "classes", softmax }, { NULL, clamp } };

void
rnn_scores_from_output (const RnnOutput *output, const gfloat *y, gfloat *p)
{
  const RnnOutput *first = rnn_output_primary (output);
  guint i = 0;

  while (rows[i].kind && strcmp (rows[i].kind, first->klass->name) != 0)
    i++;
  rows[i].convert (first->n, y, p);
}

gint
rnn_scores_find (const RnnOutput *output, const gchar *name)
{
  const RnnOutput *first = rnn_output_primary (output);

  if (!name)
    return first->n - 1;
  for (gint i = 0; first->names && first->names[i]; i++)
    if (strcmp (first->names[i], name) == 0)
      return i;
  return -1;
}
