/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A missing value would make every later state of a recurrence one: it is stepped over, and what the model says to it is not
 * held against it. */
#include "missing.h"
#include "../base/finite.h"
#include <math.h>

static gboolean
is_missing (gfloat x)
{
  return !(fabsf (x) <= RNN_LARGEST);
}

static guint
fill_frame (gint dim, const gfloat *before, gfloat *frame)
{
  guint missing = 0;

  for (gint i = 0; i < dim; i++)
    if (is_missing (frame[i])) {
      frame[i] = before ? before[i] : 0;
      missing++;
    }
  return missing;
}

guint64
rnn_fill_missing (guint n, gint dim, gfloat *frames, gint n_target, gfloat *targets)
{
  guint64 missing = 0;

  for (gsize i = 0; targets && i < (gsize) n * n_target; i++)
    if (is_missing (targets[i]))
      targets[i] = NAN;
  for (gsize t = 0; t < n; t++) {
    gfloat *frame = frames + t * dim;
    guint count = fill_frame (dim, t ? frame - dim : NULL, frame);

    for (gint i = 0; count && targets && i < n_target; i++)
      targets[t * n_target + i] = NAN;
    missing += count;
  }
  return missing;
}
