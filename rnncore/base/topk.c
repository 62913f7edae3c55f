/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The best few of many scores: a sorted list of the best so far, which almost no score gets into. */
#include "topk.h"
#include <math.h>

static gboolean
is_above (gfloat a, gfloat b)
{
  return a > b || (isnan (b) && !isnan (a));
}

void
rnn_top_k (gint n, const gfloat *x, gint k, gint *best)
{
  gint found = 0;

  for (gint i = 0; i < n && k > 0; i++) {
    gint at;

    if (found == k && !is_above (x[i], x[best[k - 1]]))
      continue;
    for (at = found < k ? found++ : k - 1; at > 0 && is_above (x[i], x[best[at - 1]]); at--)
      best[at] = best[at - 1];
    best[at] = i;
  }
}
