/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Labels as rows of values. */
#include "labels.h"
#include <math.h>

gint
rnn_labels_count (gint n, const gfloat *row)
{
  gint count = 0;

  for (gint i = 0; i < n; i++)
    count += !isnan (row[i]);
  return count;
}

RnnLabels
rnn_labels_whole (const RnnLabels *labels)
{
  RnnLabels whole = *labels;
  guint last = labels->n_rows > 0 ? labels->n_rows - 1 : 0, at = last;

  while (at > 0 && rnn_labels_count (labels->n_values, labels->values + at * labels->ld) == 0)
    at--;
  if (rnn_labels_count (labels->n_values, labels->values + at * labels->ld) == 0)
    at = last;
  whole.values += at * labels->ld;
  whole.n_rows = 1;
  whole.first = whole.stride = 0;
  return whole;
}
